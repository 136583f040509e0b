//! What the change of anything but a node tells: that it was created, updated or deleted.

use serde_json::Value;
use uuid::Uuid;

use crate::base::secret::{MASK, Veil};
use crate::model::inspection::rule::Rule;
use crate::model::notice::sight::Sight;
use crate::model::notice::{Members, Notice, Service, Turned, payload};
use crate::model::port::Port;
use crate::model::shape::{Field, json, port, rule};
use crate::model::thing::Thing;

/// What the change of a thing tells; `name` is that of its kind as in the names of payloads, e.g. `DeployTemplate`.
pub fn thing<T: Thing>(name: &str, turned: &Turned<'_, T>) -> Vec<Notice> {
    turned.change().map_or_else(Vec::new, |change| changed(name, change, turned.host).with_start())
}

/// What came of it, as `end`.
pub(super) fn changed<T: Thing>(name: &str, (action, shown): (&str, &T), host: &str) -> Notice {
    let name = official(name);
    let payload = payload(&format!("{name}CRUDPayload"), version(name), |all| {
        if T::table().is_empty() {
            stored(all, shown.id(), serde_json::to_value(shown).unwrap_or_default());
        } else {
            all.shown(T::table(), &values(T::table()), shown, host);
        }
    });
    Notice { node: shown.node(), sight: Sight::of_thing(shown.owner()), ..crud(name, action, payload) }
}

/// What the change of an inspection rule tells.
pub fn inspection_rule(turned: &Turned<'_, Rule>) -> Vec<Notice> {
    let Some((action, shown)) = turned.change() else { return Vec::new() };
    let names = values(rule::TABLE);
    let payload = payload("InspectionRuleCRUDPayload", "1.0", |all| {
        all.shown(rule::TABLE, &names, shown, turned.host);
    });
    crud("InspectionRule", action, payload).with_start()
}

/// The reference's name of a kind, where ours is shorter.
fn official(name: &str) -> &str {
    match name {
        "Template" => "DeployTemplate",
        "Connector" => "VolumeConnector",
        "Target" => "VolumeTarget",
        same => same,
    }
}

fn crud(name: &str, action: &str, payload: Vec<u8>) -> Notice {
    Notice {
        event_type: format!("baremetal.{}.{action}.end", name.to_ascii_lowercase()),
        service: Service::Api,
        is_error: false,
        node: None,
        sight: Sight::default(),
        payload,
    }
}

/// Members that are values; links are for who browses.
fn values<T>(table: &'static [Field<T>]) -> Vec<&'static str> {
    table.iter().filter(|row| row.is_value()).map(|row| row.name).collect()
}

/// A record's own members under its UUID, secrets masked.
fn stored(all: &mut Members, id: Uuid, value: Value) {
    all.member("uuid", |out| json::uuid(out, id));
    let Value::Object(mut members) = value else { return };
    members.retain(|name, _| !matches!(name.as_str(), "id" | "uuid" | "order"));
    for (name, value) in members {
        let hidden = Veil::Names.hides(&name);
        all.member(&name, |out| {
            if let Value::Object(inner) = &value {
                json::masked(out, inner, Veil::Names);
            } else if hidden && value.is_string() {
                json::text(out, MASK);
            } else {
                json::value(out, &value);
            }
        });
    }
}

/// The version of the reference's payload.
fn version(name: &str) -> &'static str {
    match name {
        "Portgroup" => "1.3",
        "Allocation" | "Runbook" => "1.1",
        _ => "1.0",
    }
}

/// What the change of a port tells.
pub fn port(turned: &Turned<'_, Port>) -> Vec<Notice> {
    turned.change().map_or_else(Vec::new, |change| port_changed(change, turned.host).with_start())
}

/// What came of it, as `end`.
pub(super) fn port_changed((action, shown): (&str, &Port), host: &str) -> Notice {
    let payload = payload("PortCRUDPayload", "1.8", |all| all.shown(port::TABLE, PORT, shown, host));
    Notice { node: Some(shown.node), ..crud("Port", action, payload) }
}

/// `PortCRUDPayload` 1.8.
const PORT: &[&str] = &[
    "address",
    "extra",
    "local_link_connection",
    "pxe_enabled",
    "node_uuid",
    "portgroup_uuid",
    "physical_network",
    "created_at",
    "updated_at",
    "uuid",
    "is_smartnic",
    "name",
    "description",
    "vendor",
    "category",
    "available_for_dynamic_portgroup",
];

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::chassis::{Chassis, ChassisWished};

    fn data(notice: &Notice) -> Value {
        serde_json::from_slice::<Value>(&notice.payload).unwrap()["ironic_object.data"].clone()
    }

    #[test]
    fn a_thing_with_a_table_is_told_as_answers_show_it() {
        let wished = ChassisWished { description: Some("row 1".to_owned()), ..ChassisWished::default() };
        let id = Uuid::from_u128(7);
        let chassis = Chassis { id, order: 3, created_at: Moment(0), updated_at: None, wished };
        let told = thing("Chassis", &Turned { before: None, after: Some(&chassis), host: "h" });
        let types: Vec<&str> = told.iter().map(|notice| notice.event_type.as_str()).collect();
        assert_eq!(types, ["baremetal.chassis.create.start", "baremetal.chassis.create.end"]);
        let notice = &told[1];
        assert_eq!((notice.node, &notice.payload), (None, &told[0].payload));
        let created = "1970-01-01T00:00:00.000000+00:00";
        assert_eq!(
            data(notice),
            json!({"uuid": id, "created_at": created, "updated_at": null, "description": "row 1", "extra": {}})
        );
        let both = Turned { before: Some(&chassis), after: Some(&chassis), host: "h" };
        assert_eq!(thing("Chassis", &both), []);
        let gone = thing("Chassis", &Turned { after: None, ..both }).pop().unwrap();
        assert_eq!(gone.event_type, "baremetal.chassis.delete.end");
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Bare {
        id: Uuid,
        order: u64,
        password: String,
        args: Value,
    }

    impl Thing for Bare {
        const WORD: &'static str = "bare thing";

        fn id(&self) -> Uuid {
            self.id
        }

        fn order(&self) -> u64 {
            self.order
        }

        fn set_order(&mut self, order: u64) {
            self.order = order;
        }

        fn node(&self) -> Option<NodeId> {
            Some(NodeId(Uuid::from_u128(9)))
        }
    }

    #[test]
    fn a_thing_without_a_table_is_told_as_it_is_stored_but_for_secrets() {
        let id = Uuid::from_u128(7);
        let args = json!({"token": "hunter2", "a": 1});
        let bare = Bare { id, order: 1, password: "hunter2".to_owned(), args };
        let notice =
            thing("Template", &Turned { before: None, after: Some(&bare), host: "h" }).pop().unwrap();
        assert_eq!(notice.event_type, "baremetal.deploytemplate.create.end");
        assert_eq!(notice.node, Some(NodeId(Uuid::from_u128(9))));
        let wanted = json!({"uuid": id, "password": "******", "args": {"token": "******", "a": 1}});
        assert_eq!(data(&notice), wanted);
    }
}
