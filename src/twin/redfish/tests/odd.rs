//! What oddities and faults change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::net::http::Method;
use crate::twin::progress::{Power, Source};
use crate::twin::redfish::fault::BmcFault;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::profile::Profile;
use crate::twin::redfish::settings::BmcSettings;
use crate::twin::redfish::tests::asker::Rig;

async fn odd(profile: Profile, oddity: Oddity) -> Rig {
    Rig::with(BmcSettings::new(profile).with(oddity)).await
}

fn once(target: &str) -> Value {
    json!({"BootSourceOverrideTarget": target, "BootSourceOverrideEnabled": "Once"})
}

#[tokio::test]
async fn every_oddity_leaves_a_service_that_answers() {
    for oddity in Oddity::ALL {
        let rig = odd(Profile::Dell, *oddity).await;
        let path = if *oddity == Oddity::AnyTrailingSlash { "/redfish/v1/" } else { "/redfish/v1" };
        assert_eq!(rig.get(path).await.status, 200, "{}", oddity.id());
    }
}

#[tokio::test]
async fn power_is_refused_for_a_while_and_then_taken() {
    let rig = odd(Profile::Dell, Oddity::DellIdrac10409On).await;
    assert_eq!(rig.reset("On").await, 204);
    rig.server.wait_for(|seen| seen.power == Power::On).await;
    assert_eq!(rig.reset("On").await, 409);
    assert_eq!(rig.reset("ForceOff").await, 204);
    rig.server.wait_for(|seen| seen.power == Power::Off).await;
    assert_eq!(rig.reset("On").await, 409);
    rig.clock.advance(Duration::from_secs(46));
    assert_eq!(rig.reset("On").await, 204);
}

#[tokio::test]
async fn a_maker_may_boot_its_virtual_cd_by_another_word() {
    let rig = Rig::new(Profile::Supermicro).await;
    let image = json!({"Image": format!("{}/redfish/v1", rig.bmc.plain_url())});
    let insert = "/redfish/v1/Managers/1/VirtualMedia/VirtualMedia1/Actions/VirtualMedia.InsertMedia";
    let with_more = json!({"Image": image["Image"], "Inserted": true});
    assert_eq!(rig.post(insert, with_more).await.status, 400);
    assert_eq!(rig.post(insert, image).await.status, 204);
    rig.boot(once("Cd")).await;
    rig.server.power_on();
    assert_eq!(rig.server.progress().source, Source::Usual);
    rig.server.power_off().await;
    rig.boot(once("UsbCd")).await;
    rig.server.power_on();
    assert_eq!(rig.server.progress().source, Source::Cd);
}

#[tokio::test]
async fn boot_may_go_through_a_settings_object_only() {
    let rig = odd(Profile::Dell, Oddity::DellIdrac10BootSettings).await;
    let path = rig.bmc.system_path();
    assert_eq!(rig.boot(once("Pxe")).await, 400);
    let settings =
        rig.body(&path).await.pointer("/@Redfish.Settings/SettingsObject/@odata.id").cloned().unwrap();
    let settings = settings.as_str().unwrap();
    assert!(
        rig.body(settings).await.pointer("/Boot/BootSourceOverrideTarget@Redfish.AllowableValues").is_some()
    );
    assert_eq!(rig.patch(settings, json!({"Boot": once("Pxe")})).await.status, 204);
    assert_eq!(rig.body(&path).await["Boot"]["BootSourceOverrideTarget"], "Pxe");
}

#[tokio::test]
async fn conditions_may_be_needed_or_never_right() {
    let rig = odd(Profile::Lenovo, Oddity::LenovoEtagRequired).await;
    assert_eq!(rig.boot(once("Pxe")).await, 428);
    let rig = odd(Profile::Generic, Oddity::AnyWeakEtag).await;
    let path = rig.bmc.system_path();
    let tag = rig.get(&path).await.headers.get("ETag").unwrap().to_owned();
    let body = json!({"Boot": once("Pxe")});
    assert!(tag.starts_with("W/"));
    assert_eq!(rig.ask(Method::Patch, &path, &body, &[("If-Match", &tag)]).await.unwrap().status, 412);
    let strong = tag.trim_start_matches("W/");
    assert_eq!(rig.ask(Method::Patch, &path, &body, &[("If-Match", strong)]).await.unwrap().status, 204);
}

