//! `nodes/{ident}/management/indicators`: the lamps of a machine. One is named `NAME@COMPONENT`, or by two segments,
//! component first; a component alone lists its lamps.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::while_waiting::{done, unlike};
use crate::base::id::NodeId;
use crate::model::bmc::panel::{Indicator, Lamp};
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::Seen;
use crate::net::http::Response;

/// All lamps.
pub async fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let found = look(call, id).await?;
    Ok(listed(call, id, &found))
}

fn listed(call: &Call<'_>, id: NodeId, found: &[Indicator]) -> Response {
    let rows: Vec<Value> = found.iter().map(|one| row(call, id, one)).collect();
    answer(&json!({"indicators": rows}))
}

/// What one lamp shows; the lamps of a component if only that is named.
pub async fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let found = look(call, id).await?;
    match named(call) {
        (component, Some(name)) => {
            let one = pick(&found, &component, &name)?;
            Ok(answer(&json!({"state": one.shows.name()})))
        }
        (component, None) => {
            let own: Vec<_> = found.into_iter().filter(|one| one.component == component).collect();
            if own.is_empty() {
                return Err(Fault::invalid(format!(
                    "the node has no component {:?} with lamps",
                    cut(&component)
                )));
            }
            Ok(listed(call, id, &own))
        }
    }
}

/// Makes a lamp show something.
pub async fn set(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let word = args.needed_text("state")?;
    args.finish()?;
    let lamp = Lamp::parse(&word).filter(|lamp| *lamp != Lamp::Unknown);
    let lamp = lamp.ok_or_else(|| {
        Fault::invalid(format!("state {:?} cannot be shown: on, off and blinking can", cut(&word)))
    })?;
    let (component, Some(name)) = named(call) else {
        return Err(Fault::invalid("the path must name a lamp as NAME@COMPONENT"));
    };
    let found = look(call, id).await?;
    let one = pick(&found, &component, &name)?;
    if !one.can.contains(&lamp) {
        let can: Vec<_> = one.can.iter().map(|lamp| lamp.name()).collect();
        let can = if can.is_empty() {
            "it can only be read".to_owned()
        } else {
            format!("it can show {}", can.join(", "))
        };
        return Err(Fault::invalid(format!("lamp {name}@{component} cannot show {}: {can}", lamp.name())));
    }
    done(call.api.lanes.act(id, Effect::Indicator { component, name, lamp }).await?)
}

async fn look(call: &Call<'_>, id: NodeId) -> Result<Vec<Indicator>, Fault> {
    let seen = call.api.lanes.look(id, Look::Indicators).await?;
    let Seen::Indicators(found) = seen else { return Err(unlike(seen)) };
    Ok(found)
}

/// Component and lamp of the path.
fn named(call: &Call<'_>) -> (String, Option<String>) {
    let first = call.ident(1);
    if call.idents.len() > 2 {
        return (first.to_owned(), Some(call.ident(2).to_owned()));
    }
    match first.rsplit_once('@') {
        Some((name, component)) => (component.to_owned(), Some(name.to_owned())),
        None => (first.to_owned(), None),
    }
}

fn pick<'a>(found: &'a [Indicator], component: &str, name: &str) -> Result<&'a Indicator, Fault> {
    let one = found.iter().find(|one| one.component == component && one.name == name);
    one.ok_or_else(|| Fault::invalid(format!("the node has no lamp {:?} on {:?}", cut(name), cut(component))))
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

fn row(call: &Call<'_>, id: NodeId, one: &Indicator) -> Value {
    let name = format!("{}@{}", one.name, one.component);
    let path = format!("nodes/{id}/management/indicators/{name}");
    let states: Vec<_> = one.can.iter().map(|lamp| lamp.name()).collect();
    json!({
        "name": name,
        "component": one.component,
        "readonly": one.can.is_empty(),
        "states": states,
        "links": [
            {"href": format!("{}/v1/{path}", call.base), "rel": "self"},
            {"href": format!("{}/{path}", call.base), "rel": "bookmark"},
        ],
    })
}
