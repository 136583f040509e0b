//! One NIC of a server.

use serde::{Deserialize, Serialize};

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::model::Object;

/// A port's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Port {
    pub id: PortId,
    /// Rises with each created port: the default order of lists.
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    pub node: NodeId,
    pub address: Mac,
    #[serde(flatten)]
    pub wished: PortWished,
    #[serde(default)]
    pub internal_info: Object,
}

/// What clients write besides node and address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortWished {
    pub name: Option<String>,
    pub description: Option<String>,
    pub extra: Object,
    pub local_link_connection: Object,
    pub pxe_enabled: bool,
    pub portgroup_uuid: Option<String>,
    pub physical_network: Option<String>,
    pub is_smartnic: bool,
    pub vendor: Option<String>,
    pub category: Option<String>,
    pub available_for_dynamic_portgroup: bool,
}

impl Default for PortWished {
    fn default() -> Self {
        Self {
            name: None,
            description: None,
            extra: Object::new(),
            local_link_connection: Object::new(),
            pxe_enabled: true,
            portgroup_uuid: None,
            physical_network: None,
            is_smartnic: false,
            vendor: None,
            category: None,
            available_for_dynamic_portgroup: true,
        }
    }
}
