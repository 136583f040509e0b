//! The deploy ramdisks: which kernel and ramdisk a node boots, as files of this host.
//!
//! A node's own pair (`driver_info` `deploy_kernel` and `deploy_ramdisk`) comes first, then what `[conductor]` names
//! for the processor or for all, then the imported pair of the processor. A pair never comes from two places.
//!
//! - [`errands`]  what has to be fetched before a boot, and what an instance boots that is no disk
//! - [`installer`]  what an installer boots and is told
//! - [`stock`]    imported pairs on the disk, replaced as a whole
//! - [`uploads`]  files on their way here, which go on where they broke off
//! - [`whole`]     whether a file is all there
//! - [`intake`]   both over HTTP, at the operator's door

pub mod errands;
pub mod installer;
pub mod intake;
pub mod stock;
pub mod uploads;
pub mod whole;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::depot::image::without_secrets;
use crate::depot::kits::{Item, KitError, Kits};
use crate::depot::ramdisks::installer::Installing;
use crate::depot::ramdisks::whole::Broken;
use crate::depot::shelf::{Shelf, ShelfError};
use crate::model::boot::elsewhere::is_elsewhere;
use crate::model::node::Node;
use crate::wire::boot_file::{BootFile, HEAD};
use crate::wire::cmdline::Cmdline;

/// The deploy ramdisks of this host.
#[derive(Debug)]
pub struct Ramdisks {
    root: PathBuf,
    shelf: Arc<Shelf>,
    site: SitePairs,
    /// Files of other servers; without it there are none.
    kits: Option<Arc<Kits>>,
    installing: Installing,
}

/// A kernel with its initial ramdisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub kernel: PathBuf,
    pub ramdisk: PathBuf,
    /// Kernel parameters that it came with.
    pub cmdline: Option<Cmdline>,
}

/// What a ramdisk is booted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Cleaning, deployment, servicing, inspection.
    Deploy,
    /// A person logs in.
    Rescue,
}

/// What the site's configuration names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SitePairs {
    pub deploy: Named,
    pub rescue: Named,
    /// A kernel without its ramdisk is an error; else it is passed over with a warning.
    pub refuses_lone: bool,
}

/// A pair for each processor, and one for those that have none of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub kernel: Option<String>,
    pub ramdisk: Option<String>,
    pub kernel_by_arch: BTreeMap<String, String>,
    pub ramdisk_by_arch: BTreeMap<String, String>,
}

/// A pair as somebody wrote it: paths, `file://` or `http(s)://` addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    pub kernel: &'a str,
    pub ramdisk: &'a str,
}

