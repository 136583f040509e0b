//! The deploy ramdisks: which kernel and ramdisk a node boots, as files of this host.
//!
//! A node's own pair (`driver_info` `deploy_kernel` and `deploy_ramdisk`) comes first, then the imported pair of its
//! processor, `ramdisks/ARCH/{kernel,ramdisk}` in the data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::depot::shelf::{Shelf, ShelfError};
use crate::model::node::Node;

/// The deploy ramdisks of this host.
#[derive(Debug)]
pub struct Ramdisks {
    root: PathBuf,
    shelf: Arc<Shelf>,
}

/// A kernel with its initial ramdisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub kernel: PathBuf,
    pub ramdisk: PathBuf,
}

/// Why there is no pair.
#[derive(Debug, thiserror::Error)]
pub enum RamdiskError {
    #[error("there is no ramdisk for {arch} machines on this host; import one with: ferric ramdisk import")]
    None { arch: String },
    #[error("driver_info has {has} but no {lacks}; a node brings both or neither")]
    Lone { has: &'static str, lacks: &'static str },
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

impl Ramdisks {
    /// Those below `data`; `shelf` says which files nodes may name.
    pub fn new(data: &Path, shelf: Arc<Shelf>) -> Self {
        Self { root: data.join("ramdisks"), shelf }
    }

    /// The pair that this node boots to be deployed or cleaned. Blocks.
    pub fn of(&self, node: &Node) -> Result<Pair, RamdiskError> {
        match (node.driver_info(KERNEL), node.driver_info(RAMDISK)) {
            (Some(kernel), Some(ramdisk)) => {
                Ok(Pair { kernel: self.admitted(kernel)?, ramdisk: self.admitted(ramdisk)? })
            }
            (Some(_), None) => Err(RamdiskError::Lone { has: KERNEL, lacks: RAMDISK }),
            (None, Some(_)) => Err(RamdiskError::Lone { has: RAMDISK, lacks: KERNEL }),
            (None, None) => self.imported(arch_of(node)),
        }
    }

    /// The imported pair for machines of a processor. Blocks.
    pub fn imported(&self, arch: &str) -> Result<Pair, RamdiskError> {
        let folder = self.root.join(arch);
        let pair = Pair { kernel: folder.join("kernel"), ramdisk: folder.join("ramdisk") };
        let is_there = pair.kernel.is_file() && pair.ramdisk.is_file();
        is_there.then_some(pair).ok_or_else(|| RamdiskError::None { arch: arch.to_owned() })
    }

    fn admitted(&self, href: &str) -> Result<PathBuf, RamdiskError> {
        let path = Path::new(href.strip_prefix("file://").unwrap_or(href));
        Ok(self.shelf.admit(path)?.path)
    }
}

/// The processor that the node's properties tell.
pub fn arch_of(node: &Node) -> &str {
    node.wished.properties.get("cpu_arch").and_then(serde_json::Value::as_str).unwrap_or("x86_64")
}

const KERNEL: &str = "deploy_kernel";
const RAMDISK: &str = "deploy_ramdisk";
