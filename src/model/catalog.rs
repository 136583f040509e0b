//! Which hardware types, interfaces and steps this daemon offers: filled by `driver/registry`,
//! read by rules and by the API.

use std::collections::BTreeMap;

use crate::model::bmc::panel::MethodSpec;
use crate::model::interface::{Interface, Interfaces};
use crate::model::node::Node;
use crate::model::step::site::{SiteArg, SiteHook, SiteSteps};
use crate::model::step::{Again, By, Kind, Step};

/// All that is enabled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// Enabled hardware types by name.
    pub types: BTreeMap<String, HardwareType>,
    /// Implementations by interface and name.
    pub implementations: BTreeMap<(Interface, String), Implementation>,
    /// Deploy interfaces that may stand in for `autodetect`, the first that fits (`autodetect_deploy_interfaces`).
    pub autodetect: Vec<String>,
    /// What the site has added without recompiling.
    pub site: SiteSteps,
}

/// A hardware type: which implementations it supports, in order of preference.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HardwareType {
    pub supported: BTreeMap<Interface, Vec<String>>,
    /// `driver_info` keys that it reads, and what they mean.
    pub properties: BTreeMap<String, String>,
}

/// One implementation of an interface.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Implementation {
    /// Does nothing and says so in `validate` (`no-bios` and the like).
    pub absent: bool,
    /// Known by name only: nodes may name it, its use is refused.
    pub missing: bool,
    pub steps: Vec<StepSpec>,
    /// Ends in a ramdisk agent: cleaning and deployment boot it.
    pub uses_agent: bool,
    /// The agent must not be powered off by the pipeline.
    pub power_wishes: PowerSupport,
    /// How a boot interface brings what is booted.
    pub boot_way: BootWay,
    /// Its machine tells its settings or the versions of its firmware.
    pub tells_sheet: bool,
    /// Methods of a vendor interface, on a node.
    pub methods: &'static [MethodSpec],
}

/// How a boot interface brings what is booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BootWay {
    /// Nothing is seen to: whoever is there boots.
    #[default]
    Bare,
    /// By DHCP and what follows.
    Network,
    /// On a virtual CD.
    Medium,
    /// At a URL that the firmware is told.
    Url,
}

impl BootWay {
    /// Of the boot interface of this name.
    pub fn of(interface: &str) -> Self {
        match interface {
            "pxe" | "ipxe" | "http" | "http-ipxe" => Self::Network,
            "redfish-virtual-media" | "idrac-redfish-virtual-media" => Self::Medium,
            "redfish-https" => Self::Url,
            _ => Self::Bare,
        }
    }

    /// Whether a machine's BMC brings it what is booted, and no server of its network does.
    pub fn is_by_bmc(self) -> bool {
        self.bears_data()
    }

    /// Whether what is booted can bear data of its own, as a token.
    pub fn bears_data(self) -> bool {
        match self {
            Self::Medium | Self::Url => true,
            Self::Bare | Self::Network => false,
        }
    }
}

/// What a power implementation can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PowerSupport {
    pub soft: bool,
    pub on: bool,
    /// A soft reboot of what is never switched off.
    pub soft_reset: bool,
}

/// A step as an implementation declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSpec {
    pub kind: Kind,
    pub step: &'static str,
    pub priority: i64,
    pub abortable: bool,
    pub requires_ramdisk: bool,
    pub by: By,
    pub again: Again,
    pub args: &'static [ArgSpec],
}

/// An argument of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgSpec {
    pub name: &'static str,
    pub description: &'static str,
    pub required: bool,
}

/// A step that a node has, whoever declares it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer<'a> {
    pub kind: Kind,
    pub step: &'a str,
    pub priority: i64,
    pub abortable: bool,
    pub requires_ramdisk: bool,
    pub by: By,
    pub again: Again,
    pub args: OfferArgs<'a>,
}

/// The arguments of an offered step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OfferArgs<'a> {
    Declared(&'a [ArgSpec]),
    Site(&'a [SiteArg]),
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferArg<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub required: bool,
}

impl<'a> OfferArgs<'a> {
    pub fn iter(self) -> impl Iterator<Item = OfferArg<'a>> {
        let (declared, site): (&[ArgSpec], &[SiteArg]) = match self {
            Self::Declared(args) => (args, &[]),
            Self::Site(args) => (&[], args),
        };
        let one = |name, description, required| OfferArg { name, description, required };
        let declared = declared.iter().map(move |arg| one(arg.name, arg.description, arg.required));
        declared.chain(site.iter().map(move |arg| one(&arg.name, &arg.description, arg.required)))
    }
}

impl<'a> From<&'a StepSpec> for Offer<'a> {
    fn from(spec: &'a StepSpec) -> Self {
        Self {
            kind: spec.kind,
            step: spec.step,
            priority: spec.priority,
            abortable: spec.abortable,
            requires_ramdisk: spec.requires_ramdisk,
            by: spec.by,
            again: spec.again,
            args: OfferArgs::Declared(spec.args),
        }
    }
}

impl Catalog {
    pub fn implementation(&self, kind: Interface, name: &str) -> Option<&Implementation> {
        self.implementations.get(&(kind, name.to_owned()))
    }

    /// The steps of `kind` that a node has, with the interface of each: its drivers', then the site's own.
    pub fn steps<'a>(&'a self, node: &'a Node, kind: Kind) -> impl Iterator<Item = (Interface, Offer<'a>)> {
        let declared = Interface::ALL
            .into_iter()
            .filter_map(|interface| {
                let name = node.wished.interfaces.of(interface);
                self.implementation(interface, name).map(|found| (interface, found))
            })
            .flat_map(move |(interface, found)| {
                found
                    .steps
                    .iter()
                    .filter(move |spec| spec.kind == kind)
                    .map(move |spec| (interface, spec.into()))
            });
        declared.chain(self.site.offers(node, kind))
    }

    /// The site's hooks that follow a step.
    pub fn hooks<'a>(
        &'a self,
        node: &'a Node,
        kind: Kind,
        step: &'a Step,
    ) -> impl Iterator<Item = &'a SiteHook> {
        self.site.hooks_after(node, kind, step)
    }

    /// Whether cleaning and deployment of a node with these interfaces go through an agent.
    pub fn uses_agent(&self, interfaces: &Interfaces) -> bool {
        self.implementation(Interface::Deploy, &interfaces.deploy).is_some_and(|found| found.uses_agent)
    }

    /// How a node with these interfaces boots what it is brought.
    pub fn boot_way(&self, interfaces: &Interfaces) -> BootWay {
        self.implementation(Interface::Boot, &interfaces.boot).map(|found| found.boot_way).unwrap_or_default()
    }

    /// The default implementation of `interface` for a hardware type: its first supported one that is there, or
    /// else the first.
    pub fn default_of(&self, hardware_type: &str, interface: Interface) -> Option<&str> {
        let names = self.types.get(hardware_type)?.supported.get(&interface)?;
        let there = |name: &&String| self.is_there(interface, name);
        names.iter().find(there).or_else(|| names.first()).map(String::as_str)
    }

    /// Whether nodes may get this implementation without asking for it.
    pub fn is_there(&self, interface: Interface, name: &str) -> bool {
        let on_request = interface == Interface::Console && name == ON_REQUEST;
        !on_request && self.implementation(interface, name).is_some_and(|found| !found.missing)
    }
}

/// The console that is no node's default: it needs IPMI settings, which nodes of other hardware types need not have,
/// and the reference enables no console unless told to.
const ON_REQUEST: &str = "ipmitool-socat";
