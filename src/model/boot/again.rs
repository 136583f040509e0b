//! A machine that boots the same again and again, as it is told to its node.

use std::time::Duration;

use crate::base::mac::Mac;

/// More boots than any boot explains, and nothing came of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootLoop {
    /// The NIC that it boots by.
    pub mac: Mac,
    pub what: Looped,
    pub boots: usize,
    /// From the first of these boots to the last.
    pub lasted: Duration,
    /// Which boot it is: as long as the record has this mark, nothing has come of it.
    pub mark: u64,
}

/// What is booted again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looped {
    /// The agent; not given out any more.
    Agent,
    /// The instance's own kernel or ISO; not given out any more.
    Instance,
    /// The disk, which is not held up.
    Disk,
}
