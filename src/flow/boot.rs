//! What a machine that boots is given: by DHCP nothing, an address, or a file to load; and then what its script starts.

pub mod again;
pub mod parts;

use crate::base::mac::Mac;
use crate::model::boot::Boots;
use crate::model::boot::client::{Arch, Class, Client, Ipxe};
use crate::model::boot::plan::{BootPlan, Discovery};
use crate::model::catalog::BootWay;
use crate::model::node::Node;
use crate::model::port::Port;

/// An enrolled machine, by the port that its NIC is.
#[derive(Debug, Clone, Copy)]
pub struct Enrolled<'a> {
    pub node: &'a Node,
    pub port: &'a Port,
}

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

/// What the site says of booting machines, and the rack as it is.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    pub plan: &'a BootPlan,
    /// A machine that nobody knows is awaited by an inspection.
    pub awaits_a_stranger: bool,
}

/// What `client` is offered. `enrolled` has its address, if one has; `base` is this host's HTTP server as the client
/// reaches it, without a slash at its end.
///
/// A node that shall boot its disk is given a loader too, whose script says so: firmware that is not answered waits
/// for a minute (measured with OVMF).
pub fn offer(client: &Client, enrolled: Option<Enrolled<'_>>, site: Site<'_>, base: &str) -> Offer {
    if start(enrolled, site) == Start::Next {
        return Offer::Address;
    }
    if let Some(ipxe) = client.ipxe {
        return Offer::Boot(script(client.mac, ipxe, base));
    }
    let name = client.arch.and_then(|arch| loader(arch, client.class, enrolled, site.plan));
    match (client.class, name) {
        (Class::Pxe, Some(name)) => Offer::Boot(BootFile::Tftp(name.to_owned())),
        (Class::Http, Some(name)) => Offer::Boot(BootFile::Url(format!("{base}/boot/loader/{name}"))),
        (Class::Other, _) | (_, None) => Offer::Address,
    }
}

/// The script for an iPXE, over what it has; most builds have HTTP and not all say so.
fn script(mac: Mac, ipxe: Ipxe, base: &str) -> BootFile {
    let name = format!("ipxe/{}", mac.hyphened());
    if ipxe.tftp && !ipxe.http { BootFile::Tftp(name) } else { BootFile::Url(format!("{base}/boot/{name}")) }
}

/// The first loader for this firmware, by the node's boot interface: a signed shim and GRUB or PXELINUX with `pxe` and
/// `http`, iPXE otherwise.
fn loader<'a>(
    arch: Arch,
    class: Class,
    enrolled: Option<Enrolled<'_>>,
    plan: &'a BootPlan,
) -> Option<&'a str> {
    let interface = enrolled.map(|one| one.node.wished.interfaces.boot.as_str());
    let loaders = match (interface, class) {
        (Some("pxe" | "http"), Class::Http) => &plan.loading.http,
        (Some("pxe" | "http"), Class::Pxe | Class::Other) => &plan.loading.pxe,
        (Some(_) | None, _) => &plan.loading.ipxe,
    };
    loaders.of(arch)
}

/// What a machine's script starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The agent's ramdisk for its node.
    Agent,
    /// What its instance is: a kernel with a ramdisk, or an ISO.
    Instance,
    /// What installs its instance.
    Installer,
    /// The agent's ramdisk for a machine that nobody knows, or that is left to boot by itself.
    Discovery,
    Disk,
    /// Nothing of ours: the firmware goes on to its next device, which may be what its BMC brought.
    Next,
}

/// What the machine with this NIC starts.
pub fn start(enrolled: Option<Enrolled<'_>>, site: Site<'_>) -> Start {
    let Some(Enrolled { node, port }) = enrolled else {
        return match site.plan.discovery {
            Discovery::Off if !site.awaits_a_stranger => Start::Next,
            Discovery::Off | Discovery::Record | Discovery::Enrol | Discovery::EnrolAndClean => {
                Start::Discovery
            }
        };
    };
    if node.is_left_to_network() {
        // Whichever of its NICs boots: it may be left to itself because none is known to.
        return Start::Discovery;
    }
    if !port.wished.pxe_enabled {
        return Start::Next;
    }
    let way = BootWay::of(&node.wished.interfaces.boot);
    let (is_brought, is_by_network) = (way.is_by_bmc(), way == BootWay::Network);
    match node.boots {
        // By its BMC: a script for it would lead anybody who names its NIC to what is meant for the machine alone.
        Boots::Ramdisk | Boots::Instance | Boots::Installer if is_brought => Start::Next,
        // No files were prepared for it: the site boots it its own way (`[agent] manage_agent_boot`).
        Boots::Ramdisk if is_by_network && node.boot_token.is_none() => Start::Next,
        Boots::Ramdisk => Start::Agent,
        Boots::Instance => Start::Instance,
        Boots::Installer => Start::Installer,
        Boots::Disk | Boots::Nothing => Start::Disk,
    }
}

#[cfg(test)]
mod tests;
