//! Recorded sessions: given the recorded ids, random numbers and IVs, our client says what the recorded client said,
//! and understands what the recorded BMC answered.

use std::collections::{HashMap, VecDeque};

use crate::base::time::Tick;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bridge::{Bridge, Hop};
use crate::wire::ipmi::capture::{Capture, Recorded};
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::lan15::AuthType;
use crate::wire::ipmi::lan20::Payload;
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rakp::{OpenRequest, Rakp1};
use crate::wire::ipmi::session::outcome::{Mismatch, Reason, SuiteRefusal, SuiteWhy};
use crate::wire::ipmi::session::{Dice, End, Event, Login, Purpose, Session, Stage, Turn, Version};
use crate::wire::ipmi::sol::{Line, SolPacket};
use crate::wire::ipmi::status::{Completion, Status};
use crate::wire::ipmi::suite::{Algorithms, Suite};

/// The recorded client's random bytes, in order for each purpose.
#[derive(Debug, Default)]
struct Script(HashMap<Purpose, VecDeque<Vec<u8>>>);

impl Script {
    fn add(&mut self, purpose: Purpose, bytes: &[u8]) {
        self.0.entry(purpose).or_default().push_back(bytes.to_vec());
    }
}

impl Dice for Script {
    fn fill(&mut self, purpose: Purpose, out: &mut [u8]) {
        // Past the end of the recording nothing is compared any more.
        let bytes = self.0.entry(purpose).or_default().pop_front().unwrap_or_else(|| vec![0xee; out.len()]);
        out.copy_from_slice(&bytes);
    }
}

/// What a recorded packet of the client's is.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Ping,
    Open(OpenRequest),
    Rakp1(Rakp1),
    Rakp3 {
        tag: u8,
    },
    /// Outside a session: request number.
    Bare {
        number: u8,
        activate: Option<Vec<u8>>,
        auth: Option<AuthType>,
    },
    Request {
        number: u8,
        ask: Ask,
        sequence: u32,
    },
    Sol {
        typed: Vec<u8>,
        is_acknowledgement: bool,
    },
}

fn said(recorded: &Recorded) -> Said {
    match Packet::parse(&recorded.bytes).unwrap() {
        Packet::Ping(ping) => {
            assert_eq!(ping.emit(), recorded.bytes);
            Said::Ping
        }
        Packet::Pong(_) => panic!("a client's pong"),
        Packet::V15(packet) => {
            let request = Request::parse(packet.message).unwrap();
            if packet.header.sequence == 0 && request.command != 0x3b {
                let activate = (request.command == 0x3a).then(|| request.data.to_vec());
                let auth = (request.command == 0x39).then(|| AuthType::from_code(request.data[0]));
                return Said::Bare { number: request.sequence, activate, auth };
            }
            Said::Request {
                number: request.sequence,
                ask: ask_of(&request),
                sequence: packet.header.sequence,
            }
        }
        Packet::V20(packet) => match packet.header.payload {
            Payload::OpenRequest => Said::Open(OpenRequest::parse(packet.body).unwrap()),
            Payload::Rakp1 => Said::Rakp1(Rakp1::parse(packet.body).unwrap()),
            Payload::Rakp3 => Said::Rakp3 { tag: packet.body[0] },
            Payload::Message => {
                let plain = recorded.plain.as_deref().unwrap_or(packet.body);
                let request = Request::parse(plain).unwrap();
                Said::Request {
                    number: request.sequence,
                    ask: ask_of(&request),
                    sequence: packet.header.sequence,
                }
            }
            Payload::Sol => {
                let sol = SolPacket::parse(recorded.plain.as_deref().unwrap_or(packet.body)).unwrap();
                Said::Sol { typed: sol.characters.to_vec(), is_acknowledgement: sol.sequence == 0 }
            }
            other => panic!("a client's {other:?}"),
        },
    }
}

/// The request, and through how many Send Messages it goes.
fn ask_of(request: &Request<'_>) -> Ask {
    if (request.netfn, request.command) != (6, 0x34) {
        return Ask::new(request.netfn, request.command, request.data).lun(request.lun);
    }
    let (channel, inner) = request.data.split_first().unwrap();
    let inner = Request::parse(inner).unwrap();
    let first = Hop { channel: channel & 0x0f, address: inner.responder };
    if (inner.netfn, inner.command) != (6, 0x34) {
        return ask_of(&inner).via(Some(Bridge::Single { target: first }));
    }
    let (channel, innermost) = inner.data.split_first().unwrap();
    let innermost = Request::parse(innermost).unwrap();
    let target = Hop { channel: channel & 0x0f, address: innermost.responder };
    ask_of(&innermost).via(Some(Bridge::Dual { transit: first, target, local: innermost.requester }))
}

