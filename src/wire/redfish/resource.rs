//! One resource as it was read: where, under which `ETag`, and every member that the BMC wrote.

use serde_json::Value;

use crate::wire::redfish::lenient::{Lenient, View, found};
use crate::wire::redfish::link::Link;

/// A resource of a Redfish service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    /// The path under which it was read.
    pub path: String,
    /// The header's `ETag`, else `@odata.etag`; a blank one is none.
    pub etag: Option<String>,
    pub raw: Value,
}

impl Resource {
    /// `header` is the answer's `ETag` header.
    pub fn new(path: impl Into<String>, header: Option<&str>, raw: Value) -> Self {
        let header = header.map(str::trim).filter(|etag| !matches!(*etag, "" | "\"\"" | "W/\"\""));
        let etag = header.map(str::to_owned).or_else(|| String::lenient(found(&raw, &["@odata.etag"])?));
        Self { path: path.into(), etag, raw }
    }

    /// The resource as one of the views.
    pub fn view<V: View>(&self) -> V {
        V::read(&self.raw)
    }

    /// `Id`, else the last part of its path.
    pub fn id(&self) -> Option<String> {
        let id = found(&self.raw, &["Id"]).and_then(String::lenient);
        id.or_else(|| Link::new(self.path.as_str()).last().map(str::to_owned))
    }

    /// The schema without its version: `ComputerSystem` of `#ComputerSystem.v1_20_0.ComputerSystem`.
    pub fn kind(&self) -> Option<&str> {
        let text = found(&self.raw, &["@odata.type"])?.as_str()?;
        text.rsplit(['#', '.']).next().filter(|kind| !kind.is_empty())
    }

    /// The members of a collection that came whole (`$expand`, or embedded), each with its own path.
    pub fn expanded(&self) -> Vec<Self> {
        embedded(found(&self.raw, &["Members"]))
    }
}

/// The entries of an embedded list that are whole resources, not mere links.
pub fn embedded(list: Option<&Value>) -> Vec<Resource> {
    let entries = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let whole = |entry: &&Value| entry.as_object().is_some_and(|map| map.len() > 1);
    let resource = |entry: &Value| {
        Some(Resource::new(Link::lenient(entry.get("@odata.id")?)?.as_str(), None, entry.clone()))
    };
    entries.iter().filter(whole).take(MEMBER_LIMIT).filter_map(resource).collect()
}

/// Members taken from one expanded answer.
const MEMBER_LIMIT: usize = 4096;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_header_names_the_etag_before_the_body() {
        let raw = json!({"@odata.etag": "W/\"1\""});
        assert_eq!(Resource::new("/a", Some("\"2\""), raw.clone()).etag.as_deref(), Some("\"2\""));
        assert_eq!(Resource::new("/a", Some(" "), raw).etag.as_deref(), Some("W/\"1\""));
        assert_eq!(Resource::new("/a", Some("\"\""), json!({"@odata.etag": ""})).etag, None);
    }

    #[test]
    fn id_and_kind_are_found() {
        let raw = json!({"@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem"});
        let resource = Resource::new("/redfish/v1/Systems/437XR/", None, raw);
        assert_eq!(resource.id().as_deref(), Some("437XR"));
        assert_eq!(resource.kind(), Some("ComputerSystem"));
        assert_eq!(Resource::new("", None, json!([])).kind(), None);
    }

    #[test]
    fn only_whole_members_are_resources() {
        let raw = json!({"Members": [{"@odata.id": "/a"}, {"@odata.id": "/b", "Id": "b"}, {"Id": "c", "Name": "x"}]});
        let expanded = Resource::new("/", None, raw).expanded();
        assert_eq!(expanded.len(), 1);
        assert_eq!(expanded[0].path, "/b");
    }
}
