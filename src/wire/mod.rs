//! Foreign bytes and texts to typed values and back; no socket, clock or store.

pub mod agent;
pub mod cmdline;
pub mod grub;
pub mod boot_file;
pub mod dhcp4;
pub mod frame;
pub mod ipmi;
pub mod ipxe;
pub mod link;
pub mod pxelinux;
pub mod dhcp6;
pub mod ipmi;
pub mod ra;
pub mod redfish;
