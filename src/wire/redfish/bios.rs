//! Attributes of the firmware: what the vendor's registry says of each, and whether a wish fits it (contract `redfish.md`
//! section 8).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::redfish::lenient::{Field, Lenient, found, view};

view! {
    /// One attribute of an `AttributeRegistry`.
    pub struct Attribute {
        name: Option<String> = "AttributeName";
        /// `Enumeration`, `String`, `Integer`, `Boolean`, `Password`.
        kind: Option<String> = "Type";
        choices: Vec<Choice> = "Value";
        lower_bound: Option<i64> = "LowerBound";
        upper_bound: Option<i64> = "UpperBound";
        min_length: Option<i64> = "MinLength";
        max_length: Option<i64> = "MaxLength";
        read_only: Option<bool> = "ReadOnly";
        reset_required: Option<bool> = "ResetRequired";
        unique: Option<bool> = "IsSystemUniqueProperty" | "Unique";
    }

    /// One value that an enumeration may have.
    pub struct Choice {
        name: Option<String> = "ValueName" | "ValueDisplayName";
    }
}

/// The attributes of a registry by their names.
pub fn registered(registry: &Value) -> BTreeMap<String, Attribute> {
    let list = Vec::<Attribute>::field(found(registry, &["RegistryEntries/Attributes"]));
    list.into_iter().filter_map(|one| Some((one.name.clone()?, one))).collect()
}

impl Attribute {
    /// The values of an enumeration; `None` where none are told.
    pub fn allowable(&self) -> Option<Vec<String>> {
        let names: Vec<String> = self.choices.iter().filter_map(|choice| choice.name.clone()).collect();
        (!names.is_empty()).then_some(names)
    }

    /// Whether its value is never shown, so that nobody can see whether it was taken.
    pub fn is_password(&self) -> bool {
        self.is("Password")
    }

    fn is(&self, kind: &str) -> bool {
        self.kind.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(kind))
    }
}

/// The wish in the type that the BMC has for it; the error says what does not fit, without the name.
pub fn fitted(wish: &Value, now: Option<&Value>, rule: Option<&Attribute>) -> Result<Value, String> {
    if now.is_none() && rule.is_none() {
        return Err("is not known to the BMC".to_owned());
    }
    if rule.is_some_and(|rule| rule.read_only == Some(true)) {
        return Err("is read-only".to_owned());
    }
    let is = |kind: &str| rule.is_some_and(|rule| rule.is(kind));
    if is("Boolean") || now.is_some_and(Value::is_boolean) {
        return bool::lenient(wish).map(Value::from).ok_or_else(|| "must be true or false".to_owned());
    }
    if is("Integer") || now.is_some_and(Value::is_number) {
        let number = i64::lenient(wish).ok_or_else(|| "must be a whole number".to_owned())?;
        return within(number, rule).map(|()| Value::from(number));
    }
    let text = wish.as_str().map_or_else(|| wish.to_string(), str::to_owned);
    match rule.and_then(Attribute::allowable).filter(|_| is("Enumeration")) {
        Some(names) if !names.contains(&text) => Err(format!(
            "must be one of {}",
            names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ")
        )),
        _ => long_enough(&text, rule).map(|()| Value::from(text)),
    }
}

fn within(number: i64, rule: Option<&Attribute>) -> Result<(), String> {
    let (low, high) = (rule.and_then(|rule| rule.lower_bound), rule.and_then(|rule| rule.upper_bound));
    match (low, high) {
        (Some(low), _) if number < low => Err(format!("must be {low} at least")),
        (_, Some(high)) if number > high => Err(format!("must be {high} at most")),
        _ => Ok(()),
    }
}

fn long_enough(text: &str, rule: Option<&Attribute>) -> Result<(), String> {
    let Some(rule) = rule.filter(|rule| rule.is("String") || rule.is_password()) else { return Ok(()) };
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    match (rule.min_length, rule.max_length) {
        (Some(least), _) if length < least => Err(format!("must have {least} letters at least")),
        // A registry that says nothing of a length writes 0.
        (_, Some(most)) if most > 0 && length > most => Err(format!("must have {most} letters at most")),
        _ => Ok(()),
    }
}

/// Whether a value is the one that was asked for, however the BMC writes it.
pub fn is_same(one: &Value, other: &Value) -> bool {
    one == other || word(one).is_some_and(|text| word(other) == Some(text))
}

/// A value as text; an empty text is one.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Choices that an error names.
const SHOWN: usize = 12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    fn rule(members: &Value) -> Attribute {
        Attribute::read(members)
    }

    #[test]
    fn a_wish_takes_the_type_of_the_bmc() {
        let number = rule(&json!({"Type": "Integer", "LowerBound": 1, "UpperBound": 8}));
        let choice = rule(
            &json!({"Type": "Enumeration", "Value": [{"ValueName": "On"}, {"ValueDisplayName": "Off"}]}),
        );
        let text = rule(&json!({"Type": "String", "MinLength": 2, "MaxLength": 3}));
        for (wish, now, rule, given) in [
            (json!("4"), json!(1), Some(&number), Ok(json!(4))),
            (json!(9), json!(1), Some(&number), Err("8 at most")),
            (json!(0), json!(1), Some(&number), Err("1 at least")),
            (json!("many"), json!(1), Some(&number), Err("whole number")),
            (json!("true"), json!(false), None, Ok(json!(true))),
            (json!("perhaps"), json!(false), None, Err("true or false")),
            (json!("On"), json!("Off"), Some(&choice), Ok(json!("On"))),
            (json!("Maybe"), json!("Off"), Some(&choice), Err("one of On, Off")),
            (json!("abc"), json!(""), Some(&text), Ok(json!("abc"))),
            (json!("a"), json!(""), Some(&text), Err("2 letters at least")),
            (json!("abcd"), json!(""), Some(&text), Err("3 letters at most")),
            (json!(5), json!("4"), None, Ok(json!("5"))),
        ] {
            match (fitted(&wish, Some(&now), rule), given) {
                (Ok(value), Ok(wanted)) => assert_eq!(value, wanted),
                (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
                (got, wanted) => panic!("{wish}: {got:?}, not {wanted:?}"),
            }
        }
        let fixed = rule(&json!({"ReadOnly": true}));
        assert!(fitted(&json!(1), None, Some(&fixed)).unwrap_err().contains("read-only"));
        assert!(fitted(&json!(1), None, None).unwrap_err().contains("not known"));
    }

    #[test]
    fn values_are_compared_as_they_are_meant() {
        for (one, other, same) in [
            (json!(4), json!("4"), true),
            (json!(true), json!("true"), true),
            (json!(""), json!(""), true),
            (json!("On"), json!("on"), false),
            (json!(null), json!("x"), false),
        ] {
            assert_eq!(is_same(&one, &other), same, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn no_registry_is_a_panic(name: String, kind: String, low: i64, text: String) {
            let registry = json!({"RegistryEntries": {"Attributes": [
                {"AttributeName": name, "Type": kind, "LowerBound": low, "Value": text}, 3, null]}});
            for rule in registered(&registry).values() {
                fitted(&json!(text), None, Some(rule)).ok();
            }
        }
    }
}
