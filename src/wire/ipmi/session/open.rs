//! The login of IPMI 2.0: open session and RAKP, suite after suite. What is lost begins again at the open request,
//! under a new session id: some BMCs refuse a RAKP message that comes twice.

use crate::base::time::Tick;
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::id::{Privilege, SessionId};
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rakp::{OpenRequest, OpenResponse, Opened, Proof, Rakp1, Rakp2, Rakp3, Rakp4};
use crate::wire::ipmi::session::desk::Desk;
use crate::wire::ipmi::session::dice::{Purpose, draw};
use crate::wire::ipmi::session::line::Linked;
use crate::wire::ipmi::session::link::{Kind, Link};
use crate::wire::ipmi::session::outcome::{End, Mismatch, Reason, Stage, SuiteRefusal, SuiteWhy};
use crate::wire::ipmi::session::probe::wait;
use crate::wire::ipmi::session::{Hand, Login, Next, Phase};
use crate::wire::ipmi::status::Status;
use crate::wire::ipmi::suite::{SUITE_17, Suite};
use crate::wire::ipmi::window::Window;

/// A session half open.
#[derive(Debug)]
pub(super) struct Handshake {
    suite: Suite,
    /// Those still to be asked for.
    others: Vec<Suite>,
    refusals: Vec<SuiteRefusal>,
    /// Whether the open request names the level; else it asks for the highest.
    named: bool,
    /// Whether the BMC has answered anything.
    pub(super) heard: bool,
    only_15: bool,
    tries: usize,
    tag: u8,
    console: SessionId,
    step: Step,
    /// What the BMC said to this try; the next one may do better.
    trouble: Option<Reason>,
    pub(super) due: Tick,
}

#[derive(Debug)]
enum Step {
    Open,
    Rakp1(Proof),
    Rakp3(Box<Proven>),
}

/// What the session is made of, once the BMC has shown that it has the password.
#[derive(Debug, Clone)]
struct Proven {
    proof: Proof,
    /// As the BMC has it.
    password: Key,
    sik: Key,
}

impl Handshake {
    /// `only_15`: the BMC said that it has no 2.0, which is not always so.
    pub(super) fn start(login: &Login, only_15: bool, hand: &mut Hand<'_>) -> Self {
        let mut suites = login.suites.iter().copied();
        let suite = suites.next().unwrap_or(SUITE_17);
        let mut handshake = Self {
            suite,
            others: suites.collect(),
            refusals: Vec::new(),
            // As ipmitool does: some boards give ADMINISTRATOR only to those who ask for the highest.
            named: login.privilege != Privilege::Administrator,
            heard: false,
            only_15,
            tries: 0,
            tag: 0,
            console: SessionId::NONE,
            step: Step::Open,
            trouble: None,
            due: hand.now,
        };
        handshake.begin(login, hand);
        handshake
    }

    pub(super) fn stage(&self) -> Stage {
        match self.step {
            Step::Open => Stage::Open,
            Step::Rakp1(_) => Stage::Rakp1,
            Step::Rakp3(..) => Stage::Rakp3,
        }
    }

