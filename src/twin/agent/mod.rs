//! The agent of one boot: who am I, then serve commands and beat.
//!
//! ```text
//! discover -> lookup -> (token?) -> certificate -> serve commands
//!                          |                    -> beat, and at once after each asynchronous command
//!                          `-> lock down, if the token was given to somebody else
//! ```
//!
//! - `caller`    requests to the appliance; `finding` the lookup; `beating` the heartbeats
//! - `door`      the HTTPS listener; `api` its routes; `book` the commands since boot
//! - `command`   the table of commands and how one is taken on; `content` what is refused before that
//! - `step`      in-band steps; `image` writing one; `sink` its way to the disk; `hash` its checksum
//! - `failure`   how commands fail; `hardware`, `logs` what is told about the machine

pub mod api;
pub mod beating;
pub mod book;
pub mod caller;
pub mod command;
pub mod content;
pub mod door;
pub mod failure;
pub mod finding;
pub mod hardware;
pub mod hash;
mod hints;
pub mod image;
pub mod logs;
pub mod sink;
pub mod step;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::base::secret::{MASK, Secret};
use crate::net::tls::Identity;
use crate::twin::agent::book::Book;
use crate::twin::agent::caller::Newest;
use crate::twin::agent::door::Door;
use crate::twin::machine::Machine;
use crate::twin::progress::{Phase, Stage};
use crate::wire::agent::lookup::AgentConfig;

/// What the agent of one boot knows.
#[derive(Debug)]
pub struct Agent {
    pub(super) machine: Machine,
    pub(super) node: Uuid,
    pub(super) config: AgentConfig,
    pub(super) token: Secret,
    pub(super) book: Book,
    /// Where the command API listens, e.g. `https://127.0.0.1:40001`.
    pub(super) callback_url: String,
    /// The certificate served and announced now.
    identity: Mutex<Identity>,
    /// A beat is wanted at once.
    pub(super) nudge: Notify,
    /// The agent ends: answers under way are given, nothing more is begun.
    pub(super) leaving: CancellationToken,
    /// The command API has closed.
    pub(super) served: CancellationToken,
    pub(super) started: Moment,
    pub(super) newest: Newest,
}

impl Agent {
    pub(super) fn identity(&self) -> Identity {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn take_identity(&self, identity: Identity) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = identity;
    }
}

/// The agent's life, from its first request to the end of the boot.
pub(super) async fn live(machine: Machine) {
    machine.stage(Stage::LookingUp);
    let newest = Newest::default();
    let found = finding::until_found(&machine, &newest, None).await;
    machine.mark(Phase::Found);
    let Some(token) = own_token(&machine, found.config.agent_token.as_ref()) else {
        machine.note(|progress| progress.lockdowns = progress.lockdowns.saturating_add(1));
        return machine.stage(Stage::LockedDown);
    };
    let Some(node) = found.node_uuid() else { return machine.stage(Stage::Dead) };
    caller::probe(&machine).await;
    let door = match Door::open(&machine).await {
        Ok(door) => door,
        Err(error) => {
            tracing::warn!(%error, "the simulated agent cannot serve");
            return machine.stage(Stage::Dead);
        }
    };
    let agent = Arc::new(Agent {
        node,
        config: found.config,
        token,
        book: Book::default(),
        callback_url: door.callback_url(),
        identity: Mutex::new(door.identity()),
        nudge: Notify::new(),
        leaving: CancellationToken::new(),
        served: CancellationToken::new(),
        started: machine.wall(),
        newest,
        machine,
    });
    agent.machine.stage(Stage::Serving);
    let beats = agent.leaving.run_until_cancelled(beating::forever(&agent));
    let served = async {
        door.serve(agent.clone()).await;
        agent.served.cancel();
    };
    tokio::join!(served, beats);
}

/// The token given, or the one planted; none if the lookup shows that somebody else was given it.
fn own_token(machine: &Machine, given: Option<&Secret>) -> Option<Secret> {
    match given {
        Some(token) if token.reveal() != MASK => Some(token.clone()),
        Some(_) | None => machine.server.mutable().token.clone(),
    }
}
