//! The handle on a controller: start it, find it, make it odd, see what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::time::{Tick, sleep};
use crate::net::tls::{Identity, TlsError};
use crate::twin::progress::Power;
use crate::twin::rack::Rack;
use crate::twin::redfish::door;
use crate::twin::redfish::fault::{BmcFault, BmcFaults};
use crate::twin::redfish::log::{Asked, KEPT};
use crate::twin::redfish::oddity::{Oddities, Oddity};
use crate::twin::redfish::profile::Maker;
use crate::twin::redfish::settings::BmcSettings;
use crate::twin::redfish::state::{Medium, State};
use crate::twin::redfish::tree::Tree;
use crate::twin::server::Server;

/// Why a controller cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum BmcError {
    #[error("no port for a simulated controller")]
    Port(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A handle on one controller; clones are handles on the same one.
#[derive(Debug, Clone)]
pub struct Bmc {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) server: Server,
    pub(super) settings: BmcSettings,
    pub(super) tree: Arc<Tree>,
    pub(super) oddities: Mutex<Oddities>,
    pub(super) faults: watch::Sender<BmcFaults>,
    pub(super) busy: AtomicUsize,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    state: Mutex<State>,
    bites: Mutex<BTreeMap<Oddity, u64>>,
    log: Mutex<VecDeque<Asked>>,
    http: SocketAddr,
    https: SocketAddr,
    identity: Identity,
}

impl Bmc {
    /// Gives the server a controller that serves until `stop`.
    pub async fn start(
        server: &Server,
        settings: BmcSettings,
        stop: &CancellationToken,
    ) -> Result<Self, BmcError> {
        let (doors, identity) = door::open(settings.address, settings.ports).await?;
        let maker = settings.profile.maker();
        let inner = Inner {
            server: server.clone(),
            tree: Tree::of(settings.profile, server.settings().macs.len()),
            oddities: Mutex::new(settings.oddities.clone()),
            faults: watch::Sender::default(),
            busy: AtomicUsize::new(0),
            stop: stop.child_token(),
            tasks: TaskTracker::new(),
            state: Mutex::new(State::new(maker)),
            bites: Mutex::default(),
            log: Mutex::default(),
            http: doors.http.1,
            https: doors.https.1,
            identity,
            settings,
        };
        let bmc = Self { inner: Arc::new(inner) };
        bmc.take_oddities();
        door::serve(&bmc, doors);
        Ok(bmc)
    }

    /// Gives each server of the rack one.
    pub async fn start_all(
        rack: &Rack,
        settings: &BmcSettings,
        stop: &CancellationToken,
    ) -> Result<Vec<Self>, BmcError> {
        let mut all = Vec::new();
        for server in rack.servers() {
            all.push(Self::start(server, settings.clone(), stop).await?);
        }
        Ok(all)
    }

    /// `https://address:port`; its certificate is [`Self::certificate`].
    pub fn url(&self) -> String {
        format!("https://{}", self.inner.https)
    }

    /// `http://address:port`: the same service without TLS.
    pub fn plain_url(&self) -> String {
        format!("http://{}", self.inner.http)
    }

