//! Power: conflicts, work that fails, and what is taken without effect.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::world::{Rig, SYSTEM, refuse};
use crate::base::id::NodeId;
use crate::driver::bmc::notebook::Notebook;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::redfish::power::RedfishPower;
use crate::model::bmc::{Fact, Health};
use crate::model::power::{Power, PowerWish};

const LIMIT: Duration = Duration::from_mins(1);

fn conflict() -> super::world::Reply {
    refuse(409, "Base.1.12.ActionParameterValueConflict", "not while the host goes down")
}

#[tokio::test]
async fn a_start_that_conflicts_is_asked_for_again() {
    let mut refusals = 3;
    let rig = Rig::start(&[], move |all, method, _, body| {
        if method == "POST" && refusals > 0 {
            refusals -= 1;
            return Some(conflict());
        }
        if method == "POST" && body["ResetType"] == "On" {
            all.get_mut(SYSTEM).unwrap()["PowerState"] = json!("On");
        }
        None
    })
    .await;
    assert_eq!(RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await, Ok(Power::On));
    assert_eq!(rig.asked("/Reset").len(), 4);
    assert_eq!(rig.rack.ground.clock.tick().0.as_secs(), 30, "10 s between them");
}

#[tokio::test]
async fn the_site_says_how_often_a_conflict_is_met() {
    let rig = Rig::tuned(
        &[],
        |_, method, _, _| if method == "POST" { Some(conflict()) } else { None },
        |ground| ground.redfish.power_on_conflict = (2, Duration::from_secs(1)),
    )
    .await;
    let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
    assert!(error.contains("not while the host goes down"), "{error}");
    assert_eq!(rig.asked("/Reset").len(), 3);
}

#[tokio::test]
async fn a_reset_without_effect_says_what_was_asked_answered_and_seen() {
    let rig = Rig::start(&[], |_, _, _, _| None).await;
    let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err();
    let text = error.to_string();
    for part in ["POST /redfish/v1/Systems/1/Reset", "asked power on", "answered HTTP 204", "seen power off"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert!(matches!(error, crate::driver::error::DriverError::NotApplied { .. }));
}

#[tokio::test]
async fn a_reset_whose_task_fails_says_why() {
    let task = "/redfish/v1/TaskService/Tasks/3";
    let state = json!({"TaskState": "Exception", "Messages": [{"Message": "the lid is open"}]});
    let rig = Rig::start(&[(task, state)], move |_, method, _, _| match method {
        "POST" => Some((202, format!("Location: {task}\r\n"), json!({}))),
        _ => None,
    })
    .await;
    let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
    assert!(error.contains("the lid is open"), "{error}");
}

#[tokio::test]
async fn a_machine_that_must_not_be_off_is_restarted_in_one() {
    for (wish, sent) in [(PowerWish::Reset, "ForceRestart"), (PowerWish::SoftReset, "GracefulRestart")] {
        let rig = Rig::start(&[(SYSTEM, json!({"PowerState": "On"}))], |_, _, _, _| None).await;
        assert_eq!(RedfishPower(rig.server()).set(wish, LIMIT).await, Ok(Power::On));
        assert_eq!(rig.asked("/Reset"), [json!({"ResetType": sent})]);
    }
}

/// Keeps what drivers learn.
#[derive(Debug, Default)]
struct Pages(std::sync::Mutex<Vec<Fact>>);

impl Notebook for Pages {
    fn learn(&self, _node: NodeId, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }
}

#[tokio::test]
async fn a_look_at_power_tells_a_health_that_changed() {
    for (told, known, learnt) in [
        ("Critical", None, Some(Fact::Health(Some(Health::Critical)))),
        ("Warning", Some(Health::Warning), None),
        ("Strange", Some(Health::Ok), Some(Fact::Health(None))),
    ] {
        let pages = Arc::new(Pages::default());
        let notebook = Arc::clone(&pages);
        let more = [(SYSTEM, json!({"Status": {"Health": told}}))];
        let mut rig = Rig::tuned(&more, |_, _, _, _| None, |ground| ground.notebook = notebook).await;
        rig.node.bmc.health = known;
        assert_eq!(RedfishPower(rig.server()).state().await, Ok(Power::Off));
        assert_eq!(pages.0.lock().unwrap().pop(), learnt, "{told}");
    }
    let pages = Arc::new(Pages::default());
    let notebook = Arc::clone(&pages);
    let more = [(SYSTEM, json!({"Status": {"Health": "Critical"}}))];
    let rig = Rig::tuned(
        &more,
        |_, _, _, _| None,
        |ground| {
            (ground.notebook, ground.redfish.health) = (notebook, false);
        },
    )
    .await;
    RedfishPower(rig.server()).state().await.unwrap();
    assert!(pages.0.lock().unwrap().is_empty(), "the site does not want it");
}
