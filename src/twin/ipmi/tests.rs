//! The BMC as a value against the client's session as a value, by a clock that only the test moves.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::ipmi::bmc::Bmc;
use crate::twin::ipmi::quirk::{QUIRKS, Quirk};
use crate::twin::ipmi::settings::Settings;
use crate::twin::ipmi::turn::{Now, Press, Turn};
use crate::twin::progress::BootFrom;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::command::payload::{activate_sol, deactivate_sol};
use crate::wire::ipmi::data::boot::{BootOption, Flags};
use crate::wire::ipmi::data::chassis::{Control, Status};
use crate::wire::ipmi::data::sdr::record::Record;
use crate::wire::ipmi::session::{Answer, Dice, Event, Login, Purpose, Session, Turn as ClientTurn, Version};
use crate::wire::ipmi::status::Completion;

#[derive(Debug, Default)]
struct Counter(u8);

impl Dice for Counter {
    fn fill(&mut self, _: Purpose, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

/// A client and a BMC on one table.
#[derive(Debug)]
struct Table {
    bmc: Bmc,
    client: Session,
    dice: Counter,
    now: Now,
    pressed: Vec<Press>,
    from: Option<BootFrom>,
    events: Vec<Event>,
    wake: Option<Tick>,
    sent: Vec<Vec<u8>>,
}

impl Table {
    fn new(settings: Settings, login: Login) -> Self {
        let now = Now { tick: Tick::default(), wall: 1_800_000_000, on: false };
        Self {
            bmc: Bmc::new(settings, "t", 623, now),
            client: Session::new(login),
            dice: Counter::default(),
            now,
            pressed: Vec::new(),
            from: None,
            events: Vec::new(),
            wake: None,
            sent: Vec::new(),
        }
    }

    fn start(&mut self) {
        let turn = self.client.start(self.now.tick, &mut self.dice);
        self.carry(turn);
    }

    /// Carries packets to and fro until both are silent.
    fn carry(&mut self, turn: ClientTurn) {
        let mut turns = vec![turn];
        while let Some(turn) = turns.pop() {
            self.events.extend(turn.events);
            self.wake = turn.wake;
            for packet in turn.send {
                self.sent.push(packet.clone());
                for answer in self.give(&packet) {
                    turns.insert(0, self.client.receive(&answer, self.now.tick, &mut self.dice));
                }
            }
        }
    }

    fn give(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let from: SocketAddr = "127.0.0.1:1000".parse().unwrap();
        let turn = self.bmc.receive(packet, from, self.now);
        self.press(&turn);
        turn.send.into_iter().map(|sent| sent.packet).collect()
    }

    fn press(&mut self, turn: &Turn) {
        for pressed in &turn.press {
            self.pressed.push(pressed.press);
            self.from = pressed.from;
        }
    }

    fn ask(&mut self, ask: Ask) -> Option<Answer> {
        let (ticket, turn) = self.client.ask(ask, self.now.tick, &mut self.dice).unwrap();
        self.carry(turn);
        let found = self.events.iter().rev().find_map(|event| {
            let Event::Answered { ticket: known, result } = event else { return None };
            (*known == ticket).then(|| result.clone())
        });
        found.and_then(Result::ok)
    }

    /// As above, for a request of `wire::ipmi::data`.
    fn data(&mut self, ask: Ask) -> Answer {
        self.ask(Ask::new(ask.netfn, ask.command, ask.data)).unwrap()
    }

    fn is_ready(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Ready(_)))
    }

    fn pass(&mut self, length: Duration) {
        self.now.tick = self.now.tick.after(length);
    }
}

fn settings() -> Settings {
    Settings::new("admin", "secret")
}

fn login() -> Login {
    Login::new(b"admin", b"secret").unwrap()
}

fn ready(settings: Settings) -> Table {
    let mut table = Table::new(settings, login());
    table.start();
    assert!(table.is_ready(), "{:?}", table.events);
    table
}

fn flags(table: &mut Table) -> Flags {
    let answer = table.data(BootOption::get(5));
    let Ok(BootOption::Flags(flags)) = BootOption::parse_answer(&answer.data) else { panic!("{answer:?}") };
    flags
}

