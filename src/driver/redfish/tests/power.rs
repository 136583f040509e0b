//! Power: conflicts, work that fails, and what is taken without effect.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::world::{Reply, Resources, Rig, SYSTEM, refuse};
use crate::base::id::NodeId;
use crate::driver::bmc::notebook::Notebook;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::redfish::power::RedfishPower;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::bmc::{Fact, Health};

const LIMIT: Duration = Duration::from_mins(1);

fn conflict() -> Reply {
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

/// A rig that notes the order of looks (`l`) and resets (`r`), whose resets are answered by `reply`.
async fn noting(
    more: &[(&str, Value)],
    mut reply: impl FnMut(&mut Resources, usize) -> Option<Reply> + Send + 'static,
) -> (Rig, Arc<Mutex<String>>) {
    let order = Arc::new(Mutex::new(String::new()));
    let (noted, mut resets) = (Arc::clone(&order), 0);
    let rig = Rig::start(more, move |all, method, path, _| match (method, path) {
        ("GET", SYSTEM) => {
            noted.lock().unwrap().push('l');
            None
        }
        ("POST", _) => {
            noted.lock().unwrap().push('r');
            resets += 1;
            reply(all, resets)
        }
        _ => None,
    })
    .await;
    (rig, order)
}

fn busy(status: u16, head: &str) -> Reply {
    let (_, _, body) = refuse(status, "Base.1.0.ServiceTemporarilyUnavailable", "try later");
    (status, head.to_owned(), body)
}

#[tokio::test]
async fn a_busy_bmc_is_looked_at_before_each_of_few_repeats() {
    for (status, body) in [(503, json!({})), (429, json!({})), (409, busy(0, "").2), (500, busy(0, "").2)] {
        let answer = (status, String::new(), body);
        let (rig, order) = noting(&[], move |_, _| Some(answer.clone())).await;
        let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
        assert!(error.contains(&format!("HTTP {status}")), "{error}");
        let order = order.lock().unwrap().clone();
        assert!(order.starts_with("lrlrlrlr"), "{status}: {order}");
        assert_eq!(rig.asked("/Reset").len(), 4, "{status}");
    }
}

#[tokio::test]
async fn a_busy_bmc_that_has_done_it_all_the_same_is_not_asked_again() {
    let (rig, order) = noting(&[], |all, _| {
        all.get_mut(SYSTEM).unwrap()["PowerState"] = json!("On");
        Some(busy(503, "Retry-After: 2\r\n"))
    })
    .await;
    assert_eq!(RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await, Ok(Power::On));
    assert_eq!(rig.asked("/Reset").len(), 1, "{order:?}");
}

#[tokio::test]
async fn a_pause_that_nobody_waits_for_is_told() {
    let (rig, _) = noting(&[], |_, _| Some(busy(503, "Retry-After: 864000\r\n"))).await;
    let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
    assert!(error.contains("HTTP 503: try later (it wants a pause of 3600 s or more)"), "{error}");
    assert_eq!(rig.asked("/Reset").len(), 1);
    let again = RedfishPower(rig.server()).state().await.unwrap_err();
    assert!(again.to_string().contains("wants a pause: it is asked again in 60 s"), "{again}");
    assert!(again.is_untried());
}

#[tokio::test]
async fn work_that_fails_ends_the_wait_at_once() {
    let task = "/redfish/v1/TaskService/Tasks/3";
    let failed = json!({"TaskState": "Cancelled", "Messages": [{"Message": "the lid is open"}]});
    for (status, state) in
        [(200, failed.clone()), (500, failed), (409, json!({"error": {"message": "the lid is open"}}))]
    {
        let mut looks = 0;
        let rig = Rig::start(&[], move |_, method, path, _| match (method, path == task) {
            ("POST", _) => Some((202, format!("Location: {task}\r\n"), json!({}))),
            (_, true) => {
                looks += 1;
                let running = (202, String::new(), json!({"TaskState": "Running"}));
                Some(if looks < 3 { running } else { (status, String::new(), state.clone()) })
            }
            _ => None,
        })
        .await;
        let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
        assert!(error.contains("the lid is open") && error.contains("failed"), "{error}");
        assert!(rig.rack.ground.clock.tick().0.as_secs() < 10, "{status}");
    }
}

#[tokio::test]
async fn what_tells_no_power_says_so() {
    for (state, word) in [(json!(null), "none"), (json!("Hibernating"), "Hibernating"), (json!(5), "5")] {
        let rig = Rig::start(&[(SYSTEM, json!({"PowerState": state}))], |_, _, _, _| None).await;
        let error = RedfishPower(rig.server()).state().await.unwrap_err().to_string();
        let found = error.contains("tells no power state") && error.contains(SYSTEM) && error.contains(word);
        assert!(found, "{error}");
        let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
        assert!(error.contains("answered HTTP 204, seen no power state"), "{error}");
    }
}

#[tokio::test]
async fn a_reset_that_was_sent_is_told_when_nothing_is_heard_since() {
    let sent = Arc::new(Mutex::new(false));
    let rig = Rig::start(&[], move |_, method, _, _| {
        let mut sent = sent.lock().unwrap();
        let reply = (*sent).then(|| refuse(500, "Base.1.0.InternalError", "on fire"));
        *sent |= method == "POST";
        reply
    })
    .await;
    let error = RedfishPower(rig.server()).set(PowerWish::On, LIMIT).await.unwrap_err().to_string();
    for part in ["was sent (asked power on, answered HTTP 204)", "is not seen", "HTTP 500: on fire"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_soft_restart_that_is_not_listed_is_a_shutdown_and_a_start() {
    let listed = |words: &[&str]| {
        let reset = json!({"target": format!("{SYSTEM}/Reset"), "ResetType@Redfish.AllowableValues": words});
        json!({"PowerState": "On", "Actions": {"#ComputerSystem.Reset": reset}})
    };
    let words = ["On", "ForceOff", "GracefulShutdown", "GracefulRestart"];
    for (count, sent) in [(4, &["GracefulRestart"][..]), (3, &["GracefulShutdown", "On"])] {
        let rig = Rig::start(&[(SYSTEM, listed(&words[..count]))], |all, method, _, body| {
            if method == "POST" {
                let is_off = body["ResetType"] == "GracefulShutdown";
                all.get_mut(SYSTEM).unwrap()["PowerState"] = json!(if is_off { "Off" } else { "On" });
            }
            None
        })
        .await;
        assert_eq!(RedfishPower(rig.server()).set(PowerWish::SoftReset, LIMIT).await, Ok(Power::On));
        let asked: Vec<_> = rig.asked("/Reset").iter().map(|body| body["ResetType"].clone()).collect();
        assert_eq!(asked, sent);
    }
    let mut rig = Rig::start(&[(SYSTEM, listed(&words[..3]))], |_, _, _, _| None).await;
    rig.node.wished.disable_power_off = true;
    let error = RedfishPower(rig.server()).set(PowerWish::SoftReset, LIMIT).await.unwrap_err().to_string();
    assert!(error.contains("does not allow the reset GracefulRestart"), "{error}");
}

/// Keeps what drivers learn.
#[derive(Debug, Default)]
struct Pages(Mutex<Vec<Fact>>);

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
