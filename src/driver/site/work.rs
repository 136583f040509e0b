//! A step or a hook of the site as the machine of turns that lanes drive.

use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::site::Sites;
use crate::driver::site::answer::{self, shown};
use crate::driver::site::caller::{self, CallError, Words};
use crate::driver::site::manifest::Manifest;
use crate::driver::site::question::{self, Phase};
use crate::driver::site::shelf::hook_of;
use crate::driver::{StepCall, StepWork};
use crate::model::step::{Again, By};
use crate::model::turn::Turn;

/// The work of every step and hook of the site.
#[derive(Debug)]
pub struct SiteWork {
    sites: Arc<Sites>,
}

impl SiteWork {
    pub fn new(sites: Arc<Sites>) -> Self {
        Self { sites }
    }

    async fn turn(&self, call: &StepCall, phase: Phase) -> Turn {
        let Some(manifest) = self.sites.shelf.manifest(&call.step) else {
            return Turn::failed(format!(
                "no manifest in {} makes it known any more: put it back and have the daemon read it (SIGHUP)",
                self.sites.settings.directory.display()
            ));
        };
        let told = question::of(call, &manifest.rules, phase);
        let words = Words {
            step: call.step.to_string(),
            node: call.machine.node.label(),
            secrets: question::secrets(call, &manifest.rules),
        };
        let said = caller::call(&self.sites, &manifest, &told, &words).await;
        let turn = said.and_then(|bytes| answer::parse(&bytes, phase).map_err(CallError::Answer));
        match turn {
            Ok(Turn::Failed(failure)) => Turn::failed(hushed(&failure.why, &words)),
            Ok(turn) => turn,
            // Nothing was begun: the lane comes back.
            Err(CallError::Busy) => Turn::LookIn { after: BUSY_PAUSE, memo: call.memo.clone() },
            Err(error) => Turn::failed(reason(call, &manifest, &error, &words)),
        }
    }
}

impl StepWork for SiteWork {
    /// A hook has nothing to look at but what it did itself.
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move {
            if call.step.by == By::Hook && call.memo.is_empty() {
                return Turn::Act { memo: call.memo.clone() };
            }
            self.turn(call, Phase::Look).await
        })
    }

    /// What may have been done already is looked at first, where the manifest says so: the look says whether to act.
    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            let looks = again && call.step.again == Again::LookFirst && call.step.by == By::Site;
            let phase = if looks { Phase::Look } else { Phase::Act { again } };
            self.turn(call, phase).await
        })
    }
}

/// What went wrong, where, and what to do.
fn reason(call: &StepCall, manifest: &Manifest, error: &CallError, words: &Words) -> String {
    let whose = hook_of(&call.step).filter(|_| call.step.by == By::Hook);
    let whose = whose.map(|name| format!("hook {name}: ")).unwrap_or_default();
    let (file, why) = (manifest.executable.display(), hushed(&error.to_string(), words));
    let remedy = match error {
        CallError::Late(_) => {
            format!("; have it answer sooner (look_in), or raise timeout in {}", manifest.file.display())
        }
        CallError::Answer(_) => format!("; try it with ferric steps check {}", manifest.file.display()),
        CallError::Unfit(_)
        | CallError::Start(_)
        | CallError::Flood(_)
        | CallError::Ended { .. }
        | CallError::Busy => String::new(),
    };
    format!("{whose}executable {file}: {why}{remedy}")
}

/// Without the secrets that it was told.
fn hushed(text: &str, words: &Words) -> String {
    let plain =
        words.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "******"));
    shown(&plain, LONGEST)
}

/// Seconds until a call that found all places taken is tried again.
const BUSY_PAUSE: u32 = 5;
/// Characters.
const LONGEST: usize = 2048;
