use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::{PausedClock, SharedClock, sleep};
use crate::driver::bmc::Protocol;
use crate::driver::bmc::insist::insisting;
use crate::driver::bmc::notebook::Notebook;
use crate::driver::bmc::print::PrintKey;
use crate::driver::error::DriverError;
use crate::model::bmc::{Bmc, CredentialPrint, Fact, RefusedLogin, Silence};
use crate::model::node::{Node, Wished};

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Pages(Mutex<Vec<(NodeId, Fact)>>);

impl Notebook for Pages {
    fn learn(&self, node: NodeId, fact: Fact) {
        self.0.lock().unwrap().push((node, fact));
    }
}

/// A governor with a clock that the test moves.
struct Rig {
    clock: Arc<PausedClock>,
    pages: Arc<Pages>,
    governor: Governor<()>,
    prints: PrintKey,
}

impl Rig {
    fn new(limits: Limits) -> Self {
        let (clock, pages) = (Arc::new(PausedClock::new()), Arc::new(Pages::default()));
        let prints = PrintKey::new(Secret::new("key"));
        let ground = Ground::new(clock.clone(), pages.clone(), prints.clone(), 7);
        Self { governor: Governor::new(&ground, limits), clock, pages, prints }
    }

    fn still() -> Self {
        Self::new(Limits { start_spread: Duration::ZERO, ..Limits::default() })
    }

    fn print(&self, key: &BmcKey, password: &str) -> CredentialPrint {
        self.prints.print(key, &[&Secret::new(password)])
    }

    /// Lets tasks run, then moves the clock, so often.
    async fn pass(&self, step: Duration, times: u32) {
        for _ in 0..times {
            settle().await;
            self.clock.advance(step);
        }
        settle().await;
    }

    fn facts(&self) -> Vec<Fact> {
        self.pages.0.lock().unwrap().iter().map(|(_, fact)| fact.clone()).collect()
    }
}

async fn settle() {
    for _ in 0..60 {
        tokio::task::yield_now().await;
    }
}

fn node(number: u128) -> Node {
    Node::new(NodeId(uuid::Uuid::from_u128(number)), Wished::default(), Moment(0))
}

fn key(number: u128) -> BmcKey {
    BmcKey::new(Protocol::Redfish, &format!("10.0.0.{number}"), 443, "admin")
}

/// How a machine of the test behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Well,
    Slow,
    Dead,
    Wrong,
}

fn kind(number: u128) -> Kind {
    match number {
        0..4 => Kind::Slow,
        4..6 => Kind::Dead,
        6 => Kind::Wrong,
        _ => Kind::Well,
    }
}

/// What one machine has seen.
#[derive(Debug, Default)]
struct Tally {
    reached: AtomicU32,
    at_once: AtomicU32,
    most_at_once: AtomicU32,
    /// Of the last answer, in milliseconds.
    last: AtomicU32,
    errors: Mutex<Vec<DriverError>>,
}

impl Tally {
    fn reached(&self) -> u32 {
        self.reached.load(Ordering::Relaxed)
    }
}

/// One call as a driver makes it.
async fn call(
    clock: SharedClock,
    line: Arc<Line<()>>,
    of: (Node, CredentialPrint),
    how: Kind,
    tally: Arc<Tally>,
) {
    let (node, print) = of;
    let turn = match line.turn(&node, &print).await {
        Ok(turn) => turn,
        Err(error) => return tally.errors.lock().unwrap().push(error),
    };
    tally.reached.fetch_add(1, Ordering::Relaxed);
    let now = tally.at_once.fetch_add(1, Ordering::Relaxed) + 1;
    tally.most_at_once.fetch_max(now, Ordering::Relaxed);
    let latency = match how {
        Kind::Well => Duration::from_millis(50),
        Kind::Slow => Duration::from_secs(20),
        Kind::Dead => Duration::from_secs(30),
        Kind::Wrong => Duration::from_millis(100),
    };
    sleep(&*clock, latency).await;
    tally.at_once.fetch_sub(1, Ordering::Relaxed);
    let error = match how {
        Kind::Well | Kind::Slow => {
            turn.answered(latency);
            let millis = u32::try_from(clock.tick().0.as_millis()).unwrap();
            return tally.last.store(millis, Ordering::Relaxed);
        }
        Kind::Dead => turn.silent("timed out"),
        Kind::Wrong => turn.login_refused("401 Unauthorized"),
    };
    tally.errors.lock().unwrap().push(error);
}

