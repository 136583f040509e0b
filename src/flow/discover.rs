//! Machines that nobody has enrolled: what one becomes by what it told, and where it goes from there by itself.
//!
//! ```text
//! told -> known by an address, serial number, system UUID, BMC?  its node, if that is in enroll: what it lacks is added
//!     '-> nobody knows it: written down, or a node with ports and inventory
//!         onward: enroll -> [`meet`] its BMC, once -> manage -> manageable -> provide, if the policy says so
//! ```
//!
//! What a machine says of itself is a claim: its BMC is shown our account only inside the BMCs' own networks, and only
//! once, and the node gets its settings when the BMC has said that it is this machine's. A machine that claims what
//! belongs to a node never changes that node, unless it still is in `enroll`.

pub mod compare;
pub mod meet;

use std::net::IpAddr;

use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::visible::is_visible;
use crate::flow::course::Course;
use crate::flow::hook::interfaces::booted_from;
use crate::flow::inspect::in_band::{Surveyed, keep_ports, survey};
use crate::flow::rule;
use crate::flow::verb;
use crate::model::Object;
use crate::model::boot::plan::Discovery;
use crate::model::decision::ask::ProvisionAsk;
use crate::model::decision::effect::{Look, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Row};
use crate::model::draft::{self, name};
use crate::model::inspection::discovery::{
    BmcKind, Discovered, DiscoveryPolicy, Goal, Onward, Sighting, Stage,
};
use crate::model::inspection::identity::{Identity, Mark};
use crate::model::inspection::told::Told;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::{Node, Wished};
use crate::model::policy::Policy;
use crate::model::provision::Provision;

/// A node that has the same BMC as a machine that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    pub label: String,
    pub bmc: IpAddr,
}

