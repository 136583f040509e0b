//! What has to be fetched before a boot, and what an instance boots that is no disk.

use std::path::{Path, PathBuf};

use url::Url;

use crate::depot::image::without_secrets;
use crate::depot::kits::{Item, KitError};
use crate::depot::ramdisks::installer::{STAGE2, TEMPLATE};
use crate::depot::ramdisks::{Pair, Part, Purpose, RamdiskError, Ramdisks};
use crate::model::boot::Boots;
use crate::model::boot::elsewhere::{BOOT_ISO, is_elsewhere, is_passed_on};
use crate::model::node::Node;

/// What an instance boots that is no disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    Iso(PathBuf),
    Pair(Pair),
}

/// A file of another server that a boot needs.
struct Errand<'a> {
    key: &'static str,
    href: &'a str,
    item: Item,
    url: Url,
}

impl Ramdisks {
    /// Whether the node's ramdisk for a purpose can be had, as far as that shows without asking anybody. Blocks.
    pub fn judge(&self, node: &Node, purpose: Purpose) -> Result<(), RamdiskError> {
        let Some(written) = self.written(node, purpose)? else {
            return self.pair(node, purpose).map(drop);
        };
        let [kernel, ramdisk] = purpose.names();
        let halves = [(kernel, written.kernel, Part::Kernel), (ramdisk, written.ramdisk, Part::Ramdisk)];
        halves.into_iter().try_for_each(|(key, href, part)| self.judge_one(key, href, Some(part)))
    }

    /// The same for what an instance boots that is no disk. Over the network some loaders fetch by themselves, too.
    /// Blocks.
    pub fn judge_own(&self, node: &Node, by_network: bool) -> Result<(), RamdiskError> {
        for (key, part) in
            [(BOOT_ISO, None), ("kernel", Some(Part::Kernel)), ("ramdisk", Some(Part::Ramdisk))]
        {
            let Some(href) = node.instance_info(key).filter(|href| !href.is_empty()) else { continue };
            if by_network && href.starts_with(TFTP) {
                continue;
            }
            if !is_elsewhere(href) && !href.starts_with(FILE) {
                return Err(RamdiskError::Foreign { key, href: without_secrets(href) });
            }
            self.judge_one(key, href, part)?;
        }
        Ok(())
    }

    fn judge_one(&self, key: &'static str, href: &str, part: Option<Part>) -> Result<(), RamdiskError> {
        if is_elsewhere(href) {
            return address(key, href).map(drop);
        }
        match part {
            Some(part) => self.admitted(href, part).map(drop),
            None => self.iso(href).map(drop),
        }
    }

    /// Brings what the node is about to boot from other servers, all of it, or tells what is missing.
    pub async fn fetch(&self, node: &Node, passes_isos: bool) -> Result<(), RamdiskError> {
        for errand in self.errands(node, passes_isos)? {
            self.run(node, errand).await?;
        }
        Ok(())
    }

