//! One node's talk with its BMC: every request is one turn of the governor, log-in included.
//!
//! ```text
//!   ask ─▶ turn ─▶ certificate ─▶ session ─▶ send ─▶ answer
//!                  (first seen)   (log in)     │ 401 on a token: one new log-in
//!                                              │ 406: without `identity`    redirect: same host, same method
//! ```

pub mod access;
pub mod close;
pub mod error;
pub mod exchange;
pub mod left;
pub mod read;
pub mod slot;
pub mod stranger;
pub mod watch;
pub mod write;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::base::chain::chain;
use crate::base::time::SharedClock;
use crate::driver::bmc::Ground;
use crate::driver::bmc::governor::Governor;
use crate::driver::bmc::line::{Line, Turn};
use crate::driver::redfish::talk::access::Access;
use crate::driver::redfish::talk::error::{Place, RedfishError};
use crate::driver::redfish::talk::left::Recalled;
use crate::driver::redfish::talk::slot::Slot;
use crate::model::bmc::{CredentialPrint, Fact};
use crate::model::node::Node;
use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError};
use crate::net::http::{Headers, Method};
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::send::Body;
use crate::wire::redfish::task::retry_after;

/// What all talks share.
#[derive(Debug)]
pub struct RedfishRack {
    pub ground: Ground,
    governor: Governor<Slot>,
    client: Client,
    /// Sessions that are open and on no line.
    pub(super) recalled: Mutex<Recalled>,
}

impl RedfishRack {
    pub fn new(ground: Ground) -> Self {
        let governor = Governor::new(&ground, ground.redfish_limits);
        Self { governor, ground, client: Client::new(), recalled: Mutex::default() }
    }

    /// The talk of a node.
    pub fn talk(self: &Arc<Self>, node: &Node, access: Access) -> Talk {
        let print = access.settings.print(&self.ground.prints);
        let line = self.governor.line(&access.key);
        let (node, access) = (Arc::new(node.clone()), Arc::new(access));
        let gate = Arc::new(Semaphore::new(IN_QUEUE));
        Talk { rack: Arc::clone(self), node, access, line, print, gate }
    }

    /// The queues of all BMCs.
    pub fn governor(&self) -> &Governor<Slot> {
        &self.governor
    }
}

/// A node and its BMC.
#[derive(Debug, Clone)]
pub struct Talk {
    pub rack: Arc<RedfishRack>,
    pub node: Arc<Node>,
    pub access: Arc<Access>,
    pub line: Arc<Line<Slot>>,
    pub print: CredentialPrint,
    /// Lets so many of its requests wait for their turns, so that a walk over many resources never fills the queue.
    gate: Arc<Semaphore>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    /// On the BMC, with its query.
    pub path: String,
    pub body: Option<Body>,
    pub if_match: Option<String>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: None, if_match: None }
    }

    pub fn write(method: Method, path: impl Into<String>, body: Option<Body>) -> Self {
        Self { method, path: path.into(), body, if_match: None }
    }
}

/// An answer that is no refusal.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn etag(&self) -> Option<&str> {
        self.headers.get("etag")
    }

    pub fn location(&self) -> Option<&str> {
        self.headers.get("location")
    }
}

/// Why a turn came to no answer.
#[derive(Debug)]
pub enum Ended {
    Client(ClientError),
    LoginRefused(String),
    Other(RedfishError),
}

impl From<ClientError> for Ended {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<RedfishError> for Ended {
    fn from(error: RedfishError) -> Self {
        Self::Other(error)
    }
}

impl Talk {
    pub fn clock(&self) -> &SharedClock {
        &self.rack.ground.clock
    }

    pub fn slot(&self) -> &Slot {
        self.line.session()
    }

    /// As errors name it.
    pub fn who(&self) -> String {
        self.line.key().to_string()
    }

    pub fn place(&self, method: Method, path: &str) -> Box<Place> {
        Box::new(Place { bmc: self.who(), method, path: path.to_owned() })
    }

