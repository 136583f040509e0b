//! Reading what a BMC wrote the way it meant it: a member that is absent, null or of another type is absent, never an
//! error; `"1"` and `1.0` are 1, `Enabled` is true, one object where a list belongs is a list of one.
//!
//! A view is a struct made by `view!`: one line a member, with the names under which BMCs are known to write it.

use serde_json::Value;

/// A struct that reads itself from any JSON.
pub trait View: Sized {
    /// Never fails: what cannot be read is absent.
    fn read(value: &Value) -> Self;
}

/// A single value that may not be there.
pub trait Lenient: Sized {
    fn lenient(value: &Value) -> Option<Self>;
}

/// What stands behind one member of a view.
pub trait Field {
    fn field(value: Option<&Value>) -> Self;
}

impl<T: Lenient> Field for Option<T> {
    fn field(value: Option<&Value>) -> Self {
        value.and_then(T::lenient)
    }
}

impl<T: Lenient> Field for Vec<T> {
    fn field(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Array(list)) => list.iter().take(LIST_LIMIT).filter_map(T::lenient).collect(),
            Some(one) => T::lenient(one).into_iter().collect(),
            None => Self::new(),
        }
    }
}

impl Lenient for String {
    /// A text that is not blank; a number or a boolean as JSON writes it.
    fn lenient(value: &Value) -> Option<Self> {
        if let Value::String(text) = value {
            let text = text.trim();
            return (!text.is_empty()).then(|| text.chars().take(TEXT_LIMIT).collect());
        }
        (value.is_number() || value.is_boolean()).then(|| value.to_string())
    }
}

impl Lenient for f64 {
    fn lenient(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number.filter(|number: &f64| number.is_finite())
    }
}

impl Lenient for u64 {
    fn lenient(value: &Value) -> Option<Self> {
        whole(value)
    }
}

impl Lenient for i64 {
    fn lenient(value: &Value) -> Option<Self> {
        whole(value)
    }
}

impl Lenient for bool {
    fn lenient(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Bool(flag) => return Some(*flag),
            Value::String(text) => text.trim().to_ascii_lowercase(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        match text.as_str() {
            "true" | "enabled" | "enable" | "yes" | "on" | "1" => Some(true),
            "false" | "disabled" | "disable" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }
}

/// A whole number, also as text or with a fraction of nought.
fn whole<T: std::str::FromStr>(value: &Value) -> Option<T> {
    if let Value::Number(number) = value
        && let Ok(exact) = number.to_string().parse()
    {
        return Some(exact);
    }
    if let Value::String(text) = value
        && let Ok(exact) = text.trim().parse()
    {
        return Some(exact);
    }
    rounded(f64::lenient(value).filter(|number| number.fract() == 0.0)?)
}

/// The nearest whole number, if it fits.
pub fn rounded<T: std::str::FromStr>(number: f64) -> Option<T> {
    format!("{number:.0}").parse().ok()
}

/// A number as JSON shows it best: without a fraction if it has none; null if there is none.
pub fn shown(number: Option<f64>) -> Value {
    let Some(number) = number else {
        return Value::Null;
    };
    let whole = rounded::<i64>(number).filter(|_| number.fract() == 0.0);
    whole.map_or_else(|| Value::from(number), Value::from)
}

/// The first of `keys` that is there, not null and no empty list; an empty list if nothing else is there. A key is a
/// path of member names with slashes; an empty key is the value itself.
pub fn found<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    let is_full = |value: &&Value| value.as_array().is_none_or(|list| !list.is_empty());
    let there = || keys.iter().filter_map(|key| at(value, key)).filter(|value| !value.is_null());
    there().find(is_full).or_else(|| there().next())
}

fn at<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    if key.is_empty() {
        return Some(value);
    }
    let end = key.split('/').try_fold(value, member)?;
    (!end.is_null()).then_some(end)
}

/// A member by its name; one in other letters where that is not there (`UUId`, `@odata.Id`).
pub fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let map = value.as_object()?;
    let sloppy = || map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    map.get(name).or_else(sloppy)
}

