//! `GET nodes/{ident}/validate`: whether the settings of each interface are good.

use serde_json::{Map, Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::{Seen, Verdict};
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::net::http::Response;

/// Looks at the settings, and at the image.
pub async fn validate(call: &Call<'_>) -> Result<Response, Fault> {
    let node = node(call)?;
    let id = node.id;
    let trouble = call.lanes().deploy_trouble(node);
    let lacks_password = lacks_password(call, node);
    match call.api.lanes.look(id, Look::Valid { deploy: true }).await? {
        Seen::Valid(verdicts) => {
            let verdicts =
                with(Interface::Rescue, with(Interface::Deploy, verdicts, trouble), lacks_password);
            Ok(answer(&Value::Object(shown(&verdicts))))
        }
        Seen::Silent(failure) => Err(Fault::new(503, failure.why)),
        Seen::Power(_)
        | Seen::Turn(_)
        | Seen::Steps(_)
        | Seen::Alive(_)
        | Seen::BootDevice { .. }
        | Seen::BootDevices(_)
        | Seen::Image(_)
        | Seen::Modes(_)
        | Seen::Indicators(_)
        | Seen::Media(_)
        | Seen::Sensors(_)
        | Seen::Sheets(_)
        | Seen::Answer(_) => Err(Fault::new(500, "the look saw something else than was asked for")),
    }
}

/// The node of the path, or of `node_uuid` or `node` in the query.
fn node<'a>(call: &'a Call<'_>) -> Result<&'a Node, Fault> {
    if !call.idents.is_empty() {
        call.no_query()?;
        return call.node().map(|node| &**node);
    }
    let mut args = call.args()?;
    let (uuid, ident) = (args.uuid("node_uuid")?, args.text("node")?);
    args.finish()?;
    match uuid.or(ident) {
        Some(ident) => call.named_node(&ident).map(|node| &**node),
        None => Err(Fault::invalid("the path or node_uuid must name a node")),
    }
}

/// A rescue by an agent is told its password with the request; the reference says until then that it is missing.
fn lacks_password(call: &Call<'_>, node: &Node) -> Option<String> {
    let found = call.lanes().catalog().implementation(Interface::Rescue, &node.wished.interfaces.rescue);
    let by_agent = found.is_some_and(|found| found.uses_agent);
    (by_agent && node.rescue_password().is_none()).then(|| {
        format!(
            "Node {} is missing 'instance_info/rescue_password'. It is required for rescuing node, and comes with the \
             request for a rescue; all else that a rescue needs is there.",
            node.id
        )
    })
}

/// An interface has this trouble as its reason, if it has no other.
fn with(interface: Interface, mut verdicts: Vec<Verdict>, trouble: Option<String>) -> Vec<Verdict> {
    let found = verdicts.iter_mut().find(|verdict| verdict.interface == interface);
    if let Some(verdict) = found.filter(|verdict| verdict.reason.is_none()) {
        verdict.reason = trouble;
    }
    verdicts
}

fn shown(verdicts: &[Verdict]) -> Map<String, Value> {
    let mut members = Map::new();
    for kind in SHOWN {
        let verdict = verdicts.iter().find(|verdict| verdict.interface == *kind);
        let value = match verdict.map(|verdict| verdict.reason.as_deref()) {
            Some(Some(reason)) => json!({"result": false, "reason": reason}),
            Some(None) => json!({"result": true}),
            None => json!({"result": null, "reason": "not looked at"}),
        };
        members.insert(kind.name().to_owned(), value);
    }
    members
}

/// Every interface but vendor, in the reference's order.
const SHOWN: &[Interface] = &[
    Interface::Boot,
    Interface::Deploy,
    Interface::Management,
    Interface::Network,
    Interface::Power,
    Interface::Bios,
    Interface::Console,
    Interface::Firmware,
    Interface::Inspect,
    Interface::Raid,
    Interface::Rescue,
    Interface::Storage,
];
