//! What all lanes share: store, hands, clock, policy.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::secret::Secret;
use crate::base::time::SharedClock;
use crate::conduct::console::Consoles;
use crate::conduct::freed::Freed;
use crate::conduct::hands::Hands;
use crate::conduct::relatives::OtherLanes;
use crate::conduct::tray::Tray;
use crate::driver::site::shelf::Shelf;
use crate::model::policy::Policy;
use crate::store::due::Due;
use crate::store::reader::Reader;
use crate::store::writer::Writer;

/// Makes fresh tokens: 32 random bytes as 43 URL-safe characters.
pub type Tokens = Arc<dyn Fn() -> Secret + Send + Sync>;

/// What lanes, desk and ticks share.
pub struct Site {
    pub reader: Reader,
    pub writer: Writer,
    pub due: Due,
    pub hands: Arc<dyn Hands>,
    pub clock: SharedClock,
    pub policy: Arc<Policy>,
    /// What is enabled, with the site's own steps as they were last read.
    pub catalog: Arc<Shelf>,
    pub tokens: Tokens,
    pub tray: Arc<Tray>,
    pub consoles: Arc<Consoles>,
    /// From one lane to the others.
    pub others: OtherLanes,
    /// Allocations that nodes have lost.
    pub freed: Arc<Freed>,
    /// Ends every task.
    pub stop: CancellationToken,
    /// Every lane and tick runs under it, so that draining can wait for them.
    pub tasks: TaskTracker,
    /// Changes found owed at open run at most so many at once (style corner 15).
    pub recovery: Arc<Semaphore>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("host", &self.policy.host).finish_non_exhaustive()
    }
}

/// Changes that may run at once until what was found owed at open is paid.
pub const RECOVERY_AT_ONCE: usize = 8;
