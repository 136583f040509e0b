//! Foreign bytes and texts to typed values and back; no socket, clock or store.

pub mod agent;
pub mod boot_file;
pub mod cmdline;
pub mod cpio;
pub mod dhcp4;
pub mod dhcp6;
pub mod frame;
pub mod grub;
pub mod ipmi;
pub mod ipxe;
pub mod kickstart;
pub mod link;
pub mod pxelinux;
pub mod ra;
pub mod redfish;
pub mod tar;
