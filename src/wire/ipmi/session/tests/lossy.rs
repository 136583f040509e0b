//! The session against a BMC that loses, repeats, forgets and has its oddities.

use std::time::Duration;

use proptest::prelude::*;

use super::bmc::{Bmc, Counter, Manner, look, press};
use crate::base::time::Tick;
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::session::outcome::{Mismatch, SuiteRefusal, SuiteWhy};
use crate::wire::ipmi::session::{
    Answer, AskError, End, Event, Failure, Login, Session, Stage, Ticket, Turn,
};
use crate::wire::ipmi::status::{Completion, Status};

/// What the network does to a packet.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Comes,
    Lost,
    Twice,
    Damaged,
}

/// A client, a BMC and the network between them.
struct World {
    session: Session,
    bmc: Bmc,
    dice: Counter,
    now: Tick,
    wake: Option<Tick>,
    events: Vec<Event>,
    fates: Vec<Fate>,
    /// Every packet of the client's.
    sent: Vec<Vec<u8>>,
}

impl World {
    fn new(login: Login, bmc: Bmc) -> Self {
        Self {
            session: Session::new(login),
            bmc,
            dice: Counter::default(),
            now: Tick::default(),
            wake: None,
            events: Vec::new(),
            fates: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn start(mut self) -> Self {
        let turn = self.session.start(self.now, &mut self.dice);
        self.take(turn);
        self
    }

    fn ask(&mut self, ask: crate::wire::ipmi::ask::Ask) -> Ticket {
        let (ticket, turn) = self.session.ask(ask, self.now, &mut self.dice).unwrap();
        self.take(turn);
        ticket
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        match self.fates.pop().unwrap_or(Fate::Comes) {
            Fate::Comes => vec![bytes],
            Fate::Lost => vec![],
            Fate::Twice => vec![bytes.clone(), bytes],
            Fate::Damaged => {
                let mut bytes = bytes;
                let last = bytes.len() - 1;
                bytes[last] ^= 0x55;
                vec![bytes]
            }
        }
    }

    fn take(&mut self, turn: Turn) {
        self.wake = turn.wake;
        self.events.extend(turn.events);
        for packet in turn.send {
            self.sent.push(packet.clone());
            for packet in self.pass(packet) {
                let Some(answer) = self.bmc.receive(&packet) else { continue };
                for answer in self.pass(answer) {
                    let turn = self.session.receive(&answer, self.now, &mut self.dice);
                    self.take(turn);
                }
            }
        }
    }

    /// Wakes the session until it wants to sleep longer than its keep-alive, or `limit` has passed.
    fn run(&mut self, limit: Duration) {
        let end = self.now.after(limit);
        while let Some(wake) = self.wake.filter(|wake| *wake <= end) {
            assert!(wake > self.now || self.sent.len() < 1000, "the session spins");
            self.now = self.now.max(wake);
            let turn = self.session.wake(self.now, &mut self.dice);
            self.take(turn);
        }
        self.now = end;
    }

    fn end(&self) -> Option<&End> {
        match self.events.last() {
            Some(Event::Ended(end)) => Some(end),
            _ => None,
        }
    }

    fn result(&self, wanted: Ticket) -> Option<Result<Answer, Failure>> {
        self.events.iter().find_map(|event| match event {
            Event::Answered { ticket, result } if *ticket == wanted => Some(result.clone()),
            _ => None,
        })
    }

    fn ready_level(&self) -> Option<Privilege> {
        self.events.iter().find_map(|event| match event {
            Event::Ready(ready) => Some(ready.privilege),
            _ => None,
        })
    }
}

fn login() -> Login {
    Login::new(b"admin", b"password").unwrap()
}

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_request_asked_early_is_answered_once_the_session_is_ready() {
    let mut world = World::new(login(), Bmc::new());
    let ticket = world.ask(look());
    assert_eq!(world.result(ticket), None);
    let world = world.start();
    assert_eq!(world.session.stage(), Stage::Ready);
    assert!(world.result(ticket).unwrap().unwrap().completion.is_ok());
}

#[test]
fn suite_3_is_taken_where_17_is_refused_by_any_of_the_known_words() {
    for status in [0x01, 0x04, 0x09, 0x0a, 0x11, 0x12] {
        let bmc = Bmc::with(Manner { suites: vec![3], refusal: Status(status), ..Manner::default() });
        let world = World::new(login(), bmc).start();
        assert_eq!(world.ready_level(), Some(Privilege::Administrator), "status {status:02x}");
    }
}

#[test]
fn a_bmc_without_our_suites_is_named_with_its_words() {
    let world = World::new(login(), Bmc::with(Manner { suites: vec![8], ..Manner::default() })).start();
    let refusal = |suite| SuiteRefusal { suite, why: SuiteWhy::Status(Status::NO_SUITE) };
    assert_eq!(world.end(), Some(&End::SuitesRefused(vec![refusal(17), refusal(3)])));
    let full = Bmc::with(Manner { suites: vec![], refusal: Status::NO_RESOURCES, ..Manner::default() });
    assert!(matches!(World::new(login(), full).start().end(), Some(End::NoSlot(_))));
}

#[test]
fn a_wrong_password_is_tried_at_most_twice_and_never_proven() {
    let bmc = Bmc::with(Manner { password: Key::new(b"other"), ..Manner::default() });
    let mut world = World::new(login(), bmc).start();
    world.run(MINUTE);
    assert_eq!(world.end(), Some(&End::WrongPassword(Mismatch::Code)));
    assert_eq!(world.sent.len(), 5, "capabilities, and twice open and RAKP 1");
}

#[test]
fn a_board_that_takes_the_level_of_the_open_request_is_let_in() {
    let world = World::new(login(), Bmc::with(Manner { level_of_open: true, ..Manner::default() })).start();
    assert_eq!(world.ready_level(), Some(Privilege::Administrator));
}

#[test]
fn a_kg_may_begin_with_zero_and_a_wrong_one_is_told_from_a_wrong_password() {
    let bmc = || Bmc::with(Manner { kg: Some(Key::new(&[0, 1, 2])), ..Manner::default() });
    let world = World::new(login().with_kg(&[0, 1, 2]).unwrap(), bmc()).start();
    assert!(world.ready_level().is_some());
    let world = World::new(login().with_kg(&[9]).unwrap(), bmc()).start();
    assert_eq!(world.end(), Some(&End::WrongKg { set: true }));
}

#[test]
fn an_account_below_administrator_gets_operator_unless_a_person_insists() {
    let bmc = || Bmc::with(Manner { limit: 3, ..Manner::default() });
    assert_eq!(World::new(login(), bmc()).start().ready_level(), Some(Privilege::Operator));
    let insisting = Login { insists: true, ..login() };
    let world = World::new(insisting, bmc()).start();
    let wanted = Privilege::Administrator;
    assert_eq!(world.end(), Some(&End::Privilege { wanted, completion: Completion(0x81) }));
}

#[test]
fn a_command_that_is_never_answered_fails_alone() {
    let mut world =
        World::new(login(), Bmc::with(Manner { deaf_to: vec![(0x2c, 0x02)], ..Manner::default() })).start();
    let deaf = world.ask(crate::wire::ipmi::ask::Ask::new(0x2c, 0x02, [0xdc]));
    let heard = world.ask(look());
    let before = world.sent.len();
    world.run(Duration::from_secs(10));
    assert_eq!(world.result(deaf), Some(Err(Failure::NoAnswer { tries: 4 })));
    assert!(world.result(heard).unwrap().is_ok());
    assert_eq!(world.sent.len() - before, 5, "three resends, are you there, the next request");
}

#[test]
fn a_bmc_that_forgot_the_session_ends_it_and_presses_are_not_pressed_again() {
    let mut world = World::new(login(), Bmc::new()).start();
    world.bmc.forget();
    let pressed = world.ask(press());
    let waiting = world.ask(look());
    world.run(MINUTE);
    assert_eq!(world.end(), Some(&End::Lost));
    let failure = world.result(pressed).unwrap().unwrap_err();
    assert!(failure.may_be_done());
    assert_eq!(world.result(waiting), Some(Err(Failure::NotSent)));
    assert!(!world.bmc.done.contains(&(0, 2)));
    assert_eq!(world.session.ask(look(), world.now, &mut world.dice).unwrap_err(), AskError::Ended);
}

#[test]
fn a_quiet_session_is_kept_alive_every_twenty_seconds() {
    let mut world = World::new(login(), Bmc::new()).start();
    world.run(Duration::from_secs(65));
    let kept = world.bmc.done.iter().filter(|done| **done == (6, 1)).count();
    assert_eq!(kept, 3);
}

#[test]
fn a_session_closes_once_and_then_takes_nothing() {
    let mut world = World::new(login(), Bmc::new()).start();
    let turn = world.session.close(world.now, &mut world.dice);
    world.take(turn);
    assert_eq!(world.end(), Some(&End::Closed));
    assert_eq!(world.wake, None);
    assert!(world.bmc.done.contains(&(6, 0x3c)));
}

#[test]
fn closing_does_not_wait_for_a_bmc_that_is_gone() {
    let mut world = World::new(login(), Bmc::new()).start();
    world.bmc.forget();
    let turn = world.session.close(world.now, &mut world.dice);
    world.take(turn);
    world.run(Duration::from_secs(1));
    assert_eq!(world.end(), Some(&End::Closed));
}

#[test]
fn sol_is_for_sessions_that_are_ready() {
    let mut world = World::new(login(), Bmc::new());
    let early = world.session.send_sol(&[0; 4], world.now, &mut world.dice);
    assert_eq!(early.unwrap_err(), AskError::NoSol);
    let mut world = world.start();
    let turn = world.session.send_sol(&[0; 4], world.now, &mut world.dice).unwrap();
    assert_eq!(turn.send[0][5], 0xc1, "encrypted, signed, SOL");
}

#[test]
fn too_many_and_too_long_requests_are_refused() {
    let mut world = World::new(login(), Bmc::new());
    for _ in 0..32 {
        world.ask(look());
    }
    assert_eq!(world.session.ask(look(), world.now, &mut world.dice).unwrap_err(), AskError::Full);
    let long = crate::wire::ipmi::ask::Ask::new(0, 1, [0; 231]);
    assert_eq!(world.session.ask(long, world.now, &mut world.dice).unwrap_err(), AskError::TooLong);
}

#[test]
fn login_words_that_ipmi_cannot_carry_are_refused_not_cut() {
    assert!(Login::new(&[b'u'; 17], b"").is_err());
    assert!(Login::new(b"u", &[b'p'; 21]).is_err());
    let long = Login::new(b"u", &[b'p'; 17]).unwrap();
    assert!(long.with_version(crate::wire::ipmi::session::Version::V15).is_err());
    assert!(login().with_kg(&[1; 21]).is_err());
    assert!(login().with_suites(&[17, 4]).is_err());
    assert!(login().with_suites(&[]).is_err());
}

#[test]
fn nothing_of_the_account_is_shown() {
    let session = Session::new(login().with_kg(b"a secret key").unwrap());
    let shown = format!("{session:?}");
    assert!(!shown.contains("password\"") && !shown.contains("112, 97, 115") && !shown.contains("secret"));
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => Just(Fate::Comes), 2 => Just(Fate::Lost), 1 => Just(Fate::Twice), 1 => Just(Fate::Damaged),
    ];
    proptest::collection::vec(fate, 0..60)
}

proptest! {
    #[test]
    fn whatever_the_network_does_every_request_has_one_outcome_and_no_press_is_done_twice(fates in fates()) {
        let mut world = World::new(login(), Bmc::new());
        world.fates = fates;
        let tickets: Vec<Ticket> = (0..6).map(|at| world.ask(if at % 2 == 0 { press() } else { look() })).collect();
        let mut world = world.start();
        world.run(4 * MINUTE);
        for ticket in &tickets {
            let outcomes = world.events.iter().filter(|event| {
                matches!(event, Event::Answered { ticket: answered, .. } if answered == ticket)
            });
            prop_assert_eq!(outcomes.count(), 1);
        }
        let pressed = world.bmc.done.iter().filter(|done| **done == (0, 2)).count();
        prop_assert!(pressed <= 3);
    }

    #[test]
    fn a_session_at_any_stage_takes_any_packet(
        stage in 0_usize..8, bytes in proptest::collection::vec(any::<u8>(), 0..90),
    ) {
        let mut world = World::new(login(), Bmc::new());
        world.fates = vec![Fate::Comes; stage];
        world.fates.insert(0, Fate::Lost);
        let mut world = world.start();
        let mut framed = vec![6, 0, 0xff, 7, 6];
        framed.extend(&bytes);
        for packet in [bytes, framed] {
            world.session.receive(&packet, world.now, &mut world.dice);
        }
    }
}
