//! Makes a local image file ready for a deployment: admitted, named, hashed, compared with what was asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::depot::digest::Algorithm;
use crate::depot::image::Checksum;
use crate::depot::shelf::{Shelf, ShelfError};

/// A file that can be given out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The name it is served under, 64 hex digits.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// `qcow2` or `raw`, for `image_disk_format`.
    pub format: &'static str,
    /// SHA-256 in hex, if no checksum was asked for.
    pub sha256: Option<String>,
}

/// Why a file is not ready.
#[derive(Debug, thiserror::Error)]
pub enum ReadyError {
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error("image file {path} has the {algorithm} checksum {found}, not {wanted} as instance_info says")]
    Checksum { path: PathBuf, algorithm: Algorithm, found: String, wanted: String },
}

/// Readies the file at `path`. A checksum that cannot be compared here (behind a URL, of an unknown kind) is left to
/// the agent. The first time takes as long as reading the file does.
pub async fn ready(shelf: &Arc<Shelf>, path: &Path, checksum: &Checksum) -> Result<Ready, ReadyError> {
    let (own, here) = (Arc::clone(shelf), path.to_owned());
    let placed = tokio::task::spawn_blocking(move || placed(&own, &here)).await;
    let ready = placed.unwrap_or_else(|_| Err(ShelfError::GivenUp(path.to_owned())))?;
    if *checksum == Checksum::None {
        let sha256 = Some(shelf.digest(path, Algorithm::Sha256).await?);
        return Ok(Ready { sha256, ..ready });
    }
    if let (Some(algorithm), Some(wanted)) = (checksum.algorithm(), checksum.value()) {
        let found = shelf.digest(path, algorithm).await?;
        if !found.eq_ignore_ascii_case(wanted) {
            let (path, wanted) = (path.to_owned(), wanted.chars().take(SHOWN).collect());
            return Err(ReadyError::Checksum { path, algorithm, found, wanted });
        }
    }
    Ok(ready)
}

fn placed(shelf: &Shelf, path: &Path) -> Result<Ready, ShelfError> {
    let size = shelf.admit(path)?.size;
    Ok(Ready { name: shelf.serve(path)?, size, format: shelf.disk_format(path)?, sha256: None })
}

/// Characters of a wanted checksum that an error repeats: a SHA-512 in whole.
const SHOWN: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::depot::digest;

    fn shelf() -> (tempfile::TempDir, Arc<Shelf>, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(dir.path(), &[]).unwrap();
        let path = shelf.root().join("a.img");
        std::fs::write(&path, b"abc").unwrap();
        (dir, Arc::new(shelf), path)
    }

    #[tokio::test]
    async fn a_file_without_checksum_gets_its_sha256_and_can_be_resolved() {
        let (_dir, shelf, path) = shelf();
        let made = ready(&shelf, &path, &Checksum::None).await.unwrap();
        assert_eq!(made.sha256, Some(digest::sha256(b"abc")));
        assert_eq!((made.size, made.format), (3, "raw"));
        assert_eq!(shelf.resolve(&made.name).unwrap().size, 3);
    }

    #[tokio::test]
    async fn a_checksum_that_can_be_compared_is_compared() {
        let (_dir, shelf, path) = shelf();
        let pair = |value: &str| Checksum::Pair { algo: "sha256".into(), value: value.into() };
        let good = ready(&shelf, &path, &pair(&digest::sha256(b"abc").to_uppercase())).await.unwrap();
        assert_eq!(good.sha256, None);
        let bad = ready(&shelf, &path, &Checksum::Plain("0".repeat(32))).await.unwrap_err();
        let text = bad.to_string();
        assert!(
            text.contains("has the md5 checksum 900150983cd24fb0d6963f7d28e17f72, not 00000000"),
            "{text}"
        );
        let left = Checksum::Plain("http://host/sums".into());
        assert!(ready(&shelf, &path, &left).await.is_ok());
    }

    #[tokio::test]
    async fn a_file_that_may_not_be_given_out_is_never_ready() {
        let (_dir, shelf, _) = shelf();
        let outside = ready(&shelf, Path::new("/etc/hostname"), &Checksum::None).await;
        assert!(matches!(outside, Err(ReadyError::Shelf(ShelfError::NotAllowed(_)))));
    }
}
