//! What is outside the daemon and outlives it: machines, their agents, and the wires to them.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::VirtualClock;
use super::cut::{Cut, Point};
use super::discoveries::told;
use super::machine::{BEAT, Machine};
use serde_json::Value;

use crate::base::id::NodeId;
use crate::base::secret::Secret;
use crate::base::time::{Clock, Later, sleep};
use crate::conduct::desk::Desk;
use crate::conduct::hands::{Drivers, Hands};
use crate::driver::Machine as Record;
use crate::driver::site::shelf::hook_of;
use crate::model::Object;
use crate::model::bmc::power::Power;
use crate::model::boot::Beat;
use crate::model::decision::ask::{Answer, Ask, TokenAnswer};
use crate::model::decision::effect::{Effect, Look, Meeting};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::discovery::BmcKind;
use crate::model::inspection::reported::Reported;
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::step::{By, Step};
use crate::model::turn::{Failure, Turn};

/// What a test makes of a call: `None` lets it through.
pub(super) type Script = Box<dyn Fn(&World, NodeId, &'static str) -> Option<Trick> + Send + Sync>;

/// What goes wrong with a call.
#[derive(Debug, Clone)]
pub(super) enum Trick {
    Stall(Duration),
    Refuse,
    Silent,
    /// It is done, but the answer does not come.
    Unheard,
    Panic,
}

pub(super) struct World {
    pub(super) clock: Arc<VirtualClock>,
    drivers: Drivers,
    machines: Mutex<BTreeMap<NodeId, Machine>>,
    desk: Mutex<Option<Arc<Desk>>>,
    cut: Mutex<Arc<Cut>>,
    pub(super) script: Mutex<Option<Script>>,
    /// Calls under way, and the most that were so at once.
    pub(super) at_once: Mutex<(usize, usize)>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

fn locked<T>(one: &Mutex<T>) -> MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(clock: Arc<VirtualClock>, drivers: Drivers) -> Arc<Self> {
        Arc::new(Self {
            clock,
            drivers,
            machines: Mutex::default(),
            desk: Mutex::default(),
            cut: Mutex::new(Arc::new(Cut::at(Point::Never))),
            script: Mutex::default(),
            at_once: Mutex::default(),
        })
    }

    /// A machine of metal for this node, with an agent if it boots one.
    pub(super) fn add(self: &Arc<Self>, id: NodeId, power: Power) {
        locked(&self.machines).insert(id, Machine::new(power));
        let world = self.clone();
        tokio::spawn(async move {
            loop {
                sleep(&*world.clock, PACE).await;
                world.agent_lives(id).await;
            }
        });
    }

    pub(super) fn machine<T>(&self, id: NodeId, work: impl FnOnce(&mut Machine) -> T) -> Option<T> {
        locked(&self.machines).get_mut(&id).map(work)
    }

    pub(super) fn daemon(&self, desk: Option<Arc<Desk>>, cut: Arc<Cut>) {
        *locked(&self.desk) = desk;
        *locked(&self.cut) = cut;
    }

    async fn agent_lives(&self, id: NodeId) {
        let Some(desk) = locked(&self.desk).clone() else { return };
        if self.machine(id, |one| one.tells) == Some(true) {
            return self.tell(&desk, id).await;
        }
        if let Some((token, began)) = self.machine(id, |one| one.installer.clone()).flatten() {
            return self.install(&desk, id, token, began).await;
        }
        let now = self.clock.tick();
        let Some((Some(boot), token, due)) =
            self.machine(id, |one| (one.boot, one.token.clone(), one.next_beat <= now || one.has_news(now)))
        else {
            return;
        };
        match token {
            None => self.look_up(&desk, id, boot).await,
            Some(token) if due => {
                let answered = desk.beat(id, beat(token)).await.is_ok();
                if answered {
                    self.machine(id, |one| one.next_beat = now.after(BEAT));
                }
            }
            Some(_) => {}
        }
    }

    /// An installer tells that it began, and later that it has ended, until it is heard.
    async fn install(&self, desk: &Desk, id: NodeId, token: Secret, began: bool) {
        let status = if began { "end" } else { "start" };
        let word = Beat { url: String::new(), verify_ca: None, version: None, ..beat(token.clone()) };
        let word = Beat { status: Some(status.to_owned()), ..word };
        if desk.beat(id, word).await.is_ok() {
            self.machine(id, |one| one.installer = Some((token, true)).filter(|_| one.installer.is_some()));
        }
    }

    /// An inspection's agent posts until its inventory is taken.
    async fn tell(&self, desk: &Desk, id: NodeId) {
        let boot = self.machine(id, |one| one.boot.filter(|boot| one.told != Some(*boot))).flatten();
        let Some(boot) = boot else { return };
        match desk.ask(id, Ask::Told(Arc::new(told()))).await {
            Ok(_) => drop(self.machine(id, |one| one.told = Some(boot))),
            Err(Refusal::Locked { .. } | Refusal::Busy(_) | Refusal::Internal(_) | Refusal::NotFound(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }

    async fn look_up(&self, desk: &Desk, id: NodeId, boot: u32) {
        match desk.ask(id, Ask::Lookup { from: ADDRESS }).await {
            Ok(Answer::Token(TokenAnswer::Plain(token))) => {
                self.machine(id, |one| {
                    if one.boot == Some(boot) {
                        one.token = Some(token);
                    }
                });
            }
            Ok(other) => panic!("the agent of a fresh boot is told {other:?}"),
            Err(
                Refusal::AskAgain { .. } | Refusal::Busy(_) | Refusal::Internal(_) | Refusal::NotFound(_),
            ) => {}
            Err(other) => panic!("{other}"),
        }
    }

    /// One call over the wire; the power may fail around it.
    async fn call<T>(&self, label: &'static str, work: impl Future<Output = T>) -> T {
        self.clock.noise();
        let cut = locked(&self.cut).clone();
        let Some(number) = cut.call(label) else { return pending().await };
        let answer = {
            let _busy = Busy::begin(self);
            work.await
        };
        if !cut.unless(Point::SentCall(number)) {
            return pending().await;
        }
        cut.unless(Point::AnsweredCall(number));
        answer
    }

    fn trick_at(&self, id: NodeId, label: &'static str) -> Option<Trick> {
        locked(&self.script).as_ref().and_then(|script| script(self, id, label))
    }

    /// What comes instead of the call.
    async fn before(&self, trick: Option<&Trick>) -> Option<Failure> {
        match trick? {
            Trick::Stall(length) => {
                sleep(&*self.clock, *length).await;
                None
            }
            Trick::Refuse => Some(Failure::step("it refuses")),
            Trick::Silent => Some(Failure::silent("no answer")),
            Trick::Unheard => None,
            Trick::Panic => panic!("a driver panics"),
        }
    }

    async fn look_at(&self, record: Record, look: &Look) -> Seen {
        let id = record.node.id;
        let trick = self.trick_at(id, look.label());
        if let Some(failure) = self.before(trick.as_ref()).await {
            return Seen::Silent(failure);
        }
        let now = self.clock.tick();
        let seen = self.machine(id, |one| match look {
            Look::Power => Seen::Power(one.power),
            Look::Step { .. } | Look::StepFor { .. } => Seen::Turn(look_at_step(one, &record, now)),
            Look::AgentSteps => one.steps(&record),
            Look::AgentAlive => Seen::Alive(one.reached(&record).is_ok()),
            Look::Valid { .. } => Seen::Valid(Vec::new()),
            Look::BootDevice => Seen::BootDevice { device: None, persistent: None },
            Look::SupportedBootDevices => Seen::BootDevices(Vec::new()),
            Look::Image => Seen::Image(None),
            Look::Modes => Seen::Modes(one.modes()),
            Look::Indicators => Seen::Indicators(Vec::new()),
            Look::Media => Seen::Media(Vec::new()),
            Look::Sheets => Seen::Sheets(Vec::new()),
            Look::Sensors => Seen::Sensors(Object::new()),
            Look::Book(_) | Look::Passthru(_) => Seen::Answer(Value::Null),
        });
        match seen {
            Some(seen) => seen,
            None => self.drivers.look(record, look).await,
        }
    }

    async fn do_effect(&self, record: Record, effect: &Effect, again: bool) -> Outcome {
        let id = record.node.id;
        let trick = self.trick_at(id, effect.label());
        if let Some(failure) = self.before(trick.as_ref()).await {
            return Outcome::Failed(failure);
        }
        let now = self.clock.tick();
        let outcome = self.machine(id, |one| match effect {
            Effect::Power { wish, .. } => one.switch(*wish, &record),
            Effect::Boot(part) => one.prepare(*part, &record),
            Effect::BootDevice { .. }
            | Effect::KeptBootDevice
            | Effect::Logs
            | Effect::Mode(_)
            | Effect::Relative { .. }
            | Effect::StepOn { .. }
            | Effect::StepFor { .. }
            | Effect::Nmi
            | Effect::Indicator { .. }
            | Effect::Insert { .. }
            | Effect::Eject { .. }
            | Effect::Passthru(_)
            | Effect::RuleCall { .. }
            | Effect::Console { .. } => Outcome::Done,
            // A machine of metal has no BMC that tells more than its power.
            Effect::Inspect { .. } => Outcome::Failed(Failure::step("its BMC tells nothing")),
            Effect::Meet(Meeting::Knock) => Outcome::Speaks(BmcKind::Redfish),
            Effect::Meet(Meeting::LogIn) => {
                let serials = record.node.identity.serial.iter().cloned().collect();
                one.logins += 1;
                Outcome::Met(Arc::new(Reported { serials, ..Reported::default() }))
            }
            Effect::Step { .. } => Outcome::Turn(act(one, &record, again, now)),
        });
        match outcome {
            Some(_) if matches!(trick, Some(Trick::Unheard)) => Outcome::Failed(Failure::silent("no answer")),
            Some(outcome) => outcome,
            None => self.drivers.pay(record, effect, again).await,
        }
    }
}

fn look_at_step(one: &Machine, record: &Record, now: crate::base::time::Tick) -> Turn {
    let run = record.node.run.as_ref().unwrap();
    let step = run.step().unwrap();
    if step.by == By::Agent {
        one.look_in_band(record, &run.memo, now)
    } else {
        one.look_at_press(pressed(step), &run.memo)
    }
}

fn act(one: &mut Machine, record: &Record, again: bool, now: crate::base::time::Tick) -> Turn {
    let run = record.node.run.as_ref().unwrap();
    let step = run.step().unwrap();
    if step.by == By::Agent {
        one.act_in_band(record, again, now)
    } else {
        one.act_press(pressed(step), &run.memo, again)
    }
}

/// A hook bears the name of the step that it follows.
fn pressed(step: &Step) -> &str {
    hook_of(step).filter(|_| step.by == By::Hook).unwrap_or(&step.step)
}

impl Hands for World {
    fn look<'a>(&'a self, machine: Record, look: &'a Look) -> Later<'a, Seen> {
        Box::pin(self.call(look.label(), self.look_at(machine, look)))
    }

    fn pay<'a>(&'a self, machine: Record, effect: &'a Effect, again: bool) -> Later<'a, Outcome> {
        Box::pin(self.call(effect.label(), self.do_effect(machine, effect, again)))
    }

    fn keep_logs<'a>(&'a self, node: &'a Node, archive: Vec<u8>) -> Later<'a, Result<String, Failure>> {
        self.drivers.keep_logs(node, archive)
    }

    fn keep_strangers_logs<'a>(
        &'a self,
        told: &'a Told,
        archive: Vec<u8>,
    ) -> Later<'a, Result<String, Failure>> {
        self.drivers.keep_strangers_logs(told, archive)
    }

    fn forget(&self, _: NodeId) {}
}

/// A call under way.
struct Busy<'a>(&'a World);

impl<'a> Busy<'a> {
    fn begin(world: &'a World) -> Self {
        let mut count = locked(&world.at_once);
        count.0 += 1;
        count.1 = count.1.max(count.0);
        Self(world)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        locked(&self.0.at_once).0 -= 1;
    }
}

pub(super) fn beat(token: Secret) -> Beat {
    Beat {
        url: "https://192.0.2.1:9999".to_owned(),
        token,
        version: Some("13.0.0".to_owned()),
        verify_ca: Some("PEM".to_owned()),
        status: None,
        status_message: None,
        from: ADDRESS,
    }
}

pub(super) const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
/// How often an agent thinks.
const PACE: Duration = Duration::from_secs(10);
