//! One event as one line: when, its number, what, about whom, and what changed.

use serde_json::Value;

use crate::base::visible::is_visible;
use crate::cli::age;
use crate::cli::console::{Console, one_line};
use crate::cli::node::view::View;

/// The heading of the lines.
pub fn header() -> String {
    line("time", "number", "event", "about", "").trim_end().to_owned()
}

/// An event for a person.
pub fn row(data: &str) -> String {
    let Ok(event) = serde_json::from_str::<Value>(data) else { return one_line(data) };
    let text = |name| one_line(&View(&event).text(name));
    if text("event_type") == "gap" && text("lost") == "0" {
        return format!(
            "... number {} is ahead of the newest event, {} ...",
            text("since"),
            text("sequence")
        );
    }
    if text("event_type") == "gap" {
        return format!("... {} events are no longer kept ...", text("lost"));
    }
    let nothing = Value::Null;
    let payload = event.get("payload").and_then(|payload| payload.get("ironic_object.data"));
    let payload = payload.unwrap_or(&nothing);
    let shown = |name: &str| one_line(&View(payload).text(name));
    let about = ["name", "address", "uuid"].map(shown).into_iter().find(|text| !text.is_empty());
    let event_type = text("event_type");
    let event_type = event_type.strip_prefix("baremetal.").unwrap_or(&event_type);
    let time = age::clock(&text("timestamp"));
    let about = about.unwrap_or_default();
    line(&time, &text("sequence"), event_type, &about, &what(event_type, &shown)).trim_end().to_owned()
}

/// What changed, where one word says it.
fn what(event_type: &str, shown: &impl Fn(&str) -> String) -> String {
    let action = event_type.split('.').nth(1).unwrap_or_default();
    let starts = event_type.rsplit('.').next() == Some("start");
    let change = match action {
        "provision_set" => format!("{} -> {}", shown("previous_provision_state"), shown("provision_state")),
        "power_set" => format!("to {}", shown("to_power")),
        "power_state_corrected" => format!("{} -> {}", shown("from_power"), shown("power_state")),
        // These show the node as it was.
        "maintenance_set" | "console_set" if starts => String::new(),
        "maintenance_set" if shown("maintenance") == "true" => format!("on {}", shown("maintenance_reason")),
        "maintenance_set" => "off".to_owned(),
        "console_set" if shown("console_enabled") == "true" => "open".to_owned(),
        "console_set" => "closed".to_owned(),
        _ => String::new(),
    };
    if event_type.rsplit('.').next() == Some("error") {
        // Who was refused was told why; only what failed later is written into the node.
        let told = [change, shown("last_error")];
        told.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    } else {
        change
    }
}

fn line(time: &str, number: &str, event: &str, about: &str, what: &str) -> String {
    format!("{time:<19}  {number:>7}  {event:<34}  {about:<20}  {what}")
}

/// An event as the API wrote it; on a terminal without letters that would do something to it.
pub fn json(data: &str, console: &Console<'_>) -> String {
    if !console.terminal {
        return data.to_owned();
    }
    data.chars().map(|letter| if is_visible(letter) { letter } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(event_type: &str, data: &Value) -> String {
        let payload = json!({"ironic_object.name": "x", "ironic_object.data": data});
        let timestamp = "2026-11-20T19:47:03.271161+00:00";
        json!({"event_type": event_type, "timestamp": timestamp, "sequence": 12, "payload": payload})
            .to_string()
    }

    #[test]
    fn a_line_says_when_what_and_about_whom() {
        let data = json!({
            "name": "n1", "uuid": "u", "previous_provision_state": "available", "provision_state": "deploying",
        });
        let line = row(&event("baremetal.node.provision_set.start", &data));
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "2026-11-20 19:47:03 12 node.provision_set.start n1 available -> deploying"
        );
        let data = json!({"name": null, "uuid": "u7", "last_error": "no\nanswer", "to_power": "power on"});
        let line = row(&event("baremetal.node.power_set.error", &data));
        assert!(line.contains("u7") && line.ends_with("to power on: no answer"), "{line}");
        let line = row(&event("baremetal.node.update.error", &json!({"name": "n1", "last_error": null})));
        assert!(line.ends_with("n1"), "{line}");
    }

    #[test]
    fn a_gap_and_garbage_are_said_as_such() {
        assert_eq!(row("{\"event_type\":\"gap\",\"lost\":6}"), "... 6 events are no longer kept ...");
        let ahead = "{\"event_type\":\"gap\",\"lost\":0,\"since\":99,\"sequence\":7}";
        assert_eq!(row(ahead), "... number 99 is ahead of the newest event, 7 ...");
        assert_eq!(row("x\x1b[2J"), "x [2J");
    }
}
