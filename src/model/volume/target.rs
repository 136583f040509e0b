//! A volume that a node uses: where it is, and its place in the boot order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::id::NodeId;
use crate::base::secret::Veil;
use crate::model::Object;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::Given;
use crate::model::patch::mask;
use crate::model::shape::{Field, target};
use crate::model::thing::Mark;
use crate::model::volume::{OWNER, Target, VolumeKind, VolumeRow, Wished};

/// What clients write of a target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetWished {
    /// How it is reached, e.g. `iscsi`.
    pub volume_type: String,
    /// Its name where it is kept.
    pub volume_id: String,
    /// 0 boots first.
    pub boot_index: i64,
    /// May hold secrets under telling names.
    pub properties: Object,
    pub extra: Object,
}

impl Wished for TargetWished {
    const KIND: VolumeKind = VolumeKind::Target;
    const TABLE: &'static [Field<Target>] = target::TABLE;
    const SHORT: &'static [&'static str] = target::SHORT;
    const NEEDED: &'static [&'static str] = &["boot_index", OWNER, "volume_id", "volume_type"];

    fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "volume_type" => Value::String(self.volume_type.clone()),
            "volume_id" => Value::String(self.volume_id.clone()),
            "boot_index" => Value::from(self.boot_index),
            "properties" => Value::Object(self.properties.clone()),
            "extra" => Value::Object(self.extra.clone()),
            _ => return None,
        })
    }

    fn put(&mut self, name: &str, value: Given) -> Option<()> {
        match (name, value) {
            ("volume_type", Given::Text(Some(text))) => self.volume_type = text,
            ("volume_id", Given::Text(Some(text))) => self.volume_id = text,
            ("boot_index", Given::Integer(number)) => self.boot_index = number,
            ("properties", Given::Object(members)) => self.properties = members,
            ("extra", Given::Object(members)) => self.extra = members,
            _ => return None,
        }
        Some(())
    }

    /// Secrets come back masked from clients that write what they have read.
    fn unmask(&self, name: &str, value: Value) -> Result<Value, Refusal> {
        if name != "properties" {
            return Ok(value);
        }
        mask::keep(value, Some(&Value::Object(self.properties.clone())), Veil::Names)
    }

    fn objects(&self) -> Vec<(&'static str, &Object)> {
        vec![("extra", &self.extra), ("properties", &self.properties)]
    }

    /// A node boots one target at each place.
    fn mark(&self, node: NodeId) -> Mark {
        Mark::new("node_uuid and boot_index", format!("{node} {}", self.boot_index))
    }

    fn row(one: Arc<Target>) -> VolumeRow {
        VolumeRow::Target(one)
    }

    fn of(row: VolumeRow) -> Option<Arc<Target>> {
        if let VolumeRow::Target(one) = row { Some(one) } else { None }
    }
}