/// The node that a machine becomes; `taken` tells whether a node has this name.
pub fn enrol(
    told: &Told,
    id: NodeId,
    rival: Option<&Rival>,
    (facts, taken): (&Facts<'_>, &dyn Fn(&str) -> bool),
) -> Result<Surveyed, Refusal> {
    let node = draft(told, id, rival, (facts, taken))?;
    let mut flagged = told.clone();
    flagged.plugin_data.insert(FLAG.to_owned(), Value::Bool(true));
    let mut found = survey(&node, &flagged, facts)
        .map_err(|why| Refusal::Invalid(format!("the machine is not enrolled: {why}. Nothing was kept")))?;
    let text = format!("discovered: {}", describe(told));
    found.notes.insert(0, Event::info("create", text));
    for port in &mut found.ports {
        port.created_at = facts.at;
    }
    Ok(found)
}

fn draft(
    told: &Told,
    id: NodeId,
    rival: Option<&Rival>,
    (facts, taken): (&Facts<'_>, &dyn Fn(&str) -> bool),
) -> Result<Node, Refusal> {
    let policy = facts.policy;
    let discovery = &policy.discovery;
    let mut wished = Wished {
        name: names(told).find(|name| !taken(name)),
        driver: first_driver(discovery, facts).unwrap_or_default(),
        resource_class: policy.default_resource_class.clone(),
        conductor_group: policy.default_conductor_group.clone(),
        ..Wished::default()
    };
    draft::fill_interfaces(&mut wished, facts.catalog)?;
    let mut node = Node::new(id, wished, facts.at);
    let goal = if discovery.what == Discovery::EnrolAndClean { Goal::Available } else { Goal::Manageable };
    let claimed = discovery.bmc.as_ref().zip(trusted(told, policy));
    let onward = claimed.filter(|_| rival.is_none()).map(|(account, address)| Onward {
        goal,
        bmc: Some(address),
        speaks: account.kind,
        stage: Stage::Found,
    });
    node.discovered = Some(Discovered { at: facts.at, onward });
    if onward.is_none() {
        node.last_error = Some(lacking(&node, told, rival, policy));
    }
    Ok(node)
}

/// The hardware type that it has until its BMC is known.
fn first_driver(discovery: &DiscoveryPolicy, facts: &Facts<'_>) -> Option<String> {
    let of_account =
        discovery.bmc.as_ref().and_then(|account| account.kind).map(|kind| kind.driver().to_owned());
    let enabled = || {
        let kinds = [BmcKind::Redfish, BmcKind::Ipmi].map(BmcKind::driver).into_iter();
        kinds.map(str::to_owned).find(|name| facts.catalog.types.contains_key(name))
    };
    discovery.driver.clone().or(of_account).or_else(enabled)
}

/// The first of the machine's BMC addresses that lies where BMCs are.
fn trusted(told: &Told, policy: &Policy) -> Option<IpAddr> {
    told.identity.bmc.iter().copied().find(|address| policy.discovery.trusts(*address))
}

/// What a person has to do, in words.
fn lacking(node: &Node, told: &Told, rival: Option<&Rival>, policy: &Policy) -> String {
    let (label, account) = (node.label(), policy.discovery.bmc.as_ref());
    let shared = rival.map(|rival| rival.bmc);
    let bmc = shared.or_else(|| told.identity.bmc.first().copied());
    let hand = by_hand(node, account.and_then(|account| account.kind), bmc);
    if account.is_none() && rival.is_none() && !OF_BMCS.contains(&node.wished.driver.as_str()) {
        return without_bmc(node, bmc, &hand);
    }
    let why = match (rival, bmc, account) {
        (Some(Rival { label, bmc }), _, _) => {
            format!("node {label} has the BMC at {bmc}, too, by its settings or by what its machine told")
        }
        (None, None, _) => no_address(told),
        (None, Some(_), None) => "no account for BMCs is configured ([discovery.bmc])".to_owned(),
        (None, Some(address), Some(_)) => {
            format!("its BMC claims the address {address}, which is in none of agent.bmc_networks")
        }
    };
    format!(
        "node {label} was discovered and waits for a person: {why}. Look whether it is yours, then: {hand}"
    )
}

/// For a hardware type that uses no BMC: a person vouches, whatever the machine told.
fn without_bmc(node: &Node, bmc: Option<IpAddr>, hand: &str) -> String {
    let (label, driver) = (node.label(), node.wished.driver.as_str());
    let other = bmc.map_or_else(String::new, |bmc| {
        format!(
            ". Or, to use the BMC that it says is its own, {bmc} ([discovery.bmc] would let the next ones be asked by \
             themselves): {hand}"
        )
    });
    format!(
        "node {label} was discovered and waits for a person: nobody vouches for it, and its hardware type {driver} has no \
         BMC that could. Look whether it is yours, then: ferric node manage {label}{other}"
    )
}

/// It told none, or none that a BMC in a network has.
fn no_address(told: &Told) -> String {
    let member = |name: &&str| text_of(told.inventory.get(*name)?);
    let unusable = ["bmc_address", "bmc_v6address"].iter().filter_map(member).find(|text| {
        let is_unknown = |text: &str| UNKNOWN_BMC.contains(&text);
        !text.is_empty() && !is_unknown(text)
    });
    match unusable {
        Some(text) => {
            format!("it told {text:?} as the address of its BMC, which is no IP address that a BMC can have")
        }
        None => "it told no address of its BMC".to_owned(),
    }
}

/// What the agent says where it knows none.
const UNKNOWN_BMC: [&str; 3] = ["0.0.0.0", "::/0", "::"];

/// Hardware types of machines with a BMC.
const OF_BMCS: [&str; 3] = ["redfish", "idrac", "ipmi"];

/// The commands by which a person goes on with a node.
fn by_hand(node: &Node, kind: Option<BmcKind>, bmc: Option<IpAddr>) -> String {
    let (label, kind) = (node.label(), kind.unwrap_or(BmcKind::Redfish).driver());
    let place = bmc.map_or("ADDRESS".to_owned(), |address| address.to_string());
    format!(
        "ferric node set {label} driver={kind} driver_info.{kind}_address={place} driver_info.{kind}_username=NAME \
         driver_info.{kind}_password=...; ferric node manage {label}"
    )
}

/// Names for it, the best first.
fn names(told: &Told) -> impl Iterator<Item = String> {
    let serial = told.identity.serial.as_deref().map(|text| {
        let fit = |one: char| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' };
        text.chars().map(fit).collect::<String>().trim_matches('-').to_owned()
    });
    let own = |mac: Mac| format!("node-{}", mac.to_string().replace(':', ""));
    let mac = main_mac(told).map(own);
    let fits = |text: &String| {
        name::is_logical(text) && Uuid::try_parse(text).is_err() && !RESERVED.contains(&text.as_str())
    };
    serial.into_iter().chain(mac).filter(fits)
}

/// The address that a machine is known by: of the NIC that booted, or the smallest.
pub fn main_mac(told: &Told) -> Option<Mac> {
    let booted = booted_from(&told.inventory).filter(|mac| told.macs.contains(mac));
    booted.or_else(|| told.macs.iter().min().copied())
}

fn describe(told: &Told) -> String {
    let vendor = |member: &str| text(&told.inventory, "system_vendor", member).unwrap_or_default();
    let serial = told.identity.serial.as_deref().unwrap_or("unknown");
    let bmc = told.identity.bmc.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let macs = told.macs.iter().take(8).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let from = told.from.map_or_else(|| "nowhere".to_owned(), |from| from.to_string());
    format!(
        "{} {}, serial number {serial}, NICs {macs}, BMC {bmc}; told from {from}",
        vendor("manufacturer"),
        vendor("product_name"),
    )
}

fn text(inventory: &Object, part: &str, member: &str) -> Option<String> {
    text_of(inventory.get(part)?.get(member)?)
}

fn text_of(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(text.chars().filter(|one| is_visible(*one)).take(TEXT_LIMIT).collect())
}

/// What is written down of a machine, after what was before.
pub fn sighting(told: &Told, before: Option<Sighting>, fresh: (Uuid, Mac), facts: &Facts<'_>) -> Sighting {
    let (id, mac) = fresh;
    let whole =
        |part: &str, member: &str| told.inventory.get(part).and_then(|part| part.get(member)?.as_u64());
    let disks = told.inventory.get("disks").and_then(Value::as_array).into_iter().flatten();
    // A NIC that went into another machine brings nothing of the first one with it.
    let same = before.as_ref().filter(|before| identity(before).may_be(&told.identity));
    let Identity { serial, system, bmc, .. } =
        told.identity.clone().after(&same.map(identity).unwrap_or_default());
    let mut macs = told.macs.clone();
    macs.extend(same.iter().flat_map(|same| &same.macs).filter(|mac| !told.macs.contains(mac)));
    macs.truncate(LIST_LIMIT);
    Sighting {
        id: before.as_ref().map_or(id, |before| before.id),
        mac,
        macs,
        serial,
        system,
        bmc,
        manufacturer: text(&told.inventory, "system_vendor", "manufacturer"),
        product: text(&told.inventory, "system_vendor", "product_name"),
        cpu_arch: text(&told.inventory, "cpu", "architecture"),
        cpus: whole("cpu", "count"),
        memory_mb: whole("memory", "physical_mb"),
        disks: disks.filter_map(|disk| disk.get("size")?.as_u64()).take(LIST_LIMIT).collect(),
        from: told.from,
        first_at: before.as_ref().map_or(facts.at, |before| before.first_at),
        last_at: facts.at,
        times: before.as_ref().map_or(0, |before| before.times).saturating_add(1),
        node: before.and_then(|before| before.node),
    }
}

/// The row of a machine among those that are written down: the one of its address, or one that has an address, the
/// serial number, the system UUID or a BMC of it, where nothing else that both tell differs. `is_free` tells whether
/// the row is of no node.
pub fn row<'a>(
    all: &'a [Sighting],
    told: &Told,
    mac: Mac,
    is_free: impl Fn(&Sighting) -> bool,
) -> Option<&'a Sighting> {
    let marks: Vec<Mark> = told.identity.marks().collect();
    let is_it = |one: &&Sighting| {
        let known = identity(one);
        let shares = one.macs.iter().any(|mac| told.macs.contains(mac))
            || known.marks().any(|mark| marks.contains(&mark));
        shares && known.may_be(&told.identity) && is_free(one)
    };
    all.iter().find(|one| one.mac == mac).or_else(|| all.iter().find(is_it))
}

