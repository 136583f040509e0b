//! Steps that are kept for later use: those of deploy templates and runbooks (contract `api.json`,
//! `step_and_value_shapes`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::secret::Veil;
use crate::model::Object;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::patch::mask;
use crate::model::shape::json as render;
use crate::model::step::{ASKED_LIMIT, AskedStep};

/// One step of a deploy template or runbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptStep {
    pub interface: Interface,
    pub step: String,
    #[serde(default)]
    pub args: Object,
    /// What [`Rank`] says of its list.
    pub rank: i64,
}

/// What the number of a step means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Deploy templates: the highest first, 0 removes the step. Arguments must be given.
    Priority,
    /// Runbooks: the lowest first. Arguments may be left out.
    Order,
}

impl Rank {
    /// Its name as a member of a step.
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Order => "order",
        }
    }
}

impl KeptStep {
    /// As a request for a deployment would name it.
    pub fn with_priority(&self) -> AskedStep {
        AskedStep { priority: Some(self.rank), ..self.without_priority() }
    }

    /// As a request for cleaning or servicing would name it.
    pub fn without_priority(&self) -> AskedStep {
        AskedStep {
            interface: self.interface,
            step: self.step.clone(),
            args: self.args.clone(),
            priority: None,
            children: None,
        }
    }

    /// As a client would write it, secrets included.
    fn written(&self, rank: Rank) -> Value {
        json!({"interface": self.interface, "step": self.step, "args": self.args, rank.name(): self.rank})
    }
}

/// The list as a client would write it, secrets included: what a patch is applied to.
pub fn written(steps: &[KeptStep], rank: Rank) -> Value {
    steps.iter().map(|step| step.written(rank)).collect()
}

/// The list as answers show it, secrets in arguments masked.
pub fn show(out: &mut Vec<u8>, steps: &[KeptStep], rank: Rank) {
    render::array(out, steps, |out, step| {
        out.push(b'{');
        render::key(out, "interface");
        render::text(out, step.interface.name());
        out.push(b',');
        render::key(out, "step");
        render::text(out, &step.step);
        out.push(b',');
        render::key(out, "args");
        render::masked(out, &step.args, Veil::Names);
        out.push(b',');
        render::key(out, rank.name());
        render::number(out, step.rank);
        out.push(b'}');
    });
}

/// Reads the list of a request. A mask in the arguments stands for what the step of the same name has in `before`.
pub fn read(value: Value, rank: Rank, before: &[KeptStep]) -> Result<Vec<KeptStep>, Refusal> {
    let wrong = |why: String| Refusal::Invalid(format!("steps: {why}"));
    let Value::Array(items) = value else { return Err(wrong("must be an array of steps".to_owned())) };
    if items.is_empty() {
        return Err(wrong("must hold at least one step".to_owned()));
    }
    let mut steps: Vec<KeptStep> = Vec::with_capacity(items.len().min(STEPS_LIMIT));
    for (place, item) in items.into_iter().enumerate() {
        if place >= STEPS_LIMIT {
            return Err(wrong(format!("{STEPS_LIMIT} at most")));
        }
        let step = one(item, rank, before).map_err(|why| wrong(format!("step {place} {why}")))?;
        if steps.iter().any(|other| is_same(other, &step)) {
            let KeptStep { interface, step, .. } = &step;
            return Err(wrong(format!(
                "step {place} is {interface}.{step} once more: each step may be there once"
            )));
        }
        steps.push(step);
    }
    small(&steps, rank)?;
    Ok(steps)
}

fn is_same(one: &KeptStep, other: &KeptStep) -> bool {
    one.interface == other.interface && one.step == other.step
}

fn one(item: Value, rank: Rank, before: &[KeptStep]) -> Result<KeptStep, String> {
    let Value::Object(mut members) = item else { return Err("is not an object".to_owned()) };
    let interface = interface(&mut members)?;
    let step = name(&mut members)?;
    let args = match members.remove("args") {
        Some(Value::Object(args)) => args,
        None if rank == Rank::Order => Object::new(),
        _ => return Err("needs args to be an object".to_owned()),
    };
    check_wait(&step, &args)?;
    let number = whole(members.remove(rank.name()))
        .ok_or_else(|| format!("needs {} to be a whole number from 0 on", rank.name()))?;
    if let Some(odd) = members.keys().next() {
        return Err(format!("has no member {:?}", odd.chars().take(64).collect::<String>()));
    }
    let stored = before.iter().find(|other| other.interface == interface && other.step == step);
    let stored = stored.map(|other| Value::Object(other.args.clone()));
    let args = mask::keep(Value::Object(args), stored.as_ref(), Veil::Names);
    let Value::Object(args) = args.map_err(|refusal| format!("has a mask in args: {refusal}"))? else {
        return Err("needs args to be an object".to_owned());
    };
    Ok(KeptStep { interface, step, args, rank: number })
}

fn interface(members: &mut Object) -> Result<Interface, String> {
    let given = members.remove("interface");
    let known = given.as_ref().and_then(Value::as_str).and_then(Interface::parse);
    known.filter(|kind| WITH_STEPS.contains(kind)).ok_or_else(|| {
        let names: Vec<_> = WITH_STEPS.iter().map(|kind| kind.name()).collect();
        format!("needs interface to be one of {}", names.join(", "))
    })
}

fn name(members: &mut Object) -> Result<String, String> {
    match members.remove("step") {
        Some(Value::String(step)) if (1..=NAME_LIMIT).contains(&step.chars().count()) => Ok(step),
        _ => Err(format!("needs step to be the name of a step, {NAME_LIMIT} characters at most")),
    }
}

