//! The rack's lane: what belongs to no node changes here, one thing at a time, and goes on if who asked goes away.
//!
//! - `rules`    inspection rules
//! - `tokens`   bearer tokens
//! - `discover` machines that nobody has enrolled

pub mod discover;
pub mod rules;
pub mod tokens;

use std::sync::Arc;

use crate::conduct::desk::Desk;
use crate::conduct::through::Through;
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};

impl Desk {
    /// Asks something of the rack; answered once it is committed.
    pub async fn rack(self: &Arc<Self>, ask: RackAsk) -> Result<RackAnswer, Refusal> {
        let desk = Arc::clone(self);
        Through::new(&self.site.tasks, async move { desk.take_rack_ask(ask).await }).await
    }

    async fn take_rack_ask(self: &Arc<Self>, ask: RackAsk) -> Result<RackAnswer, Refusal> {
        match ask {
            RackAsk::RuleCreate(id, wished) => self.create_rule(id, wished).await,
            RackAsk::RulePatch(id, patch) => self.patch_rule(id, patch).await,
            RackAsk::RuleDelete(id) => self.delete_rule(id).await,
            RackAsk::Token(ask) => self.take_token_ask(ask).await,
            RackAsk::Discover(told) => self.discover(told).await,
            RackAsk::Forget(mac) => self.forget_sighting(mac).await,
            RackAsk::TurnedAway => {
                Ok(RackAnswer::TurnedAway(self.gate.turned_away(), self.site.policy.discovery.what))
            }
        }
    }
}
