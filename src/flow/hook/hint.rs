//! Hints by which a disk is found: a value, or an operator and a value (`>= 100`, `s== nvme0n1`, `<in> SSD`,
//! `<or> sda <or> sdb`), as the agent reads them.

use serde_json::Value;

use crate::flow::hook::Failed;
use crate::model::Object;

/// Whether a disk fits all hints. A hint that the disk does not tell about does not fit.
pub fn fits(disk: &Object, hints: &Object) -> Result<bool, Failed> {
    for (name, hint) in hints {
        let Some(told) = disk.get(name).filter(|told| !told.is_null()) else { return Ok(false) };
        let fits = match (name.as_str(), told) {
            ("rotational", _) => truth(told)? == truth(hint)?,
            ("size", Value::Number(bytes)) => {
                number(&(bytes.as_u64().unwrap_or(0) / GIB).to_string(), &text(hint))?
            }
            _ => matches(&text(told), &text(hint))?,
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).trim().to_lowercase()
}

fn truth(value: &Value) -> Result<bool, Failed> {
    match text(value).as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Ok(true),
        "false" | "no" | "off" | "0" | "f" | "n" => Ok(false),
        other => Err(format!("hint rotational is neither true nor false but {:?}", cut(other))),
    }
}

/// A size without an operator is an equal one.
fn number(told: &str, hint: &str) -> Result<bool, Failed> {
    if hint.starts_with(['<', '>', '=', '!', 's']) { matches(told, hint) } else { compare("=", told, hint) }
}

fn matches(told: &str, hint: &str) -> Result<bool, Failed> {
    let (word, rest) = hint.split_once(' ').unwrap_or((hint, ""));
    let rest = rest.trim();
    match word {
        "<or>" => Ok(rest.split("<or>").any(|one| one.trim() == told)),
        "<in>" => Ok(told.contains(rest)),
        "<all-in>" => Ok(rest.split("<all-in>").all(|one| told.contains(one.trim()))),
        "s==" => Ok(told == rest),
        "s!=" => Ok(told != rest),
        "s<" => Ok(told < rest),
        "s<=" => Ok(told <= rest),
        "s>" => Ok(told > rest),
        "s>=" => Ok(told >= rest),
        "=" | "==" | "!=" | ">=" | "<=" | "<" | ">" if !rest.is_empty() => compare(word, told, rest),
        _ => Ok(told == hint),
    }
}

/// Compares two numbers; `=` and `==` are the same here.
fn compare(word: &str, told: &str, wanted: &str) -> Result<bool, Failed> {
    let read = |text: &str| {
        text.parse::<f64>().map_err(|_| format!("hint {:?} is compared as a number and is none", cut(text)))
    };
    let (told, wanted) = (read(told)?, read(wanted)?);
    let order = told.total_cmp(&wanted);
    Ok(match word {
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        _ => order.is_eq(),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

const GIB: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fit(disk: &Value, hints: &Value) -> Result<bool, Failed> {
        fits(disk.as_object().unwrap(), hints.as_object().unwrap())
    }

    #[test]
    fn hints_are_read_as_the_agent_reads_them() {
        let disk = json!({"name": "/dev/sda", "model": "ACME SSD 9", "size": 500_u64 << 30, "rotational": false,
            "serial": "S1", "wwn": null});
        for (hints, fits) in [
            (json!({"size": 500}), true),
            (json!({"size": ">= 400"}), true),
            (json!({"size": "> 500"}), false),
            (json!({"model": "<in> ssd"}), true),
            (json!({"model": "acme ssd 9"}), true),
            (json!({"name": "<or> /dev/sdb <or> /dev/sda"}), true),
            (json!({"serial": "s!= s1"}), false),
            (json!({"rotational": "no", "serial": "S1"}), true),
            (json!({"wwn": "x"}), false),
        ] {
            assert_eq!(fit(&disk, &hints).unwrap(), fits, "{hints}");
        }
        assert!(fit(&disk, &json!({"size": ">= big"})).is_err());
        assert!(fit(&disk, &json!({"rotational": "perhaps"})).is_err());
    }

    proptest! {
        #[test]
        fn no_hint_is_a_panic(told: String, hint: String) {
            fit(&json!({"size": told, "name": told}), &json!({"size": hint, "name": hint})).ok();
        }
    }
}