    async fn run(&self, node: &Node, errand: Errand<'_>) -> Result<(), RamdiskError> {
        let Errand { key, href, item, url } = errand;
        let shown = without_secrets(href);
        let kits = self.kits.as_ref().ok_or_else(|| RamdiskError::NoKits { href: shown.clone() })?;
        let failed = |source| RamdiskError::Fetch { key, href: shown.clone(), source };
        let path = kits.fetch(node, item, url).await.map_err(failed)?;
        let part = match item {
            Item::Kernel => Part::Kernel,
            Item::Ramdisk => Part::Ramdisk,
            Item::Iso | Item::Drive | Item::Stage2 | Item::Template => return Ok(()),
        };
        let checked = tokio::task::spawn_blocking(move || part.check(&path));
        match checked.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RamdiskError::Unlike { wanted, found, .. })) => {
                Err(RamdiskError::Unlike { path: PathBuf::from(shown), wanted, found })
            }
            Ok(Err(other)) => Err(other),
            Err(_) => Err(failed(KitError::Stopped)),
        }
    }

    fn errands<'a>(&'a self, node: &'a Node, passes_isos: bool) -> Result<Vec<Errand<'a>>, RamdiskError> {
        let mut hrefs = Vec::new();
        match node.boots {
            Boots::Ramdisk => {
                let purpose = Purpose::of(node);
                let [kernel, ramdisk] = purpose.names();
                if let Some(written) = self.written(node, purpose)? {
                    hrefs.push((kernel, written.kernel, Item::Kernel));
                    hrefs.push((ramdisk, written.ramdisk, Item::Ramdisk));
                }
            }
            Boots::Instance => {
                let all = [(BOOT_ISO, Item::Iso), ("kernel", Item::Kernel), ("ramdisk", Item::Ramdisk)];
                let given = |(key, item)| Some((key, node.instance_info(key)?, item));
                let is_left = |item| item == Item::Iso && is_passed_on(node, passes_isos);
                hrefs.extend(all.into_iter().filter_map(given).filter(|(_, _, item)| !is_left(*item)));
            }
            Boots::Installer => {
                let all = [
                    ("kernel", Item::Kernel),
                    ("ramdisk", Item::Ramdisk),
                    (STAGE2, Item::Stage2),
                    (TEMPLATE, Item::Template),
                ];
                hrefs.extend(
                    all.into_iter().filter_map(|(key, item)| Some((key, node.instance_info(key)?, item))),
                );
            }
            Boots::Disk | Boots::Nothing => {}
        }
        let remote = hrefs.into_iter().filter(|(_, href, _)| is_elsewhere(href));
        remote.map(|(key, href, item)| Ok(Errand { key, href, item, url: address(key, href)? })).collect()
    }

    /// What the instance boots. Blocks.
    pub fn own(&self, node: &Node) -> Result<Own, RamdiskError> {
        let given = |key| node.instance_info(key).filter(|href: &&str| !href.is_empty());
        if let Some(href) = given(BOOT_ISO) {
            if is_elsewhere(href) {
                return self.in_kit(node, href, Item::Iso).map(Own::Iso);
            }
            return self.iso(href).map(Own::Iso);
        }
        let (Some(kernel), Some(ramdisk)) = (given("kernel"), given("ramdisk")) else {
            return Err(RamdiskError::NoInstance);
        };
        let found = |key, href: &str, part| {
            if is_elsewhere(href) || href.starts_with(FILE) {
                self.found(node, href, part)
            } else {
                Err(RamdiskError::Foreign { key, href: without_secrets(href) })
            }
        };
        Ok(Own::Pair(Pair {
            kernel: found("kernel", kernel, Part::Kernel)?,
            ramdisk: found("ramdisk", ramdisk, Part::Ramdisk)?,
            cmdline: None,
        }))
    }

    /// An ISO of this host.
    fn iso(&self, href: &str) -> Result<PathBuf, RamdiskError> {
        let path = href
            .strip_prefix(FILE)
            .ok_or_else(|| RamdiskError::Foreign { key: BOOT_ISO, href: without_secrets(href) })?;
        Ok(self.shelf.admit(Path::new(path))?.path)
    }

    /// Puts the instance's config drive, a URL or a base64 text, into the kit of its boot.
    pub async fn put_drive(&self, node: &Node, text: String) -> Result<(), RamdiskError> {
        const KEY: &str = "configdrive";
        let is_address = is_elsewhere(&text);
        let shown = if is_address { without_secrets(&text) } else { "of the request".to_owned() };
        let kits = self.kits.as_ref().ok_or_else(|| RamdiskError::NoKits { href: shown.clone() })?;
        let put = if is_address {
            kits.fetch_drive(node, address(KEY, &text)?).await
        } else {
            kits.put_drive(node, text).await
        };
        put.map_err(|source| RamdiskError::Fetch { key: KEY, href: shown, source })
    }

    /// The instance's config drive as an image. Blocks.
    pub fn drive(&self, node: &Node) -> Result<PathBuf, RamdiskError> {
        self.in_kit(node, "the config drive", Item::Drive)
    }
}

pub(super) fn address(key: &'static str, href: &str) -> Result<Url, RamdiskError> {
    let wrong = |why: String| RamdiskError::Address { key, href: without_secrets(href), why };
    let url = Url::parse(href).map_err(|error| wrong(error.to_string()))?;
    if url.has_host() { Ok(url) } else { Err(wrong("it names no host".to_owned())) }
}

/// How files of this host are named in `instance_info`.
const FILE: &str = "file://";
/// What iPXE fetches beside.
const TFTP: &str = "tftp://";

#[cfg(test)]
mod tests;
