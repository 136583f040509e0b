//! What one line remembers between calls: the session, the service root, how this BMC is to be spoken to.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::base::id::NodeId;
use crate::base::secret::Secret;
use crate::model::bmc::CredentialPrint;
use crate::net::client::Client;
use crate::net::client::outgoing::Trust;
use crate::net::tls::TlsFloor;
use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::resource::Resource;

/// The slot of a [`crate::driver::bmc::line::Line`].
#[derive(Debug, Default)]
pub struct Slot {
    known: Mutex<Known>,
    /// Held while somebody logs in, so that one does.
    pub door: tokio::sync::Mutex<()>,
}

/// All that is remembered; cheap to look at, never held over an await.
#[derive(Debug, Default)]
pub struct Known {
    /// Keeps the connections to this BMC.
    pub client: Option<Arc<Client>>,
    pub token: Option<Token>,
    /// Sessions that others took the place of, to be closed.
    pub replaced: Vec<Token>,
    /// How the session is closed at exit.
    pub closer: Option<Closer>,
    /// Sessions do not work here: basic is used.
    pub basic: bool,
    /// A session has worked: basic is not fallen back to any more.
    pub session_worked: bool,
    pub root: Option<Arc<Resource>>,
    /// The path of the only system.
    pub only_system: Option<String>,
    pub quirks: HashMap<String, Arc<Quirks>>,
    /// `Accept-Encoding: identity` is answered 406.
    pub no_identity: bool,
    /// Connections are not used again.
    pub no_reuse: bool,
    /// Kept connections that broke under a request.
    pub stale: u8,
    /// `$expand` is advertised and does nothing.
    pub no_expand: bool,
    /// Collections that are not expanded as they should be.
    pub unexpanded: HashSet<String>,
    /// Chassis whose lamp cannot be set, by their path: the system's is taken for it.
    pub lampless: HashSet<String>,
    /// Files of certificate authorities as they were read.
    pub authorities: HashMap<PathBuf, Arc<[u8]>>,
    /// The certificate seen first, SHA-256 in hex, until it is in the node's record.
    pub pin: Option<String>,
    /// Credentials that were refused over SSH.
    pub ssh_refused: Option<CredentialPrint>,
}

/// Where and on what terms a session is closed.
#[derive(Debug, Clone)]
pub struct Closer {
    pub base: Url,
    pub trust: Trust,
    pub floor: TlsFloor,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub secret: Secret,
    /// Where it is closed.
    pub path: Option<String>,
    pub print: CredentialPrint,
    /// Whose record names it.
    pub node: NodeId,
}

impl Known {
    /// Whether this collection may be asked for with its members.
    pub fn expands(&self, path: &str) -> bool {
        let has_quirk = self.quirks.values().any(|quirks| quirks.expand_drops_members());
        !has_quirk && !self.no_expand && !self.unexpanded.contains(path)
    }

    /// A collection came without its members; `is_bare` if with none of them whole.
    pub fn unexpanded(&mut self, path: &str, is_bare: bool) {
        self.no_expand |= is_bare || self.unexpanded.len() >= UNEXPANDED;
        self.unexpanded.insert(path.to_owned());
    }
}

impl Slot {
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that these credentials opened.
    pub fn token(&self, print: &CredentialPrint) -> Option<Token> {
        self.known().token.clone().filter(|token| token.print == *print)
    }

    /// Forgets this token, unless another one is there already.
    pub fn drop_token(&self, secret: &Secret) {
        let mut known = self.known();
        if known.token.as_ref().is_some_and(|token| token.secret == *secret) {
            known.token = None;
        }
    }
}

/// Collections that may fail to expand before none is tried any more.
const UNEXPANDED: usize = 64;
