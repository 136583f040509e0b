//! Power of a machine that only its agent can switch: off works, on does not.

use std::sync::Arc;
use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::agent::Agents;
use crate::driver::agent::alive::is_alive;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::node::Node;

/// The agent of one node, as its power switch.
#[derive(Debug)]
pub struct AgentPower {
    agents: Arc<Agents>,
    node: Node,
}

impl AgentPower {
    pub fn new(agents: Arc<Agents>, node: Node) -> Self {
        Self { agents, node }
    }

    /// Tells the agent to switch off and waits until it is gone.
    async fn off(&self, limit: Duration) -> Result<Power, DriverError> {
        let what = "power off through the agent";
        let agent = self.agents.of(&self.node).map_err(|error| error.driver(what))?;
        agent.run("standby.power_off", Object::new(), false).await.map_err(|error| error.driver(what))?;
        let until = self.agents.clock.tick().after(limit);
        while self.agents.clock.tick() < until {
            if !is_alive(&self.agents, &self.node).await {
                return Ok(Power::Off);
            }
            sleep(&*self.agents.clock, PAUSE).await;
        }
        Ok(Power::On)
    }
}

impl PowerSwitch for AgentPower {
    /// An agent that answers is on; else what the record says, for nothing else knows.
    fn state(&self) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            if self.node.agent.is_some() && is_alive(&self.agents, &self.node).await {
                return Ok(Power::On);
            }
            self.node.power.ok_or_else(|| DriverError::silent("the agent", "its power was never seen"))
        })
    }

    fn set(&self, wish: PowerWish, limit: Duration) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            match wish {
                PowerWish::Off | PowerWish::SoftOff => self.off(limit).await,
                PowerWish::On | PowerWish::Reset | PowerWish::SoftReset => Err(DriverError::Unsupported {
                    implementation: "power interface agent".to_owned(),
                    what: "power on".to_owned(),
                }),
            }
        })
    }
}

/// Between two looks whether the agent is gone.
const PAUSE: Duration = Duration::from_secs(2);