#[tokio::test]
async fn in_a_rack_of_48_slow_dead_and_wrong_ones_keep_nobody_up() {
    let rig = Rig::new(Limits::default());
    let tallies: Vec<Arc<Tally>> = (0..48).map(|_| Arc::default()).collect();
    for (number, tally) in (0..).zip(&tallies) {
        for _ in 0..8 {
            let (line, print) = (rig.governor.line(&key(number)), rig.print(&key(number), "word"));
            let clock: SharedClock = rig.clock.clone();
            tokio::spawn(call(clock, line, (node(number), print), kind(number), tally.clone()));
        }
    }
    rig.pass(Duration::from_millis(10), 200).await;
    for (number, tally) in (0..).zip(&tallies).filter(|(number, _)| kind(*number) == Kind::Well) {
        // One that finds out about the password, then seven, four at once, after half a second of spread at most.
        assert_eq!(tally.reached(), 8, "{number}");
        assert!(tally.last.load(Ordering::Relaxed) <= 700, "{number}: {tally:?}");
        assert_eq!(tally.most_at_once.load(Ordering::Relaxed), 4, "{number}");
        assert!(tally.errors.lock().unwrap().is_empty());
    }
    rig.pass(Duration::from_secs(10), 40).await;
    for (number, tally) in (0..).zip(&tallies) {
        let errors = tally.errors.lock().unwrap();
        match kind(number) {
            Kind::Well => {}
            Kind::Slow => assert_eq!((tally.reached(), errors.len()), (8, 0), "{number}"),
            Kind::Dead => {
                assert_eq!((tally.reached(), errors.len()), (1, 8), "{number}");
                let told = format!("no answer from redfish BMC 10.0.0.{number}:443: timed out");
                assert_eq!(errors[0].to_string(), told);
                assert!(errors[1..].iter().all(|error| error.to_string().contains("tried again in 1 s")));
            }
            Kind::Wrong => {
                assert_eq!((tally.reached(), errors.len()), (1, 8), "{number}");
                assert!(errors.iter().all(|error| matches!(error, DriverError::LoginRefused { .. })));
                let told = errors[7].to_string();
                for word in [
                    "10.0.0.6:443",
                    "2026-01-01T00:00:0",
                    "401 Unauthorized",
                    "driver_info",
                    "maintenance off",
                ] {
                    assert!(told.contains(word), "{told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_until_it_changes() {
    let rig = Rig::still();
    let (line, wrong, right) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"), rig.print(&key(1), "b"));
    let turn = line.turn(&node(1), &wrong).await.unwrap();
    turn.may_log_in().await.unwrap();
    let error = turn.login_refused("401");
    for number in [1, 1, 2] {
        assert_eq!(line.turn(&node(number), &wrong).await.unwrap_err(), error);
    }
    line.turn(&node(1), &right).await.unwrap().answered(Duration::ZERO);
    // Not lifted by another's good password.
    assert_eq!(line.turn(&node(2), &wrong).await.unwrap_err(), error);
    let refused = Fact::LoginRefused { print: wrong, why: "401".to_owned() };
    assert!(rig.facts().iter().all(|fact| *fact == refused));
    assert!(
        rig.pages.0.lock().unwrap().iter().any(|(id, _)| *id == node(2).id),
        "a node that shares it is told"
    );
}

#[tokio::test]
async fn a_refused_log_in_survives_a_restart_and_is_lifted_by_a_person() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    let mut one = node(1);
    let refused = RefusedLogin { print: print.clone(), at: Moment(1), why: "401".to_owned() };
    one.bmc.refused = Some(refused.clone());
    one.bmc.lifts = 3;
    for _ in 0..2 {
        assert!(line.turn(&one, &print).await.unwrap_err().to_string().contains("401"));
    }
    one.bmc.lifts = 4;
    one.bmc.refused = None;
    line.turn(&one, &print).await.unwrap().answered(Duration::ZERO);
    // A node that shares the account and whose record still says refused is told.
    let other = Node { bmc: Bmc { refused: Some(refused), ..Bmc::default() }, ..node(2) };
    line.turn(&other, &print).await.unwrap().answered(Duration::ZERO);
    assert_eq!(rig.facts(), [Fact::LoginAccepted { print }]);
}

#[tokio::test]
async fn turns_in_flight_hear_of_a_refusal_before_they_log_in() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    line.turn(&node(1), &print).await.unwrap().answered(Duration::ZERO);
    let (first, second) =
        (line.turn(&node(1), &print).await.unwrap(), line.turn(&node(1), &print).await.unwrap());
    let error = first.login_refused("401");
    assert_eq!(second.may_log_in().await.unwrap_err(), error);
    drop(second);
    assert_eq!(line.turn(&node(1), &print).await.unwrap_err(), error);
}

#[tokio::test]
async fn an_answer_to_a_turn_that_began_before_does_not_lift_a_refusal() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    line.turn(&node(1), &print).await.unwrap().answered(Duration::ZERO);
    let (first, second) =
        (line.turn(&node(1), &print).await.unwrap(), line.turn(&node(1), &print).await.unwrap());
    let error = first.login_refused("401");
    second.answered(Duration::ZERO);
    assert_eq!(line.turn(&node(1), &print).await.unwrap_err(), error);
}

#[tokio::test]
async fn a_silent_bmc_is_tried_again_and_forgiven() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    let error = line.turn(&node(1), &print).await.unwrap().silent("timed out");
    assert_eq!(error, DriverError::silent("redfish BMC 10.0.0.1:443", "timed out"));
    assert!(!error.is_untried());
    assert!(line.turn(&node(1), &print).await.unwrap_err().is_untried());
    rig.clock.advance(Duration::from_secs(1));
    let probe = line.turn(&node(1), &print).await.unwrap();
    let error = line.turn(&node(1), &print).await.unwrap_err();
    assert!(error.is_untried() && error.to_string().contains("being tried again now"), "{error}");
    probe.answered(Duration::from_millis(5));
    line.turn(&node(1), &print).await.unwrap().answered(Duration::ZERO);
}

#[tokio::test]
async fn every_node_of_a_silent_bmc_is_told_when_it_begins_and_when_it_ends() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    let silent = Fact::Silent { why: "timed out".to_owned() };
    line.turn(&node(1), &print).await.unwrap().silent("timed out");
    line.turn(&node(2), &print).await.unwrap_err();
    let told = rig.pages.0.lock().unwrap().split_off(0);
    assert_eq!(told, [(node(1).id, silent.clone()), (node(2).id, silent)]);
    let silence = Silence { since: Moment(0), why: "timed out".to_owned() };
    let known =
        |number| Node { bmc: Bmc { silent: Some(silence.clone()), ..Bmc::default() }, ..node(number) };
    line.turn(&known(1), &print).await.unwrap_err();
    assert_eq!(rig.facts(), [], "both know");
    rig.clock.advance(Duration::from_secs(1));
    line.turn(&known(1), &print).await.unwrap().answered(Duration::ZERO);
    line.turn(&known(2), &print).await.unwrap().answered(Duration::ZERO);
    line.turn(&node(1), &print).await.unwrap().answered(Duration::ZERO);
    let told = rig.pages.0.lock().unwrap().clone();
    assert_eq!(told, [(node(1).id, Fact::Heard), (node(2).id, Fact::Heard)]);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_place_and_its_turn() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    let held = line.turn(&node(1), &print).await.unwrap();
    let waiting = tokio::spawn({
        let (line, print) = (line.clone(), print.clone());
        async move { line.turn(&node(1), &print).await.map(|_| ()) }
    });
    settle().await;
    assert_eq!(line.idle_since(), None);
    waiting.abort();
    settle().await;
    drop(held);
    line.turn(&node(1), &print).await.unwrap().answered(Duration::ZERO);
    assert!(line.idle_since().is_some());
}

