//! A session that came about: the level is raised, requests are asked one by one, silence is broken, the end is said.

use crate::base::time::Tick;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bridge::{Meaning, read, wrap};
use crate::wire::ipmi::command::session::{close_session, set_privilege};
use crate::wire::ipmi::data::device::DeviceId;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::lan20::Payload;
use crate::wire::ipmi::message::Response;
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::session::desk::{Desk, Job, Pending, answer};
use crate::wire::ipmi::session::link::Link;
use crate::wire::ipmi::session::outcome::{Answer, End, Event, Failure, Ready, Reason, Stage};
use crate::wire::ipmi::session::probe::wait;
use crate::wire::ipmi::session::{Hand, Login, Next};
use crate::wire::ipmi::status::Completion;

#[derive(Debug)]
pub(super) struct Linked {
    link: Link,
    guid: Option<[u8; 16]>,
    stage: Stage,
    heard: Tick,
}

impl Linked {
    /// A new session is at level USER: the first request raises it, if there is anything to raise.
    pub(super) fn start(
        link: Link,
        guid: Option<[u8; 16]>,
        login: &Login,
        (desk, hand): (&mut Desk, &mut Hand<'_>),
    ) -> Self {
        let mut linked = Self { link, guid, stage: Stage::Privilege, heard: hand.now };
        if login.privilege > Privilege::User {
            linked.raise(login.privilege, login, desk, hand);
        } else {
            linked.ready(login.privilege, hand);
            linked.pump(login, desk, hand);
        }
        linked
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) fn is_closing(&self) -> bool {
        self.stage == Stage::Closing
    }

    pub(super) fn carries_sol(&self) -> bool {
        self.stage == Stage::Ready && self.link.suite().is_some()
    }

    pub(super) fn due(&self, login: &Login, desk: &Desk) -> Tick {
        let idle = self.heard.after(login.tuning.keep_alive);
        desk.pending.as_ref().map_or(idle, |pending| pending.due)
    }

    pub(super) fn send(&mut self, payload: Payload, body: &[u8], hand: &mut Hand<'_>) {
        let packet = self.link.seal(payload, body, hand.dice);
        hand.turn.send.push(packet);
    }

    /// Sends the next request that waits, if none is on its way.
    pub(super) fn pump(&mut self, login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) {
        if self.stage != Stage::Ready || desk.pending.is_some() {
            return;
        }
        if let Some((ticket, ask)) = desk.next() {
            self.ask(Job::Caller(ticket), ask, all_tries(login), (login, desk, hand));
        }
    }

    pub(super) fn receive(
        &mut self,
        packet: &Packet<'_>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        let Some((payload, body)) = self.link.open(packet) else {
            return Next::Stay;
        };
        self.heard = hand.now;
        if payload == Payload::Sol {
            hand.turn.events.push(Event::Sol(body.into_owned()));
        } else if payload == Payload::Message
            && let Ok(response) = Response::parse(&body, self.link.checks())
        {
            return self.answered(response, login, desk, hand);
        }
        Next::Stay
    }

    pub(super) fn wake(&mut self, login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) -> Next {
        let Some(mut pending) = desk.pending.take() else {
            self.ask(Job::KeepAlive, DeviceId::ask(), all_tries(login), (login, desk, hand));
            return Next::Stay;
        };
        if pending.tries < pending.limit {
            pending.due = hand.now.after(wait(login, usize::from(pending.tries)));
            pending.tries += 1;
            self.send(Payload::Message, &pending.message, hand);
            desk.pending = Some(pending);
            return Next::Stay;
        }
        match pending.job {
            Job::Privilege(_) => Next::End(End::Silent { stage: Stage::Privilege }),
            Job::KeepAlive => Next::End(End::Lost),
            Job::Close => Next::End(End::Closed),
            Job::Caller(ticket) => {
                answer(ticket, Err(Failure::NoAnswer { tries: pending.tries }), hand);
                self.ask(Job::KeepAlive, DeviceId::ask(), DOUBT_TRIES, (login, desk, hand));
                Next::Stay
            }
        }
    }

