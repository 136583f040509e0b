//! Whose controller it is, its account and how fast it is.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::base::secret::Secret;
use crate::twin::redfish::oddity::{Oddities, Oddity};
use crate::twin::redfish::profile::Profile;

/// What a controller calls itself and its machine, where that is not what its profile says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names {
    /// `Vendor` of the root.
    pub vendor: Option<&'static str>,
    /// `Product` of the root.
    pub product: Option<&'static str>,
    /// `Manufacturer` of the system.
    pub manufacturer: Option<&'static str>,
    /// `Model` of the system.
    pub model: Option<&'static str>,
    /// `Model` of the manager.
    pub manager_model: Option<&'static str>,
    /// `FirmwareVersion` of the manager.
    pub firmware: Option<&'static str>,
}

/// One controller. [`BmcSettings::new`] gives one that answers at once and has the habits of its maker.
#[derive(Debug, Clone)]
pub struct BmcSettings {
    pub profile: Profile,
    /// Another model of the maker, or another maker.
    pub names: Names,
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
    /// Whether its volumes are made and deleted at a boot only.
    pub volumes_at_boot: bool,
    /// Whether it fetches the firmware that it is told to install; else the image's name says it all.
    pub fetches_firmware: bool,
    /// Multiplies the times that oddities take in the book (60 s in POST and the like).
    pub pace: f64,
    /// The host's address at which it listens.
    pub address: IpAddr,
    /// The ports of HTTP and HTTPS; 0 takes a free one.
    pub ports: [u16; 2],
}

impl BmcSettings {
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            names: Names::default(),
            user: "admin".to_owned(),
            password: Secret::new("twin-password"),
            oddities: profile.habits(),
            power: Duration::ZERO,
            shutdown: Duration::ZERO,
            delay: Duration::ZERO,
            tasks: false,
            task: Duration::ZERO,
            volumes_at_boot: false,
            fetches_firmware: false,
            pace: 1.0,
            address: Ipv4Addr::LOCALHOST.into(),
            ports: [0, 0],
        }
    }

    /// The same with one more oddity.
    #[must_use]
    pub fn with(mut self, oddity: Oddity) -> Self {
        self.oddities.insert(oddity);
        self
    }

    /// The same under other names.
    #[must_use]
    pub fn named(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// A time of the book at this controller's pace.
    pub fn paced(&self, seconds: u64) -> Duration {
        let time = Duration::from_secs(seconds);
        Duration::try_from_secs_f64(time.as_secs_f64() * self.pace).unwrap_or(time)
    }
}