/// Makes a struct with a `View`: `name: Type = "Member" | "Older/Member";`.
macro_rules! view {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$note:meta])* $field:ident: $type:ty = $($key:literal)|+;)* })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Default)]
            pub struct $name {
                $($(#[$note])* pub $field: $type,)*
            }

            impl $crate::wire::redfish::lenient::View for $name {
                fn read(value: &serde_json::Value) -> Self {
                    use $crate::wire::redfish::lenient::{Field, found};
                    Self { $($field: <$type as Field>::field(found(value, &[$($key),+])),)* }
                }
            }

            impl $crate::wire::redfish::lenient::Lenient for $name {
                fn lenient(value: &serde_json::Value) -> Option<Self> {
                    use $crate::wire::redfish::lenient::View;
                    value.is_object().then(|| Self::read(value))
                }
            }

            impl $crate::wire::redfish::lenient::Field for $name {
                fn field(value: Option<&serde_json::Value>) -> Self {
                    use $crate::wire::redfish::lenient::View;
                    value.map(Self::read).unwrap_or_default()
                }
            }
        )+
    };
}
pub(crate) use view;

/// Characters of one text that are kept: a long URL with a signature fits, a megabyte in `Model` does not.
const TEXT_LIMIT: usize = 4096;

/// Entries of one list that are read: more than any log page or drive shelf.
const LIST_LIMIT: usize = 4096;

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes views for everybody")]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    view! {
        /// One of each.
        pub struct Sample {
            text: Option<String> = "Text" | "Old/Text";
            count: Option<u64> = "Count";
            shift: Option<i64> = "Shift";
            ratio: Option<f64> = "Ratio";
            flag: Option<bool> = "Flag";
            names: Vec<String> = "Names" | "OldNames";
            inner: Inner = "Inner";
        }

        /// One in another.
        pub struct Inner {
            text: Option<String> = "Text";
        }
    }

    #[test]
    fn what_is_meant_is_read() {
        let value = json!({"Text": null, "Old": {"Text": " 7 "}, "Count": "3", "Shift": -2.0, "Ratio": "1.5",
            "Flag": "Enabled", "Names": [], "OldNames": "one", "Inner": {"Text": 4}});
        let expected = Sample {
            text: Some("7".to_owned()),
            count: Some(3),
            shift: Some(-2),
            ratio: Some(1.5),
            flag: Some(true),
            names: vec!["one".to_owned()],
            inner: Inner { text: Some("4".to_owned()) },
        };
        assert_eq!(Sample::read(&value), expected);
    }

    #[test]
    fn letters_may_be_of_either_case() {
        let value = json!({"TEXT": "loud", "count": 1, "Count": 2});
        assert_eq!(Sample::read(&value).text.as_deref(), Some("loud"));
        assert_eq!(Sample::read(&value).count, Some(2), "the right name comes first");
    }

    #[test]
    fn numbers_that_do_not_fit_are_absent() {
        for value in [json!(1.5), json!(-1), json!(1e30), json!("NaN"), json!("inf"), json!([]), json!(true)]
        {
            assert_eq!(u64::lenient(&value), None, "{value}");
        }
        assert_eq!(u64::lenient(&json!(u64::MAX)), Some(u64::MAX));
        assert_eq!(f64::lenient(&json!("NaN")), None);
    }

    #[test]
    fn numbers_are_shown_without_a_needless_fraction() {
        assert_eq!((shown(Some(35.0)), shown(Some(1.5)), shown(None)), (json!(35), json!(1.5), Value::Null));
        assert_eq!(rounded::<u64>(1023.6), Some(1024));
    }

    #[test]
    fn other_types_are_absent() {
        for value in [json!(null), json!(3), json!("text"), json!([[], {}]), json!({"Inner": 3})] {
            assert_eq!(Sample::read(&value), Sample::default(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_long_text_is_bounded(size in 0_usize..20_000) {
            let text = String::lenient(&json!("é".repeat(size)));
            prop_assert_eq!(text.map_or(0, |text| text.chars().count()), size.min(TEXT_LIMIT));
        }
    }
}