#[test]
fn every_suite_and_ipmi_1_5_come_to_a_session_and_an_answer() {
    let mut logins: Vec<Login> = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17]
        .into_iter()
        .map(|id| login().with_suites(&[id]).unwrap())
        .collect();
    logins.push(login().with_version(Version::V15).unwrap());
    for login in logins {
        let all = Settings { suites: vec![0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17], ..settings() };
        let mut table = Table::new(all, login);
        table.start();
        assert!(table.is_ready(), "{:?}", table.events);
        let status = Status::parse(&table.data(Status::ask()).data).unwrap();
        assert!(!status.is_on());
        assert_eq!(table.bmc.seen.logins, 1);
    }
}

#[test]
fn a_wrong_password_opens_nothing_and_leaves_nothing_behind() {
    let mut table = Table::new(settings(), Login::new(b"admin", b"wrong").unwrap());
    table.start();
    assert!(!table.is_ready());
    assert!(table.events.iter().any(|event| matches!(event, Event::Ended(_))), "{:?}", table.events);
    table.pass(Duration::from_mins(1));
    table.give(&[]);
    assert!(table.bmc.halves.is_empty(), "half-open sessions expire");
}

#[test]
fn kg_takes_part_in_the_keys() {
    let kg = Settings { kg: Some(crate::wire::ipmi::crypto::Key::new(b"\0kg")), ..settings() };
    let mut table = Table::new(kg.clone(), login().with_kg(b"\0kg").unwrap());
    table.start();
    assert!(table.is_ready());
    let mut table = Table::new(kg, login());
    table.start();
    assert!(!table.is_ready());
}

#[test]
fn a_resent_request_is_answered_from_memory_and_pressed_once() {
    let mut table = ready(settings());
    table.data(Control::On.ask());
    let last = table.sent.last().unwrap().clone();
    assert!(table.give(&last).is_empty(), "the same packet is outside the window");
    assert_eq!(table.pressed, [Press::On]);
    let ask = Control::On.ask();
    let (_, turn) = table
        .client
        .ask(Ask::new(ask.netfn, ask.command, ask.data), table.now.tick, &mut table.dice)
        .unwrap();
    for packet in &turn.send {
        table.give(packet);
    }
    let wake = turn.wake.unwrap();
    table.now.tick = wake;
    let again = table.client.wake(wake, &mut table.dice);
    assert!(!again.send.is_empty(), "no answer came, so the client sends again");
    table.carry(again);
    assert_eq!(table.pressed, [Press::On, Press::On]);
}

#[test]
fn a_tampered_packet_and_a_foreign_one_are_dropped() {
    let mut table = ready(settings());
    table.data(Status::ask());
    let mut packet = table.sent.last().unwrap().clone();
    *packet.last_mut().unwrap() ^= 1;
    assert!(table.give(&packet).is_empty());
    for length in 0..packet.len() {
        assert!(table.give(&packet[..length]).is_empty());
    }
}

#[test]
fn an_idle_session_is_forgotten() {
    let mut table = ready(settings());
    table.pass(Duration::from_secs(61));
    assert_eq!(table.ask(crate::wire::ipmi::data::device::DeviceId::ask()), None);
    assert_eq!(table.bmc.seen.sessions, 0);
}

#[test]
fn boot_flags_last_sixty_seconds_unless_told_otherwise() {
    let mut table = ready(settings());
    let set = BootOption::Flags(Flags::new(0x04, false, true)).set();
    table.data(set.clone());
    table.pass(Duration::from_secs(30));
    assert!(flags(&mut table).is_valid());
    table.pass(Duration::from_secs(30));
    assert!(!flags(&mut table).is_valid());
    table.data(crate::wire::ipmi::data::boot::no_timeout());
    table.data(set);
    for _ in 0..3 {
        table.pass(Duration::from_secs(30));
        assert!(flags(&mut table).is_valid());
    }
}

