//! A daemon without sockets on a directory that outlives it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::VirtualClock;
use super::cut::{Cut, Point};
use super::world::World;
use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::conduct::console::{Consoles, Life as ConsoleLife, Means};
use crate::conduct::desk::Desk;
use crate::conduct::hands::Drivers;
use crate::conduct::hands::calls::Calls;
use crate::conduct::relatives::OtherLanes;
use crate::conduct::site::{RECOVERY_AT_ONCE, Site};
use crate::conduct::tick;
use crate::conduct::tray::Tray;
use crate::depot::blobs::Blobs;
use crate::depot::gallery::Gallery;
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::driver::agent::{AgentSettings, Agents};
use crate::driver::bmc::Ground;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::boot::BootGround;
use crate::driver::fake::FakeRack;
use crate::driver::fake::delays::FakeDelays;
use crate::driver::registry::{Parts, Registry};
use crate::driver::site::manifest::Manifest;
use crate::driver::site::manifest::folder::Found;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::Inventory;
use crate::model::interface::Interface;
use crate::model::node::{Node, Wished};
use crate::model::policy::Policy;
use crate::model::provision::Provision;
use crate::model::runbook::Runbook;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::options::{Mode, Options};

/// What belongs to one life of the daemon.
struct Life {
    site: Arc<Site>,
    desk: Arc<Desk>,
    store: Store,
    cut: Arc<Cut>,
}

pub(super) struct Rig {
    dir: tempfile::TempDir,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) world: Arc<World>,
    registry: Arc<Registry>,
    pub(super) fake: Arc<FakeRack>,
    pub(super) policy: Policy,
    /// Where the next life of the daemon ends.
    pub(super) next: Point,
    life: Option<Life>,
    tokens: Arc<std::sync::atomic::AtomicU64>,
    tray: Arc<Tray>,
    consoles: Arc<Consoles>,
}

impl Rig {
    /// A rig whose daemon is not running.
    pub(super) fn new() -> Self {
        Self::with(FakeDelays::default())
    }

    /// The same with fakes that take their time.
    pub(super) fn with(delays: FakeDelays) -> Self {
        let dir = place();
        let clock = Arc::new(VirtualClock::new());
        let fake = Arc::new(FakeRack::new(clock.clone(), delays, 0));
        let shelf = Arc::new(Shelf::open(dir.path(), &[]).unwrap());
        let boot = BootGround::new(Ramdisks::new(dir.path(), shelf.clone()), "http://10.0.0.1");
        let agents = Agents {
            #[expect(clippy::default_trait_access, reason = "its module is below what conduct may name")]
            client: Default::default(),
            clock: clock.clone(),
            gallery: Arc::new(Gallery::of_files(shelf)),
            blobs: Arc::new(Blobs::open(dir.path().join("blobs")).unwrap()),
            settings: AgentSettings::new("host", "http://10.0.0.1"),
        };
        let prints = PrintKey::new(Secret::new("key"));
        let bmc = Ground::new(clock.clone(), Arc::new(Blank), prints, 1);
        let parts = Parts { fake: fake.clone(), agents: Arc::new(agents), bmc, boot };
        let registry = Arc::new(Registry::new(["fake-hardware", "redfish", "ipmi"], parts).unwrap());
        let means =
            Means { registry: registry.clone(), clock: clock.clone(), folder: dir.path().join("consoles") };
        let (tray, consoles) = (Arc::new(Tray::default()), Arc::new(Consoles::new(means)));
        let drivers = Drivers {
            registry: registry.clone(),
            clock: clock.clone(),
            logs: dir.path().join("logs"),
            tray: tray.clone(),
            consoles: consoles.clone(),
            account: None,
            calls: Calls::default(),
        };
        let world = World::new(clock.clone(), drivers);
        let policy = Policy { sync_power_state_interval: 0, ..Policy::default() };
        let tokens = Arc::default();
        Self {
            tray,
            consoles,
            dir,
            clock,
            world,
            registry,
            fake,
            policy,
            next: Point::Never,
            life: None,
            tokens,
        }
    }

    /// A record to begin with.
    pub(super) fn node(&self, n: u128, deploy: &str, provision: Provision) -> Node {
        let mut wished =
            Wished { name: Some(format!("n{n}")), driver: "fake-hardware".to_owned(), ..Wished::default() };
        for interface in Interface::ALL {
            let name = self.registry.catalog().default_of("fake-hardware", interface).unwrap();
            wished.interfaces.set(interface, name.to_owned());
        }
        wished.interfaces.deploy = deploy.to_owned();
        let mut node = Node::new(id(n), wished, Moment(0));
        node.provision = provision;
        node.power = Some(crate::model::bmc::power::Power::Off);
        node
    }

    /// Writes records while the daemon is not running.
    pub(super) async fn put(&self, nodes: Vec<Node>) {
        let store = Store::open(self.options(Arc::new(Cut::at(Point::Never)))).unwrap();
        let written: Result<(), StoreError> = store
            .writer()
            .write("put", move |txn| {
                for node in &nodes {
                    txn.nodes().put(node)?;
                }
                Ok(())
            })
            .await;
        written.unwrap();
        store.close().await;
    }

    /// Writes a runbook while the daemon is not running.
    pub(super) async fn keep(&self, runbook: Runbook) {
        let store = Store::open(self.options(Arc::new(Cut::at(Point::Never)))).unwrap();
        let written: Result<(), StoreError> =
            store.writer().write("keep", move |txn| txn.things().put(&runbook).map(drop)).await;
        written.unwrap();
        store.close().await;
    }