    pub(super) fn receive(
        &mut self,
        packet: &Packet<'_>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        let Packet::V20(packet) = packet else {
            return Next::Stay;
        };
        match (packet.header.payload, &self.step) {
            (Payload::OpenResponse, Step::Open) => self.opened(packet.body, login, hand),
            (Payload::Rakp2, Step::Rakp1(proof)) => {
                let proof = proof.clone();
                self.rakp2(packet.body, proof, login, hand)
            }
            (Payload::Rakp4, Step::Rakp3(proven)) => {
                let proven = proven.clone();
                match self.rakp4(packet.body, &proven, login) {
                    Ok(link) => {
                        let linked = Linked::start(link, Some(proven.proof.guid), login, (desk, hand));
                        Next::Become(Phase::Linked(Box::new(linked)))
                    }
                    Err(next) => next,
                }
            }
            _ => Next::Stay,
        }
    }

    pub(super) fn wake(&mut self, login: &Login, hand: &mut Hand<'_>) -> Next {
        let silent = self.trouble.is_none() && self.stage() == Stage::Open && self.heard;
        if silent && self.tries >= SILENT_TRIES && !self.others.is_empty() {
            return self.next_suite(SuiteWhy::Silent, login, hand);
        }
        if self.tries < login.tuning.waits.len() {
            self.begin(login, hand);
            return Next::Stay;
        }
        Next::End(self.gave_up())
    }

    fn gave_up(&self) -> End {
        let stage = self.stage();
        match self.trouble {
            Some(reason @ Reason::Status(Status::NO_RESOURCES)) => End::NoSlot(reason),
            Some(reason) => End::Refused { stage, reason },
            None if self.only_15 && stage == Stage::Open => End::OnlyV15,
            None if self.heard => End::Silent { stage },
            None => End::NoAnswer,
        }
    }

    /// The open request of the next try.
    fn begin(&mut self, login: &Login, hand: &mut Hand<'_>) {
        let [tag] = draw(hand.dice, Purpose::Tag);
        let mut console = SessionId(draw(hand.dice, Purpose::ConsoleId));
        if console == SessionId::NONE {
            console = SessionId([1, 0, 0, 0]);
        }
        (self.tag, self.console) = (tag, console);
        (self.step, self.trouble) = (Step::Open, None);
        self.tries += 1;
        let privilege = if self.named { login.privilege.code() } else { 0 };
        let request = OpenRequest { tag, privilege, console, algorithms: self.suite.algorithms().into() };
        self.send(Payload::OpenRequest, &request.emit(), login, hand);
    }

    fn send(&mut self, payload: Payload, body: &[u8], login: &Login, hand: &mut Hand<'_>) {
        hand.turn.send.push(lan20::emit_bare(payload, body));
        self.due = hand.now.after(wait(login, self.tries.saturating_sub(1)));
    }

    fn opened(&mut self, body: &[u8], login: &Login, hand: &mut Hand<'_>) -> Next {
        match OpenResponse::parse(body) {
            Ok(OpenResponse::Opened(opened)) if self.is_mine(opened.tag, opened.console) => {
                self.heard = true;
                if opened.algorithms != self.suite.algorithms() {
                    return self.next_suite(SuiteWhy::Other, login, hand);
                }
                self.rakp1(opened, login, hand);
                Next::Stay
            }
            Ok(OpenResponse::Refused { tag, status }) if tag == self.tag && self.trouble.is_none() => {
                self.heard = true;
                if status.refuses_suite() {
                    return self.next_suite(SuiteWhy::Status(status), login, hand);
                }
                self.trouble = Some(Reason::Status(status));
                Next::Stay
            }
            Ok(_) | Err(_) => Next::Stay,
        }
    }

    fn rakp1(&mut self, opened: Opened, login: &Login, hand: &mut Hand<'_>) {
        let proof = Proof {
            auth: self.suite.auth,
            console: self.console,
            bmc: opened.bmc,
            console_random: draw(hand.dice, Purpose::Random),
            bmc_random: [0; 16],
            guid: [0; 16],
            role: login.privilege.code() | NAME_ONLY,
            user: login.user.clone(),
        };
        let message = Rakp1 {
            tag: self.next_tag(hand),
            bmc: proof.bmc,
            random: proof.console_random,
            role: proof.role,
            user: proof.user.clone(),
        };
        self.step = Step::Rakp1(proof);
        self.send(Payload::Rakp1, &message.emit(), login, hand);
    }

    fn rakp2(&mut self, body: &[u8], proof: Proof, login: &Login, hand: &mut Hand<'_>) -> Next {
        match Rakp2::parse(body) {
            Ok(Rakp2::Accepted { tag, console, random, guid, code }) if self.is_mine(tag, console) => {
                let proof = Proof { bmc_random: random, guid, ..proof };
                let Some((proof, password)) = proof.matching(&login.password, code) else {
                    return self.mismatch(login, hand);
                };
                self.rakp3(proof, password, login, hand);
                Next::Stay
            }
            Ok(Rakp2::Refused { tag, status, console }) if self.is_mine(tag, console) => self.refused(status),
            Ok(_) | Err(_) => Next::Stay,
        }
    }

    /// RAKP 2 was made with another password, or by a board that takes the level from the open request.
    fn mismatch(&mut self, login: &Login, hand: &mut Hand<'_>) -> Next {
        if self.named || !login.tuning.level_retry {
            return Next::End(End::WrongPassword(Mismatch::Code));
        }
        self.named = true;
        self.begin(login, hand);
        Next::Stay
    }

    /// `password`: as the BMC has it.
    fn rakp3(&mut self, proof: Proof, password: Key, login: &Login, hand: &mut Hand<'_>) {
        let sik = proof.sik(login.kg.as_ref().unwrap_or(&password));
        let code = proof.rakp3(&password);
        let tag = self.next_tag(hand);
        let message = Rakp3 { tag, status: Status::OK, bmc: proof.bmc, code: code.bytes() };
        self.step = Step::Rakp3(Box::new(Proven { proof, password, sik }));
        self.send(Payload::Rakp3, &message.emit(), login, hand);
    }

    /// The session, once the BMC has shown the same key.
    fn rakp4(&mut self, body: &[u8], proven: &Proven, login: &Login) -> Result<Link, Next> {
        let message = Rakp4::parse(body).map_err(|_| Next::Stay)?;
        if !self.is_mine(message.tag, message.console) {
            return Err(Next::Stay);
        }
        if message.status != Status::OK {
            return Err(self.refused(message.status));
        }
        let Proven { proof, password, sik } = proven;
        if !proof.accepts_rakp4(sik, message.code) {
            return Err(Next::End(End::WrongKg { set: login.kg.is_some() }));
        }
        let guard = Guard::new(self.suite, sik, password);
        Ok(Link {
            kind: Kind::V20 { guard, console: self.console },
            bmc: proof.bmc,
            sequence: login.tuning.first_sequence.max(1),
            window: Window::default(),
            zeros: false,
        })
    }

    /// RAKP 2 or 4 with a status: the account's fault, or this try's.
    fn refused(&mut self, status: Status) -> Next {
        self.heard = true;
        if status.refuses_account() {
            return Next::End(End::WrongPassword(Mismatch::Status(status)));
        }
        if status == Status::NO_RESOURCES {
            // Each further try would take another slot: the caller waits longer.
            return Next::End(End::NoSlot(Reason::Status(status)));
        }
        self.trouble = Some(Reason::Status(status));
        Next::Stay
    }

    fn next_suite(&mut self, why: SuiteWhy, login: &Login, hand: &mut Hand<'_>) -> Next {
        self.refusals.push(SuiteRefusal { suite: self.suite.id, why });
        if self.others.is_empty() {
            return Next::End(self.no_suite());
        }
        self.suite = self.others.remove(0);
        self.tries = 0;
        self.begin(login, hand);
        Next::Stay
    }

    fn no_suite(&mut self) -> End {
        let full = SuiteWhy::Status(Status::NO_RESOURCES);
        if self.refusals.iter().all(|refusal| refusal.why == full) {
            return End::NoSlot(Reason::Status(Status::NO_RESOURCES));
        }
        End::SuitesRefused(std::mem::take(&mut self.refusals))
    }

    fn next_tag(&mut self, hand: &mut Hand<'_>) -> u8 {
        let [tag] = draw(hand.dice, Purpose::Tag);
        self.tag = tag;
        tag
    }

    fn is_mine(&self, tag: u8, console: SessionId) -> bool {
        tag == self.tag && console == self.console
    }
}

/// Look the name up without regard to the level, as every client does.
const NAME_ONLY: u8 = 0x10;
/// Open requests without an answer, from a BMC that is alive, before the next suite is tried.
const SILENT_TRIES: usize = 2;
