//! The one conductor: this daemon.

use serde_json::{Map, Value, json};

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::api::root::{answer, pair};
use crate::net::http::Response;

/// `GET /v1/conductors`.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let fields = fields(&mut args)?;
    let detail = args.flag("detail")?.unwrap_or_default();
    if detail && fields.is_some() {
        return Err(Fault::invalid("fields and detail cannot be given together"));
    }
    let limit = paging::take_limit(&mut args, call.policy().max_limit)?;
    let key = sort_key(&mut args)?;
    let descending = paging::take_descending(&mut args)?;
    let marker = args.text("marker")?;
    args.finish()?;
    let host = &call.policy().host;
    if marker.as_ref().is_some_and(|marker| marker != host) {
        return Err(Fault::not_found("marker names no conductor"));
    }
    if marker.is_some() {
        return Ok(answer(&json!({"conductors": []})));
    }
    let names = fields.clone().unwrap_or_else(|| SHORT.map(str::to_owned).to_vec());
    let mut page = json!({"conductors": [shown(call, Some(&*names).filter(|_| !detail))]});
    if limit == 1 {
        let order = if descending { "desc" } else { "asc" };
        let fields = fields.map_or_else(String::new, |names| format!("&fields={}", names.join(",")));
        let detail = if detail { "&detail=True" } else { "" };
        let base = &call.base;
        let next = json!(format!(
            "{base}/v1/conductors?sort_key={key}&sort_dir={order}{fields}{detail}&limit=1&marker={host}"
        ));
        if let Some(members) = page.as_object_mut() {
            members.insert("next".to_owned(), next);
        }
    }
    Ok(answer(&page))
}

/// The members that are asked for by name.
fn fields(args: &mut Args) -> Result<Option<Vec<String>>, Fault> {
    let fields = args.list("fields")?;
    match fields.iter().flatten().find(|name| !MEMBERS.contains(&name.as_str())) {
        None => Ok(fields),
        Some(name) => {
            let shown: String = name.chars().take(64).collect();
            Err(Fault::invalid(format!("fields names {shown:?}, which is no field")))
        }
    }
}

/// By what one is sorted; lists of drivers and what is only computed are no column.
fn sort_key(args: &mut Args) -> Result<String, Fault> {
    let key = args.text("sort_key")?.unwrap_or_else(|| "id".to_owned());
    if ["id", "hostname", "conductor_group", "created_at", "updated_at"].contains(&key.as_str()) {
        return Ok(key);
    }
    let shown: String = key.chars().take(64).collect();
    Err(Fault::invalid(format!("sort_key {shown:?} is no field to sort by")))
}

/// `GET /v1/conductors/{host}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let fields = fields(&mut args)?;
    args.finish()?;
    if call.ident(0) != call.policy().host {
        return Err(Fault::not_found(format!("conductor {} could not be found", call.ident(0))));
    }
    Ok(answer(&shown(call, fields.as_deref())))
}

fn shown(call: &Call<'_>, fields: Option<&[String]>) -> Value {
    let drivers: Vec<&String> = call.lanes().catalog().types.keys().collect();
    let host = &call.policy().host;
    // It is as old as the oldest node, and seen alive by who is answered.
    let oldest = call.published.nodes().next().map(|node| node.created_at);
    let since = oldest.map_or(call.api.began, |oldest| oldest.min(call.api.began));
    let mut members = Map::new();
    for (name, value) in [
        ("created_at", json!(since.iso())),
        ("updated_at", json!(call.lanes().now().iso())),
        ("hostname", json!(host)),
        ("conductor_group", json!(call.policy().default_conductor_group)),
        ("drivers", json!(drivers)),
        ("alive", json!(true)),
        ("links", pair(call, &format!("conductors/{host}"))),
    ] {
        let wanted = fields.is_none_or(|fields| name == "links" || fields.iter().any(|one| one == name));
        if wanted {
            members.insert(name.to_owned(), value);
        }
    }
    Value::Object(members)
}

/// What a list shows when nothing else was asked for.
const SHORT: [&str; 4] = ["hostname", "conductor_group", "alive", "links"];

const MEMBERS: [&str; 7] =
    ["created_at", "updated_at", "hostname", "conductor_group", "drivers", "alive", "links"];
