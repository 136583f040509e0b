//! Imported pairs on the disk: one a processor, replaced as a whole.
//!
//! ```text
//! ramdisks/ARCH -> pairs/ID        a link that is replaced in one rename
//! ramdisks/pairs/ID/{kernel,ramdisk,cmdline,about.json}
//! ```
//! A pair's folder is complete and flushed before its link points to it. The pair before it stays until the next
//! import, for machines that are loading it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::depot::digest;
use crate::depot::ramdisks::whole::{self, Broken};
use crate::depot::ramdisks::{FOLDER, Part, RamdiskError};
use crate::wire::cmdline::Cmdline;

/// The imported pairs. Calls block.
#[derive(Debug)]
pub struct Stock {
    root: PathBuf,
}

/// What is known of an imported pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub arch: String,
    pub name: Option<String>,
    /// As resources show moments.
    pub imported_at: String,
    pub kernel: Content,
    pub ramdisk: Content,
    /// Kernel parameters that it came with.
    #[serde(default)]
    pub cmdline: Option<String>,
}

/// One file of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    pub sha256: String,
}

/// A complete file that becomes a part of a pair.
#[derive(Debug, Clone)]
pub struct Ready {
    pub path: PathBuf,
    pub sha256: String,
}

/// Why a pair is not taken.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    #[error("{0:?} is no name of a processor: it has small letters, digits and underscores, as in x86_64")]
    Arch(String),
    #[error("there is no imported ramdisk for {0} machines")]
    Missing(String),
    #[error("the kernel is for {kernel} machines, not for {wanted}")]
    OtherArch { kernel: &'static str, wanted: String },
    #[error(transparent)]
    Unlike(#[from] RamdiskError),
    #[error("cannot {doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl Stock {
    /// The pairs below `data`.
    pub fn open(data: &Path) -> Result<Self, StockError> {
        let root = data.join(FOLDER);
        let pairs = root.join(PAIRS);
        fs::create_dir_all(&pairs).map_err(failed("make the folder", &pairs))?;
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the pair the one of its processor, and takes both files away from where they are.
    pub fn put(&self, about: &About, kernel: &Ready, ramdisk: &Ready) -> Result<(), StockError> {
        let arch = checked(&about.arch)?;
        let found = Part::Kernel.check(&kernel.path)?;
        Part::Ramdisk.check(&ramdisk.path)?;
        if let Some(kernel) = found.filter(|found| *found != arch) {
            return Err(StockError::OtherArch { kernel, wanted: arch.to_owned() });
        }
        whole::kernel(&kernel.path).map_err(broken("kernel"))?;
        let has_rdinit = about.cmdline.as_ref().is_some_and(|words| words.contains("rdinit="));
        whole::ramdisk(&ramdisk.path, arch, has_rdinit).map_err(broken("ramdisk"))?;
        let words = about.cmdline.as_ref().map_or_else(String::new, |words| format!(" {words}"));
        let id = digest::sha256(format!("{arch} {} {}{words}", kernel.sha256, ramdisk.sha256).as_bytes());
        let before = self.id_of(arch);
        self.fill(&id, about, kernel, ramdisk)?;
        self.point(arch, &id)?;
        for used in [kernel, ramdisk] {
            fs::remove_file(&used.path).ok(); // swept with the other uploads else
        }
        self.sweep(before.as_ref());
        Ok(())
    }

    /// The pair of a processor.
    pub fn about(&self, arch: &str) -> Result<About, StockError> {
        let missing = || StockError::Missing(arch.chars().take(80).collect());
        let bytes = fs::read(self.root.join(checked(arch)?).join(ABOUT)).map_err(|_| missing())?;
        serde_json::from_slice(&bytes).map_err(|_| missing())
    }

    /// Every pair, by processor.
    pub fn list(&self) -> Result<Vec<About>, StockError> {
        let mut all: Vec<About> = self.arches()?.iter().filter_map(|arch| self.about(arch).ok()).collect();
        all.sort_by(|one, other| one.arch.cmp(&other.arch));
        Ok(all)
    }

    /// Takes the pair of a processor away.
    pub fn remove(&self, arch: &str) -> Result<(), StockError> {
        self.about(arch)?;
        let link = self.root.join(arch);
        let before = self.id_of(arch);
        fs::remove_file(&link).map_err(failed("remove", &link))?;
        flush(&self.root)?;
        self.sweep(before.as_ref());
        Ok(())
    }

    /// A folder with all of the pair, flushed; nothing points to it yet.
    fn fill(&self, id: &str, about: &About, kernel: &Ready, ramdisk: &Ready) -> Result<(), StockError> {
        let (pairs, folder) = (self.root.join(PAIRS), self.root.join(PAIRS).join(id));
        let passing = pairs.join(format!("{id}.new"));
        fs::remove_dir_all(&passing).ok(); // left by a power cut, if at all
        fs::create_dir(&passing).map_err(failed("make the folder", &passing))?;
        for (from, name) in [(kernel, "kernel"), (ramdisk, "ramdisk")] {
            fs::hard_link(&from.path, passing.join(name)).map_err(failed("link", &from.path))?;
        }
        let text = serde_json::to_vec_pretty(about).unwrap_or_default();
        write(&passing.join(ABOUT), &text)?;
        if let Some(words) = &about.cmdline {
            write(&passing.join(CMDLINE), words.as_bytes())?;
        }
        flush(&passing)?;
        if folder.is_dir() {
            // The same content under a new name or at a new time: what is there may be being read.
            let (there, new) = (folder.join(ABOUT), passing.join(ABOUT));
            fs::rename(&new, &there).map_err(failed("replace", &there))?;
            fs::remove_dir_all(&passing).map_err(failed("remove", &passing))?;
        } else {
            fs::rename(&passing, &folder).map_err(failed("name", &folder))?;
        }
        flush(&folder)?;
        flush(&pairs)
    }

    fn point(&self, arch: &str, id: &str) -> Result<(), StockError> {
        let (link, passing) = (self.root.join(arch), self.root.join(format!(".{arch}.new")));
        fs::remove_file(&passing).ok(); // left by a power cut, if at all
        symlink(Path::new(PAIRS).join(id), &passing).map_err(failed("link", &passing))?;
        fs::rename(&passing, &link).map_err(failed("replace", &link))?;
        flush(&self.root)
    }

    /// Removes pairs that no processor has, but for the one that was replaced just now.
    fn sweep(&self, before: Option<&String>) {
        let mut kept: HashSet<String> = before.into_iter().cloned().collect();
        kept.extend(self.arches().unwrap_or_default().iter().filter_map(|arch| self.id_of(arch)));
        for entry in fs::read_dir(self.root.join(PAIRS)).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !kept.contains(name)) {
                fs::remove_dir_all(entry.path()).ok(); // the next import tries again
            }
        }
    }

    fn id_of(&self, arch: &str) -> Option<String> {
        let goal = fs::read_link(self.root.join(arch)).ok()?;
        Some(goal.file_name()?.to_str()?.to_owned())
    }

    fn arches(&self) -> Result<Vec<String>, StockError> {
        let entries = fs::read_dir(&self.root).map_err(failed("list", &self.root))?;
        let names = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
        Ok(names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_arch(name))
            .collect())
    }
}