/// The recorded client's account, order of suites, numbers and dice.
fn login_of(capture: &Capture, said: &[Said]) -> (Login, Script) {
    let mut login = Login::new(capture.user.as_bytes(), capture.password.as_bytes()).unwrap();
    login = login.with_kg(&capture.kg).unwrap();
    login.tuning.level_retry = false;
    login.insists = true;
    let mut script = Script::default();
    let mut suites: Vec<u8> = Vec::new();
    let mut first_sequence = None;
    for said in said {
        match said {
            Said::Ping | Said::Sol { .. } => {}
            Said::Bare { activate, auth, .. } => {
                if let Some(auth) = auth {
                    login = login.with_version(Version::V15).unwrap();
                    login.tuning.auth15 = vec![*auth];
                }
                if let Some(data) = activate {
                    script.add(Purpose::Sequence, &data[18..22]);
                }
            }
            Said::Open(open) => {
                script.add(Purpose::Tag, &[open.tag]);
                script.add(Purpose::ConsoleId, &open.console.0);
                let id = suite_of(open).id;
                if suites.last() != Some(&id) {
                    suites.push(id);
                }
            }
            Said::Rakp1(rakp1) => {
                script.add(Purpose::Tag, &[rakp1.tag]);
                script.add(Purpose::Random, &rakp1.random);
                login.privilege = Privilege::from_code(rakp1.role).unwrap();
            }
            Said::Rakp3 { tag } => script.add(Purpose::Tag, &[*tag]),
            Said::Request { sequence, .. } => {
                first_sequence.get_or_insert(*sequence);
            }
        }
    }
    if !suites.is_empty() {
        login = login.with_suites(&suites).unwrap();
    }
    for recorded in capture.packets.iter().filter(|recorded| recorded.from_client) {
        if let Ok(Packet::V20(packet)) = Packet::parse(&recorded.bytes)
            && packet.header.encrypted
        {
            script.add(Purpose::Iv, &packet.body[..16]);
        }
    }
    login.tuning.first_sequence = first_sequence.unwrap_or(1);
    let first = said.iter().find_map(|said| match said {
        Said::Bare { number, .. } => Some(*number),
        _ => None,
    });
    login.tuning.first_request = first.unwrap_or(0);
    (login, script)
}

fn suite_of(open: &OpenRequest) -> Suite {
    let wanted = open.algorithms;
    let algorithms = Algorithms {
        auth: wanted.auth.unwrap(),
        integrity: wanted.integrity.unwrap(),
        confidentiality: wanted.confidentiality.unwrap(),
    };
    Suite::of_algorithms(algorithms).unwrap()
}

/// A replay under way.
struct Replay {
    name: String,
    session: Session,
    script: Script,
    line: Line,
    now: Tick,
    wake: Option<Tick>,
    sent: VecDeque<Vec<u8>>,
    events: Vec<Event>,
    output: Vec<u8>,
}

impl Replay {
    fn new(capture: &Capture, said: &[Said]) -> Self {
        let (login, script) = login_of(capture, said);
        let mut replay = Self {
            name: capture.name.clone(),
            session: Session::new(login),
            script,
            line: Line::new(255),
            now: Tick::default(),
            wake: None,
            sent: VecDeque::new(),
            events: Vec::new(),
            output: Vec::new(),
        };
        let turn = replay.session.start(replay.now, &mut replay.script);
        replay.take(turn);
        replay
    }

    fn take(&mut self, turn: Turn) {
        self.sent.extend(turn.send);
        self.wake = turn.wake;
        for event in turn.events {
            if let Event::Sol(payload) = &event {
                let turn = self.line.receive(payload, self.now);
                self.output.extend(turn.output);
                self.send_sol(turn.send);
            }
            self.events.push(event);
        }
    }

    fn send_sol(&mut self, payloads: Vec<Vec<u8>>) {
        for payload in payloads {
            let turn = self.session.send_sol(&payload, self.now, &mut self.script).unwrap();
            self.take(turn);
        }
    }

