//! What a fake machine is made of: always the same, with an address of its own.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::time::Later;
use crate::driver::capability::inspect::Inspect;
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;
use crate::driver::fake::machine::FakeMachine;
use crate::model::Object;
use crate::model::inspection::{Inspection, Inventory, Nic};

impl Inspect for FakeServer {
    fn who(&self) -> String {
        format!("the fake machine of {}", self.node)
    }

    fn inspect(&self) -> Later<'_, Result<Inspection, DriverError>> {
        let node = self.node;
        Box::pin(self.call(self.rack.delays.inspect, move |machine| inspection(node, machine)))
    }
}

fn inspection(node: NodeId, machine: &FakeMachine) -> Inspection {
    let mac = address(node);
    let inventory = json!({
        "memory": {"physical_mb": MEMORY_MB},
        "cpu": {"count": 2, "architecture": ARCHITECTURE, "model_name": "fake", "frequency": "1000"},
        "disks": [{"name": "disk 1", "size": (LOCAL_GB + 1) << 30, "vendor": "fake", "model": "fake", "serial": node,
            "rotational": false}],
        "interfaces": [{"mac_address": mac, "name": NIC, "speed_mbps": 1000}],
        "system_vendor": {"product_name": "fake", "serial_number": node, "manufacturer": "fake", "system_uuid": node},
        "boot": {"current_boot_mode": machine.mode.name()},
    });
    Inspection {
        memory_mb: Some(MEMORY_MB),
        local_gb: Some(LOCAL_GB),
        cpu_arch: Some(ARCHITECTURE.to_owned()),
        boot_mode: Some(machine.mode),
        nics: vec![Nic { mac, name: NIC.to_owned(), port: PortId(Uuid::new_v4()) }],
        boots_from: None,
        kept: Arc::new(Inventory { inventory: object(inventory), plugin_data: Object::new() }),
    }
}

/// Locally administered, from the end of the node's identity.
fn address(node: NodeId) -> Mac {
    let (_, low) = node.0.as_u64_pair();
    let [_, _, mac @ ..] = (low & OWN_PART | LOCAL).to_be_bytes();
    Mac(mac)
}

fn object(value: Value) -> Object {
    if let Value::Object(object) = value { object } else { Object::new() }
}

/// The five bytes of an address that are the node's own, and the one before them.
const OWN_PART: u64 = 0x00ff_ffff_ffff;
const LOCAL: u64 = 0x0200_0000_0000;
const ARCHITECTURE: &str = "x86_64";
const MEMORY_MB: u64 = 4096;
const LOCAL_GB: u64 = 99;
const NIC: &str = "nic 1";
