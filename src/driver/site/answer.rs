//! What an executable may say: one turn as one JSON object on its standard output (`driver/site/README.md`).

use serde_json::Value;

use crate::driver::site::question::Phase;
use crate::model::Object;
use crate::model::boot::Boots;
use crate::model::turn::{MEMO_LIMIT, Memo, Turn};

/// Reads an answer; why it is none, for people.
pub fn parse(bytes: &[u8], phase: Phase) -> Result<Turn, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("it said nothing on standard output".to_owned());
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("its answer is no JSON: {error}"))?;
    let Value::Object(mut members) = value else { return Err("its answer is no JSON object".to_owned()) };
    let word = match members.remove("turn") {
        Some(Value::String(word)) => word,
        Some(_) => return Err("turn is no text".to_owned()),
        None => return Err(format!("its answer names no turn: one of {TURNS}")),
    };
    let turn = turn(&word, &mut members)?;
    if let Some(stranger) = members.keys().next() {
        let shown: String = stranger.chars().take(LONGEST_SHOWN).collect();
        return Err(format!("turn {word} has no member {shown:?}"));
    }
    match (phase, &turn) {
        (Phase::Act { .. }, Turn::Act { .. }) => {
            Err("it answered act with act: say look_in, and act after the next look".to_owned())
        }
        _ => Ok(turn),
    }
}

fn turn(word: &str, members: &mut Object) -> Result<Turn, String> {
    Ok(match word {
        "done" => Turn::Done(object(members, "result")?),
        "failed" => Turn::failed(why(members)?),
        "act" => Turn::Act { memo: memo(members)? },
        "look_in" => Turn::LookIn { after: after(members)?, memo: memo(members)? },
        "reboot" => Turn::Reboot { into: into(members)?, memo: memo(members)? },
        "agent" => Turn::Agent { memo: memo(members)? },
        "hold" => Turn::Hold,
        other => {
            let shown: String = other.chars().take(LONGEST_SHOWN).collect();
            return Err(format!("there is no turn {shown:?}: one of {TURNS}"));
        }
    })
}

fn object(members: &mut Object, name: &str) -> Result<Object, String> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(Object::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(format!("{name} is no JSON object")),
    }
}

fn memo(members: &mut Object) -> Result<Memo, String> {
    let memo = object(members, "memo")?;
    let size = serde_json::to_vec(&memo).map_or(usize::MAX, |text| text.len());
    if size > MEMO_LIMIT {
        return Err(format!("its memo of {size} bytes is over the limit of {MEMO_LIMIT}"));
    }
    Ok(memo)
}

fn why(members: &mut Object) -> Result<String, String> {
    match members.remove("why") {
        Some(Value::String(why)) if !why.trim().is_empty() => Ok(shown(&why, LONGEST_WHY)),
        _ => Err("turn failed must say why, as a text".to_owned()),
    }
}

fn after(members: &mut Object) -> Result<u32, String> {
    let given = members.remove("after").unwrap_or_default();
    let after = given.as_u64().and_then(|after| u32::try_from(after).ok());
    after.filter(|after| (1..=LONGEST_PAUSE).contains(after)).ok_or_else(|| {
        let given: String = given.to_string().chars().take(LONGEST_SHOWN).collect();
        format!("after = {given}: it must be whole seconds from 1 to {LONGEST_PAUSE}")
    })
}

fn into(members: &mut Object) -> Result<Boots, String> {
    match members.remove("into").as_ref().and_then(Value::as_str) {
        Some("ramdisk") => Ok(Boots::Ramdisk),
        Some("disk") => Ok(Boots::Disk),
        Some("nothing") => Ok(Boots::Nothing),
        _ => Err("turn reboot must say into what: ramdisk, disk or nothing".to_owned()),
    }
}

/// A text of others in one line, cut to a length.
pub fn shown(text: &str, most: usize) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(most).collect::<String>().trim().to_owned()
}

const TURNS: &str = "done, failed, act, look_in, reboot, agent, hold";
/// Characters of a reason.
const LONGEST_WHY: usize = 1024;
/// Characters of what is shown back.
const LONGEST_SHOWN: usize = 80;
/// Seconds; a day.
const LONGEST_PAUSE: u32 = 86_400;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn looked(answer: &str) -> Result<Turn, String> {
        parse(answer.as_bytes(), Phase::Look)
    }

    #[test]
    fn each_turn_has_its_words() {
        let memo = json!({"job": 7}).as_object().unwrap().clone();
        for (answer, turn) in [
            (r#"{"turn": "done"}"#, Turn::done()),
            (r#" {"turn": "done", "result": {"job": 7}}"#, Turn::Done(memo.clone())),
            (r#"{"turn": "failed", "why": "no\nlamp"}"#, Turn::failed("no lamp")),
            (r#"{"turn": "act", "memo": {"job": 7}}"#, Turn::Act { memo: memo.clone() }),
            (
                r#"{"turn": "look_in", "after": 5, "memo": {"job": 7}}"#,
                Turn::LookIn { after: 5, memo: memo.clone() },
            ),
            (
                r#"{"turn": "reboot", "into": "ramdisk", "memo": {"job": 7}}"#,
                Turn::Reboot { into: Boots::Ramdisk, memo: memo.clone() },
            ),
            (r#"{"turn": "agent", "memo": {"job": 7}}"#, Turn::Agent { memo }),
            (r#"{"turn": "hold"}"#, Turn::Hold),
        ] {
            assert_eq!(looked(answer).unwrap(), turn, "{answer}");
        }
    }

    #[test]
    fn what_is_no_turn_is_refused_with_its_reason() {
        let large = format!(r#"{{"turn": "act", "memo": {{"x": "{}"}}}}"#, "x".repeat(MEMO_LIMIT));
        for (answer, word) in [
            ("", "said nothing"),
            ("fine", "no JSON"),
            (r#"{"turn": "done"} {"turn": "done"}"#, "no JSON"),
            ("[]", "no JSON object"),
            ("{}", "names no turn"),
            (r#"{"turn": 3}"#, "turn is no text"),
            (r#"{"turn": "dance"}"#, "no turn \"dance\""),
            (r#"{"turn": "done", "ok": true}"#, "no member \"ok\""),
            (r#"{"turn": "done", "result": 3}"#, "result is no JSON object"),
            (r#"{"turn": "failed"}"#, "must say why"),
            (r#"{"turn": "failed", "why": " "}"#, "must say why"),
            (r#"{"turn": "look_in", "after": -1}"#, "after = -1"),
            (r#"{"turn": "look_in", "after": 0}"#, "after = 0"),
            (r#"{"turn": "look_in", "after": 1.5}"#, "after = 1.5"),
            (r#"{"turn": "look_in"}"#, "after = null"),
            (r#"{"turn": "reboot", "into": "windows"}"#, "into what"),
            (large.as_str(), "over the limit of 4096"),
        ] {
            let why = looked(answer).unwrap_err();
            assert!(why.contains(word), "{answer}: {why}");
        }
        let again = parse(br#"{"turn": "act"}"#, Phase::Act { again: false }).unwrap_err();
        assert!(again.contains("answered act with act"), "{again}");
    }
}
