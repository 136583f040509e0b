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

mod daemon;
mod demo;
mod image_server;
mod machine;
mod peer_process;
mod peers;
mod rack_network;
mod typist;

mod boot_interfaces;
mod dhcp_clients;
mod dhcp_firmware;
mod dhcp_neighbours;
mod boot_files;
mod inspect_redfish;
mod ipmi_sim;
mod managed_inspection;
mod netboot6;
mod rack_of_bmcs;
mod redfish_node;
mod refusals;
mod stock_agent;
mod stock_cli;
mod stock_redfish;
mod stock_sdk;
mod sushy_emulator;
mod survival;
mod tftp_clients;
mod tftp_relay;
mod twin_ipmi;
mod unit_file;
mod virtual_media_boot;
mod virtualbmc;
