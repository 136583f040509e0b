//! Every path of the API, each with its first microversion. The first row that fits is the one: literals stand before
//! idents.

use crate::api::network::Page;
use crate::api::part::PartAction;
use crate::api::volume::VolumeAction;
use crate::model::bmc::panel::Book;
use crate::model::volume::VolumeKind;
use crate::net::http::Method::{self, Delete, Get, Patch, Post, Put};

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub method: Method,
    /// Without `/v1/`; `{}` stands for an ident.
    pub path: &'static str,
    /// Minor number of the first microversion that has it.
    pub since: u16,
    pub action: Action,
    /// The rack's door has it too.
    pub rack: bool,
    /// What is said below `since`.
    pub below: Below,
    /// One of our own, not below `/v1`.
    pub bare: bool,
}

/// How an older client is told that something is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// 404 of the router.
    Nothing,
    /// The same, whatever else can be done at the path.
    NothingAlone,
    /// 405 of the router.
    NotAllowed,
    /// 405 below this version, 404 of the router from there on.
    NotAllowedBelow(u16),
    /// 404 of the resource.
    NotFound,
    /// 406 of the resource.
    TooNew,
}

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Root,
    OpenApi,
    Version,
    NodeList,
    NodeDetail,
    NodeCreate,
    NodeUnnamed,
    NodeShow,
    NodePatch,
    NodeDelete,
    NodeValidate,
    NodeStates,
    NodePower,
    NodeProvision,
    NodeMaintenance,
    NodeMaintenanceEnd,
    NodeBootDevice,
    NodeBootDeviceSet,
    NodeBootDevices,
    NodeBootMode,
    NodeSecureBoot,
    NodeNmi,
    NodeIndicators,
    NodeIndicator,
    NodeIndicatorSet,
    NodeMedia(Drive),
    NodeMethods,
    /// A vendor's method, called by this request method.
    NodePassthru(Method),
    NodeConsoleSet,
    NodeConsoleLine,
    NodeConsoleLog,
    NodeSensors,
    /// What a request would lead to.
    NodePlan,
    NodeBook(Book),
    NodeHistory,
    NodeHistoryEvent,
    NodeInventory,
    NodeConsole,
    NodeChildren,
    NodePorts,
    /// What belongs to a node beside its settings.
    Part(PartAction),
    PortList,
    PortDetail,
    PortCreate,
    PortShow,
    PortPatch,
    PortDelete,
    DriverList,
    DriverShow,
    DriverProperties,
    DriverRaid,
    DriverMethods,
    DriverPassthru,
    /// The stream of what changes.
    Events,
    /// Numbers for Prometheus.
    Metrics,
    ConductorList,
    ConductorShow,
    Network(Page),
    SiteSteps,
    Shards,
    Volume(VolumeAction),
    Lookup,
    Heartbeat,
    Rack(RackAction),
    Template(TemplateAction),
    Runbook(RunbookAction),
    Chassis(ChassisAction),
    Allocation(AllocationAction),
}

/// What a request wants of a BMC's drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    List,
    Insert,
    Eject,
}

/// What a request wants of what belongs to no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RackAction {
    ContinueInspection,
    DiscoveredList,
    DiscoveredForget,
    TokenList,
    TokenCreate,
    TokenRevoke,
    Audit,
    RuleList,
    RuleCreate,
    RuleShow,
    RulePatch,
    RuleDelete,
    RuleClear,
}

/// What a request wants of deploy templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateAction {
    List,
    Create,
    Show,
    Patch,
    Delete,
    Unnamed,
}

/// What a request wants of runbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunbookAction {
    List,
    Create,
    Show,
    Patch,
    Delete,
    Unnamed,
    Traits,
    TraitsSet,
    TraitsDrop,
    TraitAdd,
    TraitDrop,
}

