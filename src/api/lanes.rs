//! What the API asks of the lanes: one page, so that its tests can answer in their place.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::Later;
use crate::base::who::{Author, Who};
use crate::conduct::console::Line;
use crate::conduct::desk::{Called, Desk};
use crate::conduct::hands::calls::CallsShown;
use crate::model::Object;
use crate::model::account::Token;
use crate::model::audit::{Deed, Search, Touched};
use crate::model::boot::Beat;
use crate::model::boot::event::{RackEvent, Tiding};
use crate::model::boot::network::{CacheShown, LeaseShown, NetworkStatus};
use crate::model::catalog::Catalog;
use crate::model::decision::ask::{Answer, Ask, NodeDraft, ProvisionAsk};
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::explain::Explained;
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::policy::Policy;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::step::site::SiteSteps;
use crate::model::webhook::HookShown;

/// Posts to the lanes. An answer comes when the change is committed and published.
pub trait Lanes: Send + Sync + fmt::Debug {
    fn create(&self, draft: NodeDraft) -> Later<'_, Result<Arc<Node>, Refusal>>;
    fn ask(&self, node: NodeId, ask: Ask) -> Later<'_, Result<Answer, Refusal>>;
    fn beat(&self, node: NodeId, beat: Beat) -> Later<'_, Result<(), Refusal>>;
    fn look(&self, node: NodeId, look: Look) -> Later<'_, Result<Seen, Refusal>>;
    /// Asks something that belongs to no node.
    fn rack(&self, ask: RackAsk) -> Later<'_, Result<RackAnswer, Refusal>>;
    /// What would come of this request; the name is that of the runbook that its steps come from.
    fn explain(
        &self,
        node: NodeId,
        ask: ProvisionAsk,
        runbook: Option<String>,
    ) -> Later<'_, Result<Explained, Refusal>>;
    fn act(&self, node: NodeId, effect: Effect) -> Later<'_, Result<Outcome, Refusal>>;
    fn passthru(&self, node: NodeId, called: Called, args: Object) -> Later<'_, Result<Seen, Refusal>>;
    /// An end of the node's console; `None` if it is not open.
    fn console(&self, node: NodeId) -> Option<Line>;
    /// What is recorded of the node's console.
    fn console_log(&self, node: NodeId) -> Later<'_, Vec<u8>>;
    /// Keeps the argument `configdrive` of a request as a file; `None` if it is empty.
    fn keep_config_drive(&self, node: NodeId, argument: Value) -> Later<'_, Result<Option<String>, Refusal>>;
    /// Keeps the logs that came with an inventory, a gzipped tar archive.
    fn keep_logs(&self, node: NodeId, archive: Vec<u8>) -> Later<'_, ()>;
    /// The same of a machine that is no node.
    fn keep_strangers_logs(&self, told: Arc<Told>, archive: Vec<u8>) -> Later<'_, ()>;
    /// The networks that are served.
    fn networks(&self) -> Vec<NetworkStatus>;
    /// The cache of images, if there is one.
    fn image_cache(&self) -> Option<CacheShown>;
    /// What happened in the rack's networks, the oldest first.
    fn events(&self) -> Vec<RackEvent>;
    /// How it stands with each webhook, the last event having this number.
    fn webhooks(&self, last: u64) -> Vec<HookShown>;
    /// Calls to machines since the start, by kind.
    fn calls(&self) -> Vec<CallsShown>;
    /// Who has which address.
    fn leases(&self) -> Vec<LeaseShown>;
    /// To whom this host has leased this address.
    fn lessee(&self, address: IpAddr) -> Option<Mac>;
    /// What would keep a deployment of the node from taking the steps of its templates.
    fn deploy_trouble(&self, node: &Node) -> Option<String>;
    /// Who bears this token, if it is valid.
    fn bearer(&self, secret: &Secret) -> Option<Who>;
    /// Every token that is kept, the oldest first.
    fn tokens(&self) -> Vec<Arc<Token>>;
    /// Writes down who asked for which change and which status was answered.
    fn audit(&self, author: &Author, touched: Touched, status: u16);
    /// What was changed by whom before this number, the latest first; why it cannot be read. Blocks.
    fn deeds(&self, before: u64, limit: usize, search: &Search) -> Result<Vec<Deed>, String>;
    /// Journals what belongs to no node.
    fn tell(&self, tiding: Tiding);
    /// The wall's moment.
    fn now(&self) -> Moment;
    fn catalog(&self) -> &Catalog;
    /// The site's own steps, as its folder was last read.
    fn site_steps(&self) -> SiteSteps;
    fn policy(&self) -> &Policy;
}

