//! Boot devices: Ironic's words, Redfish's targets, where each member is written, and what counts as written.

use crate::wire::redfish::send::{BootPatch, Mode, Override, Target};
use crate::wire::redfish::view::boot::{Boot, BootMembers};

/// Ironic's boot devices that Redfish has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    Pxe,
    Disk,
    Cdrom,
    Bios,
    UefiHttp,
}

#[rustfmt::skip]
const DEVICES: &[(Device, &str, Target)] = &[
    (Device::Pxe,      "pxe",      Target::Pxe),
    (Device::Disk,     "disk",     Target::Hdd),
    (Device::Cdrom,    "cdrom",    Target::Cd),
    (Device::Bios,     "bios",     Target::BiosSetup),
    (Device::UefiHttp, "uefihttp", Target::UefiHttp),
];

impl Device {
    /// Ironic's word.
    pub fn as_str(self) -> &'static str {
        DEVICES.iter().find(|(device, ..)| *device == self).map_or("", |(_, word, _)| word)
    }

    pub fn parse(text: &str) -> Option<Self> {
        DEVICES.iter().find(|(_, word, _)| *word == text).map(|(device, ..)| *device)
    }

    /// All of them, in the order in which they are listed to users.
    pub fn all() -> impl Iterator<Item = Self> {
        DEVICES.iter().map(|(device, ..)| *device)
    }

    pub fn target(self) -> Target {
        DEVICES.iter().find(|(device, ..)| *device == self).map_or(Target::None, |(.., target)| *target)
    }

    /// The target to send: the virtual CD that a machine lists beside the real one is the one that boots.
    pub fn target_of(self, boot: &Boot, prefers_usb_cd: bool) -> Target {
        let lists =
            |target: Target| boot.targets.iter().flatten().any(|word| Target::parse(word) == Some(target));
        match self {
            Self::Cdrom if prefers_usb_cd && lists(Target::UsbCd) => Target::UsbCd,
            Self::Pxe | Self::Disk | Self::Cdrom | Self::Bios | Self::UefiHttp => self.target(),
        }
    }

    /// What a target that was read means; `None` for the many that Ironic has no word for.
    pub fn of_target(text: &str) -> Option<Self> {
        let target = Target::parse(text)?;
        if target == Target::UsbCd {
            return Some(Self::Cdrom);
        }
        DEVICES.iter().find(|(.., one)| *one == target).map(|(device, ..)| *device)
    }
}

/// Ironic's words for the mode.
pub fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Legacy => "bios",
        Mode::Uefi => "uefi",
    }
}

/// Ironic's word to the mode.
pub fn mode(word: &str) -> Option<Mode> {
    match word {
        "bios" => Some(Mode::Legacy),
        "uefi" => Some(Mode::Uefi),
        _ => None,
    }
}

/// Whether the target is allowed by the lists: the system's, else the settings object's; no list allows everything.
pub fn is_allowed(target: Target, system: &Boot, settings: Option<&Boot>) -> bool {
    let list = system.targets.as_ref().or_else(|| settings?.targets.as_ref());
    list.is_none_or(|list| list.iter().any(|word| Target::parse(word) == Some(target)))
}

/// A patch cut in two: each member goes to the settings object if that advertises it, else to the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placed {
    pub system: Option<BootPatch>,
    pub settings: Option<BootPatch>,
}

/// Cuts the patch by what the settings object advertises.
pub fn placed(patch: &BootPatch, settings: Option<&Boot>) -> Placed {
    let Some(settings) = settings else {
        return Placed { system: some(patch.clone()), settings: None };
    };
    let (mut here, mut there) = (patch.clone(), BootPatch::default());
    if settings.lists("BootSourceOverrideTarget") {
        there.target = here.target.take();
    }
    if settings.lists("BootSourceOverrideEnabled") {
        there.enabled = here.enabled.take();
    }
    if settings.lists("BootSourceOverrideMode") {
        there.mode = here.mode.take();
    }
    if settings.lists("HttpBootUri") {
        there.http_uri = here.http_uri.take();
    }
    Placed { system: some(here), settings: some(there) }
}

fn some(patch: BootPatch) -> Option<BootPatch> {
    (patch != BootPatch::default()).then_some(patch)
}

/// How a PATCH that was accepted looks in the read-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// As asked, or as good.
    Applied,
    /// A one-time override that is gone again: a boot used it up, or it was never taken. Who knows the boots decides.
    Consumed,
    /// The members named are not as asked.
    Not(&'static str),
}

