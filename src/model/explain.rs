//! A plan as a person reads it before anything is done: steps, where each comes from, what it does, how long it took.

pub mod pasts;

use std::fmt;

use crate::base::moment::Moment;
use crate::model::explain::pasts::Guess;
use crate::model::run::Run;
use crate::model::step::Step;
use crate::model::step::touch::Touch;

/// What would come of a request, if it were made now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explained {
    /// Why it would be refused, in the words of the refusal. What follows is then what would be done otherwise.
    pub refused: Vec<String>,
    /// It would be taken and fail: the `last_error` that would be read.
    pub fails: Option<String>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
    /// What nobody knows before the agent has spoken.
    pub unknown: Vec<String>,
    /// One after the other: tear down is followed by cleaning.
    pub runs: Vec<PlannedRun>,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRun {
    pub run: Run,
    /// State in which it ends if all goes well; `None` if another one follows.
    pub ends_in: Option<&'static str>,
    /// Since when the agent's steps in it are known.
    pub told_at: Option<Moment>,
    pub steps: Vec<PlannedStep>,
    /// How long the whole took before.
    pub took: Option<Guess>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    pub step: Step,
    pub origin: Origin,
    pub requires_ramdisk: bool,
    /// The child node that it is done on.
    pub child: Option<String>,
    pub touch: Touch,
    pub took: Option<Guess>,
}

/// Where a step comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The pipeline's own frame.
    Pipeline,
    /// An implementation of the step's interface.
    Driver(String),
    /// An executable of the site, by its manifest.
    Site,
    /// A hook of the site, by its name, which runs after the step.
    Hook(String),
    /// The agent, which told it then.
    Agent(Moment),
    /// The deploy template of this name.
    Template(String),
    /// The runbook of this name.
    Runbook(String),
    Request,
}

impl Origin {
    /// The word for its sort.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pipeline => "pipeline",
            Self::Driver(_) => "driver",
            Self::Agent(_) => "agent",
            Self::Site => "site",
            Self::Hook(_) => "hook",
            Self::Template(_) => "template",
            Self::Runbook(_) => "runbook",
            Self::Request => "request",
        }
    }

    /// Which one of its sort, where there are several.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Driver(name) | Self::Hook(name) | Self::Template(name) | Self::Runbook(name) => Some(name),
            Self::Pipeline | Self::Agent(_) | Self::Request | Self::Site => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.name()) {
            (Self::Agent(at), _) => write!(f, "agent, as told on {at}"),
            (_, Some(name)) => write!(f, "{} {name}", self.word()),
            (_, None) => f.write_str(self.word()),
        }
    }
}

impl PlannedRun {
    /// Times that the machine starts at least, and whether it may start more often.
    pub fn starts(&self) -> (usize, bool) {
        let known = self.steps.iter().map(|step| step.touch.starts).sum();
        (known, self.steps.iter().any(|step| step.touch.may_start))
    }
}
