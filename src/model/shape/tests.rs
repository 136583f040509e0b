use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::bmc::{
    Bmc, CredentialPrint, Health, Identity, Pin, RefusedLogin, Remembered, Session, Silence,
};
use crate::model::boot::{Agent, BootDevice};
use crate::model::interface::Interface;
use crate::model::node::Wished;
use crate::model::port::PortWished;
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run, Trouble, Wait, WaitFor};
use crate::model::step::{Again, Kind};
use crate::model::turn::InBand;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/goldens/api/fields.json")).unwrap()
}

fn rows<T>(table: &'static [Field<T>]) -> Vec<(String, u16, bool, bool)> {
    let mut rows: Vec<_> = table
        .iter()
        .filter(|row| row.place != Place::Always)
        .map(|row| (row.name.to_owned(), row.since, row.create, row.patch))
        .collect();
    rows.sort();
    rows
}

fn contract(resource: &str) -> Vec<(String, u16, bool, bool)> {
    contract_in(&golden(), resource)
}

fn contract_in(golden: &Value, resource: &str) -> Vec<(String, u16, bool, bool)> {
    let mut rows: Vec<_> = golden[resource]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["write_only"].as_bool() != Some(true))
        .map(|row| {
            let since = row["min_microversion"].as_str().unwrap().strip_prefix("1.").unwrap();
            (
                row["name"].as_str().unwrap().to_owned(),
                since.parse().unwrap(),
                row["create"].as_bool().unwrap(),
                row["patch"].as_bool().unwrap(),
            )
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn the_tables_are_the_contract() {
    assert_eq!(rows(node::TABLE), contract("node"));
    assert_eq!(rows(port::TABLE), contract("port"));
    assert_eq!(rows(portgroup::TABLE), contract("portgroup"));
}

#[test]
fn the_tables_of_plans_are_the_contract() {
    let golden: Value = serde_json::from_str(include_str!("../../../tests/goldens/api/plans.json")).unwrap();
    assert_eq!(rows(template::TABLE), contract_in(&golden, "deploy_template"));
    assert_eq!(rows(runbook::TABLE), contract_in(&golden, "runbook"));
    for (resource, names) in
        [("deploy_template", refused(template::TABLE)), ("runbook", refused(runbook::TABLE))]
    {
        let theirs: Vec<_> = golden["refused_sort_keys"][resource].as_array().unwrap().iter().collect();
        assert_eq!(names, theirs, "{resource}");
    }
}

#[test]
fn json_columns_are_no_sort_keys() {
    let golden = golden();
    for (resource, names) in [
        ("node", refused(node::TABLE)),
        ("port", refused(port::TABLE)),
        ("portgroup", refused(portgroup::TABLE)),
    ] {
        let mut theirs: Vec<_> = golden["refused_sort_keys"][resource]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        theirs.sort_unstable();
        assert_eq!(names, theirs, "{resource}");
    }
}

fn refused<T>(table: &'static [Field<T>]) -> Vec<&'static str> {
    let mut names: Vec<_> =
        table.iter().filter(|row| row.place == Place::Document).map(|row| row.name).collect();
    names.sort_unstable();
    names
}

fn node() -> Node {
    let wished = Wished {
        driver: "fake-hardware".to_owned(),
        name: Some("n\"1".to_owned()),
        driver_info: serde_json::from_str(r#"{"redfish_password": "hunter2"}"#).unwrap(),
        instance_info: serde_json::from_str(r#"{"image_url": "http://hunter2"}"#).unwrap(),
        ..Wished::default()
    };
    let mut node = Node::new(NodeId(Uuid::nil()), wished, Moment(0));
    node.agent = Some(Agent {
        token: Secret::new("hunter2"),
        pregenerated: false,
        given_to: None,
        borne: true,
        proven: false,
        url: Some("https://10.0.0.7:9999".to_owned()),
        verify_ca: None,
        version: Some("13.0.0".to_owned()),
        status: None,
        status_message: None,
        last_heartbeat: Some(Moment(0)),
    });
    node.config_drive = Some("abc".to_owned());
    node
}

fn shown(node: &Node, version: u16) -> Value {
    let mut out = Vec::new();
    let frame =
        Frame { host: "rack0", base: "http://api", version, project: None, is_lesser: false, told: &[] };
    write(node::TABLE, &Pick::All, &Shown { record: node, frame }, &mut out);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn nothing_secret_is_shown() {
    let value = shown(&node(), LATEST);
    assert!(!value.to_string().contains("hunter2"), "{value}");
    assert_eq!(value["instance_info"]["configdrive"], "******");
    assert_eq!(value["driver_internal_info"]["agent_secret_token"], "******");
    assert_eq!(value["driver_internal_info"]["agent_last_heartbeat"], "1970-01-01T00:00:00.000000");
    assert_eq!(node_for_agent(&node(), "rack0")["driver_info"]["redfish_password"], "******");
}

#[test]
fn a_version_shows_what_it_has_and_no_more() {
    for version in 1..=LATEST {
        let value = shown(&node(), version);
        let names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        for row in node::TABLE {
            assert_eq!(
                names.iter().any(|name| name == row.name),
                row.since <= version,
                "{} {version}",
                row.name
            );
        }
    }
}

#[test]
fn states_have_the_names_of_their_time() {
    let mut node = node();
    node.provision = Provision::Available;
    assert_eq!(shown(&node, 1)["provision_state"], Value::Null);
    assert_eq!(shown(&node, 2)["provision_state"], "available");
    node.provision = Provision::InspectWait;
    assert_eq!(shown(&node, 38)["provision_state"], "inspecting");
    assert_eq!(shown(&node, 39)["provision_state"], "inspect wait");
}

#[test]
fn a_short_list_has_its_members_and_links() {
    let mut out = Vec::new();
    let node = node();
    let frame = Frame {
        host: "rack0",
        base: "http://api",
        version: LATEST,
        project: None,
        is_lesser: false,
        told: &[],
    };
    write(node::TABLE, &Pick::named(node::TABLE, node::SHORT), &Shown { record: &node, frame }, &mut out);
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 7);
    assert_eq!(value["links"][0]["href"], "http://api/v1/nodes/00000000-0000-0000-0000-000000000000");
    assert_eq!(value["links"][1]["rel"], "bookmark");
    assert_eq!(value["name"], "n\"1");
}

#[test]
fn a_port_is_shown_to_the_agent() {
    let port = Port {
        id: PortId(Uuid::nil()),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(Uuid::nil()),
        address: Mac([2, 0, 0, 0, 0, 1]),
        wished: PortWished::default(),
        internal_info: Object::new(),
    };
    let value = port_for_agent(&port, "rack0");
    assert_eq!(value["address"], "02:00:00:00:00:01");
    assert_eq!(value["pxe_enabled"], true);
}

#[test]
fn what_is_learnt_of_a_bmc_is_shown_without_its_secrets() {
    let mut node = node();
    assert_eq!(shown(&node, LATEST)["driver_internal_info"].get("bmc_session_opened"), None);
    let print = CredentialPrint("hunter2".to_owned());
    node.wished.interfaces.management = "redfish".to_owned();
    node.bmc = Bmc {
        refused: Some(RefusedLogin { print: print.clone(), at: Moment(0), why: "401".to_owned() }),
        silent: Some(Silence { since: Moment(0), why: "timed out".to_owned() }),
        session: Some(Session { token: Secret::new("hunter2"), path: None, opened: Moment(0), print }),
        pin: Some(Pin { sha256: "aa".to_owned(), first_seen: Moment(0), met: Some("bb".to_owned()) }),
        host_key: Some(Pin { sha256: "SHA256:cc".to_owned(), first_seen: Moment(0), met: None }),
        remembered_boot_device: Some(Remembered { device: Some(BootDevice::Pxe), next_is_once: false }),
        vendor: Some("dell inc.".to_owned()),
        connection_reuse: Some(false),
        identity: Identity { model: "R650".to_owned(), ..Identity::default() },
        lifts: 1,
        health: Some(Health::Warning),
    };
    assert_eq!(shown(&node, LATEST)["health"], "Warning");
    let info = shown(&node, LATEST)["driver_internal_info"].clone();
    assert!(!info.to_string().contains("hunter2"), "{info}");
    let moment = "1970-01-01T00:00:00.000000";
    assert_eq!(info["bmc_login_refused"], json!({"at": moment, "why": "401"}));
    assert_eq!(info["bmc_silent"], json!({"since": moment, "why": "timed out"}));
    assert_eq!(info["bmc_session_opened"], moment);
    assert_eq!((&info["redfish_tls_pin"], &info["redfish_tls_pin_refused"]), (&json!("aa"), &json!("bb")));
    assert_eq!(info["redfish_ssh_host_key"], "SHA256:cc");
    assert_eq!((&info["redfish_boot_device"], info.get("is_next_boot_persistent")), (&json!("pxe"), None));
    assert_eq!((&info["bmc_vendor"], &info["bmc_connection_reuse"]), (&json!("dell inc."), &json!(false)));
    assert_eq!(info["bmc_identity"], json!({"model": "R650"}));
    node.wished.interfaces.management = "ipmitool".to_owned();
    node.bmc.remembered_boot_device = Some(Remembered { device: Some(BootDevice::Pxe), next_is_once: true });
    let info = shown(&node, LATEST)["driver_internal_info"].clone();
    assert_eq!(
        (&info["persistent_boot_device"], &info["is_next_boot_persistent"]),
        (&json!("pxe"), &json!(false))
    );
}

#[test]
fn only_an_agent_that_cleans_is_told_how_disks_are_erased() {
    let mut record = node();
    for kind in [Kind::Clean, Kind::Deploy, Kind::Service, Kind::Rescue] {
        record.run = Some(Run::new(kind, Vec::new(), Moment(0)));
        let info = node_for_agent(&record, "host")["driver_internal_info"].clone();
        for (name, value) in [
            ("agent_erase_devices_iterations", json!(1)),
            ("agent_erase_devices_zeroize", json!(true)),
            ("agent_continue_if_secure_erase_failed", json!(false)),
            ("agent_continue_if_ata_erase_failed", json!(false)),
            ("agent_enable_nvme_secure_erase", json!(true)),
            ("agent_enable_ata_secure_erase", json!(true)),
            ("agent_erase_skip_read_only", json!(false)),
        ] {
            let told = info.get(name);
            assert_eq!(told, (kind == Kind::Clean).then_some(&value), "{kind:?} {name}");
        }
    }
}

#[test]
fn the_steps_that_an_agent_told_are_shown_as_it_told_them_where_one_node_is_shown() {
    let step = InBand {
        interface: Interface::Raid,
        step: "burn".to_owned(),
        priority: 7,
        abortable: true,
        reboot_requested: false,
        again: Again::Repeat,
        required: vec!["b\"".to_owned()],
        known: vec!["a".to_owned(), "b\"".to_owned()],
        described: vec!["how \"hot\"".to_owned()],
    };
    let told = ToldSteps { kind: Kind::Clean, at: Moment(0), agent: None, steps: vec![step] };
    let frame = Frame {
        host: "rack0",
        base: "http://api",
        version: LATEST,
        project: None,
        is_lesser: false,
        told: &[told],
    };
    let mut out = Vec::new();
    write(node::TABLE, &Pick::All, &Shown { record: &node(), frame }, &mut out);
    let info = serde_json::from_slice::<Value>(&out).unwrap()["driver_internal_info"].clone();
    let args = json!({"a": {"description": "how \"hot\"", "required": false}, "b\"": {"description": "", "required": true}});
    let burn = json!({"interface": "raid", "step": "burn", "priority": 7, "abortable": true, "reboot_requested": false,
        "argsinfo": args});
    assert_eq!(info["agent_cached_clean_steps"], json!({"raid": [burn]}));
    assert_eq!(info["agent_cached_clean_steps_refreshed"], "1970-01-01 00:00:00.000000");
    assert_eq!(shown(&node(), LATEST)["driver_internal_info"].get("agent_cached_clean_steps"), None);
}

#[test]
fn a_wait_says_who_is_silent_and_what_suspends_it() {
    let mut record = node();
    let waiting = |record: &Node| shown(record, LATEST)["driver_internal_info"]["waiting"].clone();
    let wait = Wait {
        number: 1,
        why: WaitFor::Beat,
        from_whom: "the agent".to_owned(),
        since: Moment(0),
        length: 15,
        paused: Some(60),
        gives_up: None,
    };
    record.wait = Some(wait);
    record.wished.maintenance = false;
    let plain = waiting(&record);
    assert_eq!((plain["deadline_seconds"].as_u64(), plain.as_object().unwrap().len()), (Some(15), 5));
    assert_eq!(plain["then"], WaitFor::Beat.then());
    record.wished.maintenance = true;
    let trouble = Some(Trouble { since: Moment(0), why: "refused".to_owned() });
    record.run = Some(Run { phase: Phase::Beat, trouble, ..Run::new(Kind::Clean, Vec::new(), Moment(0)) });
    let waiting = waiting(&record);
    assert_eq!(waiting["suspended_by"], "maintenance");
    let trouble = serde_json::json!({"since": "1970-01-01T00:00:00.000000", "why": "refused"});
    assert_eq!(waiting["trouble"], trouble);
    assert_eq!(waiting["deadline_seconds"], 15);
    record.wait = None;
    record.run = Some(Run { phase: Phase::Hold, ..Run::new(Kind::Clean, Vec::new(), Moment(0)) });
    let held = shown(&record, LATEST)["driver_internal_info"]["waiting"].clone();
    assert_eq!(
        (held["from_whom"].as_str(), &held["deadline_seconds"]),
        (Some("a person"), &serde_json::Value::Null)
    );
    assert!(held["then"].as_str().unwrap().contains("unhold"));
}