#[test]
fn a_once_flag_is_consumed_by_the_boot_that_it_steers() {
    let mut table = ready(settings());
    table.data(BootOption::Flags(Flags::new(0x08, false, false)).set());
    table.data(Control::On.ask());
    assert_eq!((table.pressed.as_slice(), table.from), ([Press::On].as_slice(), Some(BootFrom::Disk)));
    table.now.on = true;
    table.bmc.power_seen(1, table.now);
    assert!(!flags(&mut table).is_valid());
    assert!(Status::parse(&table.data(Status::ask()).data).unwrap().is_on());
    assert_eq!(table.bmc.station.log.count(), 2, "cleared, power on");
}

#[test]
fn what_is_off_is_neither_cycled_nor_reset() {
    let mut table = ready(settings());
    assert_eq!(table.data(Control::Cycle.ask()).completion, Completion::STATE);
    assert_eq!(table.data(Control::Reset.ask()).completion, Completion::STATE);
    assert_eq!(table.data(Control::Off.ask()).completion, Completion::OK);
    table.bmc.station.settings.quirks.insert(Quirk::OffWhenOff);
    assert_eq!(table.data(Control::Off.ask()).completion, Completion::STATE);
    assert_eq!(table.pressed, [Press::Off]);
}

#[test]
fn a_reset_bmc_is_silent_for_a_while() {
    let mut table = ready(settings());
    table.ask(crate::wire::ipmi::data::device::Reset::Cold.ask());
    let ping = crate::wire::ipmi::rmcp::Ping { tag: 1 }.emit();
    assert!(table.give(&ping).is_empty());
    assert!(table.bmc.sessions.is_empty());
    table.pass(Duration::from_secs(5));
    assert_eq!(table.give(&ping).len(), 1);
}

#[test]
fn the_console_is_one_client_s_until_it_is_taken() {
    let mut table = ready(settings());
    assert_eq!(table.ask(activate_sol(true, true)).unwrap().completion, Completion::OK);
    assert_eq!(table.ask(activate_sol(true, true)).unwrap().completion, Completion(0x80));
    assert_eq!(table.ask(deactivate_sol()).unwrap().completion, Completion::OK);
    assert_eq!(table.ask(deactivate_sol()).unwrap().completion, Completion(0x80));
}

#[test]
fn records_are_read_again_as_they_were_written() {
    let table = Table::new(settings(), login());
    let records = &table.bmc.station.records;
    assert!(records.len() > 30);
    for record in records {
        assert_eq!(&Record::parse(record).unwrap().emit(), record);
    }
}

#[test]
fn with_every_oddity_the_client_comes_to_a_session_or_an_end() {
    for (id, quirk) in QUIRKS {
        let mut table = Table::new(settings().with(*quirk), login());
        table.start();
        for _ in 0..200 {
            if table.is_ready() || table.events.iter().any(|event| matches!(event, Event::Ended(_))) {
                break;
            }
            let Some(wake) = table.wake else { break };
            table.now.tick = table.now.tick.max(wake);
            let turn = table.client.wake(table.now.tick, &mut table.dice);
            table.carry(turn);
        }
        let ended = table.events.iter().find(|event| matches!(event, Event::Ended(_)));
        assert!(table.is_ready() || ended.is_some(), "{id}: neither a session nor an end");
        assert!(table.is_ready() || may_end(*quirk), "{id}: {ended:?}");
    }
}

fn may_end(quirk: Quirk) -> bool {
    matches!(
        quirk,
        Quirk::PaddedNames | Quirk::Rakp2Length | Quirk::ZeroSession | Quirk::Callback | Quirk::RakpLate
    )
}

#[test]
fn hostile_datagrams_are_dropped() {
    let mut table = ready(settings());
    let mut dice = Counter(3);
    for length in 0..600 {
        let mut noise = vec![0; length];
        dice.fill(Purpose::Iv, &mut noise);
        for head in
            [&[6, 0, 0xff, 7][..], &[6, 0, 0xff, 7, 6, 0x10], &[6, 0, 0xff, 7, 6, 0x12], &[6, 0, 0xff, 6]]
        {
            table.give(&[head, &noise].concat());
        }
    }
    assert!(table.bmc.halves.len() <= 32);
}
