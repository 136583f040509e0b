//! A store with one node, what it boots from, and a catalogue over both.

use std::fs::Permissions;
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::PausedClock;
use crate::boot::library::catalogue::{Catalogue, Ports, Stock};
use crate::boot::library::loaders::Loaders;
use crate::boot::library::media::Media;
use crate::boot::library::told::Told;
use crate::boot::library::{Asked, Content, Library, NotGiven, Script, Via};
use crate::boot::loops::Loops;
use crate::boot::teller::Alarm;
use crate::depot::cache::limits::Limits;
use crate::depot::cache::{Cache, Life};
use crate::depot::kits::Kits;
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::model::boot::again::BootLoop;
use crate::model::boot::loading::{Loading, LoopLimit};
use crate::model::boot::plan::{BootPlan, DhcpMode, Discovery, Network, Role};
use crate::model::boot::ticket::Ticket;
use crate::model::boot::{Agent, Boots};
use crate::model::node::{Node, Wished};
use crate::model::port::{Port, PortWished};
use crate::net::source::Source;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::options::{Mode, Options};
use crate::store::txn::Txn;

/// A store with one node, a ramdisk for its processor, and a folder of loaders.
pub(super) struct Rig {
    pub(super) data: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) clock: Arc<PausedClock>,
    pub(super) node: Node,
    pub(super) alarms: Arc<Alarms>,
}

/// What nodes were told.
#[derive(Debug, Default)]
pub(super) struct Alarms(pub(super) Mutex<Vec<(NodeId, BootLoop)>>);

impl Alarm for Alarms {
    fn boots_again(&self, node: NodeId, looping: BootLoop) {
        self.0.lock().unwrap().push((node, looping));
    }
}

impl Rig {
    pub(super) async fn new(boots: Boots) -> Self {
        let data = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap();
        let clock = Arc::new(PausedClock::new());
        let options = Options { mode: Mode::Inline, reserve: 0, ..Options::new(data.path(), clock.clone()) };
        let store = Store::open(options).unwrap();
        for (file, text) in [
            ("ramdisks/x86_64/kernel", "a kernel"),
            ("ramdisks/x86_64/ramdisk", "a ramdisk"),
            ("loaders/snponly.efi", "a loader"),
        ] {
            let path = data.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let wished = Wished { name: Some("n1".to_owned()), ..Wished::default() };
        let mut node = Node::new(NodeId(Uuid::from_u128(7)), wished, Moment(0));
        node.boots = boots;
        node.boot_token = (boots == Boots::Ramdisk).then(|| Secret::new(BOOT));
        let rig = Self { data, store, clock, node, alarms: Arc::default() };
        rig.put(&rig.node).await;
        rig.put_port(true).await;
        rig
    }

    pub(super) async fn put(&self, node: &Node) {
        let mut node = node.clone();
        let work = move |txn: &mut Txn<'_>| {
            node.order = txn.nodes().get(node.id).map_or(0, |old| old.order);
            txn.nodes().put(&node).map(|_| ())
        };
        self.store.writer().write::<_, StoreError>("test", work).await.unwrap();
    }

    pub(super) async fn put_port(&self, pxe_enabled: bool) {
        let mut port = Port {
            id: PortId(Uuid::from_u128(8)),
            order: 0,
            created_at: Moment(0),
            updated_at: None,
            node: self.node.id,
            address: MAC,
            wished: PortWished { pxe_enabled, ..PortWished::default() },
            internal_info: crate::model::Object::new(),
        };
        let work = move |txn: &mut Txn<'_>| {
            port.order = txn.ports().get(port.id).map_or(0, |old| old.order);
            txn.ports().put(&port).map(|_| ())
        };
        self.store.writer().write::<_, StoreError>("test", work).await.unwrap();
    }

    pub(super) fn kits(&self) -> Arc<Kits> {
        let folder = self.data.path().join("cache");
        let cache = Cache::open(&folder, Limits::default(), self.clock.clone(), Life::default()).unwrap();
        Arc::new(Kits::new(self.data.path(), cache))
    }

    pub(super) async fn boots_by(&mut self, interface: &str) {
        interface.clone_into(&mut self.node.wished.interfaces.boot);
        self.put(&self.node).await;
    }

    /// Gives the node an instance that is no disk.
    pub(super) async fn order(&mut self, info: serde_json::Value) {
        self.node.wished.instance_info = info.as_object().unwrap().clone();
        (self.node.boots, self.node.boot_token) = (Boots::Instance, Some(Secret::new(BOOT)));
        self.put(&self.node).await;
    }

    /// A file among the images of this host.
    pub(super) fn image(&self, name: &str, bytes: &[u8]) -> String {
        let folder = self.data.path().join("images");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
        format!("file://{}", folder.join(name).display())
    }

    pub(super) fn catalogue(&self, discovery: Discovery) -> Catalogue {
        let loading = Loading { loops: LIMIT, ..Loading::default() };
        self.catalogue_of(BootPlan { discovery, loading, ..BootPlan::default() })
    }

    pub(super) fn catalogue_of(&self, plan: BootPlan) -> Catalogue {
        let images = Arc::new(Shelf::open(self.data.path(), &[]).unwrap());
        Catalogue::new(Stock {
            reader: self.store.reader(),
            plan: Arc::new(plan),
            ramdisks: Arc::new(Ramdisks::new(self.data.path(), images.clone()).fetching(self.kits())),
            shelf: images,
            media: Media::default(),
            loaders: Loaders::only(&self.data.path().join("loaders")),
            loops: Arc::new(Loops::new(LIMIT, self.clock.clone())),
            ports: Ports { http: 6385, https: Some(443) },
            board: Arc::default(),
            neighbour: |_, from| (from == IpAddr::from([10, 0, 0, 60])).then_some(STRANGER),
            told: Told::new(self.clock.clone()),
            teller: None,
            alarm: Some(self.alarms.clone()),
        })
    }
}

