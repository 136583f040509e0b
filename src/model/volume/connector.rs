//! An address by which a node reaches storage: an initiator's name, a port's world-wide name, a MAC.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::id::NodeId;
use crate::model::Object;
use crate::model::draft::given::Given;
use crate::model::shape::{Field, connector};
use crate::model::thing::Mark;
use crate::model::volume::{Connector, OWNER, VolumeKind, VolumeRow, Wished};

/// What clients write of a connector.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectorWished {
    /// How the address is read, e.g. `iqn`.
    #[serde(rename = "type")]
    pub kind: String,
    pub connector_id: String,
    pub extra: Object,
}

impl Wished for ConnectorWished {
    const KIND: VolumeKind = VolumeKind::Connector;
    const TABLE: &'static [Field<Connector>] = connector::TABLE;
    const SHORT: &'static [&'static str] = connector::SHORT;
    const NEEDED: &'static [&'static str] = &["connector_id", OWNER, "type"];

    fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "type" => Value::String(self.kind.clone()),
            "connector_id" => Value::String(self.connector_id.clone()),
            "extra" => Value::Object(self.extra.clone()),
            _ => return None,
        })
    }

    fn put(&mut self, name: &str, value: Given) -> Option<()> {
        match (name, value) {
            ("type", Given::Text(Some(text))) => self.kind = text,
            ("connector_id", Given::Text(Some(text))) => self.connector_id = text,
            ("extra", Given::Object(members)) => self.extra = members,
            _ => return None,
        }
        Some(())
    }

    fn objects(&self) -> Vec<(&'static str, &Object)> {
        vec![("extra", &self.extra)]
    }

    /// An address is one node's.
    fn mark(&self, _: NodeId) -> Mark {
        Mark::new("type and connector_id", format!("{} {}", self.kind, self.connector_id))
    }

    fn row(one: Arc<Connector>) -> VolumeRow {
        VolumeRow::Connector(one)
    }

    fn of(row: VolumeRow) -> Option<Arc<Connector>> {
        if let VolumeRow::Connector(one) = row { Some(one) } else { None }
    }
}
