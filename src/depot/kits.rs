//! The kits of boots: what a machine is given from other servers, or out of its record, brought here before it boots.
//!
//! ```text
//! kits/NODE.TAG/kernel ramdisk boot.iso    second names of files in the image cache
//!               configdrive.img            unpacked from the record
//! ```
//! A kit is one boot's, by the token of its boot, and goes with it. A second name keeps the very file that was fetched:
//! the cache lets go of none that has one, a newer version does not take its place, and a start of the daemon finds it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use tracing::warn;
use url::Url;

use crate::base::id::NodeId;
use crate::base::secret::Secret;
use crate::depot::cache::error::CacheError;
use crate::depot::cache::{Cache, Wanted};
use crate::depot::config_drive::LIMIT;
use crate::depot::digest;
use crate::model::node::Node;

/// The kits of all boots.
#[derive(Debug)]
pub struct Kits {
    root: PathBuf,
    cache: Arc<Cache>,
}

/// A file of a kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    Kernel,
    Ramdisk,
    Iso,
    Drive,
    /// Of an installer.
    Stage2,
    Template,
}

/// Why a file is not in its kit.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    #[error("no boot was prepared")]
    Unprepared,
    #[error(transparent)]
    Cache(#[from] Arc<CacheError>),
    #[error("the config drive is neither an image, nor a gzipped one, nor base64 of that")]
    Drive(#[source] io::Error),
    #[error("the config drive is over {LIMIT} bytes once unpacked")]
    LargeDrive,
    #[error("cannot {doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the work was given up: the daemon stops")]
    Stopped,
}

impl Item {
    fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Ramdisk => "ramdisk",
            Self::Iso => "boot.iso",
            Self::Drive => "configdrive.img",
            Self::Stage2 => "squashfs.img",
            Self::Template => "ks.cfg.template",
        }
    }

    /// Bytes that are taken at the most, whatever a server says.
    fn most(self) -> u64 {
        match self {
            Self::Kernel => MOST_KERNEL,
            Self::Ramdisk | Self::Stage2 => MOST_RAMDISK,
            Self::Iso => MOST_ISO,
            Self::Drive => MOST_DRIVE_TEXT,
            Self::Template => MOST_TEMPLATE,
        }
    }
}

impl Kits {
    /// Those in the data folder, on the file system of the image cache.
    pub fn new(data: &Path, cache: Arc<Cache>) -> Self {
        Self { root: data.join(FOLDER), cache }
    }

    /// A file of the node's boot, if it is there. Blocks.
    pub fn path(&self, node: &Node, item: Item) -> Option<PathBuf> {
        let path = self.folder(node)?.join(item.name());
        path.is_file().then_some(path)
    }

    /// Fetches a file and puts it into the kit of the node's boot, where it takes the place of another.
    pub async fn fetch(&self, node: &Node, item: Item, url: Url) -> Result<PathBuf, KitError> {
        let folder = self.folder(node).ok_or(KitError::Unprepared)?;
        let kept = self.cache.local(&Wanted { most: item.most(), ..Wanted::new(url) }).await?;
        beside(move || {
            let path = placed(&folder, item, |passing| fs::hard_link(&kept.path, passing))?;
            drop(kept);
            Ok(path)
        })
        .await
    }

    /// Unpacks a config drive into the kit of the node's boot: a base64 text as agents are given it.
    pub async fn put_drive(&self, node: &Node, text: String) -> Result<(), KitError> {
        let folder = self.folder(node).ok_or(KitError::Unprepared)?;
        beside(move || unpack_drive(&folder, text.as_bytes())).await
    }

    /// Fetches a config drive: an image, a gzipped one, or base64 of that.
    pub async fn fetch_drive(&self, node: &Node, url: Url) -> Result<(), KitError> {
        let folder = self.folder(node).ok_or(KitError::Unprepared)?;
        let kept = self.cache.local(&Wanted { most: Item::Drive.most(), ..Wanted::new(url) }).await?;
        beside(move || {
            let bytes = fs::read(&kept.path).map_err(failed("read", &kept.path))?;
            unpack_drive(&folder, &bytes)
        })
        .await
    }

