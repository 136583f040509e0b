//! One server: what clients wrote, where it stands, and what is under way.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::Object;
use crate::model::allocation::Held;
use crate::model::bmc::Bmc;
use crate::model::bmc::panel::{Mode, ModeChange, Modes};
use crate::model::bmc::power::Power;
use crate::model::boot::{Agent, Boots};
use crate::model::drive::DrivesSeen;
use crate::model::inspection::discovery::Discovered;
use crate::model::inspection::identity::{Identity, Mark, addresses};
use crate::model::interface::Interfaces;
use crate::model::provision::Provision;
use crate::model::run::{Run, Wait};

/// A server's record; 64 KiB at most when stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub id: NodeId,
    /// Rises with each created node: the default order of lists.
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,

    pub wished: Wished,

    pub provision: Provision,
    #[serde(default)]
    pub target_provision: Option<Provision>,
    #[serde(default)]
    pub provision_updated_at: Option<Moment>,
    #[serde(default)]
    pub power: Option<Power>,
    #[serde(default)]
    pub target_power: Option<Power>,
    #[serde(default)]
    pub last_error: Option<String>,
    #[serde(default)]
    pub maintenance_reason: Option<String>,
    #[serde(default)]
    pub fault: Option<Fault>,
    /// A change is owed: shown as `reservation` with the host's name.
    #[serde(default)]
    pub reserved: bool,
    #[serde(default)]
    pub boots: Boots,
    /// Part of the paths under which this boot's files are served: who knows it may read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_token: Option<Secret>,
    /// How the firmware boots since the pipelines saw to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy_boot_mode: Option<Mode>,
    /// The deploy interface that another one stands in for while the node is worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_deploy: Option<String>,
    #[serde(default)]
    pub run: Option<Run>,
    #[serde(default)]
    pub wait: Option<Wait>,
    #[serde(default)]
    pub agent: Option<Agent>,
    /// The last agent's version and heartbeat stay when its identity is dropped.
    #[serde(default)]
    pub agent_seen: Option<AgentSeen>,
    /// What is learnt of its BMC.
    #[serde(default, skip_serializing_if = "Bmc::is_empty")]
    pub bmc: Bmc,
    /// The allocation that has it, for as long as its instance is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation: Option<Held>,
    /// The lessee was set by the deployment, and goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automatic_lessee: bool,
    /// Name of the hashed file that holds the instance's config drive.
    #[serde(default)]
    pub config_drive: Option<String>,
    /// Silent looks at power in a row.
    #[serde(default)]
    pub misses: u8,
    /// Number of the last effect that was owed: the fence of looks (style corner 5).
    #[serde(default)]
    pub changes: u64,
    /// Number of the last wait.
    #[serde(default)]
    pub waits: u64,
    #[serde(default)]
    pub inspection_started_at: Option<Moment>,
    #[serde(default)]
    pub inspection_finished_at: Option<Moment>,
    #[serde(default)]
    pub raid_config: Object,
    #[serde(default)]
    pub target_raid_config: Object,
    #[serde(default)]
    pub traits: Vec<String>,
    /// A change of the firmware's modes that is under way.
    #[serde(default)]
    pub mode_change: Option<ModeChange>,
    /// What a request wants in the drives of the BMC: drive to `{image_url}`.
    #[serde(default)]
    pub media: Object,
    /// What the machine is known by, as its last inspection told it.
    #[serde(default, skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    /// Its drives as they were seen last: by an inspection, or by a step that destroys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drives: Option<DrivesSeen>,
    /// It was not enrolled by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered: Option<Discovered>,
    /// What rules want asked of other servers, until it is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Secret>,
}

/// What clients write: the create and patch members of a node (contract `api.json`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wished {
    pub name: Option<String>,
    pub driver: String,
    pub interfaces: Interfaces,
    pub driver_info: Object,
    pub properties: Object,
    pub extra: Object,
    pub instance_info: Object,
    pub network_data: Object,
    pub instance_uuid: Option<Uuid>,
    pub instance_name: Option<String>,
    pub chassis_uuid: Option<String>,
    pub resource_class: Option<String>,
    pub conductor_group: String,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub lessee: Option<String>,
    pub shard: Option<String>,
    pub parent_node: Option<NodeId>,
    pub automated_clean: Option<bool>,
    pub protected: bool,
    pub protected_reason: Option<String>,
    pub retired: bool,
    pub retired_reason: Option<String>,
    pub disable_power_off: bool,
    pub maintenance: bool,
    pub console_enabled: bool,
    pub boot_mode: Option<String>,
    pub secure_boot: Option<bool>,
}

