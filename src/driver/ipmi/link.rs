//! A session on a socket, driven by a task of its own: callers ask, it answers, keeps the session alive and closes it.
//!
//! ```text
//!   Link ── commands ──▶ task { Session, Udp } ◀── datagrams ──▶ BMC
//!     ◀── oneshot answers, watched state, SOL payloads ──┘
//! ```
//! It ends when its session ends, when nobody has asked anything for long, when every handle is gone or when the
//! daemon stops; a link that has ended stays ended, and its owner opens another.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::time::SharedClock;
use crate::driver::ipmi::pump::Pump;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::session::{Answer, AskError, End, Failure, Login, Ready};

/// What every link is made with.
#[derive(Debug, Clone)]
pub struct Wires {
    pub clock: SharedClock,
    /// Every link's task runs under it.
    pub tasks: TaskTracker,
    /// Ends every link, with a good-bye to its BMC.
    pub stop: CancellationToken,
    /// How long a session that nobody uses is kept.
    pub idle: Duration,
}

/// A handle on a session.
#[derive(Debug, Clone)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
}

/// Where the session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Opening,
    Ready(Ready),
    Ended(Ending),
}

/// Why there is no session any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    #[error(transparent)]
    Session(#[from] End),
    /// The host's name, the socket or the random numbers.
    #[error("{0}")]
    Socket(String),
}

/// Why an ask has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The session is over; `may_be_done`: the BMC may have done what was asked.
    #[error("{ending}")]
    Ended { ending: Ending, may_be_done: bool },
    /// The session goes on.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The session did not take it.
    #[error(transparent)]
    Refused(#[from] AskError),
}

/// What the task is told.
#[derive(Debug)]
pub enum Command {
    Ask(Ask, oneshot::Sender<Result<Answer, LinkFault>>),
    /// Who gets the payloads of serial over LAN from now on.
    Listen(mpsc::Sender<Vec<u8>>),
    /// A payload of serial over LAN.
    Speak(Vec<u8>),
    Close,
}

impl Link {
    /// Begins to open a session on `host` and `port`.
    pub fn open(wires: &Wires, host: &str, port: u16, login: Login) -> Self {
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (tell, state) = watch::channel(State::Opening);
        let pump = Pump::new(wires, login, tell);
        let (host, stop) = (Arc::<str>::from(host), wires.stop.clone());
        wires.tasks.spawn(async move { pump.run(&host, port, orders, stop).await });
        Self { commands, state }
    }

    /// Waits until requests are answered, or until they never will be.
    pub async fn ready(&self) -> Result<Ready, Ending> {
        let mut state = self.state.clone();
        let found = state.wait_for(|state| *state != State::Opening).await.map(|state| state.clone());
        match found {
            Ok(State::Ready(ready)) => Ok(ready),
            Ok(State::Ended(ending)) => Err(ending),
            // The task says how it ends; only a runtime that is shut down drops it before.
            Ok(State::Opening) | Err(_) => Err(Ending::Session(End::Closed)),
        }
    }

    /// Asks; waits as long as the session sends the request again.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, LinkFault> {
        let (tell, told) = oneshot::channel();
        if self.commands.send(Command::Ask(ask, tell)).await.is_err() {
            return Err(self.never_sent());
        }
        // A task that ends answers what it sent; what is dropped unanswered was never read.
        told.await.unwrap_or_else(|_| Err(self.never_sent()))
    }

    /// Hands the payloads of serial over LAN to `sink` from now on; those that it has no room for are lost, and the
    /// BMC sends them again.
    pub async fn listen(&self, sink: mpsc::Sender<Vec<u8>>) {
        // A link that has ended has nothing to tell: the sink is dropped, and its reader sees that.
        self.commands.send(Command::Listen(sink)).await.ok();
    }

    /// Sends a payload of serial over LAN. False if the session is over.
    pub async fn speak(&self, payload: Vec<u8>) -> bool {
        self.commands.send(Command::Speak(payload)).await.is_ok()
    }

    /// Says good-bye to the BMC; does not wait for it.
    pub fn close(&self) {
        // A full queue is that of a link in use, which ends with its last handle.
        self.commands.try_send(Command::Close).ok();
    }

    /// Waits until the session is over.
    pub async fn over(&self) {
        // A task that is gone has ended its session.
        self.state.clone().wait_for(|state| matches!(state, State::Ended(_))).await.ok();
    }

    pub fn is_over(&self) -> bool {
        self.commands.is_closed() || matches!(*self.state.borrow(), State::Ended(_))
    }

    fn never_sent(&self) -> LinkFault {
        let ending = match &*self.state.borrow() {
            State::Ended(ending) => ending.clone(),
            State::Opening | State::Ready(_) => Ending::Session(End::Closed),
        };
        LinkFault::Ended { ending, may_be_done: false }
    }
}

/// Asks, characters and good-byes that wait for the task: it takes them faster than a BMC answers.
const COMMANDS: usize = 32;
