//! Chassis: made, changed, deleted.

use std::sync::Arc;

use uuid::Uuid;

use crate::conduct::desk::Desk;
use crate::model::chassis::{Chassis, ChassisAsk};
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::rack::RackAnswer;

impl Desk {
    pub(super) async fn chassis(&self, ask: ChassisAsk) -> Result<RackAnswer, Refusal> {
        match ask {
            ChassisAsk::Create(chassis) => self.create_chassis(chassis).await,
            ChassisAsk::Patch(id, patch) => self.patch_chassis(id, patch).await,
            ChassisAsk::Delete(id) => self.delete_chassis(id).await,
        }
    }

    async fn create_chassis(&self, chassis: Chassis) -> Result<RackAnswer, Refusal> {
        let made = self.rack_txn("chassis", move |txn, at| {
            if txn.things::<Chassis>().count() >= LIMIT {
                return Err(Refusal::Conflict(format!("there are {LIMIT} chassis already")));
            }
            Ok(txn.things().put(&Chassis { created_at: at, ..chassis })?)
        });
        made.await.map(RackAnswer::Chassis)
    }

    async fn patch_chassis(&self, id: Uuid, patch: Vec<PatchOp>) -> Result<RackAnswer, Refusal> {
        let changed = self.rack_txn("chassis", move |txn, at| {
            let before: Arc<Chassis> = txn.things().get(id).ok_or_else(|| missing(id))?;
            let after = before.patched(&patch)?;
            if after == *before {
                return Ok(before);
            }
            Ok(txn.things().put(&Chassis { updated_at: Some(at), ..after })?)
        });
        changed.await.map(RackAnswer::Chassis)
    }

    async fn delete_chassis(&self, id: Uuid) -> Result<RackAnswer, Refusal> {
        let gone = self.rack_txn("chassis", move |txn, _| {
            if txn.nodes().is_in_chassis(id) {
                return Err(Refusal::Invalid(format!("chassis {id} has nodes: take them out first")));
            }
            if txn.things::<Chassis>().remove(id)? { Ok(RackAnswer::Done) } else { Err(missing(id)) }
        });
        gone.await
    }
}

fn missing(id: Uuid) -> Refusal {
    Refusal::NotFound(format!("chassis {id} could not be found"))
}

/// More than a rack has room for.
const LIMIT: usize = 10_000;
