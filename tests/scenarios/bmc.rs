//! Management controllers, simulated and of others.

pub mod inspect_redfish;
pub mod rack;
pub mod redfish_node;
pub mod twin_ipmi;
pub mod virtualbmc;
pub mod upkeep;
