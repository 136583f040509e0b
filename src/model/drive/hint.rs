//! Hints by which a disk is found: a value, or an operator and a value (`>= 100`, `s== nvme0n1`, `<in> SSD`,
//! `<or> sda <or> sdb`), as the agent reads them.

use serde_json::Value;

use crate::model::Object;

/// What is wrong with a hint; a sentence's part.
type Failed = String;

/// Whether a disk fits all hints. A text that the disk does not tell is `none` to the agent; a size or a truth that it
/// does not tell does not fit.
pub fn fits(disk: &Object, hints: &Object) -> Result<bool, Failed> {
    for (name, hint) in hints {
        let told = disk.get(name).filter(|told| !told.is_null());
        let fits = match (name.as_str(), told) {
            ("rotational", Some(told)) => truth(told)? == truth(hint)?,
            ("size", Some(told)) => told.as_u64().is_some() && size(told, &text(hint))?,
            ("rotational" | "size", None) => false,
            (_, told) => matches(&told.map_or_else(|| NOTHING.to_owned(), text), &text(hint))?,
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

/// Bytes against GiB, with what is behind the point. A size without an operator is an equal one.
fn size(bytes: &Value, hint: &str) -> Result<bool, Failed> {
    let bytes = bytes.as_u64().unwrap_or(0);
    let part = |bytes: u64| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
    let told = part(bytes / GIB) + part(bytes % GIB) / part(GIB);
    match split(hint) {
        Some((word @ ("<or>" | "<in>" | "<all-in>"), rest)) => {
            matches(&told.to_string(), &format!("{word} {rest}"))
        }
        Some((word, rest)) => compare(word, told, rest),
        None => compare("==", told, hint),
    }
}

/// The operator that stands first, with or without a blank behind it, and what follows.
fn split(hint: &str) -> Option<(&'static str, &str)> {
    let (word, rest) = OPERATORS.iter().find_map(|word| Some((*word, hint.strip_prefix(word)?.trim())))?;
    (!rest.is_empty()).then_some((word, rest))
}

fn matches(told: &str, hint: &str) -> Result<bool, Failed> {
    let Some((word, rest)) = split(hint) else { return Ok(told == hint) };
    match word {
        "<or>" => Ok(rest.split("<or>").any(|one| one.trim() == told)),
        "<in>" => Ok(told.contains(rest)),
        "<all-in>" => Ok(rest.split_whitespace().all(|one| told.contains(one))),
        "s==" => Ok(told == rest),
        "s!=" => Ok(told != rest),
        "s<" => Ok(told < rest),
        "s<=" => Ok(told <= rest),
        "s>" => Ok(told > rest),
        "s>=" => Ok(told >= rest),
        // A drive that tells no number where one is asked for is another drive.
        _ => told.parse::<f64>().map_or(Ok(false), |told| compare(word, told, rest)),
    }
}

/// Compares two numbers; `=` is "at least", as it always was there.
fn compare(word: &str, told: f64, wanted: &str) -> Result<bool, Failed> {
    let wanted: f64 =
        wanted.parse().map_err(|_| format!("hint {:?} is compared as a number and is none", cut(wanted)))?;
    let order = told.total_cmp(&wanted);
    Ok(match word {
        "!=" => order.is_ne(),
        ">=" | "=" => order.is_ge(),
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

/// What a disk tells that tells nothing.
const NOTHING: &str = "none";

/// Longer ones stand before their beginnings.
const OPERATORS: &[&str] = &[
    "<or>", "<in>", "<all-in>", "s==", "s!=", "s<=", "s<", "s>=", "s>", "==", "!=", ">=", "<=", "=", ">", "<",
];

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
            (json!({"wwn": "s!= x"}), true),
            (json!({"size": "= 400"}), true),
            (json!({"size": ">=400"}), true),
            (json!({"size": "= 600"}), false),
            (json!({"model": "<all-in> acme 9"}), true),
            (json!({"model": "== 9"}), false),
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
