//! The boot medium of virtual media: an ISO 9660 image that BIOS and UEFI start, as a view that is never written.
//!
//! Descriptors, folders, configuration and small files are in memory; kernel and ramdisk are read through from their
//! files at the moment they are asked for. The loaders are shared by all media.
//!
//! ```text
//! master boot record (the same image on a USB disk)
//! descriptors, boot catalogue, folders
//! vmlinuz, initrd                           read through
//! openstack/..., etc/..., parameters.txt    as given
//! isolinux/...                              BIOS: isolinux.bin knows its own place
//! boot/grub/efiboot.img                     UEFI: a FAT volume with shim and GRUB, whose configuration seeks the image
//! boot/grub/grub.cfg and where else GRUBs look
//! ```

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::base::moment::Moment;
use crate::depot::boot_iso::config::{Menu, MenuError};
use crate::depot::boot_iso::content::Content;
use crate::depot::boot_iso::loaders::{LoaderError, Loaders};
use crate::depot::boot_iso::strip::Strip;
use crate::depot::iso9660::IsoError;
use crate::depot::iso9660::el_torito::{Boot, put_boot_info};
use crate::depot::iso9660::layout::{Layout, Title, lay_out};
use crate::net::source::Source;

pub mod config;
pub mod content;
pub mod fat;
pub mod loaders;
pub mod mbr;
pub mod strip;

/// What a boot medium is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    pub kernel: &'a Path,
    pub ramdisk: &'a Path,
    /// The whole kernel command line but `initrd=`.
    pub command_line: &'a str,
    /// Publisher identifier, which `ir_pub_id` on the command line repeats; 64 characters at most.
    pub publisher: &'a str,
    /// Small files besides (path with `/`, content), as in `openstack/latest/network_data.json`.
    pub files: &'a [(&'a str, Vec<u8>)],
    pub loaders: &'a Loaders,
}

