//! The deployment step of `autodetect`: another interface stands in for it before anything is planned, so that nobody comes
//! to this one. A record that does is not deployed in silence.

use crate::base::time::Later;
use crate::driver::{StepCall, StepWork};
use crate::model::turn::Turn;

/// Work of `deploy.deploy`.
#[derive(Debug, Clone, Copy)]
pub struct Unswitched;

impl Unswitched {
    fn turn() -> Turn {
        Turn::failed(
            "no deploy interface stands in for autodetect: name one in deploy_interface, or ask for the deployment anew",
        )
    }
}

impl StepWork for Unswitched {
    fn look<'a>(&'a self, _call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async { Self::turn() })
    }

    fn act<'a>(&'a self, _call: &'a StepCall, _again: bool) -> Later<'a, Turn> {
        Box::pin(async { Self::turn() })
    }
}