fn identity(one: &Sighting) -> Identity {
    Identity { serial: one.serial.clone(), system: one.system, bmc: one.bmc.clone(), ..Identity::default() }
}

/// A machine told again, or one that a person has enrolled told for the first time: its node gets what it lacks.
/// Nothing that is there changes, and its BMC's settings least of all.
pub fn update(node: &Node, told: &Told, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let found = survey(node, told, facts).map_err(|why| {
        Refusal::Invalid(format!("what the machine told of node {} is not taken: {why}", node.id))
    })?;
    let mut course = Course::of(node, facts);
    for (name, value) in found.node.wished.properties {
        course.node.wished.properties.entry(name).or_insert(value);
    }
    let is_new = |id| !facts.ports.iter().any(|port| port.id == id);
    let mut ports: Vec<_> = facts.ports.iter().map(|port| crate::model::port::Port::clone(port)).collect();
    ports.extend(found.ports.into_iter().filter(|port| is_new(port.id)));
    keep_ports(&mut course, ports);
    let mut identity = found.node.identity.after(&node.identity);
    if node.discovered.is_some() {
        // Which BMC it claims is looked at once: a claim that was refused is not made again.
        identity.bmc.clone_from(&node.identity.bmc);
    }
    course.node.identity = identity;
    course.row(Row::Inventory(found.kept));
    rule::owe_calls(&mut course, found.node.calls, Purpose::Aside);
    course.note(Event::info("inspect", format!("the machine told what it is made of: {}", describe(told))));
    Ok(course.finish(node))
}

