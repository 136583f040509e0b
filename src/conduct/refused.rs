//! Changes that were refused for the state in which they found a record are told, as the reference does: whoever watches
//! sees that somebody tried. Wrong requests, and what is not there, are the client's business alone.

use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::conduct::site::Site;
use crate::model::allocation::AllocationAsk;
use crate::model::chassis::ChassisAsk;
use crate::model::decision::ask::Ask;
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::notice::sight::Sight;
use crate::model::notice::{Notice, refused};
use crate::model::part::ask::{PartAsk, PortgroupAsk};
use crate::model::rack::RackAsk;
use crate::model::runbook::RunbookAsk;
use crate::model::template::TemplateAsk;
use crate::model::volume::{VolumeAsk, VolumeKind, VolumeRow};
use crate::store::error::StoreError;
use crate::store::published::Published;
use crate::store::shelf::Kept;

/// Tells that what was asked of a node was refused.
pub async fn of_node(site: &Site, id: NodeId, ask: &Ask, refusal: &Refusal) {
    if !is_told(refusal, deletes(ask)) {
        return;
    }
    let published = site.reader.published();
    let Some(node) = published.node(id) else { return };
    let mut notices = Told { published: &published, host: &site.policy.host }.ask(node, ask);
    for notice in &mut notices {
        notice.sight = Sight::of_node(node);
    }
    write(site, notices).await;
}

/// Tells that what was asked of the rack was refused.
pub async fn of_rack(site: &Site, ask: &RackAsk, refusal: &Refusal) {
    if !is_told(refusal, rack_deletes(ask)) {
        return;
    }
    let published = site.reader.published();
    let notices = Told { published: &published, host: &site.policy.host }.rack(ask);
    write(site, notices).await;
}

/// Nobody waits for it to be kept: where it cannot be, the log says so.
async fn write(site: &Site, notices: Vec<Notice>) {
    if notices.is_empty() {
        return;
    }
    let kept: Result<(), StoreError> = site
        .writer
        .write("refused", move |txn| notices.iter().try_for_each(|notice| txn.feed().append(notice)))
        .await;
    if let Err(error) = kept {
        tracing::warn!(%error, "that a change was refused could not be told");
    }
}

/// Whether it is the record's state that is against it. A deletion has nothing about it that could be wrong.
fn is_told(refusal: &Refusal, deletes: bool) -> bool {
    match refusal {
        Refusal::Locked { .. }
        | Refusal::NoSuchMove { .. }
        | Refusal::InMaintenance { .. }
        | Refusal::Protected { .. }
        | Refusal::Retired { .. }
        | Refusal::Conflict(_)
        | Refusal::Duplicate(_) => true,
        Refusal::Invalid(_) => deletes,
        Refusal::NoSuchNode { .. }
        | Refusal::NoSuchPort { .. }
        | Refusal::NotFound(_)
        | Refusal::AskAgain { .. }
        | Refusal::Unanswered(_)
        | Refusal::Full { .. }
        | Refusal::Busy(_)
        | Refusal::Internal(_) => false,
    }
}

fn deletes(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::Delete
            | Ask::PortDelete { .. }
            | Ask::Volume(VolumeAsk::Delete { .. })
            | Ask::Part(PartAsk::Portgroup(PortgroupAsk::Delete(_)))
    )
}

fn rack_deletes(ask: &RackAsk) -> bool {
    matches!(
        ask,
        RackAsk::Allocation(AllocationAsk::Delete(_))
            | RackAsk::Chassis(ChassisAsk::Delete(_))
            | RackAsk::Template(TemplateAsk::Delete(_))
            | RackAsk::Runbook(RunbookAsk::Delete(_))
    )
}

/// The records as they stay.
struct Told<'a> {
    published: &'a Published,
    host: &'a str,
}

