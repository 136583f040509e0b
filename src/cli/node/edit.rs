//! `ferric node create|set|unset|delete`: what is recorded of a node.

use serde_json::{Map, Value, json};

use crate::cli::Exit;
use crate::cli::arguments::node::{CreateArguments, SetArguments, UnsetArguments};
use crate::cli::fault::{CliError, explain};
use crate::cli::node::each;
use crate::cli::node::path;
use crate::cli::node::view::View;
use crate::cli::resource::field::json as json_of;
use crate::cli::session::Session;
use crate::cli::value::{Assignment, each_once, object};

/// Creates a node, then a port for each MAC. The node stays when a port is refused; the message says so.
pub async fn create(session: &mut Session<'_, '_>, arguments: &CreateArguments) -> Result<Exit, CliError> {
    let answer = session.post("/v1/nodes".to_owned(), body(arguments)?).await?;
    let node = session.parse(&answer)?;
    let view = View(&node);
    let mut exit = Exit::Done;
    for mac in &arguments.mac {
        let port = json!({ "node_uuid": view.text("uuid"), "address": mac });
        if let Err(error) = session.post("/v1/ports".to_owned(), port).await {
            let told = explain(&error, &format!("create port {mac}"), Some(view.name().as_str()));
            session.console.note(&format!("{told}; the node itself was created"));
            exit = Exit::Refused;
        }
    }
    if session.json {
        session.print_answer(&answer)?;
        return Ok(exit);
    }
    let (name, uuid, state) = (view.name(), view.text("uuid"), view.state());
    let next = format!("next: ferric node manage {name} --wait");
    session.console.line(&format!("{name} created as {uuid}, {state}; {next}"))?;
    Ok(exit)
}

/// What the file says, with what the command line says in its place.
fn body(arguments: &CreateArguments) -> Result<Value, CliError> {
    let mut body = match arguments.file.as_deref().map(json_of).transpose()? {
        Some(Value::Object(members)) => members,
        None => Map::new(),
        Some(_) => {
            let path = arguments.file.as_deref().unwrap_or_default().into();
            return Err(CliError::Content { path, why: "is not a JSON object of fields".to_owned() });
        }
    };
    if let Value::Object(members) = object(&given(arguments))? {
        body.extend(members);
    }
    Ok(Value::Object(body))
}

fn given(arguments: &CreateArguments) -> Vec<Assignment> {
    let mut all = Vec::new();
    all.extend(arguments.driver.as_ref().map(|driver| Assignment::text(&["driver"], driver)));
    all.extend(arguments.name.as_ref().map(|name| Assignment::text(&["name"], name)));
    all.extend(arguments.resource_class.as_ref().map(|class| Assignment::text(&["resource_class"], class)));
    all.extend(arguments.driver_info.iter().map(|pair| pair.below("driver_info")));
    all.extend(arguments.property.iter().map(|pair| pair.below("properties")));
    all.extend(arguments.set.iter().cloned());
    all
}

/// Sets fields, all in one patch.
pub async fn set(session: &mut Session<'_, '_>, arguments: &SetArguments) -> Result<Exit, CliError> {
    each_once(&arguments.assignments)?;
    let answer = session.patch(path(&arguments.node, ""), additions(&arguments.assignments)).await?;
    changed(session, &answer.body, &arguments.node, "set", arguments.assignments.len())
}

/// A JSON patch; `add` also replaces what is there (RFC 6902 4.1).
pub fn additions(assignments: &[Assignment]) -> Value {
    let operation = |assignment: &Assignment| json!({ "op": "add", "path": assignment.path.pointer(), "value": assignment.value });
    assignments.iter().map(operation).collect()
}

/// Removes fields, all in one patch.
pub async fn unset(session: &mut Session<'_, '_>, arguments: &UnsetArguments) -> Result<Exit, CliError> {
    let fields = &arguments.fields;
    let operations = fields.iter().map(|field| json!({ "op": "remove", "path": field.pointer() })).collect();
    let answer = session.patch(path(&arguments.node, ""), operations).await?;
    changed(session, &answer.body, &arguments.node, "unset", fields.len())
}

fn changed(
    session: &mut Session<'_, '_>,
    body: &[u8],
    node: &str,
    what: &str,
    count: usize,
) -> Result<Exit, CliError> {
    if session.json {
        session.console.out.write_all(body)?;
        session.console.line("")?;
    } else {
        let fields = if count == 1 { "field" } else { "fields" };
        session.console.line(&format!("{node}: {count} {fields} {what}"))?;
    }
    Ok(Exit::Done)
}

/// Deletes nodes one after the other.
pub async fn delete(session: &mut Session<'_, '_>, nodes: &[String]) -> Exit {
    each(session, nodes, "delete", async |session: &mut Session<'_, '_>, node: &str| {
        session.delete(path(node, "")).await?;
        if !session.json {
            session.console.line(&format!("{node}: deleted"))?;
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(text: &str) -> Assignment {
        text.parse().unwrap()
    }

    #[test]
    fn a_new_node_holds_what_was_given() {
        let arguments = CreateArguments {
            name: Some("17".into()),
            driver: Some("fake-hardware".into()),
            file: Some(r#"{"driver": "ipmi", "description": "left"}"#.into()),
            mac: Vec::new(),
            driver_info: vec![pair("deploy_kernel=http://f/k"), pair("ipmi_password=0001")],
            property: vec![pair("cpus=8")],
            resource_class: Some("1".into()),
            set: vec![pair("deploy_interface=direct"), pair("extra.rack=4"), pair("driver_info.a=true")],
        };
        let expected = json!({
            "name": "17", "driver": "fake-hardware", "resource_class": "1", "deploy_interface": "direct",
            "driver_info": {"deploy_kernel": "http://f/k", "ipmi_password": "0001", "a": true},
            "properties": {"cpus": 8}, "extra": {"rack": 4}, "description": "left",
        });
        assert_eq!(body(&arguments).unwrap(), expected);
    }

    #[test]
    fn fields_become_one_patch() {
        let patch = additions(&[pair("driver_info/deploy_kernel=http://f/k"), pair("automated_clean=false")]);
        let expected = json!([
            {"op": "add", "path": "/driver_info/deploy_kernel", "value": "http://f/k"},
            {"op": "add", "path": "/automated_clean", "value": false},
        ]);
        assert_eq!(patch, expected);
    }
}