    /// Does what made the recorded client say this, unless our client has said it by itself.
    fn provoke(&mut self, said: &Said, is_new: bool) {
        match said {
            Said::Request { ask, .. } if is_new && (ask.netfn, ask.command) == (6, 0x3c) => {
                let turn = self.session.close(self.now, &mut self.script);
                self.take(turn);
            }
            Said::Request { ask, .. } if is_new => {
                let (_, turn) = self.session.ask(ask.clone(), self.now, &mut self.script).unwrap();
                self.take(turn);
            }
            Said::Sol { typed, is_acknowledgement: false } => {
                let (taken, turn) = self.line.write(typed, self.now);
                assert_eq!(taken, typed.len());
                self.send_sol(turn.send);
            }
            _ => self.wait(),
        }
    }

    fn wait(&mut self) {
        let Some(wake) = self.wake else { return };
        self.now = self.now.max(wake);
        let turn = self.session.wake(self.now, &mut self.script);
        self.take(turn);
    }

    fn run(&mut self, packets: &[Recorded]) {
        let mut numbers = Vec::new();
        for (at, recorded) in packets.iter().enumerate() {
            if !recorded.from_client {
                if !recorded.lost {
                    let turn = self.session.receive(&recorded.bytes, self.now, &mut self.script);
                    self.take(turn);
                }
                continue;
            }
            let said = said(recorded);
            if said == Said::Ping {
                continue;
            }
            let is_new = match &said {
                Said::Request { number, .. } if numbers.contains(number) => false,
                Said::Request { number, .. } => {
                    numbers.push(*number);
                    true
                }
                _ => true,
            };
            if self.sent.is_empty() {
                self.provoke(&said, is_new);
            }
            assert_eq!(self.sent.pop_front().as_ref(), Some(&recorded.bytes), "{} packet {at}", self.name);
        }
        assert!(self.sent.is_empty(), "{}: {} packets too many", self.name, self.sent.len());
    }

    fn end(&mut self) -> Option<End> {
        for _ in 0..10 {
            if let Some(Event::Ended(end)) = self.events.last() {
                return Some(end.clone());
            }
            self.wait();
        }
        None
    }

    /// Completion codes and data of all answers.
    fn answers(&self) -> Vec<(Completion, Vec<u8>)> {
        let answers = self.events.iter().filter_map(|event| match event {
            Event::Answered { result: Ok(answer), .. } => Some((answer.completion, answer.data.clone())),
            _ => None,
        });
        answers.collect()
    }
}

fn replay(name: &str) -> Replay {
    let capture = Capture::load(name);
    replay_of(&capture, &capture.packets)
}

fn replay_of(capture: &Capture, packets: &[Recorded]) -> Replay {
    let clients: Vec<Said> = packets.iter().filter(|packet| packet.from_client).map(said).collect();
    let mut replay = Replay::new(capture, &clients);
    replay.run(packets);
    replay
}

/// Logged in, asked, closed: as recorded. The chassis' answer is among the answers.
fn ends_well(names: &[&str]) {
    for name in names {
        let mut replay = replay(name);
        assert_eq!(replay.end(), Some(End::Closed), "{name}");
        assert!(matches!(replay.events[0], Event::Ready(_)), "{name}");
        assert!(replay.answers().iter().any(|(code, data)| code.is_ok() && data.len() >= 3), "{name}");
    }
}

#[test]
fn sessions_of_suite_3_replay_byte_for_byte() {
    ends_well(&["sim-01-power-status", "sim-90-kg"]);
}

#[test]
fn sessions_of_suite_17_replay_byte_for_byte() {
    ends_well(&[
        "std-01-suite17-power-status",
        "std-12-suite17-20-byte-password",
        "std-13-suite17-kg",
        "std-60-pyghmi-suite17",
    ]);
}

#[test]
fn sessions_of_the_other_suites_replay_byte_for_byte() {
    ends_well(&[
        "sim-40-suite-0",
        "sim-41-suite-1",
        "sim-42-suite-2",
        "sim-43-suite-6",
        "std-20-suite-00",
        "std-20-suite-01",
        "std-20-suite-02",
        "std-20-suite-06",
        "std-20-suite-07",
        "std-20-suite-08",
        "std-20-suite-15",
        "std-20-suite-16",
        "std-40-freeipmi-suite-11",
        "std-40-freeipmi-suite-12",
    ]);
}

#[test]
fn sessions_of_ipmi_15_replay_byte_for_byte() {
    ends_well(&["sim-50-lan15-md5", "sim-52-lan15-password", "sim-53-lan15-none"]);
}

#[test]
fn what_was_lost_is_sent_again_as_recorded() {
    ends_well(&[
        "sim-80-lost-response",
        "sim-81-lost-request",
        "sim-82-lost-rakp2",
        "sim-83-lost-open-response",
        "sim-84-lost-rakp4",
        "std-14-suite17-lost-response",
    ]);
}

