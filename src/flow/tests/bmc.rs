use serde_json::json;

use crate::base::secret::Secret;
use crate::flow::tests::stage::{Stage, object};
use crate::model::bmc::{CredentialPrint, Fact, Health, Identity, Remembered};
use crate::model::boot::BootDevice;
use crate::model::catalog::HardwareType;
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb};
use crate::model::decision::outcome::Happened;
use crate::model::interface::Interface;
use crate::model::shape::LATEST;

fn stage() -> Stage {
    let mut stage = Stage::new("fake");
    let info = json!({"redfish_address": "10.0.0.1", "redfish_username": "admin", "redfish_password": "a"});
    stage.node.wished.driver_info = object(info);
    let mut driver = HardwareType::default();
    for interface in Interface::ALL {
        let name = stage.node.wished.interfaces.of(interface).to_owned();
        driver.supported.insert(interface, vec![name.clone()]);
        stage.catalog.implementations.entry((interface, name)).or_default();
    }
    stage.catalog.types.insert("d".to_owned(), driver);
    stage
}

fn print() -> CredentialPrint {
    CredentialPrint("p".to_owned())
}

fn refuse(stage: &mut Stage) {
    stage.happen(&Happened::Learnt(Fact::LoginRefused { print: print(), why: "401".to_owned() }));
}

fn replace(path: &str, value: serde_json::Value) -> PatchOp {
    PatchOp { op: PatchVerb::Replace, path: path.to_owned(), value }
}

fn patch(stage: &mut Stage, operations: Vec<PatchOp>) {
    let ask = PatchAsk { operations, version: LATEST, reset_interfaces: false };
    stage.ask(&Ask::Patch(ask)).unwrap();
}

#[test]
fn the_vendor_is_detected_once_and_an_operator_knows_better() {
    let mut stage = stage();
    let vendor = |stage: &Stage| stage.node.wished.properties.get("vendor").cloned();
    let identity = Identity { manufacturer: "Dell Inc.".to_owned(), ..Identity::default() };
    stage.happen(&Happened::Learnt(Fact::Identity(Box::new(identity))));
    stage.happen(&Happened::Learnt(Fact::Vendor(Some("dell inc.".to_owned()))));
    assert_eq!(vendor(&stage), Some(json!("Dell Inc.")));
    stage.happen(&Happened::Learnt(Fact::Vendor(Some("other".to_owned()))));
    assert_eq!(vendor(&stage), Some(json!("Dell Inc.")), "it is kept");
    stage.node.wished.properties.insert("vendor".to_owned(), json!("redfish_compatible"));
    stage.happen(&Happened::Learnt(Fact::Vendor(Some("dell inc.".to_owned()))));
    assert_eq!(vendor(&stage), Some(json!("redfish_compatible")));
}

#[test]
fn a_fact_that_says_nothing_new_keeps_nothing() {
    let mut stage = stage();
    let facts = [
        Fact::LoginRefused { print: print(), why: "401".to_owned() },
        Fact::SessionOpened { token: Secret::new("t"), path: Some("/s/1".to_owned()), print: print() },
        Fact::PinSeen { sha256: "aa".to_owned() },
        Fact::PinRefused { sha256: "bb".to_owned() },
        Fact::HostKeySeen { sha256: "SHA256:cc".to_owned() },
        Fact::HostKeyRefused { sha256: "SHA256:dd".to_owned() },
        Fact::Vendor(Some("dell inc.".to_owned())),
        Fact::ConnectionReuse(false),
        Fact::Identity(Box::new(Identity { model: "R650".repeat(100), ..Identity::default() })),
    ];
    for fact in &facts {
        let before = stage.kept;
        stage.happen(&Happened::Learnt(fact.clone()));
        assert_eq!(stage.kept, before + 1, "{fact:?}");
        stage.happen(&Happened::Learnt(fact.clone()));
        assert_eq!(stage.kept, before + 1, "{fact:?}");
    }
    let told: Vec<_> = stage.journal.iter().filter(|event| event.event == "bmc").collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told[0].text.contains("401") && told[0].text.contains("driver_info"));
    assert!(told[2].text.contains("aa") && told[2].text.contains("bb"), "both are named");
    assert!(told[4].text.contains("SHA256:cc") && told[4].text.contains("SHA256:dd"), "both are named");
    assert_eq!(stage.node.bmc.identity.model.len(), 200);
    let mended = "/driver_info/redfish_ssh_host_key".to_owned();
    patch(&mut stage, vec![PatchOp { op: PatchVerb::Add, path: mended, value: json!("SHA256:dd") }]);
    assert_eq!(stage.node.bmc.host_key, None);
}

#[test]
fn a_refused_log_in_is_lifted_by_other_credentials_or_a_person() {
    for lifts in [
        vec![replace("/driver_info/redfish_password", json!("b"))],
        vec![replace("/driver_info/redfish_password", json!("a"))],
        vec![replace("/driver_info/redfish_password", json!("******"))],
        vec![replace("/driver_info/redfish_address", json!("10.0.0.2"))],
    ] {
        let mut stage = stage();
        refuse(&mut stage);
        patch(&mut stage, lifts.clone());
        assert_eq!((&stage.node.bmc.refused, stage.node.bmc.lifts), (&None, 1), "{lifts:?}");
    }
    let mut stage = stage();
    refuse(&mut stage);
    let whole =
        json!({"redfish_address": "10.0.0.1", "redfish_username": "admin", "redfish_password": "******"});
    for not in [replace("/driver_info", whole), replace("/extra", json!({"a": 1}))] {
        patch(&mut stage, vec![not]);
        assert!(stage.node.bmc.refused.is_some());
    }
    stage.ask(&Ask::Maintenance { on: true, reason: None }).unwrap();
    assert!(stage.node.bmc.refused.is_some());
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    assert_eq!((&stage.node.bmc.refused, stage.node.bmc.lifts), (&None, 1));
}

