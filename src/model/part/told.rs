//! The steps that an agent told last, kept so that a plan can be shown before another one is booted.

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::model::step::Kind;
use crate::model::turn::InBand;

/// What the agent of a node offered for one kind of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToldSteps {
    pub kind: Kind,
    pub at: Moment,
    /// Version of the agent that told.
    #[serde(default)]
    pub agent: Option<String>,
    pub steps: Vec<InBand>,
}

impl ToldSteps {
    /// Whether it is of a size that is worth keeping: an agent may tell anything.
    pub fn is_small(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|text| text.len() <= LARGEST)
    }
}

/// Bytes of JSON; the stock agent's dozen steps have four thousand.
const LARGEST: usize = 32 << 10;