#[tokio::test]
async fn who_comes_to_a_full_queue_hears_so() {
    let rig = Rig::new(Limits { queue: 1, start_spread: Duration::ZERO, ..Limits::default() });
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    let held = line.turn(&node(1), &print).await.unwrap();
    let waiting = tokio::spawn({
        let (line, print) = (line.clone(), print.clone());
        async move { line.turn(&node(1), &print).await.map(|turn| turn.answered(Duration::ZERO)) }
    });
    settle().await;
    let error = line.turn(&node(1), &print).await.unwrap_err();
    let text =
        "redfish BMC 10.0.0.1:443 is busy: calls of this node that wait for it already: 1; ask again later";
    assert_eq!(error.to_string(), text);
    let other = tokio::spawn({
        let (line, print) = (line.clone(), print.clone());
        async move { line.turn(&node(2), &print).await.map(|turn| turn.answered(Duration::ZERO)) }
    });
    settle().await;
    assert!(!other.is_finished(), "another node's call has a queue of its own");
    held.answered(Duration::ZERO);
    waiting.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_insists_tries_a_silent_bmc_once_and_waits_for_another_try() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    for _ in 0..2 {
        line.turn(&node(1), &print).await.unwrap().silent("timed out");
        rig.pass(Duration::from_secs(1), 1).await;
    }
    let refused = line.turn(&node(1), &print).await.unwrap_err();
    assert!(refused.is_untried(), "{refused}");
    insisting(async {
        let turn = line.turn(&node(1), &print).await.unwrap();
        let second = tokio::spawn({
            let (line, print) = (line.clone(), print.clone());
            insisting(async move { line.turn(&node(2), &print).await.map(|turn| turn.silent("deaf")) })
        });
        settle().await;
        assert!(!second.is_finished(), "one at a time");
        turn.silent("timed out");
        assert!(second.await.unwrap().is_ok());
        assert!(line.turn(&node(1), &print).await.unwrap_err().is_untried(), "its try is used up");
    })
    .await;
}

