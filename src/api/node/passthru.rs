//! `nodes/{ident}/vendor_passthru`: methods that only the node's vendor interface has.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::while_waiting::unlike;
use crate::conduct::desk::Called;
use crate::model::Object;
use crate::model::bmc::panel::MethodSpec;
use crate::model::decision::outcome::Seen;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::net::http::{Method, Response};

/// `vendor_passthru/methods`.
pub fn methods(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    Ok(answer(&shown(of_node(call, node))))
}

/// Methods as they are listed.
pub fn shown(methods: &[MethodSpec]) -> Value {
    let rows = methods.iter().map(|spec| {
        let row = json!({
            "http_methods": spec.http,
            "async": spec.is_async,
            "description": spec.description,
            "attach": false,
            "require_exclusive_lock": spec.exclusive,
        });
        (spec.name.to_owned(), row)
    });
    Value::Object(rows.collect())
}

/// Calls a method, named by the path or by `method` in the query.
pub async fn call_method(call: &Call<'_>, http: Method) -> Result<Response, Fault> {
    let node = call.node()?;
    let (name, args) = named(call).await?;
    let spec = find(of_node(call, node), &name, http)?;
    if let Some(missing) = spec.required.iter().find(|name| !args.contains_key(**name)) {
        return Err(Fault::invalid(format!("vendor method {} needs the argument {missing:?}", spec.name)));
    }
    let called = Called { method: name, http: http.word().to_owned(), is_async: spec.is_async };
    let seen = call.lanes().passthru(node.id, called, args).await?;
    let Seen::Answer(value) = seen else { return Err(unlike(seen)) };
    Ok(if spec.is_async { Response::empty(202) } else { answer(&value) })
}

/// The method's name and its arguments.
pub async fn named(call: &Call<'_>) -> Result<(String, Object), Fault> {
    let mut args = call.action().await?;
    let in_path = call.idents.get(1).cloned();
    let name = match in_path {
        Some(name) => name,
        None => args.needed_text("method")?,
    };
    Ok((name, args.into_object()))
}

/// The method of this name that takes this request method.
pub fn find<'a>(methods: &'a [MethodSpec], name: &str, http: Method) -> Result<&'a MethodSpec, Fault> {
    let spec = methods.iter().find(|spec| spec.name == name).ok_or_else(|| unknown(name))?;
    if spec.http.contains(&http.word()) {
        return Ok(spec);
    }
    let known = spec.http.join(", ");
    Err(Fault::invalid(format!("vendor method {name} is not called with {}, but with {known}", http.word())))
}

/// The refusal of a method that nobody has.
pub fn unknown(name: &str) -> Fault {
    let shown: String = name.chars().take(64).collect();
    Fault::invalid(format!("there is no vendor method {shown:?}: vendor_passthru/methods lists them"))
}

fn of_node(call: &Call<'_>, node: &Node) -> &'static [MethodSpec] {
    let found = call.lanes().catalog().implementation(Interface::Vendor, &node.wished.interfaces.vendor);
    found.map_or(&[], |found| found.methods)
}
