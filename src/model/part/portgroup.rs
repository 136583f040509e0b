//! NICs of one server that are used as one (contract `api.json`, resource `portgroup`).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::{PatchOp, PatchVerb};
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, given};
use crate::model::draft::{RECORD_LIMIT, bytes, chosen, known, mac, name, owner, required};
use crate::model::patch::touched;
use crate::model::shape::{self, Field, portgroup::TABLE};
use crate::model::thing::{Mark, Thing};

/// A portgroup's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Portgroup {
    pub id: Uuid,
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    pub node: NodeId,
    #[serde(flatten)]
    pub wished: PortgroupWished,
    #[serde(default)]
    pub internal_info: Object,
    /// Made for a VIF, and not by a person.
    #[serde(default)]
    pub dynamic: bool,
}

/// What clients write besides the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortgroupWished {
    pub address: Option<Mac>,
    pub name: Option<String>,
    pub extra: Object,
    pub mode: String,
    pub properties: Object,
    /// Its ports may be used alone, too.
    pub standalone_ports_supported: bool,
    pub physical_network: Option<String>,
    pub category: Option<String>,
}

impl Default for PortgroupWished {
    fn default() -> Self {
        Self {
            address: None,
            name: None,
            extra: Object::new(),
            mode: DEFAULT_MODE.to_owned(),
            properties: Object::new(),
            standalone_ports_supported: true,
            physical_network: None,
            category: None,
        }
    }
}

impl Thing for Portgroup {
    const WORD: &'static str = "portgroup";

    fn id(&self) -> Uuid {
        self.id
    }

    fn order(&self) -> u64 {
        self.order
    }

    fn set_order(&mut self, order: u64) {
        self.order = order;
    }

    fn table() -> &'static [Field<Self>] {
        TABLE
    }

    fn marks(&self) -> Vec<Mark> {
        let address = self.wished.address.map(|address| Mark::new(ADDRESS, address.to_string()));
        let name = self.wished.name.as_ref().map(Mark::name);
        address.into_iter().chain(name).collect()
    }

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }
}

impl Portgroup {
    /// A portgroup from a create body. The API has resolved `node_uuid`; `id` is used if the client chose none. The
    /// node's lane gives it its moment.
    pub fn draft(body: Object, node: NodeId, id: Uuid) -> Result<Self, Refusal> {
        known(TABLE, &body, &[])?;
        required(&body, "node_uuid")?;
        let id = chosen(&body, "uuid")?.unwrap_or(id);
        let mut wished = PortgroupWished::default();
        for (name, value) in body.into_iter().filter(|(name, _)| name != "uuid" && name != "node_uuid") {
            wished.put(&name, value)?;
        }
        wished.settle()?;
        Ok(Self {
            id,
            order: 0,
            created_at: Moment::default(),
            updated_at: None,
            node,
            wished,
            internal_info: Object::new(),
            dynamic: false,
        })
    }

    /// What it is after a patch.
    pub fn patched(&self, operations: &[PatchOp]) -> Result<Self, Refusal> {
        let is_mode_removed = |op: &PatchOp| op.op == PatchVerb::Remove && op.path == "/mode";
        if operations.iter().any(is_mode_removed) {
            return Err(Refusal::Invalid("mode is required and cannot be removed".to_owned()));
        }
        let mut next = self.clone();
        for (root, value) in touched(operations, TABLE, |root| match root {
            "node_uuid" => Some(Value::String(self.node.to_string())),
            _ => self.wished.value(root),
        })? {
            match root {
                "node_uuid" => next.node = owner(&value)?,
                _ => next.wished.put(root, value)?,
            }
        }
        next.wished.settle()?;
        Ok(next)
    }
}

impl PortgroupWished {
    fn value(&self, name: &str) -> Option<Value> {
        let text = |text: Option<&str>| text.map(Value::from);
        match name {
            "address" => self.address.map(|address| Value::String(address.to_string())),
            "name" => text(self.name.as_deref()),
            "extra" => Some(Value::Object(self.extra.clone())),
            "mode" => Some(Value::String(self.mode.clone())),
            "properties" => Some(Value::Object(self.properties.clone())),
            "standalone_ports_supported" => Some(Value::Bool(self.standalone_ports_supported)),
            "physical_network" => text(self.physical_network.as_deref()),
            "category" => text(self.category.as_deref()),
            _ => None,
        }
    }