#[tokio::test]
async fn a_pause_that_is_too_long_to_wait_for_is_told_at_once() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    line.turn(&node(1), &print).await.unwrap().overloaded(Some(Duration::from_hours(5)));
    let error = line.turn(&node(1), &print).await.unwrap_err();
    let text = "redfish BMC 10.0.0.1:443 answered that it has too much to do and wants a pause: it is asked again in 60 s";
    assert_eq!(error.to_string(), text);
    rig.pass(Duration::from_secs(30), 2).await;
    line.turn(&node(1), &print).await.unwrap().answered(Duration::ZERO);
}

#[tokio::test]
async fn an_overloaded_bmc_rests_as_long_as_it_says() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    line.turn(&node(1), &print).await.unwrap().overloaded(Some(Duration::from_secs(5)));
    let waiting = tokio::spawn({
        let (line, print) = (line.clone(), print.clone());
        async move { line.turn(&node(1), &print).await.map(|turn| turn.answered(Duration::ZERO)) }
    });
    rig.pass(Duration::from_secs(1), 4).await;
    assert!(!waiting.is_finished());
    rig.pass(Duration::from_secs(1), 1).await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn at_exit_calls_end_and_none_begins_or_fails() {
    let rig = Rig::still();
    let (line, print) = (rig.governor.line(&key(1)), rig.print(&key(1), "a"));
    let running = line.turn(&node(1), &print).await.unwrap();
    assert_eq!(rig.governor.shut().len(), 1);
    let late = rig.governor.line(&key(2));
    let mut waiting = Vec::new();
    for line in [line.clone(), late] {
        let print = print.clone();
        waiting.push(tokio::spawn(async move { line.turn(&node(1), &print).await.map(drop) }));
    }
    let quiet = tokio::spawn(async move { line.quiet().await });
    settle().await;
    assert!(!quiet.is_finished(), "a call runs");
    tokio::select! {
        biased;
        _ = running.may_log_in() => panic!("a log-in at exit"),
        () = settle() => {}
    }
    running.silent("timed out");
    quiet.await.unwrap();
    settle().await;
    assert!(waiting.iter().all(|one| !one.is_finished()), "what was not begun has not failed");
}

#[tokio::test]
async fn lines_that_nobody_uses_are_taken_out() {
    let rig = Rig::still();
    let line = rig.governor.line(&key(1));
    assert!(Arc::ptr_eq(&line, &rig.governor.line(&key(1))));
    rig.governor.line(&key(2));
    rig.clock.advance(Duration::from_mins(10));
    let taken: Vec<_> =
        rig.governor.take_idle(Duration::from_mins(5)).iter().map(|one| one.key().clone()).collect();
    assert_eq!(taken, [key(2)]);
    assert_eq!(rig.governor.lines().len(), 1);
    drop(line);
}

#[test]
fn first_calls_are_spread_by_the_seed() {
    let rig = Rig::new(Limits::default());
    let when: Vec<_> = (0..48).map(|number| rig.governor.jitter(&key(number))).collect();
    let early = when.iter().filter(|one| **one < Duration::from_millis(250)).count();
    assert!(
        when.iter().all(|one| *one < Duration::from_millis(500)) && (12..36).contains(&early),
        "{when:?}"
    );
}