/// Why there is no boot medium.
#[derive(Debug, thiserror::Error)]
pub enum BootIsoError {
    #[error("cannot open {path}, which the boot medium is made from")]
    Open { path: PathBuf, source: io::Error },
    #[error("{path} is no regular file; the boot medium needs one")]
    Kind { path: PathBuf },
    #[error("{path} has {size} bytes; a boot medium holds files of less than 4 GiB")]
    Large { path: PathBuf, size: u64 },
    #[error(
        "the files of the boot medium have {size} bytes beside kernel and ramdisk; {MAX_FILES} are allowed"
    )]
    Files { size: usize },
    #[error(transparent)]
    Menu(#[from] MenuError),
    #[error(transparent)]
    Loaders(#[from] LoaderError),
    #[error("cannot lay out the boot medium")]
    Layout(#[from] IsoError),
}

/// A boot medium.
#[derive(Debug)]
pub struct BootIso {
    strip: Strip,
    tag: String,
}

impl BootIso {
    /// The medium of these parts; kernel and ramdisk are opened, and stay the same files until the medium is dropped.
    /// Blocks.
    pub fn new(parts: &Parts<'_>) -> Result<Self, BootIsoError> {
        let menu = Menu::parse(parts.command_line)?;
        let mut files = Files::default();
        files.add("vmlinuz", Content::open(parts.kernel)?);
        files.add("initrd", Content::open(parts.ramdisk)?);
        files.add_given(parts.files)?;
        let boot = files.add_loaders(parts.loaders, &menu)?;
        let names: Vec<(&str, usize)> =
            files.names.iter().map(|(path, index)| (path.as_str(), *index)).collect();
        let sizes: Vec<u64> = files.contents.iter().map(Content::size).collect();
        let title =
            Title { label: label(parts.files), publisher: parts.publisher, at: newest(&files.contents) };
        let layout = lay_out(&title, &names, &sizes, Some(&boot))?;
        Ok(Self::assembled(layout, files.contents, boot, parts.loaders))
    }

    fn assembled(mut layout: Layout, mut contents: Vec<Content>, boot: Boot, loaders: &Loaders) -> Self {
        if let Boot::Bios(bios) | Boot::Both { bios, .. } = boot {
            let sector = layout.extents.get(bios).map_or(0, |extent| extent.sector);
            if let Some(Content::Memory(code)) = contents.get_mut(bios) {
                let mut patched = code.to_vec();
                put_boot_info(&mut patched, sector);
                *code = Arc::from(patched);
            }
        }
        mbr::put(&mut layout, boot, loaders.bios.as_ref().and_then(|bios| bios.disk_code.as_deref()));
        let tag = tag(&layout, &contents);
        Self { strip: Strip::new(&layout, contents), tag }
    }
}

impl Source for BootIso {
    fn size(&self) -> u64 {
        self.strip.size()
    }

    fn tag(&self) -> String {
        self.tag.clone()
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.strip.read_exact_at(bytes, offset)
    }
}

/// What is on the medium, each content once.
#[derive(Debug, Default)]
struct Files {
    names: Vec<(String, usize)>,
    contents: Vec<Content>,
}

impl Files {
    fn add(&mut self, path: &str, content: Content) -> usize {
        let index = self.contents.len();
        self.contents.push(content);
        self.names.push((path.to_owned(), index));
        index
    }

    fn add_given(&mut self, files: &[(&str, Vec<u8>)]) -> Result<(), BootIsoError> {
        let size = files.iter().map(|(_, bytes)| bytes.len()).fold(0, usize::saturating_add);
        if size > MAX_FILES {
            return Err(BootIsoError::Files { size });
        }
        for (path, bytes) in files {
            self.add(path, Content::memory(bytes));
        }
        Ok(())
    }

    /// Adds the loaders and their configuration.
    fn add_loaders(&mut self, loaders: &Loaders, menu: &Menu) -> Result<Boot, BootIsoError> {
        let bios = loaders.bios.as_ref().map(|bios| {
            self.add("isolinux/isolinux.cfg", Content::memory(menu.isolinux().as_bytes()));
            self.add("isolinux/ldlinux.c32", Content::Memory(bios.module.clone()));
            self.add("isolinux/isolinux.bin", Content::Memory(bios.code.clone()))
        });
        let uefi = loaders.esp.as_ref().map(|esp| {
            self.add(config::MARK, Content::memory(config::MARK_TEXT));
            self.add(".disk/info", Content::memory(config::MARK_TEXT));
            let index = self.contents.len();
            self.contents.push(Content::memory(menu.grub().as_bytes()));
            self.names.extend(config::GRUB_PLACES.iter().map(|path| ((*path).to_owned(), index)));
            self.add("boot/grub/efiboot.img", Content::Esp(esp.clone()))
        });
        match (bios, uefi) {
            (Some(bios), Some(uefi)) => Ok(Boot::Both { bios, uefi }),
            (Some(bios), None) => Ok(Boot::Bios(bios)),
            (None, Some(uefi)) => Ok(Boot::Uefi(uefi)),
            (None, None) => Err(LoaderError::Neither.into()),
        }
    }
}

/// The volume label by which the agent looks for its configuration, and first-boot software for its data.
fn label(files: &[(&str, Vec<u8>)]) -> &'static str {
    let is_drive = files.iter().any(|(path, _)| path.starts_with("openstack/"));
    if is_drive { "config-2" } else { "VMEDIA_BOOT_ISO" }
}

/// When the newest of the files was written; the medium is dated so, for the same parts to give the same bytes.
fn newest(contents: &[Content]) -> Moment {
    contents.iter().filter_map(Content::written).max().unwrap_or_default()
}

fn tag(layout: &Layout, contents: &[Content]) -> String {
    let mut hash = Sha256::new();
    hash.update(&layout.head);
    for content in contents {
        content.identify(&mut hash);
    }
    let digest = hash.finalize();
    let digits: Vec<String> = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// Opens a file to read it at any place.
fn open(path: &Path) -> Result<File, BootIsoError> {
    File::open(path).map_err(|source| BootIsoError::Open { path: path.to_owned(), source })
}

/// Bytes of the given files together: network data and certificates are kilobytes, a config drive's user data may be
/// larger.
const MAX_FILES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests;
