//! The inside of a server during one boot: what its agent can reach.

use std::time::Duration;

#[cfg(test)]
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::base::moment::Moment;
use crate::base::time::sleep;
use crate::twin::agent;
use crate::twin::disk::Disk;
use crate::twin::fault::Faults;
use crate::twin::firmware::Decided;
use crate::twin::netboot::order;
use crate::twin::progress::{BootFrom, Phase, Progress, Source, Stage};
use crate::twin::server::{Boot, Server};
use crate::twin::settings::Settings;

/// One boot of one server. What it spawns ends with the boot, at the next point where it waits.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) server: Server,
    boot: Boot,
}

impl Machine {
    pub(super) fn new(server: Server, boot: Boot) -> Self {
        Self { server, boot }
    }

    /// The inside of a server that is off, for tests of its parts.
    #[cfg(test)]
    pub(super) fn unbooted(server: &Server) -> Self {
        let boot = Boot { number: 0, stop: CancellationToken::new(), tasks: TaskTracker::new() };
        Self::new(server.clone(), boot)
    }

    /// Boots, and lives until the boot's end.
    pub(super) async fn run(self, decided: Decided) {
        if decided.hangs {
            return std::future::pending().await;
        }
        let late = self.server.inner.faults.borrow().late_boot;
        self.pause(self.settings().boot_time.saturating_add(late)).await;
        let Some(from) = self.chosen(decided).await else { return };
        match from {
            BootFrom::Disk => {
                self.mark(Phase::Disk);
                self.stage(Stage::Installed);
            }
            BootFrom::Ramdisk => agent::live(self).await,
        }
    }

    /// What is booted; nothing if the machine has gone by itself.
    async fn chosen(&self, decided: Decided) -> Option<BootFrom> {
        let Decided { from, source, .. } = decided;
        let is_network = match source {
            Source::Usual | Source::Pxe | Source::Http => from == BootFrom::Ramdisk,
            Source::Disk | Source::Cd | Source::Usb | Source::Setup => false,
        };
        match &self.settings().netboot {
            Some(netboot) if is_network => order::run(self, netboot, source).await,
            Some(_) | None => Some(from),
        }
    }

    /// Runs beside, until it ends or the boot does.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.boot.stop.clone();
        self.boot.tasks.spawn(stop.run_until_cancelled_owned(task));
    }

    pub(super) fn settings(&self) -> &Settings {
        self.server.settings()
    }

    pub(super) fn disk(&self) -> &Disk {
        self.server.disk()
    }

    /// The wall's time, for showing.
    pub(super) fn wall(&self) -> Moment {
        self.server.inner.clock.wall()
    }

    /// Waits by the server's clock.
    pub(super) async fn pause(&self, length: Duration) {
        if !length.is_zero() {
            sleep(&*self.server.inner.clock, length).await;
        }
    }

    /// Waits as the real agent would, at the server's pace.
    pub(super) async fn paced(&self, length: Duration) {
        self.pause(self.settings().paced(length)).await;
    }

    pub(super) fn stage(&self, stage: Stage) {
        self.note(|progress| progress.stage = stage);
    }

    /// Notes that this boot comes by a phase now.
    pub(super) fn mark(&self, phase: Phase) {
        let now = self.server.inner.clock.tick();
        self.note(|progress| progress.mark(phase, now));
    }

    /// Changes what can be seen.
    pub(super) fn note(&self, change: impl FnOnce(&mut Progress)) {
        self.server.inner.progress.send_modify(change);
    }

    /// Looks at the faults in force.
    pub(super) fn faults(&self) -> Faults {
        self.server.faults()
    }

    /// Asks the faults whether one strikes, and uses it up if so.
    pub(super) fn strikes(&self, ask: impl FnOnce(&mut Faults) -> bool) -> bool {
        let mut struck = false;
        self.server.inner.faults.send_if_modified(|faults| {
            let before = faults.clone();
            struck = ask(faults);
            *faults != before
        });
        struck
    }

    /// Power off from inside.
    pub(super) fn fall(&self) {
        self.server.fall(self.boot.number);
    }

    /// Reset from inside.
    pub(super) fn cycle(&self) {
        self.server.cycle(self.boot.number);
    }
}
