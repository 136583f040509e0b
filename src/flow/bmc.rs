//! What a driver has learnt of a node's BMC, and what makes it void: other credentials, another address, a person.

use serde_json::Value;

use crate::flow::course::Course;
use crate::model::bmc::{Bmc, CredentialPrint, Fact, Health, Identity, Pin, RefusedLogin, Session, Silence};
use crate::model::decision::ask::PatchOp;
use crate::model::journal::Event;
use crate::model::node::Node;

/// Takes a fact in; the record changes only if it says something else.
pub fn learnt(course: &mut Course<'_>, fact: &Fact) {
    let at = course.facts.at;
    let bmc = &mut course.node.bmc;
    match fact {
        Fact::LoginRefused { print, why } => login_refused(course, print, why),
        Fact::LoginAccepted { .. } => {
            if bmc.refused.take().is_some() {
                course.note(Event::info("bmc", "the BMC takes the log-in"));
                forget_refusal(course);
            }
        }
        Fact::Silent { why } => silent(course, why),
        Fact::Heard => heard(course),
        Fact::SessionOpened { token, path, print } => {
            let opened = bmc.session.as_ref().filter(|old| old.token == *token).map_or(at, |old| old.opened);
            let (token, path, print) = (token.clone(), path.clone(), print.clone());
            bmc.session = Some(Session { token, path, opened, print });
        }
        Fact::SessionClosed => bmc.session = None,
        Fact::PinSeen { sha256 } | Fact::PinRefused { sha256 } => {
            let first = matches!(fact, Fact::PinSeen { .. }) && bmc.pin.is_none();
            pin(course, sha256, first);
        }
        Fact::HostKeySeen { sha256 } => host_key_seen(course, sha256),
        Fact::HostKeyRefused { sha256 } => host_key_refused(course, sha256),
        Fact::Vendor(vendor) => {
            bmc.vendor = vendor.as_deref().map(short);
            keep_vendor(course);
        }
        Fact::ConnectionReuse(reuse) => bmc.connection_reuse = Some(*reuse),
        Fact::Identity(identity) => bmc.identity = bounded(identity),
        Fact::Health(told) => health(course, *told),
    }
}

/// `properties.vendor` is detected once and then kept; an operator's word stands.
fn keep_vendor(course: &mut Course<'_>) {
    let bmc = &course.node.bmc;
    let Some(vendor) = &bmc.vendor else { return };
    let identity = [&bmc.identity.root_vendor, &bmc.identity.manufacturer];
    let as_told = identity.into_iter().find(|told| told.eq_ignore_ascii_case(vendor));
    let vendor = as_told.unwrap_or(vendor).clone();
    let said = course.node.wished.properties.get("vendor").and_then(Value::as_str);
    if said.is_none_or(str::is_empty) {
        course.node.wished.properties.insert("vendor".to_owned(), Value::from(vendor));
    }
}

/// A change of health is worth a line in the history; that it is well when first seen is not.
fn health(course: &mut Course<'_>, told: Option<Health>) {
    let before = std::mem::replace(&mut course.node.bmc.health, told);
    let is_news = told.is_some_and(|told| told != before.unwrap_or(Health::Ok));
    if let Some(told) = told.filter(|_| is_news) {
        let text = format!("the BMC says that the machine's health is {}", told.name());
        let event =
            if told == Health::Ok { Event::info("health", text) } else { Event::error("health", text) };
        course.note(event);
    }
}

fn login_refused(course: &mut Course<'_>, print: &CredentialPrint, why: &str) {
    if course.node.bmc.refused.as_ref().is_some_and(|refused| refused.print == *print) {
        return;
    }
    let why = short(why);
    if is_stranger(&course.node) {
        // Who met the BMC says in `last_error` whose account it was and what helps.
        course.note(Event::error("bmc", format!("{REFUSED}{why}")));
        course.node.bmc.refused = Some(RefusedLogin { print: print.clone(), at: course.facts.at, why });
        return;
    }
    let text = format!(
        "{REFUSED}{why}. It is not tried again until the credentials in driver_info are changed, or a person \
         switches maintenance off (even if it is off)"
    );
    course.note(Event::error("bmc", text.clone()));
    course.node.last_error = Some(text);
    course.node.bmc.refused = Some(RefusedLogin { print: print.clone(), at: course.facts.at, why });
}

/// Whether it was discovered and has no account of its own yet: the site's was shown to its BMC.
pub fn is_stranger(node: &Node) -> bool {
    node.discovered.is_some() && !CREDENTIALS.iter().any(|key| node.wished.driver_info.contains_key(*key))
}

/// An error that says no more than a refusal that is over goes with it.
fn forget_refusal(course: &mut Course<'_>) {
    if course.node.last_error.as_ref().is_some_and(|error| error.starts_with(REFUSED)) {
        course.node.last_error = None;
    }
}

fn silent(course: &mut Course<'_>, why: &str) {
    if course.node.bmc.silent.is_some() {
        return;
    }
    let why = short(why);
    course.note(Event::error("bmc", format!("the BMC does not answer: {why}")));
    course.node.bmc.silent = Some(Silence { since: course.facts.at, why });
}

fn heard(course: &mut Course<'_>) {
    if let Some(Silence { since, .. }) = course.node.bmc.silent.take() {
        course.note(Event::info("bmc", "the BMC answers again"));
        course.which_began(Some(since));
    }
}

