//! What the change of a node tells. A beat or a look that changes nothing that anybody sees tells nothing.

use crate::model::bmc::power::Power;
use crate::model::moves::{MOVES, Verb};
use crate::model::node::{Node, Wished};
use crate::model::notice::{Members, Notice, Service, Turned, payload};
use crate::model::provision::Provision;
use crate::model::shape::json;
use crate::model::shape::node::TABLE;

/// All that one commit did to a node, in the order in which the reference would tell it.
pub fn told(turned: &Turned<'_, Node>) -> Vec<Notice> {
    let host = turned.host;
    let (before, after) = match (turned.before, turned.after) {
        (None, None) => return Vec::new(),
        (None, Some(after)) => return vec![crud("create", after, host)],
        (Some(before), None) => return vec![crud("delete", before, host)],
        (Some(before), Some(after)) => (before, after),
    };
    let mut all = Vec::new();
    all.extend(provision_set(before, after, host));
    all.extend(power_set(before, after, host));
    let maintenance = |node: &Node| (node.wished.maintenance, node.maintenance_reason.clone(), node.fault);
    if maintenance(before) != maintenance(after) {
        all.push(plain("maintenance_set", Service::Api, after, host));
    }
    if before.wished.console_enabled != after.wished.console_enabled {
        all.push(plain("console_set", Service::Conductor, after, host));
    }
    if wishes_differ(before, after) || all.is_empty() && shows_differ(before, after) {
        all.push(crud("update", after, host));
    }
    all
}

/// Whether a client's values differ, but for those with events of their own.
fn wishes_differ(before: &Node, after: &Node) -> bool {
    let (old, new) = (&before.wished, &after.wished);
    let apart = (old.maintenance, old.console_enabled) != (new.maintenance, new.console_enabled);
    if !apart {
        return old != new;
    }
    let level = Wished { maintenance: new.maintenance, console_enabled: new.console_enabled, ..old.clone() };
    level != *new
}

/// Whether anything else differs that answers show.
fn shows_differ(before: &Node, after: &Node) -> bool {
    let step = |node: &Node| {
        let run = node.run.as_ref();
        run.and_then(|run| run.step().filter(|step| !step.hidden).map(|step| (run.kind, step.to_string())))
    };
    (before.power, before.target_power) != (after.power, after.target_power)
        || before.target_provision != after.target_provision
        || before.last_error != after.last_error
        || before.inspection_started_at != after.inspection_started_at
        || before.inspection_finished_at != after.inspection_finished_at
        || before.raid_config != after.raid_config
        || before.target_raid_config != after.target_raid_config
        || before.traits != after.traits
        || before.bmc.health != after.bmc.health
        || before.config_drive != after.config_drive
        || step(before) != step(after)
}

fn provision_set(before: &Node, after: &Node, host: &str) -> Option<Notice> {
    if before.provision == after.provision {
        return None;
    }
    let verb = verb(before.provision, after.provision);
    let status = match (verb, works(before.provision), works(after.provision)) {
        (Some(Verb::Fail), _, _) => "error",
        (_, _, _) if after.provision.traits().failure => "error",
        (_, false, true) => "start",
        (_, true, false) => "end",
        (_, true, true) | (_, false, false) => "success",
    };
    let payload = payload("NodeSetProvisionStatePayload", "1.18", |all| {
        members(all, after, host);
        all.shown(TABLE, &["instance_info", "driver_internal_info"], after, host);
        all.member("event", |out| json::maybe_text(out, verb.map(Verb::name)));
        let target = before.target_provision.map(Provision::name);
        all.member("previous_provision_state", |out| json::text(out, before.provision.name()));
        all.member("previous_target_provision_state", |out| json::maybe_text(out, target));
    });
    Some(notice("provision_set", status, Service::Conductor, after, payload))
}

