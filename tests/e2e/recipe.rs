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

/// A value of the reference board.
pub fn ask(key: &str) -> String {
    let done = Command::new("python3")
        .arg(root().join("image/board.py"))
        .arg(root().join("board"))
        .args([BOARD, key])
        .output()
        .unwrap();
    assert!(done.status.success(), "{key}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Where `image/build` puts what it makes.
pub fn made(what: &str) -> PathBuf {
    root().join(".cache/image").join(what)
}

pub const BOARD: &str = "qemu-x86_64";
