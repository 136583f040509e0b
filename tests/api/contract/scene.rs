//! A rack with one of each kind, and what a good value of each member is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::rack::Rack;

/// A rack with a node `n1`, its parent, and one of all else.
pub struct Scene {
    pub rack: Rack,
    /// UUID, or name, of the one of each kind.
    pub ids: HashMap<&'static str, String>,
    /// Another node.
    pub other: String,
    /// The members of a node that has said nothing.
    pub plain: Value,
    counted: AtomicU64,
}

/// Kind, path and key of its lists, and the version that brought it.
pub const KINDS: &[(&str, &str, &str, u64)] = &[
    ("node", "nodes", "nodes", 1),
    ("port", "ports", "ports", 1),
    ("portgroup", "portgroups", "portgroups", 23),
    ("chassis", "chassis", "chassis", 1),
    ("volume_connector", "volume/connectors", "connectors", 32),
    ("volume_target", "volume/targets", "targets", 32),
    ("allocation", "allocations", "allocations", 52),
    ("deploy_template", "deploy_templates", "deploy_templates", 55),
    ("runbook", "runbooks", "runbooks", 92),
    ("inspection_rule", "inspection_rules", "inspection_rules", 96),
    ("driver", "drivers", "drivers", 1),
    ("conductor", "conductors", "conductors", 49),
];

impl Scene {
    pub async fn new() -> Self {
        let rack = Rack::start().await;
        let node = rack.node(json!({"name": "n1"})).await;
        let other = rack.node(json!({"name": "n2"})).await;
        let plain = rack.get(&format!("/v1/nodes/{node}")).await.body;
        let ids = HashMap::from([("node", node)]);
        let mut scene = Self { rack, ids, other, plain, counted: AtomicU64::new(0) };
        for (kind, path, _, _) in &KINDS[1..10] {
            let made =
                scene.rack.call("POST", &format!("/v1/{path}"), "1.115", Some(&scene.body(kind))).await;
            assert_eq!(made.status, 201, "{kind}: {made:?}");
            scene.ids.insert(kind, made.body["uuid"].as_str().unwrap().to_owned());
        }
        scene.ids.insert("driver", "fake-hardware".to_owned());
        scene.ids.insert("conductor", "rack0".to_owned());
        while scene.rack.get("/v1/allocations").await.body["allocations"][0]["state"] == "allocating" {
            tokio::task::yield_now().await;
        }
        scene
    }

    pub fn node(&self) -> &str {
        &self.ids["node"]
    }

    /// The path of the one of this kind.
    pub fn path(&self, kind: &str) -> String {
        let (_, path, _, _) = KINDS.iter().find(|(name, _, _, _)| *name == kind).unwrap();
        format!("/v1/{path}/{}", self.ids[kind])
    }

    /// A route's path with the ident of what is there.
    pub fn filled(&self, pattern: &str) -> String {
        let mut parts: Vec<String> = Vec::new();
        for part in pattern.split('/') {
            let before = parts.iter().rev().find(|part| !part.is_empty()).map_or("", String::as_str);
            let ident = match before {
                _ if part != "{}" => part.to_owned(),
                "traits" => "CUSTOM_X".to_owned(),
                "vendor_passthru" => "first_method".to_owned(),
                "indicators" => "led@chassis".to_owned(),
                "history" => Uuid::nil().to_string(),
                "bios" | "vifs" => "x".to_owned(),
                "heartbeat" => self.node().to_owned(),
                _ => {
                    let path = parts.join("/");
                    let (kind, _, _, _) = KINDS.iter().find(|(_, list, _, _)| path.ends_with(list)).unwrap();
                    self.ids[kind].clone()
                }
            };
            parts.push(ident);
        }
        format!("/v1/{}", parts.join("/"))
    }

    fn fresh(&self) -> u64 {
        self.counted.fetch_add(1, Relaxed)
    }

    fn mac(&self) -> String {
        let number = self.fresh();
        format!("52:54:00:00:{:02x}:{:02x}", number / 256, number % 256)
    }

    fn custom(&self) -> String {
        format!("CUSTOM_{}", self.fresh())
    }

    /// The least that makes one of this kind.
    pub fn body(&self, kind: &str) -> Value {
        let node = self.node();
        match kind {
            "node" => json!({"driver": "fake-hardware"}),
            "port" => json!({"node_uuid": node, "address": self.mac()}),
            "portgroup" => json!({"node_uuid": node}),
            "chassis" => json!({}),
            "volume_connector" => json!({"node_uuid": node, "type": "iqn", "connector_id": self.custom()}),
            "volume_target" => {
                json!({"node_uuid": node, "volume_type": "iscsi", "volume_id": "v", "boot_index": self.fresh()})
            }
            "allocation" => json!({"resource_class": "none"}),
            "deploy_template" => json!({"name": self.custom(), "steps": steps("priority")}),
            "runbook" => json!({"name": self.custom(), "steps": steps("order")}),
            "inspection_rule" => json!({"actions": log(), "conditions": []}),
            other => panic!("nobody makes a {other}"),
        }
    }

    /// A value that this member takes.
    pub fn good(&self, kind: &str, member: &str) -> Value {
        match member {
            "driver" => json!("fake-hardware"),
            "uuid" | "instance_uuid" => json!(Uuid::new_v4()),
            "chassis_uuid" => json!(self.ids["chassis"]),
            "parent_node" => json!(self.other),
            "node_uuid" => json!(self.node()),
            "portgroup_uuid" => json!(self.ids["portgroup"]),
            "node_ident" | "node" => json!("n1"),
            "address" => json!(self.mac()),
            "name" if ["deploy_template", "runbook"].contains(&kind) => json!(self.custom()),
            "name" => json!(format!("name-{}", self.fresh())),
            "network_data" => json!({"links": [], "networks": [], "services": []}),
            "local_link_connection" => json!({"switch_id": "aa:bb:cc:dd:ee:ff", "port_id": "e1"}),
            "conductor_group" => json!(""),
            "boot_mode" => json!("uefi"),
            "mode" => json!("802.3ad"),
            "type" => json!("iqn"),
            "volume_type" => json!("iscsi"),
            "boot_index" => json!(1000 + self.fresh()),
            "priority" => json!(3),
            "phase" => json!("main"),
            "candidate_nodes" => json!([self.other]),
            "traits" => json!(["CUSTOM_A"]),
            "conditions" => json!([]),
            "actions" => log(),
            "steps" => steps(if kind == "runbook" { "order" } else { "priority" }),
            "is_smartnic" => json!(false),
            "driver_info" | "extra" | "instance_info" | "properties" => json!({"a": "b"}),
            _ if member.ends_with("_interface") => self.plain[member].clone(),
            _ if FLAGS.contains(&member) => json!(true),
            _ => json!(format!("text{}", self.fresh())),
        }
    }
}

fn steps(rank: &str) -> Value {
    json!([{"interface": "bios", "step": "x", "args": {}, rank: 1}])
}

fn log() -> Value {
    json!([{"op": "log", "args": {"msg": "x"}}])
}

const FLAGS: &[&str] = &[
    "automated_clean",
    "available_for_dynamic_portgroup",
    "console_enabled",
    "disable_power_off",
    "disable_ramdisk",
    "maintenance",
    "protected",
    "public",
    "pxe_enabled",
    "retired",
    "secure_boot",
    "sensitive",
    "standalone_ports_supported",
];
