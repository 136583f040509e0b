//! The one page that wires things together: opens, binds, spawns, drains.

pub mod boot;
pub mod certificates;
pub mod crew;
pub mod dhcp;
pub mod dhcp6;
pub mod discover;
pub mod doors;
pub mod error;
mod first;
pub mod ground;
mod house;
pub mod images;
pub mod interfaces;
pub mod practice;
pub mod ramdisks;
mod room;
pub mod run;
mod site;
pub mod steps;
mod systemd;
pub mod tftp;
pub mod vitals;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Api;
use crate::api::access::guard::Guard;
use crate::api::access::users::UserFile;
use crate::api::events::watchers::Watchers;
use crate::api::health::Health;
use crate::api::lanes::Lanes;
use crate::api::metrics::traffic::Traffic;
use crate::app::certificates::Certificates;
use crate::app::crew::{Crew, Manners};
use crate::app::doors::Doors;
use crate::app::error::AppError;
use crate::app::images::Depot;
use crate::base::time::{RealClock, SharedClock, sleep};
use crate::boot::library::Via;
use crate::boot::library::loaders;
use crate::conduct::console::Life;
use crate::conduct::desk::Desk;
use crate::conduct::ledger::Ledger;
use crate::conduct::site::Site;
use crate::conduct::webhook::Caller;
use crate::config::Config;
use crate::depot::blobs::Blobs;
use crate::depot::cache::Life as DepotLife;
use crate::depot::counter::Counter;
use crate::depot::firmware::FirmwareCounter;
use crate::depot::ramdisks::Ramdisks;
use crate::driver::bmc::Ground;
use crate::driver::boot::BootGround;
use crate::driver::registry::Registry;
use crate::model::access::Strategy;
use crate::model::account::Issued;
use crate::model::boot::loading::Loading;
use crate::model::boot::plan::BootPlan;
use crate::model::decision::refusal::Refusal;
use crate::net::server::limits::Limits;
use crate::net::server::{self, Service};
use crate::net::tls::ServerTls;
use crate::net::whereabouts::Whereabouts;
use crate::store::Store;
use crate::store::options::Options;

/// A daemon that runs.
pub struct App {
    /// Where the operator's door is.
    pub api: SocketAddr,
    /// Where the rack's door is.
    pub rack: Option<SocketAddr>,
    pub site: Arc<Site>,
    pub desk: Arc<Desk>,
    pub certificates: Arc<Certificates>,
    /// The one that was made because nobody could have logged in: shown once.
    pub first_token: Option<Issued>,
    doors: TaskTracker,
    close_doors: CancellationToken,
    crew: Crew,
    /// Threads for those who watch.
    _gallery: [Crew; 2],
    watchers: Arc<Watchers>,
    traffic: Arc<Traffic>,
    registry: Arc<Registry>,
    store: Arc<Store>,
    /// How many the process may have.
    descriptors: u64,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("api", &self.api).field("rack", &self.rack).finish_non_exhaustive()
    }
}

