//! Opens a regular file below a root directory and nowhere else, whatever the name says.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use percent_encoding::percent_decode_str;

/// The path below a root that a raw, percent-encoded request path names; leading slashes are dropped.
/// `None` for names that could mean something else than they say: `.`, `..` and empty segments, an encoded
/// slash or NUL, broken escapes.
pub(super) fn segments(raw: &str) -> Option<PathBuf> {
    let raw = raw.strip_prefix('/').unwrap_or(raw);
    raw.split('/').map(segment).collect()
}

fn segment(raw: &str) -> Option<PathBuf> {
    let mut after = raw.split('%').skip(1);
    if !after.all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2) {
        return None;
    }
    let name: Vec<u8> = percent_decode_str(raw).collect();
    let is_odd =
        matches!(name.as_slice(), b"" | b"." | b"..") || name.iter().any(|byte| b"/\0".contains(byte));
    (!is_odd).then(|| PathBuf::from(OsStr::from_bytes(&name)))
}

/// Opens `relative` below `root` for reading. Links may lead anywhere below the root, not out of it. Blocks.
pub(super) fn open_file(root: &Path, relative: &Path) -> io::Result<(File, Metadata)> {
    let root = root.canonicalize()?;
    let real = root.join(relative).canonicalize()?;
    let inside = real.strip_prefix(&root).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
    let flags = OFlag::O_CLOEXEC | OFlag::O_DIRECTORY | OFlag::O_PATH;
    let directory = open(&root, flags, Mode::empty())?;
    // The kernel looks again, in case a link was put there meanwhile. A FIFO must not hold us.
    let how = OpenHow::new()
        .flags(OFlag::O_CLOEXEC | OFlag::O_RDONLY | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = File::from(openat2(directory, inside, how)?);
    let meta = file.metadata()?;
    if meta.is_file() { Ok((file, meta)) } else { Err(io::ErrorKind::NotFound.into()) }
}
