//! What the site says of loaders, scripts and kernel parameters.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::boot::client::{Arch, Firmware};
use crate::model::node::Node;

/// Choices for booting machines (`[pxe]`, `[boot]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loading {
    /// First loaders of nodes with the boot interfaces `pxe` and `http`, over TFTP.
    pub pxe: Loaders,
    /// Those of nodes with the boot interface `http`, over HTTP. iPXE unless the site names a GRUB that can: Debian's
    /// signed one has no HTTP and stays at its prompt (measured with 2.06).
    pub http: Loaders,
    /// Those of all others.
    pub ipxe: Loaders,
    /// Kernel parameters of nodes that bring none.
    pub kernel_append: String,
    /// Kernel parameters of inspections, after all others.
    pub inspection_append: String,
    /// Where agents call that were booted from a medium, if not where the medium came from: the BMC that fetched it may
    /// be in another network.
    pub callback: Option<String>,
    /// Who vouches for an `https` address at which agents call, PEM: it lies on their media.
    pub api_ca: Option<String>,
    /// The agent tells more.
    pub debug: bool,
    /// The longest wait of iPXE for a file in seconds; 0: as long as it takes.
    pub ipxe_timeout: u32,
    /// Where machines go that find no script: a URL, or a name among the loaders.
    pub fallback_script: Option<String>,
    pub loops: LoopLimit,
}

/// Names of the first loader by firmware and processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaders {
    pub bios: String,
    pub uefi: String,
    /// Of 64-bit ARM, unless `by_arch` has one.
    pub arm64: String,
    /// By `ARCH-bios`, `ARCH-uefi` or `ARCH`.
    pub by_arch: BTreeMap<String, String>,
}

/// When a machine that boots again and again is held up: after more than `boots` scripts `within` a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopLimit {
    pub boots: u32,
    pub within: Duration,
}

impl Loaders {
    /// The loader for this processor and firmware, if there is one.
    pub fn of(&self, arch: Arch) -> Option<&str> {
        let (cpu, firmware) = (arch.cpu()?, arch.firmware());
        let mode = match firmware {
            Firmware::Bios => "bios",
            Firmware::Uefi => "uefi",
        };
        let own = self.by_arch.get(&format!("{cpu}-{mode}")).or_else(|| self.by_arch.get(cpu));
        if let Some(name) = own {
            return Some(name);
        }
        match (cpu, firmware) {
            ("x86_64", Firmware::Bios) => Some(&self.bios),
            ("x86_64", Firmware::Uefi) => Some(&self.uefi),
            ("aarch64", Firmware::Uefi) => Some(&self.arm64),
            _ => None,
        }
    }
}

/// Further parameters of the agent's kernel: the node's own, in which `%default%` stands for the site's, or these.
pub fn append(node: &Node, site: &str) -> String {
    let own = node.instance_info(APPEND).or_else(|| node.driver_info(APPEND));
    own.unwrap_or(DEFAULT).replace(DEFAULT, site)
}

/// Key of `instance_info`, of `driver_info` and of `[pxe]`.
pub const APPEND: &str = "kernel_append_params";
/// Key of `instance_info`: parameters of an instance that is a kernel with a ramdisk.
pub const ARGUMENTS: &str = "ramdisk_kernel_arguments";
const DEFAULT: &str = "%default%";

impl Default for Loading {
    fn default() -> Self {
        let loaders = |bios: &str, uefi: &str, arm64: &str| Loaders {
            bios: bios.to_owned(),
            uefi: uefi.to_owned(),
            arm64: arm64.to_owned(),
            by_arch: BTreeMap::new(),
        };
        Self {
            pxe: loaders("pxelinux.0", "bootx64.efi", "bootaa64.efi"),
            http: loaders("undionly.kpxe", "snponly.efi", "snponly-arm64.efi"),
            ipxe: loaders("undionly.kpxe", "snponly.efi", "snponly-arm64.efi"),
            kernel_append: KERNEL_APPEND.to_owned(),
            inspection_append: INSPECTION_APPEND.to_owned(),
            callback: None,
            api_ca: None,
            debug: false,
            ipxe_timeout: 0,
            fallback_script: None,
            loops: LoopLimit { boots: BOOTS, within: WITHIN },
        }
    }
}

/// The reference's default.
const KERNEL_APPEND: &str = "nofb vga=normal";

/// The agent's own collectors, and the list of PCI devices, which costs nothing.
const INSPECTION_APPEND: &str = "ipa-inspection-collectors=default,logs,pci-devices";

/// A boot of the agent takes minutes; a machine whose firmware tries each NIC twice stays below this.
const BOOTS: u32 = 10;

/// A server with much memory takes five minutes from reset to its first packet: ten boots need more than this only if
/// nothing is wrong.
const WITHIN: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loader_is_found_by_processor_and_firmware() {
        let mut loaders = Loading::default().ipxe;
        loaders.by_arch.insert("x86_64-uefi".to_owned(), "ipxe.efi".to_owned());
        loaders.by_arch.insert("i386".to_owned(), "ipxe32.efi".to_owned());
        for (arch, name) in [
            (0, Some("undionly.kpxe")),
            (6, Some("ipxe32.efi")),
            (7, Some("ipxe.efi")),
            (9, Some("ipxe.efi")),
            (10, None),
            (11, Some("snponly-arm64.efi")),
            (15, Some("ipxe32.efi")),
            (16, Some("ipxe.efi")),
            (19, Some("snponly-arm64.efi")),
            (27, None),
        ] {
            assert_eq!(loaders.of(Arch(arch)), name, "{arch}");
        }
    }
}
