//! Settings of the firmware: written down, taken up at a boot, compared.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::world::{Rig, SYSTEM, collection, refuse};
use super::{CUTS, Cut, Played, call, play};
use crate::driver::redfish::upkeep::bios_step::BiosStep;
use crate::model::interface::Interface;
use crate::model::part::sheet::Sheet;
use crate::model::step::Kind;
use crate::model::turn::Turn;

const BIOS: &str = "/redfish/v1/Systems/1/Bios";
const SETTINGS: &str = "/redfish/v1/Systems/1/Bios/Settings";
const FILE: &str = "/redfish/v1/Registries/BiosAttributeRegistry.v1";
const REGISTRY: &str = "/registry.json";

/// Settings of every type behind a registry; changes wait for a boot.
async fn rig() -> Rig {
    let link = |path: &str| json!({"@odata.id": path});
    let bios = json!({
        "AttributeRegistry": "BiosAttributeRegistry.v1", "Actions": {"#Bios.ResetBios": {"target": "/ResetBios"}},
        "Attributes": {"Turbo": true, "Cores": 4, "Mode": "Uefi", "Serial": "x", "Secret": null},
        "@Redfish.Settings": {"SettingsObject": link(SETTINGS), "ETag": "\"old\"", "SupportedApplyTimes": ["OnReset"],
            "Messages": [{"Message": "the last change was refused"}]},
    });
    let rules = json!({"RegistryEntries": {"Attributes": [
        {"AttributeName": "Turbo", "Type": "Boolean"},
        {"AttributeName": "Cores", "Type": "Integer", "LowerBound": 1, "UpperBound": 8},
        {"AttributeName": "Mode", "Type": "Enumeration", "Value": [{"ValueName": "Uefi"}, {"ValueName": "Bios"}]},
        {"AttributeName": "Serial", "Type": "String", "ReadOnly": true},
        {"AttributeName": "Secret", "Type": "Password", "MaxLength": 8},
    ]}});
    let more = [
        ("/redfish/v1/", json!({"Registries": link("/redfish/v1/Registries")})),
        (SYSTEM, json!({"Bios": link(BIOS)})),
        (BIOS, bios),
        (SETTINGS, json!({"Attributes": {}, "@odata.etag": "\"settings\""})),
        ("/redfish/v1/Registries", collection(&[FILE])),
        (
            FILE,
            json!({"Registry": "BiosAttributeRegistry.v1", "Location": [{"Language": "en", "Uri": REGISTRY}]}),
        ),
        (REGISTRY, rules),
    ];
    Rig::start(&more, |all, method, path, body| {
        if (method, path) == ("PATCH", SETTINGS) {
            if !all[SETTINGS]["Attributes"].as_object().unwrap().is_empty() {
                return Some(refuse(400, "SYS011", "a job is pending already"));
            }
            let wished = body["Attributes"].as_object().unwrap().clone();
            all.get_mut(SETTINGS).unwrap()["Attributes"].as_object_mut().unwrap().extend(wished);
        }
        if path == "/ResetBios" {
            if body.is_null() {
                return Some(refuse(415, "Base.UnrecognizedRequestBody", "a body is missing"));
            }
            all.get_mut(SETTINGS).unwrap()["Attributes"] = json!({"Turbo": false, "Cores": 1});
        }
        None
    })
    .await
}

/// The machine boots, and takes up what waits, but for what it does not like.
fn boot(rig: &Rig, but: &str) {
    let mut world = rig.world();
    let waiting = world.resources[SETTINGS]["Attributes"].as_object().unwrap().clone();
    let all = &mut world.resources;
    for (name, value) in waiting.into_iter().filter(|(name, _)| name != but && name != "Secret") {
        all.get_mut(BIOS).unwrap()["Attributes"][name] = value;
    }
    all.get_mut(SETTINGS).unwrap()["Attributes"] = Value::Object(Map::new());
}

async fn apply(rig: &Rig, settings: Value, cut: Cut, but: &str) -> Played {
    let work = BiosStep::of("apply_configuration", Arc::clone(&rig.rack)).unwrap();
    let call = call(rig, Interface::Bios, "apply_configuration", Kind::Clean, &json!({"settings": settings}));
    play(&work, call, cut, || boot(rig, but)).await
}

