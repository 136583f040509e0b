//! A link as the BMC wrote it, and the one way from there to a path that may be asked for.

use std::fmt::Write;

use serde_json::Value;

use crate::wire::redfish::lenient::{Field, Lenient, member};

/// `@odata.id`, an action's target or a `Location`, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link(String);

/// Why a link is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("the link {link:?} leads to another host")]
    Elsewhere { link: String },
    #[error("{link:?} is no path")]
    NoPath { link: String },
}

impl Link {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path (with its query, without a fragment) on the BMC itself. `authority` is the host and port that we talk
    /// to, as its URL writes them: an absolute URL with another one is refused.
    pub fn path(&self, authority: &str) -> Result<String, LinkError> {
        match split(&self.0) {
            (None, path) => self.checked(path),
            (Some(host), path) if same_host(host, authority) => self.checked(path),
            (Some(_), _) => Err(LinkError::Elsewhere { link: self.shown() }),
        }
    }

    /// The path alone, whatever the host: a session's `Location` names a host that only the BMC knows.
    pub fn bare_path(&self) -> Result<String, LinkError> {
        self.checked(split(&self.0).1)
    }

    /// The last part of the path: an id where nothing else names one.
    pub fn last(&self) -> Option<&str> {
        let path = self.0.split(['?', '#']).next()?;
        path.trim_end_matches('/').rsplit('/').next().filter(|part| !part.is_empty())
    }

    /// The same link with or without its trailing slash, for the BMC that knows only the other one.
    #[must_use]
    pub fn other_slash(&self) -> Self {
        self.0.strip_suffix('/').map_or_else(|| Self(format!("{}/", self.0)), Self::new)
    }

    /// What the fragment names inside the resource, as a JSON pointer (RFC 6901): some link to a fan by its list.
    pub fn pointer(&self) -> Option<&str> {
        self.0.split_once('#').map(|(_, fragment)| fragment).filter(|fragment| fragment.starts_with('/'))
    }

    /// The link as seen from `path`, where it is written without its beginning: a bare query stands for the same
    /// path, a name without a leading slash for the root of the host.
    #[must_use]
    pub fn seen_from(&self, path: &str) -> Self {
        if self.0.starts_with('?') {
            let bare = path.split(['?', '#']).next().unwrap_or_default();
            return Self(format!("{bare}{}", self.0));
        }
        self.clone()
    }

    fn checked(&self, path: &str) -> Result<String, LinkError> {
        let path = path.split('#').next().unwrap_or_default();
        let slash = if path.starts_with("redfish/") { "/" } else { "" };
        let path = format!("{slash}{}", escaped(path));
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        if path.starts_with('/') && is_plain && path.len() <= PATH_LIMIT {
            return Ok(path);
        }
        Err(LinkError::NoPath { link: self.shown() })
    }

    fn shown(&self) -> String {
        self.0.chars().take(SHOWN).collect()
    }
}

/// Spaces and letters beyond ASCII as a request line bears them: ids are names of parts with some vendors. Control
/// characters stay, and with them the link is none.
fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter == ' ' || !letter.is_ascii() {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                // Writing to a `String` cannot fail.
                write!(text, "%{byte:02X}").ok();
            }
        } else {
            text.push(letter);
        }
    }
    text
}

/// The authority, if it has one, and the rest of a reference (RFC 3986, 4.1). A path that begins with two slashes by
/// mistake names no host `redfish`.
fn split(link: &str) -> (Option<&str>, &str) {
    if link.starts_with("//redfish/") {
        return (None, link.get(1..).unwrap_or_default());
    }
    let after =
        link.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let Some(rest) = after.map(|(_, rest)| rest).or_else(|| link.strip_prefix("//")) else {
        return (None, link);
    };
    match rest.find(['/', '?', '#']) {
        Some(end) => (rest.get(..end), rest.get(end..).unwrap_or_default()),
        None => (Some(rest), "/"),
    }
}

/// Case does not count, nor user names, nor the ports that a scheme implies.
fn same_host(one: &str, other: &str) -> bool {
    bare_host(one).eq_ignore_ascii_case(bare_host(other))
}

fn bare_host(authority: &str) -> &str {
    let host = authority.rsplit('@').next().unwrap_or(authority);
    host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host)
}

impl Lenient for Link {
    /// `{"@odata.id": ...}`, `{"href": ...}` and `{"extref": ...}` of older firmware, or the plain text.
    fn lenient(value: &Value) -> Option<Self> {
        let text = match value {
            Value::String(text) => text,
            Value::Object(_) => KEYS.iter().filter_map(|key| member(value, key)).find_map(Value::as_str)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        };
        let text = text.trim();
        (!text.is_empty() && text.len() <= PATH_LIMIT).then(|| Self::new(text))
    }
}

