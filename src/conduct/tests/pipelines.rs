//! Pipelines: they come to an end, whatever a call, a reboot or a start of the daemon does to them.

use super::cut::Point;
use super::lanes::{maintenance, provision, rig, seconds, trick};
use super::rig::{Rig, id};
use super::world::Trick;
use crate::model::bmc::power::Power;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::policy::Policy;
use crate::model::provision::Provision;
use crate::model::step::AskedStep;

#[tokio::test]
async fn a_wait_begins_anew_with_each_start() {
    let mut rig = rig(1, "direct", Provision::Available).await;
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::DeployWait).await;
    rig.world.machine(id(1), |one| one.start(false));
    for _ in 0..2 {
        rig.clock.pass(seconds(1700)).await;
        assert_eq!(rig.seen(1).unwrap().provision, Provision::DeployWait);
        rig.start_again().await;
    }
    rig.clock.pass(seconds(1790)).await;
    assert_eq!(rig.seen(1).unwrap().provision, Provision::DeployWait);
    rig.clock.pass(seconds(20)).await;
    assert_eq!(rig.seen(1).unwrap().provision, Provision::DeployFail);
    rig.stop().await;
}

#[tokio::test]
async fn a_record_that_outgrows_its_limit_fails_its_pipeline_and_not_its_lane() {
    let mut rig = Rig::new();
    let mut node = rig.node(1, "direct", Provision::Available);
    node.wished.extra.insert("notes".to_owned(), "x".repeat(58_000).into());
    rig.put(vec![node]).await;
    rig.world.add(id(1), Power::Off);
    rig.world.machine(id(1), |one| one.offers = 50);
    rig.start(Point::Never);
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::DeployFail).await;
    assert!(rig.seen(1).unwrap().last_error.as_ref().unwrap().contains("does not fit"));
    rig.until(1, |node| !node.reserved).await;
    rig.ask(1, maintenance()).await.unwrap();
    rig.stop().await;
}

/// Deploys while the `nth` call meets the trick; tells the end and how often the image was written.
async fn deploy_with(nth: usize, met: Trick) -> (Provision, u32, usize) {
    let mut rig = rig(1, "direct", Provision::Available).await;
    let calls = std::sync::atomic::AtomicUsize::new(0);
    *rig.world.script.lock().unwrap() = Some(Box::new(move |_, _, _| {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        (call == nth).then(|| met.clone())
    }));
    let asked = rig.ask(1, provision(Verb::Deploy)).await;
    if asked.is_ok() {
        rig.until(1, |node| node.run.is_none() && !node.reserved).await;
    }
    let end = rig.seen(1).unwrap().provision;
    let written = rig.world.machine(id(1), |one| one.traces.done.get("write_image").copied()).unwrap();
    let calls = rig.cut().calls();
    assert_eq!(rig.owed(), 0);
    rig.stop().await;
    (end, written.unwrap_or(0), calls)
}

#[tokio::test]
async fn whatever_one_call_does_the_deployment_comes_to_an_end() {
    let tricks = [Trick::Silent, Trick::Refuse, Trick::Unheard, Trick::Panic, Trick::Stall(seconds(50))];
    let (end, written, calls) = deploy_with(0, Trick::Panic).await;
    assert_eq!((end, written), (Provision::Active, 1));
    for nth in 1..=calls {
        for trick in &tricks {
            let (end, written, _) = deploy_with(nth, trick.clone()).await;
            let right = matches!(
                (end, written),
                (Provision::Active, 1) | (Provision::DeployFail, 0 | 1) | (Provision::Available, 0)
            );
            assert!(right, "call {nth} {trick:?}: {end}, written {written} times");
            if matches!(trick, Trick::Stall(_)) && nth > LOOKS_BEFORE {
                assert_eq!(end, Provision::Active, "call {nth} is only slow");
            }
        }
    }
}

/// Looks that an ask to deploy wants beforehand: they have ten seconds together.
const LOOKS_BEFORE: usize = 2;

