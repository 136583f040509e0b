//! What an `api-call` of a rule asks: a GET whose answer only has to be a good one.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::secret::Secret;
use crate::model::Object;

/// One request, its braces filled in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// Seconds that each try may take.
    pub timeout: f64,
    /// Tries after the first.
    pub retries: u32,
    /// Seconds before the second retry; each further pause is twice as long, and there is none before the first.
    pub backoff: f64,
}

/// Without what may hold credentials.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Call {
    /// From the arguments of an action.
    pub fn read(args: &Object) -> Result<Self, String> {
        let url = url(args)?;
        let headers = match args.get("headers") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(members)) => members.iter().map(header).collect::<Result<_, _>>()?,
            Some(_) => return Err("headers must be an object".to_owned()),
        };
        let retries = number(args, "retries", (0.0, RETRIES_MOST))?.unwrap_or(RETRIES);
        let call = Self {
            url: url.to_owned(),
            headers,
            timeout: number(args, "timeout", (TIMEOUT_LEAST, TIMEOUT_MOST))?.unwrap_or(TIMEOUT),
            retries: (0..=20).find(|count| f64::from(*count) >= retries.floor()).unwrap_or_default(),
            backoff: number(args, "backoff_factor", (0.0, BACKOFF_MOST))?.unwrap_or(BACKOFF),
        };
        if call.written().is_none_or(|text| text.reveal().len() > CALL_LIMIT) {
            return Err(format!("the request is longer than {CALL_LIMIT} bytes"));
        }
        Ok(call)
    }

    /// As a record keeps it: addresses and headers may hold credentials.
    pub fn written(&self) -> Option<Secret> {
        serde_json::to_string(self).ok().map(Secret::new)
    }

    pub fn of(written: &Secret) -> Option<Self> {
        serde_json::from_str(written.reveal()).ok()
    }

    /// For people: without query and userinfo.
    pub fn place(&self) -> &str {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        if place.contains('@') { "an address with a password" } else { place }
    }
}

/// What is wrong with an action as a client writes it. Braces may fill in what comes after the host, never the host:
/// what a machine tells must not decide whom the daemon asks.
pub fn check(args: &Object) -> Result<(), String> {
    let written = url(args)?;
    let rest = written.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains(['{', '}']) {
        return Err("url must name its host; only what follows the host may have braces".to_owned());
    }
    if args.get("proxies").is_some_and(|proxies| !proxies.is_null()) {
        return Err("proxies is not part of this version: the request goes straight to its host".to_owned());
    }
    Call::read(args).map(|_| ())
}

fn url(args: &Object) -> Result<&str, String> {
    let url = args.get("url").and_then(Value::as_str).unwrap_or_default();
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)));
    if is_web && !url.chars().any(char::is_control) {
        Ok(url)
    } else {
        Err("url must be a text that begins with http:// or https://".to_owned())
    }
}

fn header((name, value): (&String, &Value)) -> Result<(String, String), String> {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let text = value.as_str().filter(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    match text.filter(|_| is_token(name) && !RESERVED.iter().any(|own| name.eq_ignore_ascii_case(own))) {
        Some(text) => Ok((name.clone(), text.to_owned())),
        None => Err("headers must be texts under names of HTTP, and Host and lengths are ours".to_owned()),
    }
}

/// A number, or a text that is one, as the reference takes both.
fn number(args: &Object, name: &str, (least, most): (f64, f64)) -> Result<Option<f64>, String> {
    let found = match args.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_f64(),
    };
    match found.filter(|number: &f64| (least..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("{name} must be a number from {least} to {most}")),
    }
}

/// Names of headers that a rule does not write.
const RESERVED: &[&str] = &["Host", "Content-Length", "Transfer-Encoding", "Connection"];
/// Bytes of one request as it is kept.
const CALL_LIMIT: usize = 1024;
/// The reference's.
const TIMEOUT: f64 = 5.0;
const RETRIES: f64 = 3.0;
const BACKOFF: f64 = 0.3;
/// So that all tries of one call end within four minutes.
const TIMEOUT_LEAST: f64 = 0.001;
const TIMEOUT_MOST: f64 = 30.0;
const RETRIES_MOST: f64 = 5.0;
const BACKOFF_MOST: f64 = 2.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(value: Value) -> Object {
        if let Value::Object(members) = value { members } else { Object::new() }
    }

    #[test]
    fn the_defaults_are_the_reference_s_and_numbers_may_be_texts() {
        let call = Call::read(&args(json!({"url": "http://cmdb/x"}))).unwrap();
        assert_eq!((call.timeout, call.retries, call.backoff), (5.0, 3, 0.3));
        let more =
            json!({"url": "https://cmdb/x", "timeout": "2.5", "retries": 0, "headers": {"X-Token": "t"}});
        let call = Call::read(&args(more)).unwrap();
        assert_eq!((call.timeout, call.retries), (2.5, 0));
        assert_eq!(Call::of(&call.written().unwrap()).as_ref().map(|call| call.headers.len()), Some(1));
    }

    #[test]
    fn what_would_ask_somebody_else_is_refused() {
        for url in [
            "file:///etc/passwd",
            "ftp://x/",
            "http://",
            "http://{inventory[bmc_address]}/x",
            "http://a{node.name}.x/",
            "https://x:{item}/",
            "http://x/\r\nHost: y",
            "",
        ] {
            assert!(check(&args(json!({"url": url}))).is_err(), "{url}");
        }
        check(&args(json!({"url": "https://cmdb.example:8443/{node.uuid}?mac={item}"}))).unwrap();
        for wrong in [
            json!({"timeout": 0}),
            json!({"timeout": 1e9}),
            json!({"retries": 99}),
            json!({"backoff_factor": "x"}),
            json!({"headers": {"Host": "y"}}),
            json!({"headers": {"X": "a\nb"}}),
            json!({"headers": []}),
            json!({"proxies": {"http": "http://p"}}),
            json!({"url": format!("http://x/{}", "y".repeat(2000))}),
        ] {
            let mut all = args(json!({"url": "http://x/"}));
            all.extend(args(wrong.clone()));
            assert!(check(&all).is_err(), "{wrong}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let call = |url: &str| Call::read(&args(json!({"url": url}))).unwrap();
        assert_eq!(call("http://x/a?token=t").place(), "http://x/a");
        assert!(!call("http://u:secret@x/a").place().contains("secret"));
    }
}