    pub(super) fn close(&mut self, login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) -> Next {
        if self.is_closing() {
            return Next::Stay;
        }
        self.stage = Stage::Closing;
        desk.fail_all(hand);
        self.ask(Job::Close, close_session(self.link.bmc), 1, (login, desk, hand));
        Next::Stay
    }

    fn raise(&mut self, level: Privilege, login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) {
        self.ask(Job::Privilege(level), set_privilege(level), all_tries(login), (login, desk, hand));
    }

    fn ask(
        &mut self,
        job: Job,
        ask: Ask,
        limit: u8,
        (login, desk, hand): (&Login, &mut Desk, &mut Hand<'_>),
    ) {
        let sequence = desk.number();
        let message = wrap(&ask, sequence);
        self.send(Payload::Message, &message, hand);
        let due = hand.now.after(wait(login, 0));
        desk.pending = Some(Pending { job, ask, sequence, tries: 1, limit, due, message });
    }

    /// An answer to the request on its way; answers to earlier ones are dropped.
    fn answered(
        &mut self,
        response: Response<'_>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        let Some(pending) = desk.pending.as_ref().filter(|pending| pending.sequence == response.sequence)
        else {
            return Next::Stay;
        };
        let result = match read(&pending.ask, response) {
            // "Answered already": that answer may still come, and a resend brings it.
            Meaning::Answer(response) if response.completion == Completion::DUPLICATE => return Next::Stay,
            Meaning::Answer(response) => {
                Ok(Answer { completion: response.completion, data: response.data.to_vec() })
            }
            Meaning::Refused(completion) => Err(Failure::Bridge(completion)),
            Meaning::PassedOn | Meaning::Foreign => return Next::Stay,
        };
        let job = pending.job;
        desk.pending = None;
        let next = self.done(job, result, login, (desk, hand));
        self.pump(login, desk, hand);
        next
    }

    fn done(
        &mut self,
        job: Job,
        result: Result<Answer, Failure>,
        login: &Login,
        (desk, hand): (&mut Desk, &mut Hand<'_>),
    ) -> Next {
        match (job, result) {
            (Job::Caller(ticket), result) => {
                answer(ticket, result, hand);
                Next::Stay
            }
            (Job::Privilege(level), Ok(answer)) => self.raised(level, &answer, login, (desk, hand)),
            (Job::Close, _) => Next::End(End::Closed),
            (Job::KeepAlive | Job::Privilege(_), _) => Next::Stay,
        }
    }

    fn ready(&mut self, privilege: Privilege, hand: &mut Hand<'_>) {
        self.stage = Stage::Ready;
        let (suite, guid) = (self.link.suite(), self.guid);
        hand.turn.events.push(Event::Ready(Ready { suite, privilege, guid }));
    }

    fn raised(
        &mut self,
        level: Privilege,
        answer: &Answer,
        login: &Login,
        (desk, hand): (&mut Desk, &mut Hand<'_>),
    ) -> Next {
        let completion = answer.completion;
        if completion.is_ok() {
            self.ready(level, hand);
            return Next::Stay;
        }
        let refused = matches!(completion.0, NOT_FOR_USER | ABOVE_LIMIT);
        if refused && level == Privilege::Administrator && !login.insists {
            self.raise(Privilege::Operator, login, desk, hand);
            return Next::Stay;
        }
        if refused {
            return Next::End(End::Privilege { wanted: level, completion });
        }
        Next::End(End::Refused { stage: Stage::Privilege, reason: Reason::Completion(completion) })
    }
}

fn all_tries(login: &Login) -> u8 {
    u8::try_from(login.tuning.waits.len()).unwrap_or(u8::MAX).max(1)
}

/// Set Session Privilege Level's codes for "not this user" and "above the limit".
const NOT_FOR_USER: u8 = 0x80;
const ABOVE_LIMIT: u8 = 0x81;
/// Sendings of the question whether the session is still there, after a request had no answer: BMCs drop commands
/// that they do not know.
const DOUBT_TRIES: u8 = 2;
