//! Records as bytes: whatever a client writes comes back, and no secret lies in the file.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Number, Value, json};

use super::*;
use crate::base::secret::{Secret, Veil};
use crate::model::bmc::{CredentialPrint, Session};
use crate::model::boot::{Agent, Boots};
use crate::model::cleaning::Erasure;
use crate::model::interface::Interface;
use crate::model::run::{Phase, Run};
use crate::model::step::{Again, AskedStep, By, Core, Kind, Step};
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::table::{nodes, ports};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_node_comes_back_as_it_went(node in any_node()) {
        let bench = Bench::new();
        if let Ok(bytes) = nodes::encode(&bench.sealer, &node) {
            let back = nodes::decode(&bench.file, &bench.sealer, node.id, &bytes).unwrap();
            prop_assert_eq!(back, node);
        }
    }

    #[test]
    fn a_port_comes_back_as_it_went(port in any_port()) {
        let bench = Bench::new();
        if let Ok(bytes) = ports::encode(&bench.sealer, &port) {
            let back = ports::decode(&bench.file, &bench.sealer, port.id, &bytes).unwrap();
            prop_assert_eq!(back, port);
        }
    }

    #[test]
    fn damaged_records_are_errors_and_no_panics(node in any_node(), at in any::<usize>(), byte in any::<u8>()) {
        let bench = Bench::new();
        if let Ok(mut bytes) = nodes::encode(&bench.sealer, &node) {
            let at = at % bytes.len();
            bytes[at] = byte;
            nodes::decode(&bench.file, &bench.sealer, node.id, &bytes).ok();
            bytes.truncate(at);
            prop_assert!(nodes::decode(&bench.file, &bench.sealer, node.id, &bytes).is_err());
        }
    }
}

#[test]
fn sealed_values_open_only_in_their_place_and_with_their_key() {
    let sealer = Sealer::new(&Secret::new("a key of some length"));
    let mut object = object(json!({"redfish_password": "hunter2", "plain": 1, "ipmi_hex_kg_key": "hunter2",
        "redfish_address": "http://adm:hunter2@host", "kernels": ["https://u:hunter2@files/k"]}));
    sealer.seal("node/driver_info", Veil::Names, &mut object).unwrap();
    assert!(!Value::Object(object.clone()).to_string().contains("hunter2"));
    assert_eq!(object["plain"], 1);
    assert!(sealer.open("other/driver_info", &mut object.clone()).is_err());
    let stranger = Sealer::new(&Secret::new("another key of some length"));
    assert!(stranger.open("node/driver_info", &mut object.clone()).is_err());
    sealer.open("node/driver_info", &mut object).unwrap();
    assert_eq!(object["redfish_password"], "hunter2");
    assert_eq!(object["redfish_address"], "http://adm:hunter2@host");
    assert_eq!(object["kernels"][0], "https://u:hunter2@files/k");
}

#[test]
fn a_sealed_float_comes_back_to_the_last_bit() {
    let sealer = Sealer::new(&Secret::new("a key of some length"));
    let written = object(json!({"password": 2.638_344_616_030_823e-256}));
    let mut stored = written.clone();
    sealer.seal("node/extra", Veil::Names, &mut stored).unwrap();
    sealer.open("node/extra", &mut stored).unwrap();
    assert_eq!(stored, written);
}

#[test]
fn a_client_cannot_pass_for_sealed() {
    let sealer = Sealer::new(&Secret::new("a key of some length"));
    let written = object(json!({"note": {"$sealed": "AAAA"}, "list": [{"$sealed": "x"}]}));
    let mut stored = written.clone();
    sealer.seal("node/extra", Veil::Names, &mut stored).unwrap();
    assert_ne!(stored, written);
    sealer.open("node/extra", &mut stored).unwrap();
    assert_eq!(stored, written);
}

