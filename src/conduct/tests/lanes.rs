//! Lanes: who waits for whom, who never waits, and what goes on when nobody listens.

use std::time::Duration;

use super::cut::Point;
use super::rig::{Rig, id};
use super::world::{ADDRESS, Trick, beat};
use crate::base::secret::Secret;
use crate::base::time::Clock;
use crate::conduct::ledger::Ledger;
use crate::driver::bmc::notebook::Notebook;
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::bmc::{CredentialPrint, Fact};
use crate::model::boot::BootDevice;
use crate::model::decision::ask::{
    Answer, Ask, NodeDraft, PatchAsk, PatchOp, PatchVerb, ProvisionAsk, TokenAnswer,
};
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::moves::Verb;
use crate::model::provision::Provision;

pub(super) const ON: Ask = Ask::Power { target: PowerTarget::On, timeout: None };
const DISK: Effect = Effect::BootDevice { device: BootDevice::Disk, persistent: true };

pub(super) fn provision(verb: Verb) -> Ask {
    Ask::Provision(ProvisionAsk::new(verb, verb.name()))
}

pub(super) fn maintenance() -> Ask {
    Ask::Maintenance { on: true, reason: None }
}

/// A rig with this many machines of metal.
pub(super) async fn rig(count: u128, deploy: &str, state: Provision) -> Rig {
    let mut rig = Rig::new();
    rig.policy.sync_power_state_interval = 0;
    rig.put((1..=count).map(|n| rig.node(n, deploy, state)).collect()).await;
    (1..=count).for_each(|n| rig.world.add(id(n), Power::Off));
    rig.start(Point::Never);
    rig
}

/// From now on calls of this name meet the trick.
pub(super) fn trick(rig: &Rig, label: &'static str, trick: Trick) {
    let script = move |_: &_, _, called: &'static str| (called == label).then(|| trick.clone());
    *rig.world.script.lock().unwrap() = Some(Box::new(script));
}

pub(super) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test]
async fn an_ask_waits_three_seconds_for_a_change_and_is_refused_as_locked() {
    let mut rig = rig(1, "fake", Provision::Enroll).await;
    trick(&rig, "power on", Trick::Stall(seconds(10)));
    rig.ask(1, ON).await.unwrap();
    assert!(rig.seen(1).unwrap().reserved);
    let before = rig.clock.tick();
    let refusal = rig.ask(1, provision(Verb::Manage)).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Locked { .. }), "{refusal}");
    assert_eq!(rig.clock.tick().since(before), seconds(3));
    assert_eq!(rig.seen(1).unwrap().provision, Provision::Enroll);
    rig.clock.pass(seconds(5)).await;
    rig.ask(1, provision(Verb::Manage)).await.unwrap();
    assert_eq!(rig.clock.tick().since(before), seconds(10), "it was let in when the change had ended");
    rig.stop().await;
}

#[tokio::test]
async fn maintenance_description_and_extra_never_wait() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    trick(&rig, "power on", Trick::Stall(seconds(10)));
    rig.ask(1, ON).await.unwrap();
    let before = rig.clock.tick();
    rig.ask(1, maintenance()).await.unwrap();
    let text = PatchOp { op: PatchVerb::Add, path: "/description".to_owned(), value: "spare".into() };
    let patch = PatchAsk { operations: vec![text], reset_interfaces: false, version: 115 };
    let answer = rig.ask(1, Ask::Patch(patch)).await.unwrap();
    assert_eq!(rig.clock.tick(), before);
    let Answer::Node(node) = answer else { panic!("{answer:?}") };
    assert_eq!((node.wished.description.as_deref(), node.wished.maintenance), (Some("spare"), true));
    rig.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_taken_while_a_change_is_owed() {
    let mut rig = rig(1, "direct", Provision::Available).await;
    trick(&rig, "step", Trick::Stall(seconds(200)));
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    rig.until(1, |node| node.reserved && node.agent.as_ref().is_some_and(|agent| agent.borne)).await;
    let (before, token) = (rig.clock.tick(), rig.seen(1).unwrap().agent.clone().unwrap().token);
    let desk = rig.desk().clone();
    desk.beat(id(1), beat(token)).await.unwrap();
    let refusal = desk.beat(id(1), beat(Secret::new("another"))).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Invalid(_)), "{refusal}");
    assert_eq!(rig.clock.tick(), before);
    drop(desk);
    rig.stop().await;
}

#[tokio::test]
async fn a_lookup_waits_for_the_look_at_the_known_agent_but_not_long() {
    let mut rig = rig(1, "direct", Provision::Available).await;
    trick(&rig, "step", Trick::Stall(seconds(200)));
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    rig.until(1, |node| node.reserved && node.agent.as_ref().is_some_and(|agent| agent.borne)).await;
    let (before, lookup) = (rig.clock.tick(), Ask::Lookup { from: ADDRESS });
    let answer = rig.ask(1, lookup.clone()).await.unwrap();
    assert_eq!(answer, Answer::Token(TokenAnswer::Masked), "it lives");
    assert_eq!(rig.clock.tick(), before);

    trick(&rig, "look at agent", Trick::Stall(seconds(10)));
    let refusal = rig.ask(1, lookup).await.unwrap_err();
    assert!(matches!(refusal, Refusal::AskAgain { .. }), "{refusal}");
    assert_eq!(rig.clock.tick().since(before), seconds(3));
    rig.stop().await;
}

