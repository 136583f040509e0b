//! The steps of management, turn by turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::world::{MANAGER, Rig, SYSTEM, collection, refuse};
use crate::driver::redfish::idrac::IdracStep;
use crate::driver::redfish::management::ManagementStep;
use crate::driver::{StepCall, StepWork};
use crate::model::step::Kind;
use crate::model::turn::Turn;

const BOOT_KEYS: &str = "/redfish/v1/Systems/1/SecureBoot";

/// Goes on as the pipeline does, until the step has ended; its looks.
async fn run(work: &dyn StepWork, mut call: StepCall) -> (Turn, u32) {
    let mut looks = 0;
    let mut turn = work.look(&call).await;
    loop {
        turn = match turn {
            Turn::Act { memo } => {
                call.memo = memo;
                work.act(&call, false).await
            }
            Turn::LookIn { memo, .. } => {
                (call.memo, looks) = (memo, looks + 1);
                work.look(&call).await
            }
            Turn::Done(_) | Turn::Failed(_) | Turn::Reboot { .. } | Turn::Agent { .. } | Turn::Hold => {
                return (turn, looks);
            }
        };
    }
}

async fn keys(allowed: &[&str]) -> Rig {
    let reset =
        json!({"target": format!("{BOOT_KEYS}/Reset"), "ResetKeysType@Redfish.AllowableValues": allowed});
    let more = [
        (SYSTEM, json!({"SecureBoot": {"@odata.id": BOOT_KEYS}})),
        (BOOT_KEYS, json!({"SecureBootEnable": false, "Actions": {"#SecureBoot.ResetKeys": reset}})),
    ];
    Rig::start(&more, |_, _, _, _| None).await
}

async fn manage(rig: &Rig, name: &str, kind: Kind, args: Value) -> Turn {
    let work = ManagementStep::of(name, Arc::clone(&rig.rack)).unwrap();
    run(&work, rig.step(name, kind, &args)).await.0
}

#[tokio::test]
async fn secure_boot_keys_are_reset_and_cleared() {
    for (name, sent) in [
        ("reset_secure_boot_keys_to_default", "ResetAllKeysToDefault"),
        ("clear_secure_boot_keys", "DeleteAllKeys"),
    ] {
        let rig = keys(&[sent]).await;
        assert_eq!(manage(&rig, name, Kind::Clean, json!({})).await, Turn::done());
        assert_eq!(rig.asked("SecureBoot/Reset"), [json!({"ResetKeysType": sent})]);
        let rig = keys(&["DeletePK"]).await;
        let Turn::Failed(failure) = manage(&rig, name, Kind::Deploy, json!({})).await else { panic!() };
        assert!(failure.why.contains("DeletePK"), "{failure:?}");
    }
}

/// A BMC whose clock shows this, and takes what it is given or not.
async fn clock(shown: &str, takes: bool, verifies: bool) -> Rig {
    let more = [(MANAGER, json!({"DateTime": shown, "DateTimeLocalOffset": "-06:00"}))];
    Rig::tuned(
        &more,
        move |all, method, _, body| {
            if method == "PATCH" && takes {
                let manager = all.get_mut(MANAGER).unwrap().as_object_mut().unwrap();
                manager.extend(body.as_object().unwrap().clone());
            }
            None
        },
        |ground| ground.redfish.verify_bmc_clock = verifies,
    )
    .await
}