#[test]
fn a_refused_suite_17_is_followed_by_suite_3_as_recorded() {
    ends_well(&["sim-b0-pyghmi"]);
}

#[test]
fn single_bridging_takes_the_second_packet_for_the_answer() {
    let mut replay = replay("sim-60-bridge-single");
    assert_eq!(replay.end(), Some(End::Closed));
    let (code, data) = replay.answers().pop().unwrap();
    assert!(code.is_ok());
    assert_eq!(data[..2], [0x02, 0x08], "the device id of the controller at 30h, not the BMC's");
}

#[test]
fn bridging_that_a_controller_refuses_is_a_failure_with_its_code() {
    for (name, wanted) in [("sim-61-bridge-dual", 0xc1), ("sim-62-bridge-single-absent", 0x83)] {
        let mut replay = replay(name);
        assert_eq!(replay.end(), Some(End::Closed), "{name}");
        let failed = replay.events.iter().find_map(|event| match event {
            Event::Answered { result: Err(failure), .. } => Some(*failure),
            _ => None,
        });
        let wanted = crate::wire::ipmi::session::Failure::Bridge(Completion(wanted));
        assert_eq!(failed, Some(wanted), "{name}");
    }
}

#[test]
fn typing_over_sol_replays_byte_for_byte() {
    let mut whole = replay("std-07-suite17-sol");
    assert_eq!(whole.end(), Some(End::Closed));
    assert_eq!(String::from_utf8_lossy(&whole.output), "ROOT\rLS -L\r\r");
    // The recorded client left the last packet of this one without acknowledgement.
    let capture = Capture::load("sim-71-sol-activate");
    let most = replay_of(&capture, &capture.packets[..30]);
    assert_eq!(String::from_utf8_lossy(&most.output), "ROOT\rLS -L\r");
}

#[test]
fn a_user_level_session_hears_that_it_may_not_turn_on() {
    let replay = replay("std-11-suite17-priv-user-power-on");
    assert!(replay.answers().contains(&(Completion::PRIVILEGE, vec![])));
}

#[test]
fn a_wrong_password_ends_at_rakp_2() {
    for name in ["sim-30-wrong-password", "std-08-suite17-wrong-password"] {
        let end = replay(name).end().unwrap();
        assert_eq!(end, End::WrongPassword(Mismatch::Code), "{name}");
        assert!(end.blames_account());
    }
}

#[test]
fn refusals_by_status_blame_the_account() {
    for (name, status) in [("sim-31-wrong-user", 0x0d), ("std-10-suite17-privilege-refused", 0x0a)] {
        let end = replay(name).end();
        assert_eq!(end, Some(End::WrongPassword(Mismatch::Status(Status(status)))), "{name}");
    }
}

#[test]
fn a_kg_that_is_not_ours_ends_at_rakp_4() {
    for name in ["sim-91-kg-missing", "std-15-suite17-kg-missing"] {
        assert_eq!(replay(name).end(), Some(End::WrongKg { set: false }), "{name}");
    }
}

#[test]
fn a_bmc_without_the_suite_is_told_apart_from_one_that_names_another() {
    let refused = |why| Some(End::SuitesRefused(vec![SuiteRefusal { suite: 17, why }]));
    let end = replay("sim-35-suite-17-refused").end();
    assert_eq!(end, refused(SuiteWhy::Status(Status::AUTHENTICATION)));
    assert_eq!(replay("vbmc-15-suite17").end(), refused(SuiteWhy::Other));
}

#[test]
fn silence_to_rakp_1_is_told_with_its_stage() {
    let capture = Capture::load("vbmc-14-wrong-user");
    let mut replay = replay_of(&capture, &capture.packets[..14]);
    assert_eq!(replay.end(), Some(End::Silent { stage: Stage::Rakp1 }));
}

#[test]
fn silence_to_activate_session_is_told_with_its_stage() {
    assert_eq!(replay("sim-55-lan15-wrong-password").end(), Some(End::Silent { stage: Stage::Activate }));
}

#[test]
fn a_bmc_that_never_answers_is_no_answer() {
    let capture = Capture::load("sim-01-power-status");
    let mut replay = replay_of(&capture, &capture.packets[..1]);
    assert_eq!(replay.end(), Some(End::NoAnswer));
    assert_eq!(
        Reason::Status(Status(1)).to_string(),
        "insufficient resources to create a session (status 01h)"
    );
}