impl App {
    /// Opens the store, the doors and a lane for each node; what was under way goes on.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        let config = discover::with_bmc_networks(config);
        boot::check(&config)?;
        let clock: SharedClock = Arc::new(RealClock::new());
        let store = store(&config, &clock)?;
        let blobs = Arc::new(Blobs::open(config.data.join("blobs"))?);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let depot = images::open(&config, &clock, &life(&tasks, &stop), store.hash_key())?;
        // What is made once and told once is not made for a daemon that does not come up.
        let operator = bind(config.listen).await?;
        let certificates = Arc::new(Certificates::open(&config, &clock)?);
        let doors = Doors::open(operator, &config, &certificates)?;
        let (api, rack) = (doors.api, doors.rack_at);
        let door = doors.whereabouts(&config);
        let ramdisks = Arc::new(ramdisks::of(&config, &depot));
        let boot = interfaces::of(&config, ramdisks.clone(), blobs.clone(), door.clone());
        let boot = BootGround { firmware: Some(depot.firmware.clone()), ..boot };
        let base = config.http_url.as_deref().map_or(door, Whereabouts::from);
        let ledger = Arc::new(Ledger::default());
        let files = site::Files { gallery: depot.gallery.clone(), blobs: blobs.clone(), base, boot };
        let bmc = ground::of(&config, &clock, &ledger, store.hash_key());
        let bmc = Ground { tasks: tasks.clone(), stop: stop.clone(), ..bmc };
        let parts = site::parts(&config, &clock, files, bmc);
        let registry = Registry::new(config.hardware.iter().map(String::as_str), parts)?;
        let registry = registry.detecting(&config.autodetect);
        let registry = Arc::new(registry.with_sites(site::steps(&config)));
        registry.recall(&house::all(&store.reader().published()));
        let site = Arc::new(site::of(&config, clock, &store, &registry, (tasks, stop)));
        let life = Life { reader: store.reader(), tasks: site.tasks.clone(), stop: site.stop.clone() };
        site.consoles.begin(life);
        let owed = store.owed_at_open().iter().map(|(id, owed)| (*id, owed.clone())).collect();
        let desk = Desk::open(site.clone(), blobs, owed);
        ledger.open(&desk);
        desk.board().show_cache(depot.cache.clone());
        let first_token = first_token(&config, &desk).await.map_err(AppError::FirstToken)?;
        let post: Arc<dyn Caller> = Arc::new(webhooks::Post::new());
        Desk::webhooks(&desk).open(&site, config.webhooks.clone(), &post);
        let store = Arc::new(store);
        house::keep(&site, &store, &desk, &registry);
        site.tasks.spawn(ramdisks::tidy(depot.kits.clone(), site.clone()));
        site.tasks.spawn(images::tidy(depot.gallery.clone(), site.clone()));
        site.tasks.spawn(images::tidy_firmware(depot.firmware.clone(), site.clone()));
        site.tasks.spawn(certificates::keep(certificates.clone(), site.clone()));
        let descriptors = room::descriptors();
        let (gallery, watchers) = gallery(&site, descriptors)?;
        let app = Self {
            api,
            rack,
            site,
            desk,
            certificates,
            first_token,
            doors: TaskTracker::new(),
            close_doors: CancellationToken::new(),
            crew: Crew::start().map_err(AppError::Crew)?,
            _gallery: gallery,
            watchers,
            traffic: Arc::default(),
            registry,
            store,
            descriptors,
        };
        app.serve_all(&config, &depot, ramdisks, doors)?;
        Ok(app)
    }

    /// Reads again what changes while the daemon serves: certificates, and the site's own steps.
    pub async fn reload(&self) {
        certificates::renewed(self.certificates.clone(), true).await;
        if let Some(sites) = self.registry.sites().cloned() {
            let read = tokio::task::spawn_blocking(move || sites.read()).await;
            read.ok(); // one that panicked has left what was there
        }
    }

    /// Opens the doors, and serves the rack's networks.
    fn serve_all(
        &self,
        config: &Config,
        depot: &Depot,
        ramdisks: Arc<Ramdisks>,
        doors: Doors,
    ) -> Result<(), AppError> {
        let loading =
            boot::fitted(boot::loading(config), &loaders::Loaders::new(config.boot.loaders.as_deref()));
        let api_ca = self.certificates.for_agents(config.api_ca_file.as_deref())?;
        let loading = Loading { api_ca, ..loading };
        let discovery = config.policy.discovery.what;
        let plan = Arc::new(BootPlan { discovery, loading, ..config.plan.clone() });
        let machines = doors.of_machines();
        let shop = boot::open(boot::Goods {
            config,
            plan: plan.clone(),
            reader: self.site.reader.clone(),
            desk: self.desk.clone(),
            shelf: depot.shelf.clone(),
            ramdisks,
            clock: self.site.clock.clone(),
            ports: doors.ports(),
        });
        let (lanes, public): (Arc<dyn Lanes>, _) =
            (Arc::new(self.desk.clone()), config.public_endpoint.clone());
        let tls = doors.operator_tls.is_some();
        let api = Api::operator(self.site.reader.clone(), lanes.clone(), public.clone())
            .watched(self.watchers.clone())
            .certified(self.certificates.clone())
            .counted(self.traffic.clone());
        let api = ramdisks::intake(config, &self.site.clock, Arc::new(Api { tls, guarded: true, ..api }))?;
        let counter = |next| -> Arc<dyn Service> {
            let images: Arc<dyn Service> = Arc::new(Counter::new(depot.gallery.clone(), next));
            Arc::new(FirmwareCounter::new(depot.firmware.clone(), images))
        };
        let (access, clock) = (config.policy.access.clone(), self.site.clock.clone());
        let guard = Guard::open(access, lanes.clone(), clock, shop.for_operator(counter(api)))?;
        let users = guard.users();
        let guard = guard.counted(self.traffic.clone());
        let places = doors.places();
        let api = self.watched(places.clone(), users, Arc::new(guard));
        let mut gone = places.into_iter().map(|place| place.gone);
        let mut opened =
            |listener, service, tls| Opened { listener, service, tls, gone: gone.next().unwrap_or_default() };
        self.open_door(opened(doors.operator, api, doors.operator_tls), &Handle::current());
        let rack_api = |tls| {
            let api = Api::rack(self.site.reader.clone(), lanes.clone(), public.clone());
            counter(Arc::new(Api { tls, ..api.counted(self.traffic.clone()) }))
        };
        for listener in doors.rack {
            let over_http = shop.for_rack(rack_api(false), Via::Http);
            self.open_door(opened(listener, over_http, None), self.crew.handle());
        }
        if let Some((listener, _, tls)) = doors.https {
            let secured = shop.for_rack(rack_api(true), Via::Https);
            self.open_door(opened(listener, secured, Some(tls)), self.crew.handle());
        }
        let ground = dhcp::ground(&self.site, &self.desk, plan, machines);
        dhcp::start(&ground)?;
        dhcp6::start(&ground, &self.site)?;
        let tftp = tftp::start(doors.tftp, &config.tftp, shop.library.clone(), &self.desk, &self.site);
        if !tftp.is_empty() || !config.plan.networks.is_empty() {
            shop.show(self.desk.board());
        }
        Ok(())
    }

    /// Serves at a door, over TLS if there is any.
    fn open_door(&self, door: Opened, workers: &Handle) {
        let (limits, end) = (Limits::within(self.descriptors), self.close_doors.clone());
        let Opened { listener, service, tls, gone } = door;
        let serving = async move {
            let _gone = Gone(gone);
            match tls {
                Some(tls) => server::serve_tls(listener, tls, service, limits, end).await,
                None => server::serve(listener, service, limits, end).await,
            }
        };
        self.doors.spawn_on(serving, workers);
    }

    /// The operator's door with what is said to those who watch the daemon.
    fn watched(
        &self,
        places: Vec<vitals::Door>,
        users: Option<Arc<UserFile>>,
        next: Arc<dyn Service>,
    ) -> Arc<dyn Service> {
        let (writer, clock) = (self.site.writer.clone(), self.site.clock.clone());
        let body = vitals::Body::new(writer, clock.clone(), places, self.close_doors.clone());
        let body = body.with_users(users).with_certificates(self.certificates.clone());
        Arc::new(Health::new(Arc::new(body), clock, next))
    }

    /// Ends in the opposite order of the start: doors, calls to BMCs, lanes and ticks, store. What is owed stays owed.
    /// Sessions are closed while lanes can still write that down, so that the next start asks for none that is gone.
    pub async fn drain(self) {
        self.close_doors.cancel();
        self.doors.close();
        self.within(DRAIN, self.doors.wait()).await;
        self.within(DRAIN, self.registry.close()).await;
        self.within(DRAIN, self.desk.settle()).await;
        self.site.stop.cancel();
        self.within(DRAIN, self.watchers.empty()).await;
        self.site.tasks.close();
        self.within(DRAIN, self.site.tasks.wait()).await;
        self.site.consoles.end();
        let Self { store, site, desk, .. } = self;
        drop((site, desk));
        // The commit thread ends when the last writer is gone. All that was answered is on the disk already,
        // so a handle that somebody still holds is left to the end of the process.
        if let Some(store) = Arc::into_inner(store) {
            tokio::time::timeout(DRAIN, store.close()).await.ok();
        }
    }

    async fn within(&self, limit: Duration, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = sleep(&*self.site.clock, limit) => tracing::warn!("draining took too long; going on"),
        }
    }
}

