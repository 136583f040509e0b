//! What every profile does by the book.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::net::http::Method;
use crate::twin::progress::{Power, Source};
use crate::twin::redfish::profile::Profile;
use crate::twin::redfish::tests::asker::Rig;
use crate::wire::redfish::shape::served::Served;

/// Every link in a body.
fn links(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(path) = map.get("@odata.id").and_then(Value::as_str) {
                into.push(path.split('#').next().unwrap().to_owned());
            }
            map.values().for_each(|below| links(below, into));
        }
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn every_link_leads_somewhere_and_every_body_is_what_its_model_says() {
    for profile in Profile::ALL {
        let rig = Rig::new(*profile).await;
        let (mut seen, mut open) = (BTreeSet::new(), vec!["/redfish/v1".to_owned()]);
        let mut resources = 0;
        while let Some(path) = open.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let answer = rig.get(&path).await;
            if path.contains("/Oem/Supermicro/RADIUS") {
                continue;
            }
            assert_eq!(answer.status, 200, "{profile:?} {path}");
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            resources += 1;
            if let Some(kind) = Served::of(&body) {
                assert_eq!(kind.misfit(&body), None, "{profile:?} {path}: {body}");
            }
            links(&body, &mut open);
        }
        assert!(resources >= 120, "{profile:?} has {resources} resources");
    }
}

#[tokio::test]
async fn the_account_and_sessions_let_in_and_nothing_else_does() {
    let rig = Rig::new(Profile::Hpe).await;
    let wrong = [("Authorization", "Basic YWRtaW46d3Jvbmc=")];
    assert_eq!(rig.ask(Method::Get, "/redfish/v1", &Value::Null, &wrong).await.unwrap().status, 200);
    let refused = rig.ask(Method::Get, "/redfish/v1/Systems", &Value::Null, &wrong).await.unwrap();
    assert_eq!(refused.status, 401);
    let said: Value = serde_json::from_slice(&refused.body).unwrap();
    let id = said.pointer("/error/@Message.ExtendedInfo/0/MessageId").unwrap().as_str().unwrap();
    assert!(id.ends_with("NoValidSession"), "{id}");

    let account = json!({"UserName": "admin", "Password": "twin-password"});
    let login = rig.post("/redfish/v1/SessionService/Sessions", account).await;
    assert_eq!(login.status, 201);
    let token = login.headers.get("X-Auth-Token").unwrap();
    let place = login.headers.get("Location").unwrap();
    let with = [("X-Auth-Token", token)];
    assert_eq!(rig.ask(Method::Get, "/redfish/v1/Systems", &Value::Null, &with).await.unwrap().status, 200);
    assert_eq!(rig.bmc.sessions(), 1);
    assert_eq!(rig.ask(Method::Delete, place, &Value::Null, &with).await.unwrap().status, 204);
    assert_eq!(rig.ask(Method::Get, "/redfish/v1/Systems", &Value::Null, &with).await.unwrap().status, 401);
    assert!(rig.bmc.asked().iter().all(|asked| !format!("{asked:?}").contains("twin-password")));
}

#[tokio::test]
async fn resets_drive_the_machine() {
    for profile in Profile::ALL {
        let rig = Rig::new(*profile).await;
        assert_eq!(rig.reset("On").await, 204);
        rig.server.wait_for(|seen| seen.power == Power::On).await;
        assert_eq!(rig.body(&rig.bmc.system_path()).await["PowerState"], "On");
        assert_eq!(rig.reset("ForceRestart").await, 204);
        rig.server.wait_for(|seen| seen.boots == 2).await;
        assert_eq!(rig.reset("Nmi").await, 204);
        assert_eq!(rig.server.progress().nmis, 1);
        assert_eq!(rig.reset("GracefulShutdown").await, 204);
        rig.server.wait_for(|seen| seen.power == Power::Off).await;
        assert_eq!(rig.reset("Levitate").await, 400);
        assert_eq!(rig.bmc.resets(), ["On", "ForceRestart", "Nmi", "GracefulShutdown"]);
    }
}