    /// Makes manifests of the site known, each by its name and its text.
    pub(super) fn steps_of_site(&self, manifests: &[(&str, &str)]) {
        let read = |(name, text): &(&str, &str)| {
            Manifest::parse(&PathBuf::from(format!("/steps/{name}.toml")), text).unwrap()
        };
        let manifests = manifests.iter().map(read).collect();
        self.registry.shelf().put(Found { manifests, refused: Vec::new() });
    }

    fn options(&self, cut: Arc<Cut>) -> Options {
        let options = Options::new(self.dir.path(), self.clock.clone());
        Options {
            mode: Mode::Inline,
            probe: Some(cut),
            key: Some(Secret::new("a key of the tests")),
            reserve: 1,
            ..options
        }
    }

    pub(super) fn start(&mut self, point: Point) -> Arc<Desk> {
        let cut = Arc::new(Cut::at(point));
        let store = Store::open(self.options(cut.clone())).unwrap();
        let tokens = self.tokens.clone();
        let site = Arc::new(Site {
            reader: store.reader(),
            writer: store.writer(),
            due: store.due(),
            hands: self.world.clone(),
            clock: self.clock.clone(),
            policy: Arc::new(self.policy.clone()),
            catalog: self.registry.shelf().clone(),
            tokens: Arc::new(move || {
                let n = tokens.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Secret::new(format!("token-{n}"))
            }),
            tray: self.tray.clone(),
            consoles: self.consoles.clone(),
            others: OtherLanes::default(),
            freed: Arc::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            recovery: Arc::new(Semaphore::new(RECOVERY_AT_ONCE)),
        });
        self.consoles.begin(ConsoleLife {
            reader: store.reader(),
            tasks: site.tasks.clone(),
            stop: site.stop.clone(),
        });
        self.world.daemon(None, cut.clone());
        let owed = store.owed_at_open().iter().map(|(id, owed)| (*id, owed.clone())).collect();
        let blobs = Arc::new(Blobs::open(self.dir.path().join("blobs")).unwrap());
        let desk = Desk::open(site.clone(), blobs, owed);
        site.tasks.spawn(tick::waits(site.clone(), desk.clone()));
        site.tasks.spawn(tick::power_sync(site.clone(), desk.clone()));
        self.world.daemon(Some(desk.clone()), cut.clone());
        self.life = Some(Life { site, desk: desk.clone(), store, cut });
        desk
    }

    /// The daemon is gone, as after a power cut: nothing of it goes on.
    pub(super) async fn stop(&mut self) {
        let Life { site, desk, store, cut } = self.life.take().unwrap();
        self.world.daemon(None, cut);
        self.consoles.end();
        site.stop.cancel();
        site.tasks.close();
        self.clock.settle().await;
        assert!(site.tasks.is_empty(), "tasks that do not end");
        drop((site, desk));
        store.close().await;
        self.clock.settle().await;
    }

    /// The power was gone and is back.
    pub(super) async fn start_again(&mut self) {
        self.stop().await;
        let point = std::mem::replace(&mut self.next, Point::Never);
        self.start(point);
    }

    pub(super) fn desk(&self) -> &Arc<Desk> {
        &self.life.as_ref().unwrap().desk
    }

    pub(super) fn site(&self) -> &Arc<Site> {
        &self.life.as_ref().unwrap().site
    }

    pub(super) fn cut(&self) -> &Arc<Cut> {
        &self.life.as_ref().unwrap().cut
    }

    pub(super) fn seen(&self, n: u128) -> Option<Arc<Node>> {
        self.site().reader.published().node(id(n)).cloned()
    }

    /// Addresses and whether they boot, of the node's ports.
    pub(super) fn ports(&self, n: u128) -> Vec<(Mac, bool)> {
        let published = self.site().reader.published();
        published.ports_of(id(n)).map(|port| (port.address, port.wished.pxe_enabled)).collect()
    }

    pub(super) fn inventory(&self, n: u128) -> Option<Inventory> {
        self.site().reader.inventory(id(n)).unwrap()
    }

    pub(super) fn owed(&self) -> usize {
        self.dump().matches("effect:").count()
    }

    /// The whole store as text.
    pub(super) fn dump(&self) -> String {
        self.life.as_ref().unwrap().store.dump().unwrap()
    }

    /// Asks beside; the answer comes when time goes on.
    pub(super) fn asking(&self, n: u128, ask: Ask) -> tokio::task::JoinHandle<Result<Answer, Refusal>> {
        let desk = self.desk().clone();
        let clock = self.clock.clone();
        tokio::spawn(async move {
            let answer = desk.ask(id(n), ask).await;
            clock.noise();
            answer
        })
    }

    /// Asks and lets time go on until it is answered.
    pub(super) async fn ask(&self, n: u128, ask: Ask) -> Result<Answer, Refusal> {
        let asking = self.asking(n, ask);
        self.clock.run_until(Duration::from_mins(1), || asking.is_finished()).await;
        asking.await.unwrap()
    }

    /// Time goes on until the node is so, an hour or two at most.
    pub(super) async fn until(&self, n: u128, so: impl Fn(&Node) -> bool) {
        let done = self.clock.run_until(LONG, || self.seen(n).is_some_and(|node| so(&node))).await;
        assert!(done, "it never comes: {:#?}", self.seen(n));
    }
}

pub(super) fn id(n: u128) -> NodeId {
    NodeId(uuid::Uuid::from_u128(n))
}

/// In memory where the machine has such a place: these tests flush some ten thousand times.
fn place() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(private).tempdir_in(place).unwrap()
}

pub(super) const LONG: Duration = Duration::from_hours(2);
