//! The one conductor: this daemon.

use serde_json::{Map, Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::{answer, pair};
use crate::base::moment::Moment;
use crate::net::http::Response;

/// `GET /v1/conductors`.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let fields = args.list("fields")?;
    let detail = args.flag("detail")?.unwrap_or_default();
    for name in ["limit", "marker", "sort_key", "sort_dir"] {
        args.take(name);
    }
    args.finish()?;
    let short = ["hostname", "conductor_group", "alive", "links"].map(str::to_owned).to_vec();
    let fields = fields.unwrap_or(short);
    Ok(answer(&json!({"conductors": [shown(call, Some(&*fields).filter(|_| !detail))]})))
}

/// `GET /v1/conductors/{host}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let fields = args.list("fields")?;
    args.finish()?;
    if call.ident(0) != call.policy().host {
        return Err(Fault::not_found(format!("conductor {} could not be found", call.ident(0))));
    }
    Ok(answer(&shown(call, fields.as_deref())))
}

fn shown(call: &Call<'_>, fields: Option<&[String]>) -> Value {
    let drivers: Vec<&String> = call.lanes().catalog().types.keys().collect();
    let host = &call.policy().host;
    let since = call.published.nodes().next().map_or_else(Moment::default, |node| node.created_at);
    let mut members = Map::new();
    for (name, value) in [
        ("created_at", json!(since.iso())),
        ("updated_at", Value::Null),
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
