//! What belongs to nodes beside their settings, and the events that a network tells of their ports.

pub mod event;
pub mod portgroup;
pub mod raid;
pub mod sheet;
pub mod traits;
pub mod vif;

use crate::api::fault::Fault;
use crate::api::port::list as ports;
use crate::api::request::call::Call;
use crate::net::http::Response;

/// What a request wants of such a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartAction {
    Traits,
    TraitsSet,
    TraitsClear,
    TraitAdd,
    TraitRemove,
    Raid,
    Events,
    Vifs,
    VifAttach,
    VifDetach,
    Settings,
    Setting,
    Components,
    PortgroupList,
    PortgroupDetail,
    PortgroupCreate,
    PortgroupShow,
    PortgroupPatch,
    PortgroupDelete,
    /// Ports of a portgroup.
    PortgroupPorts,
    NodePortgroups,
    /// Ports of a portgroup of a node.
    NodePortgroupPorts,
}

/// Does what is asked for.
pub async fn act(action: PartAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        PartAction::Traits => traits::show(call),
        PartAction::TraitsSet => traits::set(call).await,
        PartAction::TraitsClear => traits::clear(call).await,
        PartAction::TraitAdd => traits::add(call).await,
        PartAction::TraitRemove => traits::remove(call).await,
        PartAction::Raid => raid::set(call).await,
        PartAction::Events => event::take(call).await,
        PartAction::Vifs => vif::list(call),
        PartAction::VifAttach => vif::attach(call).await,
        PartAction::VifDetach => vif::detach(call).await,
        PartAction::Settings => sheet::settings(call),
        PartAction::Setting => sheet::one_setting(call),
        PartAction::Components => sheet::components(call),
        PartAction::PortgroupList => portgroup::list(call, false),
        PartAction::PortgroupDetail => portgroup::list(call, true),
        PartAction::PortgroupCreate => portgroup::create(call).await,
        PartAction::PortgroupShow => portgroup::show(call),
        PartAction::PortgroupPatch => portgroup::patch(call).await,
        PartAction::PortgroupDelete => portgroup::delete(call).await,
        PartAction::PortgroupPorts => ports::of_portgroup(call),
        PartAction::NodePortgroups => portgroup::of_node(call),
        PartAction::NodePortgroupPorts => ports::of_node_portgroup(call),
    }
}