fn value(played: &Played, name: &str) -> Option<String> {
    let Turn::Done(result) = &played.turn else { panic!("{played:?}") };
    let [Sheet::Settings(rows)] = &Sheet::of(result)[..] else { panic!("{result:?}") };
    rows.iter().find(|row| row.name == name).unwrap().value.clone()
}

#[tokio::test]
async fn settings_are_written_down_once_taken_up_at_one_boot_and_read_anew_wherever_the_daemon_is_cut() {
    for cut in CUTS {
        let rig = rig().await;
        let asked = json!([{"name": "Turbo", "value": "false"}, {"name": "Cores", "value": "2"},
            {"name": "Mode", "value": "Bios"}, {"name": "Secret", "value": "hush"}]);
        let played = apply(&rig, asked, cut, "").await;
        assert_eq!(value(&played, "Turbo").as_deref(), Some("False"), "{cut:?}");
        assert_eq!(value(&played, "Cores").as_deref(), Some("2"));
        assert_eq!(played.reboots, 1, "{cut:?}");
        let time = json!({"@odata.type": "#Settings.v1_0_0.PreferredApplyTime", "ApplyTime": "OnReset"});
        let wanted = json!({"Attributes": {"Turbo": false, "Cores": 2, "Mode": "Bios", "Secret": "hush"},
            "@Redfish.SettingsApplyTime": time});
        assert_eq!(rig.asked("Settings"), [wanted], "{cut:?}");
    }
}

#[tokio::test]
async fn a_machine_that_has_what_is_asked_is_not_touched() {
    let rig = rig().await;
    let played = apply(
        &rig,
        json!([{"name": "Cores", "value": 4}, {"name": "Turbo", "value": "True"}]),
        Cut::Never,
        "",
    )
    .await;
    assert_eq!(value(&played, "Cores").as_deref(), Some("4"));
    assert_eq!((played.reboots, rig.world().asked.len()), (0, 0));
}

#[tokio::test]
async fn what_the_registry_does_not_let_pass_is_refused_together_and_by_name() {
    let rig = rig().await;
    let played = apply(
        &rig,
        json!([{"name": "Cores", "value": 9}, {"name": "Mode", "value": "Maybe"}, {"name": "Serial", "value": "y"},
            {"name": "None", "value": "z"}, {"name": "Turbo", "value": false}]),
        Cut::Never,
        "",
    )
    .await;
    for word in [
        "Cores must be 8 at most",
        "Mode must be one of Uefi, Bios",
        "Serial is read-only",
        "None is not known",
    ] {
        assert!(played.failure().contains(word), "{played:?}");
    }
    assert!(!played.failure().contains("Turbo") && rig.world().asked.is_empty());
    for (wrong, word) in [
        (json!("x"), "must be a list"),
        (json!([{"name": "Cores"}]), "a name and a value"),
        (json!([{"name": "Cores", "value": 1}, {"name": "Cores", "value": 2}]), "given twice"),
    ] {
        let played = apply(&rig, wrong, Cut::Never, "").await;
        assert!(played.failure().contains(word), "{played:?}");
    }
}

#[tokio::test]
async fn a_setting_that_is_not_taken_up_is_named_after_a_quarter_of_an_hour() {
    let rig = rig().await;
    let asked = json!([{"name": "Turbo", "value": false}, {"name": "Cores", "value": 2}]);
    let played = apply(&rig, asked, Cut::Never, "Cores").await;
    assert!(played.failure().contains("Cores (asked 2, seen 4)"), "{played:?}");
    assert!(played.failure().contains("the last change was refused") && !played.failure().contains("Turbo"));
    assert_eq!((played.reboots, played.waited), (1, 900));
}

#[tokio::test]
async fn settings_go_back_to_those_of_the_factory_at_a_boot() {
    for cut in CUTS {
        let rig = rig().await;
        let work = BiosStep::of("factory_reset", Arc::clone(&rig.rack)).unwrap();
        let call = call(&rig, Interface::Bios, "factory_reset", Kind::Service, &json!({}));
        let played = play(&work, call, cut, || boot(&rig, "")).await;
        assert_eq!((value(&played, "Cores").as_deref(), played.reboots), (Some("1"), 1), "{cut:?}");
    }
}

#[tokio::test]
async fn a_machine_without_settings_says_so() {
    let rig = Rig::start(&[], |_, _, _, _| None).await;
    let played = apply(&rig, json!([{"name": "Cores", "value": 9}]), Cut::Never, "").await;
    assert!(played.failure().contains("BIOS settings"), "{played:?}");
}