    /// Tells the node's record.
    pub fn learn(&self, fact: Fact) {
        self.rack.ground.notebook.learn(self.node.id, fact);
    }

    /// Keeps the connections to this BMC.
    pub fn client(&self) -> Arc<Client> {
        let make = || Arc::new(self.rack.client.sibling(KEPT));
        Arc::clone(self.slot().known().client.get_or_insert_with(make))
    }

    /// Sends one request in one turn. A refusal is an error; a redirect is followed.
    pub async fn call(&self, ask: &Ask) -> Result<Answered, RedfishError> {
        let _place = self.gate.acquire().await;
        let turn = self.line.turn(&self.node, &self.print).await?;
        let began = self.clock().tick();
        // Boxed, since every read of a walk is made of it.
        let outcome = Box::pin(self.within(&turn, ask)).await;
        let place = self.place(ask.method, &ask.path);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(Ended::LoginRefused(why)) => return Err(turn.login_refused(&why).into()),
            Err(Ended::Other(error)) => return Err(error),
            Err(Ended::Client(error)) => return Err(self.unanswered(turn, place, error).await),
        };
        let headers = &answer.headers;
        if matches!(answer.status, 429 | 503) {
            let pause = headers.get("retry-after").and_then(|text| retry_after(text, self.clock().wall()));
            turn.overloaded(pause);
        } else {
            turn.answered(self.clock().tick().since(began));
        }
        self.judged(place, answer)
    }

    /// An answer, or the refusal that it is.
    fn judged(&self, place: Box<Place>, answer: Answer) -> Result<Answered, RedfishError> {
        if (200..300).contains(&answer.status) {
            return Ok(Answered { status: answer.status, headers: answer.headers, body: answer.body });
        }
        let mut fault = Fault::parse(answer.status, &answer.body).hiding(&self.access.password);
        fault.pause =
            answer.headers.get("retry-after").and_then(|text| retry_after(text, self.clock().wall()));
        let told = self.about_account(&fault, || place.clone());
        Err(told.unwrap_or_else(|| RedfishError::Fault { place, fault: Box::new(fault) }))
    }

    /// What is told as such: a password that must be changed first, a licence that is missing.
    pub fn about_account(&self, fault: &Fault, place: impl FnOnce() -> Box<Place>) -> Option<RedfishError> {
        if fault.is_password_change_required() {
            let account = fault.account().map(|link| link.as_str().to_owned());
            let user = || self.access.user.clone().unwrap_or_default();
            return Some(RedfishError::PasswordChange {
                place: place(),
                account: account.unwrap_or_else(user),
            });
        }
        let is_licence = fault.is_licence();
        is_licence.then(|| RedfishError::Licence { place: place(), text: fault.to_string() })
    }

    /// What a broken exchange means, for the governor and for the caller.
    async fn unanswered(&self, turn: Turn<Slot>, place: Box<Place>, error: ClientError) -> RedfishError {
        let (why, sent) = (chain(&error), error.sent());
        match error {
            ClientError::WrongCertificate { .. } => {
                drop(turn);
                self.wrong_certificate().await
            }
            ClientError::Tls { source, .. } => {
                drop(turn);
                // A file of authorities may have been renewed.
                self.slot().known().authorities.clear();
                self.no_tls(chain(&source)).await
            }
            ClientError::Unsendable { .. } => {
                drop(turn);
                RedfishError::Invalid(why)
            }
            ClientError::TooLarge { .. } | ClientError::Sink { .. } => {
                turn.answered(Duration::ZERO);
                RedfishError::Garbled { place, why }
            }
            ClientError::Unreachable { .. } | ClientError::Timeout { .. } | ClientError::Protocol { .. } => {
                self.client().close();
                RedfishError::Silent { place, sent, driver: Box::new(turn.silent(&why)), why }
            }
        }
    }
}

/// Requests of one walk that wait or run: twice what runs at once, so that a place never stays empty.
const IN_QUEUE: usize = 8;
/// Connections kept open to one BMC: as many as calls may run at once.
const KEPT: usize = 4;