/// Members that are a link to a collection with some BMCs and an embedded list of links with others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Links {
    #[default]
    Absent,
    /// A collection, to be read for its members.
    Collection(Link),
    /// The members themselves.
    Members(Vec<Link>),
}

impl Field for Links {
    fn field(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Array(_)) => Self::Members(Field::field(value)),
            Some(one) => Link::lenient(one).map_or(Self::Absent, Self::Collection),
            None => Self::Absent,
        }
    }
}

/// The members under which a link stands.
const KEYS: &[&str] = &["@odata.id", "href", "extref", "Uri"];

/// Bytes of a path that we send: what common servers take in a request line.
const PATH_LIMIT: usize = 2048;

/// Characters of a foreign link that an error repeats.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_link_stays_on_its_host() {
        let here = |link: &str| Link::new(link).path("bmc.example:8443").ok();
        assert_eq!(here("/redfish/v1/Systems/1/").as_deref(), Some("/redfish/v1/Systems/1/"));
        assert_eq!(here("https://BMC.example:8443/a?b=c#/d").as_deref(), Some("/a?b=c"));
        assert_eq!(here("https://bmc.example:8443").as_deref(), Some("/"));
        for link in
            ["https://other/a", "//other/a", "https://bmc.example/a", "a/b", "", "/a\tb", "/a\r\nHost: x"]
        {
            assert_eq!(here(link), None, "{link}");
        }
        assert_eq!(Link::new("https://10.0.0.1:443/a").path("10.0.0.1"), Ok("/a".to_owned()));
    }

    #[test]
    fn a_session_location_gives_its_path_alone() {
        let location = Link::new("https://ilo-internal/redfish/v1/Sessions/7");
        assert_eq!(location.bare_path(), Ok("/redfish/v1/Sessions/7".to_owned()));
        assert!(Link::new("ftp://x").bare_path().is_ok_and(|path| path == "/"));
        assert!(Link::new("javascript:x").bare_path().is_err());
    }

    #[test]
    fn links_come_in_several_dresses() {
        for value in [
            json!("/a"),
            json!({"@odata.id": "/a"}),
            json!({"@odata.ID": "/a"}),
            json!({"href": "/a"}),
            json!({"extref": "/a"}),
        ] {
            assert_eq!(Link::lenient(&value), Some(Link::new("/a")), "{value}");
        }
        for value in [json!(null), json!(""), json!({"@odata.id": 3}), json!({}), json!([]), json!(1)] {
            assert_eq!(Link::lenient(&value), None, "{value}");
        }
    }

    #[test]
    fn a_list_and_a_collection_are_told_apart() {
        assert_eq!(Links::field(Some(&json!({"@odata.id": "/c"}))), Links::Collection(Link::new("/c")));
        let list = json!([{"@odata.id": "/c/1"}, null, {}]);
        assert_eq!(Links::field(Some(&list)), Links::Members(vec![Link::new("/c/1")]));
        assert_eq!(Links::field(Some(&json!(3))), Links::Absent);
    }

    #[test]
    fn a_sloppy_path_is_mended() {
        let here = |link: &str| Link::new(link).path("bmc").ok();
        assert_eq!(here("/a/Slot 1/Lüfter").as_deref(), Some("/a/Slot%201/L%C3%BCfter"));
        assert_eq!(here("/a/%23Id").as_deref(), Some("/a/%23Id"));
        assert_eq!(here("redfish/v1/Systems/1").as_deref(), Some("/redfish/v1/Systems/1"));
        assert_eq!(here("//redfish/v1/Systems/1").as_deref(), Some("/redfish/v1/Systems/1"));
        assert_eq!(Link::new("?$skip=50").seen_from("/a/b?$top=1"), Link::new("/a/b?$skip=50"));
        assert_eq!(Link::new("/c").seen_from("/a/b"), Link::new("/c"));
    }

    #[test]
    fn a_fragment_is_a_pointer() {
        assert_eq!(Link::new("/a/Thermal#/Fans/0").pointer(), Some("/Fans/0"));
        assert_eq!((Link::new("/a#x").pointer(), Link::new("/a").pointer()), (None, None));
        assert_eq!(Link::new("/a/Thermal#/Fans/0").path("bmc").as_deref(), Ok("/a/Thermal"));
    }

    #[test]
    fn the_last_part_and_the_slash() {
        let link = Link::new("/redfish/v1/Systems/1/");
        assert_eq!(link.last(), Some("1"));
        assert_eq!(link.other_slash(), Link::new("/redfish/v1/Systems/1"));
        assert_eq!(link.other_slash().other_slash(), link);
    }

    proptest! {
        #[test]
        fn a_path_is_always_one_line_on_this_host(text in ".{0,60}") {
            if let Ok(path) = Link::new(text).path("bmc") {
                prop_assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
