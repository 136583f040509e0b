//! Power: Redfish's states to Ironic's words, and Ironic's asks to resets.

use crate::wire::redfish::send::ResetType;
use crate::wire::redfish::view::system::System;

/// The power of a machine as a look sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Power {
    On,
    Off,
}

/// What is asked of the power, in Ironic's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    On,
    Off,
    Reboot,
    SoftOff,
    SoftReboot,
}

/// `PowerState`: on the way counts as arrived; anything else (Paused, null, unknown text) is unknown.
pub fn power(state: Option<&str>) -> Option<Power> {
    let is = |word: &str| state.is_some_and(|state| state.trim().eq_ignore_ascii_case(word));
    if is("On") || is("PoweringOn") {
        Some(Power::On)
    } else if is("Off") || is("PoweringOff") {
        Some(Power::Off)
    } else {
        None
    }
}

impl Power {
    /// Ironic's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "power on",
            Self::Off => "power off",
        }
    }
}

impl Ask {
    /// Ironic's target word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "power on" => Some(Self::On),
            "power off" => Some(Self::Off),
            "rebooting" => Some(Self::Reboot),
            "soft power off" => Some(Self::SoftOff),
            "soft rebooting" => Some(Self::SoftReboot),
            _ => None,
        }
    }

    /// The state that ends it.
    pub fn awaits(self) -> Power {
        match self {
            Self::On | Self::Reboot | Self::SoftReboot => Power::On,
            Self::Off | Self::SoftOff => Power::Off,
        }
    }

    /// The single reset that does it, the best first; the others do the same where the first is not allowed. A reboot
    /// by off and on has no reset of its own: this is what is sent where power may not be taken away.
    pub fn resets(self) -> &'static [ResetType] {
        match self {
            Self::On => &[ResetType::On, ResetType::ForceOn],
            Self::Off => &[ResetType::ForceOff],
            Self::Reboot => &[ResetType::ForceRestart, ResetType::PowerCycle],
            Self::SoftOff => &[ResetType::GracefulShutdown],
            Self::SoftReboot => &[ResetType::GracefulRestart],
        }
    }
}

/// The reset to send: the first of `wanted` that is allowed; `None` if none is. Nothing allowed means nothing told:
/// the first is tried.
pub fn allowed(wanted: &[ResetType], allowable: Option<&[String]>) -> Option<ResetType> {
    let Some(allowable) = allowable.filter(|list| !list.is_empty()) else {
        return wanted.first().copied();
    };
    let is_listed = |kind: &&ResetType| allowable.iter().any(|word| ResetType::parse(word) == Some(**kind));
    wanted.iter().find(is_listed).copied()
}

/// Whether a refused reset did not matter: the machine is where the reset would have brought it.
pub fn is_there(seen: Option<Power>, kind: ResetType) -> bool {
    match kind {
        ResetType::On | ResetType::ForceOn => seen == Some(Power::On),
        ResetType::ForceOff | ResetType::GracefulShutdown => seen == Some(Power::Off),
        ResetType::GracefulRestart
        | ResetType::ForceRestart
        | ResetType::PowerCycle
        | ResetType::PushPowerButton
        | ResetType::Nmi => false,
    }
}

impl System {
    pub fn power(&self) -> Option<Power> {
        power(self.power_state.as_deref())
    }

    /// Whether the boot has come as far as the operating system; `None` if the BMC does not tell.
    pub fn is_os_running(&self) -> Option<bool> {
        let progress = self.boot_progress.as_deref()?;
        Some(matches!(progress, "OSBootStarted" | "OSRunning"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_become_words() {
        for (state, expected) in [
            (Some("On"), Some(Power::On)),
            (Some("PoweringOn"), Some(Power::On)),
            (Some("OFF"), Some(Power::Off)),
            (Some("PoweringOff"), Some(Power::Off)),
            (Some("Paused"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(power(state), expected, "{state:?}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_replaced_by_its_like() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(allowed(Ask::On.resets(), None), Some(ResetType::On));
        assert_eq!(allowed(Ask::On.resets(), Some(&[])), Some(ResetType::On));
        assert_eq!(allowed(Ask::On.resets(), Some(&list(&["ForceOn"]))), Some(ResetType::ForceOn));
        assert_eq!(allowed(Ask::Reboot.resets(), Some(&list(&["PowerCycle"]))), Some(ResetType::PowerCycle));
        assert_eq!(allowed(Ask::SoftReboot.resets(), Some(&list(&["On", "Strange"]))), None);
    }

    #[test]
    fn asks_know_their_end() {
        let words = ["power on", "power off", "rebooting", "soft power off", "soft rebooting"];
        let ends: Vec<_> = words.iter().map(|word| Ask::parse(word).unwrap().awaits().as_str()).collect();
        assert_eq!(ends, ["power on", "power off", "power on", "power off", "power on"]);
        assert_eq!(Ask::parse("on"), None);
        assert!(is_there(Some(Power::Off), ResetType::ForceOff) && !is_there(None, ResetType::ForceOff));
        assert!(!is_there(Some(Power::On), ResetType::ForceRestart));
    }
}
