//! The boot device: contract `redfish.md` section 6, read back until seen.

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::model::bmc::Keep;
use crate::model::boot::BootDevice;
use crate::net::http::Method;
use crate::wire::redfish::boot::{self, Device};
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::lenient::{View, found};
use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, Body, BootPatch, Mode, Override, Target};
use crate::wire::redfish::view::boot::{Boot, BootMembers};

/// The boot device of a Redfish machine.
#[derive(Debug)]
pub struct RedfishBootDevice(pub Server);

impl BootDeviceSwitch for RedfishBootDevice {
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>> {
        Box::pin(async move {
            Ok(Device::all().filter_map(|device| BootDevice::parse(device.as_str())).collect())
        })
    }

    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move { Ok(self.0.choice(&self.0.system().await?)) })
    }

    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        let url = self.0.talk.access.settings.http_boot_url.as_deref();
        let url = url.filter(|_| device == BootDevice::UefiHttp);
        Box::pin(async move { Ok(self.0.set_boot_device(device, persistent, url).await?) })
    }

    fn boot_url<'a>(&'a self, url: &'a str, persistent: bool) -> Later<'a, Result<BootChoice, DriverError>> {
        Box::pin(
            async move { Ok(self.0.set_boot_device(BootDevice::UefiHttp, persistent, Some(url)).await?) },
        )
    }
}

/// What a boot change is made of.
struct Plan<'a> {
    seen: &'a Seen,
    settings: Option<Resource>,
    quirks: &'a Quirks,
    http_uri: Option<&'a str>,
}

impl Plan<'_> {
    fn pending(&self) -> Option<Boot> {
        self.settings.as_ref().map(boot_of)
    }
}

impl Server {
    fn choice(&self, seen: &Seen) -> BootChoice {
        let members = &seen.view.boot.members;
        let device = members.target.as_deref().and_then(Device::of_target);
        let device = device.and_then(|device| BootDevice::parse(device.as_str()));
        let persistent = match members.enabled.as_deref().and_then(Override::parse) {
            Some(Override::Continuous) => Some(true),
            Some(Override::Once) => Some(self.remembers(device)),
            Some(Override::Disabled) | None => None,
        };
        BootChoice { device, persistent, keep: Keep::Nothing }
    }

    /// Whether the daemon sets this device again before each power-on.
    fn remembers(&self, device: Option<BootDevice>) -> bool {
        let remembered = self.talk.node.bmc.remembered_boot_device;
        device.is_some() && remembered.is_some_and(|remembered| remembered.device == device)
    }

    /// Sets the device, with the HTTP URI that it boots from, if one is given.
    pub async fn set_boot_device(
        &self,
        device: BootDevice,
        persistent: bool,
        http_uri: Option<&str>,
    ) -> Result<BootChoice, RedfishError> {
        let wanted = Device::parse(device.name()).ok_or_else(|| RedfishError::NotAllowed {
            bmc: self.talk.who(),
            what: format!("the boot device {}", device.name()),
            allowed: Device::all().map(Device::as_str).collect::<Vec<_>>().join(", "),
        })?;
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let plan =
            Plan { settings: self.boot_settings(&seen).await?, seen: &seen, quirks: &quirks, http_uri };
        if persistent && is_left_to_firmware(&quirks, wanted, &seen) {
            return self.leave_to_firmware(&plan, device).await;
        }
        let lasts = persistent && !quirks.is_once_only();
        let outcome = self.apply(&plan, wanted, lasts).await;
        let remembered = match outcome {
            Err(error) if lasts && error.fault().is_some() => {
                let error = error.to_string().replace(http_uri.unwrap_or("://"), "://");
                tracing::info!(
                    error,
                    "a lasting boot device is refused: it is set again before each power-on"
                );
                self.apply(&plan, wanted, false).await?;
                true
            }
            outcome => {
                outcome?;
                persistent && !lasts
            }
        };
        let mut choice = self.choice(&self.system().await?);
        if remembered {
            choice.keep = Keep::Device;
            choice.persistent = if choice.device == Some(device) { Some(true) } else { choice.persistent };
        }
        Ok(choice)
    }

    /// Takes the override away: the machine boots by its own order, in which the agent has put the disk first.
    async fn leave_to_firmware(
        &self,
        plan: &Plan<'_>,
        device: BootDevice,
    ) -> Result<BootChoice, RedfishError> {
        let patch = BootPatch { enabled: Some(Override::Disabled), ..BootPatch::default() };
        self.patch_boot(plan, &patch).await?;
        Ok(BootChoice { device: Some(device), persistent: Some(true), keep: Keep::Nothing })
    }