    /// The self-signed certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.inner.identity.certificate
    }

    pub fn settings(&self) -> &BmcSettings {
        &self.inner.settings
    }

    pub fn server(&self) -> &Server {
        &self.inner.server
    }

    /// The path of its system.
    pub fn system_path(&self) -> String {
        self.maker().system_path()
    }

    /// Makes it odd from now on.
    pub fn set(&self, oddity: Oddity) {
        self.oddities().insert(oddity);
        self.take_oddities();
    }

    /// Takes an oddity away.
    pub fn unset(&self, oddity: Oddity) {
        self.oddities().remove(&oddity);
        self.take_oddities();
    }

    /// Whether it is odd in this way now.
    pub fn has(&self, oddity: Oddity) -> bool {
        self.oddities().contains(&oddity)
    }

    /// How often this oddity has changed an answer or what came of a request.
    pub fn bitten(&self, oddity: Oddity) -> u64 {
        self.bites_by_kind().get(&oddity).copied().unwrap_or_default()
    }

    pub(super) fn has_any(&self, oddities: &[Oddity]) -> bool {
        let now = self.oddities();
        oddities.iter().any(|oddity| now.contains(oddity))
    }

    /// The same as [`Self::has`], where the oddity is about to show: counted.
    pub(super) fn bites(&self, oddity: Oddity) -> bool {
        let bites = self.has(oddity);
        if bites {
            let mut counts = self.bites_by_kind();
            let count = counts.entry(oddity).or_default();
            *count = count.saturating_add(1);
        }
        bites
    }

    /// Whether one of these is about to show; each that does is counted.
    pub(super) fn bites_any(&self, oddities: &[Oddity]) -> bool {
        oddities.iter().filter(|oddity| self.bites(**oddity)).count() > 0
    }

    fn bites_by_kind(&self) -> MutexGuard<'_, BTreeMap<Oddity, u64>> {
        self.inner.bites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes something go wrong from now on.
    pub fn fail(&self, fault: BmcFault) {
        self.inner.faults.send_modify(|faults| faults.set(fault));
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.inner.faults.send_modify(|faults| *faults = BmcFaults::default());
    }

    /// What it was asked, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.log().iter().cloned().collect()
    }

    /// Forgets what it was asked.
    pub fn forget_asked(&self) {
        self.log().clear();
    }

    /// Sessions that are open.
    pub fn sessions(&self) -> usize {
        self.state().sessions.len()
    }

    /// Ends all sessions without notice, as a controller does that starts anew.
    pub fn drop_sessions(&self) {
        self.state().sessions.clear();
    }

    /// The virtual media slots, in the order of the maker's list.
    pub fn media(&self) -> Vec<Medium> {
        self.state().slots.clone()
    }

    /// The words of the resets that were accepted, oldest first.
    pub fn resets(&self) -> Vec<String> {
        self.state().resets.clone()
    }

    /// The images of firmware that it was given, oldest first.
    pub fn pushed(&self) -> Vec<String> {
        self.state().upkeep.pushed.clone()
    }

    /// What it fetched of them: bytes, or why there are none.
    pub fn fetched(&self) -> Vec<Result<Vec<u8>, String>> {
        self.state().upkeep.fetched.clone()
    }

    /// How far its clock is before the wall, in microseconds.
    pub fn clock_shift(&self) -> i64 {
        self.state().clock.micros
    }

    /// Sets its clock off by so many microseconds.
    pub fn shift_clock(&self, micros: i64) {
        self.state().clock.micros = micros;
    }

    /// How many resources it has.
    pub fn resources(&self) -> usize {
        self.inner.tree.iter().count()
    }

    /// Ends the service and waits until nothing of it runs.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    pub(super) fn maker(&self) -> &'static Maker {
        self.inner.settings.profile.maker()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> BmcFaults {
        self.inner.faults.borrow().clone()
    }

    pub(super) fn now(&self) -> Tick {
        self.inner.server.inner.clock.tick()
    }

    /// Whether less than so many seconds of the book have gone since then.
    pub(super) fn is_within(&self, since: Option<Tick>, seconds: u64) -> bool {
        since.is_some_and(|since| self.now().since(since) < self.inner.settings.paced(seconds))
    }

    pub(super) fn is_on(&self) -> bool {
        self.inner.server.power() == Power::On
    }

    pub(super) async fn pause(&self, length: Duration) {
        if !length.is_zero() {
            sleep(&*self.inner.server.inner.clock, length).await;
        }
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(self.inner.stop.clone().run_until_cancelled_owned(task));
    }

    pub(super) fn log(&self) -> MutexGuard<'_, VecDeque<Asked>> {
        self.inner.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request and its answer.
    pub(super) fn note(&self, asked: Asked) {
        let mut log = self.log();
        if log.len() >= KEPT {
            log.pop_front();
        }
        log.push_back(asked);
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    fn oddities(&self) -> MutexGuard<'_, Oddities> {
        self.inner.oddities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the firmware and the state what follows from the oddities.
    fn take_oddities(&self) {
        use crate::wire::redfish::send::Target;
        let word = if self.has(Oddity::SmcUsbcd) {
            Some(Target::UsbCd)
        } else if self.has(Oddity::DellVmediaBootOem) {
            None
        } else {
            Some(Target::Cd)
        };
        self.inner.server.firmware(|firmware| firmware.cd_word = word);
        self.state().attached = !self.has(Oddity::DellAttachMode);
    }
}