pub(super) const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
pub(super) const STRANGER: Mac = Mac([2, 0, 0, 0, 0, 9]);
pub(super) const LIMIT: LoopLimit = LoopLimit { boots: 3, within: Duration::from_mins(30) };
/// The secret of a boot, and the words made from it for a machine's script and for its BMC.
pub(super) const BOOT: &str = "t0ken-_t0ken";
pub(super) const TOKEN: &str = "onqsQQpUYRDgTRsDDJfLqmXMpnsLbV8QQDrkpybmPaY";
pub(super) const MEDIUM: &str = "UoNn0UY2U_mrIRHZYmQw9zXaHBsNMvCzmLkPB0kcR2c";
pub(super) const SCRIPT: &str = "ipxe/52-54-00-00-00-01";

pub(super) fn word(boot: &str, ticket: Ticket) -> String {
    ticket.of(&Secret::new(boot)).unwrap().reveal().to_owned()
}

pub(super) fn next(ticket: Ticket) -> String {
    word("next", ticket)
}

pub(super) async fn fetch(catalogue: &Catalogue, name: &str, via: Via) -> Result<String, NotGiven> {
    let (from, local) = ("10.0.0.50".parse().unwrap(), "10.0.0.1".parse().unwrap());
    match catalogue.find(Asked { name, from, local, via }).await? {
        Content::Text(bytes) => Ok(String::from_utf8(bytes).unwrap()),
        Content::Script(Script { text, given }) => {
            given.tell();
            Ok(String::from_utf8(text).unwrap())
        }
        Content::File(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            Ok(text)
        }
        Content::Source(_) => unreachable!("nothing here is a view"),
    }
}

pub(super) async fn medium(
    catalogue: &Catalogue,
    name: &str,
    local: &str,
) -> Result<Arc<dyn Source>, NotGiven> {
    let (from, local) = ("10.0.0.50".parse().unwrap(), local.parse().unwrap());
    match catalogue.find(Asked { name, from, local, via: Via::Http }).await? {
        Content::Source(medium) => Ok(medium),
        Content::Text(_) | Content::Script(_) | Content::File(_) => unreachable!("a medium is a view"),
    }
}

pub(super) fn whole(medium: &Arc<dyn Source>) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(medium.size()).unwrap()];
    medium.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

impl Rig {
    /// With loaders for media, and an identity for the agent that comes with the medium.
    pub(super) async fn with_media(boots: Boots) -> (Self, String) {
        let mut rig = Self::new(boots).await;
        for name in ["bootx64.efi", "gcdx64.efi"] {
            std::fs::write(rig.data.path().join("loaders").join(name), name).unwrap();
        }
        "redfish-virtual-media".clone_into(&mut rig.node.wished.interfaces.boot);
        rig.node.agent = Some(Agent::unused(Secret::new("agents-own"), true));
        let data = serde_json::json!({ "links": [] });
        rig.node.wished.network_data = data.as_object().unwrap().clone();
        rig.put(&rig.node).await;
        let name = format!("iso/{}/{MEDIUM}/boot.iso", rig.node.id);
        (rig, name)
    }
}

pub(super) fn boot_network() -> Network {
    Network {
        name: "boot".to_owned(),
        interface: "eth1".to_owned(),
        role: Role::Boot,
        dhcp: DhcpMode::Off,
        address: None,
        pools: Vec::new(),
        reservations: Vec::new(),
        router: None,
        dns: Vec::new(),
        dns6: Vec::new(),
        domain: None,
        lease_time: 3600,
        relayed: Vec::new(),
        router_advertisements: false,
        dhcp6: None,
    }
}