    /// The settings object beside the system, if there is one.
    async fn boot_settings(&self, seen: &Seen) -> Result<Option<Resource>, RedfishError> {
        self.talk.maybe(seen.view.settings.as_ref().and_then(|settings| settings.object.as_ref())).await
    }

    async fn apply(&self, plan: &Plan<'_>, device: Device, lasts: bool) -> Result<(), RedfishError> {
        let patch = self.boot_patch(plan, device, lasts)?;
        self.patch_boot(plan, &patch).await?;
        let mode = plan.seen.view.boot.members.mode.as_deref().and_then(Mode::parse);
        if let Some(mode) =
            mode.filter(|_| plan.quirks.mode_falls_back_to_legacy() && !plan.quirks.has_no_boot_mode())
        {
            let again = BootPatch { mode: Some(mode), ..BootPatch::default() };
            self.patch_boot(plan, &again).await?;
        }
        Ok(())
    }

    fn boot_patch(&self, plan: &Plan<'_>, device: Device, lasts: bool) -> Result<BootPatch, RedfishError> {
        let (now, pending) = (&plan.seen.view.boot, plan.pending());
        let has_target = |boot: &Boot| boot.members.target.is_some() || boot.targets.is_some();
        if !has_target(now) && !pending.as_ref().is_some_and(has_target) {
            return Err(self.missing("boot override"));
        }
        let target = device.target_of(now, plan.quirks.prefers_usb_cd());
        if !boot::is_allowed(target, now, pending.as_ref()) {
            let allowed = now.targets.clone().or_else(|| pending.and_then(|boot| boot.targets));
            return Err(RedfishError::NotAllowed {
                bmc: self.talk.who(),
                what: format!("the boot device {} ({target})", device.as_str()),
                allowed: allowed.unwrap_or_default().join(", "),
            });
        }
        let enabled = if lasts { Override::Continuous } else { Override::Once };
        let has_it = now.members.enabled.as_deref().and_then(Override::parse) == Some(enabled);
        let is_full = plan.quirks.wants_full_boot_patch();
        let always = plan.quirks.enabled_in_every_boot_patch() || is_full;
        let mode = || now.members.mode.as_deref().and_then(Mode::parse).unwrap_or(Mode::Uefi);
        Ok(BootPatch {
            target: Some(target),
            enabled: (always || !has_it).then_some(enabled),
            mode: (is_full && !plan.quirks.has_no_boot_mode()).then(mode),
            http_uri: self.http_uri(plan, pending.as_ref())?,
        })
    }

    /// The URI to set, or that an old one is to go, where the member is advertised.
    #[expect(clippy::option_option, reason = "left out, cleared and set are three things in a PATCH")]
    fn http_uri(
        &self,
        plan: &Plan<'_>,
        pending: Option<&Boot>,
    ) -> Result<Option<Option<String>>, RedfishError> {
        let now = &plan.seen.view.boot;
        let is_listed = now.lists("HttpBootUri") || pending.is_some_and(|boot| boot.lists("HttpBootUri"));
        let has_old = now.members.http_uri.as_deref().is_some_and(|uri| uri.contains("://"));
        match plan.http_uri {
            Some(_) if !is_listed => {
                Err(self.missing("HttpBootUri: it boots from HTTP only what DHCP tells"))
            }
            Some(uri) => Ok(Some(Some(uri.to_owned()))),
            None => Ok((is_listed && has_old).then_some(None)),
        }
    }

    /// Sends a boot patch where it belongs and looks until it is seen.
    async fn patch_boot(&self, plan: &Plan<'_>, patch: &BootPatch) -> Result<(), RedfishError> {
        let cut = boot::placed(patch, plan.pending().as_ref());
        if let (Some(part), Some(settings)) = (&cut.settings, &plan.settings) {
            let place = settings.path.clone();
            let written = self.patch_part(&place, part, settings.etag.as_deref()).await?;
            self.await_boot(plan, (&place, part), &written).await?;
        }
        if let Some(part) = &cut.system {
            let own = plan.seen.path().to_owned();
            let written = match self.patch_part(&own, part, plan.seen.etag()).await {
                Err(error) if error.fault().is_some_and(Fault::wants_future_state) => {
                    let future = format!("{}/SD", own.trim_end_matches('/'));
                    let written = self.talk.patch_fresh(&future, &send::boot(part)).await?;
                    return self.await_boot(plan, (&future, part), &written).await;
                }
                outcome => outcome?,
            };
            self.await_boot(plan, (&own, part), &written).await?;
        }
        Ok(())
    }