/// What a request wants of allocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllocationAction {
    List,
    Create,
    Show,
    Patch,
    Delete,
    /// The one that has the path's node.
    OfNode,
    DeleteOfNode,
}

/// What a request wants of chassis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChassisAction {
    List,
    Detail,
    Create,
    Show,
    Patch,
    Delete,
    Unnamed,
    Nodes,
}

const fn at(method: Method, path: &'static str, since: u16, action: Action) -> Route {
    Route { method, path, since, action, rack: false, below: Below::Nothing, bare: false }
}

/// Also at the rack's door.
const fn rack(route: Route) -> Route {
    Route { rack: true, ..route }
}

/// For agents: below its version the resource itself says that it is not there.
const fn agents(route: Route) -> Route {
    Route { rack: true, below: Below::NotFound, ..route }
}

/// Ours, of no microversion, and not below `/v1`.
const fn bare(method: Method, path: &'static str, action: Action) -> Route {
    Route { bare: true, ..at(method, path, 1, action) }
}

/// 404 of the resource below its version.
const fn absent(route: Route) -> Route {
    Route { below: Below::NotFound, ..route }
}

/// 404 below its version, although other methods of the path are there.
const fn apart(route: Route) -> Route {
    Route { below: Below::NothingAlone, ..route }
}

/// 406 below its version.
const fn newer(route: Route) -> Route {
    Route { below: Below::TooNew, ..route }
}

/// 405 below its version.
const fn refuses(route: Route) -> Route {
    Route { below: Below::NotAllowed, ..route }
}

/// A part of runbooks that came later than they: 404 below its version, and 405 where there are no runbooks.
const fn of_runbooks(route: Route) -> Route {
    Route { below: Below::NotAllowedBelow(92), ..route }
}

