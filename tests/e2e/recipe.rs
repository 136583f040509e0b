//! What `image/build` makes and says.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `image/build` with these words; what it printed.
pub fn build(words: &[&str]) -> String {
    let done = Command::new(root().join("image/build")).args(words).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "image/build {words:?}:\n{said}\n{complained}");
    said.into_owned()
}

/// A board by its folder's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Board(pub &'static str);

/// The reference board.
pub const REFERENCE: Board = Board("qemu-x86_64");
/// The one with the other processor.
pub const ARM: Board = Board("qemu-aarch64");

impl Board {
    pub fn folder(self) -> PathBuf {
        root().join("board").join(self.0)
    }

    /// A value of it.
    pub fn ask(self, key: &str) -> String {
        ask(self, key)
    }

    pub fn qemu(self) -> String {
        format!("qemu-system-{}", self.ask("arch"))
    }

    /// Where its deploy ramdisk is put.
    pub fn ramdisk(self) -> PathBuf {
        made(&format!("ramdisk-{}", self.ask("arch")))
    }
}

fn ask(board: Board, key: &str) -> String {
    let done = Command::new("python3")
        .arg(root().join("image/board.py"))
        .arg(root().join("board"))
        .args([board.0, key])
        .output()
        .unwrap();
    assert!(done.status.success(), "{key}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Where `image/build` puts what it makes.
pub fn made(what: &str) -> PathBuf {
    root().join(".cache/image").join(what)
}
