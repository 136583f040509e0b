//! `prepare_instance_boot`: the boot loader where one is needed, then the disk as boot device.
//!
//! ```text
//! look -> Act { loader } -> POST install_bootloader -> LookIn { command } ... -> Act { device } -> Done
//!     \-> Act { device } where the image brings its own (whole disk, BIOS)
//! ```

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::time::Later;
use crate::depot::image::is_whole_disk;
use crate::driver::agent::Agents;
use crate::driver::agent::client::{AgentClient, AgentError};
use crate::driver::agent::instance::boot_mode;
use crate::driver::agent::line::{self, AFTER, COMMAND, lost};
use crate::driver::capability::boot_device::BootDeviceSwitch;
use crate::driver::capability::boot_mode::Mode;
use crate::driver::memo::{text, with};
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::bmc::Keep;
use crate::model::boot::BootDevice;
use crate::model::node::Node;
use crate::model::turn::{Memo, Turn};
use crate::wire::agent::command::Status;

/// Work of `deploy.prepare_instance_boot`, and of `deploy.set_boot_to_disk`, which has nothing but the boot device.
#[derive(Debug)]
pub struct PrepareBoot {
    agents: Arc<Agents>,
    boot_device: Option<Arc<dyn BootDeviceSwitch>>,
}

impl PrepareBoot {
    pub fn new(agents: Arc<Agents>, boot_device: Option<Arc<dyn BootDeviceSwitch>>) -> Self {
        Self { agents, boot_device }
    }

    async fn looked(&self, call: &StepCall) -> Turn {
        if text(&call.memo, STAGE) == Some(DEVICE) {
            return Turn::Act { memo: call.memo.clone() };
        }
        // Where the site boots machines its own way, the loader is its affair, too.
        let is_managed = self.agents.settings.manage_boot;
        if call.step.step == DISK_ALONE || !is_managed || !needs_loader(&call.machine.node) {
            return Turn::Act { memo: with(&Memo::new(), STAGE, DEVICE) };
        }
        let agent = match self.agents.of(&call.machine.node) {
            Ok(agent) => agent,
            Err(error) => return error.turn(&call.memo),
        };
        match text(&call.memo, COMMAND) {
            Some(id) => loader(&agent, call, id).await,
            None => begin(&agent, call).await.unwrap_or_else(|turn| turn),
        }
    }

    async fn acted(&self, call: &StepCall, again: bool) -> Turn {
        if text(&call.memo, STAGE) == Some(DEVICE) {
            return self.boot_from_disk(&call.machine.node).await;
        }
        let agent = match self.agents.of(&call.machine.node) {
            Ok(agent) => agent,
            Err(error) => return error.turn(&call.memo),
        };
        if again && let Some(turn) = sent_before(&agent, call).await {
            return turn;
        }
        match agent.run(INSTALL, params(call), false).await {
            Ok(result) => poll(with(&call.memo, COMMAND, result.id)),
            Err(error) if error.may_have_been_taken() => {
                sent_before(&agent, call).await.unwrap_or_else(|| error.turn(&call.memo))
            }
            Err(error) => error.turn(&Memo::new()),
        }
    }

    async fn boot_from_disk(&self, node: &Node) -> Turn {
        if is_left_alone(node) {
            return Turn::done();
        }
        let Some(switch) = &self.boot_device else {
            return Turn::failed("the management interface cannot set a boot device");
        };
        match switch.set(BootDevice::Disk, lasts(node)).await {
            Ok(choice) => {
                let device = (choice.keep == Keep::Device).then(|| BootDevice::Disk.name());
                Turn::Done(Object::from_iter([("kept_boot_device".to_owned(), json!(device))]))
            }
            Err(error) => error.turn(),
        }
    }
}

impl StepWork for PrepareBoot {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(self.looked(call))
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(self.acted(call, again))
    }
}

/// Lenovo's UEFI stops at a screen when a BMC changes what the agent wrote into its variables. Management by Redfish
/// knows of it, and takes the override away instead.
fn is_left_alone(node: &Node) -> bool {
    let vendor = node.wished.properties.get("vendor").and_then(Value::as_str).unwrap_or_default();
    let knows = node.wished.interfaces.management.contains("redfish");
    vendor.eq_ignore_ascii_case("lenovo") && boot_mode(node) == Mode::Uefi && !knows
}

