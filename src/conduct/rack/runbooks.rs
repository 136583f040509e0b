//! Runbooks: made, changed, deleted. Work under way keeps the steps that it began with.

use std::sync::Arc;

use uuid::Uuid;

use crate::conduct::desk::Desk;
use crate::model::decision::refusal::Refusal;
use crate::model::rack::RackAnswer;
use crate::model::runbook::{Runbook, RunbookAsk};

impl Desk {
    pub(super) async fn runbook(&self, ask: RunbookAsk) -> Result<RackAnswer, Refusal> {
        match ask {
            RunbookAsk::Create(runbook) => self.create_runbook(runbook).await,
            RunbookAsk::Patch { id, operations, version } => {
                self.change_runbook(id, true, move |before| before.patched(&operations, version)).await
            }
            RunbookAsk::Delete(id) => self.delete_runbook(id).await,
            RunbookAsk::Traits(id, names) => {
                self.change_runbook(id, false, move |before| before.with_traits(&names)).await
            }
            RunbookAsk::Add(id, name) => {
                self.change_runbook(id, false, move |before| with(before, name)).await
            }
            RunbookAsk::Drop(id, name) => {
                self.change_runbook(id, false, move |before| Ok(without(before, &name))).await
            }
        }
    }

    async fn create_runbook(&self, runbook: Runbook) -> Result<RackAnswer, Refusal> {
        let made = self.rack_txn("runbook", move |txn, at| {
            if txn.things::<Runbook>().count() >= LIMIT {
                return Err(Refusal::Conflict(format!("there are {LIMIT} runbooks already")));
            }
            Ok(txn.things().put(&Runbook { created_at: at, ..runbook })?)
        });
        made.await.map(RackAnswer::Runbook)
    }

    /// Traits are no part of what `updated_at` tells, as in the reference: `dates` says whether this change is.
    async fn change_runbook(
        &self,
        id: Uuid,
        dates: bool,
        change: impl FnOnce(&Runbook) -> Result<Runbook, Refusal> + Send + 'static,
    ) -> Result<RackAnswer, Refusal> {
        let changed = self.rack_txn("runbook", move |txn, at| {
            let before: Arc<Runbook> = txn.things().get(id).ok_or_else(|| missing(id))?;
            let after = change(&before)?;
            if after == *before {
                return Ok(before);
            }
            let updated_at = if dates { Some(at) } else { before.updated_at };
            Ok(txn.things().put(&Runbook { updated_at, ..after })?)
        });
        changed.await.map(RackAnswer::Runbook)
    }

    async fn delete_runbook(&self, id: Uuid) -> Result<RackAnswer, Refusal> {
        let gone = self.rack_txn("runbook", move |txn, _| {
            if txn.things::<Runbook>().remove(id)? { Ok(RackAnswer::Done) } else { Err(missing(id)) }
        });
        gone.await
    }
}

fn with(before: &Runbook, name: String) -> Result<Runbook, Refusal> {
    let mut names = before.traits.clone();
    names.push(name);
    before.with_traits(&names)
}

fn without(before: &Runbook, name: &str) -> Runbook {
    let traits = before.traits.iter().filter(|own| *own != name).cloned().collect();
    Runbook { traits, ..before.clone() }
}

fn missing(id: Uuid) -> Refusal {
    Refusal::NotFound(format!("runbook {id} could not be found"))
}

/// More than a site tells apart.
const LIMIT: usize = 1000;
