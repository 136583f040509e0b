//! What powers a machine: a BMC that others wrote, or the test's own hand where the node has none.

pub mod fru;
pub mod hand;
pub mod ipmi;
pub mod redfish;

use serde_json::Value;

use crate::machine::Machine;

/// Which one a case has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The test looks at the node's record and presses the button: for a node of `manual-management`.
    Hand,
    /// OpenIPMI's simulator, which owns the QEMU process.
    Ipmi,
    /// sushy-emulator over libvirt.
    Redfish,
}

/// One that runs; it ends with the test, and its machine with it.
#[derive(Debug)]
pub enum Bmc {
    Hand(hand::Hand),
    Ipmi(ipmi::Sim),
    Redfish(redfish::Emulator),
}

impl Bmc {
    /// Starts it with the machine switched off. `url` is the daemon's door for the hand.
    pub fn start(kind: Kind, machine: &Machine, url: &str) -> Self {
        match kind {
            Kind::Hand => Self::Hand(hand::Hand::follow(machine.clone(), url)),
            Kind::Ipmi => Self::Ipmi(ipmi::Sim::start(machine)),
            Kind::Redfish => Self::Redfish(redfish::Emulator::start(machine)),
        }
    }

    /// Driver and way to the BMC of its node.
    pub fn node(&self) -> Value {
        match self {
            Self::Hand(_) => hand::node(),
            Self::Ipmi(_) => ipmi::Sim::node(),
            Self::Redfish(emulator) => emulator.node(),
        }
    }
}
