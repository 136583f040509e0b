//! The record of one console on the disk: bounded, the oldest half goes when it is full.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::id::NodeId;
use crate::conduct::console::room::TAIL;

/// Two files of half the limit each: the newer is written, the older waits to be dropped. Everything here blocks.
#[derive(Debug)]
pub struct Log {
    newer: PathBuf,
    older: PathBuf,
    half: u64,
    open: Option<(File, u64)>,
}

impl Log {
    /// The log of a node below `folder`, `limit` bytes at most. Touches nothing yet.
    pub fn new(folder: &Path, node: NodeId, limit: u64) -> Self {
        let older = folder.join(format!("{node}.log.old"));
        Self { newer: folder.join(format!("{node}.log")), older, half: limit / 2, open: None }
    }

    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let (mut file, mut size) = self.take()?;
        if size > 0 && size.saturating_add(length) > self.half {
            std::fs::rename(&self.newer, &self.older)?;
            (file, size) = self.take()?;
        }
        file.write_all(bytes)?;
        self.open = Some((file, size.saturating_add(length)));
        Ok(())
    }

    /// The file being written and its size; after an error it is opened anew.
    fn take(&mut self) -> io::Result<(File, u64)> {
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        if let Some(folder) = self.newer.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.newer)?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }

    /// The last bytes of the newer file; nothing if there is none.
    pub fn tail(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A record that cannot be read is one that nobody is shown.
        self.read_tail(&mut bytes).ok();
        bytes
    }

    fn read_tail(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut file = File::open(&self.newer)?;
        let wanted = u64::try_from(TAIL).unwrap_or(u64::MAX);
        let start = file.metadata()?.len().saturating_sub(wanted);
        file.seek(SeekFrom::Start(start))?;
        file.take(wanted).read_to_end(bytes)?;
        Ok(())
    }

    /// All that is recorded, the oldest first; nothing if there is none.
    pub fn whole(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for path in [&self.older, &self.newer] {
            // As with the tail: what cannot be read is not shown.
            bytes.extend(std::fs::read(path).unwrap_or_default());
        }
        bytes
    }

    /// Removes the record.
    pub fn remove(&self) {
        for path in [&self.newer, &self.older] {
            // There may be none.
            std::fs::remove_file(path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use uuid::Uuid;

    use super::*;

    fn sizes(log: &Log) -> (u64, u64) {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        (size(&log.newer), size(&log.older))
    }

    #[test]
    fn a_log_is_private_bounded_and_goes_on_after_a_restart() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("consoles");
        let mut log = Log::new(&folder, NodeId(Uuid::nil()), 100);
        for n in 0_u8..20 {
            log.append(&[n; 20]).unwrap();
            let (newer, older) = sizes(&log);
            assert!(newer <= 50 && older <= 50, "{newer} {older}");
        }
        assert_eq!(std::fs::metadata(&log.newer).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let mut again = Log::new(&folder, NodeId(Uuid::nil()), 100);
        let before = sizes(&again).0;
        again.append(b"x").unwrap();
        assert_eq!(sizes(&again).0, before + 1);
        assert!(again.tail().ends_with(&[19, b'x']));
        let whole = again.whole();
        assert_eq!(whole.len(), usize::try_from(sizes(&again).0 + sizes(&again).1).unwrap());
        assert!(whole.is_sorted_by_key(|byte| if *byte == b'x' { 20 } else { *byte }), "the oldest first");
        again.remove();
        assert_eq!(sizes(&again), (0, 0));
    }

    #[test]
    fn one_piece_larger_than_half_is_kept_whole() {
        let home = tempfile::tempdir().unwrap();
        let mut log = Log::new(home.path(), NodeId(Uuid::nil()), 100);
        log.append(&[7; 80]).unwrap();
        log.append(&[8; 10]).unwrap();
        assert_eq!(sizes(&log), (10, 80));
    }

    #[test]
    fn what_is_not_there_has_no_tail() {
        let home = tempfile::tempdir().unwrap();
        let log = Log::new(home.path(), NodeId(Uuid::nil()), 100);
        assert!(log.tail().is_empty() && log.whole().is_empty());
    }
}
