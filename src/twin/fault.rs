//! Faults on demand: what a harness can make go wrong, at any time.

use std::time::Duration;

/// One thing that goes wrong from now on, until it is used up or cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No heartbeats.
    Silence,
    /// Each answer of the command API comes this late.
    Slow(Duration),
    /// Connections are accepted, requests read, nothing done and nothing answered.
    Mute,
    /// Connections are refused.
    Deaf,
    /// This many commands are done, but the connection is cut before their answer.
    LoseAnswers(u32),
    /// The machine reboots in the middle of the next run of this step, once.
    RebootIn(String),
    /// What arrives of the next images is damaged, so that verification fails; counts downloads.
    CorruptDownloads(u32),
    /// The next verified images are damaged on the disk afterwards, and nobody notices; counts images.
    CorruptDisk(u32),
    /// The next password of a rescue cannot be written down.
    NoRescue,
    /// The command list cannot be read until the next boot.
    Poison,
    /// The agent's process dies after it has taken on this many more commands (0: at once), once.
    DieAfter(u32),
    /// The next boots take this much longer.
    LateBoot(Duration),
    /// The agent serves and announces another certificate from now on, in the same boot.
    NewCertificate,
}

/// Which faults are in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    pub silence: bool,
    pub slow: Option<Duration>,
    pub mute: bool,
    pub deaf: bool,
    pub lose_answers: u32,
    pub reboot_in: Option<String>,
    pub corrupt_downloads: u32,
    pub corrupt_disk: u32,
    pub no_rescue: bool,
    pub poison: bool,
    pub die_after: Option<u32>,
    pub late_boot: Duration,
    /// Counts the certificates asked for; a serving agent compares it with what it saw last.
    pub certificates: u32,
}

impl Faults {
    /// Adds one to those in force; one of the same kind replaces it.
    pub fn set(&mut self, fault: Fault) {
        match fault {
            Fault::Silence => self.silence = true,
            Fault::Slow(delay) => self.slow = Some(delay),
            Fault::Mute => self.mute = true,
            Fault::Deaf => self.deaf = true,
            Fault::LoseAnswers(times) => self.lose_answers = times,
            Fault::RebootIn(step) => self.reboot_in = Some(step),
            Fault::CorruptDownloads(times) => self.corrupt_downloads = times,
            Fault::CorruptDisk(times) => self.corrupt_disk = times,
            Fault::NoRescue => self.no_rescue = true,
            Fault::Poison => self.poison = true,
            Fault::DieAfter(commands) => self.die_after = Some(commands),
            Fault::LateBoot(extra) => self.late_boot = extra,
            Fault::NewCertificate => self.certificates = self.certificates.wrapping_add(1),
        }
    }

    /// What is left when the harness says that nothing is wrong any more.
    #[must_use]
    pub fn cleared(&self) -> Self {
        Self { certificates: self.certificates, ..Self::default() }
    }

    /// Whether this answer is to be lost; uses one up.
    pub(super) fn takes_answer(&mut self) -> bool {
        taken(&mut self.lose_answers)
    }

    /// Whether this download is to be damaged; uses one up.
    pub(super) fn takes_download(&mut self) -> bool {
        taken(&mut self.corrupt_downloads)
    }

    /// Whether this written image is to be damaged; uses one up.
    pub(super) fn takes_image(&mut self) -> bool {
        taken(&mut self.corrupt_disk)
    }

    /// Whether the machine reboots in this step; used up by it.
    pub(super) fn takes_reboot(&mut self, step: &str) -> bool {
        let meant = self.reboot_in.as_deref() == Some(step);
        if meant {
            self.reboot_in = None;
        }
        meant
    }

    /// Whether the agent dies before it takes on one more command; counts that command.
    pub(super) fn takes_life(&mut self) -> bool {
        match self.die_after {
            None => false,
            Some(0) => {
                self.die_after = None;
                true
            }
            Some(left) => {
                self.die_after = Some(left.saturating_sub(1));
                false
            }
        }
    }
}

fn taken(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_faults_are_used_up() {
        let mut faults = Faults::default();
        faults.set(Fault::LoseAnswers(2));
        assert_eq!(
            [faults.takes_answer(), faults.takes_answer(), faults.takes_answer()],
            [true, true, false]
        );
        faults.set(Fault::RebootIn("erase_devices".to_owned()));
        assert!(!faults.takes_reboot("write_image"));
        assert!(faults.takes_reboot("erase_devices"));
        assert!(!faults.takes_reboot("erase_devices"));
        faults.set(Fault::DieAfter(1));
        assert_eq!([faults.takes_life(), faults.takes_life(), faults.takes_life()], [false, true, false]);
    }

    #[test]
    fn a_new_certificate_stays_when_faults_are_cleared() {
        let mut faults = Faults::default();
        faults.set(Fault::NewCertificate);
        faults.set(Fault::Silence);
        assert_eq!(faults.cleared(), Faults { certificates: 1, ..Faults::default() });
    }
}
