//! The one place that knows which name stands for which implementation.

mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::DuplexStream;

use crate::base::id::NodeId;
use crate::base::time::Later;
use crate::driver::agent::alive::is_alive;
use crate::driver::agent::bootc::BootcInstall;
use crate::driver::agent::finalize_rescue::FinalizeRescue;
use crate::driver::agent::in_band::InBandStep;
use crate::driver::agent::power::AgentPower;
use crate::driver::agent::prepare::PrepareBoot;
use crate::driver::agent::ready_image::ReadyImage;
use crate::driver::agent::tear_down::TearDown;
use crate::driver::agent::write_image::WriteImage;
use crate::driver::agent::{Agents, logs, steps};
use crate::driver::bmc::Ground;
use crate::driver::boot::BootGround;
use crate::driver::capability::boot::BootSwitch;
use crate::driver::capability::console::Console;
use crate::driver::error::DriverError;
use crate::driver::fake::steps::FakeStep;
use crate::driver::fake::{FakeRack, FakeServer};
use crate::driver::ipmi::Ipmi;
use crate::driver::ipmi::raw::{SEND_RAW, SendRaw};
use crate::driver::noop::NoopManagement;
use crate::driver::own_step::OwnWork;
use crate::driver::redfish::console::RedfishConsole;
use crate::driver::redfish::idrac::IdracStep;
use crate::driver::redfish::inspection::RedfishInspect;
use crate::driver::redfish::management::ManagementStep;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::upkeep::bios_step::BiosStep;
use crate::driver::redfish::upkeep::firmware::step::FirmwareStep;
use crate::driver::redfish::upkeep::raid::step::RaidStep;
use crate::driver::site::shelf::Shelf;
use crate::driver::site::work::SiteWork;
use crate::driver::site::{SiteSettings, Sites};
use crate::driver::table::{ROWS, Row, TYPES, TypeRow};
use crate::driver::unswitched::Unswitched;
use crate::driver::{
    Hardware, Machine, StepCall, StepWork, boot, knock, own_step, redfish, site, validate, vendor,
};
use crate::model::autodetect::{AUTODETECT, ORDER};
use crate::model::catalog::{Catalog, HardwareType, Implementation};
use crate::model::inspection::discovery::BmcKind;
use crate::model::inspection::reported::Reported;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::part::sheet::Sheet;
use crate::model::step::{By, Core, Kind, Step};
use crate::model::turn::{InBandSteps, Turn};

/// What the implementations share.
#[derive(Debug, Clone)]
pub struct Parts {
    pub fake: Arc<FakeRack>,
    pub agents: Arc<Agents>,
    pub bmc: Ground,
    pub boot: BootGround,
}

/// All implementations of the enabled hardware types.
#[derive(Debug)]
pub struct Registry {
    shelf: Arc<Shelf>,
    sites: Option<Arc<Sites>>,
    redfish: Arc<RedfishRack>,
    parts: Parts,
    ipmi: Arc<Ipmi>,
}

/// The configuration enables a hardware type that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no hardware type {name:?}: known are {known}")]
pub struct UnknownType {
    name: String,
    known: String,
}

