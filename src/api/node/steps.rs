//! Steps as a request names them (contract `api.json`, `step_and_value_shapes`).

use serde_json::Value;

use crate::api::fault::Fault;
use crate::base::id::NodeId;
use crate::model::Object;
use crate::model::draft::given::parse_uuid;
use crate::model::interface::Interface;
use crate::model::step::{AskedStep, Kind};

/// Reads the list; `kind` decides what each step must have.
pub fn parse(given: Value, kind: Kind) -> Result<Vec<AskedStep>, Fault> {
    let name = format!("{}_steps", kind.name());
    let Value::Array(items) = given else {
        return Err(Fault::invalid(format!("{name} must be an array of steps")));
    };
    if items.len() > STEPS_LIMIT {
        return Err(Fault::invalid(format!("{name} has {STEPS_LIMIT} steps at most")));
    }
    let refused = |place: usize, why: String| Fault::invalid(format!("{name}: step {place} {why}"));
    items
        .into_iter()
        .enumerate()
        .map(|(place, item)| step(item, kind).map_err(|why| refused(place, why)))
        .collect()
}

fn step(item: Value, kind: Kind) -> Result<AskedStep, String> {
    let Value::Object(mut members) = item else { return Err("is not an object".to_owned()) };
    let interface = interface(&mut members)?;
    let step = match members.remove("step") {
        Some(Value::String(step)) if !step.is_empty() => step,
        _ => return Err("needs step to be the name of a step".to_owned()),
    };
    let args = match members.remove("args") {
        Some(Value::Object(args)) => args,
        None if kind != Kind::Deploy => Object::new(),
        _ => return Err("needs args to be an object".to_owned()),
    };
    check_wait(&step, &args)?;
    let mut children = None;
    let priority = if kind == Kind::Deploy {
        Some(whole(members.remove("priority")).ok_or("needs priority to be a whole number from 0 on")?)
    } else {
        children = order(&mut members)?;
        None
    };
    match members.keys().next() {
        None => Ok(AskedStep { interface, step, args, priority, children }),
        Some(key) => Err(format!("has no member {:?}", key.chars().take(64).collect::<String>())),
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

fn interface(members: &mut Object) -> Result<Interface, String> {
    let given = members.remove("interface");
    let known = given.as_ref().and_then(Value::as_str).and_then(Interface::parse);
    known.filter(|kind| WITH_STEPS.contains(kind)).ok_or_else(|| {
        let names: Vec<_> = WITH_STEPS.iter().map(|kind| kind.name()).collect();
        format!("needs interface to be one of {}", names.join(", "))
    })
}

/// What clean and service steps may say about order, which is that of the list, and about child nodes.
fn order(members: &mut Object) -> Result<Option<Vec<NodeId>>, String> {
    if let Some(order) = members.remove("order") {
        whole(Some(order)).ok_or("needs order to be a whole number from 0 on")?;
    }
    let on_children = match members.remove("execute_on_child_nodes") {
        None => false,
        Some(Value::Bool(flag)) => flag,
        Some(_) => return Err("needs execute_on_child_nodes to be a boolean".to_owned()),
    };
    let limit = match members.remove("limit_child_node_execution") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.iter().map(child).collect::<Option<_>>().ok_or(LIMIT_RULE)?,
        Some(_) => return Err(LIMIT_RULE.to_owned()),
    };
    Ok(on_children.then_some(limit))
}

fn child(name: &Value) -> Option<NodeId> {
    name.as_str().and_then(parse_uuid).map(NodeId)
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

/// What the list of children must be.
const LIMIT_RULE: &str = "needs limit_child_node_execution to be an array of UUIDs";

/// Interfaces whose steps a request may name.
const WITH_STEPS: &[Interface] = &[
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn deploy_steps_say_everything() {
        let steps = parse(
            json!([{"interface": "deploy", "step": "x", "args": {"a": 1}, "priority": "50"}]),
            Kind::Deploy,
        )
        .unwrap();
        assert_eq!(steps[0].priority, Some(50));
        for item in [
            json!({"interface": "deploy", "step": "x", "args": {}}),
            json!({"interface": "deploy", "step": "x", "priority": 1}),
            json!({"interface": "deploy", "step": "", "args": {}, "priority": 1}),
            json!({"interface": "network", "step": "x", "args": {}, "priority": 1}),
            json!({"interface": "deploy", "step": "x", "args": {}, "priority": -1}),
            json!({"interface": "deploy", "step": "x", "args": {}, "priority": 1, "order": 1}),
            json!(1),
        ] {
            assert_eq!(parse(json!([item.clone()]), Kind::Deploy).unwrap_err().status(), 400, "{item}");
        }
    }

    #[test]
    fn clean_steps_say_less() {
        assert!(parse(json!([{"interface": "raid", "step": "x", "order": 1}]), Kind::Clean).is_ok());
        for item in [
            json!({"interface": "zz", "step": "x"}),
            json!({"interface": "raid", "step": "x", "priority": 1}),
        ] {
            assert!(parse(json!([item]), Kind::Clean).is_err());
        }
        assert!(parse(json!({}), Kind::Clean).is_err());
    }

    #[test]
    fn a_step_may_be_for_children() {
        let child = "11111111-1111-1111-1111-111111111111";
        let step = |more: Value| {
            let mut step = json!({"interface": "power", "step": "power_on"});
            step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            parse(json!([step]), Kind::Service).map(|steps| steps[0].children.clone())
        };
        assert_eq!(step(json!({})).unwrap(), None);
        assert_eq!(step(json!({"execute_on_child_nodes": false})).unwrap(), None);
        assert_eq!(step(json!({"execute_on_child_nodes": true})).unwrap(), Some(Vec::new()));
        let limited = json!({"execute_on_child_nodes": true, "limit_child_node_execution": [child]});
        assert_eq!(step(limited).unwrap(), Some(vec![NodeId(child.parse().unwrap())]));
        for wrong in [json!("x"), json!([1]), json!(["n1"])] {
            let limited = json!({"execute_on_child_nodes": true, "limit_child_node_execution": wrong});
            assert_eq!(step(limited).unwrap_err().status(), 400);
        }
        assert_eq!(step(json!({"execute_on_child_nodes": "yes"})).unwrap_err().status(), 400);
    }

    #[test]
    fn a_wait_is_a_number_of_seconds() {
        let wait = |args| {
            parse(json!([{"interface": "deploy", "step": "wait", "args": args, "priority": 1}]), Kind::Deploy)
        };
        for args in [json!({}), json!({"seconds": 0}), json!({"seconds": 30})] {
            assert!(wait(args.clone()).is_ok(), "{args}");
        }
        for seconds in [json!(-1), json!("5"), json!(1.5), json!(null)] {
            let fault = wait(json!({"seconds": seconds})).unwrap_err();
            assert!(fault.text().contains("wait") && fault.text().contains("args.seconds"), "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn no_step_is_a_panic(name: String, text: String, number: i64) {
            for value in [json!(text), json!(number), json!([text]), json!(null)] {
                let item = json!({"interface": "deploy", "step": text, "args": {}, "priority": value, name.clone(): value});
                parse(json!([item]), Kind::Deploy).ok();
                parse(json!([item]), Kind::Service).ok();
            }
        }
    }
}
