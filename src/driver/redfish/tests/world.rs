//! A BMC made of resources, with what it does when it is written to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::bmc;
use super::haste::Haste;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::{Ground, Limits};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::{Machine, StepCall};
use crate::model::Object;
use crate::model::interface::Interface;
use crate::model::node::{Node, Wished};
use crate::model::step::{Again, By, Kind, Step};

/// Status, header lines, body.
pub(super) type Reply = (u16, String, Value);
/// What a write does: the resources, the method, the path, the body.
type Rule = Box<dyn FnMut(&mut Resources, &str, &str, &Value) -> Option<Reply> + Send>;
pub(super) type Resources = BTreeMap<String, Value>;

/// The machine's paths.
pub(super) const SYSTEM: &str = "/redfish/v1/Systems/1";
pub(super) const MANAGER: &str = "/redfish/v1/Managers/1";

/// What the test and the BMC share.
pub(super) struct World {
    pub(super) resources: Resources,
    /// Writes, in order: method, path, body.
    pub(super) asked: Vec<(String, String, Value)>,
}

/// One BMC on a socket.
pub(super) struct Rig {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) rack: Arc<RedfishRack>,
    pub(super) node: Node,
}

/// An answer without headers.
pub(super) fn say(status: u16, body: Value) -> Reply {
    (status, String::new(), body)
}

/// A refusal with a message.
pub(super) fn refuse(status: u16, id: &str, text: &str) -> Reply {
    let message = json!({"MessageId": id, "Message": text, "Severity": "Critical"});
    say(status, json!({"error": {"code": id, "message": text, "@Message.ExtendedInfo": [message]}}))
}

impl Rig {
    /// A machine with these members besides the usual ones; writes go to the rule, and do nothing where it says none.
    pub(super) async fn start(
        more: &[(&str, Value)],
        rule: impl FnMut(&mut Resources, &str, &str, &Value) -> Option<Reply> + Send + 'static,
    ) -> Self {
        Self::tuned(more, rule, |_| {}).await
    }

    /// The same with other defaults.
    pub(super) async fn tuned(
        more: &[(&str, Value)],
        rule: impl FnMut(&mut Resources, &str, &str, &Value) -> Option<Reply> + Send + 'static,
        tune: impl FnOnce(&mut Ground),
    ) -> Self {
        let mut resources = usual();
        for (path, members) in more {
            let old = resources.entry((*path).to_owned()).or_insert_with(|| json!({}));
            for (name, value) in members.as_object().unwrap() {
                old[name] = value.clone();
            }
        }
        let world = Arc::new(Mutex::new(World { resources, asked: Vec::new() }));
        let url = serve(Arc::clone(&world), Box::new(rule)).await;
        let info = json!({"redfish_address": url, "redfish_system_id": SYSTEM});
        let wished = Wished { driver_info: info.as_object().unwrap().clone(), ..Wished::default() };
        let node = Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0));
        let clock = Arc::new(Haste::default());
        let mut ground = Ground::new(clock, Arc::new(Blank), PrintKey::new(Secret::new("k")), 1);
        ground.redfish_limits = Limits { start_spread: std::time::Duration::ZERO, ..Limits::default() };
        tune(&mut ground);
        Self { world, rack: Arc::new(RedfishRack::new(ground)), node }
    }

    pub(super) fn server(&self) -> Server {
        Server::of(&self.rack, &self.node).unwrap()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The bodies that were written to paths that end so.
    pub(super) fn asked(&self, end: &str) -> Vec<Value> {
        let world = self.world();
        world.asked.iter().filter(|(_, path, _)| path.ends_with(end)).map(|(.., body)| body.clone()).collect()
    }

    /// A call of one of the management's steps.
    pub(super) fn step(&self, name: &str, kind: Kind, args: &Value) -> StepCall {
        let step = Step {
            interface: Interface::Management,
            step: name.to_owned(),
            args: args.as_object().unwrap().clone(),
            priority: 0,
            abortable: false,
            by: By::Driver,
            again: Again::Repeat,
            hidden: false,
            reboot_after: false,
            asked: false,
            abort_after: false,
        };
        let machine = Machine { node: Arc::new(self.node.clone()), ports: Vec::new() };
        StepCall { machine, kind, step, memo: Object::new(), versions: Object::new() }
    }
}

fn link(path: &str) -> Value {
    json!({"@odata.id": path})
}

/// A machine that is off, with one manager.
fn usual() -> Resources {
    let reset = json!({"#ComputerSystem.Reset": {"target": format!("{SYSTEM}/Reset")}});
    let system = json!({
        "Id": "1", "PowerState": "Off", "Actions": reset, "Links": {"ManagedBy": [link(MANAGER)]},
        "Boot": {"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled"},
    });
    let manager = json!({"Id": "1", "FirmwareVersion": "1", "Model": "m"});
    Resources::from([
        ("/redfish/v1/".to_owned(), json!({"RedfishVersion": "1.6.0"})),
        (SYSTEM.to_owned(), system),
        (MANAGER.to_owned(), manager),
    ])
}

/// A collection of these members.
pub(super) fn collection(paths: &[&str]) -> Value {
    json!({"Members": paths.iter().map(|path| link(path)).collect::<Vec<_>>(), "Members@odata.count": paths.len()})
}

async fn serve(world: Arc<Mutex<World>>, mut rule: Rule) -> String {
    bmc(move |request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut world = world.lock().unwrap();
        if method != "GET" {
            world.asked.push((method.to_owned(), path.to_owned(), body.clone()));
        }
        if let Some(reply) = rule(&mut world.resources, method, path, &body) {
            return reply;
        }
        if method != "GET" {
            return (204, String::new(), Value::Null);
        }
        world.resources.get(path).map_or_else(
            || (404, String::new(), json!({})),
            |resource| (200, String::new(), resource.clone()),
        )
    })
    .await
}