/// Whether a text can name a processor: it becomes a file name.
pub fn is_arch(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(plain) && !RESERVED.contains(&text)
}

/// The kernel parameters in a pair's folder; what cannot be read as such is told and left out. Blocks.
pub fn cmdline_in(folder: &Path) -> Option<Cmdline> {
    let path = folder.join(CMDLINE);
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(MOST_WORDS).read_to_string(&mut text)) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the kernel parameters of a ramdisk cannot be read");
            return None;
        }
        Ok(_) => {}
    }
    let read = Cmdline::parse(&text);
    read.inspect_err(
        |error| tracing::warn!(path = %path.display(), %error, "a ramdisk's kernel parameters are none"),
    )
    .ok()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StockError> {
    let written =
        File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(failed("write", path))
}

fn checked(arch: &str) -> Result<&str, StockError> {
    if is_arch(arch) { Ok(arch) } else { Err(StockError::Arch(arch.chars().take(80).collect())) }
}

fn broken(wanted: &'static str) -> impl FnOnce(Broken) -> RamdiskError {
    move |why| RamdiskError::Broken { wanted, why }
}

fn flush(folder: &Path) -> Result<(), StockError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(failed("flush", folder))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StockError {
    let path = path.to_owned();
    move |source| StockError::Io { doing, path, source }
}

const PAIRS: &str = "pairs";
const ABOUT: &str = "about.json";
const CMDLINE: &str = "cmdline";
/// Bytes of kernel parameters that are read: one more than any kernel takes shows that there are too many.
const MOST_WORDS: u64 = 2049;
/// Names beside the processors, in the folder or in the address.
const RESERVED: [&str; 2] = [PAIRS, "uploads"];

#[cfg(test)]
mod tests;