    /// One PATCH; a machine in POST is waited for, a moment each time longer.
    pub async fn patch_part(
        &self,
        path: &str,
        part: &BootPatch,
        etag: Option<&str>,
    ) -> Result<Written, RedfishError> {
        self.patch_awake(path, &send::boot(part), etag).await
    }

    /// The same with any body.
    pub async fn patch_awake(
        &self,
        path: &str,
        body: &Body,
        etag: Option<&str>,
    ) -> Result<Written, RedfishError> {
        let (mut pause, mut outcome) = (POST_PAUSE, self.talk.patch(path, body, etag).await);
        for _ in 1..POST_TRIES {
            if !matches!(&outcome, Err(error) if error.fault().is_some_and(Fault::is_in_post)) {
                return outcome;
            }
            sleep(&**self.talk.clock(), pause).await;
            pause = (pause * 2).min(POST_LONGEST);
            outcome = self.talk.patch_fresh(path, body).await;
        }
        outcome
    }

    /// Reads back until what was asked is seen.
    async fn await_boot(
        &self,
        plan: &Plan<'_>,
        (path, asked): (&str, &BootPatch),
        written: &Written,
    ) -> Result<(), RedfishError> {
        let until = self.talk.clock().tick().after(SEEN_LIMIT);
        loop {
            let now = self.talk.get(path).await?;
            let members = boot_of(&now).members;
            let power = now.view::<crate::wire::redfish::view::system::System>().power();
            let member = match boot::seen(asked, &members) {
                boot::Seen::Applied => return Ok(()),
                boot::Seen::Consumed if power != Some(OFF) => return Ok(()),
                boot::Seen::Consumed => "BootSourceOverrideEnabled",
                boot::Seen::Not("BootSourceOverrideEnabled") if outlasts(asked, &members) => return Ok(()),
                boot::Seen::Not(member) => member,
            };
            if self.talk.clock().tick() >= until {
                let answered = self.work_so_far(written, plan.quirks).await?;
                return Err(self.boot_not_applied(path, asked, answered, (member, &members)));
            }
            sleep(&**self.talk.clock(), SEEN_PAUSE).await;
        }
    }

    fn boot_not_applied(
        &self,
        path: &str,
        asked: &BootPatch,
        answered: String,
        (member, members): (&str, &BootMembers),
    ) -> RedfishError {
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        RedfishError::NotApplied {
            place: self.talk.place(Method::Patch, path),
            asked: send::boot(asked).shown().to_string(),
            answered,
            seen: format!(
                "{member} is not as asked (target {}, enabled {}, mode {})",
                shown(&members.target),
                shown(&members.enabled),
                shown(&members.mode)
            ),
        }
    }
}

/// Whether a disk that is to last is no override at all: on machines that stop at a screen when the override changes
/// what the agent wrote into the UEFI variables.
fn is_left_to_firmware(quirks: &Quirks, device: Device, seen: &Seen) -> bool {
    let is_uefi = seen.view.boot.members.mode.as_deref().and_then(Mode::parse) != Some(Mode::Legacy);
    quirks.stops_at_boot_option_screen() && device == Device::Disk && is_uefi
}

/// A machine that was asked for one boot and shows every boot boots as asked: it says so in the boot device that is
/// read back.
fn outlasts(asked: &BootPatch, seen: &BootMembers) -> bool {
    let is_longer = asked.enabled == Some(Override::Once)
        && seen.enabled.as_deref().and_then(Override::parse) == Some(Override::Continuous);
    let target = seen.target.as_deref().and_then(Target::parse);
    is_longer && (asked.target.is_none() || target == asked.target)
}

fn boot_of(resource: &Resource) -> Boot {
    found(&resource.raw, &["Boot"]).map(Boot::read).unwrap_or_default()
}

const OFF: crate::wire::redfish::power_state::Power = crate::wire::redfish::power_state::Power::Off;
/// How often a machine in POST is asked.
const POST_TRIES: u32 = 6;
const POST_PAUSE: Duration = Duration::from_secs(5);
const POST_LONGEST: Duration = Duration::from_secs(15);
/// How long a change may take to be shown.
const SEEN_LIMIT: Duration = Duration::from_secs(12);
const SEEN_PAUSE: Duration = Duration::from_secs(1);
