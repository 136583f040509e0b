//! The queue of one account on one BMC, with a slot for the protocol's session.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::id::NodeId;
use crate::base::time::{SharedClock, Tick};
use crate::driver::bmc::insist;
use crate::driver::bmc::logins::{Logins, Standing};
use crate::driver::bmc::notebook::Notebook;
use crate::driver::bmc::pace::Pace;
use crate::driver::bmc::queue::{Queue, Ticket};
use crate::driver::bmc::silence::Silence;
use crate::driver::bmc::{BmcKey, Limits};
use crate::driver::error::DriverError;
use crate::model::bmc::{CredentialPrint, Fact};
use crate::model::node::Node;

/// One BMC and account. `S` is the protocol's slot for its session; it locks itself as it needs.
#[derive(Debug)]
pub struct Line<S> {
    key: BmcKey,
    limits: Limits,
    clock: SharedClock,
    notebook: Arc<dyn Notebook>,
    state: Mutex<State>,
    /// Something changed: those who wait look again.
    changed: Notify,
    session: S,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    pace: Pace,
    silence: Silence,
    logins: Logins,
    used: Tick,
    /// No call begins any more.
    shut: bool,
}

impl State {
    /// Begins the call of this ticket if it is next and there is room.
    fn admit(&mut self, ticket: Ticket, now: Tick, node: NodeId, print: &CredentialPrint) -> Offer {
        // Who insists waits for the one that tries.
        if self.silence.check(now).is_err() && !self.silence.may_insist() {
            return Offer::Wait(None);
        }
        if self.shut || self.queue.running() >= self.pace.width() {
            return Offer::Wait(None);
        }
        if now < self.pace.next() {
            return Offer::Wait(Some(self.pace.next()));
        }
        if self.queue.next(|print| self.logins.is_open(print)) != Some(ticket) {
            return Offer::Wait(None);
        }
        self.queue.leave(ticket);
        self.queue.begin(node);
        self.pace.begin(now);
        if self.silence.check(now).is_err() {
            insist::used();
        }
        self.silence.begin(now);
        self.logins.begin(print);
        self.used = now;
        Offer::Go
    }
}

/// What a waiting caller hears.
enum Offer {
    Go,
    Refused(DriverError),
    /// Not before this moment, or not before something changes.
    Wait(Option<Tick>),
}

/// What all lines of a protocol share.
#[derive(Debug, Clone)]
pub struct Common {
    pub clock: SharedClock,
    pub notebook: Arc<dyn Notebook>,
    pub limits: Limits,
}

impl<S> Line<S> {
    /// A line whose first call may begin at `first`.
    pub fn new(key: BmcKey, common: &Common, first: Tick, session: S) -> Self {
        let Common { clock, notebook, limits } = common.clone();
        let state = State {
            queue: Queue::default(),
            pace: Pace::new(limits, first),
            silence: Silence::default(),
            logins: Logins::default(),
            used: clock.tick(),
            shut: false,
        };
        Self { key, limits, clock, notebook, state: Mutex::new(state), changed: Notify::new(), session }
    }

    pub fn key(&self) -> &BmcKey {
        &self.key
    }

    /// The protocol's session, shared by all turns.
    pub fn session(&self) -> &S {
        &self.session
    }

    /// When a call began or ended last; `None` while one waits or runs.
    pub fn idle_since(&self) -> Option<Tick> {
        let state = self.lock();
        state.queue.is_empty().then_some(state.used)
    }

    /// From now on no call begins: who asks for a turn waits until it is given up, for a call that was not made must
    /// not look like one that failed.
    pub fn shut(&self) {
        self.lock().shut = true;
        self.changed.notify_waiters();
    }

    /// Returns when no call runs.
    pub async fn quiet(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.lock().queue.running() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Waits for a turn. The error comes at once where no call is to be made: the BMC is silent and not to be tried
    /// yet, it refused these credentials, or too many wait.
    pub async fn turn(
        self: &Arc<Self>,
        node: &Node,
        print: &CredentialPrint,
    ) -> Result<Turn<S>, DriverError> {
        let joined = self.lock().queue.join(node.id, print, self.limits.queue);
        let ticket = joined.map_err(|waiting| DriverError::Crowded { who: self.key.to_string(), waiting })?;
        let _place = Place { line: self, ticket };
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let until = match self.offer(ticket, node, print) {
                Offer::Go => return Ok(self.begun(node, print)),
                Offer::Refused(error) => return Err(error),
                Offer::Wait(until) => until,
            };
            tokio::select! {
                () = changed => {}
                () = self.sleep(until) => {}
            }
        }
    }

    async fn sleep(&self, until: Option<Tick>) {
        match until {
            Some(until) => self.clock.sleep_until(until).await,
            None => pending().await,
        }
    }

    /// What the caller with this ticket hears now; with `Go` the call has begun.
    fn offer(&self, ticket: Ticket, node: &Node, print: &CredentialPrint) -> Offer {
        let now = self.clock.tick();
        let (offer, facts) = {
            let mut state = self.lock();
            let (standing, fact) = state.logins.standing(node, print);
            let unknown = state.silence.why().filter(|_| node.bmc.silent.is_none());
            let silent = unknown.map(|why| Fact::Silent { why: why.to_owned() });
            let offer = match self.refusal(&state, &standing, now).filter(|_| !state.shut) {
                Some(error) => Offer::Refused(error),
                None if standing == Standing::Wait => Offer::Wait(None),
                None => state.admit(ticket, now, node.id, print),
            };
            // A try that begins tells itself how it ends.
            let silent = silent.filter(|_| matches!(offer, Offer::Refused(_)));
            (offer, [fact, silent])
        };
        for fact in facts.into_iter().flatten() {
            self.notebook.learn(node.id, fact);
        }
        offer
    }

