//! What goes back: resources, refusals in the words of the Base registry, and nothing.

use serde_json::{Value, json};

use crate::net::http::Response;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::wire::redfish::shape;

/// An answer or why there is none.
pub type Reply = Result<Response, Refusal>;

/// Why a request is refused: a message of the Base registry, or one of the maker's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    id: Said,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Base(&'static str, Vec<String>),
    Own(&'static str, String),
}

/// A refusal by a message of the Base registry.
pub fn refused(status: u16, key: &'static str, arguments: &[&str]) -> Refusal {
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    Refusal { status, id: Said::Base(key, arguments) }
}

/// A refusal by a message of the maker's own.
pub fn refused_own(status: u16, id: &'static str, text: &str) -> Refusal {
    Refusal { status, id: Said::Own(id, text.to_owned()) }
}

impl Refusal {
    /// The answer as this controller words it.
    pub fn response(&self, bmc: &Bmc) -> Response {
        let mut message = match &self.id {
            Said::Base(key, arguments) => base(key, arguments),
            Said::Own(id, text) => json!({
                "@odata.type": "#Message.v1_1_2.Message", "MessageId": id, "Message": text, "Severity": "Warning",
                "MessageArgs": [], "Resolution": "See the text.",
            }),
        };
        if let Some(id) = message.get("MessageId").and_then(Value::as_str)
            && bmc.bites(Oddity::AnyMessageWithoutRegistry)
        {
            let bare = id.rsplit('.').next().unwrap_or_default().to_owned();
            message = json!({"MessageId": bare});
        }
        let code = message.get("MessageId").cloned().unwrap_or_default();
        let text = message.get("Message").cloned().unwrap_or_else(|| "unknown".into());
        let info = if bmc.bites(Oddity::DellExtendedinfoObject) { message } else { json!([message]) };
        let body = json!({"error": {"code": code, "message": text, "@Message.ExtendedInfo": info}});
        Response::json(self.status, body.to_string().into_bytes())
    }
}

/// A message of the Base registry with its arguments, and what they are about.
fn base(key: &str, arguments: &[String]) -> Value {
    let message =
        shape::base_message(key, arguments).unwrap_or_else(|| json!({"MessageId": key, "Message": key}));
    let severity = message.get("MessageSeverity").cloned().unwrap_or_else(|| "Warning".into());
    crate::twin::redfish::tree::over(message, json!({"MessageArgs": arguments, "Severity": severity}))
}

/// 200 with a resource.
pub fn shown(body: &Value) -> Response {
    Response::json(200, body.to_string().into_bytes())
}

/// Done, nothing to say.
pub fn done() -> Reply {
    Ok(Response::empty(204))
}

/// Done, said by a message as most makers do.
pub fn success() -> Reply {
    let body = json!({"error": {
        "code": "Base.1.16.0.Success", "message": "Successfully Completed Request",
        "@Message.ExtendedInfo": [base("Success", &[])],
    }});
    Ok(Response::json(200, body.to_string().into_bytes()))
}

/// The tag of a body: what moves by itself does not count.
pub fn tag(body: &Value) -> String {
    let mut quiet = body.clone();
    if let Some(map) = quiet.as_object_mut() {
        map.remove("DateTime");
        map.remove("@odata.etag");
    }
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let hash = quiet
        .to_string()
        .bytes()
        .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
