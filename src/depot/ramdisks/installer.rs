//! What an installer boots and is told: kernel, ramdisk and second stage, and its kickstart file (`anaconda`).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::depot::image::without_secrets;
use crate::depot::iso9660::read::{self, ReadError};
use crate::depot::kits::Item;
use crate::depot::ramdisks::errands::address;
use crate::depot::ramdisks::{Part, RamdiskError, Ramdisks};
use crate::model::boot::elsewhere::{BOOT_ISO, has_drive, is_elsewhere};
use crate::model::node::Node;
use crate::wire::kickstart::{self, KickstartError, Options};

/// What the site says of installers (`[anaconda]`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installing {
    /// The template of instances that have none; our own if not given.
    pub template: Option<PathBuf>,
    /// Installers do not check who answers their heartbeats.
    pub insecure_heartbeat: bool,
}

/// To whom an installer tells how it gets on.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    pub heartbeat_url: &'a str,
    pub token: &'a str,
}

/// Why an installer cannot be booted.
#[derive(Debug, thiserror::Error)]
pub enum InstallerError {
    #[error(
        "instance_info image_source is {0}: an installer takes an http or https address, of an image or (with / at its end) of a tree"
    )]
    Source(&'static str),
    #[error("instance_info has {has} but {lacks} is missing")]
    Missing { has: &'static str, lacks: &'static str },
    #[error("instance_info has boot_iso, which an installer does not boot: leave it out")]
    Iso,
    #[error(transparent)]
    Ramdisk(#[from] RamdiskError),
    #[error("kickstart template {place} cannot be used")]
    Template { place: String, source: KickstartError },
    #[error("kickstart template {place} cannot be read")]
    Unreadable { place: String, source: io::Error },
    #[error("the config drive cannot be put into a kickstart file")]
    Drive(#[source] ReadError),
    #[error("the config drive cannot be put into a kickstart file")]
    Files(#[source] KickstartError),
    #[error("the config drive cannot be read")]
    Gone(#[source] io::Error),
}

impl Ramdisks {
    /// The same with what the site says of installers.
    #[must_use]
    pub fn installing(self, installing: Installing) -> Self {
        Self { installing, ..self }
    }

    /// What is wrong with the site's template, if it has one. Blocks.
    pub fn template_fault(&self) -> Option<InstallerError> {
        let path = self.installing.template.as_ref()?;
        checked(&path.display().to_string(), path).err()
    }

    /// Whether the node's installer can be had, as far as that shows without asking anybody. Blocks.
    pub fn judge_installer(&self, node: &Node) -> Result<(), InstallerError> {
        source(node)?;
        if given(node, BOOT_ISO).is_some() {
            return Err(InstallerError::Iso);
        }
        for (key, part) in [("kernel", Part::Kernel), ("ramdisk", Part::Ramdisk)] {
            let missing = InstallerError::Missing { has: "image_source", lacks: key };
            let href = given(node, key).ok_or(missing)?;
            self.own_file(key, href)?.map(|path| part.check(&path)).transpose()?;
        }
        match given(node, STAGE2) {
            Some(href) => drop(self.own_file(STAGE2, href)?),
            None if is_tree(node) => {}
            None => return Err(InstallerError::Missing { has: "an image in image_source", lacks: STAGE2 }),
        }
        match given(node, TEMPLATE) {
            Some(href) => {
                if let Some(path) = self.own_file(TEMPLATE, href)? {
                    checked(&without_secrets(href), &path)?;
                }
            }
            None => self.template_fault().map_or(Ok(()), Err)?,
        }
        Ok(())
    }

    /// A file of this host; `None` if another server has it.
    fn own_file(&self, key: &'static str, href: &str) -> Result<Option<PathBuf>, RamdiskError> {
        if is_elsewhere(href) {
            return address(key, href).map(|_| None);
        }
        let path = href.strip_prefix("file://");
        let path = path.ok_or_else(|| RamdiskError::Foreign { key, href: without_secrets(href) })?;
        Ok(Some(self.shelf.admit(Path::new(path))?.path))
    }

    /// The second stage of the node's installer, fetched for this boot or a file of this host. Blocks.
    pub fn stage2(&self, node: &Node) -> Result<PathBuf, RamdiskError> {
        let href = given(node, STAGE2).ok_or(RamdiskError::NoInstance)?;
        match self.own_file(STAGE2, href)? {
            Some(path) => Ok(path),
            None => self.in_kit(node, href, Item::Stage2),
        }
    }

    /// The kickstart file of this boot. It holds the token of the installer and may hold passwords: it is given out, and
    /// never stored or shown. Blocks.
    pub fn kickstart(&self, node: &Node, heard: &Heard<'_>) -> Result<String, InstallerError> {
        let (place, template) = self.template(node)?;
        let drive = if has_drive(node) { self.drive_sections(node)? } else { String::new() };
        let options = Options {
            liveimg_url: source(node)?,
            is_source_a_path: is_tree(node),
            insecure_heartbeat: self.installing.insecure_heartbeat,
            agent_token: heard.token,
            heartbeat_url: heard.heartbeat_url,
            config_drive: &drive,
        };
        kickstart::render(&template, &options).map_err(|source| InstallerError::Template { place, source })
    }

    /// Where the template is from, and the template.
    fn template(&self, node: &Node) -> Result<(String, String), InstallerError> {
        let (place, path) = match (given(node, TEMPLATE), &self.installing.template) {
            (Some(href), _) => {
                let own = self.own_file(TEMPLATE, href)?;
                let path = own.map_or_else(|| self.in_kit(node, href, Item::Template), Ok)?;
                (without_secrets(href), path)
            }
            (None, Some(path)) => (path.display().to_string(), path.clone()),
            (None, None) => return Ok((OWN.to_owned(), kickstart::DEFAULT.to_owned())),
        };
        let text = checked(&place, &path)?;
        Ok((place, text))
    }

    /// The files of the config drive as sections that write them.
    fn drive_sections(&self, node: &Node) -> Result<String, InstallerError> {
        let image = std::fs::read(self.drive(node)?).map_err(InstallerError::Gone)?;
        let files = read::files(&image).map_err(InstallerError::Drive)?;
        kickstart::write_files(&files).map_err(InstallerError::Files)
    }
}

/// A template that leaves nothing out.
fn checked(place: &str, path: &Path) -> Result<String, InstallerError> {
    let most = u64::try_from(kickstart::LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_string(&mut text));
    read.map_err(|source| InstallerError::Unreadable { place: place.to_owned(), source })?;
    kickstart::check(&text).map_err(|source| InstallerError::Template { place: place.to_owned(), source })?;
    Ok(text)
}

/// Whether a tree of packages is installed, in place of an image.
pub fn is_tree(node: &Node) -> bool {
    given(node, "image_source").is_some_and(|source| source.ends_with('/'))
}

/// What is installed: the installer fetches it itself, and finds it in a line of its kickstart file.
pub fn source(node: &Node) -> Result<&str, InstallerError> {
    let source = given(node, "image_source").ok_or(InstallerError::Source("missing"))?;
    if !is_elsewhere(source) {
        return Err(InstallerError::Source("on no server"));
    }
    let is_plain = source.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'`\\$<>".contains(&byte));
    if source.len() > LONGEST_SOURCE || !is_plain {
        return Err(InstallerError::Source("too long, or has characters that no address has"));
    }
    address("image_source", source)?;
    Ok(source)
}

fn given<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.instance_info(key).filter(|text| !text.is_empty())
}

/// Keys of `instance_info`.
pub const STAGE2: &str = "stage2";
pub const TEMPLATE: &str = "ks_template";
/// Where our own template is.
const OWN: &str = "of Ferric";
/// What kernels and servers take.
const LONGEST_SOURCE: usize = 1024;

#[cfg(test)]
mod tests;
