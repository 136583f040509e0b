//! Asks that wait for a change to end: 3 x 1 s unless the site says otherwise, then they are refused as locked (style
//! corner 4).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::time::Tick;
use crate::base::who::Author;
use crate::conduct::author;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;

/// Who waits for an ask.
pub type AskReply = Reply<Answer>;
/// Who waits for a synchronous change.
pub type ActReply = Reply<Outcome>;

/// Who waits, and in whose name.
#[derive(Debug)]
pub struct Reply<T> {
    to: oneshot::Sender<Result<T, Refusal>>,
    /// `None` for the daemon itself.
    pub author: Option<Arc<Author>>,
}

impl<T> Reply<T> {
    /// In the name of who asks now; the answer comes at the other end.
    pub fn new() -> (Self, oneshot::Receiver<Result<T, Refusal>>) {
        let (to, answer) = oneshot::channel();
        (Self { to, author: author::present() }, answer)
    }

    /// Gives the answer back if nobody waits for it any more.
    pub fn send(self, answer: Result<T, Refusal>) -> Result<(), Result<T, Refusal>> {
        self.to.send(answer)
    }
}

/// What waits for the lane to be free.
#[derive(Debug)]
pub enum Waiting {
    Ask(Ask, AskReply),
    Act(Effect, ActReply),
}

impl Waiting {
    pub fn refuse(self, refusal: Refusal) {
        // Whoever asked may have gone away; then nobody needs the answer.
        match self {
            Self::Ask(_, reply) => reply.send(Err(refusal)).ok(),
            Self::Act(_, reply) => reply.send(Err(refusal)).map_or(None, |()| Some(())),
        };
    }
}

/// The asks that wait, oldest first.
#[derive(Debug)]
pub struct Parked {
    patience: Duration,
    waiting: VecDeque<(Tick, Waiting)>,
}

impl Parked {
    /// None wait yet; each will for so long.
    pub fn new(patience: Duration) -> Self {
        Self { patience, waiting: VecDeque::new() }
    }

    /// Parks until `now` and the patience of an ask; gives it back if too many wait.
    #[expect(clippy::result_large_err, reason = "what is refused goes back as it came")]
    pub fn push(&mut self, now: Tick, one: Waiting) -> Result<(), Waiting> {
        if self.waiting.len() >= PARKED_LIMIT {
            return Err(one);
        }
        self.waiting.push_back((now.after(self.patience), one));
        Ok(())
    }

    pub fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop_front().map(|(_, one)| one)
    }

    /// When the oldest runs out of patience.
    pub fn deadline(&self) -> Option<Tick> {
        self.waiting.front().map(|(until, _)| *until)
    }

    /// One whose patience has ended.
    pub fn overdue(&mut self, now: Tick) -> Option<Waiting> {
        if self.deadline()? <= now { self.pop() } else { None }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Asks that may wait at one node: more are a client gone wild.
const PARKED_LIMIT: usize = 32;
