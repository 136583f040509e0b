//! What the change of a node tells. A beat or a look that changes nothing that anybody sees tells nothing.

use crate::model::node::{Node, Wished};
use crate::model::notice::sight::Sight;
use crate::model::notice::telling::{Telling, tell};
use crate::model::notice::{Members, Notice, Service, Turned, payload};
use crate::model::shape::node::TABLE;

/// All that one commit did to a node, in the order in which the reference would tell it.
pub fn told(turned: &Turned<'_, Node>, tellings: &[Telling]) -> Vec<Notice> {
    let host = turned.host;
    let (before, after) = match (turned.before, turned.after) {
        (None, None) => return Vec::new(),
        (None, Some(after)) => return crud("create", after, host).with_start(),
        (Some(before), None) => return crud("delete", before, host).with_start(),
        (Some(before), Some(after)) => (before, after),
    };
    let mut all: Vec<Notice> = tellings.iter().map(|telling| tell(*telling, after, host)).collect();
    let maintenance = |node: &Node| (node.wished.maintenance, node.maintenance_reason.clone(), node.fault);
    if maintenance(before) != maintenance(after) {
        // As in the reference, the node is shown as it was and as it is.
        all.push(maintenance_set("start", before, host));
        all.push(maintenance_set("end", after, host));
    }
    if wishes_differ(before, after) {
        all.extend(crud("update", after, host).with_start());
    } else if all.is_empty() && shows_differ(before, after) {
        // Nobody asked for it, so that nothing has begun.
        all.push(crud("update", after, host));
    }
    all
}

/// What a change of maintenance tells.
pub(super) fn maintenance_set(status: &str, node: &Node, host: &str) -> Notice {
    plain(("maintenance_set", status), Service::Api, node, host)
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

/// What has no members but those of every payload of a node.
pub(super) fn plain((action, status): (&str, &str), service: Service, node: &Node, host: &str) -> Notice {
    let payload = payload("NodePayload", "1.17", |all| members(all, node, host));
    notice(action, status, service, node, payload)
}

/// That a node is there, is another or is gone, as `end`.
pub(super) fn crud(action: &str, node: &Node, host: &str) -> Notice {
    let payload = payload("NodeCRUDPayload", "1.15", |all| {
        members(all, node, host);
        all.shown(TABLE, &["instance_info", "driver_info", "chassis_uuid"], node, host);
    });
    notice(action, "end", Service::Api, node, payload)
}

pub(super) fn notice(action: &str, status: &str, service: Service, node: &Node, payload: Vec<u8>) -> Notice {
    Notice {
        event_type: format!("baremetal.node.{action}.{status}"),
        service,
        is_error: status == "error",
        node: Some(node.id),
        sight: Sight::of_node(node),
        payload,
    }
}

pub(super) fn members(all: &mut Members, node: &Node, host: &str) {
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
