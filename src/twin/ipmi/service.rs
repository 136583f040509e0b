//! The BMC's UDP port, its clock, and its hand on the server's power button.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::time::{SharedClock, Tick, sleep};
use crate::twin::ipmi::bmc::Bmc;
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::settings::Settings;
use crate::twin::ipmi::turn::{Now, Press, Pressed, Seen, Sent, Turn};
use crate::twin::ipmi::weather::{Faults, Weather};
use crate::twin::progress::Power;
use crate::twin::server::Server;
use crate::wire::ipmi::PACKET_LIMIT;

/// Why a BMC could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("UDP port {address} cannot be had")]
    Bind { address: SocketAddr, source: io::Error },
}

/// A running BMC; clones are handles on the same one. It ends by [`Service::stop`].
#[derive(Debug, Clone)]
pub struct Service {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Shared {
    server: Server,
    clock: SharedClock,
    soft_off: std::time::Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    bmc: Bmc,
    weather: Weather,
    /// What is to be sent, and when.
    outbox: Vec<(Tick, Sent)>,
}

impl Service {
    /// Serves IPMI for `server` at this address; port 0 is one that is free.
    pub async fn start(server: &Server, settings: Settings, bind: SocketAddr) -> Result<Self, StartError> {
        let failed = |source| StartError::Bind { address: bind, source };
        let socket = UdpSocket::bind(bind).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let clock = server.inner.clock.clone();
        let now = now(server, &clock);
        let soft_off = settings.soft_off;
        let bmc = Bmc::new(settings, &server.settings().name, address.port(), now);
        let state = Mutex::new(State { bmc, weather: Weather::default(), outbox: Vec::new() });
        let shared = Arc::new(Shared { server: server.clone(), clock, soft_off, state });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (hand, presses) = mpsc::channel(PRESSES);
        tasks.spawn(stop.clone().run_until_cancelled_owned(serve(shared.clone(), socket, hand)));
        tasks.spawn(stop.clone().run_until_cancelled_owned(press_all(shared.clone(), presses)));
        tasks.close();
        Ok(Self { address, shared, stop, tasks })
    }

    /// Where clients reach it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What goes wrong from now on; the default is nothing.
    pub fn fail(&self, faults: Faults) {
        self.shared.state().weather.faults = faults;
    }

    /// Turns an oddity on or off. Those of a login concern the next one, a console held by nobody only a start.
    pub fn set_quirk(&self, quirk: Quirk, on: bool) {
        let mut state = self.shared.state();
        let quirks = &mut state.bmc.station.settings.quirks;
        if on {
            quirks.insert(quirk);
        } else {
            quirks.remove(&quirk);
        }
    }

    /// Changes accounts, suites and times; sessions stay.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.state().bmc.station.settings);
    }

    /// Holds a sensor at a raw reading; `None` lets it live again.
    pub fn hold_sensor(&self, number: u8, raw: Option<u8>) {
        let mut state = self.shared.state();
        let held = &mut state.bmc.station.sensors.held;
        match raw {
            Some(raw) => held.insert(number, raw),
            None => held.remove(&number),
        };
    }

    /// What the machine prints on its serial console.
    pub fn print(&self, text: &str) {
        self.shared.state().bmc.station.sol.print(text);
    }

    /// How often this oddity has shown.
    pub fn bitten(&self, quirk: Quirk) -> u64 {
        self.shared.state().bmc.station.settings.bitten(quirk)
    }

    /// What can be counted.
    pub fn seen(&self) -> Seen {
        self.shared.state().bmc.seen.clone()
    }

    /// Ends it; the server stays as it is.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        now(&self.server, &self.clock)
    }

    /// Takes in what a BMC said; gives what is to be pressed.
    fn take(&self, state: &mut State, turn: Turn) -> Vec<Pressed> {
        let tick = self.clock.tick();
        let sent = state.weather.lets_out(turn.send);
        state.outbox.extend(sent.into_iter().map(|sent| (tick.after(sent.delay), sent)));
        turn.press
    }

    fn received(&self, datagram: &[u8], from: SocketAddr) -> Vec<Pressed> {
        let mut state = self.state();
        if !state.weather.lets_in() {
            return Vec::new();
        }
        let turn = state.bmc.receive(datagram, from, self.now());
        self.take(&mut state, turn)
    }

    fn woken(&self) -> Vec<Pressed> {
        let mut state = self.state();
        let turn = state.bmc.wake(self.now());
        self.take(&mut state, turn)
    }

    fn power_seen(&self) -> Vec<Pressed> {
        let boots = self.server.progress().boots;
        let mut state = self.state();
        let turn = state.bmc.power_seen(boots, self.now());
        self.take(&mut state, turn)
    }

    /// What is due now, and when to look again.
    fn due(&self) -> (Vec<Sent>, Option<Tick>) {
        let now = self.clock.tick();
        let mut state = self.state();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.outbox).into_iter().partition(|(at, _)| *at <= now);
        state.outbox = later;
        let next = state.outbox.iter().map(|(at, _)| *at).min();
        let wake = next.into_iter().chain(state.bmc.next_wake()).min();
        (due.into_iter().map(|(_, sent)| sent).collect(), wake)
    }
}

/// Receives, wakes and sends until it is cancelled.
async fn serve(shared: Arc<Shared>, socket: UdpSocket, hand: mpsc::Sender<Pressed>) {
    let mut progress = shared.server.watch();
    let mut buffer = [0; PACKET_LIMIT + 1];
    loop {
        let (due, wake) = shared.due();
        for sent in due {
            // A client that is gone is not our concern.
            socket.send_to(&sent.packet, sent.to).await.ok();
        }
        let wished = tokio::select! {
            got = socket.recv_from(&mut buffer) => match got {
                Ok((length, from)) => shared.received(buffer.get(..length).unwrap_or_default(), from),
                // What an earlier datagram met (port unreachable) is told here; the socket is still good.
                Err(_) => Vec::new(),
            },
            () = until(&shared.clock, wake) => shared.woken(),
            _ = progress.changed() => shared.power_seen(),
        };
        for press in wished {
            // The hand is there as long as we are; if its list is full the press is lost, as on real machines.
            hand.try_send(press).ok();
        }
    }
}

async fn until(clock: &SharedClock, wake: Option<Tick>) {
    match wake {
        Some(tick) => clock.sleep_until(tick).await,
        None => std::future::pending().await,
    }
}

/// Presses the server's button as it is told to.
async fn press_all(shared: Arc<Shared>, mut presses: mpsc::Receiver<Pressed>) {
    while let Some(Pressed { press, from }) = presses.recv().await {
        let server = &shared.server;
        let usual = server.boots_from();
        if let Some(from) = from {
            server.boot_from(from);
        }
        match press {
            Press::On => server.power_on(),
            Press::Off => server.power_off().await,
            Press::SoftOff => {
                sleep(&*shared.clock, shared.soft_off).await;
                server.power_off().await;
            }
            Press::Cycle | Press::Reset => server.reboot().await,
            Press::Interrupt => {}
        }
        server.boot_from(usual);
    }
}

fn now(server: &Server, clock: &SharedClock) -> Now {
    let wall = u32::try_from(clock.wall().0 / 1_000_000).unwrap_or(u32::MAX);
    Now { tick: clock.tick(), wall, on: server.power() == Power::On }
}

/// More presses than anybody can have on their way.
const PRESSES: usize = 64;