impl Registry {
    /// Enables these hardware types with every interface that they support.
    pub fn new<'a>(types: impl IntoIterator<Item = &'a str>, parts: Parts) -> Result<Self, UnknownType> {
        let redfish = Arc::new(RedfishRack::new(parts.bmc.clone()));
        let ipmi = Arc::new(Ipmi::new(parts.bmc.clone()));
        Ok(Self { shelf: Arc::new(Shelf::new(catalog(types)?)), sites: None, redfish, ipmi, parts })
    }

    /// The same with the steps of the site: the manifests of a folder, read now.
    #[must_use]
    pub fn with_sites(mut self, settings: SiteSettings) -> Self {
        site::folder::sweep(&settings.tmp);
        let clock = Arc::clone(&self.parts.agents.clock);
        let sites = Sites::new(settings, clock, Arc::clone(&self.shelf));
        sites.read();
        self.sites = Some(Arc::new(sites));
        self
    }

    /// Hardware types and implementations, which stay as they are while the daemon runs.
    pub fn catalog(&self) -> &Catalog {
        self.shelf.base()
    }

    /// The same with the site's own steps, which may be read again.
    pub fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// The steps of the site, if it has a folder for them.
    pub fn sites(&self) -> Option<&Arc<Sites>> {
        self.sites.as_ref()
    }

    /// With the deploy interfaces that may stand in for `autodetect`, in this order.
    #[must_use]
    pub fn detecting(mut self, order: &[String]) -> Self {
        let catalog = Catalog { autodetect: order.to_vec(), ..self.catalog().clone() };
        self.shelf = Arc::new(Shelf::new(catalog));
        self
    }

    /// What the node's machine can do, by its interfaces: each name brings its own part.
    pub fn hardware(&self, node: &Node) -> Result<Hardware, DriverError> {
        let names = &node.wished.interfaces;
        for interface in [Interface::Power, Interface::Management] {
            let name = names.of(interface);
            if self.catalog().implementation(interface, name).is_none() {
                return Err(DriverError::NotEnabled { interface: interface.name(), name: name.to_owned() });
            }
        }
        let mut hardware = self.local(node);
        let is_any = |wanted: &[&str]| BMC.iter().any(|interface| wanted.contains(&names.of(*interface)));
        if is_any(&[REDFISH, IDRAC]) {
            self.add_redfish(node, &mut hardware)?;
        }
        if is_any(&[IPMI]) {
            self.add_ipmi(node, &mut hardware)?;
        }
        if names.of(Interface::Console) == IPMI_CONSOLE {
            let is_redfish = is_any(&[REDFISH, IDRAC]) && !validate::has_ipmi(node);
            hardware.console = Some(if is_redfish { self.serial(node)? } else { self.console(node) });
        }
        Ok(hardware)
    }

    /// What the node's boot interface does to its machine.
    pub fn boot(&self, node: &Node) -> Result<Arc<dyn BootSwitch>, DriverError> {
        boot::switch(&self.parts.boot, node, self.hardware(node)?)
    }

    /// Has on this host what the node is about to boot from elsewhere.
    pub async fn fetch_boot(&self, node: &Node) -> Result<(), DriverError> {
        self.parts.boot.fetch(node).await
    }

    /// REDFISH: the one place where its implementations are made.
    fn add_redfish(&self, node: &Node, hardware: &mut Hardware) -> Result<(), DriverError> {
        let server = Server::of(&self.redfish, node)?;
        let is = |interface| matches!(node.wished.interfaces.of(interface), REDFISH | IDRAC);
        if is(Interface::Management) {
            let is_idrac = node.wished.interfaces.of(Interface::Management) == IDRAC;
            redfish::hardware::manage(&server, is_idrac, hardware);
        }
        if is(Interface::Power) {
            hardware.power = Some(redfish::hardware::power(&server));
        }
        if is(Interface::Vendor) {
            hardware.vendor = Some(redfish::hardware::vendor(&server));
        }
        if is(Interface::Inspect) {
            hardware.inspect = Some(Arc::new(RedfishInspect(server)));
        }
        Ok(())
    }

    /// The serial console of a Redfish machine without IPMI settings: as its Redfish says, over SSH or IPMI with the
    /// same account.
    fn serial(&self, node: &Node) -> Result<Arc<dyn Console>, DriverError> {
        let server = Server::of(&self.redfish, node)?;
        let mut same = node.clone();
        let access = &server.talk.access;
        let settings = [
            ("ipmi_address", access.base.host_str().unwrap_or_default()),
            ("ipmi_username", access.user.as_deref().unwrap_or_default()),
            ("ipmi_password", access.password.reveal()),
        ];
        for (key, value) in settings {
            same.wished.driver_info.insert(key.to_owned(), value.into());
        }
        let over_ipmi = self.ipmi.server(&same).ok().and_then(|server| server.hardware().console);
        Ok(Arc::new(RedfishConsole::new(server, over_ipmi)))
    }

    /// IPMI: the one place where its implementations are made, but for the console's.
    fn add_ipmi(&self, node: &Node, hardware: &mut Hardware) -> Result<(), DriverError> {
        let all = self.ipmi.server(node)?.hardware();
        let is = |interface| node.wished.interfaces.of(interface) == IPMI;
        if is(Interface::Management) {
            hardware.boot_device = all.boot_device;
            hardware.sensors = all.sensors;
            hardware.books = all.books;
            hardware.nmi = all.nmi;
        }
        if is(Interface::Power) {
            hardware.power = all.power;
        }
        if is(Interface::Vendor) {
            hardware.vendor = all.vendor;
        }
        Ok(())
    }

    /// The console by IPMI, whatever the rest is: settings that do not suffice are told by who opens it.
    fn console(&self, node: &Node) -> Arc<dyn Console> {
        let made = self.ipmi.server(node).map(|server| server.hardware().console);
        match made {
            Ok(Some(console)) => console,
            Ok(None) => Arc::new(NoConsole(DriverError::Unsupported {
                implementation: IPMI_CONSOLE.to_owned(),
                what: "consoles".to_owned(),
            })),
            Err(error) => Arc::new(NoConsole(error)),
        }
    }

    /// What needs no BMC: fake, agent and noop.
    fn local(&self, node: &Node) -> Hardware {
        let fake = self.parts.fake.server(node).hardware();
        let is_fake = |interface| node.wished.interfaces.of(interface) == FAKE;
        let mut hardware = Hardware::default();
        if is_fake(Interface::Management) {
            hardware = Hardware {
                power: None,
                bios: None,
                raid: None,
                firmware: None,
                console: None,
                vendor: None,
                ..fake.clone()
            };
        } else if node.wished.interfaces.of(Interface::Management) == NOOP {
            hardware.boot_device = Some(Arc::new(NoopManagement));
        }
        hardware.power = match node.wished.interfaces.power.as_str() {
            FAKE => fake.power,
            AGENT => Some(Arc::new(AgentPower::new(Arc::clone(&self.parts.agents), node.clone()))),
            _ => None,
        };
        hardware.bios = fake.bios.filter(|_| is_fake(Interface::Bios));
        hardware.raid = fake.raid.filter(|_| is_fake(Interface::Raid));
        hardware.firmware = fake.firmware.filter(|_| is_fake(Interface::Firmware));
        hardware.console = fake.console.filter(|_| is_fake(Interface::Console));
        hardware.inspect = fake.inspect.filter(|_| is_fake(Interface::Inspect));
        hardware.vendor = fake.vendor.filter(|_| is_fake(Interface::Vendor));
        hardware
    }

    /// Who carries a step of the node out. A step that nobody has is one that fails.
    pub fn work(&self, step: &Step, node: &Node) -> Arc<dyn StepWork> {
        if let Some(own) = own_step::of(step, node) {
            return match self.hardware(node) {
                Ok(hardware) => Arc::new(OwnWork::new(own, hardware)),
                Err(error) => Arc::new(NoWork::because(&error)),
            };
        }
        let agents = || Arc::clone(&self.parts.agents);
        match (step.by, node.wished.interfaces.of(step.interface), step.step.as_str()) {
            (By::Core(Core::ReadyImage), _, _) => Arc::new(ReadyImage::new(agents())),
            (By::Agent, "agent", "finalize_rescue") => Arc::new(FinalizeRescue::new(agents())),
            (By::Agent, "direct", "write_image") => Arc::new(WriteImage::new(agents())),
            (By::Agent, "bootc", "execute_bootc_install") => Arc::new(BootcInstall::new(agents())),
            (By::Agent, _, _) => Arc::new(InBandStep::new(agents())),
            (By::Driver, REDFISH | IDRAC, name) => self.redfish_work(step, name),
            (By::Driver, AUTODETECT, "deploy") => Arc::new(Unswitched),
            (By::Driver, FAKE, _) => Arc::new(FakeStep::new(Arc::clone(&self.parts.fake))),
            (By::Driver, "direct" | "custom-agent" | "bootc" | "ramdisk" | "anaconda", name) => {
                self.deploy_work(name, node)
            }
            (By::Driver, IPMI, SEND_RAW) => Arc::new(SendRaw::new(Arc::clone(&self.ipmi))),
            (By::Site | By::Hook, _, _) => match &self.sites {
                Some(sites) => Arc::new(SiteWork::new(Arc::clone(sites))),
                None => Arc::new(NoWork { why: Some(NO_FOLDER.to_owned()) }),
            },
            (By::Driver | By::Core(_), _, _) => Arc::new(NoWork { why: None }),
        }
    }

    /// The steps of Redfish.
    fn redfish_work(&self, step: &Step, name: &str) -> Arc<dyn StepWork> {
        let rack = || Arc::clone(&self.redfish);
        match (step.interface, name) {
            (Interface::Management, "clear_job_queue" | "reset_idrac" | "known_good_state") => {
                Arc::new(IdracStep::new(rack()))
            }
            (Interface::Firmware, _) | (Interface::Management, "update_firmware") => {
                match FirmwareStep::of(name, rack(), &self.parts.boot) {
                    Some(work) => Arc::new(work),
                    None => Arc::new(NoWork { why: None }),
                }
            }
            (Interface::Management, name) => match ManagementStep::of(name, rack()) {
                Some(work) => Arc::new(work),
                None => Arc::new(NoWork { why: None }),
            },
            (Interface::Raid, name) => match RaidStep::of(name, rack()) {
                Some(work) => Arc::new(work),
                None => Arc::new(NoWork { why: None }),
            },
            (Interface::Bios, name) => match BiosStep::of(name, rack()) {
                Some(work) => Arc::new(work),
                None => Arc::new(NoWork { why: None }),
            },
            _ => Arc::new(NoWork { why: None }),
        }
    }

    /// Out-of-band steps of the deploy interfaces that go through an agent.
    fn deploy_work(&self, name: &str, node: &Node) -> Arc<dyn StepWork> {
        match (name, self.hardware(node)) {
            ("prepare_instance_boot" | "set_boot_to_disk", Ok(hardware)) => {
                Arc::new(PrepareBoot::new(Arc::clone(&self.parts.agents), hardware.boot_device))
            }
            ("tear_down_agent", Ok(_)) => self.tear_down(node),
            (_, Ok(_)) => Arc::new(NoWork { why: None }),
            (_, Err(error)) => Arc::new(NoWork::because(&error)),
        }
    }

    /// What the node's machine tells of its firmware, by the interfaces that ask it.
    pub async fn sheets(&self, node: &Node) -> Result<Vec<Sheet>, DriverError> {
        let is = |interface| matches!(node.wished.interfaces.of(interface), REDFISH | IDRAC);
        let server = Server::of(&self.redfish, node)?;
        let mut sheets = Vec::new();
        if is(Interface::Bios) {
            sheets.extend(known(server.bios_rows().await, "BIOS settings")?.map(Sheet::Settings));
        }
        if is(Interface::Firmware) {
            sheets
                .extend(known(server.firmware_parts().await, "firmware components")?.map(Sheet::Components));
        }
        Ok(sheets)
    }

    fn tear_down(&self, node: &Node) -> Arc<dyn StepWork> {
        let name = &node.wished.interfaces.power;
        let can_switch_on =
            self.catalog().implementation(Interface::Power, name).is_some_and(|found| found.power_wishes.on);
        match self.hardware(node).map(|hardware| hardware.power) {
            Ok(Some(power)) => Arc::new(TearDown::new(Arc::clone(&self.parts.agents), power, can_switch_on)),
            Ok(None) => Arc::new(NoWork { why: None }),
            Err(error) => Arc::new(NoWork::because(&error)),
        }
    }

    /// Closes the Redfish sessions; no Redfish call begins any more. Those of IPMI end with the daemon's token.
    pub async fn close(&self) {
        tokio::join!(self.redfish.close(), self.ipmi.close());
    }

    /// Takes over the sessions that the nodes' records name; before any call.
    pub fn recall(&self, nodes: &[Arc<Node>]) {
        self.redfish.recall(nodes);
    }

    /// Closes the sessions that none of the nodes, which are all, uses any more.
    pub async fn close_left(&self, nodes: &[Arc<Node>]) {
        self.redfish.close_left(nodes).await;
    }

    /// Lets go of BMCs that nobody has asked for long.
    pub async fn tidy(&self) {
        self.ipmi.tidy();
        self.redfish.tidy(redfish::talk::close::IDLE).await;
    }

    /// The steps that the agent on the machine offers for a pipeline.
    pub async fn agent_steps(&self, machine: &Machine, kind: Kind) -> Result<InBandSteps, DriverError> {
        steps::fetch(&self.parts.agents, machine, kind).await
    }

    /// Whether the known agent still answers as itself.
    pub async fn agent_alive(&self, node: &Node) -> bool {
        is_alive(&self.parts.agents, node).await
    }

    /// The ramdisk's logs, a gzipped tar archive.
    pub async fn logs(&self, node: &Node) -> Result<Vec<u8>, DriverError> {
        logs::collect(&self.parts.agents, node).await
    }

    /// What speaks at a node's BMC, of those kinds that the node's settings name an address for; shows no account.
    pub async fn knock(&self, node: &Node) -> Result<BmcKind, DriverError> {
        knock::knock(&self.redfish, &self.ipmi, node).await
    }

    /// Logs in to the node's BMC, once, and reads which machine it belongs to.
    pub async fn who(&self, node: &Node, kind: BmcKind) -> Result<Reported, DriverError> {
        match kind {
            BmcKind::Redfish => Ok(Server::of_stranger(&self.redfish, node)?.who_is_it().await?),
            BmcKind::Ipmi => self.ipmi.server(node)?.who_is_it().await,
        }
    }

    /// Lets go of what is remembered of a removed node.
    pub fn forget(&self, node: NodeId) {
        self.parts.fake.forget(node);
    }

    /// The fake machine of a node.
    pub fn fake(&self, node: &Node) -> FakeServer {
        self.parts.fake.server(node)
    }
}

