//! Deploy templates: made, changed, deleted. A deployment under way keeps the steps that it began with.

use std::sync::Arc;

use uuid::Uuid;

use crate::conduct::desk::Desk;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::rack::RackAnswer;
use crate::model::template::{Template, TemplateAsk};

impl Desk {
    pub(super) async fn template(&self, ask: TemplateAsk) -> Result<RackAnswer, Refusal> {
        match ask {
            TemplateAsk::Create(template) => self.create_template(template).await,
            TemplateAsk::Patch(id, patch) => self.patch_template(id, patch).await,
            TemplateAsk::Delete(id) => self.delete_template(id).await,
        }
    }

    async fn create_template(&self, template: Template) -> Result<RackAnswer, Refusal> {
        let made = self.rack_txn("template", move |txn, at| {
            if txn.things::<Template>().count() >= LIMIT {
                return Err(Refusal::Conflict(format!("there are {LIMIT} deploy templates already")));
            }
            Ok(txn.things().put(&Template { created_at: at, ..template })?)
        });
        made.await.map(RackAnswer::Template)
    }

    async fn patch_template(&self, id: Uuid, patch: Vec<PatchOp>) -> Result<RackAnswer, Refusal> {
        let changed = self.rack_txn("template", move |txn, at| {
            let before: Arc<Template> = txn.things().get(id).ok_or_else(|| missing(id))?;
            let after = before.patched(&patch)?;
            if after == *before {
                return Ok(before);
            }
            Ok(txn.things().put(&Template { updated_at: Some(at), ..after })?)
        });
        changed.await.map(RackAnswer::Template)
    }

    async fn delete_template(&self, id: Uuid) -> Result<RackAnswer, Refusal> {
        let gone = self.rack_txn("template", move |txn, _| {
            if txn.things::<Template>().remove(id)? { Ok(RackAnswer::Done) } else { Err(missing(id)) }
        });
        gone.await
    }
}

fn missing(id: Uuid) -> Refusal {
    Refusal::NotFound(format!("deploy template {id} could not be found"))
}

/// More than a site tells apart.
const LIMIT: usize = 1000;
