//! What is posted to a lane.

use tokio::sync::oneshot;

use crate::conduct::parked::{ActReply, AskReply};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::Seen;

/// One post; whoever waits holds the other end of the reply.
#[derive(Debug)]
pub enum Post {
    Ask(Ask, AskReply),
    /// A heartbeat waits in the lane's beat slot.
    Beat,
    /// A synchronous look.
    Look(Look, oneshot::Sender<Seen>),
    /// A synchronous change.
    Act(Effect, ActReply),
    /// The wait of this number has ended.
    Due(u64),
    /// Dropped once all that drivers had learnt before is kept.
    Settle(oneshot::Sender<()>),
    /// Power sync has come round; the reply is dropped when the look is over.
    Sync(oneshot::Sender<()>),
}