/// What was read; a machine that does not have it has none, which hides nothing else of it.
fn known<T>(read: Result<T, RedfishError>, what: &str) -> Result<Option<T>, DriverError> {
    match read {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.is_silence() || error.is_about_account() => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, what, "the machine does not tell them");
            Ok(None)
        }
    }
}

/// A step that nobody carries out: the plan names what the node's interfaces do not have.
#[derive(Debug)]
struct NoWork {
    why: Option<String>,
}

impl NoWork {
    fn because(error: &DriverError) -> Self {
        Self { why: Some(error.to_string()) }
    }

    fn turn(&self, call: &StepCall) -> Turn {
        let step = &call.step;
        let name = call.machine.node.wished.interfaces.of(step.interface);
        let none = || format!("the {} interface {name:?} has no step {}", step.interface, step.step);
        Turn::failed(self.why.clone().unwrap_or_else(none))
    }
}

impl StepWork for NoWork {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async { self.turn(call) })
    }

    fn act<'a>(&'a self, call: &'a StepCall, _again: bool) -> Later<'a, Turn> {
        Box::pin(async { self.turn(call) })
    }
}

/// A console that cannot be opened, and why.
#[derive(Debug)]
struct NoConsole(DriverError);

impl Console for NoConsole {
    fn open(&self) -> Later<'_, Result<DuplexStream, DriverError>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

/// The catalog of these hardware types.
pub fn catalog<'a>(types: impl IntoIterator<Item = &'a str>) -> Result<Catalog, UnknownType> {
    let autodetect = ORDER.map(str::to_owned).to_vec();
    let mut catalog = Catalog { autodetect, ..Catalog::default() };
    for name in types {
        let found = TYPES.iter().find(|row| row.name == name).ok_or_else(|| unknown(name))?;
        catalog.types.insert(name.to_owned(), hardware_type(found));
        let rows = ROWS.iter().filter(|row| supports(found, row));
        catalog
            .implementations
            .extend(rows.map(|row| ((row.interface, row.name.to_owned()), implementation(row))));
    }
    Ok(catalog)
}