/// What is known of the last agent when its boot is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSeen {
    pub version: Option<String>,
    pub last_heartbeat: Option<Moment>,
}

/// Why the machine itself set maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    Power,
    Clean,
    Service,
    RescueAbort,
}

impl Fault {
    /// Reads a name of [`Fault::name`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Power, Self::Clean, Self::Service, Self::RescueAbort]
            .into_iter()
            .find(|one| one.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power failure",
            Self::Clean => "clean failure",
            Self::Service => "service failure",
            Self::RescueAbort => "rescue abort failure",
        }
    }
}

impl Node {
    /// A new record in `enroll`; `order` is given by the store.
    pub fn new(id: NodeId, wished: Wished, created_at: Moment) -> Self {
        Self {
            id,
            order: 0,
            created_at,
            updated_at: None,
            wished,
            provision: Provision::Enroll,
            target_provision: None,
            provision_updated_at: None,
            power: None,
            target_power: None,
            last_error: None,
            maintenance_reason: None,
            fault: None,
            reserved: false,
            boots: Boots::Nothing,
            boot_token: None,
            deploy_boot_mode: None,
            original_deploy: None,
            run: None,
            wait: None,
            agent: None,
            agent_seen: None,
            bmc: Bmc::default(),
            allocation: None,
            automatic_lessee: false,
            config_drive: None,
            misses: 0,
            changes: 0,
            waits: 0,
            inspection_started_at: None,
            inspection_finished_at: None,
            raid_config: Object::new(),
            target_raid_config: Object::new(),
            traits: Vec::new(),
            mode_change: None,
            media: Object::new(),
            identity: Identity::default(),
            drives: None,
            discovered: None,
            calls: Vec::new(),
        }
    }

    /// All that the machine is known by.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        let settings = addresses(&self.wished.driver_info).map(Mark::Bmc);
        let discovered = self.discovered.map(|_| Mark::Discovered);
        let unmanaged = self.is_left_to_network().then_some(Mark::Unmanaged);
        self.identity.marks().chain(settings).chain(discovered).chain(unmanaged)
    }

    /// Its inspection awaits a machine that its boot interface has not booted: whoever serves machines that nobody knows
    /// does. A boot of ours has a token.
    pub fn is_left_to_network(&self) -> bool {
        let is_inspected = matches!(self.provision, Provision::Inspecting | Provision::InspectWait);
        is_inspected && self.boots == Boots::Ramdisk && self.boot_token.is_none()
    }

    /// Whether this allocation has it.
    pub fn is_held_by(&self, allocation: Uuid) -> bool {
        self.allocation.as_ref().is_some_and(|held| held.id == allocation)
    }

    /// Its resource class, while it may be allocated to anybody.
    pub fn free_class(&self) -> Option<&str> {
        let is_free = self.provision == Provision::Available
            && self.wished.instance_uuid.is_none()
            && !self.wished.maintenance
            && self.power.is_some();
        self.wished.resource_class.as_deref().filter(|_| is_free)
    }

    /// Its name if it has one, else its id: what a person reads.
    pub fn label(&self) -> String {
        self.wished.name.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// The image that a request wants in a drive of the BMC.
    pub fn medium(&self, drive: &str) -> Option<&str> {
        self.media.get(drive)?.get("image_url")?.as_str()
    }

    /// Takes in how the firmware boots; what it does not say stays as it is.
    pub fn record_modes(&mut self, seen: Modes) {
        if let Some(mode) = seen.boot {
            self.wished.boot_mode = Some(mode.name().to_owned());
        }
        if let Some(on) = seen.secure {
            self.wished.secure_boot = Some(on);
        }
    }

    /// A text member of `driver_info`.
    pub fn driver_info(&self, key: &str) -> Option<&str> {
        self.wished.driver_info.get(key).and_then(Value::as_str)
    }

    /// A text member of `instance_info`.
    pub fn instance_info(&self, key: &str) -> Option<&str> {
        self.wished.instance_info.get(key).and_then(Value::as_str)
    }
}