#[tokio::test]
async fn a_clock_is_verified_where_the_site_asks_for_it() {
    let off = clock("2026-11-20T09:00:00Z", true, false).await;
    assert_eq!(manage(&off, "verify_bmc_clock", Kind::Verify, json!({})).await, Turn::done());
    let right = clock("2026-11-20T04:00:00-06:00", true, true).await;
    assert_eq!(manage(&right, "verify_bmc_clock", Kind::Verify, json!({})).await, Turn::done());
    assert!(off.world().asked.is_empty() && right.world().asked.is_empty());
    let wrong = clock("2026-11-20T09:59:57Z", true, true).await;
    assert_eq!(manage(&wrong, "verify_bmc_clock", Kind::Verify, json!({})).await, Turn::done());
    let sent = json!({"DateTime": "2026-11-20T10:00:00+00:00", "DateTimeLocalOffset": "+00:00"});
    assert_eq!(wrong.asked("Managers/1"), [sent]);
    let deaf = clock("2026-11-20T09:00:00Z", false, true).await;
    let Turn::Failed(failure) = manage(&deaf, "verify_bmc_clock", Kind::Verify, json!({})).await else {
        panic!()
    };
    assert!(
        failure.why.contains("not applied") && failure.why.contains("seen 2026-11-20T09:00:00Z"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_clock_is_set_as_the_step_says() {
    let rig = clock("2026-11-20T09:00:00Z", true, false).await;
    assert_eq!(manage(&rig, "set_bmc_clock", Kind::Clean, json!({})).await, Turn::done());
    let args = json!({"target_datetime": "2020-02-02T02:02:02Z", "datetime_local_offset": "+01:00"});
    assert_eq!(manage(&rig, "set_bmc_clock", Kind::Clean, args).await, Turn::done());
    let now = json!({"DateTime": "2026-11-20T04:00:00-06:00"});
    let other = json!({"DateTime": "2020-02-02T03:02:02+01:00", "DateTimeLocalOffset": "+01:00"});
    assert_eq!(rig.asked("Managers/1"), [now, other]);
    let Turn::Failed(failure) =
        manage(&rig, "set_bmc_clock", Kind::Clean, json!({"target_datetime": 1})).await
    else {
        panic!()
    };
    assert!(failure.why.contains("target_datetime"), "{failure:?}");
}

const DELL: &str = "/redfish/v1/Managers/1/Oem/Dell";

/// An iDRAC whose queue holds a job, and whose card can be reset; without services, if it is bare.
async fn idrac(is_bare: bool, is_stuck: bool) -> (Rig, Arc<AtomicBool>) {
    let service = |name: &str, action: &str| {
        let target = json!({"target": format!("/{action}")});
        (format!("{DELL}/{name}"), json!({"Actions": {format!("#{name}.{action}"): target}}))
    };
    let services = [
        service("DellJobService", "DeleteJobQueue"),
        service("DelliDRACCardService", "iDRACReset"),
        service("DellLCService", "GetRemoteServicesAPIStatus"),
    ];
    let link = |name: &str| json!({"@odata.id": format!("{DELL}/{name}")});
    let links = json!({"Oem": {"Dell": {
        "DellJobService": link("DellJobService"), "DelliDRACCardService": link("DelliDRACCardService"),
        "DellLCService": link("DellLCService"), "Jobs": link("Jobs"),
    }}});
    let (jobs, job) = (format!("{DELL}/Jobs"), format!("{DELL}/Jobs/JID_1"));
    let mut more: Vec<(&str, Value)> =
        services.iter().map(|(path, body)| (path.as_str(), body.clone())).collect();
    more.push((&jobs, collection(&[&job])));
    more.push((&job, json!({"Id": "JID_1", "JobState": "Scheduled"})));
    if !is_bare {
        more.push((MANAGER, json!({"Links": links})));
    }
    let (mut away, is_ready) = (0, Arc::new(AtomicBool::new(true)));
    let ready = Arc::clone(&is_ready);
    let rig = Rig::start(&more, move |all, method, path, _| {
        if away > 0 && method == "GET" && path == SYSTEM {
            away -= 1;
            return Some(refuse(500, "x", "it starts"));
        }
        match path {
            "/DeleteJobQueue" if !is_stuck => {
                all.insert(format!("{DELL}/Jobs"), collection(&[]));
            }
            "/iDRACReset" => away = 2,
            "/GetRemoteServicesAPIStatus" => {
                let status = if ready.load(Ordering::Relaxed) { "Ready" } else { "Initializing" };
                return Some(super::world::say(200, json!({"LCStatus": status})));
            }
            _ => {}
        }
        None
    })
    .await;
    (rig, is_ready)
}

async fn dell(rig: &Rig, name: &str, kind: Kind) -> (Turn, u32) {
    run(&IdracStep::new(Arc::clone(&rig.rack)), rig.step(name, kind, &json!({}))).await
}

#[tokio::test]
async fn the_job_queue_is_emptied_and_seen_to_be_empty() {
    let (rig, _) = idrac(false, false).await;
    assert_eq!(dell(&rig, "clear_job_queue", Kind::Clean).await.0, Turn::done());
    assert_eq!(rig.asked("/DeleteJobQueue"), [json!({"JobID": "JID_CLEARALL"})]);
    let (rig, _) = idrac(false, true).await;
    let (Turn::Failed(failure), _) = dell(&rig, "clear_job_queue", Kind::Clean).await else { panic!() };
    assert!(failure.why.contains("JID_1"), "{failure:?}");
}

#[tokio::test]
async fn a_card_that_was_reset_is_awaited_until_it_is_ready_three_times() {
    let (rig, _) = idrac(false, false).await;
    let (turn, looks) = dell(&rig, "known_good_state", Kind::Clean).await;
    assert_eq!((turn, looks), (Turn::done(), 3));
    assert_eq!(rig.asked("/iDRACReset"), [json!({"Force": "Graceful"})]);
    assert_eq!(rig.asked("/DeleteJobQueue").len(), 1);
    let (rig, is_ready) = idrac(false, false).await;
    is_ready.store(false, Ordering::Relaxed);
    let (Turn::Failed(failure), looks) = dell(&rig, "reset_idrac", Kind::Clean).await else { panic!() };
    assert!(failure.why.contains("not ready") && looks == 121, "{failure:?} {looks}");
}

#[tokio::test]
async fn a_step_that_fails_fails_cleaning_but_no_verification() {
    for name in ["clear_job_queue", "reset_idrac", "known_good_state"] {
        let (rig, _) = idrac(true, false).await;
        let (turn, _) = dell(&rig, name, Kind::Clean).await;
        assert!(matches!(turn, Turn::Failed(_)), "{turn:?}");
        let (turn, _) = dell(&rig, name, Kind::Verify).await;
        assert!(
            matches!(&turn, Turn::Done(told) if told["failed"].as_str().unwrap().contains("Dell")),
            "{turn:?}"
        );
    }
}

#[tokio::test]
async fn a_machine_in_post_is_asked_for_secure_boot_until_it_is_through() {
    let more = [
        (SYSTEM, json!({"SecureBoot": {"@odata.id": BOOT_KEYS}})),
        (BOOT_KEYS, json!({"SecureBootEnable": false})),
    ];
    let mut refusals = 3;
    let rig = Rig::start(&more, move |all, method, _, body| {
        if method == "PATCH" && refusals > 0 {
            refusals -= 1;
            return Some(refuse(400, "iLO.2.14.UnableToModifyDuringSystemPOST", "in POST"));
        }
        if method == "PATCH" {
            all.get_mut(BOOT_KEYS).unwrap()["SecureBootEnable"] = body["SecureBootEnable"].clone();
        }
        None
    })
    .await;
    assert_eq!(rig.server().set_secure_boot(true).await, Ok(Some(true)));
    assert_eq!(rig.asked("SecureBoot").len(), 4);
}