fn unknown(name: &str) -> UnknownType {
    let known: Vec<_> = TYPES.iter().map(|row| row.name).collect();
    UnknownType { name: name.chars().take(80).collect(), known: known.join(", ") }
}

fn supports(hardware_type: &TypeRow, row: &Row) -> bool {
    hardware_type
        .supported
        .iter()
        .any(|(interface, names)| *interface == row.interface && names.contains(&row.name))
}

fn hardware_type(row: &TypeRow) -> HardwareType {
    let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let properties = row.properties.iter().copied().flatten();
    HardwareType {
        supported: row.supported.iter().map(|(interface, names)| (*interface, owned(names))).collect(),
        properties: properties
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn implementation(row: &Row) -> Implementation {
    Implementation {
        absent: row.is_absent(),
        missing: row.missing,
        steps: row.steps.iter().copied().flatten().chain(own_step::declared(row)).cloned().collect(),
        uses_agent: row.uses_agent,
        power_wishes: row.power,
        boot_way: row.boot_way,
        tells_sheet: row.tells_sheet,
        methods: if row.interface == Interface::Vendor { vendor::methods(row.name) } else { &[] },
    }
}

/// The interfaces that a BMC stands behind.
const BMC: [Interface; 4] = [Interface::Power, Interface::Management, Interface::Inspect, Interface::Vendor];
/// A plan of an earlier start names what the site had then.
const NO_FOLDER: &str =
    "it is a step of the site, and the daemon runs without a folder for those: see [steps] directory";
/// The name of every fake implementation.
const FAKE: &str = "fake";
/// The name of power by the agent.
const AGENT: &str = "agent";
/// The name of a management that does nothing.
const NOOP: &str = "noop";
/// The names of power, management and vendor by Redfish.
const REDFISH: &str = "redfish";
const IDRAC: &str = "idrac-redfish";
/// The name of power, management and vendor by IPMI.
const IPMI: &str = "ipmitool";
/// The name of the console by IPMI.
const IPMI_CONSOLE: &str = "ipmitool-socat";

#[cfg(test)]
mod tests;
