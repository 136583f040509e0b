//! What users do with the real binary, through parts that others wrote: the stock command line, the stock SDK, the
//! stock agent, and the operating system's own tools. A file a subject; a test's name says what the user does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    dead_code
)]

mod accounts;
mod anaconda;
mod bmc;
mod boot_elsewhere;
mod boot_files;
mod boot_interfaces;
mod boot_storm;
mod demo;
mod dhcp;
mod doors;
mod events;
mod ipmi_sim;
mod managed_inspection;
mod openapi;
mod own_cli;
mod refusals;
mod stage;
mod stock_agent;
mod stock_cli;
mod stock_redfish;
mod stock_sdk;
mod survival;
mod sushy_emulator;
mod tftp;
mod twin_rack;
mod unit_file;
mod virtual_media_boot;