/// By which word one state follows the other; none if a commit has gone through several.
fn verb(from: Provision, to: Provision) -> Option<Verb> {
    MOVES.iter().find(|(before, _, after)| (*before, *after) == (from, to)).map(|(_, verb, _)| *verb)
}

/// Whether a node leaves the state without being asked.
fn works(state: Provision) -> bool {
    let traits = state.traits();
    let holds = matches!(state, Provision::DeployHold | Provision::CleanHold | Provision::ServiceHold);
    !traits.stable && !traits.failure && !holds
}

fn power_set(before: &Node, after: &Node, host: &str) -> Option<Notice> {
    let status = match (before.target_power, after.target_power) {
        (old, Some(to)) if old != Some(to) => ("start", to),
        (Some(to), None) if after.last_error.is_some() && after.power != Some(to) => ("error", to),
        (Some(to), None) => ("end", to),
        (Some(_), Some(_)) => return None,
        (None, _) => return power_seen(before, after, host),
    };
    Some(power_change(status, after, host))
}

/// Power that nobody asked for by itself: a pipeline's, or what a look found.
fn power_seen(before: &Node, after: &Node, host: &str) -> Option<Notice> {
    let power = after.power.filter(|power| before.power != Some(*power))?;
    if before.run.is_some() || after.run.is_some() {
        return Some(power_change(("end", power), after, host));
    }
    let payload = payload("NodeCorrectedPowerStatePayload", "1.17", |all| {
        members(all, after, host);
        all.member("from_power", |out| json::maybe_text(out, before.power.map(Power::name)));
    });
    Some(notice("power_state_corrected", "success", Service::Conductor, after, payload))
}

fn power_change((status, to): (&'static str, Power), after: &Node, host: &str) -> Notice {
    let payload = payload("NodeSetPowerStatePayload", "1.17", |all| {
        members(all, after, host);
        all.member("to_power", |out| json::text(out, to.name()));
    });
    notice("power_set", status, Service::Conductor, after, payload)
}

fn plain(action: &str, service: Service, node: &Node, host: &str) -> Notice {
    let payload = payload("NodePayload", "1.17", |all| members(all, node, host));
    notice(action, "end", service, node, payload)
}

fn crud(action: &str, node: &Node, host: &str) -> Notice {
    let payload = payload("NodeCRUDPayload", "1.15", |all| {
        members(all, node, host);
        all.shown(TABLE, &["instance_info", "driver_info", "chassis_uuid"], node, host);
    });
    notice(action, "end", Service::Api, node, payload)
}

fn notice(action: &str, status: &str, service: Service, node: &Node, payload: Vec<u8>) -> Notice {
    Notice {
        event_type: format!("baremetal.node.{action}.{status}"),
        service,
        is_error: status == "error",
        node: Some(node.id),
        payload,
    }
}

fn members(all: &mut Members, node: &Node, host: &str) {
    all.shown(TABLE, NODE, node, host);
}

/// What every payload of a node has (`NodePayload` 1.17).
const NODE: &[&str] = &[
    "clean_step",
    "conductor_group",
    "console_enabled",
    "created_at",
    "deploy_step",
    "description",
    "disable_power_off",
    "driver",
    "extra",
    "boot_mode",
    "secure_boot",
    "inspection_finished_at",
    "inspection_started_at",
    "instance_uuid",
    "last_error",
    "maintenance",
    "maintenance_reason",
    "fault",
    "name",
    "bios_interface",
    "boot_interface",
    "console_interface",
    "deploy_interface",
    "inspect_interface",
    "management_interface",
    "network_interface",
    "power_interface",
    "raid_interface",
    "rescue_interface",
    "storage_interface",
    "vendor_interface",
    "owner",
    "lessee",
    "power_state",
    "properties",
    "protected",
    "protected_reason",
    "provision_state",
    "provision_updated_at",
    "resource_class",
    "retired",
    "retired_reason",
    "target_power_state",
    "target_provision_state",
    "traits",
    "updated_at",
    "uuid",
];

#[cfg(test)]
mod tests;
