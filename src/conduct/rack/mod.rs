//! The rack's lane: what belongs to no node changes here, one thing at a time, and goes on if who asked goes away.
//!
//! - `allocations` which node is whose
//! - `chassis`  names for nodes that stand together
//! - `rules`    inspection rules
//! - `templates`, `runbooks` steps that are kept for later
//! - `tokens`   bearer tokens
//! - `discover` machines that nobody has enrolled

pub mod allocations;
pub mod chassis;
pub mod discover;
pub mod rules;
pub mod runbooks;
pub mod templates;
pub mod tokens;

use std::sync::Arc;

use crate::base::moment::Moment;
use crate::conduct::desk::Desk;
use crate::conduct::refused;
use crate::conduct::through::Through;
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::store::txn::Txn;

impl Desk {
    /// Asks something of the rack; answered once it is committed.
    pub async fn rack(self: &Arc<Self>, ask: RackAsk) -> Result<RackAnswer, Refusal> {
        let desk = Arc::clone(self);
        let work = async move {
            let answer = desk.take_rack_ask(ask.clone()).await;
            if let Err(refusal) = &answer {
                refused::of_rack(&desk.site, &ask, refusal).await;
            }
            answer
        };
        Through::new(&self.site.tasks, work).await
    }

    /// A transaction of the rack's lane, with the wall's moment: one after the other.
    async fn rack_txn<T: Send + 'static>(
        &self,
        label: &'static str,
        work: impl FnOnce(&mut Txn<'_>, Moment) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let at = self.site.clock.wall();
        self.site.writer.write(label, move |txn| work(txn, at)).await
    }

    async fn take_rack_ask(self: &Arc<Self>, ask: RackAsk) -> Result<RackAnswer, Refusal> {
        match ask {
            RackAsk::Allocation(ask) => self.allocations(ask).await,
            RackAsk::Chassis(ask) => self.chassis(ask).await,
            RackAsk::Template(ask) => self.template(ask).await,
            RackAsk::Runbook(ask) => self.runbook(ask).await,
            RackAsk::RuleCreate(id, wished) => self.create_rule(id, wished).await,
            RackAsk::RulePatch(id, patch) => self.patch_rule(id, patch).await,
            RackAsk::RuleDelete(id) => self.delete_rule(id).await,
            RackAsk::RuleClear => self.clear_rules().await,
            RackAsk::Token(ask) => self.take_token_ask(ask).await,
            RackAsk::Discover(told) => self.discover(told).await,
            RackAsk::Forget(mac) => self.forget_sighting(mac).await,
            RackAsk::TurnedAway => {
                Ok(RackAnswer::TurnedAway(self.gate.turned_away(), self.site.policy.discovery.what))
            }
        }
    }
}