/// The reserved step `wait` takes `seconds`, or none to go on with the next heartbeat.
fn check_wait(step: &str, args: &Object) -> Result<(), String> {
    let wrong = args.get("seconds").is_some_and(|seconds| seconds.as_u64().is_none());
    if step == "wait" && wrong {
        return Err("(wait) needs args.seconds to be a whole number from 0 on".to_owned());
    }
    Ok(())
}

/// A number from 0 on, or digits.
fn whole(value: Option<Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
    .filter(|number| *number >= 0)
}

/// No more than a node's record can take when they are to run: said here, and not first at the machine.
fn small(steps: &[KeptStep], rank: Rank) -> Result<(), Refusal> {
    let size = written(steps, rank).to_string().len();
    if size > ASKED_LIMIT {
        return Err(Refusal::Invalid(format!("steps have {size} bytes, {ASKED_LIMIT} at most")));
    }
    Ok(())
}

/// Interfaces whose steps can be named.
pub const WITH_STEPS: &[Interface] = &[
    Interface::Vendor,
    Interface::Power,
    Interface::Management,
    Interface::Firmware,
    Interface::Deploy,
    Interface::Bios,
    Interface::Raid,
];
/// More than any plan has.
const STEPS_LIMIT: usize = 256;
/// Characters of a step's name.
const NAME_LIMIT: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(rank: Rank, more: &Value) -> Value {
        let mut step = json!({"interface": "bios", "step": "x", "args": {}, rank.name(): 1});
        for (name, value) in more.as_object().unwrap() {
            step[name] = value.clone();
        }
        step
    }

    #[test]
    fn each_list_has_its_own_number() {
        let template = read(json!([step(Rank::Priority, &json!({"priority": "50"}))]), Rank::Priority, &[]);
        assert_eq!(template.unwrap()[0].with_priority().priority, Some(50));
        let bare = json!([{"interface": "raid", "step": "x", "order": "0"}]);
        let runbook = read(bare.clone(), Rank::Order, &[]).unwrap();
        assert_eq!((runbook[0].rank, runbook[0].without_priority().priority), (0, None));
        assert!(read(bare, Rank::Priority, &[]).is_err());
    }

    #[test]
    fn what_is_wrong_in_a_step_is_named() {
        for (rank, more, word) in [
            (Rank::Priority, json!({"interface": "network"}), "interface"),
            (Rank::Priority, json!({"interface": 1}), "interface"),
            (Rank::Priority, json!({"step": ""}), "step to be"),
            (Rank::Priority, json!({"step": "x".repeat(256)}), "255"),
            (Rank::Priority, json!({"args": null}), "args"),
            (Rank::Order, json!({"args": []}), "args"),
            (Rank::Priority, json!({"priority": -1}), "priority"),
            (Rank::Priority, json!({"priority": "-1"}), "priority"),
            (Rank::Priority, json!({"priority": ""}), "priority"),
            (Rank::Priority, json!({"priority": 1.5}), "priority"),
            (Rank::Order, json!({"order": null}), "order"),
            (Rank::Priority, json!({"order": 1}), "order"),
            (Rank::Order, json!({"priority": 1}), "priority"),
            (Rank::Order, json!({"step": "wait", "args": {"seconds": "5"}}), "seconds"),
            (Rank::Order, json!({"args": {"password": "******"}}), "mask"),
        ] {
            let refusal = read(json!([step(rank, &more)]), rank, &[]).unwrap_err().to_string();
            assert!(refusal.contains("step 0") && refusal.contains(word), "{more}: {refusal}");
        }
        for list in [json!([]), json!({}), json!(null), json!([1]), json!("x")] {
            assert!(read(list, Rank::Order, &[]).is_err());
        }
    }

    #[test]
    fn a_step_is_there_once_and_all_are_small_together() {
        let twice = json!([step(Rank::Order, &json!({})), step(Rank::Order, &json!({"order": 2}))]);
        assert!(read(twice, Rank::Order, &[]).unwrap_err().to_string().contains("bios.x once more"));
        let long = json!([step(Rank::Order, &json!({"args": {"a": "x".repeat(ASKED_LIMIT)}}))]);
        assert!(read(long, Rank::Order, &[]).unwrap_err().to_string().contains("bytes"));
        let many: Vec<_> = (0..300).map(|n| step(Rank::Order, &json!({"step": n.to_string()}))).collect();
        assert!(read(json!(many), Rank::Order, &[]).unwrap_err().to_string().contains("256"));
    }

    #[test]
    fn secrets_are_masked_and_a_mask_stands_for_what_is_kept() {
        let secret = step(Rank::Order, &json!({"args": {"a": {"bmc_password": "hunter2"}}}));
        let kept = read(json!([secret]), Rank::Order, &[]).unwrap();
        let mut out = Vec::new();
        show(&mut out, &kept, Rank::Order);
        let shown: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(shown[0]["args"]["a"]["bmc_password"], "******");
        let other = step(Rank::Order, &json!({"step": "y"}));
        let again = read(json!([other, shown[0]]), Rank::Order, &kept).unwrap();
        assert_eq!(again[1], kept[0]);
        assert_eq!(written(&again, Rank::Order)[1]["args"]["a"]["bmc_password"], "hunter2");
    }

    proptest! {
        #[test]
        fn no_step_is_a_panic(name: String, text: String, number: i64) {
            for value in [json!(text), json!(number), json!([text]), json!(null), json!({name.clone(): text})] {
                for rank in [Rank::Priority, Rank::Order] {
                    read(json!([step(rank, &json!({name.clone(): value}))]), rank, &[]).ok();
                    read(value.clone(), rank, &[]).ok();
                }
            }
        }
    }
}
