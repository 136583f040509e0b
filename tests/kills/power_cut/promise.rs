//! What the daemon has promised: by an answer to a client, or by acting on a machine.

use std::collections::HashMap;

use ferric::base::id::NodeId;
use ferric::model::provision::Provision;
use ferric::store::published::Published;
use serde_json::Value;
use uuid::Uuid;

use crate::power_cut::trace::Call;

/// Something that must be in the store from `moment` on.
#[derive(Debug)]
pub struct Promise {
    /// When the answer or the act began.
    pub moment: usize,
    /// When the node's deletion, or its way back, was asked for: nothing is promised from then on.
    over: usize,
    node: NodeId,
    what: What,
}

#[derive(Debug)]
enum What {
    Exists,
    Gone,
    Port(String),
    /// At least this number in `extra`.
    Extra(u64),
    /// At least so far on the way to `active`.
    Reached(usize),
    /// At least so many changes were owed.
    Changes(u64),
}

impl Promise {
    /// Fails if the store of `moment` does not keep it.
    pub fn check(&self, moment: usize, store: &Published) {
        if moment < self.moment || moment >= self.over {
            return;
        }
        let node = store.node(self.node);
        let kept = match &self.what {
            What::Gone => node.is_none(),
            What::Exists => node.is_some(),
            What::Port(mac) => store.ports_of(self.node).any(|port| port.address.to_string() == *mac),
            What::Extra(least) => node.and_then(|node| node.wished.extra.get("n")?.as_u64()) >= Some(*least),
            What::Reached(least) => node.is_some_and(|node| reached(node.provision) >= *least),
            What::Changes(least) => node.is_some_and(|node| node.changes >= *least),
        };
        assert!(kept, "not kept when the power fails at {moment}: {self:?}\n{node:?}");
    }
}

/// Reads answers and calls out of the trace.
#[derive(Debug, Default)]
struct Reader {
    promises: Vec<Promise>,
    /// What each connection has received since its last answer.
    received: HashMap<u64, Vec<u8>>,
    /// Changes begun on each node.
    changes: HashMap<NodeId, u64>,
    named: HashMap<String, NodeId>,
}

pub fn promises(calls: &[Call]) -> Vec<Promise> {
    let mut reader = Reader::default();
    for call in calls {
        let Some(descriptor) = call.descriptor() else { continue };
        let socket = call.target().is_some_and(|target| target.starts_with("socket:"));
        match call.name.as_str() {
            "recvfrom" if socket => reader.asked(call, descriptor),
            "sendto" | "write" | "writev" if socket => reader.answered(call, descriptor),
            "close" => drop(reader.received.remove(&descriptor)),
            "write" if descriptor == 2 => reader.logged(call),
            _ => {}
        }
    }
    reader.promises
}

impl Reader {
    /// From when a node's deletion is asked for, or its way back, nothing is promised of it.
    fn asked(&mut self, call: &Call, descriptor: u64) {
        let received = self.received.entry(descriptor).or_default();
        received.extend(call.data());
        let request = String::from_utf8_lossy(received).into_owned();
        if request.starts_with("DELETE ") || body(&request)["target"] == "deleted" {
            let id = request.split('/').nth(3).and_then(|rest| Uuid::parse_str(rest.get(..36)?).ok());
            self.over(NodeId(id.unwrap()), call.began);
        }
    }

    fn answered(&mut self, call: &Call, descriptor: u64) {
        let answer = String::from_utf8_lossy(&call.data()).into_owned();
        if !answer.starts_with("HTTP/1.1 ") {
            return;
        }
        let request = self.received.remove(&descriptor).unwrap_or_default();
        let request = String::from_utf8_lossy(&request).into_owned();
        if answer.starts_with("HTTP/1.1 20") {
            self.promised(call.began, &request, &answer);
        }
    }

    fn promised(&mut self, moment: usize, request: &str, answer: &str) {
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (asked, said) = (body(request), body(answer));
        let id = |text: &str| Uuid::parse_str(text).map(NodeId).ok();
        let of_path = path.split('/').nth(3).and_then(id);
        match (method, path) {
            ("POST", "/v1/nodes") => {
                let node = id(said["uuid"].as_str().unwrap()).unwrap();
                self.named.insert(said["name"].as_str().unwrap().to_owned(), node);
                self.promise(moment, node, What::Exists);
            }
            ("POST", "/v1/ports") => {
                let node = id(asked["node_uuid"].as_str().unwrap()).unwrap();
                self.promise(moment, node, What::Port(asked["address"].as_str().unwrap().to_owned()));
            }
            ("PATCH", _) => {
                self.promise(moment, of_path.unwrap(), What::Extra(asked[0]["value"].as_u64().unwrap()));
            }
            ("PUT", _) => {
                let target = asked["target"].as_str().unwrap();
                let Some(least) = TARGETS.iter().position(|one| *one == target) else { return };
                self.promise(moment, of_path.unwrap(), What::Reached(least + 1));
            }
            ("DELETE", _) => self.promise(moment, of_path.unwrap(), What::Gone),
            _ => {}
        }
    }

    /// A line of the log that tells of a call out: what it changes is owed.
    fn logged(&mut self, call: &Call) {
        let text = String::from_utf8_lossy(&call.data()).into_owned();
        for line in text.lines().filter(|line| line.contains("ferric::call: call") && line.contains("again="))
        {
            let Some(name) = line.split("node=").nth(1).and_then(|rest| rest.split(' ').next()) else {
                continue;
            };
            let Some(node) = self.named.get(name).copied() else { continue };
            let count = self.changes.entry(node).or_default();
            *count += 1;
            let least = *count;
            self.promise(call.began, node, What::Changes(least));
        }
    }

    fn promise(&mut self, moment: usize, node: NodeId, what: What) {
        self.promises.push(Promise { moment, over: usize::MAX, node, what });
    }

    fn over(&mut self, node: NodeId, moment: usize) {
        for promise in self.promises.iter_mut().filter(|promise| promise.node == node) {
            promise.over = promise.over.min(moment);
        }
    }
}

/// The body of a request or an answer.
fn body(text: &str) -> Value {
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// How far on the way to `active`.
fn reached(state: Provision) -> usize {
    WAY.iter().find(|(one, _)| *one == state.name()).map_or(0, |(_, reached)| *reached)
}

const TARGETS: [&str; 3] = ["manage", "provide", "active"];

const WAY: [(&str, usize); 9] = [
    ("verifying", 1),
    ("manageable", 1),
    ("cleaning", 2),
    ("clean wait", 2),
    ("available", 2),
    ("deploying", 3),
    ("wait call-back", 3),
    ("active", 3),
    ("deleting", 3),
];
