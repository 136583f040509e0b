//! Sessions that outlive those who opened them: found again after a restart by whoever has the same account on the
//! same BMC, and closed once nobody has it any more.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use crate::base::id::NodeId;
use crate::base::time::sleep;
use crate::driver::bmc::line::Line;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::redfish_settings::defaults::RedfishDefaults;
use crate::driver::bmc::redfish_settings::{Auth, RedfishSettings};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::close::PATIENCE;
use crate::driver::redfish::talk::slot::{Closer, Slot, Token};
use crate::model::bmc::{CredentialPrint, Fact};
use crate::model::node::Node;

/// Sessions by the credentials that opened them.
pub type Recalled = HashMap<CredentialPrint, Token>;

impl RedfishRack {
    /// Takes over the sessions that records name at the start.
    pub fn recall(&self, nodes: &[Arc<Node>]) {
        let mut recalled = self.recalled();
        for node in nodes {
            if let Some(session) = node.bmc.session.clone() {
                let (secret, path, print) = (session.token, session.path, session.print);
                recalled.insert(print.clone(), Token { secret, path, print, node: node.id });
            }
        }
    }

    pub(super) fn recalled(&self) -> MutexGuard<'_, Recalled> {
        self.recalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the sessions whose account no node uses any more: it was deleted, or has other credentials or another
    /// address now. `nodes` are all that there are. What another node uses becomes that node's.
    pub async fn close_left(self: &Arc<Self>, nodes: &[Arc<Node>]) {
        let roll = Roll::new(nodes, &self.ground.redfish, &self.ground.prints);
        let lines = self.governor().lines();
        let left: Vec<_> = lines
            .iter()
            .flat_map(|line| self.left_on(line, &roll).into_iter().map(move |one| (line, one)))
            .collect();
        let here = join_all(left.into_iter().map(|(line, token)| self.close_on(line, token, &roll)));
        let recalled =
            join_all(self.left_of_before(&roll).into_iter().map(|token| self.close_recalled(token, &roll)));
        tokio::join!(here, recalled);
    }

    /// Takes the tokens out of the line that nobody uses.
    fn left_on(&self, line: &Arc<Line<Slot>>, roll: &Roll<'_>) -> Vec<Token> {
        let mut known = line.session().known();
        let mut left: Vec<Token> = std::mem::take(&mut known.replaced);
        if let Some(token) = known.token.take() {
            match roll.user(&token) {
                None => left.push(token),
                Some(user) if user == token.node => known.token = Some(token),
                Some(user) => {
                    let token = Token { node: user, ..token };
                    self.ground.notebook.learn(user, token.fact());
                    known.token = Some(token);
                }
            }
        }
        left
    }

    /// Takes out the sessions of before the start that nobody uses.
    fn left_of_before(&self, roll: &Roll<'_>) -> Vec<Token> {
        self.recalled().extract_if(|_, token| roll.user(token).is_none()).map(|(_, token)| token).collect()
    }

    async fn close_on(&self, line: &Arc<Line<Slot>>, token: Token, roll: &Roll<'_>) {
        tokio::select! {
            () = line.quiet() => {}
            () = sleep(&*self.ground.clock, PATIENCE) => {}
        }
        let (closer, client) = {
            let known = line.session().known();
            (known.closer.clone(), known.client.clone())
        };
        let (Some(closer), Some(client)) = (closer, client) else { return };
        if self.end(&client, closer, &token).await {
            self.forget(&token, roll);
        }
    }

    /// A node whose address has changed names no session any more, so that this one is at the node's BMC.
    async fn close_recalled(self: &Arc<Self>, token: Token, roll: &Roll<'_>) {
        let Some(node) = roll.by_id.get(&token.node) else { return };
        let Ok(Server { talk }) = Server::of(self, node) else { return };
        let Ok(trust) = talk.trust().await else { return };
        let closer = Closer { base: talk.access.base.clone(), trust, floor: talk.access.floor };
        if self.end(&talk.client(), closer, &token).await {
            self.forget(&token, roll);
        }
    }

    /// The record may name a newer session already.
    fn forget(&self, token: &Token, roll: &Roll<'_>) {
        let recorded = roll.by_id.get(&token.node).and_then(|node| node.bmc.session.as_ref());
        if recorded.is_some_and(|session| session.token == token.secret) {
            self.ground.notebook.learn(token.node, Fact::SessionClosed);
        }
    }
}

impl Token {
    /// That a node's record should name it.
    pub fn fact(&self) -> Fact {
        let Self { secret, path, print, .. } = self.clone();
        Fact::SessionOpened { token: secret, path, print }
    }
}

/// All nodes and what they log in with.
struct Roll<'a> {
    by_id: HashMap<NodeId, &'a Arc<Node>>,
    defaults: &'a RedfishDefaults,
    prints: &'a PrintKey,
    /// Made when somebody's session is not its own any more.
    by_print: OnceLock<HashMap<CredentialPrint, NodeId>>,
}

impl<'a> Roll<'a> {
    fn new(nodes: &'a [Arc<Node>], defaults: &'a RedfishDefaults, prints: &'a PrintKey) -> Self {
        let by_id = nodes.iter().map(|node| (node.id, node)).collect();
        Self { by_id, defaults, prints, by_print: OnceLock::new() }
    }

    /// The node that the session is for: the one that opened it, else any with its credentials.
    fn user(&self, token: &Token) -> Option<NodeId> {
        let own = self.by_id.get(&token.node).and_then(|node| self.print(node));
        if own.as_ref() == Some(&token.print) {
            return Some(token.node);
        }
        let all = || self.by_id.iter().filter_map(|(id, node)| Some((self.print(node)?, *id))).collect();
        self.by_print.get_or_init(all).get(&token.print).copied()
    }

    /// What the node logs in with, if by sessions.
    fn print(&self, node: &Node) -> Option<CredentialPrint> {
        let settings = RedfishSettings::parse(&node.wished.driver_info, self.defaults).ok()?;
        (settings.auth != Auth::Basic).then(|| settings.print(self.prints))
    }
}

/// Nodes that go or change together are looked at once.
pub const TOGETHER: Duration = Duration::from_secs(1);