    /// Why no call is to be made now.
    fn refusal(&self, state: &State, standing: &Standing, now: Tick) -> Option<DriverError> {
        let who = || self.key.to_string();
        if let Standing::Refused { at, why } = standing {
            return Some(DriverError::LoginRefused { who: who(), at: *at, why: why.clone() });
        }
        if let Some(rest) = state.pace.long_rest(now) {
            return Some(DriverError::Paused { who: who(), rest });
        }
        let silent = state.silence.check(now).err().filter(|_| !insist::is_on());
        silent.map(|why| DriverError::Resting { who: who(), why })
    }

    fn begun(self: &Arc<Self>, node: &Node, print: &CredentialPrint) -> Turn<S> {
        // Another one may be next.
        self.changed.notify_waiters();
        Turn {
            line: Arc::clone(self),
            node: node.id,
            lifts: node.bmc.lifts,
            told_silent: node.bmc.silent.is_some(),
            print: print.clone(),
            began: self.clock.tick(),
            ended: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, left when the caller goes away.
struct Place<'a, S> {
    line: &'a Line<S>,
    ticket: Ticket,
}

impl<S> Drop for Place<'_, S> {
    fn drop(&mut self) {
        self.line.lock().queue.leave(self.ticket);
        self.line.changed.notify_waiters();
    }
}

/// The right to make one call, log-in included. Says how it ended; dropped, it says nothing about the BMC.
#[derive(Debug)]
pub struct Turn<S> {
    line: Arc<Line<S>>,
    node: NodeId,
    lifts: u64,
    /// Its record says that the BMC is silent.
    told_silent: bool,
    print: CredentialPrint,
    began: Tick,
    ended: bool,
}

impl<S> Turn<S> {
    pub fn line(&self) -> &Arc<Line<S>> {
        &self.line
    }

    /// The error of a log-in that another turn was refused since this one began: asked before each log-in. On a line
    /// that is shut it never returns.
    pub async fn may_log_in(&self) -> Result<(), DriverError> {
        let (shut, refused) = {
            let state = self.line.lock();
            (state.shut, state.logins.refused(&self.print))
        };
        if shut {
            return pending().await;
        }
        match refused {
            None => Ok(()),
            Some((at, why)) => Err(DriverError::LoginRefused { who: self.line.key.to_string(), at, why }),
        }
    }

    /// It answered after `latency`, and it took the credentials. An error of the call itself is an answer too.
    pub fn answered(mut self, latency: Duration) {
        self.heard(|state, turn, _| {
            state.pace.answered(latency);
            state.logins.taken(&turn.print);
        });
    }

    /// It answered that it has too much to do, perhaps for how long.
    pub fn overloaded(mut self, retry_after: Option<Duration>) {
        self.heard(|state, turn, now| {
            state.pace.overloaded(now, retry_after);
            state.logins.given_up(&turn.print);
        });
    }

    /// No answer came. Returns the error to hand on.
    pub fn silent(mut self, why: &str) -> DriverError {
        let longest = self.line.limits.longest_pause;
        let is_silent = self.end(|state, turn, now| {
            state.logins.given_up(&turn.print);
            let is_silent = state.silence.unheard(turn.began, now, why, longest);
            if !is_silent {
                state.pace.overloaded(now, None);
            }
            is_silent
        });
        if is_silent && !self.told_silent {
            self.line.notebook.learn(self.node, Fact::Silent { why: why.to_owned() });
        }
        DriverError::silent(self.line.key.to_string(), why)
    }

    /// It refused the credentials: nothing more goes to this account. Returns the error to hand on.
    pub fn login_refused(mut self, why: &str) -> DriverError {
        let at = self.line.clock.wall();
        self.heard(|state, turn, _| {
            state.logins.refuse(&turn.print, (at, why), (turn.node, turn.lifts));
        });
        let fact = Fact::LoginRefused { print: self.print.clone(), why: why.to_owned() };
        self.line.notebook.learn(self.node, fact);
        DriverError::LoginRefused { who: self.line.key.to_string(), at, why: why.to_owned() }
    }

    /// Something was answered.
    fn heard(&mut self, tell: impl FnOnce(&mut State, &Self, Tick)) {
        let ends_silence = self.end(|state, turn, now| {
            tell(state, turn, now);
            state.silence.heard(now)
        });
        if ends_silence || self.told_silent {
            self.line.notebook.learn(self.node, Fact::Heard);
        }
    }

    fn end<T>(&mut self, tell: impl FnOnce(&mut State, &Self, Tick) -> T) -> T {
        let now = self.line.clock.tick();
        let mut state = self.line.lock();
        let told = tell(&mut state, self, now);
        state.queue.end(self.node);
        state.used = now;
        drop(state);
        self.ended = true;
        self.line.changed.notify_waiters();
        told
    }
}

impl<S> Drop for Turn<S> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(|state, turn, _| {
                state.logins.given_up(&turn.print);
                state.silence.given_up(turn.began);
            });
        }
    }
}
