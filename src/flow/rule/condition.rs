//! Whether a condition holds.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::flow::hook::Failed;
use crate::flow::rule::fill::{Scope, python};
use crate::model::Object;
use crate::model::inspection::rule::draft::expression;
use crate::model::inspection::rule::word::Operator;
use crate::model::inspection::rule::{Condition, Multiple};

/// Looks once, or for each item of the condition's loop.
pub fn holds(condition: &Condition, scope: &Scope<'_>) -> Result<bool, Failed> {
    let once = |item| one(condition, &Scope { item, ..*scope });
    let items = match &condition.each {
        None => return once(None),
        Some(Value::Array(items)) => items,
        Some(single) => return once(Some(single)),
    };
    let multiple = condition.multiple.unwrap_or_default();
    let mut results = Vec::with_capacity(items.len());
    for item in items {
        let result = once(Some(item))?;
        if result && multiple == Multiple::First {
            return Ok(true);
        }
        results.push(result);
    }
    Ok(match multiple {
        Multiple::Any => results.contains(&true),
        Multiple::All => !results.contains(&false),
        Multiple::First => false,
        Multiple::Last => results.last().copied().unwrap_or(false),
    })
}

fn one(condition: &Condition, scope: &Scope<'_>) -> Result<bool, Failed> {
    let args = scope.condition_args(condition)?;
    let value = || args.get("value").unwrap_or(&Value::Null);
    let found = match condition.op {
        Operator::Eq | Operator::Lt | Operator::Gt => chain(condition.op, &args, scope.item.is_some())?,
        Operator::IsEmpty => matches!(python(value(), false).as_str(), "" | "None" | "[]" | "{}"),
        Operator::IsNone => value().is_null(),
        Operator::IsTrue => truth(value()) == Some(true),
        Operator::IsFalse => value().is_null() || truth(value()) == Some(false),
        Operator::InNet => in_net(&args)?,
        Operator::OneOf => one_of(value(), args.get("values")),
        Operator::Matches => is_whole(&args)?,
        Operator::Contains => expression(pattern(&args)?)?.is_match(&python(value(), false)),
    };
    Ok(found != condition.negated)
}

/// Each value stands so to the next. In a loop all are compared as texts, since filling in makes texts.
fn chain(op: Operator, args: &Object, in_loop: bool) -> Result<bool, Failed> {
    let values = args.get("values").and_then(Value::as_array);
    let values = values.ok_or_else(|| format!("{}: values must be a list", op.name()))?;
    let as_texts = in_loop || args.get("force_strings").and_then(truth) == Some(true);
    for pair in values.windows(2) {
        let [left, right] = pair else { continue };
        let holds = if as_texts {
            stand(op, &Value::from(python(left, false)), &Value::from(python(right, false)))?
        } else {
            stand(op, left, right)?
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn stand(op: Operator, left: &Value, right: &Value) -> Result<bool, Failed> {
    let numbers = left.as_f64().zip(right.as_f64());
    if op == Operator::Eq {
        return Ok(numbers.map_or(left == right, |(left, right)| left.total_cmp(&right).is_eq()));
    }
    let order = match (numbers, left, right) {
        (Some((left, right)), _, _) => left.total_cmp(&right),
        (None, Value::String(left), Value::String(right)) => left.cmp(right),
        _ => {
            return Err(format!(
                "{}: {} and {} cannot be compared; force_strings compares them as texts",
                op.name(),
                cut(left),
                cut(right)
            ));
        }
    };
    Ok(if op == Operator::Lt { order.is_lt() } else { order.is_gt() })
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(*on),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.to_lowercase().as_str() {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn in_net(args: &Object) -> Result<bool, Failed> {
    let text = |name: &str| args.get(name).map(|value| python(value, false)).unwrap_or_default();
    let (address, subnet) = (text("address"), text("subnet"));
    let net: IpNet = subnet
        .parse()
        .or_else(|_| subnet.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("in-net: {:?} is no network", short(&subnet)))?;
    let address: IpAddr =
        address.parse().map_err(|_| format!("in-net: {:?} is no address", short(&address)))?;
    Ok(net.contains(&address))
}

/// In a text, a part of it is one of it.
fn one_of(value: &Value, values: Option<&Value>) -> bool {
    match values {
        Some(Value::Array(items)) => items.contains(value),
        Some(Value::String(text)) => value.as_str().is_some_and(|part| text.contains(part)),
        Some(Value::Object(members)) => value.as_str().is_some_and(|key| members.contains_key(key)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => false,
    }
}

/// From the beginning to the end.
fn is_whole(args: &Object) -> Result<bool, Failed> {
    let pattern = pattern(args)?;
    let text = args.get("value").map(|value| python(value, false)).unwrap_or_default();
    Ok(expression(&format!("^(?:{pattern})$"))?.is_match(&text))
}

fn pattern(args: &Object) -> Result<&str, Failed> {
    args.get("regex").and_then(Value::as_str).ok_or_else(|| "regex must be a text".to_owned())
}

fn cut(value: &Value) -> String {
    short(&value.to_string())
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
