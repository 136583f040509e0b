//! The step before the machine is touched: the image that this host gives out is fetched, unpacked and checked.
//!
//! ```text
//! look   not ready -> LookIn { progress } ...      ready, or the agent's own to fetch -> Done
//! ```

use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::agent::Agents;
use crate::driver::agent::image::{self, PROGRESS};
use crate::driver::{StepCall, StepWork};
use crate::model::turn::Turn;

/// Work of the deployment's `ready_image`. What it readied stays until the image is written or the deployment is over.
#[derive(Debug)]
pub struct ReadyImage {
    agents: Arc<Agents>,
}

impl ReadyImage {
    pub fn new(agents: Arc<Agents>) -> Self {
        Self { agents }
    }

    async fn looked(&self, call: &StepCall) -> Turn {
        let looks_in = call.memo.contains_key(PROGRESS);
        match image::made_ready(&self.agents, &call.machine.node, looks_in).await {
            Ok(()) => Turn::done(),
            Err(unready) => unready.turn(call),
        }
    }
}

impl StepWork for ReadyImage {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(self.looked(call))
    }

    /// It never asks for an act: the work goes on beside it.
    fn act<'a>(&'a self, call: &'a StepCall, _again: bool) -> Later<'a, Turn> {
        Box::pin(self.looked(call))
    }
}