impl Told<'_> {
    fn ask(&self, node: &Node, ask: &Ask) -> Vec<Notice> {
        let host = self.host;
        let port = |action, id| {
            let found = self.published.port(id);
            found.map_or_else(Vec::new, |port| refused::port(action, port, host))
        };
        match ask {
            Ask::Patch(_) | Ask::Part(PartAsk::Traits(_)) => refused::node("update", node, host),
            Ask::Delete => refused::node("delete", node, host),
            Ask::Maintenance { .. } => refused::maintenance(node, host),
            Ask::PortCreate(port) => refused::port("create", port, host),
            Ask::PortPatch { port: id, .. } => port("update", *id),
            Ask::PortDelete { port: id } => port("delete", *id),
            Ask::Volume(ask) => self.volume(ask),
            Ask::Part(PartAsk::Portgroup(ask)) => self.portgroup(ask),
            Ask::Part(PartAsk::Raid(_) | PartAsk::VifAttach(_) | PartAsk::VifDetach(_))
            | Ask::Provision(_)
            | Ask::Power { .. }
            | Ask::Lookup { .. }
            | Ask::Mode(_)
            | Ask::Console { .. }
            | Ask::Insert(_)
            | Ask::Eject(_)
            | Ask::Passthru(_)
            | Ask::Told(_)
            | Ask::Onward
            | Ask::Allocation(_) => Vec::new(),
        }
    }

    fn portgroup(&self, ask: &PortgroupAsk) -> Vec<Notice> {
        let kept = |action, id| self.kept("Portgroup", action, self.published.shelves().portgroups.get(id));
        match ask {
            PortgroupAsk::Create(group) => refused::thing("Portgroup", "create", &**group, self.host),
            PortgroupAsk::Patch { id, .. } => kept("update", *id),
            PortgroupAsk::Delete(id) => kept("delete", *id),
        }
    }

    fn volume(&self, ask: &VolumeAsk) -> Vec<Notice> {
        match ask {
            VolumeAsk::Create(VolumeRow::Connector(one)) => {
                refused::thing("Connector", "create", &**one, self.host)
            }
            VolumeAsk::Create(VolumeRow::Target(one)) => {
                refused::thing("Target", "create", &**one, self.host)
            }
            VolumeAsk::Patch { kind, id, .. } => self.kept_volume(*kind, "update", *id),
            VolumeAsk::Delete { kind, id } => self.kept_volume(*kind, "delete", *id),
        }
    }

    fn kept_volume(&self, kind: VolumeKind, action: &str, id: Uuid) -> Vec<Notice> {
        let shelves = self.published.shelves();
        match kind {
            VolumeKind::Connector => self.kept("Connector", action, shelves.connectors.get(id)),
            VolumeKind::Target => self.kept("Target", action, shelves.targets.get(id)),
        }
    }

    fn rack(&self, ask: &RackAsk) -> Vec<Notice> {
        let shelves = self.published.shelves();
        let allocation = |action, id| self.kept("Allocation", action, shelves.allocations.get(id));
        let chassis = |action, id| self.kept("Chassis", action, shelves.chassis.get(id));
        let template = |action, id| self.kept("Template", action, shelves.templates.get(id));
        let runbook = |action, id| self.kept("Runbook", action, shelves.runbooks.get(id));
        match ask {
            RackAsk::Allocation(AllocationAsk::Create(one)) => {
                refused::thing("Allocation", "create", &**one, self.host)
            }
            RackAsk::Allocation(AllocationAsk::Patch(id, _)) => allocation("update", *id),
            RackAsk::Allocation(AllocationAsk::Delete(id)) => allocation("delete", *id),
            RackAsk::Chassis(ChassisAsk::Create(one)) => refused::thing("Chassis", "create", one, self.host),
            RackAsk::Chassis(ChassisAsk::Patch(id, _)) => chassis("update", *id),
            RackAsk::Chassis(ChassisAsk::Delete(id)) => chassis("delete", *id),
            RackAsk::Template(TemplateAsk::Create(one)) => {
                refused::thing("Template", "create", one, self.host)
            }
            RackAsk::Template(TemplateAsk::Patch(id, _)) => template("update", *id),
            RackAsk::Template(TemplateAsk::Delete(id)) => template("delete", *id),
            RackAsk::Runbook(RunbookAsk::Create(one)) => refused::thing("Runbook", "create", one, self.host),
            RackAsk::Runbook(RunbookAsk::Delete(id)) => runbook("delete", *id),
            RackAsk::Runbook(
                RunbookAsk::Patch { id, .. }
                | RunbookAsk::Traits(id, _)
                | RunbookAsk::Add(id, _)
                | RunbookAsk::Drop(id, _),
            ) => runbook("update", *id),
            // What can be wrong with a rule is wrong with the request.
            RackAsk::RuleCreate(..)
            | RackAsk::RulePatch(..)
            | RackAsk::RuleDelete(_)
            | RackAsk::RuleClear
            | RackAsk::Token(_)
            | RackAsk::Discover(_)
            | RackAsk::Forget(_)
            | RackAsk::TurnedAway => Vec::new(),
        }
    }

    fn kept<T: Kept>(&self, name: &str, action: &str, found: Option<&Arc<T>>) -> Vec<Notice> {
        found.map_or_else(Vec::new, |one| refused::thing(name, action, &**one, self.host))
    }
}
