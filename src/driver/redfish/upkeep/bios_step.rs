//! Settings of the firmware, changed: what is asked is written down by the BMC, taken up at a boot, and then compared.
//!
//! ```text
//! look  refused by the registry | all as asked: done | -> act
//! act   PATCH of the settings object (POST of ResetBios)            -> reboot
//! look  as asked: done, read anew | not yet: again in a while | never: failed, by name
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::driver::memo::{count, with};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::upkeep::bios::BiosSeen;
use crate::driver::redfish::upkeep::{LOOKS, boots_again, look_again, wrong};
use crate::driver::{StepCall, StepWork};
use crate::model::part::sheet::{Sheet, wished_values};
use crate::model::turn::{LEFT, Memo, Turn};
use crate::wire::redfish::bios::{fitted, is_same};
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send;
use crate::wire::redfish::view::annotation::Settings;
use crate::wire::redfish::view::service::message::Message;
use crate::wire::redfish::view::system::System;

/// `apply_configuration` and `factory_reset` of the BIOS interface. Each says what is wished, and may be done twice.
#[derive(Debug)]
pub struct BiosStep {
    what: What,
    rack: Arc<RedfishRack>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Apply,
    Reset,
}

impl BiosStep {
    /// The step of this name, if there is one.
    pub fn of(name: &str, rack: Arc<RedfishRack>) -> Option<Self> {
        let what = match name {
            "apply_configuration" => What::Apply,
            "factory_reset" => What::Reset,
            _ => return None,
        };
        Some(Self { what, rack })
    }

    async fn looked(&self, call: &StepCall) -> Result<Turn, DriverError> {
        let server = Server::of(&self.rack, &call.machine.node)?;
        match (self.what, call.memo.contains_key(SENT)) {
            (What::Apply, false) => begin(&server, call).await,
            (What::Apply, true) => compare(&server, call).await,
            (What::Reset, false) => {
                reset_path(&server, &server.bios().await?)?;
                Ok(Turn::Act { memo: Memo::new() })
            }
            (What::Reset, true) => settle(&server, call).await,
        }
    }

    async fn acted(&self, call: &StepCall, again: bool) -> Result<Turn, DriverError> {
        let server = Server::of(&self.rack, &call.machine.node)?;
        let bios = server.bios().await?;
        let needs_boot = match self.what {
            What::Apply => write(&server, &bios, call, again).await?,
            What::Reset => {
                server.talk.press(&reset_path(&server, &bios)?).await?;
                true
            }
        };
        let memo = with(&Memo::new(), SENT, true);
        Ok(if needs_boot {
            Turn::Reboot { into: boots_again(call), memo }
        } else {
            Turn::LookIn { after: PAUSE, memo }
        })
    }
}

impl StepWork for BiosStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move { self.looked(call).await.unwrap_or_else(|error| error.turn()) })
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move { self.acted(call, again).await.unwrap_or_else(|error| error.turn()) })
    }
}

/// What the step asks for, by name.
fn wishes(call: &StepCall) -> Result<BTreeMap<String, Value>, DriverError> {
    let pairs = wished_values(&call.step.args).map_err(wrong)?;
    let mut wishes = BTreeMap::new();
    for (name, value) in pairs {
        if wishes.insert(name.clone(), value).is_some() {
            return Err(wrong(format!("BIOS setting {name:?} is given twice")));
        }
    }
    Ok(wishes)
}

/// Whether the registry lets the wishes pass, and whether there is anything to do.
async fn begin(server: &Server, call: &StepCall) -> Result<Turn, DriverError> {
    let wishes = wishes(call)?;
    let bios = server.bios().await?;
    let rules = server.bios_rules(&bios).await?;
    let refused: Vec<String> = wishes
        .iter()
        .filter_map(|(name, wish)| {
            let why = fitted(wish, bios.attributes.get(name), rules.get(name)).err()?;
            Some(format!("{name} {why}"))
        })
        .collect();
    if !refused.is_empty() {
        return Err(wrong(format!("BIOS settings are refused, none is changed: {}", listed(refused))));
    }
    let (_, pending) = bios.pending(server).await?;
    let is_met = |(name, wish): (&String, &Value)| {
        let as_asked = |value: &Value| is_wish(wish, value);
        bios.attributes.get(name).is_some_and(as_asked) && pending.get(name).is_none_or(as_asked)
    };
    if wishes.iter().all(is_met) { done(server).await } else { Ok(Turn::Act { memo: Memo::new() }) }
}

/// Writes the wishes down on the BMC; whether they are taken up at a boot. A BMC that has them already is not written to
/// again: one with a job for them would refuse.
async fn write(server: &Server, bios: &BiosSeen, call: &StepCall, again: bool) -> Result<bool, RedfishError> {
    let wishes = wishes(call).map_err(RedfishError::from)?;
    let times = bios.view.settings.as_ref().map(|settings| settings.apply_times.clone()).unwrap_or_default();
    let on_reset = times.iter().any(|time| time == "OnReset");
    let needs_boot = on_reset || times.is_empty();
    let (pending, waiting) = bios.pending(server).await?;
    // A machine that lists only what waits has all of it: it was asked before.
    let only_waiting = waiting.len() <= wishes.len() || again;
    if only_waiting
        && wishes.iter().all(|(name, wish)| waiting.get(name).is_some_and(|value| is_wish(wish, value)))
    {
        return Ok(needs_boot);
    }
    let typed = |(name, wish): (&String, &Value)| {
        let value = fitted(wish, bios.attributes.get(name), None);
        (name.clone(), value.unwrap_or_else(|_| wish.clone()))
    };
    let attributes = wishes.iter().map(typed).collect::<Map<_, _>>();
    let (path, etag) = target(bios, pending.as_ref());
    let body = send::bios(&attributes, on_reset);
    match server.talk.patch(&path, &body, etag.as_deref()).await {
        // Listed, and not understood.
        Err(error) if on_reset && error.fault().is_some_and(|fault| fault.says("settingsapplytime")) => {
            server.talk.patch(&path, &send::bios(&attributes, false), etag.as_deref()).await?;
        }
        outcome => drop(outcome?),
    }
    Ok(needs_boot)
}

