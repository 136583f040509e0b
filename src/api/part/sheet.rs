//! `nodes/{ident}/bios` and `nodes/{ident}/firmware`: what is written down of a machine's firmware.

use serde_json::{Map, Value, json};

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::base::moment::Moment;
use crate::model::part::sheet::{Component, Setting};
use crate::model::shape::json as bytes;
use crate::net::http::Response;
use crate::store::error::StoreError;

/// Which members are shown.
struct Shown<'a> {
    names: Vec<&'a str>,
}

/// All settings.
pub fn settings(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    let mut args = call.args()?;
    for name in ["fields", "detail"] {
        args.unknown_below(name, REGISTRY_SINCE, call.version)?;
    }
    let shown = take(&mut args, SETTING, REGISTRY)?;
    args.finish()?;
    let rows = call.api.reader.settings(node).map_err(|error| unreadable(&error))?;
    let ident = call.ident(0);
    let rows: Vec<_> = rows.iter().map(|row| setting(call, ident, row, &shown.names)).collect();
    Ok(answer(&json!({"bios": rows})))
}

/// One setting under its name, with what the registry says since that is known.
pub fn one_setting(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    call.no_query()?;
    let rows = call.api.reader.settings(node).map_err(|error| unreadable(&error))?;
    let name = call.ident(1);
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        let shown: String = name.chars().take(255).collect();
        return Err(Fault::not_found(format!("node {node} does not have a BIOS setting {shown:?}")));
    };
    let names = if call.version >= REGISTRY_SINCE { REGISTRY } else { SETTING };
    Ok(answer(&json!({name: setting(call, &node.to_string(), row, names)})))
}

/// All parts that bear firmware.
pub fn components(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    let mut args = call.args()?;
    let known = if call.version >= IDENTITY_SINCE { IDENTITY } else { COMPONENT };
    let shown = take(&mut args, known, known)?;
    args.finish()?;
    let rows = call.api.reader.components(node).map_err(|error| unreadable(&error))?;
    let rows: Vec<_> = rows.iter().map(|row| component(row, &shown.names)).collect();
    Ok(answer(&json!({"firmware": rows})))
}

/// Reads `fields` and `detail`: `short` is shown if nothing is asked for, `whole` is all that there is.
fn take<'a>(args: &mut Args, short: &[&'a str], whole: &[&'a str]) -> Result<Shown<'a>, Fault> {
    let (fields, detail) = (args.list("fields")?, args.flag("detail")?.unwrap_or_default());
    let Some(fields) = fields else {
        return Ok(Shown { names: if detail { whole.to_vec() } else { short.to_vec() } });
    };
    if detail {
        return Err(Fault::invalid("fields and detail cannot be given together"));
    }
    let is_known = |name: &str| whole.contains(&name) || ALWAYS.contains(&name);
    if let Some(wrong) = fields.iter().find(|name| !is_known(name)) {
        let shown: String = wrong.chars().take(64).collect();
        return Err(Fault::invalid(format!("fields names {shown:?}, which is no field in this API version")));
    }
    Ok(Shown { names: whole.iter().copied().filter(|name| fields.iter().any(|one| one == name)).collect() })
}

fn setting(call: &Call<'_>, node: &str, row: &Setting, names: &[&str]) -> Value {
    let mut members = dated(row.created_at, row.updated_at);
    for name in names {
        let value = match *name {
            "name" => json!(row.name),
            "value" => json!(row.value),
            "attribute_type" => json!(row.attribute_type),
            "allowable_values" => json!(row.allowable_values),
            "lower_bound" => json!(row.lower_bound),
            "upper_bound" => json!(row.upper_bound),
            "min_length" => json!(row.min_length),
            "max_length" => json!(row.max_length),
            "read_only" => json!(row.read_only),
            "reset_required" => json!(row.reset_required),
            "unique" => json!(row.unique),
            _ => continue,
        };
        members.insert((*name).to_owned(), value);
    }
    let base = &call.base;
    let link = |href: String, rel: &str| json!({"href": href, "rel": rel});
    members.insert(
        "links".to_owned(),
        json!([
            link(format!("{base}/v1/nodes/{node}/bios/{}", row.name), "self"),
            link(format!("{base}/nodes/{node}/bios/{}", row.name), "bookmark"),
        ]),
    );
    Value::Object(members)
}

fn component(row: &Component, names: &[&str]) -> Value {
    let mut members = dated(row.created_at, row.updated_at);
    for name in names {
        let value = match *name {
            "component" => json!(row.component),
            "initial_version" => json!(row.initial_version),
            "current_version" => json!(row.current_version),
            "last_version_flashed" => json!(row.last_version_flashed),
            "vendor" => json!(row.vendor),
            "model" => json!(row.model),
            "serial_number" => json!(row.serial_number),
            _ => continue,
        };
        members.insert((*name).to_owned(), value);
    }
    Value::Object(members)
}

fn dated(created: Moment, updated: Option<Moment>) -> Map<String, Value> {
    let text = |moment: Moment| {
        let mut out = Vec::new();
        bytes::moment(&mut out, moment);
        // The renderer writes JSON only (tested).
        serde_json::from_slice(&out).unwrap_or_default()
    };
    let updated = updated.map_or(Value::Null, text);
    Map::from_iter([("created_at".to_owned(), text(created)), ("updated_at".to_owned(), updated)])
}

fn unreadable(error: &StoreError) -> Fault {
    tracing::error!(error = %error.chain(), "what is known of a node's firmware cannot be read");
    Fault::new(500, "what is known of the firmware cannot be read; the daemon's log says why")
}

/// Shown whatever is asked for.
const ALWAYS: &[&str] = &["created_at", "updated_at", "links"];

const SETTING: &[&str] = &["name", "value"];

const REGISTRY: &[&str] = &[
    "name",
    "value",
    "attribute_type",
    "allowable_values",
    "lower_bound",
    "max_length",
    "min_length",
    "read_only",
    "reset_required",
    "unique",
    "upper_bound",
];

/// Since then the vendor's registry is shown.
const REGISTRY_SINCE: u16 = 74;

const COMPONENT: &[&str] = &["component", "initial_version", "current_version", "last_version_flashed"];

const IDENTITY: &[&str] = &[
    "component",
    "initial_version",
    "current_version",
    "last_version_flashed",
    "vendor",
    "model",
    "serial_number",
];

/// Since then it is shown which part exactly bears the firmware.
const IDENTITY_SINCE: u16 = 114;
