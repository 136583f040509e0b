//! What a machine can do, one trait a capability. Each object is bound to one machine; each call has a deadline of
//! its own or is given one, and returns what it saw. Sending the same datagram or an idempotent GET again is
//! protocol; every other retry is the lane's.
//!
//! - `power`          on, off, soft off
//! - `boot`           what a boot interface does before a boot
//! - `boot_device`    where the next boot comes from
//! - `boot_mode`      UEFI or BIOS
//! - `secure_boot`    on or off
//! - `virtual_media`  a drive that holds an image by URL
//! - `bios`           settings by name
//! - `raid`           volumes
//! - `firmware`       components and their versions
//! - `sensors`        readings           - `books`  event log, inventory, power drawn
//! - `inspect`        what the machine is made of
//! - `indicators`     lamps
//! - `nmi`            the dump button
//! - `console`        a terminal
//! - `vendor`         methods of one vendor

pub mod bios;
pub mod books;
pub mod boot;
pub mod boot_device;
pub mod boot_mode;
pub mod console;
pub mod firmware;
pub mod indicators;
pub mod inspect;
pub mod nmi;
pub mod power;
pub mod raid;
pub mod secure_boot;
pub mod sensors;
pub mod vendor;
pub mod virtual_media;