/// The disk is booted from now on, unless the node says that no boot device is for more than one boot.
fn lasts(node: &Node) -> bool {
    let forced = node.driver_info("force_persistent_boot_device").unwrap_or_default();
    !forced.eq_ignore_ascii_case("never") && !forced.eq_ignore_ascii_case("false")
}

/// A partition image has none of its own; a whole disk under UEFI needs an entry in the firmware. What a custom
/// agent installed without an image counts as a whole disk.
fn needs_loader(node: &Node) -> bool {
    boot_mode(node) == Mode::Uefi || !is_whole_disk(&node.wished.instance_info)
}

/// The partitions, and with them the id of a command that is known to have ended.
async fn begin(agent: &AgentClient<'_>, call: &StepCall) -> Result<Turn, Turn> {
    if call.memo.contains_key(AFTER)
        && let Some(turn) = sent_before(agent, call).await
    {
        return Ok(turn);
    }
    let asked = agent.result("standby.get_partition_uuids", Object::new()).await;
    let (id, found) = asked.map_err(|error| error.turn(&Memo::new()))?;
    let mut memo = with(&Memo::new(), AFTER, id);
    for (_, name) in PARTITIONS {
        memo.insert((*name).to_owned(), json!(partition(&found, name)));
    }
    Ok(Turn::Act { memo })
}

/// A partition's UUID as the agent found it; an empty text means none.
fn partition(found: &Value, name: &str) -> Option<String> {
    let text = found.get(name)?.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(UUID_KEPT).collect())
}

async fn loader(agent: &AgentClient<'_>, call: &StepCall, id: &str) -> Turn {
    let result = match agent.command(id).await {
        Ok(result) => result,
        Err(AgentError::Unknown(_)) => {
            return lost("it does not know the command that installs the boot loader");
        }
        Err(error) => return error.turn(&call.memo),
    };
    match result.status {
        Status::Running => poll(call.memo.clone()),
        Status::Succeeded => Turn::Act { memo: with(&Memo::new(), STAGE, DEVICE) },
        Status::Failed | Status::VersionMismatch | Status::Other(_) => {
            let why = result.error.map_or_else(|| "no reason given".to_owned(), |error| agent.shown(&error));
            Turn::failed(format!("the boot loader was not installed: {why}"))
        }
    }
}

async fn sent_before(agent: &AgentClient<'_>, call: &StepCall) -> Option<Turn> {
    match line::sent(agent, &call.memo, |name| INSTALL.ends_with(name)).await {
        Ok(id) => id.map(|id| poll(with(&call.memo, COMMAND, id))),
        Err(turn) => Some(turn),
    }
}

fn poll(memo: Memo) -> Turn {
    Turn::LookIn { after: POLL, memo }
}

fn params(call: &StepCall) -> Object {
    let mut params: Object = PARTITIONS
        .iter()
        .map(|(param, name)| ((*param).to_owned(), call.memo.get(*name).cloned().unwrap_or_default()))
        .collect();
    params.insert("target_boot_mode".to_owned(), json!(boot_mode(&call.machine.node).name()));
    params
}

/// Parameter of the boot loader command, and the name under which the agent tells the partition.
const PARTITIONS: &[(&str, &str)] = &[
    ("root_uuid", "root uuid"),
    ("efi_system_part_uuid", "efi system partition uuid"),
    ("prep_boot_part_uuid", "PReP Boot partition uuid"),
];

const INSTALL: &str = "image.install_bootloader";

/// Memo field and its one value: the loader is in place, the boot device comes next.
const STAGE: &str = "stage";
const DEVICE: &str = "device";

/// The step that leaves the boot loader alone.
const DISK_ALONE: &str = "set_boot_to_disk";

/// Seconds between two looks at the boot loader command; it takes seconds.
const POLL: u32 = 2;

/// A UUID has 36 characters, other identifiers are shorter.
const UUID_KEPT: usize = 64;