fn life(tasks: &TaskTracker, stop: &CancellationToken) -> DepotLife {
    DepotLife { tasks: tasks.clone(), stop: stop.clone() }
}

/// What is served at a socket.
struct Opened {
    listener: TcpListener,
    service: Arc<dyn Service>,
    tls: Option<ServerTls>,
    /// Set once it is served no more.
    gone: Arc<AtomicBool>,
}

/// Tells at its end, whatever ends it.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A token that may do everything, where one has to log in and there is no other way to, or where it is asked for.
async fn first_token(config: &Config, desk: &Arc<Desk>) -> Result<Option<Issued>, Refusal> {
    match config.policy.access.strategy {
        Strategy::Basic | Strategy::Token if config.new_token => {
            desk.admin_token("new-admin").await.map(Some)
        }
        Strategy::Token => desk.first_admin_token().await,
        Strategy::Nobody | Strategy::Basic => Ok(None),
    }
}

fn store(config: &Config, clock: &SharedClock) -> Result<Store, AppError> {
    let opened = Store::open(Options {
        key: systemd::key(),
        history: config.history,
        host: config.policy.host.as_str().into(),
        ..Options::new(&config.data, clock.clone())
    });
    opened.map_err(|source| AppError::Store { dir: config.data.display().to_string(), source })
}

/// Threads for those who watch, a few or a crowd, and their seats.
fn gallery(site: &Site, descriptors: u64) -> Result<([Crew; 2], Arc<Watchers>), AppError> {
    let most = usize::try_from(descriptors / 8).unwrap_or(WATCHERS).min(WATCHERS);
    let crew = |manners| Crew::for_watchers(manners).map_err(AppError::Crew);
    let crews = [crew(Manners::Polite)?, crew(Manners::Last)?];
    let [few, crowd] = crews.each_ref().map(|crew| crew.handle().clone());
    let watchers = Watchers::on(few, crowd, &site.reader, most, site.stop.child_token());
    Ok((crews, Arc::new(watchers)))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).await.map_err(|source| AppError::Bind { address, source })
}

/// Watchers at once, at most; fewer where the process may have few descriptors.
const WATCHERS: usize = 2000;
/// Each stage of draining ends within this.
const DRAIN: Duration = Duration::from_secs(20);