impl Lanes for Arc<Desk> {
    fn create(&self, draft: NodeDraft) -> Later<'_, Result<Arc<Node>, Refusal>> {
        Box::pin(Desk::create(self, draft))
    }

    fn ask(&self, node: NodeId, ask: Ask) -> Later<'_, Result<Answer, Refusal>> {
        Box::pin(Desk::ask(self, node, ask))
    }

    fn beat(&self, node: NodeId, beat: Beat) -> Later<'_, Result<(), Refusal>> {
        Box::pin(Desk::beat(self, node, beat))
    }

    fn rack(&self, ask: RackAsk) -> Later<'_, Result<RackAnswer, Refusal>> {
        Box::pin(Desk::rack(self, ask))
    }

    fn look(&self, node: NodeId, look: Look) -> Later<'_, Result<Seen, Refusal>> {
        Box::pin(Desk::look(self, node, look))
    }

    fn explain(
        &self,
        node: NodeId,
        ask: ProvisionAsk,
        runbook: Option<String>,
    ) -> Later<'_, Result<Explained, Refusal>> {
        Box::pin(Desk::explain(self, node, ask, runbook))
    }

    fn act(&self, node: NodeId, effect: Effect) -> Later<'_, Result<Outcome, Refusal>> {
        Box::pin(Desk::act(self, node, effect))
    }

    fn passthru(&self, node: NodeId, called: Called, args: Object) -> Later<'_, Result<Seen, Refusal>> {
        Box::pin(Desk::passthru(self, node, called, args))
    }

    fn console(&self, node: NodeId) -> Option<Line> {
        Desk::console(self, node)
    }

    fn console_log(&self, node: NodeId) -> Later<'_, Vec<u8>> {
        Box::pin(Desk::console_log(self, node))
    }

    fn keep_config_drive(&self, node: NodeId, argument: Value) -> Later<'_, Result<Option<String>, Refusal>> {
        Box::pin(Desk::keep_config_drive(self, node, argument))
    }

    fn keep_logs(&self, node: NodeId, archive: Vec<u8>) -> Later<'_, ()> {
        Box::pin(Desk::keep_logs(self, node, archive))
    }

    fn keep_strangers_logs(&self, told: Arc<Told>, archive: Vec<u8>) -> Later<'_, ()> {
        Box::pin(Desk::keep_strangers_logs(self, told, archive))
    }

    fn networks(&self) -> Vec<NetworkStatus> {
        self.board().status()
    }

    fn image_cache(&self) -> Option<CacheShown> {
        self.board().cache()
    }

    fn events(&self) -> Vec<RackEvent> {
        self.chronicle().all()
    }

    fn calls(&self) -> Vec<CallsShown> {
        Desk::calls(self)
    }

    fn webhooks(&self, last: u64) -> Vec<HookShown> {
        Desk::webhooks(self).shown(last)
    }

    fn leases(&self) -> Vec<LeaseShown> {
        self.board().leases()
    }

    fn lessee(&self, address: IpAddr) -> Option<Mac> {
        self.board().lessee(address)
    }

    fn deploy_trouble(&self, node: &Node) -> Option<String> {
        Desk::deploy_trouble(self, node)
    }

    fn bearer(&self, secret: &Secret) -> Option<Who> {
        self.keyring().find(secret.reveal(), self.wall()).map(|token| token.bearer())
    }

    fn tokens(&self) -> Vec<Arc<Token>> {
        self.keyring().all()
    }

    fn audit(&self, author: &Author, touched: Touched, status: u16) {
        self.note_deed(author, touched, status);
    }

    fn deeds(&self, before: u64, limit: usize, search: &Search) -> Result<Vec<Deed>, String> {
        Desk::audit(self).latest(before, limit, search).map_err(|error| error.chain())
    }

    fn tell(&self, tiding: Tiding) {
        self.chronicle().note(tiding);
    }

    fn now(&self) -> Moment {
        self.wall()
    }

    fn catalog(&self) -> &Catalog {
        Desk::catalog(self)
    }

    fn site_steps(&self) -> SiteSteps {
        Desk::site_steps(self)
    }

    fn policy(&self) -> &Policy {
        Desk::policy(self)
    }
}