#[tokio::test]
async fn an_outcome_comes_in_past_a_full_inbox() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    trick(&rig, "power on", Trick::Stall(seconds(1)));
    rig.ask(1, ON).await.unwrap();
    let asks: Vec<_> = (0..200).map(|_| rig.asking(1, ON)).collect();
    rig.until(1, |node| node.power == Some(Power::On)).await;
    rig.clock.pass(seconds(5)).await;
    let mut locked = 0;
    for ask in asks {
        match ask.await.unwrap() {
            Ok(_) => {}
            Err(Refusal::Locked { .. }) => locked += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(locked > 0, "so many do not wait");
    rig.stop().await;
}

#[tokio::test]
async fn a_synchronous_change_goes_on_when_nobody_waits_any_more() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    trick(&rig, "set boot device", Trick::Stall(seconds(40)));
    let (desk, before) = (rig.desk().clone(), rig.clock.tick());
    let acting = tokio::spawn(async move { desk.act(id(1), DISK).await });
    assert!(rig.clock.run_until(seconds(100), || acting.is_finished()).await);
    let refusal = acting.await.unwrap().unwrap_err();
    assert!(matches!(refusal, Refusal::Unanswered(_)), "{refusal}");
    assert_eq!(rig.clock.tick().since(before), seconds(25));
    assert!(rig.seen(1).unwrap().reserved);
    assert!(!rig.dump().contains("set boot device disk"));
    rig.until(1, |node| !node.reserved).await;
    assert_eq!(rig.clock.tick().since(before), seconds(40));
    assert!(rig.dump().contains("set boot device disk"), "{}", rig.dump());
    rig.stop().await;
}

#[tokio::test]
async fn a_synchronous_look_and_change_are_answered() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    let desk = rig.desk().clone();
    assert_eq!(desk.look(id(1), Look::Power).await, Ok(Seen::Power(Power::Off)));
    assert_eq!(desk.act(id(1), DISK).await, Ok(Outcome::Done));
    trick(&rig, "set boot device", Trick::Refuse);
    assert!(matches!(desk.act(id(1), DISK).await, Ok(Outcome::Failed(_))));
    drop(desk);
    rig.stop().await;
}

#[tokio::test]
async fn an_interrupt_is_injected_once_and_a_machine_without_refuses() {
    let mut rig = Rig::new();
    let mut able = rig.node(1, "fake", Provision::Manageable);
    able.wished.driver_info.insert("fake_panel".to_owned(), true.into());
    let plain = rig.node(2, "fake", Provision::Manageable);
    rig.put(vec![able, plain]).await;
    rig.start(Point::Never);
    let desk = rig.desk().clone();
    assert_eq!(desk.act(id(1), Effect::Nmi).await, Ok(Outcome::Done));
    assert_eq!(rig.fake.seen(id(1)).unwrap().interrupts, 1);
    assert!(
        matches!(desk.act(id(2), Effect::Nmi).await, Ok(Outcome::Failed(why)) if why.why.contains("NMI"))
    );
    drop(desk);
    rig.stop().await;
}

#[tokio::test]
async fn a_look_before_an_ask_shows_the_node_reserved_and_has_ten_seconds() {
    let mut rig = rig(1, "fake", Provision::Available).await;
    trick(&rig, "validate", Trick::Stall(seconds(60)));
    let before = rig.clock.tick();
    let asking = rig.asking(1, provision(Verb::Deploy));
    rig.clock.settle().await;
    assert!(rig.seen(1).unwrap().reserved);
    rig.clock.run_until(seconds(30), || asking.is_finished()).await;
    let refusal = asking.await.unwrap().unwrap_err();
    assert!(refusal.to_string().contains("no answer within 10 s"), "{refusal}");
    assert_eq!(rig.clock.tick().since(before), seconds(10));
    assert!(!rig.seen(1).unwrap().reserved);
    rig.stop().await;
}