    fn put(&mut self, name: &str, value: Value) -> Result<(), Refusal> {
        let row =
            shape::field(TABLE, name).ok_or_else(|| Refusal::Invalid(format!("{name} is not writable")))?;
        match (name, given(name, row.accepts, value)?) {
            ("address", Given::Text(text)) => {
                self.address = text.map(|text| mac(&Value::String(text))).transpose()?;
            }
            ("name", Given::Text(text)) => self.name = text,
            ("extra", Given::Object(members)) => self.extra = members,
            ("mode", Given::Text(text)) => self.mode = text.unwrap_or_else(|| DEFAULT_MODE.to_owned()),
            ("properties", Given::Object(members)) => self.properties = members,
            ("standalone_ports_supported", Given::Flag(flag)) => {
                self.standalone_ports_supported = flag.unwrap_or(true);
            }
            ("physical_network", Given::Text(text)) => self.physical_network = text,
            ("category", Given::Text(text)) => self.category = text,
            _ => return Err(Refusal::Invalid(format!("{name} is not writable"))),
        }
        Ok(())
    }

    fn settle(&self) -> Result<(), Refusal> {
        if let Some(name) = &self.name {
            name::check_logical(name)?;
        }
        for (name, members) in [("extra", &self.extra), ("properties", &self.properties)] {
            if bytes(members) > RECORD_LIMIT {
                return Err(Refusal::Invalid(format!("{name} must be smaller than {RECORD_LIMIT} bytes")));
            }
        }
        Ok(())
    }
}

/// How its ports share the work if nobody says it (the reference's `default_portgroup_mode`).
const DEFAULT_MODE: &str = "active-backup";

/// What the mark of an address is called.
pub const ADDRESS: &str = "MAC address";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(mut body: Value) -> Result<Portgroup, Refusal> {
        body["node_uuid"] = json!(Uuid::nil());
        let Value::Object(body) = body else { panic!("no object") };
        Portgroup::draft(body, NodeId(Uuid::nil()), Uuid::nil())
    }

    fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
        PatchOp { op, path: path.to_owned(), value }
    }

    #[test]
    fn a_body_becomes_a_portgroup() {
        let made = draft(json!({
            "name": "bond0", "address": "52-54-00-AA-BB-01", "mode": "802.3ad", "category": null,
            "standalone_ports_supported": "false", "properties": {"miimon": 100}, "physical_network": "p1",
        }))
        .unwrap();
        assert_eq!(made.wished.address.unwrap().to_string(), "52:54:00:aa:bb:01");
        assert!(!made.wished.standalone_ports_supported);
        assert_eq!(made.marks().len(), 2);
        let plain =
            draft(json!({"mode": null, "standalone_ports_supported": null, "address": null})).unwrap();
        assert_eq!(plain.wished, PortgroupWished::default());
        assert_eq!((plain.wished.mode.as_str(), plain.marks().len()), ("active-backup", 0));
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named() {
        for (body, word) in [
            (json!({"uuid": "x"}), "uuid"),
            (json!({"address": "x"}), "address"),
            (json!({"address": 1}), "address"),
            (json!({"name": "a b"}), "name"),
            (json!({"mode": 1}), "mode"),
            (json!({"extra": []}), "extra"),
            (json!({"properties": "x"}), "properties"),
            (json!({"properties": {"a": "x".repeat(50_000)}}), "properties"),
            (json!({"standalone_ports_supported": "perhaps"}), "standalone_ports_supported"),
            (json!({"physical_network": "x".repeat(65)}), "physical_network"),
            (json!({"category": "x".repeat(81)}), "category"),
            (json!({"dynamic_portgroup": true}), "dynamic_portgroup"),
            (json!({"ports": []}), "ports"),
            (json!({"color": 1}), "color"),
        ] {
            let refusal = draft(body.clone()).unwrap_err().to_string();
            assert!(refusal.contains(word), "{body}: {refusal}");
        }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let before = draft(json!({"name": "bond0", "properties": {"a": 1}})).unwrap();
        let after = before
            .patched(&[
                op(PatchVerb::Remove, "/name", Value::Null),
                op(PatchVerb::Add, "/properties/b", json!(2)),
                op(PatchVerb::Replace, "/node_uuid", json!(Uuid::nil())),
            ])
            .unwrap();
        assert_eq!((after.wished.name, json!(after.wished.properties)), (None, json!({"a": 1, "b": 2})));
        for path in
            ["/uuid", "/created_at", "/internal_info", "/dynamic_portgroup", "/node_uuid", "/properties/z/z"]
        {
            assert!(before.patched(&[op(PatchVerb::Replace, path, json!("x"))]).is_err(), "{path}");
        }
        for path in ["/mode", "/properties/z"] {
            assert!(before.patched(&[op(PatchVerb::Remove, path, Value::Null)]).is_err(), "{path}");
        }
    }
}