/// A certificate was seen; `first` begins the trust, every other than the pinned one was refused.
fn pin(course: &mut Course<'_>, sha256: &str, first: bool) {
    let sha256 = short(sha256);
    if first {
        let text = format!("the BMC's certificate {sha256} was seen first and is trusted from now on");
        course.note(Event::info("bmc", text));
        course.node.bmc.pin = Some(Pin { sha256, first_seen: course.facts.at, met: None });
        return;
    }
    let Some(pin) = &mut course.node.bmc.pin else { return };
    if pin.sha256 == sha256 {
        pin.met = None;
    } else if pin.met.as_ref() != Some(&sha256) {
        let text = format!(
            "the BMC shows the certificate {sha256}, but {} is pinned: nothing is sent. If it was renewed, set \
             driver_info redfish_tls_pin to it, or redfish_tls_trust_first again",
            pin.sha256
        );
        pin.met = Some(sha256);
        course.note(Event::error("bmc", text));
    }
}

fn host_key_seen(course: &mut Course<'_>, sha256: &str) {
    if course.node.bmc.host_key.is_some() {
        return;
    }
    let sha256 = short(sha256);
    let text = format!("the BMC's SSH key {sha256} was seen first and is trusted from now on");
    course.note(Event::info("bmc", text));
    course.node.bmc.host_key = Some(Pin { sha256, first_seen: course.facts.at, met: None });
}

fn host_key_refused(course: &mut Course<'_>, sha256: &str) {
    let met = Some(short(sha256));
    let Some(known) = course.node.bmc.host_key.as_mut().filter(|known| known.met != met) else { return };
    let text = format!(
        "the BMC shows the SSH key {}, but {} is known: nothing is sent. If it was renewed, set driver_info \
         redfish_ssh_host_key to it",
        met.as_deref().unwrap_or_default(),
        known.sha256
    );
    known.met = met;
    course.note(Event::error("bmc", text));
}

/// A person says that a refused log-in may be tried again.
pub fn lift(course: &mut Course<'_>) {
    let bmc = &mut course.node.bmc;
    if bmc.refused.take().is_some() {
        bmc.lifts += 1;
        course.note(Event::info("bmc", "the refused log-in is lifted: it may be tried again"));
        forget_refusal(course);
    }
}

/// A patch was applied to the node that was `before`: what it makes void is forgotten.
pub fn patched(course: &mut Course<'_>, before: &Node, operations: &[PatchOp]) {
    let changed = |keys: &[&str]| {
        keys.iter().any(|key| before.wished.driver_info.get(*key) != course.node.wished.driver_info.get(*key))
    };
    let named = |keys: &[&str]| operations.iter().any(|op| keys.iter().any(|key| names(op, key)));
    let moved = changed(ADDRESS) || before.wished.driver != course.node.wished.driver;
    let (other_system, other_keeper) = (changed(SYSTEM), changed(FORCE));
    let other_key = changed(HOST_KEY) || named(HOST_KEY);
    let trusts_anew = changed(TRUST) || named(TRUST);
    let may_log_in = moved || changed(CREDENTIALS) || named(CREDENTIALS);
    if may_log_in {
        lift(course);
    }
    let bmc = &mut course.node.bmc;
    if moved {
        *bmc = Bmc { lifts: bmc.lifts, ..Bmc::default() };
    }
    if other_system {
        (bmc.identity, bmc.vendor, bmc.remembered_boot_device) = (Identity::default(), None, None);
        bmc.health = None;
    }
    if other_keeper {
        bmc.remembered_boot_device = None;
    }
    if trusts_anew {
        bmc.pin = None;
    }
    if other_key {
        bmc.host_key = None;
    }
}

/// Whether the operation is about this key and no other: an object written back as a whole says nothing of it.
fn names(op: &PatchOp, key: &str) -> bool {
    op.path.strip_prefix("/driver_info/") == Some(key)
}

fn bounded(identity: &Identity) -> Identity {
    Identity {
        manufacturer: short(&identity.manufacturer),
        model: short(&identity.model),
        firmware: short(&identity.firmware),
        root_vendor: short(&identity.root_vendor),
        root_product: short(&identity.root_product),
        bmc_manufacturer: short(&identity.bmc_manufacturer),
        bmc_model: short(&identity.bmc_model),
        bios_version: short(&identity.bios_version),
    }
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}

/// How the error of a refused log-in begins.
const REFUSED: &str = "the BMC refused the log-in: ";
/// Keys of `driver_info` that say which BMC it is.
const ADDRESS: &[&str] = &["redfish_address", "ipmi_address", "ipmi_port"];
/// Keys by which the daemon logs in.
const CREDENTIALS: &[&str] =
    &["redfish_username", "redfish_password", "ipmi_username", "ipmi_password", "ipmi_hex_kg_key"];
/// The key that says which machine of a BMC it is.
const SYSTEM: &[&str] = &["redfish_system_id"];
/// The key that says who keeps a lasting boot device.
const FORCE: &[&str] = &["ipmi_force_boot_device"];
/// Keys that say which certificate is trusted.
const TRUST: &[&str] = &["redfish_tls_pin", "redfish_tls_trust_first"];
/// The key that says which SSH key is the BMC's.
const HOST_KEY: &[&str] = &["redfish_ssh_host_key"];
/// Characters of a BMC's text that a record keeps.
const TEXT_LIMIT: usize = 200;
