//! Inspection rules: made, changed, deleted.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::conduct::desk::Desk;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::rule::{RULES_LIMIT, Rule, RuleWished, draft};
use crate::model::patch::apply;
use crate::model::rack::RackAnswer;

impl Desk {
    pub(super) async fn create_rule(&self, id: Uuid, wished: RuleWished) -> Result<RackAnswer, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let at = self.site.clock.wall();
        let work = self.site.writer.write("rule", move |txn| {
            if txn.rules().get(id)?.is_some() {
                return Err(Refusal::Duplicate(format!("an inspection rule with UUID {id} already exists")));
            }
            let (count, last) = txn.rules().count()?;
            if count >= RULES_LIMIT {
                return Err(Refusal::Conflict(format!("there are {RULES_LIMIT} inspection rules already")));
            }
            let rule = Rule { id, order: last.saturating_add(1), created_at: at, updated_at: None, wished };
            txn.rules().put(&rule)?;
            Ok(rule)
        });
        work.await.map(|rule| RackAnswer::Rule(Arc::new(rule)))
    }

    pub(super) async fn patch_rule(&self, id: Uuid, patch: Vec<PatchOp>) -> Result<RackAnswer, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let at = self.site.clock.wall();
        let work = self.site.writer.write("rule", move |txn| {
            let rule = txn.rules().get(id)?.ok_or_else(|| missing(id))?;
            let wished = patched(&rule.wished, &patch)?;
            let rule = Rule { wished, updated_at: Some(at), ..rule };
            txn.rules().put(&rule)?;
            Ok(rule)
        });
        work.await.map(|rule| RackAnswer::Rule(Arc::new(rule)))
    }

    pub(super) async fn delete_rule(&self, id: Uuid) -> Result<RackAnswer, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let work = self.site.writer.write("rule", move |txn| {
            if txn.rules().remove(id)? { Ok(RackAnswer::Done) } else { Err(missing(id)) }
        });
        work.await
    }

    pub(super) async fn clear_rules(&self) -> Result<RackAnswer, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let work = self.site.writer.write("rule", move |txn| {
            txn.rules().clear()?;
            Ok(RackAnswer::Done)
        });
        work.await
    }
}

fn missing(id: Uuid) -> Refusal {
    Refusal::NotFound(format!("inspection rule {id} could not be found"))
}

/// The rule after the operations, checked as on create. What was hidden stays hidden.
fn patched(before: &RuleWished, patch: &[PatchOp]) -> Result<RuleWished, Refusal> {
    let mut value = Value::Object(before.written());
    for op in patch {
        apply::below(&mut value, op, op.path.trim_start_matches('/'))?;
    }
    let Value::Object(body) = value else { return Err(Refusal::Invalid("a rule is an object".to_owned())) };
    if body.contains_key("uuid") {
        return Err(Refusal::Invalid("/uuid cannot be patched".to_owned()));
    }
    let (_, wished) = draft::rule(body)?;
    if before.sensitive && !wished.sensitive {
        return Err(Refusal::Invalid("inspection rules cannot have the sensitive flag unset".to_owned()));
    }
    Ok(wished)
}
