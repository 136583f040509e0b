//! A client's IPMI session that a hostile BMC answers: suite 0, which signs nothing, lets it come far.
//!
//! The first byte says how many honest answers come first; then follow packets, each with its length before it.
#![no_main]

use std::time::Duration;

use ferric::base::time::Tick;
use ferric::wire::ipmi::data::chassis;
use ferric::wire::ipmi::id::SessionId;
use ferric::wire::ipmi::lan20::{Payload, emit_bare};
use ferric::wire::ipmi::rakp::{OpenResponse, Opened, Rakp2, Rakp4};
use ferric::wire::ipmi::session::{Dice, Event, Login, Purpose, Session, Turn};
use ferric::wire::ipmi::sol::Line;
use ferric::wire::ipmi::status::Status;
use ferric::wire::ipmi::suite::Suite;
use libfuzzer_sys::fuzz_target;

/// The same bytes for ever.
#[derive(Debug)]
struct Loaded;

impl Dice for Loaded {
    fn fill(&mut self, _: Purpose, out: &mut [u8]) {
        out.fill(CONSOLE.0[0]);
    }
}

const CONSOLE: SessionId = SessionId([1; 4]);
const TAG: u8 = 1;

fn honest() -> [Vec<u8>; 3] {
    let opened = Opened {
        tag: TAG,
        privilege: 4,
        console: CONSOLE,
        bmc: SessionId([2; 4]),
        algorithms: Suite::find(0).unwrap().algorithms(),
    };
    let rakp2 = Rakp2::Accepted { tag: TAG, console: CONSOLE, random: [3; 16], guid: [4; 16], code: &[] };
    let rakp4 = Rakp4 { tag: TAG, status: Status::OK, console: CONSOLE, code: &[] };
    [
        emit_bare(Payload::OpenResponse, &OpenResponse::Opened(opened).emit()),
        emit_bare(Payload::Rakp2, &rakp2.emit()),
        emit_bare(Payload::Rakp4, &rakp4.emit()),
    ]
}

/// Bounded, whatever came: packets to send, and a line that takes what the session gives it.
fn check(turn: Turn, line: &mut Line, now: Tick) {
    assert!(turn.send.len() <= 4);
    for event in turn.events {
        if let Event::Sol(payload) = event {
            assert!(line.receive(&payload, now).output.len() <= payload.len());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((honesty, mut rest)) = bytes.split_first() else { return };
    let mut login = Login::new(b"admin", b"password").unwrap().with_suites(&[0]).unwrap();
    login.tuning.probe = honesty & 0x80 != 0;
    let (mut session, mut line, mut now) = (Session::new(login), Line::new(200), Tick::default());
    check(session.start(now, &mut Loaded), &mut line, now);
    session.ask(chassis::Status::ask(), now, &mut Loaded).ok();
    for packet in honest().iter().take(usize::from(honesty & 3)) {
        check(session.receive(packet, now, &mut Loaded), &mut line, now);
    }
    while let Some((length, after)) = rest.split_first() {
        let (packet, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        let turn = if packet.is_empty() {
            now = now.after(Duration::from_secs(5));
            session.wake(now, &mut Loaded)
        } else {
            session.receive(packet, now, &mut Loaded)
        };
        check(turn, &mut line, now);
    }
});
