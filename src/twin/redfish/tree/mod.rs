//! The resources of a controller that stand still, built once a maker and shared by all servers of it.
//!
//! What moves (power, media, sessions, addresses) is laid over a resource when it is read: [`Live`] says what.
//!
//! - `root` the root and the services; `registry` message and attribute registries
//! - `system` the system; `parts` its processors, memory and `PCIe`; `storage`; `network` its NICs and adapters
//! - `chassis` the chassis; `sensor` its sensors, of old and of today; `manager` the manager and its media; `dell`

mod chassis;
mod dell;
mod manager;
mod network;
mod parts;
mod registry;
mod root;
mod sensor;
mod storage;
pub mod system;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::twin::redfish::profile::{Maker, Profile};
use crate::wire::redfish::shape::served::Served;

/// What is laid over a resource when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    Nothing,
    Root,
    System,
    BootSettings,
    Bios,
    BiosSettings,
    SecureBoot,
    Chassis,
    Drive,
    Volumes,
    Manager,
    /// With the number of the address.
    Nic(usize),
    Function(usize),
    Port(usize),
    /// With the number of the slot.
    Slot(usize),
    Sessions,
    Tasks,
    Subscriptions,
    /// The system's event log.
    Entries,
    /// Attributes of a Dell controller.
    Attributes,
}

/// A resource at rest.
#[derive(Debug)]
pub struct Leaf {
    pub live: Live,
    pub body: Value,
}

/// All resources at rest, by path without a slash at the end.
#[derive(Debug)]
pub struct Tree {
    leaves: BTreeMap<String, Leaf>,
}

impl Tree {
    /// The tree of a maker's machine with so many addresses; one is kept of each kind.
    pub fn of(profile: Profile, nics: usize) -> Arc<Self> {
        let mut trees = TREES.lock().unwrap_or_else(PoisonError::into_inner);
        let tree =
            trees.entry((profile, nics)).or_insert_with(|| Arc::new(Self::build(profile.maker(), nics)));
        tree.clone()
    }

    pub fn leaf(&self, path: &str) -> Option<&Leaf> {
        self.leaves.get(path)
    }

    /// Every path with its resource, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Leaf)> {
        self.leaves.iter().map(|(path, leaf)| (path.as_str(), leaf))
    }

    fn build(maker: &'static Maker, nics: usize) -> Self {
        let mut builder = Builder { maker, nics, leaves: BTreeMap::new() };
        root::build(&mut builder);
        registry::build(&mut builder);
        system::build(&mut builder);
        parts::build(&mut builder);
        storage::build(&mut builder);
        network::build(&mut builder);
        chassis::build(&mut builder);
        sensor::build(&mut builder);
        manager::build(&mut builder);
        dell::build(&mut builder);
        Self { leaves: builder.leaves }
    }
}

type Kept = HashMap<(Profile, usize), Arc<Tree>>;

static TREES: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// A tree that grows.
struct Builder {
    maker: &'static Maker,
    nics: usize,
    leaves: BTreeMap<String, Leaf>,
}

impl Builder {
    /// A resource that stands still; its id is the last part of its path.
    fn put(&mut self, kind: Served, path: &str, name: &str, members: Value) {
        self.live((Live::Nothing, kind), path, name, members);
    }

    fn live(&mut self, (live, kind): (Live, Served), path: &str, name: &str, members: Value) {
        let id = path.rsplit('/').next().unwrap_or_default();
        self.raw(live, path, over(kind.resource(path, id, name), members));
    }

    /// A collection of what lies directly below it and is there already or comes with these ids.
    fn list(&mut self, kind: Served, path: &str, name: &str, ids: &[String]) {
        self.live_list((Live::Nothing, kind), path, name, ids);
    }

    fn live_list(&mut self, (live, kind): (Live, Served), path: &str, name: &str, ids: &[String]) {
        let members: Vec<String> = ids.iter().map(|id| format!("{path}/{id}")).collect();
        self.raw(live, path, kind.collection(path, name, &members));
    }

    fn raw(&mut self, live: Live, path: &str, body: Value) {
        self.leaves.insert(path.to_owned(), Leaf { live, body });
    }
}

/// Lays the members of one object over another.
pub fn over(mut body: Value, members: Value) -> Value {
    if let (Some(body), Value::Object(members)) = (body.as_object_mut(), members) {
        lay(body, members);
    }
    body
}

fn lay(body: &mut Map<String, Value>, members: Map<String, Value>) {
    for (name, value) in members {
        match (body.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(value)) => lay(below, value),
            (_, value) => drop(body.insert(name, value)),
        }
    }
}

/// A link to a resource.
pub fn link(path: impl Into<String>) -> Value {
    json!({"@odata.id": path.into()})
}

fn links(base: &str, ids: &[String]) -> Value {
    ids.iter().map(|id| link(format!("{base}/{id}"))).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// `prefix1`, `prefix2` and so on.
fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{prefix}{number}")).collect()
}

fn healthy() -> Value {
    json!({"State": "Enabled", "Health": "OK", "HealthRollup": "OK"})
}

fn well() -> Value {
    json!({"State": "Enabled", "Health": "OK"})
}