#[tokio::test]
async fn a_machine_that_reboots_itself_loses_its_step_once() {
    let mut rig = rig(1, "direct", Provision::Available).await;
    trick(&rig, "look at agent", Trick::Stall(seconds(45)));
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    let writes = |node: &Node| {
        node.provision == Provision::DeployWait
            && node.run.as_ref().and_then(|run| run.step()).is_some_and(|step| step.step == "write_image")
    };
    rig.until(1, writes).await;
    rig.world.machine(id(1), |one| one.start(true));
    rig.until(1, |node| node.agent.is_none()).await;
    assert_eq!(rig.seen(1).unwrap().run.as_ref().unwrap().lost, 1);
    rig.until(1, |node| node.provision == Provision::Active).await;
    let written = rig.world.machine(id(1), |one| one.traces.done.get("write_image").copied()).unwrap();
    assert_eq!(written, Some(2));
    rig.stop().await;
}

/// A node whose management is a BMC's: what it takes to be carried out is the machine's own affair here.
async fn with_bmc_steps(start: Provision, change: impl FnOnce(&mut Policy)) -> Rig {
    let mut rig = Rig::new();
    change(&mut rig.policy);
    let mut node = rig.node(1, "direct", start);
    node.wished.interfaces.management = "redfish".to_owned();
    node.wished.interfaces.vendor = "ipmitool".to_owned();
    node.wished.interfaces.boot = "redfish-virtual-media".to_owned();
    rig.put(vec![node]).await;
    rig.world.add(id(1), Power::Off);
    rig.world.machine(id(1), |one| one.wired = true);
    rig.start(Point::Never);
    rig
}

#[tokio::test]
async fn steps_of_a_bmc_run_in_cleaning_where_the_site_wants_them() {
    let mut rig = with_bmc_steps(Provision::Manageable, |policy| {
        let keys = "management.reset_secure_boot_keys_to_default".to_owned();
        policy.clean_step_priority_override = vec![(keys, 95), ("vendor.send_raw".to_owned(), 0)];
    })
    .await;
    rig.ask(1, provision(Verb::Provide)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::Available && node.run.is_none()).await;
    let done = rig.world.machine(id(1), |one| one.traces.done.clone()).unwrap();
    let names: Vec<_> = done.keys().map(String::as_str).collect();
    assert_eq!(names, ["erase_devices", "erase_devices_metadata", "reset_secure_boot_keys_to_default"]);
    rig.stop().await;
}

#[tokio::test]
async fn steps_of_a_bmc_run_in_a_deployment_that_asks_for_them() {
    let mut rig =
        with_bmc_steps(Provision::Available, |policy| policy.disallow_deploy_steps = Vec::new()).await;
    let asked = |interface, step: &str, args: serde_json::Value| AskedStep {
        interface,
        step: step.to_owned(),
        args: args.as_object().unwrap().clone(),
        priority: Some(90),
        children: None,
    };
    let steps = vec![
        asked(Interface::Vendor, "send_raw", serde_json::json!({"raw_bytes": "6 1"})),
        asked(Interface::Management, "clear_secure_boot_keys", serde_json::json!({})),
    ];
    let ask = ProvisionAsk { steps, ..ProvisionAsk::new(Verb::Deploy, "active") };
    rig.ask(1, Ask::Provision(ask)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::Active && node.run.is_none()).await;
    let done = rig.world.machine(id(1), |one| one.traces.done.clone()).unwrap();
    assert_eq!((done.get("send_raw"), done.get("clear_secure_boot_keys")), (Some(&1), Some(&1)), "{done:?}");
    rig.stop().await;
}

#[tokio::test]
async fn one_deployment_too_many_is_refused_until_one_is_done() {
    let mut rig = Rig::new();
    rig.policy.max_concurrent_deploy = 1;
    rig.put((1..=2).map(|n| rig.node(n, "direct", Provision::Available)).collect()).await;
    (1..=2).for_each(|n| rig.world.add(id(n), Power::Off));
    rig.start(Point::Never);
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    let refusal = rig.ask(2, provision(Verb::Deploy)).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Busy(why) if why.contains("max_concurrent_deploy")), "{refusal}");
    assert_eq!(rig.seen(2).unwrap().provision, Provision::Available);
    rig.until(1, |node| node.provision == Provision::Active).await;
    rig.ask(2, provision(Verb::Deploy)).await.unwrap();
    rig.until(2, |node| node.provision == Provision::Active).await;
    rig.stop().await;
}
