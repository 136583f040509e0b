//! `tear_down_agent`: the agent goes, and the machine is off, as gently as it can be.
//!
//! ```text
//! look -> Act ask    POST power_off   -> watch power -> Done, or after the last look: Act hard
//!      -> Act flush  POST sync        -> Act hard  power interface off -> Done   (deploy_forces_oob_reboot)
//!      -> Act lock   POST lockdown    -> gone? -> Done                           (disable_power_off)
//!      -> Act sync   POST sync        -> Act run   POST run_image -> Done        (power cannot be switched on)
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tracing::warn;

use crate::base::time::Later;
use crate::driver::agent::Agents;
use crate::driver::agent::alive::is_alive;
use crate::driver::agent::client::AgentError;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::memo::{count, text, with};
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::node::Node;
use crate::model::turn::{Memo, Turn};

/// Work of `deploy.tear_down_agent`.
#[derive(Debug)]
pub struct TearDown {
    agents: Arc<Agents>,
    power: Arc<dyn PowerSwitch>,
    /// The power interface can switch the machine on again.
    can_switch_on: bool,
}

impl TearDown {
    pub fn new(agents: Arc<Agents>, power: Arc<dyn PowerSwitch>, can_switch_on: bool) -> Self {
        Self { agents, power, can_switch_on }
    }

    async fn looked(&self, call: &StepCall) -> Turn {
        let node = &call.machine.node;
        match text(&call.memo, STAGE) {
            None if node.wished.disable_power_off => Turn::Act { memo: stage(LOCK) },
            None if !self.can_switch_on => Turn::Act { memo: stage(SYNC) },
            None => self.begin(node).await,
            Some(WATCH) => self.watch(call).await,
            Some(GONE) => self.gone(call).await,
            Some(_) => Turn::Act { memo: call.memo.clone() },
        }
    }

    async fn acted(&self, call: &StepCall, again: bool) -> Turn {
        let node = &call.machine.node;
        match text(&call.memo, STAGE).unwrap_or(ASK) {
            HARD => self.hard_off().await,
            LOCK => self.told(node, LOCKDOWN, GONE, again).await,
            FLUSH => self.told(node, FLUSH_DISKS, HARD, again).await,
            SYNC => self.told(node, FLUSH_DISKS, RUN, again).await,
            RUN => match self.tell(node, REBOOT).await {
                Ok(()) => Turn::done(),
                // It reboots already, and took its answer with it.
                Err(AgentError::Silent { sent, .. }) if sent || again => Turn::done(),
                Err(error) => error.turn(&call.memo),
            },
            _ => self.told(node, POWER_OFF, WATCH, again).await,
        }
    }

    async fn begin(&self, node: &Node) -> Turn {
        match self.power.state().await {
            Ok(Power::Off) => off(),
            Ok(Power::On | Power::Error) if forces_hard_off(node) => Turn::Act { memo: stage(FLUSH) },
            Ok(Power::On | Power::Error) => Turn::Act { memo: stage(ASK) },
            Err(error) => error.turn(),
        }
    }

    async fn watch(&self, call: &StepCall) -> Turn {
        match self.power.state().await {
            Ok(Power::Off) => off(),
            Ok(Power::On | Power::Error) => {
                self.later(call).unwrap_or_else(|| Turn::Act { memo: stage(HARD) })
            }
            Err(error) => error.turn(),
        }
    }

    async fn gone(&self, call: &StepCall) -> Turn {
        if !is_alive(&self.agents, &call.machine.node).await {
            return Turn::done();
        }
        self.later(call).unwrap_or_else(|| Turn::failed("the agent is still there after it was locked down"))
    }

    /// One more look; `None` after the last.
    fn later(&self, call: &StepCall) -> Option<Turn> {
        let looks = count(&call.memo, LOOKS) + 1;
        let memo = with(&call.memo, LOOKS, looks);
        let more = looks < u64::from(self.agents.settings.power_looks);
        more.then_some(Turn::LookIn { after: self.agents.settings.power_interval, memo })
    }

    async fn hard_off(&self) -> Turn {
        let limit = Duration::from_secs(self.agents.settings.power_limit.into());
        match self.power.set(PowerWish::Off, limit).await {
            Ok(Power::Off) => off(),
            Ok(Power::On | Power::Error) => Turn::failed(format!("the machine is not off after {limit:?}")),
            Err(error) => error.turn(),
        }
    }

    /// Tells the agent and goes on to `next`, whatever it says: who does not obey is switched off. Who is silent
    /// after it was told before is left the time to go.
    async fn told(&self, node: &Node, command: Command, next: &str, again: bool) -> Turn {
        let interval = self.agents.settings.power_interval;
        match self.tell(node, command).await {
            Err(error @ AgentError::Busy(_)) => error.turn(&Memo::new()),
            Ok(()) => Turn::LookIn {
                after: if [WATCH, GONE].contains(&next) { interval } else { 0 },
                memo: stage(next),
            },
            Err(error) if again || error.may_have_been_taken() => {
                Turn::LookIn { after: interval, memo: stage(next) }
            }
            Err(error) => {
                warn!(node = %node.id, command = command.0, %error, "the agent did not do as it was told");
                let next = if next == WATCH { HARD } else { next };
                Turn::LookIn { after: 0, memo: stage(next) }
            }
        }
    }

    async fn tell(&self, node: &Node, (name, wait): Command) -> Result<(), AgentError> {
        self.agents.of(node)?.run(name, Object::new(), wait).await.map(drop)
    }
}

impl StepWork for TearDown {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(self.looked(call))
    }

    /// Each act is a wish: the agent may be told twice, the machine is off twice as well as once.
    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(self.acted(call, again))
    }
}

fn stage(name: &str) -> Memo {
    with(&Memo::new(), STAGE, name)
}

/// Done, and what was seen of power, under the key `power`.
fn off() -> Turn {
    Turn::Done(Object::from_iter([("power".to_owned(), json!(Power::Off.name()))]))
}

fn forces_hard_off(node: &Node) -> bool {
    match node.wished.driver_info.get("deploy_forces_oob_reboot") {
        Some(Value::Bool(forces)) => *forces,
        Some(Value::String(word)) => word.eq_ignore_ascii_case("true"),
        Some(_) | None => false,
    }
}

/// A command of the agent, and whether its end is waited for.
type Command = (&'static str, bool);

const POWER_OFF: Command = ("standby.power_off", false);
const REBOOT: Command = ("standby.run_image", false);
const FLUSH_DISKS: Command = ("standby.sync", true);
const LOCKDOWN: Command = ("system.lockdown", true);

/// Memo fields: what comes next, and how often it was looked.
const STAGE: &str = "stage";
const LOOKS: &str = "looks";

const ASK: &str = "ask";
const WATCH: &str = "watch";
const HARD: &str = "hard";
const FLUSH: &str = "flush";
const LOCK: &str = "lock";
const GONE: &str = "gone";
const SYNC: &str = "sync";
const RUN: &str = "run";