/// Compares the read-back with what was asked. The equivalences: `Cd` and `UsbCd` are one; `Pxe` may be shown as
/// `UefiBootNext`; a one-time override may be used up already; an HTTP URI that is not shown is believed.
pub fn seen(asked: &BootPatch, seen: &BootMembers) -> Seen {
    let enabled = seen.enabled.as_deref().and_then(Override::parse);
    let is_gone = enabled == Some(Override::Disabled)
        || enabled.is_none() && seen.target.as_deref().is_none_or(|target| target == "None");
    if asked.enabled == Some(Override::Once) && is_gone {
        return Seen::Consumed;
    }
    if asked.enabled.is_some() && asked.enabled != enabled && enabled.is_some() {
        return Seen::Not("BootSourceOverrideEnabled");
    }
    if asked.target.is_some_and(|target| !is_same_target(target, seen.target.as_deref())) {
        return Seen::Not("BootSourceOverrideTarget");
    }
    let mode = seen.mode.as_deref().and_then(Mode::parse);
    if asked.mode.is_some() && mode.is_some() && asked.mode != mode {
        return Seen::Not("BootSourceOverrideMode");
    }
    match (&asked.http_uri, &seen.http_uri) {
        (Some(Some(wanted)), Some(shown)) if wanted != shown => Seen::Not("HttpBootUri"),
        (Some(None), Some(_)) => Seen::Not("HttpBootUri"),
        _ => Seen::Applied,
    }
}

fn is_same_target(asked: Target, seen: Option<&str>) -> bool {
    let Some(seen) = seen else {
        return asked == Target::None;
    };
    match asked {
        Target::Pxe => matches!(seen, "Pxe" | "UefiBootNext"),
        Target::Cd | Target::UsbCd => matches!(seen, "Cd" | "UsbCd"),
        Target::None
        | Target::Hdd
        | Target::Usb
        | Target::Floppy
        | Target::BiosSetup
        | Target::UefiHttp
        | Target::UefiTarget => Target::parse(seen) == Some(asked),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn devices_map_both_ways() {
        for device in Device::all() {
            assert_eq!(Device::parse(device.as_str()), Some(device));
            assert_eq!(Device::of_target(device.target().as_str()), Some(device));
        }
        assert_eq!(Device::of_target("UsbCd"), Some(Device::Cdrom));
        assert_eq!(Device::of_target("SDCard"), None);
        assert_eq!((mode("uefi"), mode_word(Mode::Legacy), mode("UEFI")), (Some(Mode::Uefi), "bios", None));
    }

    #[test]
    fn the_virtual_cd_is_taken_where_listed() {
        let with = Boot::read(&json!({"BootSourceOverrideTarget@Redfish.AllowableValues": ["Cd", "UsbCd"]}));
        assert_eq!(Device::Cdrom.target_of(&with, true), Target::UsbCd);
        assert_eq!(Device::Cdrom.target_of(&with, false), Target::Cd);
        assert_eq!(Device::Cdrom.target_of(&Boot::default(), true), Target::Cd);
        assert!(is_allowed(Target::Cd, &with, None) && !is_allowed(Target::Pxe, &with, None));
        assert!(!is_allowed(Target::Pxe, &Boot::default(), Some(&with)));
        assert!(is_allowed(Target::Pxe, &Boot::default(), None));
    }

    #[test]
    fn members_go_where_they_are_advertised() {
        let patch = BootPatch {
            target: Some(Target::Pxe),
            enabled: Some(Override::Once),
            mode: Some(Mode::Uefi),
            http_uri: Some(None),
        };
        assert_eq!(placed(&patch, None), Placed { system: Some(patch.clone()), settings: None });
        let settings = Boot::read(&json!({"BootSourceOverrideMode": null, "BootOrder": []}));
        let cut = placed(&patch, Some(&settings));
        assert_eq!(cut.settings, Some(BootPatch { mode: Some(Mode::Uefi), ..BootPatch::default() }));
        assert_eq!(cut.system, Some(BootPatch { mode: None, ..patch }));
    }

    #[test]
    fn a_read_back_may_differ_and_be_right() {
        let look = |asked: &BootPatch, value| seen(asked, &BootMembers::read(&value));
        let once =
            BootPatch { target: Some(Target::Pxe), enabled: Some(Override::Once), ..BootPatch::default() };
        let good = json!({"BootSourceOverrideTarget": "UefiBootNext", "BootSourceOverrideEnabled": "Once"});
        assert_eq!(look(&once, good), Seen::Applied);
        assert_eq!(look(&once, json!({"BootSourceOverrideEnabled": "Disabled"})), Seen::Consumed);
        assert_eq!(look(&once, json!({"BootSourceOverrideTarget": "None"})), Seen::Consumed);
        let other = json!({"BootSourceOverrideTarget": "Hdd", "BootSourceOverrideEnabled": "Once"});
        assert_eq!(look(&once, other), Seen::Not("BootSourceOverrideTarget"));
        let mode = BootPatch { mode: Some(Mode::Uefi), ..BootPatch::default() };
        assert_eq!(
            look(&mode, json!({"BootSourceOverrideMode": "Legacy"})),
            Seen::Not("BootSourceOverrideMode")
        );
        assert_eq!(look(&mode, json!({})), Seen::Applied);
        let cleared = BootPatch { http_uri: Some(None), ..BootPatch::default() };
        assert_eq!(look(&cleared, json!({"HttpBootUri": "http://x"})), Seen::Not("HttpBootUri"));
    }
}