/// Where changes go, and under which tag.
fn target(bios: &BiosSeen, pending: Option<&Resource>) -> (String, Option<String>) {
    let told = bios.view.settings.as_ref().and_then(|settings: &Settings| settings.etag.clone());
    match pending {
        Some(object) => (object.path.clone(), object.etag.clone().or(told)),
        None => (bios.resource.path.clone(), bios.resource.etag.clone()),
    }
}

/// After the boot: what is not as it was asked for.
async fn compare(server: &Server, call: &StepCall) -> Result<Turn, DriverError> {
    let wishes = wishes(call)?;
    let bios = server.bios().await?;
    let (_, pending) = bios.pending(server).await?;
    let lists_all = pending.len() > wishes.len();
    let mut left = Vec::new();
    for (name, wish) in &wishes {
        let now = bios.attributes.get(name).unwrap_or(&Value::Null);
        let waits = !lists_all && pending.contains_key(name);
        if !is_wish(wish, now) || waits {
            left.push((name, wish, now));
        }
    }
    if left.iter().any(|(_, _, now)| now.is_null()) {
        // A password is never shown: that the BMC took it is all that can be known.
        let rules = server.bios_rules(&bios).await?;
        left.retain(|(name, ..)| {
            !rules.get(*name).is_some_and(crate::wire::redfish::bios::Attribute::is_password)
        });
    }
    if left.is_empty() {
        return done(server).await;
    }
    let shown = left.iter().map(|(name, wish, now)| format!("{name} (asked {wish}, seen {now})")).collect();
    let told = told(&bios);
    Ok(wait(call, &bios.system.view, || {
        format!("BIOS settings are not applied after the reboot: {}{told}", listed(shown))
    }))
}

/// Another look, sooner given up where the machine is known to have booted.
fn wait(call: &StepCall, system: &System, late: impl FnOnce() -> String) -> Turn {
    let (after, most) = match has_booted(call, system) {
        Some(true) => (PAUSE, BOOTED_LOOKS),
        Some(false) | None => (PAUSE, LONGEST),
    };
    let is_over = has_booted(call, system) == Some(true);
    let memo =
        if is_over { with(&call.memo, BOOTED, count(&call.memo, BOOTED) + 1) } else { call.memo.clone() };
    if is_over && count(&memo, BOOTED) > most {
        return Turn::failed(late());
    }
    look_again(&memo, after, LONGEST, late)
}

/// Whether the machine is through its start; `None` where nobody tells.
fn has_booted(call: &StepCall, system: &System) -> Option<bool> {
    if call.machine.node.agent.as_ref().is_some_and(|agent| agent.borne) {
        return Some(true);
    }
    let progress = system.boot_progress.as_deref().filter(|word| *word != "None")?;
    Some(matches!(progress, "OSBootStarted" | "OSRunning"))
}

/// A reset is believed once the machine is through a boot.
async fn settle(server: &Server, call: &StepCall) -> Result<Turn, DriverError> {
    let system = server.system().await?;
    let looks = count(&call.memo, LOOKS);
    let most = match has_booted(call, &system.view) {
        Some(true) => 0,
        Some(false) => LONGEST,
        None => UNTOLD,
    };
    if looks >= most {
        return done(server).await;
    }
    let left = (most - looks) * u64::from(PAUSE);
    Ok(Turn::LookIn { after: PAUSE, memo: with(&with(&call.memo, LOOKS, looks + 1), LEFT, left) })
}

/// The end, with all settings read anew.
async fn done(server: &Server) -> Result<Turn, DriverError> {
    Ok(Turn::Done(Sheet::Settings(server.bios_rows().await?).told()))
}

/// Whether a value is what was asked for, in the type of the BMC.
fn is_wish(wish: &Value, now: &Value) -> bool {
    is_same(wish, now) || fitted(wish, Some(now), None).is_ok_and(|wish| is_same(&wish, now))
}

fn reset_path(server: &Server, bios: &BiosSeen) -> Result<String, RedfishError> {
    let action = bios.view.reset.as_ref();
    server.target(action.and_then(|action| action.target.as_ref()), "reset of the BIOS settings")
}

/// What the BMC says of the settings that it was to take up.
fn told(bios: &BiosSeen) -> String {
    let messages = bios.view.settings.iter().flat_map(|settings| &settings.messages);
    let texts: Vec<String> = messages.filter_map(Message::shown).take(MESSAGES).collect();
    if texts.is_empty() { String::new() } else { format!("; the BMC says: {}", texts.join("; ")) }
}

/// A few of a list, and how many more.
fn listed(all: Vec<String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let text = all.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// Field of the memo: the BMC has what was asked.
const SENT: &str = "sent";
/// Field of the memo: looks since the machine is through its start.
const BOOTED: &str = "booted";
/// Seconds between two looks.
const PAUSE: u32 = 15;
/// Looks at a machine that boots: a quarter of an hour, as for boot modes.
const LONGEST: u64 = 60;
/// Looks at one that has booted: some BMCs show a little later what it took up.
const BOOTED_LOOKS: u64 = 8;
/// Looks at one of which nobody tells whether it has booted.
const UNTOLD: u64 = 8;
/// Settings that an error names.
const NAMED: usize = 20;
const MESSAGES: usize = 4;
