//! Simulated servers on loopback: power, a disk file, and an agent that speaks the recorded protocol.
//!
//! ```text
//! harness -- power button, faults --> Server --> agent: lookup, beats ------------> appliance
//!         <-- progress --------------           command API over HTTPS <----------
//! ```
//! A twin meets the appliance only over sockets. Its power button is pressed by the harness, as a person would.
//!
//! - `rack`      several servers made alike
//! - `server`    one server: power, boots, disk, faults, progress; `machine` is its inside during one boot
//! - `firmware`  what boots next, as a management controller sets it
//! - `settings`  what a server is made of and how fast it lives
//! - `progress`  what can be seen from outside
//! - `fault`     what can go wrong on demand
//! - `disk`      the disk file; `steps` the in-band steps on offer; `dice` seeded random numbers
//! - `netboot`   a firmware that really boots from the network
//! - `agent`     the agent of one boot
//! - `ipmi`      the BMC over IPMI
//! - `redfish`   the management controller: a Redfish service

pub mod agent;
pub mod dice;
pub mod disk;
pub mod fault;
pub mod ipmi;
pub mod firmware;
pub mod machine;
pub mod netboot;
pub mod progress;
pub mod rack;
pub mod redfish;
pub mod server;
pub mod settings;
pub mod steps;

#[cfg(test)]
mod tests;