    /// Removes the kits of boots that are over; `is_under_way` is asked for each with its node and [`tag`]. Blocks.
    pub fn sweep(&self, is_under_way: &dyn Fn(NodeId, &str) -> bool) {
        let Ok(listed) = fs::read_dir(&self.root) else { return };
        for entry in listed.flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let known = name.split_once('.').and_then(|(node, tag)| Some((node.parse().ok()?, tag)));
            if known.is_some_and(|(node, tag)| is_under_way(node, tag)) {
                continue;
            }
            if let Err(error) = fs::remove_dir_all(entry.path()) {
                warn!(path = %entry.path().display(), %error, "files of a boot that is over cannot be removed");
            }
        }
    }

    fn folder(&self, node: &Node) -> Option<PathBuf> {
        let token = node.boot_token.as_ref()?;
        Some(self.root.join(format!("{}.{}", node.id, tag(token))))
    }
}

/// By which the kit of a boot is known without the token itself.
pub fn tag(token: &Secret) -> String {
    let mut tag = digest::sha256(token.reveal().as_bytes());
    tag.truncate(TAG);
    tag
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KitError> + Send + 'static,
) -> Result<T, KitError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(KitError::Stopped))
}

/// Has `make` write a file under a passing name, and puts it in its place.
fn placed(
    folder: &Path,
    item: Item,
    make: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<PathBuf, KitError> {
    let there = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    there.map_err(failed("make the folder", folder))?;
    let (path, passing) = (folder.join(item.name()), folder.join(format!("{}.part", item.name())));
    fs::remove_file(&passing).ok(); // mostly it is not there
    make(&passing).map_err(failed("write", &passing))?;
    fs::rename(&passing, &path).map_err(failed("name", &path))?;
    // Of two names of one file both stay (rename(2)).
    fs::remove_file(&passing).ok();
    Ok(path)
}

fn unpack_drive(folder: &Path, bytes: &[u8]) -> Result<(), KitError> {
    let decoded;
    let packed = if bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        let bare: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        decoded = STANDARD.decode(bare).map_err(|error| KitError::Drive(io::Error::other(error)))?;
        &decoded
    } else {
        bytes
    };
    let mut image: Box<dyn Read + '_> =
        if packed.starts_with(&GZIP) { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) };
    let mut size = 0;
    let placed = placed(folder, Item::Drive, |passing| {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(passing)?;
        size = io::copy(&mut Read::by_ref(&mut image).take(LIMIT + 1), &mut file)?;
        flush(&mut file)
    });
    match (placed, size) {
        (Ok(path), size) if size > LIMIT => {
            fs::remove_file(path).ok(); // goes with its kit otherwise
            Err(KitError::LargeDrive)
        }
        (Ok(_), 0) => Err(KitError::Drive(io::ErrorKind::UnexpectedEof.into())),
        (Err(KitError::Io { source, .. }), _) if is_of_gzip(&source) => Err(KitError::Drive(source)),
        (placed, _) => placed.map(drop),
    }
}

fn flush(file: &mut File) -> io::Result<()> {
    file.flush()?;
    file.sync_all()
}

fn is_of_gzip(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KitError {
    let path = path.to_owned();
    move |source| KitError::Io { doing, path, source }
}

/// In the data folder.
const FOLDER: &str = "kits";
/// Hex digits of a hash that tell boots apart.
const TAG: usize = 32;
/// What gzipped data begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1F, 0x8B];
/// Kernels have some ten MiB, with all firmware built in some hundred.
const MOST_KERNEL: u64 = 1 << 30;
/// A file of ISO 9660 has less than 4 GiB, so a boot medium holds no more.
const MOST_RAMDISK: u64 = (4 << 30) - 1;
/// The largest layer of a Blu-ray disc, doubled: no installer is as large.
const MOST_ISO: u64 = 100 << 30;
const MOST_TEMPLATE: u64 = 1 << 20;
/// Base64 of what does not shrink, with line breaks.
const MOST_DRIVE_TEXT: u64 = 90 << 20;

#[cfg(test)]
pub(in crate::depot) mod tests;
