//! Whose controller it is, its account and how fast it is.

use std::time::Duration;

use crate::base::secret::Secret;
use crate::twin::redfish::oddity::{Oddities, Oddity};
use crate::twin::redfish::profile::Profile;

/// One controller. [`BmcSettings::new`] gives one that answers at once and has the habits of its maker.
#[derive(Debug, Clone)]
pub struct BmcSettings {
    pub profile: Profile,
    pub user: String,
    pub password: Secret,
    pub oddities: Oddities,
    /// From the request to the change of power.
    pub power: Duration,
    /// From the request to the end of a host that shuts itself down.
    pub shutdown: Duration,
    /// Before every answer.
    pub delay: Duration,
    /// Whether a reset is answered with a task.
    pub tasks: bool,
    /// How long a task runs.
    pub task: Duration,
    /// Multiplies the times that oddities take in the book (60 s in POST and the like).
    pub pace: f64,
    /// The ports of HTTP and HTTPS; 0 takes a free one.
    pub ports: [u16; 2],
}

impl BmcSettings {
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            user: "admin".to_owned(),
            password: Secret::new("twin-password"),
            oddities: profile.habits(),
            power: Duration::ZERO,
            shutdown: Duration::ZERO,
            delay: Duration::ZERO,
            tasks: false,
            task: Duration::ZERO,
            pace: 1.0,
            ports: [0, 0],
        }
    }

    /// The same with one more oddity.
    #[must_use]
    pub fn with(mut self, oddity: Oddity) -> Self {
        self.oddities.insert(oddity);
        self
    }

    /// A time of the book at this controller's pace.
    pub fn paced(&self, seconds: u64) -> Duration {
        let time = Duration::from_secs(seconds);
        Duration::try_from_secs_f64(time.as_secs_f64() * self.pace).unwrap_or(time)
    }
}