#[tokio::test]
async fn a_deleted_node_is_gone_and_may_be_made_again() {
    let mut rig = rig(2, "fake", Provision::Manageable).await;
    let draft = |n: u128, name: &str| {
        let mut wished = rig.seen(2).unwrap().wished.clone();
        wished.name = Some(name.to_owned());
        NodeDraft { id: id(n), wished, starts_available: false }
    };
    let desk = rig.desk().clone();
    for (n, name) in [(1, "other"), (3, "n1")] {
        let refusal = desk.create(draft(n, name)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Duplicate(_)), "{refusal}");
    }
    rig.clock.settle().await;
    let lanes = rig.site().tasks.len();
    assert_eq!(rig.ask(1, Ask::Delete).await, Ok(Answer::Done));
    rig.clock.settle().await;
    assert_eq!((rig.seen(1), rig.site().tasks.len()), (None, lanes - 1));
    assert!(matches!(rig.ask(1, maintenance()).await, Err(Refusal::NoSuchNode { .. })));
    desk.create(draft(1, "n1")).await.unwrap();
    rig.ask(1, maintenance()).await.unwrap();
    drop(desk);
    rig.stop().await;
}

#[tokio::test]
async fn a_delete_in_the_middle_of_a_change_ends_the_lane() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    trick(&rig, "power on", Trick::Stall(seconds(2)));
    rig.ask(1, ON).await.unwrap();
    assert_eq!(rig.ask(1, Ask::Delete).await, Ok(Answer::Done));
    assert_eq!(rig.owed(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_driver_that_panics_has_not_answered() {
    let mut rig = rig(1, "fake", Provision::Enroll).await;
    trick(&rig, "power on", Trick::Panic);
    rig.ask(1, ON).await.unwrap();
    rig.until(1, |node| !node.reserved).await;
    assert!(rig.seen(1).unwrap().last_error.as_ref().unwrap().contains("without an answer"));
    trick(&rig, "look at power", Trick::Panic);
    rig.ask(1, provision(Verb::Manage)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::Enroll && node.last_error.is_some()).await;
    trick(&rig, "validate", Trick::Panic);
    assert!(rig.ask(1, ON).await.is_err());
    *rig.world.script.lock().unwrap() = None;
    rig.ask(1, provision(Verb::Manage)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::Manageable).await;
    rig.stop().await;
}

/// Its fence would be that of the change, so nobody could tell that it saw the time before.
#[tokio::test]
async fn a_look_does_not_begin_in_the_middle_of_a_change() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    *rig.world.script.lock().unwrap() = Some(Box::new(|_, _, label| match label {
        "look at boot device" => Some(Trick::Stall(seconds(10))),
        "power on" => Some(Trick::Stall(seconds(20))),
        _ => None,
    }));
    let (one, two) = (rig.desk().clone(), rig.desk().clone());
    let asking = tokio::spawn(async move { one.look(id(1), Look::BootDevice).await });
    rig.clock.settle().await;
    let syncing = tokio::spawn(async move { two.sync(id(1)).await });
    rig.clock.settle().await;
    rig.ask(1, ON).await.unwrap();
    let looked = |rig: &Rig| rig.cut().log().iter().any(|line| line.contains("look at power"));
    rig.clock.pass(seconds(15)).await;
    assert!(asking.is_finished() && !looked(&rig), "{:?}", rig.cut().log());
    rig.clock.pass(seconds(10)).await;
    assert!(syncing.is_finished() && looked(&rig));
    assert_eq!((rig.seen(1).unwrap().power, rig.seen(1).unwrap().misses), (Some(Power::On), 0));
    rig.stop().await;
}

#[tokio::test]
async fn a_full_disk_refuses_asks_but_none_that_ends_something() {
    let rig = rig(1, "fake", Provision::Manageable).await;
    rig.cut().fill();
    let refusal = rig.ask(1, ON).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Full { .. }), "{refusal}");
    rig.ask(1, maintenance()).await.unwrap();
    assert_eq!(rig.ask(1, Ask::Delete).await, Ok(Answer::Done));
}

#[tokio::test]
async fn what_a_driver_learns_survives_a_restart() {
    let mut rig = rig(1, "fake", Provision::Manageable).await;
    let ledger = Ledger::default();
    let print = CredentialPrint("print".to_owned());
    let refused = Fact::LoginRefused { print: print.clone(), why: "401".to_owned() };
    ledger.learn(id(1), refused.clone());
    ledger.open(rig.desk());
    rig.clock.settle().await;
    assert!(rig.seen(1).unwrap().bmc.is_empty(), "no lane was open");
    trick(&rig, "power on", Trick::Stall(seconds(10)));
    rig.ask(1, ON).await.unwrap();
    let token = Secret::new("session");
    ledger.learn(id(1), refused);
    ledger.learn(id(1), Fact::SessionOpened { token: token.clone(), path: None, print });
    ledger.learn(id(2), Fact::SessionClosed);
    rig.clock.settle().await;
    rig.start_again().await;
    let bmc = rig.seen(1).unwrap().bmc.clone();
    assert_eq!(bmc.refused.unwrap().why, "401", "a change under way keeps no fact waiting");
    assert_eq!(bmc.session.unwrap().token, token);
    let off = Ask::Maintenance { on: false, reason: None };
    rig.ask(1, off).await.unwrap();
    assert_eq!(rig.seen(1).unwrap().bmc.refused, None);
    rig.stop().await;
}
