//! `ferric node sensors`: what is read and how well it is, a line a sensor. All that is known of each is in the JSON.

use serde_json::Value;

use crate::base::size::human;
use crate::cli::Exit;
use crate::cli::console::{Paint, one_line};
use crate::cli::fault::CliError;
use crate::cli::node::path;
use crate::cli::session::Session;
use crate::cli::table;

/// Shows what the sensors read, a line each.
pub async fn sensors(session: &mut Session<'_, '_>, node: &str) -> Result<Exit, CliError> {
    let answer = session.fetch(format!("/ferric{}", path(node, "/sensors"))).await?;
    let value = session.parse(&answer)?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let header = ["type", "sensor", "reading", "health"].map(str::to_owned);
    let rows: Vec<_> = readings(&value);
    let paints = std::iter::once(Paint::Head).chain(rows.iter().map(|row| paint(row.last())));
    let paints: Vec<Paint> = paints.collect();
    for (line, paint) in table::lines(&header, rows, session.console.width).into_iter().zip(paints) {
        let line = session.console.painted(&line, paint);
        session.console.line(&line)?;
    }
    Ok(Exit::Done)
}

fn readings(value: &Value) -> Vec<Vec<String>> {
    let groups = value.get("sensors").and_then(Value::as_object).into_iter().flatten();
    groups
        .flat_map(|(group, sensors)| {
            let sensors = sensors.as_object().into_iter().flatten();
            sensors.map(|(name, fields)| {
                let cells = [group.clone(), name.clone(), reading(fields), health(fields)];
                cells.map(|cell| one_line(&cell)).to_vec()
            })
        })
        .collect()
}

/// The one thing that a sensor is looked at for, with its unit.
fn reading(sensor: &Value) -> String {
    if !sensor.is_object() {
        return plain(Some(sensor));
    }
    let of = |name: &str| plain(sensor.get(name));
    for (name, unit) in READINGS {
        let (text, unit) = (of(name), unit.map_or_else(|| of("reading_units"), str::to_owned));
        if !text.is_empty() {
            return format!("{text} {unit}").trim_end().to_owned();
        }
    }
    match sensor.get("capacity_bytes").and_then(Value::as_u64) {
        Some(bytes) => format!("{} {}", human(bytes), of("model")).trim_end().to_owned(),
        None => String::new(),
    }
}

/// Health, or how a threshold stands, and the state if it says more than that it works.
fn health(sensor: &Value) -> String {
    let of = |name: &str| plain(sensor.get(name));
    let first = Some(of("health")).filter(|text| !text.is_empty()).unwrap_or_else(|| of("Status"));
    let state = Some(of("state")).filter(|text| text != "Enabled").unwrap_or_default();
    format!("{first} {state}").trim().to_owned()
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            other.to_string()
        }
    }
}

fn paint(health: Option<&String>) -> Paint {
    match health.and_then(|text| text.split_whitespace().next()) {
        Some("Critical" | "cr" | "nr") => Paint::Bad,
        Some("Warning" | "nc") => Paint::Busy,
        _ => Paint::Plain,
    }
}

/// Members that hold a reading, the first one there counts, and their units; `None`: the sensor tells it.
const READINGS: &[(&str, Option<&str>)] = &[
    ("reading_celsius", Some("C")),
    ("reading", None),
    ("last_power_output_watts", Some("W")),
    ("Sensor Reading", Some("")),
    ("States Asserted", Some("")),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn readings_are_a_row_each() {
        let value = json!({"sensors": {
            "Fan": {"Fan 1": {"reading": 5700, "reading_units": "RPM", "health": null, "state": "Enabled"},
                "Fan 2": {"reading": null, "health": null, "state": "Absent"}},
            "Temperature": {"CPU": {"reading_celsius": 91.5, "health": "Critical", "state": "Enabled"},
                "CPU1 (0x2)": {"Sensor Reading": "49 (+/- 0) degrees C", "Status": "ok"}},
            "Drive": {"Disk 1": {"capacity_bytes": 1_048_576, "model": "M1", "health": "OK"}},
            "Power": {"1": {"last_power_output_watts": 146, "health": "Warning"}},
            "Extra": {"Model": "R650"},
            "Odd": 3,
        }});
        let rows = readings(&value);
        let shown: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        let expected = [
            "Drive|Disk 1|1.0 MiB M1|OK",
            "Extra|Model|R650|",
            "Fan|Fan 1|5700 RPM|",
            "Fan|Fan 2||Absent",
            "Power|1|146 W|Warning",
            "Temperature|CPU|91.5 C|Critical",
            "Temperature|CPU1 (0x2)|49 (+/- 0) degrees C|ok",
        ];
        assert_eq!(shown, expected);
        assert!(readings(&json!([])).is_empty());
        let paints: Vec<Paint> = rows.iter().map(|row| paint(row.last())).collect();
        assert_eq!((paints[4], paints[5], paints[6]), (Paint::Busy, Paint::Bad, Paint::Plain));
    }
}