#[tokio::test]
async fn an_override_for_once_is_used_up_by_a_boot() {
    let rig = Rig::new(Profile::Generic).await;
    let wanted = json!({"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once"});
    assert_eq!(rig.boot(wanted).await, 204);
    let boot = rig.body(&rig.bmc.system_path()).await["Boot"].clone();
    assert_eq!(
        (boot["BootSourceOverrideTarget"].as_str(), boot["BootSourceOverrideEnabled"].as_str()),
        (Some("Pxe"), Some("Once"))
    );
    rig.reset("On").await;
    rig.server.wait_for(|seen| seen.source == Source::Pxe).await;
    let boot = rig.body(&rig.bmc.system_path()).await["Boot"].clone();
    assert_eq!(boot["BootSourceOverrideEnabled"], "Disabled");
}

#[tokio::test]
async fn a_medium_is_fetched_before_it_is_in() {
    let rig = Rig::new(Profile::Generic).await;
    let slot = "/redfish/v1/Managers/bmc/VirtualMedia/Slot_0";
    let insert = format!("{slot}/Actions/VirtualMedia.InsertMedia");
    let dead = json!({"Image": "http://127.0.0.1:1/boot.iso"});
    assert_eq!(rig.post(&insert, dead).await.status, 400);
    assert_eq!(rig.body(slot).await["Inserted"], false);
    // Its own root is an image as good as any.
    let image = json!({"Image": format!("{}/redfish/v1", rig.bmc.plain_url())});
    assert_eq!(rig.post(&insert, image).await.status, 204);
    assert!(rig.bmc.media()[0].bytes > 500);
    assert_eq!(rig.body(slot).await["Inserted"], true);
    rig.boot(json!({"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"})).await;
    rig.reset("On").await;
    rig.server.wait_for(|seen| seen.source == Source::Cd).await;
    let eject = format!("{slot}/Actions/VirtualMedia.EjectMedia");
    assert_eq!(rig.post(&eject, json!({})).await.status, 204);
    assert_eq!(rig.body(slot).await["Image"], Value::Null);
}

#[tokio::test]
async fn conditions_hold() {
    let rig = Rig::new(Profile::Dell).await;
    let path = rig.bmc.system_path();
    let tag = rig.get(&path).await.headers.get("ETag").unwrap().to_owned();
    let body = json!({"Boot": {"BootSourceOverrideTarget": "Hdd", "BootSourceOverrideEnabled": "Once"}});
    let wrong = rig.ask(Method::Patch, &path, &body, &[("If-Match", "\"no\"")]).await.unwrap();
    assert_eq!(wrong.status, 412);
    let right = rig.ask(Method::Patch, &path, &body, &[("If-Match", &tag)]).await.unwrap();
    assert_eq!(right.status, 204);
    let stale = rig.ask(Method::Patch, &path, &body, &[("If-Match", &tag)]).await.unwrap();
    assert_eq!(stale.status, 412);
}

#[tokio::test]
async fn who_expands_gives_members_whole_and_who_does_not_says_so() {
    for profile in Profile::ALL {
        let rig = Rig::new(*profile).await;
        let path = "/redfish/v1/Systems?$expand=.($levels=1)";
        let answer = rig.get(path).await;
        match profile {
            Profile::Generic => assert_eq!(answer.status, 501),
            Profile::Supermicro => assert!(!String::from_utf8_lossy(&answer.body).contains("PowerState")),
            Profile::Dell | Profile::Hpe | Profile::Lenovo => {
                assert!(String::from_utf8_lossy(&answer.body).contains("PowerState"));
            }
        }
    }
}

#[tokio::test]
async fn secure_boot_lamps_and_the_clock_can_be_set() {
    let rig = Rig::new(Profile::Dell).await;
    let system = rig.bmc.system_path();
    assert_eq!(
        rig.patch(&format!("{system}/SecureBoot"), json!({"SecureBootEnable": true})).await.status,
        204
    );
    assert_eq!(rig.body(&format!("{system}/SecureBoot")).await["SecureBootCurrentBoot"], "Disabled");
    rig.reset("On").await;
    rig.server.wait_for(|seen| seen.boots == 1).await;
    assert_eq!(rig.body(&format!("{system}/SecureBoot")).await["SecureBootCurrentBoot"], "Enabled");
    assert_eq!(rig.patch(&system, json!({"IndicatorLED": "Blinking"})).await.status, 204);
    assert_eq!(rig.body(&system).await["LocationIndicatorActive"], true);
    let manager = "/redfish/v1/Managers/iDRAC.Embedded.1";
    assert_eq!(rig.patch(manager, json!({"DateTime": "2030-01-01T00:00:00+00:00"})).await.status, 204);
    assert_eq!(rig.body(manager).await["DateTime"], "2030-01-01T00:00:00+00:00");
}