#[tokio::test]
async fn no_secret_lies_in_the_file() {
    let rig = Rig::new();
    let store = rig.open();
    let mut node = node(1);
    node.wished.driver_info = object(json!({
        "redfish_address": "https://plain-to-see.example",
        "redfish_password": "needle-1",
        "deep": [{"snmp_auth_key": {"inner": "needle-2"}}],
    }));
    node.wished.instance_info = object(json!({
        "image_auth_token": "needle-3",
        "image_url": "https://needle-7.example/?signature=1",
        "configdrive": {"user_data": "needle-8"},
        "deep": [{"image_url": "needle-9"}],
        "image_source": "https://also-plain.example",
    }));
    node.agent = Some(agent("needle-4"));
    node.bmc.session = Some(Session {
        token: Secret::new("needle-10"),
        path: Some("/redfish/v1/SessionService/Sessions/plain-path".to_owned()),
        opened: Moment(1),
        print: CredentialPrint("print".to_owned()),
    });
    node.run = Some(run(object(json!({"password": "needle-5"}))));
    let put_node = put(&store, node.clone()).await.unwrap();
    let mut port = port(1, node_id(1));
    port.internal_info = object(json!({"secret": "needle-6"}));
    write(&store, move |txn| txn.ports().put(&port)).await.unwrap();
    let text = store.dump().unwrap();
    assert!(text.contains("plain-to-see") && !text.contains("needle"), "{text}");
    store.close().await;
    let bytes = std::fs::read(rig.data_file()).unwrap();
    assert!(holds(&bytes, b"plain-to-see") && holds(&bytes, b"also-plain"));
    assert!(!holds(&bytes, b"needle"));
    let shown = rig.open().reader().published();
    assert_eq!(shown.node(node_id(1)), Some(&put_node));
    assert_eq!(shown.port(port_id(1)).unwrap().internal_info["secret"], "needle-6");
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A file to decode from; only its name matters.
struct Bench {
    file: File,
    sealer: Sealer,
    _dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open(dir.path()).unwrap();
        Self { file, sealer: Sealer::new(&Secret::new("a key of some length")), _dir: dir }
    }
}

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("not an object") };
    object
}

fn agent(token: &str) -> Agent {
    Agent {
        token: Secret::new(token),
        pregenerated: false,
        given_to: Some("10.0.0.7".parse().unwrap()),
        borne: true,
        proven: false,
        url: Some("https://10.0.0.7:9999".to_owned()),
        verify_ca: None,
        version: Some("13.0.0".to_owned()),
        status: None,
        status_message: None,
        last_heartbeat: Some(Moment(-5)),
    }
}

fn run(args: Object) -> Run {
    let step = Step {
        interface: Interface::Deploy,
        step: "write_image".to_owned(),
        args: args.clone(),
        priority: -80,
        abortable: true,
        by: By::Core(Core::Reboot),
        again: Again::LookFirst,
        hidden: false,
        reboot_after: true,
        asked: false,
        abort_after: false,
    };
    let asked = AskedStep {
        interface: Interface::Bios,
        step: "x".to_owned(),
        args: args.clone(),
        priority: None,
        children: None,
    };
    Run {
        kind: Kind::Deploy,
        manual: true,
        by_runbook: false,
        disable_ramdisk: true,
        plan: vec![step],
        cursor: 3,
        phase: Phase::Reboot { into: Boots::Ramdisk },
        memo: args.clone(),
        lost: 1,
        changes: 4,
        reboots: 5,
        silent: 2,
        firmware: None,
        booted_before: Some(Boots::Disk),
        boot_waited: 0,
        waited: 0,
        trouble: None,
        step_began: None,
        fetched: true,
        versions: args,
        erasure: Erasure { iterations: 9, ..Erasure::default() },
        asked: vec![asked],
        started: Moment(8),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<u64>().prop_map(Number::from),
        any::<i64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("JSON has no such number", Number::from_f64),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        ".{0,20}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map(any_key(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![Just("password".to_owned()), Just("$sealed".to_owned()), ".{0,12}".prop_map(String::from)]
}

fn any_object() -> impl Strategy<Value = Object> {
    btree_map(any_key(), any_json(), 0..4).prop_map(|map| map.into_iter().collect())
}

prop_compose! {
    fn any_node()(
        number in any::<u128>(),
        objects in vec(any_object(), 7),
        instance in any::<Option<u128>>(),
        token in proptest::option::of(".{0,43}"),
        running in any::<bool>(),
        moment in any::<i64>(),
        secure_boot in any::<Option<bool>>(),
    ) -> Node {
        let mut node = node(number);
        let [driver_info, properties, extra, instance_info, network_data, raid, args] =
            <[Object; 7]>::try_from(objects).unwrap();
        node.order = 7;
        node.created_at = Moment(moment);
        node.wished.driver_info = driver_info;
        node.wished.properties = properties;
        node.wished.extra = extra;
        node.wished.instance_info = instance_info;
        node.wished.network_data = network_data;
        node.wished.instance_uuid = instance.map(Uuid::from_u128);
        node.wished.parent_node = instance.map(node_id);
        node.wished.secure_boot = secure_boot;
        node.raid_config = raid;
        node.agent = token.map(|token| agent(&token));
        node.run = running.then(|| run(args));
        node
    }
}

prop_compose! {
    fn any_port()(
        number in any::<u128>(),
        objects in vec(any_object(), 3),
        name in proptest::option::of(".{0,20}"),
        pxe_enabled in any::<bool>(),
    ) -> Port {
        let mut port = port(number, node_id(number ^ 1));
        let [extra, link, internal] = <[Object; 3]>::try_from(objects).unwrap();
        port.order = u64::MAX;
        port.wished.extra = extra;
        port.wished.local_link_connection = link;
        port.wished.name = name;
        port.wished.pxe_enabled = pxe_enabled;
        port.internal_info = internal;
        port
    }
}
