//! iDRAC's management steps (contract `redfish.md` section 15): the job queue is emptied, the card is restarted.
//!
//! ```text
//!   look: Act ─▶ act: press, memo "reset" ─▶ look: LookIn 10 s until it was heard three times and is ready ─▶ Done
//! ```

pub mod boot;
pub mod card;

use std::sync::Arc;
use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::memo::{count, with};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::step::Kind;
use crate::model::turn::{LEFT, Turn};
use crate::net::http::Method;
use crate::wire::redfish::lenient::{Lenient, found};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, Body};
use crate::wire::redfish::task::Progress;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::service::task::Task;

/// `clear_job_queue`, `reset_idrac` and `known_good_state`.
#[derive(Debug)]
pub struct IdracStep {
    rack: Arc<RedfishRack>,
}

impl IdracStep {
    pub fn new(rack: Arc<RedfishRack>) -> Self {
        Self { rack }
    }

    async fn acted(&self, call: &StepCall) -> Result<Turn, String> {
        let server = self.server(call)?;
        let (clears, resets) = parts(&call.step.step);
        if clears {
            server.clear_job_queue().await.map_err(|error| error.to_string())?;
        }
        if !resets {
            return Ok(Turn::Done(Object::new()));
        }
        server.reset_idrac().await.map_err(|error| error.to_string())?;
        let left = u64::from(DEAF) + LONGEST * u64::from(PAUSE);
        Ok(Turn::LookIn { after: DEAF, memo: with(&with(&call.memo, RESET, 1), LEFT, left) })
    }

    async fn looked(&self, call: &StepCall) -> Result<Turn, String> {
        if count(&call.memo, RESET) == 0 {
            return Ok(Turn::Act { memo: call.memo.clone() });
        }
        let looks = count(&call.memo, LOOKS) + 1;
        let heard = match self.server(call)?.is_idrac_ready().await {
            Ok(true) => count(&call.memo, HEARD) + 1,
            Err(error) if error.is_about_account() => return Err(error.to_string()),
            Ok(false) | Err(_) => 0,
        };
        if heard >= HITS {
            return Ok(Turn::Done(Object::new()));
        }
        if looks > LONGEST {
            return Err("the iDRAC is not ready again after its reset".to_owned());
        }
        let left = (LONGEST - looks + 1) * u64::from(PAUSE);
        let memo = with(&with(&with(&call.memo, LOOKS, looks), HEARD, heard), LEFT, left);
        Ok(Turn::LookIn { after: PAUSE, memo })
    }

    fn server(&self, call: &StepCall) -> Result<Server, String> {
        Server::of(&self.rack, &call.machine.node).map_err(|error| error.to_string())
    }
}

/// A failure of a verify step is told and does not fail the verification.
fn turn(call: &StepCall, outcome: Result<Turn, String>) -> Turn {
    match outcome {
        Ok(turn) => turn,
        Err(why) if call.kind == Kind::Verify => {
            tracing::warn!(node = %call.machine.node.label(), step = %call.step, why, "a step of the iDRAC failed");
            Turn::Done(Object::from_iter([("failed".to_owned(), why.into())]))
        }
        Err(why) => Turn::failed(why),
    }
}

/// Whether the step empties the queue, and whether it restarts the card.
fn parts(step: &str) -> (bool, bool) {
    match step {
        "clear_job_queue" => (true, false),
        "reset_idrac" => (false, true),
        _ => (true, true),
    }
}

impl StepWork for IdracStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move { turn(call, self.looked(call).await) })
    }

    fn act<'a>(&'a self, call: &'a StepCall, _again: bool) -> Later<'a, Turn> {
        Box::pin(async move { turn(call, self.acted(call).await) })
    }
}

