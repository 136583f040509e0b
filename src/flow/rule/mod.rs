//! Inspection rules at work: what the site wants done with an inventory once the hooks have run.
//!
//! Rules go by falling priority; one whose conditions all hold has its actions done in order, on what the rules before
//! have left. An action that fails fails the inspection. Secrets in what the machine told are masked unless the site
//! says otherwise; the node's own always are.

pub mod condition;
pub mod deed;
pub mod fill;
pub mod path;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::secret::{MASK, Secret, is_secret_key};
use crate::flow::course::Course;
use crate::flow::hook::{Failed, Survey};
use crate::flow::rule::fill::Scope;
use crate::model::Object;
use crate::model::decision::effect::{Effect, Purpose};
use crate::model::inspection::policy::MaskSecrets;
use crate::model::inspection::rule::{Action, Rule};
use crate::model::node::Node;

/// A rule that says no, or that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("inspection rule {id}: {why}")]
pub struct RuleFailed {
    pub id: Uuid,
    pub built_in: bool,
    pub why: Failed,
}

impl RuleFailed {
    /// What a person can do about it.
    pub fn remedy(&self) -> String {
        if self.built_in {
            return "Mend what that rule found, or change the rule in the file of [inspection_rules] built_in_rules"
                .to_owned();
        }
        format!("Mend what that rule found, or change or delete the rule (/v1/inspection_rules/{})", self.id)
    }
}

/// Applies the site's rules and those that are built in.
pub fn apply(rules: &[Rule], survey: &mut Survey<'_>) -> Result<(), RuleFailed> {
    let policy = survey.policy;
    let site = rules.iter().map(|rule| (rule, false));
    let mut all: Vec<(&Rule, bool)> =
        site.chain(policy.built_in_rules.iter().map(|rule| (rule, true))).collect();
    all.sort_by_key(|(rule, _)| std::cmp::Reverse(rule.wished.priority));
    for (rule, built_in) in all {
        one(rule, survey).map_err(|why| RuleFailed { id: rule.id, built_in, why })?;
    }
    Ok(())
}

/// What rules want asked is owed once all else is kept: a call that fails fails the inspection.
pub fn owe_calls(course: &mut Course<'_>, calls: Vec<Secret>, purpose: Purpose) {
    for place in 0..calls.len() {
        course.owe(Effect::RuleCall { place }, purpose);
    }
    course.node.calls = calls;
}

fn one(rule: &Rule, survey: &mut Survey<'_>) -> Result<(), Failed> {
    let masked = match survey.policy.mask_secrets {
        MaskSecrets::Always => true,
        MaskSecrets::Never => false,
        MaskSecrets::Sensitive => !rule.wished.sensitive,
    };
    for condition in &rule.wished.conditions {
        let node = shown(&survey.node);
        let scope = Scope::new(&node, survey, masked);
        if !condition::holds(condition, &scope)? {
            return Ok(());
        }
    }
    for action in &rule.wished.actions {
        act(action, survey, masked)?;
    }
    Ok(())
}

/// Does an action once, or for each item of its loop.
fn act(action: &Action, survey: &mut Survey<'_>, masked: bool) -> Result<(), Failed> {
    let items: Vec<Option<&Value>> = match &action.each {
        None => vec![None],
        Some(Value::Array(items)) => items.iter().map(Some).collect(),
        Some(single) => vec![Some(single)],
    };
    for item in items {
        let node = shown(&survey.node);
        let scope = Scope { item, ..Scope::new(&node, survey, masked) };
        let args = scope.action_args(action)?;
        deed::carry_out(action.op, &args, survey).map_err(|why| format!("{}: {why}", action.op.name()))?;
    }
    Ok(())
}

/// What rules may read of the node.
fn shown(node: &Node) -> Object {
    let wished = &node.wished;
    let driver_info: Object = wished
        .driver_info
        .iter()
        .map(|(key, value)| (key.clone(), if is_secret_key(key) { MASK.into() } else { value.clone() }))
        .collect();
    let shown = json!({
        "uuid": node.id.to_string(),
        "name": wished.name,
        "driver": wished.driver,
        "driver_info": driver_info,
        "properties": wished.properties,
        "extra": wished.extra,
        "instance_uuid": wished.instance_uuid.map(|uuid| uuid.to_string()),
        "resource_class": wished.resource_class,
        "conductor_group": wished.conductor_group,
        "description": wished.description,
        "owner": wished.owner,
        "lessee": wished.lessee,
        "shard": wished.shard,
        "provision_state": node.provision.name(),
        "power_state": node.power.map(crate::model::bmc::power::Power::name),
        "maintenance": wished.maintenance,
        "inspect_interface": wished.interfaces.inspect,
        "boot_mode": wished.boot_mode,
    });
    if let Value::Object(shown) = shown { shown } else { Object::new() }
}

#[cfg(test)]
mod tests;
