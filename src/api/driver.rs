//! Hardware types and what each supports, from the catalog.

use serde_json::{Map, Value, json};

use crate::api::fault::Fault;
use crate::api::node::passthru;
use crate::api::request::call::Call;
use crate::api::root::{answer, pair};
use crate::model::catalog::HardwareType;
use crate::model::interface::Interface;
use crate::model::part::raid::PROPERTIES;
use crate::model::shape;
use crate::net::http::Response;

/// `GET /v1/drivers`.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    args.too_new(&[("type", 30), ("detail", 30), ("fields", 77)], call.version)?;
    let kind = args.text("type")?;
    let detail = args.flag("detail")?.unwrap_or_default();
    let fields = args.list("fields")?;
    args.finish()?;
    if detail && fields.is_some() {
        return Err(Fault::invalid("fields and detail cannot be given together"));
    }
    let dynamic = match kind.as_deref() {
        None | Some("dynamic") => true,
        Some("classic") => false,
        Some(_) => return Err(Fault::invalid("type must be classic or dynamic")),
    };
    let types = call.lanes().catalog().types.iter().filter(|_| dynamic);
    let drivers: Result<Vec<_>, _> = types
        .map(|(name, hardware)| chosen(shown(call, name, hardware, detail), fields.as_deref()))
        .collect();
    Ok(answer(&json!({"drivers": drivers?})))
}

/// `GET /v1/drivers/{name}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    args.too_new(&[("fields", 77)], call.version)?;
    let fields = args.list("fields")?;
    args.finish()?;
    let hardware = hardware(call)?;
    Ok(answer(&chosen(shown(call, call.ident(0), hardware, true), fields.as_deref())?))
}

/// `GET /v1/drivers/{name}/properties`: `driver_info` keys and what they mean.
pub fn properties(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    Ok(answer(&json!(hardware(call)?.properties)))
}

/// `GET /v1/drivers/{name}/raid/logical_disk_properties`: what a logical disk may say, and what it means.
pub fn raid(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    hardware(call)?;
    let rows = PROPERTIES.iter().map(|row| (row.name.to_owned(), json!(row.description)));
    Ok(answer(&Value::Object(rows.collect())))
}

/// Vendor methods of a driver: none has any.
pub fn methods(call: &Call<'_>) -> Result<Response, Fault> {
    hardware(call)?;
    call.no_query()?;
    Ok(answer(&passthru::shown(&[])))
}

/// A call of one of them.
pub async fn passthru(call: &Call<'_>) -> Result<Response, Fault> {
    hardware(call)?;
    let (name, _) = passthru::named(call).await?;
    Err(passthru::unknown(&name))
}

fn hardware<'a>(call: &'a Call<'_>) -> Result<&'a HardwareType, Fault> {
    let name = call.ident(0);
    call.lanes().catalog().types.get(name).ok_or_else(|| {
        let shown: String = name.chars().take(255).collect();
        Fault::not_found(format!("driver {shown} could not be found or is not enabled"))
    })
}

fn shown(call: &Call<'_>, name: &str, hardware: &HardwareType, detail: bool) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("name".to_owned(), json!(name));
    members.insert("hosts".to_owned(), json!([call.policy().host]));
    members.insert("links".to_owned(), pair(call, &format!("drivers/{name}")));
    if call.version >= 14 {
        members.insert("properties".to_owned(), pair(call, &format!("drivers/{name}/properties")));
    }
    if call.version >= 30 {
        members.insert("type".to_owned(), json!("dynamic"));
    }
    for kind in Interface::ALL.into_iter().filter(|kind| detail && since(*kind) <= call.version) {
        let enabled: Vec<_> = enabled(call, hardware, kind).collect();
        members.insert(
            format!("default_{kind}_interface"),
            json!(call.lanes().catalog().default_of(name, kind)),
        );
        members.insert(format!("enabled_{kind}_interfaces"), json!(enabled));
    }
    members
}

fn enabled<'a>(
    call: &'a Call<'_>,
    hardware: &'a HardwareType,
    kind: Interface,
) -> impl Iterator<Item = &'a str> {
    let supported = hardware.supported.get(&kind).map(Vec::as_slice).unwrap_or_default();
    let catalog = call.lanes().catalog();
    supported.iter().map(String::as_str).filter(move |name| catalog.implementation(kind, name).is_some())
}

/// An interface is shown with its driver since drivers are dynamic, or since it is there.
fn since(kind: Interface) -> u16 {
    let name = format!("{kind}_interface");
    shape::field(shape::node::TABLE, &name).map_or(DYNAMIC_SINCE, |row| match row.since {
        since if since <= NODE_INTERFACES_SINCE => DYNAMIC_SINCE,
        since => since,
    })
}

fn chosen(members: Map<String, Value>, fields: Option<&[String]>) -> Result<Value, Fault> {
    let Some(fields) = fields else { return Ok(Value::Object(members)) };
    if let Some(name) = fields.iter().find(|name| !members.contains_key(*name)) {
        return Err(Fault::invalid(format!("fields names {name:?}, which is no field")));
    }
    let wanted = |name: &String| name == "links" || fields.contains(name);
    Ok(Value::Object(members.into_iter().filter(|(name, _)| wanted(name)).collect()))
}

/// Hardware types came with this version.
const DYNAMIC_SINCE: u16 = 30;

/// Nodes learned the interfaces of their driver one version later.
const NODE_INTERFACES_SINCE: u16 = 31;