impl Server {
    /// Deletes every job, the stuck ones too.
    pub async fn clear_job_queue(&self) -> Result<(), RedfishError> {
        let service = |manager: &Manager| manager.dell_job_service.clone();
        self.dell(service, ("DellJobService", "DeleteJobQueue"), &send::clear_job_queue()).await?;
        let until = self.talk.clock().tick().after(QUEUE_LIMIT);
        loop {
            let left = self.unfinished_jobs().await?;
            if left.is_empty() {
                return Ok(());
            }
            if self.talk.clock().tick() >= until {
                return Err(RedfishError::NotApplied {
                    place: self.talk.place(Method::Post, "DellJobService.DeleteJobQueue"),
                    asked: "an empty job queue".to_owned(),
                    answered: "yes".to_owned(),
                    seen: format!("jobs that have not ended: {}", left.join(", ")),
                });
            }
            sleep(&**self.talk.clock(), QUEUE_PAUSE).await;
        }
    }

    /// The jobs that wait or run; none, where the list cannot be read.
    async fn unfinished_jobs(&self) -> Result<Vec<String>, RedfishError> {
        let seen = self.system().await?;
        let mut left = Vec::new();
        for manager in self.managers(&seen.view).await? {
            let jobs = self.talk.members(manager.view::<Manager>().dell_jobs.as_ref()).await?;
            let waits = jobs.iter().filter(|job| job.view::<Task>().progress() == Progress::Running);
            left.extend(waits.map(|job| job.id().unwrap_or_default()));
        }
        Ok(left)
    }

    /// Restarts the card; an answer that is lost is what a restart looks like.
    pub async fn reset_idrac(&self) -> Result<(), RedfishError> {
        let service = |manager: &Manager| manager.dell_idrac_card_service.clone();
        match self.dell(service, ("DelliDRACCardService", "iDRACReset"), &send::idrac_reset()).await {
            Err(error) if error.may_have_worked() => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether it answers, and says that its lifecycle controller is ready.
    pub async fn is_idrac_ready(&self) -> Result<bool, RedfishError> {
        let seen = self.system().await?;
        for manager in self.managers(&seen.view).await? {
            let Some(link) = manager.view::<Manager>().dell_lc_service else { continue };
            let service = self.talk.follow(&link).await?;
            let path = self.action(&service, ("DellLCService", "GetRemoteServicesAPIStatus"))?;
            let told = self.talk.post(&path, Some(&Body::empty())).await?.body;
            let status = found(&told, &["LCStatus"]).and_then(String::lenient);
            return Ok(status.is_none_or(|status| status == "Ready"));
        }
        Ok(true)
    }

    /// An action of one of Dell's services, on the first manager that has it.
    async fn dell(
        &self,
        service: impl Fn(&Manager) -> Option<Link>,
        action: (&str, &str),
        body: &Body,
    ) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        let mut last = self.missing(action.0);
        for manager in self.managers(&seen.view).await? {
            let Some(link) = service(&manager.view()) else { continue };
            let outcome = match self.talk.follow(&link).await {
                Ok(service) => match self.action(&service, action) {
                    Ok(path) => self.talk.post(&path, Some(body)).await.map(|_| ()),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if error.fault().is_some() || error.is_absent() => last = error,
                outcome => return outcome,
            }
        }
        Err(last)
    }

    fn action(&self, service: &Resource, (kind, name): (&str, &str)) -> Result<String, RedfishError> {
        let key = format!("#{kind}.{name}");
        let action = service.raw.get("Actions").and_then(|actions| actions.get(key.as_str()));
        let link = action.and_then(|action| action.get("target")).and_then(Link::lenient);
        self.target(link.as_ref(), &format!("{name} of {kind}"))
    }
}

/// How long jobs may take to go.
const QUEUE_LIMIT: Duration = Duration::from_secs(30);
const QUEUE_PAUSE: Duration = Duration::from_secs(2);
/// Fields of the memo.
const RESET: &str = "reset";
const LOOKS: &str = "looks";
const HEARD: &str = "heard";
/// A card that restarts answers for a while from its old life.
const DEAF: u32 = 60;
const PAUSE: u32 = 10;
const HITS: u64 = 3;
/// Looks before it counts as lost: a quarter of an hour and more.
const LONGEST: u64 = 120;