/// Why there is no pair.
#[derive(Debug, thiserror::Error)]
pub enum RamdiskError {
    #[error("there is no ramdisk for {arch} machines on this host; import one with: ferric ramdisk import")]
    None { arch: String },
    #[error("{place} has {has} but no {lacks}; give both or neither")]
    Lone { place: &'static str, has: String, lacks: String },
    #[error("{href} is on another server, and nothing of other servers is kept on this host")]
    NoKits { href: String },
    #[error("{href} is on another server and was not fetched for this boot: boot the node anew")]
    Unfetched { href: String },
    #[error("{key} {href:?} is no address to fetch a file from: {why}")]
    Address { key: &'static str, href: String, why: String },
    #[error(
        "{key} {href} cannot be fetched; see to it that this host reaches it, or give a file of this host or an imported \
         ramdisk"
    )]
    Fetch { key: &'static str, href: String, source: KitError },
    #[error("instance_info has neither boot_iso nor kernel and ramdisk")]
    NoInstance,
    #[error("instance_info {key} {href:?} is neither a file of this host nor an http or https address")]
    Foreign { key: &'static str, href: String },
    #[error("{path} is no {wanted}: {found}")]
    Unlike { path: PathBuf, wanted: &'static str, found: String },
    #[error("the {wanted} cannot be booted: {why}; fetch or build it anew")]
    Broken { wanted: &'static str, why: Broken },
    #[error("{path} cannot be read")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

impl Ramdisks {
    /// Those below `data`; `shelf` says which files nodes may name.
    pub fn new(data: &Path, shelf: Arc<Shelf>) -> Self {
        Self {
            root: data.join(FOLDER),
            shelf,
            site: SitePairs::default(),
            kits: None,
            installing: Installing::default(),
        }
    }

    /// The same with what is fetched from other servers.
    #[must_use]
    pub fn fetching(self, kits: Arc<Kits>) -> Self {
        Self { kits: Some(kits), ..self }
    }

    /// The same with what the site's configuration names.
    #[must_use]
    pub fn with(self, site: SitePairs) -> Self {
        Self { site, ..self }
    }

    /// The pair that this node boots in its present state. Blocks.
    pub fn of(&self, node: &Node) -> Result<Pair, RamdiskError> {
        self.pair(node, Purpose::of(node))
    }

    /// The pair that this node boots for a purpose. Blocks.
    pub fn pair(&self, node: &Node, purpose: Purpose) -> Result<Pair, RamdiskError> {
        match self.written(node, purpose)? {
            Some(written) => Ok(Pair {
                kernel: self.found(node, written.kernel, Part::Kernel)?,
                ramdisk: self.found(node, written.ramdisk, Part::Ramdisk)?,
                cmdline: None,
            }),
            None => self.imported(arch_of(node)),
        }
    }

    /// What is written down for this node, by itself or by the site; `None`: the imported pair of its processor.
    pub fn written<'a>(
        &'a self,
        node: &'a Node,
        purpose: Purpose,
    ) -> Result<Option<Written<'a>>, RamdiskError> {
        let [kernel, ramdisk] = purpose.names();
        let named = match purpose {
            Purpose::Deploy => &self.site.deploy,
            Purpose::Rescue => &self.site.rescue,
        };
        let arch = arch_of(node);
        let of_arch = |all: &'a BTreeMap<String, String>| all.get(arch).map(String::as_str);
        let places = [
            ("driver_info", "", node.driver_info(kernel), node.driver_info(ramdisk)),
            ("[conductor]", "_by_arch", of_arch(&named.kernel_by_arch), of_arch(&named.ramdisk_by_arch)),
            ("[conductor]", "", named.kernel.as_deref(), named.ramdisk.as_deref()),
        ];
        for (place, suffix, has_kernel, has_ramdisk) in places {
            let (has, lacks) = match (has_kernel, has_ramdisk) {
                (Some(kernel), Some(ramdisk)) => return Ok(Some(Written { kernel, ramdisk })),
                (None, None) => continue,
                (Some(_), None) => (kernel, ramdisk),
                (None, Some(_)) => (ramdisk, kernel),
            };
            let [has, lacks] = [has, lacks].map(|name| format!("{name}{suffix}"));
            let lone = RamdiskError::Lone { place, has, lacks };
            if self.site.refuses_lone {
                return Err(lone);
            }
            tracing::warn!(node = %node.id, error = %lone, "a lone half of a ramdisk is passed over");
        }
        Ok(None)
    }

    /// What is wrong with what the site's configuration names, a line for each name: files that are not there or are
    /// something else, and halves of pairs. What other servers have is not asked for. Blocks.
    pub fn site_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (purpose, named) in [(Purpose::Deploy, &self.site.deploy), (Purpose::Rescue, &self.site.rescue)] {
            let [kernel, ramdisk] = purpose.names();
            for (name, part, other, href, has_other) in [
                (kernel, Part::Kernel, ramdisk, &named.kernel, named.ramdisk.is_some()),
                (ramdisk, Part::Ramdisk, kernel, &named.ramdisk, named.kernel.is_some()),
            ] {
                let Some(href) = href else { continue };
                if !has_other {
                    faults.push(format!("[conductor] {name} counts for nothing without {other}"));
                }
                faults.extend(self.site_fault(name, href, part));
            }
            for (name, part, all) in [
                (kernel, Part::Kernel, &named.kernel_by_arch),
                (ramdisk, Part::Ramdisk, &named.ramdisk_by_arch),
            ] {
                let named = |arch: &str| format!("{name}_by_arch {arch}");
                faults
                    .extend(all.iter().filter_map(|(arch, href)| self.site_fault(&named(arch), href, part)));
            }
        }
        faults
    }

    fn site_fault(&self, name: &str, href: &str, part: Part) -> Option<String> {
        if is_elsewhere(href) {
            return None;
        }
        let why = self.admitted(href, part).err()?;
        let cause = std::error::Error::source(&why).map(|cause| format!(": {cause}")).unwrap_or_default();
        Some(format!("[conductor] {name} {href} cannot be booted: {why}{cause}"))
    }

    /// Whether machines of a processor have something to boot that is written down for all of them, or imported. Blocks.
    pub fn serves(&self, arch: &str) -> bool {
        let named = &self.site.deploy;
        let by_arch = named.kernel_by_arch.contains_key(arch) && named.ramdisk_by_arch.contains_key(arch);
        let for_all = named.kernel.is_some() && named.ramdisk.is_some();
        by_arch || for_all || self.imported(arch).is_ok()
    }

    /// The imported pair for machines of a processor. Blocks.
    pub fn imported(&self, arch: &str) -> Result<Pair, RamdiskError> {
        let none = || RamdiskError::None { arch: arch.to_owned() };
        if !stock::is_arch(arch) {
            return Err(none());
        }
        // Behind the link: a pair that is imported meanwhile is not mixed with this one.
        let folder = self.root.join(arch).canonicalize().map_err(|_| none())?;
        let cmdline = stock::cmdline_in(&folder);
        let pair = Pair { kernel: folder.join("kernel"), ramdisk: folder.join("ramdisk"), cmdline };
        let is_there = pair.kernel.is_file() && pair.ramdisk.is_file();
        is_there.then_some(pair).ok_or_else(none)
    }

    /// A half of a pair: fetched for the node's boot, or a file of this host.
    fn found(&self, node: &Node, href: &str, part: Part) -> Result<PathBuf, RamdiskError> {
        if !is_elsewhere(href) {
            return self.admitted(href, part);
        }
        self.in_kit(node, href, part.item())
    }

    fn in_kit(&self, node: &Node, href: &str, item: Item) -> Result<PathBuf, RamdiskError> {
        let href = || without_secrets(href);
        let kits = self.kits.as_ref().ok_or_else(|| RamdiskError::NoKits { href: href() })?;
        kits.path(node, item).ok_or_else(|| RamdiskError::Unfetched { href: href() })
    }

    fn admitted(&self, href: &str, part: Part) -> Result<PathBuf, RamdiskError> {
        let path = Path::new(href.strip_prefix("file://").unwrap_or(href));
        let path = self.shelf.admit(path)?.path;
        part.check(&path)?;
        Ok(path)
    }
}

impl Purpose {
    /// What the node's ramdisk is for in its present state.
    pub fn of(node: &Node) -> Self {
        if node.is_rescued() { Self::Rescue } else { Self::Deploy }
    }

    /// Under which names of `driver_info` kernel and ramdisk stand.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Deploy => ["deploy_kernel", "deploy_ramdisk"],
            Self::Rescue => ["rescue_kernel", "rescue_ramdisk"],
        }
    }
}

