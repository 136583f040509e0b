//! A kernel and a ramdisk among the files that were named, told by their beginnings and not by their names: so that
//! ours, the published agent images and those of diskimage-builder are all taken as they are.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::fault::CliError;
use crate::wire::boot_file::{BootFile, HEAD};
use crate::wire::cmdline::Cmdline;

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub kernel: PathBuf,
    pub ramdisk: PathBuf,
    /// The kernel's processor.
    pub arch: &'static str,
    /// What the folder's file `version` says.
    pub version: Option<String>,
    /// What the folder's file `cmdline` says: kernel parameters that the pair wants.
    pub cmdline: Option<String>,
    /// What its file `sha256sums` says: the hash of each file by its name.
    pub sums: BTreeMap<String, String>,
}

impl Found {
    /// The processor whose machines boot it: what was asked for, if the kernel is for that one.
    pub fn arch_as(&self, wanted: Option<&str>) -> Result<&'static str, CliError> {
        match wanted {
            Some(wanted) if wanted != self.arch => {
                let own = self.arch;
                Err(wrong(
                    &self.kernel,
                    format!("it is a kernel for {own} machines, not for {wanted:?} (--arch)"),
                ))
            }
            Some(_) | None => Ok(self.arch),
        }
    }
}

/// Finds the pair. Blocks.
pub fn find(given: &[PathBuf]) -> Result<Found, CliError> {
    let (files, folder) = match given {
        [one] if one.is_dir() => (files_in(one)?, Some(one.as_path())),
        files => (files.to_vec(), None),
    };
    let (mut kernels, mut ramdisks) = (Vec::new(), Vec::new());
    for path in files {
        match kind_of(&path)? {
            Some(BootFile::Kernel(arch)) => kernels.push((path, arch)),
            Some(BootFile::Ramdisk(_)) => ramdisks.push(path),
            None if folder.is_some() => {}
            None => return Err(wrong(&path, "it is neither a kernel nor a ramdisk".to_owned())),
        }
    }
    let named = given.first().map_or(Path::new("."), PathBuf::as_path);
    let Some((kernel, arch)) = single(kernels) else {
        return Err(wrong(named, MIXED.replace("PART", "kernel")));
    };
    let Some(ramdisk) = single(ramdisks) else {
        return Err(wrong(named, MIXED.replace("PART", "ramdisk")));
    };
    let version = folder.and_then(|folder| fs::read_to_string(folder.join("version")).ok());
    let version = version.map(|text| text.trim().chars().take(255).collect());
    let cmdline = folder.map(cmdline_in).transpose()?.flatten();
    let sums = folder.map(sums_in).transpose()?.unwrap_or_default();
    Ok(Found { kernel, ramdisk, arch, version, cmdline, sums })
}

/// Whether a file is the one that its folder lists, if it lists it.
pub fn compare(found: &Found, path: &Path, sha256: &str) -> Result<(), CliError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match found.sums.get(name) {
        Some(wanted) if !wanted.eq_ignore_ascii_case(sha256) => Err(wrong(
            path,
            format!("its SHA-256 is {sha256}, and {SUMS} beside it says {wanted}: copy or build it anew"),
        )),
        Some(_) | None => Ok(()),
    }
}

/// What `sha256sum` has written in a folder; lines of another form are passed over.
fn sums_in(folder: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let path = folder.join(SUMS);
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(MOST_SUMS).read_to_string(&mut text)) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(why) => return Err(unreadable(&path)(why)),
        Ok(_) => {}
    }
    let row = |line: &str| {
        let (sum, name) = line.split_once([' ', '\t'])?;
        let name = name.trim_start_matches([' ', '\t', '*']).trim_start_matches("./");
        (sum.len() == 64).then(|| (name.to_owned(), sum.to_owned()))
    };
    Ok(text.lines().filter_map(row).collect())
}

/// The kernel parameters in a folder, if it has some.
fn cmdline_in(folder: &Path) -> Result<Option<String>, CliError> {
    let path = folder.join("cmdline");
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(MOST_WORDS).read_to_string(&mut text)) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(unreadable(&path)(why)),
        Ok(_) => {}
    }
    let words = Cmdline::parse(&text).map_err(|why| wrong(&path, why.to_string()))?.to_string();
    Ok(Some(words).filter(|words| !words.is_empty()))
}

fn single<T>(all: Vec<T>) -> Option<T> {
    let mut all = all.into_iter();
    all.next().filter(|_| all.next().is_none())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let entries = fs::read_dir(folder).map_err(unreadable(folder))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // Signatures and checksums beside them are short.
    files.retain(|path| fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() > LEAST));
    files.sort();
    Ok(files)
}

fn kind_of(path: &Path) -> Result<Option<BootFile>, CliError> {
    let most = u64::try_from(HEAD).unwrap_or(u64::MAX);
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut head));
    read.map_err(unreadable(path))?;
    Ok(BootFile::of(&head))
}

fn wrong(path: &Path, why: String) -> CliError {
    CliError::Content { path: path.to_owned(), why }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> CliError {
    let path = path.to_owned();
    move |source| CliError::File { path, source }
}

const MIXED: &str = "there is not exactly one PART here: name the kernel and the ramdisk, or a folder with one of each \
(a tar archive has to be unpacked first)";

/// What `image/build` writes beside what it makes.
const SUMS: &str = "sha256sums";
/// Bytes of it.
const MOST_SUMS: u64 = 64 << 10;
/// Bytes of kernel parameters that are read: one more than any kernel takes shows that there are too many.
const MOST_WORDS: u64 = 2049;
/// Bytes.
const LEAST: u64 = 64 * 1024;
