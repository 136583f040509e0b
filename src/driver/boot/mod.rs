//! Boot interfaces: what brings a ramdisk, or an instance's own ISO, to a machine.
//!
//! ```text
//!   network   DHCP and what follows: only the boot device is set     pxe, ipxe, http, http-ipxe
//!   medium    an ISO in the BMC's virtual CD                          redfish-virtual-media, idrac-...
//!   url       an ISO at a URL that the firmware is told               redfish-https
//! ```
//!
//! - `address`  under which URL a BMC fetches the boot ISO     - `mode`   boot mode and secure boot before a boot
//! - `check`    whether a node can boot so, before it does     - `veil`   errors without the path's secret
//! - `drive`    the config drive of an instance            - `words`  kernel parameters that people wrote

use std::sync::Arc;

use crate::base::chain::chain;
use crate::depot::blobs::Blobs;
use crate::depot::firmware::FirmwareFiles;
use crate::depot::ramdisks::installer::Heard;
use crate::depot::ramdisks::{RamdiskError, Ramdisks};
use crate::driver::Hardware;
use crate::driver::boot::address::Bases;
use crate::driver::boot::medium::MediumBoot;
use crate::driver::boot::network::NetworkBoot;
use crate::driver::boot::url::UrlBoot;
use crate::driver::capability::boot::BootSwitch;
use crate::driver::error::DriverError;
use crate::model::boot::Boots;
use crate::model::boot::elsewhere::has_drive;
use crate::model::inspection::policy::ManagedBoot;
use crate::model::node::Node;
use crate::net::whereabouts::Whereabouts;

pub mod address;
pub mod check;
pub mod drive;
pub mod medium;
pub mod mode;
pub mod network;
pub mod url;
pub mod veil;
pub mod words;

/// What the boot interfaces share.
#[derive(Debug, Clone)]
pub struct BootGround {
    pub ramdisks: Arc<Ramdisks>,
    pub bases: Bases,
    /// Where the config drives of deployments are kept.
    pub blobs: Option<Arc<Blobs>>,
    /// BMCs are given the addresses of instances' ISOs as they stand, unless the instance says otherwise.
    pub passes_isos: bool,
    /// Whether nodes are cleaned that say nothing of it.
    pub automated_clean: bool,
    /// The site's kernel parameters.
    pub kernel_append: String,
    /// Whether inspections leave machines to boot by themselves.
    pub managed_boot: ManagedBoot,
    /// Whether boot interfaces boot the agent of a rescue (`manage_agent_boot`).
    pub manage_agent_boot: bool,
    /// The firmware that BMCs fetch from this host.
    pub firmware: Option<Arc<FirmwareFiles>>,
}

impl BootGround {
    /// With this host's images served at its rack's door, and nodes cleaned.
    pub fn new(ramdisks: Ramdisks, rack: impl Into<Whereabouts>) -> Self {
        let bases = Bases { rack: rack.into(), http: None, external: None };
        Self {
            ramdisks: Arc::new(ramdisks),
            bases,
            blobs: None,
            passes_isos: false,
            automated_clean: true,
            kernel_append: String::new(),
            managed_boot: ManagedBoot::default(),
            manage_agent_boot: true,
            firmware: None,
        }
    }

    /// Brings to this host what the node is about to boot from elsewhere, and unpacks its config drive where its BMC
    /// has a slot for it. The machine is not touched.
    pub async fn fetch(&self, node: &Node) -> Result<(), DriverError> {
        let failed = |error: RamdiskError| DriverError::refused("what the machine boots", chain(&error));
        self.ramdisks.fetch(node, self.passes_isos).await.map_err(failed)?;
        if bears_drive(node) {
            self.put_drive(node).await?;
        }
        if node.boots == Boots::Installer {
            return self.try_kickstart(node).await;
        }
        Ok(())
    }

    async fn put_drive(&self, node: &Node) -> Result<(), DriverError> {
        let failed = |error: RamdiskError| DriverError::refused("the config drive", chain(&error));
        let text = drive::text(self.blobs.as_ref(), node).await;
        let text = text.map_err(|why| DriverError::refused("the config drive", why))?;
        match text {
            Some(text) => self.ramdisks.put_drive(node, text).await.map_err(failed),
            None => Ok(()),
        }
    }

    /// Whether there will be a kickstart file, while the machine is as it was.
    async fn try_kickstart(&self, node: &Node) -> Result<(), DriverError> {
        let (ramdisks, node) = (Arc::clone(&self.ramdisks), node.clone());
        let heard = Heard { heartbeat_url: "http://localhost", token: "token" };
        let tried = tokio::task::spawn_blocking(move || ramdisks.kickstart(&node, &heard).map(drop)).await;
        let failed = |why: String| DriverError::refused("what the installer is told", why);
        tried.map_err(|_| failed("it was given up".to_owned()))?.map_err(|error| failed(chain(&error)))
    }
}

/// The boot interface of a node, over what its management can do.
pub fn switch(
    ground: &BootGround,
    node: &Node,
    hardware: Hardware,
) -> Result<Arc<dyn BootSwitch>, DriverError> {
    let name = &node.wished.interfaces.boot;
    let device = hardware.boot_device;
    match name.as_str() {
        "pxe" | "ipxe" => Ok(Arc::new(NetworkBoot { device, by_http: false })),
        "http" | "http-ipxe" => Ok(Arc::new(NetworkBoot { device, by_http: network::takes_http(node) })),
        MEDIA | IDRAC_MEDIA => Ok(Arc::new(MediumBoot {
            media: hardware.virtual_media.ok_or_else(|| lacking(node, "virtual media"))?,
            device: device.ok_or_else(|| lacking(node, "boot devices"))?,
            iso: ground.bases.iso(node, ground.passes_isos),
            drive: if bears_drive(node) { Some(ground.bases.drive(node)) } else { None },
        })),
        URL => Ok(Arc::new(UrlBoot {
            device: device.ok_or_else(|| lacking(node, "boot devices"))?,
            iso: ground.bases.iso(node, ground.passes_isos),
        })),
        _ => Err(DriverError::Missing { interface: "boot", name: name.clone() }),
    }
}

/// Whether the boot needs the config drive as an image: for a slot of the BMC, or for the files in it.
fn bears_drive(node: &Node) -> bool {
    if node.boots == Boots::Installer {
        return has_drive(node);
    }
    let by_medium = [MEDIA, IDRAC_MEDIA].contains(&node.wished.interfaces.boot.as_str());
    by_medium && node.boots == Boots::Instance && has_drive(node)
}

fn lacking(node: &Node, what: &str) -> DriverError {
    let management = &node.wished.interfaces.management;
    DriverError::Unsupported {
        implementation: format!("management interface {management:?}"),
        what: what.to_owned(),
    }
}

/// The names of boot interfaces that need a Redfish BMC.
pub const MEDIA: &str = "redfish-virtual-media";
pub const IDRAC_MEDIA: &str = "idrac-redfish-virtual-media";
pub const URL: &str = "redfish-https";

#[cfg(test)]
mod tests;