#[test]
fn credentials_that_are_taken_again_clear_the_record() {
    let mut stage = stage();
    refuse(&mut stage);
    assert!(stage.error().contains("401") && stage.error().contains("switches maintenance off"));
    stage.happen(&Happened::Learnt(Fact::LoginAccepted { print: print() }));
    assert_eq!((&stage.node.bmc.refused, &stage.node.last_error), (&None, &None));
}

#[test]
fn a_refusal_that_is_lifted_leaves_another_error_as_it_is() {
    let mut stage = stage();
    refuse(&mut stage);
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    assert_eq!(stage.node.last_error, None);
    refuse(&mut stage);
    stage.node.last_error = Some("deploy failed".to_owned());
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    assert_eq!(stage.error(), "deploy failed");
}

#[test]
fn a_silence_keeps_its_beginning_until_it_ends() {
    let mut stage = stage();
    let silent = |why: &str| Happened::Learnt(Fact::Silent { why: why.to_owned() });
    stage.happen(&silent("timed out"));
    let kept = stage.kept;
    stage.happen(&silent("no route"));
    assert_eq!(stage.kept, kept, "it is the same silence");
    assert_eq!(stage.node.bmc.silent.as_ref().unwrap().why, "timed out");
    stage.happen(&Happened::Learnt(Fact::Heard));
    assert_eq!(stage.node.bmc.silent, None);
    let told: Vec<_> = stage.journal.iter().map(|event| event.text.as_str()).collect();
    assert_eq!(told, ["the BMC does not answer: timed out", "the BMC answers again"]);
}

#[test]
fn another_address_is_another_bmc() {
    let mut stage = stage();
    stage.happen(&Happened::Learnt(Fact::PinSeen { sha256: "aa".to_owned() }));
    let opened = Fact::SessionOpened { token: Secret::new("t"), path: None, print: print() };
    stage.happen(&Happened::Learnt(opened));
    patch(&mut stage, vec![replace("/driver_info/redfish_password", json!("b"))]);
    assert!(stage.node.bmc.pin.is_some() && stage.node.bmc.session.is_some());
    patch(&mut stage, vec![replace("/driver_info/redfish_address", json!("10.0.0.2"))]);
    assert!(stage.node.bmc.is_empty(), "{:?}", stage.node.bmc);
}

#[test]
fn a_person_who_says_so_trusts_anew() {
    let mut stage = stage();
    stage.happen(&Happened::Learnt(Fact::PinSeen { sha256: "aa".to_owned() }));
    stage.happen(&Happened::Learnt(Fact::PinRefused { sha256: "bb".to_owned() }));
    let add = PatchOp {
        op: PatchVerb::Add,
        path: "/driver_info/redfish_tls_trust_first".to_owned(),
        value: json!(true),
    };
    patch(&mut stage, vec![add]);
    stage.happen(&Happened::Learnt(Fact::PinSeen { sha256: "bb".to_owned() }));
    let pin = stage.node.bmc.pin.clone().unwrap();
    assert_eq!((pin.sha256.as_str(), pin.met), ("bb", None));
}

#[test]
fn what_is_kept_of_boot_devices_ends_with_the_way_of_keeping_them() {
    let mut stage = stage();
    let kept = Some(Remembered { device: Some(BootDevice::Disk), next_is_once: false });
    stage.node.bmc.remembered_boot_device = kept;
    patch(&mut stage, vec![replace("/extra", json!({"a": 1}))]);
    assert_eq!(stage.node.bmc.remembered_boot_device, kept);
    let force = "/driver_info/ipmi_force_boot_device".to_owned();
    patch(&mut stage, vec![PatchOp { op: PatchVerb::Add, path: force, value: json!(true) }]);
    assert_eq!(stage.node.bmc.remembered_boot_device, None);
}

#[test]
fn a_health_that_changes_is_kept_and_told_once() {
    let mut stage = stage();
    let mut told = |health: Option<Health>| {
        let before = stage.journal.len();
        stage.happen(&Happened::Learnt(Fact::Health(health)));
        let notes: Vec<String> = stage.journal.iter().skip(before).map(|event| event.text.clone()).collect();
        (stage.node.bmc.health, notes.len(), notes.join(""))
    };
    assert_eq!(told(Some(Health::Ok)), (Some(Health::Ok), 0, String::new()));
    let (health, count, text) = told(Some(Health::Critical));
    assert_eq!((health, count), (Some(Health::Critical), 1));
    assert!(text.contains("health is Critical"), "{text}");
    assert_eq!(told(Some(Health::Critical)).1, 0);
    assert_eq!(told(None), (None, 0, String::new()));
    assert_eq!(told(Some(Health::Warning)).1, 1);
    assert_eq!(told(Some(Health::Ok)).1, 1);
}