#[tokio::test]
async fn sessions_run_out() {
    let rig = odd(Profile::Dell, Oddity::DellSessionLimit).await;
    let account = json!({"UserName": "admin", "Password": "twin-password"});
    for _ in 0..8 {
        assert_eq!(rig.post("/redfish/v1/SessionService/Sessions", account.clone()).await.status, 201);
    }
    let full = rig.post("/redfish/v1/SessionService/Sessions", account).await;
    assert_eq!(full.status, 503);
    assert!(String::from_utf8_lossy(&full.body).contains("RAC0218"));
}

#[tokio::test]
async fn a_boot_mode_may_wait_for_a_job() {
    let rig = odd(Profile::Dell, Oddity::DellBootmodeJob).await;
    assert_eq!(rig.boot(json!({"BootSourceOverrideMode": "Legacy"})).await, 204);
    let mode = async || rig.body(&rig.bmc.system_path()).await["Boot"]["BootSourceOverrideMode"].clone();
    assert_eq!(mode().await, "UEFI");
    rig.server.power_on();
    assert_eq!(mode().await, "UEFI");
    rig.clock.advance(Duration::from_secs(31));
    assert_eq!(mode().await, "Legacy");
}

#[tokio::test]
async fn tasks_are_followed_by_their_monitor() {
    let settings =
        BmcSettings { tasks: true, task: Duration::from_secs(5), ..BmcSettings::new(Profile::Dell) };
    let rig = Rig::with(settings).await;
    let path = format!("{}/Actions/ComputerSystem.Reset", rig.bmc.system_path());
    let answer = rig.post(&path, json!({"ResetType": "On"})).await;
    assert_eq!(answer.status, 202);
    let monitor = answer.headers.get("Location").unwrap().to_owned();
    assert_eq!(rig.get(&monitor).await.status, 202);
    rig.clock.advance(Duration::from_secs(6));
    let done = rig.get(&monitor).await;
    assert_eq!(done.status, 200);
    assert!(String::from_utf8_lossy(&done.body).contains("Completed"));
}

#[tokio::test]
async fn faults_strike_and_are_cleared() {
    let rig = Rig::new(Profile::Generic).await;
    rig.bmc.fail(BmcFault::Html("Systems".to_owned()));
    assert!(rig.get("/redfish/v1/Systems").await.body.starts_with(b"<!DOCTYPE"));
    rig.bmc.clear_faults();
    rig.bmc.fail(BmcFault::WrongPassword);
    assert_eq!(rig.get("/redfish/v1/Systems").await.status, 401);
    rig.bmc.clear_faults();
    rig.bmc.fail(BmcFault::Redirect("Systems".to_owned(), "http://127.0.0.2:1".to_owned()));
    let away = rig.get("/redfish/v1/Systems").await;
    assert_eq!(
        (away.status, away.headers.get("Location")),
        (302, Some("http://127.0.0.2:1/redfish/v1/Systems"))
    );
    rig.bmc.clear_faults();
    rig.bmc.fail(BmcFault::Huge("Chassis".to_owned()));
    let huge = rig.ask(Method::Get, "/redfish/v1/Chassis", &Value::Null, &[]).await;
    assert!(matches!(huge, Err(crate::net::client::outgoing::ClientError::TooLarge { .. })), "{huge:?}");
    rig.bmc.clear_faults();
    rig.bmc.fail(BmcFault::LosesAnswers(1));
    let lost = rig.ask(Method::Patch, &rig.bmc.system_path(), &json!({"Boot": once("Pxe")}), &[]).await;
    assert!(lost.is_err_and(|why| why.sent()));
    assert_eq!(rig.body(&rig.bmc.system_path()).await["Boot"]["BootSourceOverrideTarget"], "Pxe");
}

#[tokio::test]
async fn a_dead_controller_comes_back_on_the_same_port() {
    let rig = Rig::new(Profile::Generic).await;
    rig.bmc.fail(BmcFault::Dead);
    while rig.ask(Method::Get, "/redfish/v1", &Value::Null, &[]).await.is_ok() {
        tokio::task::yield_now().await;
    }
    rig.bmc.clear_faults();
    while rig.ask(Method::Get, "/redfish/v1", &Value::Null, &[]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_shutdown_may_be_ignored() {
    let rig = Rig::new(Profile::Generic).await;
    rig.server.power_on();
    rig.bmc.fail(BmcFault::IgnoresShutdown);
    assert_eq!(rig.reset("GracefulShutdown").await, 204);
    assert_eq!(rig.reset("ForceOff").await, 204);
    rig.server.wait_for(|seen| seen.power == Power::Off).await;
    assert_eq!(rig.bmc.resets(), ["GracefulShutdown", "ForceOff"]);
}
