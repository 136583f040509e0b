//! One simulated server: the power button, what it boots, its faults and what can be seen of it.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::secret::Secret;
use crate::base::time::SharedClock;
use crate::twin::dice::Dice;
use crate::twin::disk::Disk;
use crate::twin::fault::{Fault, Faults};
use crate::twin::firmware::Firmware;
use crate::twin::machine::Machine;
use crate::twin::progress::{BootFrom, Phase, Power, Progress};
use crate::twin::settings::Settings;

/// Why a server could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TwinError {
    #[error("disk file {path} cannot be used")]
    Disk { path: PathBuf, source: io::Error },
}

/// A handle on one server; clones are handles on the same one. It must be used within a tokio runtime.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) inner: Arc<Inner>,
}

/// What outlives a boot.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) clock: SharedClock,
    pub(super) dice: Dice,
    pub(super) disk: Disk,
    pub(super) faults: watch::Sender<Faults>,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) mutable: Mutex<Mutable>,
}

/// What a person can change on the machine.
#[derive(Debug)]
pub(super) struct Mutable {
    boot: Option<Boot>,
    from: BootFrom,
    firmware: Firmware,
    pub(super) api: String,
    pub(super) token: Option<Secret>,
    /// The port of the command API: one server, one address, as far as the host allows.
    pub(super) port: u16,
}

/// The tasks between one power on and the next power off or reset.
#[derive(Debug, Clone)]
pub(super) struct Boot {
    pub(super) number: u32,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Server {
    /// A server that is off. Its disk file is made if it is not there, and kept as it is if it is.
    pub fn new(settings: Settings, clock: SharedClock) -> Result<Self, TwinError> {
        let path = settings.directory.join(format!("{}.disk", settings.name));
        let disk = Disk::open(path.clone(), settings.disk_size)
            .map_err(|source| TwinError::Disk { path, source })?;
        let mutable = Mutable {
            boot: None,
            from: BootFrom::default(),
            firmware: Firmware::default(),
            api: settings.api.clone(),
            token: settings.token.clone(),
            port: 0,
        };
        let inner = Inner {
            dice: Dice::new(settings.seed),
            settings,
            clock,
            disk,
            faults: watch::Sender::default(),
            progress: watch::Sender::default(),
            mutable: Mutex::new(mutable),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    /// Presses the button of a server that is off; nothing happens to one that is on.
    pub fn power_on(&self) {
        let mut mutable = self.mutable();
        if mutable.boot.is_none() {
            mutable.boot = Some(self.start(&mut mutable, None));
        }
    }

    /// Cuts the power. When this returns nothing of the boot runs, and nothing more reaches the disk.
    pub async fn power_off(&self) {
        let boot = self.mutable().boot.take();
        if let Some(boot) = boot {
            boot.stop.cancel();
            boot.tasks.close();
            boot.tasks.wait().await;
            self.inner.progress.send_modify(|progress| progress.starts(Power::Off));
        }
    }

    /// Off and on again.
    pub async fn reboot(&self) {
        self.power_off().await;
        self.power_on();
    }

    /// Resets a server that is on, at once; nothing happens to one that is off.
    pub fn reset(&self) {
        let number = self.mutable().boot.as_ref().map(|boot| boot.number);
        if let Some(number) = number {
            self.cycle(number);
        }
    }

    /// Raises a non-maskable interrupt.
    pub fn interrupt(&self) {
        self.inner.progress.send_modify(|progress| progress.nmis = progress.nmis.saturating_add(1));
    }

    /// Looks at or changes what the firmware boots next.
    pub fn firmware<T>(&self, change: impl FnOnce(&mut Firmware) -> T) -> T {
        change(&mut self.mutable().firmware)
    }

    /// What the next boots start, unless an override says otherwise.
    pub fn boot_from(&self, from: BootFrom) {
        self.mutable().from = from;
    }

    /// What the next boots start unless something else is said.
    pub fn boots_from(&self) -> BootFrom {
        self.mutable().from
    }

    /// Where the next lookups and beats go.
    pub fn set_api(&self, api: &str) {
        api.trim_end_matches('/').clone_into(&mut self.mutable().api);
    }

    /// Plants a token for the next boots, as virtual media would carry it; `None` takes it away.
    pub fn plant_token(&self, token: Option<Secret>) {
        self.mutable().token = token;
    }

    /// Whether there is power.
    pub fn power(&self) -> Power {
        self.inner.progress.borrow().power
    }

    /// What can be seen now.
    pub fn progress(&self) -> Progress {
        self.inner.progress.borrow().clone()
    }

    /// Follows what can be seen.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.inner.progress.subscribe()
    }

    /// Waits until `seen` holds, and gives what was seen then. It does not end by itself.
    pub async fn wait_for(&self, seen: impl FnMut(&Progress) -> bool) -> Progress {
        let mut progress = self.inner.progress.subscribe();
        let found = progress.wait_for(seen).await.map(|found| found.clone());
        // The sender lives in `self`, which is borrowed, so the channel cannot close.
        found.unwrap_or_default()
    }

    /// Makes something go wrong from now on.
    pub fn fail(&self, fault: Fault) {
        self.inner.faults.send_modify(|faults| faults.set(fault));
    }

    /// Nothing goes wrong any more. (A certificate once replaced stays so until the next boot.)
    pub fn clear_faults(&self) {
        self.inner.faults.send_modify(|faults| *faults = faults.cleared());
    }

    /// The faults in force.
    pub fn faults(&self) -> Faults {
        self.inner.faults.borrow().clone()
    }

    pub(super) fn mutable(&self) -> MutexGuard<'_, Mutable> {
        self.inner.mutable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine turns itself off, if boot `number` is still the one that runs. Its tasks end by themselves.
    pub(super) fn fall(&self, number: u32) {
        let mut mutable = self.mutable();
        if let Some(boot) = mutable.boot.take_if(|boot| boot.number == number) {
            self.inner.progress.send_modify(|progress| progress.starts(Power::Off));
            boot.tasks.close();
            boot.stop.cancel();
        }
    }

    /// The machine resets itself, if boot `number` is still the one that runs.
    pub(super) fn cycle(&self, number: u32) {
        let mut mutable = self.mutable();
        if let Some(boot) = mutable.boot.take_if(|boot| boot.number == number) {
            boot.tasks.close();
            boot.stop.cancel();
            mutable.boot = Some(self.start(&mut mutable, Some(boot.tasks)));
        }
    }

    /// Begins a boot, once the tasks of the one before have ended.
    fn start(&self, mutable: &mut Mutable, before: Option<TaskTracker>) -> Boot {
        let decided = mutable.firmware.decide(mutable.from);
        self.inner.progress.send_modify(|progress| {
            progress.starts(Power::On);
            progress.source = decided.source;
            progress.mark(Phase::Power, self.inner.clock.tick());
        });
        let number = self.inner.progress.borrow().boots;
        let boot = Boot { number, stop: CancellationToken::new(), tasks: TaskTracker::new() };
        let machine = Machine::new(self.clone(), boot.clone());
        machine.spawn({
            let machine = machine.clone();
            async move {
                if let Some(before) = before {
                    before.wait().await;
                }
                machine.run(decided).await;
            }
        });
        boot
    }
}