/// The looks that the next step of a discovered node needs.
pub fn wants(node: &Node) -> Vec<Look> {
    match node.discovered.and_then(|discovered| discovered.onward) {
        Some(onward) if node.provision == Provision::Manageable && onward.goal == Goal::Available => {
            vec![Look::Valid { deploy: false }]
        }
        Some(_) | None => Vec::new(),
    }
}

/// The next step of a discovered node: its BMC is asked once, and it goes on to its goal. Whatever refuses a step ends
/// the journey, and `last_error` says why.
pub fn onward(node: &Node, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let Some(discovered) = node.discovered else { return Ok(Decision::same()) };
    if node.provision == Provision::Enroll && !node.calls.is_empty() {
        let mut course = Course::of(node, facts);
        rule::owe_calls(&mut course, node.calls.clone(), Purpose::Aside);
        return Ok(course.finish(node));
    }
    let Some(onward) = discovered.onward else { return Ok(Decision::same()) };
    let (next, verb) = match (node.provision, onward.stage) {
        (Provision::Enroll, Stage::Found) => return Ok(meet::begin(node, facts)),
        (Provision::Enroll, Stage::Sure) => {
            (Some(Onward { stage: Stage::Verified, ..onward }), Some(Verb::Manage))
        }
        (Provision::Manageable, _) if onward.goal == Goal::Available => (None, Some(Verb::Provide)),
        (state, _) if state.traits().stable => (None, None),
        (_, _) => return Ok(Decision::same()),
    };
    let mut gone_on = node.clone();
    gone_on.discovered = Some(Discovered { onward: next, ..discovered });
    let Some(verb) = verb else { return Ok(Decision::next(gone_on)) };
    match verb::admit(&gone_on, &ProvisionAsk::new(verb, verb.name()), facts) {
        Ok(decision) => Ok(decision),
        Err(refusal) => {
            gone_on.discovered = Some(Discovered { onward: None, ..discovered });
            let mut course = Course::of(&gone_on, facts);
            let label = node.label();
            course.error(format!(
                "discovered node {label} does not go on by itself: {}. Mend that, then: ferric node {} {label}",
                refusal.to_string().trim_end_matches('.'),
                verb.name()
            ));
            Ok(course.finish(node))
        }
    }
}

/// As in the reference.
const FLAG: &str = "auto_discovered";
/// Words that paths of the API have in the place of a node's name.
const RESERVED: &[&str] =
    &["maintenance", "management", "ports", "states", "vendor_passthru", "detail", "validate"];
/// Characters of a text that a machine says of itself.
const TEXT_LIMIT: usize = 64;
/// Addresses or disks of one machine that are written down.
const LIST_LIMIT: usize = 64;