#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    rack(at(Get, "", 1, Action::Root)),
    rack(at(Get, "v1", 1, Action::Version)),
    agents(at(Get, "lookup", 22, Action::Lookup)),
    agents(at(Post, "heartbeat/{}", 22, Action::Heartbeat)),
    rack(at(Post, "continue_inspection", 1, Action::Rack(RackAction::ContinueInspection))),
    bare(Get, "events", Action::Events),
    bare(Get, "metrics", Action::Metrics),
    at(Post, "events", 54, Action::Part(PartAction::Events)),
    at(Get, "nodes", 1, Action::NodeList),
    at(Post, "nodes", 1, Action::NodeCreate),
    at(Patch, "nodes", 1, Action::NodeUnnamed),
    at(Delete, "nodes", 1, Action::NodeUnnamed),
    at(Get, "nodes/detail", 1, Action::NodeDetail),
    at(Get, "nodes/validate", 1, Action::NodeValidate),
    at(Get, "nodes/{}", 1, Action::NodeShow),
    at(Patch, "nodes/{}", 1, Action::NodePatch),
    at(Delete, "nodes/{}", 1, Action::NodeDelete),
    at(Get, "nodes/{}/validate", 1, Action::NodeValidate),
    at(Get, "nodes/{}/states", 1, Action::NodeStates),
    at(Put, "nodes/{}/states/power", 1, Action::NodePower),
    at(Put, "nodes/{}/states/provision", 1, Action::NodeProvision),
    newer(at(Put, "nodes/{}/states/raid", 12, Action::Part(PartAction::Raid))),
    absent(at(Put, "nodes/{}/states/boot_mode", 76, Action::NodeBootMode)),
    absent(at(Put, "nodes/{}/states/secure_boot", 76, Action::NodeSecureBoot)),
    at(Get, "nodes/{}/states/console", 1, Action::NodeConsole),
    at(Put, "nodes/{}/states/console", 1, Action::NodeConsoleSet),
    at(Put, "nodes/{}/maintenance", 1, Action::NodeMaintenance),
    at(Delete, "nodes/{}/maintenance", 1, Action::NodeMaintenanceEnd),
    at(Get, "nodes/{}/management/boot_device", 1, Action::NodeBootDevice),
    at(Put, "nodes/{}/management/boot_device", 1, Action::NodeBootDeviceSet),
    at(Get, "nodes/{}/management/boot_device/supported", 1, Action::NodeBootDevices),
    absent(at(Put, "nodes/{}/management/inject_nmi", 29, Action::NodeNmi)),
    at(Get, "nodes/{}/management/indicators", 63, Action::NodeIndicators),
    at(Get, "nodes/{}/management/indicators/{}", 63, Action::NodeIndicator),
    at(Put, "nodes/{}/management/indicators/{}", 63, Action::NodeIndicatorSet),
    at(Get, "nodes/{}/management/indicators/{}/{}", 63, Action::NodeIndicator),
    at(Put, "nodes/{}/management/indicators/{}/{}", 63, Action::NodeIndicatorSet),
    at(Get, "nodes/{}/bios", 40, Action::Part(PartAction::Settings)),
    at(Get, "nodes/{}/bios/{}", 40, Action::Part(PartAction::Setting)),
    at(Get, "nodes/{}/firmware", 86, Action::Part(PartAction::Components)),
    at(Get, "nodes/{}/volume", 32, Action::Volume(VolumeAction::NodePage)),
    at(Get, "nodes/{}/volume/connectors", 32, Action::Volume(VolumeAction::NodeList(VolumeKind::Connector))),
    at(Post, "nodes/{}/volume/connectors", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Get, "nodes/{}/volume/connectors/{}", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Patch, "nodes/{}/volume/connectors/{}", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Delete, "nodes/{}/volume/connectors/{}", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Get, "nodes/{}/volume/targets", 32, Action::Volume(VolumeAction::NodeList(VolumeKind::Target))),
    at(Post, "nodes/{}/volume/targets", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Get, "nodes/{}/volume/targets/{}", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Patch, "nodes/{}/volume/targets/{}", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Delete, "nodes/{}/volume/targets/{}", 32, Action::Volume(VolumeAction::Misplaced)),
    at(Get, "nodes/{}/traits", 37, Action::Part(PartAction::Traits)),
    at(Put, "nodes/{}/traits", 37, Action::Part(PartAction::TraitsSet)),
    at(Delete, "nodes/{}/traits", 37, Action::Part(PartAction::TraitsClear)),
    at(Put, "nodes/{}/traits/{}", 37, Action::Part(PartAction::TraitAdd)),
    at(Delete, "nodes/{}/traits/{}", 37, Action::Part(PartAction::TraitRemove)),
    at(Get, "nodes/{}/vifs", 28, Action::Part(PartAction::Vifs)),
    at(Post, "nodes/{}/vifs", 28, Action::Part(PartAction::VifAttach)),
    at(Delete, "nodes/{}/vifs/{}", 28, Action::Part(PartAction::VifDetach)),
    at(Get, "nodes/{}/vendor_passthru/methods", 1, Action::NodeMethods),
    at(Get, "nodes/{}/vendor_passthru", 1, Action::NodePassthru(Get)),
    at(Put, "nodes/{}/vendor_passthru", 1, Action::NodePassthru(Put)),
    at(Post, "nodes/{}/vendor_passthru", 1, Action::NodePassthru(Post)),
    at(Patch, "nodes/{}/vendor_passthru", 1, Action::NodePassthru(Patch)),
    at(Delete, "nodes/{}/vendor_passthru", 1, Action::NodePassthru(Delete)),
    at(Get, "nodes/{}/vendor_passthru/{}", 1, Action::NodePassthru(Get)),
    at(Put, "nodes/{}/vendor_passthru/{}", 1, Action::NodePassthru(Put)),
    at(Post, "nodes/{}/vendor_passthru/{}", 1, Action::NodePassthru(Post)),
    at(Patch, "nodes/{}/vendor_passthru/{}", 1, Action::NodePassthru(Patch)),
    at(Delete, "nodes/{}/vendor_passthru/{}", 1, Action::NodePassthru(Delete)),
    apart(at(Get, "nodes/{}/vmedia", 93, Action::NodeMedia(Drive::List))),
    at(Post, "nodes/{}/vmedia", 89, Action::NodeMedia(Drive::Insert)),
    at(Delete, "nodes/{}/vmedia", 89, Action::NodeMedia(Drive::Eject)),
    at(Delete, "nodes/{}/vmedia/{}", 89, Action::NodeMedia(Drive::Eject)),
    at(Get, "nodes/{}/history", 78, Action::NodeHistory),
    at(Get, "nodes/{}/history/{}", 78, Action::NodeHistoryEvent),
    at(Get, "nodes/{}/inventory", 81, Action::NodeInventory),
    at(Get, "nodes/{}/children", 83, Action::NodeChildren),
    at(Get, "nodes/{}/allocation", 52, Action::Allocation(AllocationAction::OfNode)),
    at(Delete, "nodes/{}/allocation", 52, Action::Allocation(AllocationAction::DeleteOfNode)),
    at(Get, "nodes/{}/ports", 1, Action::NodePorts),
    at(Get, "nodes/{}/portgroups", 24, Action::Part(PartAction::NodePortgroups)),
    at(Get, "nodes/{}/portgroups/{}/ports", 24, Action::Part(PartAction::NodePortgroupPorts)),
    at(Get, "ferric/v1/nodes/{}/console", 1, Action::NodeConsoleLine),
    at(Get, "ferric/v1/nodes/{}/console/log", 1, Action::NodeConsoleLog),
    at(Get, "ferric/v1/nodes/{}/sensors", 1, Action::NodeSensors),
    at(Post, "ferric/v1/nodes/{}/plan", 1, Action::NodePlan),
    at(Get, "ferric/v1/nodes/{}/sel", 1, Action::NodeBook(Book::Events)),
    at(Get, "ferric/v1/nodes/{}/fru", 1, Action::NodeBook(Book::Inventory)),
    at(Get, "ferric/v1/nodes/{}/power_reading", 1, Action::NodeBook(Book::Draw)),
    at(Get, "ferric/v1/openapi.json", 1, Action::OpenApi),
    at(Get, "ferric/v1/leases", 1, Action::Network(Page::Leases)),
    at(Get, "ferric/v1/networks", 1, Action::Network(Page::Networks)),
    at(Get, "ferric/v1/webhooks", 1, Action::Network(Page::Webhooks)),
    at(Get, "ferric/v1/steps", 1, Action::SiteSteps),
    at(Get, "ferric/v1/discovered", 1, Action::Rack(RackAction::DiscoveredList)),
    at(Delete, "ferric/v1/discovered/{}", 1, Action::Rack(RackAction::DiscoveredForget)),
    at(Get, "ferric/v1/tokens", 1, Action::Rack(RackAction::TokenList)),
    at(Post, "ferric/v1/tokens", 1, Action::Rack(RackAction::TokenCreate)),
    at(Delete, "ferric/v1/tokens/{}", 1, Action::Rack(RackAction::TokenRevoke)),
    at(Get, "ferric/v1/audit", 1, Action::Rack(RackAction::Audit)),
    at(Get, "ports", 1, Action::PortList),
    at(Post, "ports", 1, Action::PortCreate),
    at(Get, "ports/detail", 1, Action::PortDetail),
    at(Get, "ports/{}", 1, Action::PortShow),
    at(Patch, "ports/{}", 1, Action::PortPatch),
    at(Delete, "ports/{}", 1, Action::PortDelete),
    at(Get, "drivers", 1, Action::DriverList),
    at(Get, "drivers/{}", 1, Action::DriverShow),
    at(Get, "drivers/{}/properties", 1, Action::DriverProperties),
    newer(at(Get, "drivers/{}/raid/logical_disk_properties", 12, Action::DriverRaid)),
    at(Get, "drivers/{}/vendor_passthru/methods", 1, Action::DriverMethods),
    at(Get, "drivers/{}/vendor_passthru", 1, Action::DriverPassthru),
    at(Put, "drivers/{}/vendor_passthru", 1, Action::DriverPassthru),
    at(Post, "drivers/{}/vendor_passthru", 1, Action::DriverPassthru),
    at(Patch, "drivers/{}/vendor_passthru", 1, Action::DriverPassthru),
    at(Delete, "drivers/{}/vendor_passthru", 1, Action::DriverPassthru),
    at(Get, "drivers/{}/vendor_passthru/{}", 1, Action::DriverPassthru),
    at(Put, "drivers/{}/vendor_passthru/{}", 1, Action::DriverPassthru),
    at(Post, "drivers/{}/vendor_passthru/{}", 1, Action::DriverPassthru),
    at(Patch, "drivers/{}/vendor_passthru/{}", 1, Action::DriverPassthru),
    at(Delete, "drivers/{}/vendor_passthru/{}", 1, Action::DriverPassthru),
    at(Get, "conductors", 49, Action::ConductorList),
    at(Get, "conductors/{}", 49, Action::ConductorShow),
    at(Get, "shards", 82, Action::Shards),
    at(Get, "portgroups", 23, Action::Part(PartAction::PortgroupList)),
    at(Get, "portgroups/detail", 23, Action::Part(PartAction::PortgroupDetail)),
    at(Post, "portgroups", 23, Action::Part(PartAction::PortgroupCreate)),
    at(Get, "portgroups/{}", 23, Action::Part(PartAction::PortgroupShow)),
    at(Patch, "portgroups/{}", 23, Action::Part(PartAction::PortgroupPatch)),
    at(Delete, "portgroups/{}", 23, Action::Part(PartAction::PortgroupDelete)),
    at(Get, "portgroups/{}/ports", 24, Action::Part(PartAction::PortgroupPorts)),
    at(Get, "chassis", 1, Action::Chassis(ChassisAction::List)),
    at(Post, "chassis", 1, Action::Chassis(ChassisAction::Create)),
    at(Patch, "chassis", 1, Action::Chassis(ChassisAction::Unnamed)),
    at(Delete, "chassis", 1, Action::Chassis(ChassisAction::Unnamed)),
    at(Get, "chassis/detail", 1, Action::Chassis(ChassisAction::Detail)),
    at(Get, "chassis/{}", 1, Action::Chassis(ChassisAction::Show)),
    at(Patch, "chassis/{}", 1, Action::Chassis(ChassisAction::Patch)),
    at(Delete, "chassis/{}", 1, Action::Chassis(ChassisAction::Delete)),
    at(Get, "chassis/{}/nodes", 1, Action::Chassis(ChassisAction::Nodes)),
    at(Get, "volume", 32, Action::Volume(VolumeAction::Page)),
    at(Get, "volume/connectors", 32, Action::Volume(VolumeAction::List(VolumeKind::Connector))),
    at(Post, "volume/connectors", 32, Action::Volume(VolumeAction::Create(VolumeKind::Connector))),
    at(Patch, "volume/connectors", 32, Action::Volume(VolumeAction::Unnamed)),
    at(Delete, "volume/connectors", 32, Action::Volume(VolumeAction::Unnamed)),
    at(Get, "volume/connectors/{}", 32, Action::Volume(VolumeAction::Show(VolumeKind::Connector))),
    at(Patch, "volume/connectors/{}", 32, Action::Volume(VolumeAction::Patch(VolumeKind::Connector))),
    at(Delete, "volume/connectors/{}", 32, Action::Volume(VolumeAction::Delete(VolumeKind::Connector))),
    at(Get, "volume/targets", 32, Action::Volume(VolumeAction::List(VolumeKind::Target))),
    at(Post, "volume/targets", 32, Action::Volume(VolumeAction::Create(VolumeKind::Target))),
    at(Patch, "volume/targets", 32, Action::Volume(VolumeAction::Unnamed)),
    at(Delete, "volume/targets", 32, Action::Volume(VolumeAction::Unnamed)),
    at(Get, "volume/targets/{}", 32, Action::Volume(VolumeAction::Show(VolumeKind::Target))),
    at(Patch, "volume/targets/{}", 32, Action::Volume(VolumeAction::Patch(VolumeKind::Target))),
    at(Delete, "volume/targets/{}", 32, Action::Volume(VolumeAction::Delete(VolumeKind::Target))),
    at(Get, "allocations", 52, Action::Allocation(AllocationAction::List)),
    refuses(at(Post, "allocations", 52, Action::Allocation(AllocationAction::Create))),
    at(Get, "allocations/{}", 52, Action::Allocation(AllocationAction::Show)),
    refuses(at(Patch, "allocations/{}", 57, Action::Allocation(AllocationAction::Patch))),
    refuses(at(Delete, "allocations/{}", 52, Action::Allocation(AllocationAction::Delete))),
    at(Get, "deploy_templates", 55, Action::Template(TemplateAction::List)),
    refuses(at(Post, "deploy_templates", 55, Action::Template(TemplateAction::Create))),
    at(Get, "deploy_templates/{}", 55, Action::Template(TemplateAction::Show)),
    refuses(at(Patch, "deploy_templates/{}", 55, Action::Template(TemplateAction::Patch))),
    refuses(at(Delete, "deploy_templates/{}", 55, Action::Template(TemplateAction::Delete))),
    at(Get, "runbooks", 92, Action::Runbook(RunbookAction::List)),
    refuses(at(Post, "runbooks", 92, Action::Runbook(RunbookAction::Create))),
    at(Get, "runbooks/{}", 92, Action::Runbook(RunbookAction::Show)),
    refuses(at(Patch, "runbooks/{}", 92, Action::Runbook(RunbookAction::Patch))),
    refuses(at(Delete, "runbooks/{}", 92, Action::Runbook(RunbookAction::Delete))),
    refuses(at(Patch, "deploy_templates", 55, Action::Template(TemplateAction::Unnamed))),
    refuses(at(Delete, "deploy_templates", 55, Action::Template(TemplateAction::Unnamed))),
    refuses(at(Patch, "runbooks", 92, Action::Runbook(RunbookAction::Unnamed))),
    refuses(at(Delete, "runbooks", 92, Action::Runbook(RunbookAction::Unnamed))),
    at(Get, "runbooks/{}/traits", 112, Action::Runbook(RunbookAction::Traits)),
    of_runbooks(at(Put, "runbooks/{}/traits", 112, Action::Runbook(RunbookAction::TraitsSet))),
    of_runbooks(at(Delete, "runbooks/{}/traits", 112, Action::Runbook(RunbookAction::TraitsDrop))),
    of_runbooks(at(Put, "runbooks/{}/traits/{}", 112, Action::Runbook(RunbookAction::TraitAdd))),
    of_runbooks(at(Delete, "runbooks/{}/traits/{}", 112, Action::Runbook(RunbookAction::TraitDrop))),
    at(Get, "inspection_rules", 96, Action::Rack(RackAction::RuleList)),
    refuses(at(Post, "inspection_rules", 96, Action::Rack(RackAction::RuleCreate))),
    refuses(at(Delete, "inspection_rules", 96, Action::Rack(RackAction::RuleClear))),
    at(Get, "inspection_rules/{}", 96, Action::Rack(RackAction::RuleShow)),
    refuses(at(Patch, "inspection_rules/{}", 96, Action::Rack(RackAction::RulePatch))),
    refuses(at(Delete, "inspection_rules/{}", 96, Action::Rack(RackAction::RuleDelete))),
];