/// One half of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Kernel,
    Ramdisk,
}

impl Part {
    fn item(self) -> Item {
        match self {
            Self::Kernel => Item::Kernel,
            Self::Ramdisk => Item::Ramdisk,
        }
    }

    /// Whether a file looks like it, and for which processor a kernel is. Blocks.
    pub fn check(self, path: &Path) -> Result<Option<&'static str>, RamdiskError> {
        let unreadable = |source| RamdiskError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mut head = Vec::with_capacity(HEAD);
        let most = u64::try_from(HEAD).unwrap_or(u64::MAX);
        file.take(most).read_to_end(&mut head).map_err(unreadable)?;
        let unlike =
            |wanted, found: String| Err(RamdiskError::Unlike { path: path.to_owned(), wanted, found });
        match (self, BootFile::of(&head)) {
            (Self::Kernel, Some(BootFile::Kernel(arch))) => Ok(Some(arch)),
            (Self::Ramdisk, Some(BootFile::Ramdisk(_))) => Ok(None),
            (Self::Kernel, Some(BootFile::Ramdisk(packing))) => {
                unlike("kernel", format!("it begins as a {packing} archive does, as ramdisks are"))
            }
            (Self::Ramdisk, Some(BootFile::Kernel(arch))) => {
                unlike("ramdisk", format!("it begins as a kernel for {arch} does"))
            }
            (Self::Kernel, None) => unlike("kernel", "neither Linux's header nor UEFI's is in it".to_owned()),
            (Self::Ramdisk, None) => unlike(
                "ramdisk",
                "it begins neither as cpio nor as a packing that Linux knows (gzip, xz, zstd, lzma, bzip2, lz4, lzo)"
                    .to_owned(),
            ),
        }
    }
}

/// The processor that the node's properties tell.
pub fn arch_of(node: &Node) -> &str {
    node.wished.properties.get("cpu_arch").and_then(serde_json::Value::as_str).unwrap_or("x86_64")
}

/// Where imported pairs are, in the data folder.
const FOLDER: &str = "ramdisks";

#[cfg(test)]
mod tests;
