//! What a machine that asks over DHCP is given: nothing, an address, or a file to boot.

use crate::model::boot::client::{Arch, Class, Client, Firmware};
use crate::model::boot::plan::{BootPlan, Discovery};
use crate::model::node::Node;

/// What a client is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// An address without boot data.
    Address,
    /// Boot data, with an address where this host gives them.
    Boot(BootFile),
}

/// What firmware loads first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootFile {
    /// A name at this host's TFTP server.
    Tftp(String),
    Url(String),
}

/// What `client` is offered. `node` has its address, if one is enrolled; `base` is this host's HTTP server as the client
/// reaches it, without a slash at its end.
pub fn offer(client: &Client, node: Option<&Node>, plan: &BootPlan, base: &str) -> Offer {
    if node.is_none() && plan.discovery == Discovery::Off {
        return Offer::Address;
    }
    if client.ipxe.is_some() {
        let mac = client.mac.to_string().replace(':', "-");
        return Offer::Boot(BootFile::Url(format!("{base}/boot/ipxe/{mac}")));
    }
    let Some(arch) = client.arch else { return Offer::Address };
    let loader = loader(arch, node);
    match (client.class, loader) {
        (Class::Pxe, Some(name)) => Offer::Boot(BootFile::Tftp(name.to_owned())),
        (Class::Http, Some(name)) => Offer::Boot(BootFile::Url(format!("{base}/boot/loader/{name}"))),
        (Class::Other, _) | (_, None) => Offer::Address,
    }
}

/// The first loader for this firmware, by the node's boot interface: a signed shim and GRUB or PXELINUX with `pxe` and
/// `http`, iPXE otherwise.
fn loader(arch: Arch, node: Option<&Node>) -> Option<&'static str> {
    let is_plain = node.is_some_and(|node| matches!(node.wished.interfaces.boot.as_str(), "pxe" | "http"));
    match (arch.cpu()?, arch.firmware(), is_plain) {
        ("x86_64", Firmware::Bios, true) => Some("pxelinux.0"),
        ("x86_64", Firmware::Bios, false) => Some("undionly.kpxe"),
        ("x86_64", Firmware::Uefi, true) => Some("bootx64.efi"),
        ("x86_64", Firmware::Uefi, false) => Some("snponly.efi"),
        ("aarch64", Firmware::Uefi, true) => Some("bootaa64.efi"),
        ("aarch64", Firmware::Uefi, false) => Some("snponly-arm64.efi"),
        _ => None,
    }
}
