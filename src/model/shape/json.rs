//! JSON values to bytes, without a tree in between.

use serde_json::Value;
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::base::secret::{MASK, Veil, masked_url};
use crate::model::Object;

/// `"name":`; names of our own need no escapes.
pub fn key(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A text with quotes and escapes (RFC 8259 7).
pub fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().any(needs_escape) {
        text.chars().for_each(|letter| escaped(out, letter));
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escaped(out: &mut Vec<u8>, letter: char) {
    match letter {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        low if low < ' ' => out.extend_from_slice(format!("\\u{:04x}", u32::from(low)).as_bytes()),
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

pub fn maybe_text(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => null(out),
    }
}

pub fn flag(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub fn maybe_flag(out: &mut Vec<u8>, value: Option<bool>) {
    match value {
        Some(value) => flag(out, value),
        None => null(out),
    }
}

pub fn uuid(out: &mut Vec<u8>, value: Uuid) {
    out.push(b'"');
    bare_uuid(out, value);
    out.push(b'"');
}

/// A UUID without quotes, for links.
pub fn bare_uuid(out: &mut Vec<u8>, value: Uuid) {
    out.extend_from_slice(value.as_hyphenated().encode_lower(&mut [0; 36]).as_bytes());
}

pub fn maybe_uuid(out: &mut Vec<u8>, value: Option<Uuid>) {
    match value {
        Some(value) => uuid(out, value),
        None => null(out),
    }
}

/// A moment with its zone, as resources show it.
pub fn moment(out: &mut Vec<u8>, value: Moment) {
    out.push(b'"');
    stamp(out, value);
    out.extend_from_slice(b"+00:00\"");
}

/// A moment without its zone, as `driver_internal_info` shows it.
pub fn bare_moment(out: &mut Vec<u8>, value: Moment) {
    out.push(b'"');
    stamp(out, value);
    out.push(b'"');
}

/// The same with a blank for the `T`, as the reference tells when it asked the agent for its steps.
pub fn spaced_moment(out: &mut Vec<u8>, value: Moment) {
    let start = out.len();
    bare_moment(out, value);
    if let Some(letter) = out.iter_mut().skip(start).find(|letter| **letter == b'T') {
        *letter = b' ';
    }
}

pub fn maybe_moment(out: &mut Vec<u8>, value: Option<Moment>) {
    match value {
        Some(value) => moment(out, value),
        None => null(out),
    }
}

/// `2026-11-20T19:47:03.271161` by plain arithmetic: the calendar library costs ten times as much.
fn stamp(out: &mut Vec<u8>, value: Moment) {
    if !(0..YEAR_10000).contains(&value.0) {
        out.extend_from_slice(value.bare().as_bytes());
        return;
    }
    let (seconds, micros) = (value.0 / 1_000_000, value.0 % 1_000_000);
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    digits(out, year, 4);
    for (before, number) in [(b'-', month), (b'-', day), (b'T', rest / 3600), (b':', rest / 60 % 60)] {
        out.push(before);
        digits(out, number, 2);
    }
    out.push(b':');
    digits(out, rest % 60, 2);
    out.push(b'.');
    digits(out, micros, 6);
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar; years begin in March inside, so that
/// the leap day is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// At most six digits, with zeros in front.
fn digits(out: &mut Vec<u8>, mut number: i64, width: usize) {
    let mut text = [b'0'; 6];
    for slot in text.iter_mut().take(width).rev() {
        *slot += u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    out.extend_from_slice(text.get(..width).unwrap_or(&text));
}

pub fn number(out: &mut Vec<u8>, number: impl std::fmt::Display) {
    out.extend_from_slice(number.to_string().as_bytes());
}

/// Any JSON value as it is.
pub fn value(out: &mut Vec<u8>, given: &Value) {
    match given {
        Value::Null => null(out),
        Value::Bool(given) => flag(out, *given),
        Value::Number(given) => number(out, given),
        Value::String(given) => text(out, given),
        Value::Array(given) => array(out, given, value),
        Value::Object(given) => object(out, given),
    }
}

/// An object as it is.
pub fn object(out: &mut Vec<u8>, members: &Object) {
    each(out, members, |out, _, one| value(out, one));
}

/// An object whose values under the names that `veil` hides are masked at every depth, as are passwords in URLs.
pub fn masked(out: &mut Vec<u8>, members: &Object, veil: Veil) {
    each(out, members, |out, name, one| {
        if one.is_null() || !veil.hides(name) {
            masked_value(out, name, one, veil);
        } else {
            text(out, MASK);
        }
    });
}

fn masked_value(out: &mut Vec<u8>, name: &str, one: &Value, veil: Veil) {
    match one {
        Value::Object(members) => masked(out, members, veil),
        Value::Array(values) => array(out, values, |out, one| masked_value(out, name, one, veil)),
        Value::String(given) => match masked_url(name, given) {
            Some(masked) => text(out, &masked),
            None => text(out, given),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => value(out, one),
    }
}

fn each(out: &mut Vec<u8>, members: &Object, write: impl Fn(&mut Vec<u8>, &str, &Value)) {
    out.push(b'{');
    for (index, (name, one)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        write(out, name, one);
    }
    out.push(b'}');
}

/// An array, each element by `write`.
pub fn array<T>(out: &mut Vec<u8>, values: impl IntoIterator<Item = T>, write: impl Fn(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, one) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, one);
    }
    out.push(b']');
}

/// A pair of links to `path`: with the version (`self`) and without (`bookmark`).
pub fn links(out: &mut Vec<u8>, base: &str, path: &dyn Fn(&mut Vec<u8>)) {
    out.extend_from_slice(b"[{\"href\":\"");
    out.extend_from_slice(base.as_bytes());
    out.extend_from_slice(b"/v1/");
    path(out);
    out.extend_from_slice(b"\",\"rel\":\"self\"},{\"href\":\"");
    out.extend_from_slice(base.as_bytes());
    out.push(b'/');
    path(out);
    out.extend_from_slice(b"\",\"rel\":\"bookmark\"}]");
}

/// Microseconds of the first day that needs five digits for its year.
const YEAR_10000: i64 = 253_402_300_800_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_reads_back(given: String) {
            let out = written(|out| text(out, &given));
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), given);
        }

        #[test]
        fn moments_are_those_of_the_calendar(micros in any::<i64>()) {
            let moment = Moment(micros);
            prop_assert_eq!(written(|out| bare_moment(out, moment)), format!("\"{}\"", moment.bare()));
        }

        #[test]
        fn moments_of_our_time_are_those_of_the_calendar(micros in 0..YEAR_10000) {
            let given = Moment(micros);
            prop_assert_eq!(written(|out| moment(out, given)), format!("\"{}\"", given.iso()));
        }
    }

    #[test]
    fn secrets_are_masked_at_every_depth() {
        let given = serde_json::json!({"a": [{"my_password": "x"}], "image_url": "u", "token": null, "b": 1.5,
                "kernel": ["http://u:p@h/k"]});
        let out = written(|out| masked(out, given.as_object().unwrap(), Veil::Instance));
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            read,
            serde_json::json!({"a": [{"my_password": "******"}], "image_url": "******", "token": null, "b": 1.5,
                "kernel": ["http://u:******@h/k"]})
        );
    }
}
