//! Under which URL a BMC fetches an image: the one that was asked for, or one of this host, which brings it here first.

use std::sync::Arc;

use url::Url;

use crate::base::secret::MASK;
use crate::depot::firmware::{FirmwareFiles, Ordered, Stand};
use crate::driver::StepCall;
use crate::driver::bmc::redfish_settings::defaults::FirmwareSource;
use crate::driver::boot::BootGround;
use crate::driver::boot::address::Bases;
use crate::driver::error::DriverError;
use crate::driver::redfish::upkeep::firmware::ask::Update;
use crate::driver::redfish::upkeep::wrong;
use crate::model::turn::{Failure, FailureKind, Turn};

/// What this host hands out, and where.
#[derive(Debug)]
pub struct Giver {
    files: Option<Arc<FirmwareFiles>>,
    bases: Bases,
    /// Unless a request says otherwise.
    source: FirmwareSource,
}

/// How an image stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// The BMC fetches it from here.
    At(String),
    /// It is being brought; how far it is, in words.
    Wait(String),
}

impl Giver {
    pub fn new(ground: &BootGround, source: FirmwareSource) -> Self {
        Self { files: ground.firmware.clone(), bases: ground.bases.clone(), source }
    }

    /// Where the BMC fetches the image at this place of the step's list.
    pub async fn give(&self, call: &StepCall, place: usize, update: &Update) -> Result<Given, DriverError> {
        let url = Url::parse(&update.url).map_err(|error| wrong(error.to_string()))?;
        if !self.is_ours(&url, update) {
            return Ok(Given::At(update.url.clone()));
        }
        let node = &call.machine.node;
        let files =
            self.files.as_ref().ok_or_else(|| wrong("this host hands out no firmware: use source http"))?;
        if let Some(why) = self.bases.fault(node) {
            return Err(DriverError::refused("handing out firmware", why));
        }
        let step = step_of(call, place);
        let ordered = Ordered { node: node.id, step: &step, url: &url, checksum: update.checksum.as_deref() };
        match files.order(ordered).await {
            Stand::Ready(path) => {
                Ok(Given::At(format!("{}{path}", self.bases.base(node).unwrap_or_default())))
            }
            Stand::Busy(words) => Ok(Given::Wait(words)),
            Stand::Failed(why) => {
                Err(DriverError::refused(format!("bringing firmware for {} here", update.part.name()), why))
            }
        }
    }

    /// The same turn; nothing of it shows a path of ours, and what the step needed is let go where it has ended.
    pub async fn told(&self, call: &StepCall, updates: &[Update], turn: Turn) -> Turn {
        let Some(files) = &self.files else { return turn };
        let is_over = match &turn {
            Turn::Done(_) => true,
            Turn::Failed(failure) => matches!(failure.kind, FailureKind::Step | FailureKind::Unknown),
            Turn::Act { .. }
            | Turn::LookIn { .. }
            | Turn::Reboot { .. }
            | Turn::Agent { .. }
            | Turn::Hold => false,
        };
        if is_over
            && updates
                .iter()
                .any(|update| Url::parse(&update.url).is_ok_and(|url| self.is_ours(&url, update)))
        {
            let (files, node) = (Arc::clone(files), call.machine.node.id);
            // What it leaves is swept.
            tokio::task::spawn_blocking(move || files.release(node)).await.ok();
        }
        let Turn::Failed(failure) = turn else { return turn };
        let hide = |why: String, one: (usize, &Update)| self.hidden(files, call, one, why);
        let why = updates.iter().enumerate().fold(failure.why, hide);
        Turn::Failed(Failure { why, kind: failure.kind })
    }

    fn hidden(
        &self,
        files: &FirmwareFiles,
        call: &StepCall,
        (place, update): (usize, &Update),
        why: String,
    ) -> String {
        let Some(url) = Url::parse(&update.url).ok().filter(|url| self.is_ours(url, update)) else {
            return why;
        };
        let step = step_of(call, place);
        let node = call.machine.node.id;
        let ordered = Ordered { node, step: &step, url: &url, checksum: update.checksum.as_deref() };
        why.replace(files.secret(&ordered).reveal(), MASK)
    }

    /// Whether this host hands it out.
    fn is_ours(&self, url: &Url, update: &Update) -> bool {
        url.scheme() == "file" || update.source.unwrap_or(self.source) == FirmwareSource::Local
    }
}

/// What tells the image of this step from those of others: the same before and after a restart.
fn step_of(call: &StepCall, place: usize) -> String {
    let run = call.machine.node.run.as_ref();
    let started = run.map(|run| run.started.to_string()).unwrap_or_default();
    format!("{started} {} {place}", call.step)
}
