//! The members of a node (contract `api.json`).

use crate::base::secret::{MASK, Veil};
use crate::model::bmc::Health;
use crate::model::bmc::power::Power;
use crate::model::node::{Fault, Node};
use crate::model::provision::Provision;
use crate::model::shape::{Accepts, Field, Place, Shown, TEXT, internal, json};
use crate::model::step::Kind;

type Row = Field<Node>;

/// Every member, in the order in which answers show them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 1, |s, out| json::uuid(out, s.record.id.0)).create_only(Accepts::Uuid),
    Row::new("created_at", 1, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 1, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("automated_clean", 47, |s, out| json::maybe_flag(out, s.record.wished.automated_clean)).takes(Accepts::Flag),
    Row::new("bios_interface", 40, |s, out| json::text(out, &s.record.wished.interfaces.bios)).takes(TEXT),
    Row::new("boot_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.boot)).takes(TEXT),
    Row::new("boot_mode", 75, |s, out| json::maybe_text(out, s.record.wished.boot_mode.as_deref())).create_only(TEXT),
    Row::new("clean_step", 7, |s, out| step(s, out, Kind::Clean)).place(Place::Document),
    Row::new("conductor_group", 46, |s, out| json::text(out, &s.record.wished.conductor_group)).takes(TEXT),
    Row::new("console_enabled", 1, |s, out| json::flag(out, s.record.wished.console_enabled)).create_only(Accepts::Flag),
    Row::new("console_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.console)).takes(TEXT),
    Row::new("disable_power_off", 95, |s, out| json::flag(out, s.record.wished.disable_power_off)).takes(Accepts::Flag),
    Row::new("deploy_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.deploy)).takes(TEXT),
    Row::new("deploy_step", 44, |s, out| step(s, out, Kind::Deploy)).place(Place::Document),
    Row::new("description", 51, |s, out| json::maybe_text(out, s.record.wished.description.as_deref())).takes(Accepts::Text { min: 0, max: 4096 }),
    Row::new("driver", 1, |s, out| json::text(out, &s.record.wished.driver)).takes(Accepts::Must),
    Row::new("driver_info", 1, driver_info).takes(Accepts::Object).place(Place::Document),
    Row::new("driver_internal_info", 3, internal_info).place(Place::Document),
    Row::new("extra", 1, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("fault", 42, |s, out| json::maybe_text(out, s.record.fault.map(Fault::name))),
    Row::new("firmware_interface", 86, |s, out| json::text(out, &s.record.wished.interfaces.firmware)).takes(TEXT),
    Row::new("health", 109, |s, out| json::maybe_text(out, s.record.bmc.health.map(Health::name))),
    Row::new("inspection_finished_at", 6, |s, out| json::maybe_moment(out, s.record.inspection_finished_at)),
    Row::new("inspection_started_at", 6, |s, out| json::maybe_moment(out, s.record.inspection_started_at)),
    Row::new("inspect_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.inspect)).takes(TEXT),
    Row::new("instance_info", 1, instance_info).takes(Accepts::Object).place(Place::Document),
    Row::new("instance_name", 104, |s, out| json::maybe_text(out, s.record.wished.instance_name.as_deref())).takes(Accepts::Text { min: 1, max: 255 }),
    Row::new("instance_uuid", 1, |s, out| json::maybe_uuid(out, s.record.wished.instance_uuid)).takes(Accepts::Uuid),
    Row::new("last_error", 1, last_error),
    Row::new("lessee", 65, |s, out| json::maybe_text(out, s.record.wished.lessee.as_deref())).takes(TEXT),
    Row::new("maintenance", 1, |s, out| json::flag(out, s.record.wished.maintenance)).takes(Accepts::Flag),
    Row::new("maintenance_reason", 1, |s, out| json::maybe_text(out, s.record.maintenance_reason.as_deref())),
    Row::new("management_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.management)).takes(TEXT),
    Row::new("name", 5, |s, out| json::maybe_text(out, s.record.wished.name.as_deref())).takes(TEXT),
    Row::new("network_data", 66, |s, out| json::object(out, &s.record.wished.network_data)).takes(Accepts::Object).place(Place::Document),
    Row::new("network_interface", 20, |s, out| json::text(out, &s.record.wished.interfaces.network)).takes(TEXT),
    Row::new("owner", 50, |s, out| json::maybe_text(out, s.record.wished.owner.as_deref())).takes(TEXT),
    Row::new("parent_node", 83, |s, out| json::maybe_uuid(out, s.record.wished.parent_node.map(|id| id.0))).takes(Accepts::Text { min: 0, max: 36 }),
    Row::new("power_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.power)).takes(TEXT),
    Row::new("power_state", 1, |s, out| json::maybe_text(out, s.record.power.map(Power::name))),
    Row::new("properties", 1, |s, out| json::object(out, &s.record.wished.properties)).takes(Accepts::Object).place(Place::Document),
    Row::new("protected", 48, |s, out| json::flag(out, s.record.wished.protected)).patch_only(Accepts::Flag),
    Row::new("protected_reason", 48, |s, out| json::maybe_text(out, s.record.wished.protected_reason.as_deref())).patch_only(TEXT),
    Row::new("provision_state", 1, provision),
    Row::new("provision_updated_at", 1, |s, out| json::maybe_moment(out, s.record.provision_updated_at)),
    Row::new("raid_config", 12, |s, out| json::object(out, &s.record.raid_config)).place(Place::Document),
    Row::new("raid_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.raid)).takes(TEXT),
    Row::new("rescue_interface", 38, |s, out| json::text(out, &s.record.wished.interfaces.rescue)).takes(TEXT),
    Row::new("reservation", 1, reservation),
    Row::new("resource_class", 21, |s, out| json::maybe_text(out, s.record.wished.resource_class.as_deref())).takes(Accepts::Text { min: 0, max: 80 }),
    Row::new("retired", 61, |s, out| json::flag(out, s.record.wished.retired)).takes(Accepts::Flag),
    Row::new("retired_reason", 61, |s, out| json::maybe_text(out, s.record.wished.retired_reason.as_deref())).takes(TEXT),
    Row::new("secure_boot", 75, |s, out| json::maybe_flag(out, s.record.wished.secure_boot)).create_only(Accepts::Flag),
    Row::new("service_step", 87, |s, out| step(s, out, Kind::Service)).place(Place::Document),
    Row::new("shard", 82, |s, out| json::maybe_text(out, s.record.wished.shard.as_deref())).takes(TEXT),
    Row::new("storage_interface", 33, |s, out| json::text(out, &s.record.wished.interfaces.storage)).takes(TEXT),
    Row::new("target_power_state", 1, |s, out| json::maybe_text(out, s.record.target_power.map(Power::name))),
    Row::new("target_provision_state", 1, |s, out| json::maybe_text(out, s.record.target_provision.map(Provision::name))),
    Row::new("target_raid_config", 12, |s, out| json::object(out, &s.record.target_raid_config)).place(Place::Document),
    Row::new("traits", 37, |s, out| json::array(out, &s.record.traits, |out, one| json::text(out, one))).place(Place::Document),
    Row::new("vendor_interface", 31, |s, out| json::text(out, &s.record.wished.interfaces.vendor)).takes(TEXT),
    Row::new("links", 1, |s, out| links(s, out, "")).place(Place::Always),
    Row::new("conductor", 49, |s, out| json::text(out, s.frame.host)),
    Row::new("allocation_uuid", 52, |s, out| json::maybe_uuid(out, s.record.allocation.as_ref().map(|held| held.id))),
    Row::new("chassis_uuid", 1, |s, out| json::maybe_text(out, s.record.wished.chassis_uuid.as_deref())).takes(TEXT),
    Row::new("ports", 1, |s, out| links(s, out, "/ports")).place(Place::Whole),
    Row::new("states", 14, |s, out| links(s, out, "/states")).place(Place::Whole),
    Row::new("portgroups", 24, |s, out| links(s, out, "/portgroups")).place(Place::Whole),
    Row::new("volume", 32, |s, out| links(s, out, "/volume")).place(Place::Whole),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] =
    &["instance_uuid", "maintenance", "power_state", "provision_state", "uuid", "name"];

/// What `states` shows, by the same rows.
pub const STATES: &[&str] = &[
    "console_enabled",
    "last_error",
    "power_state",
    "provision_state",
    "target_power_state",
    "target_provision_state",
    "provision_updated_at",
    "raid_config",
    "target_raid_config",
    "boot_mode",
    "secure_boot",
];

/// The state's name as the version knows it (contract `states.json`, presentation).
pub fn provision_name(state: Provision, version: u16) -> Option<&'static str> {
    if state == Provision::Available && version < 2 {
        return None;
    }
    let merged = state == Provision::InspectWait && version < 39;
    Some(if merged { Provision::Inspecting.name() } else { state.name() })
}

fn provision(shown: &Shown<'_, Node>, out: &mut Vec<u8>) {
    json::maybe_text(out, provision_name(shown.record.provision, shown.frame.version));
}

/// The step under way, if the run is of this kind and the step is not part of the pipeline's own frame.
fn step(shown: &Shown<'_, Node>, out: &mut Vec<u8>, kind: Kind) {
    let run = shown.record.run.as_ref().filter(|run| run.kind == kind);
    match run.and_then(|run| run.step()).filter(|step| !step.hidden) {
        Some(step) => internal::step(out, step),
        None => out.extend_from_slice(b"{}"),
    }
}

/// With the mask of the config drive, which lies beside the record.
fn instance_info(shown: &Shown<'_, Node>, out: &mut Vec<u8>) {
    let members = &shown.record.wished.instance_info;
    json::masked(out, members, Veil::Instance);
    if shown.record.config_drive.is_none() || members.contains_key(CONFIG_DRIVE) {
        return;
    }
    out.pop();
    if !members.is_empty() {
        out.push(b',');
    }
    json::key(out, CONFIG_DRIVE);
    json::text(out, MASK);
    out.push(b'}');
}

/// Whether who asks is bound to a project that has only leased the node: what tells of the rack's inside is the
/// owner's.
fn is_lent(shown: &Shown<'_, Node>) -> bool {
    shown.frame.project.is_some_and(|project| shown.record.wished.owner.as_deref() != Some(project))
}

/// In place of what only the owner sees (the reference's words).
fn redacted(out: &mut Vec<u8>, member: &str) {
    json::key(out, "content");
    json::text(out, &format!("** Redacted - requires baremetal:node:get:{member} permission. **"));
}

fn driver_info(shown: &Shown<'_, Node>, out: &mut Vec<u8>) {
    if !is_lent(shown) {
        return json::masked(out, &shown.record.wished.driver_info, Veil::Names);
    }
    out.push(b'{');
    redacted(out, "driver_info");
    out.push(b'}');
}

fn internal_info(shown: &Shown<'_, Node>, out: &mut Vec<u8>) {
    if !is_lent(shown) {
        return internal::write(shown.record, shown.frame.told, out);
    }
    out.push(b'{');
    redacted(out, "driver_internal_info");
    out.push(b'}');
}

fn last_error(shown: &Shown<'_, Node>, out: &mut Vec<u8>) {
    if is_lent(shown) {
        return json::text(out, "** Value Redacted - Requires baremetal:node:get:last_error permission. **");
    }
    json::maybe_text(out, shown.record.last_error.as_deref());
}

fn reservation(shown: &Shown<'_, Node>, out: &mut Vec<u8>) {
    if is_lent(shown) {
        return json::text(out, "** Redacted - requires baremetal:node:get:reservation permission. **");
    }
    json::maybe_text(out, shown.record.reserved.then_some(shown.frame.host));
}

fn links(shown: &Shown<'_, Node>, out: &mut Vec<u8>, below: &str) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"nodes/");
        json::bare_uuid(out, shown.record.id.0);
        out.extend_from_slice(below.as_bytes());
    });
}

const CONFIG_DRIVE: &str = "configdrive";
