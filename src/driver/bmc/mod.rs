//! What the drivers of BMCs stand on: every call of the daemon to one BMC goes through one queue with one session.
//!
//! ```text
//!   driver ── Governor::line(key) ──▶ Line ── turn(node, print) ──▶ Turn ── answered, overloaded, silent,
//!                                      │ session slot                        login_refused or drop
//!                                      └── Notebook::learn ──▶ the node's lane ──▶ Node.bmc
//! ```
//!
//! - `governor`  the lines of one protocol, and when each may begin after a start
//! - `line`      the queue of one BMC and account; what a turn is
//! - `queue`     who waits, who runs and who is next; pure
//! - `pace`      how many calls at once and how far apart, learnt from answers; pure
//! - `insist`    who tries a silent BMC in spite of its pause
//! - `silence`   a BMC that does not answer: one try at a time; pure
//! - `logins`    which credentials were taken or refused; pure
//! - `print`     keyed hashes of credentials
//! - `notebook`  where drivers leave what they learn
//! - `settings`  reading `driver_info`; `redfish_settings` and `ipmi_settings` are what it comes to

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::time::SharedClock;
use crate::driver::bmc::ipmi_settings::IpmiDefaults;
use crate::driver::bmc::notebook::Notebook;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::redfish_settings::defaults::RedfishDefaults;

pub mod governor;
pub mod insist;
pub mod ipmi_settings;
pub mod line;
pub mod logins;
pub mod notebook;
pub mod pace;
pub mod print;
pub mod queue;
pub mod redfish_settings;
pub mod settings;
pub mod silence;

/// How a BMC is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    Redfish,
    Ipmi,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Redfish => "redfish",
            Self::Ipmi => "ipmi",
        }
    }
}

/// One account on one BMC: what shares it shares a queue and a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BmcKey {
    pub protocol: Protocol,
    /// Lower case; an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
    pub account: String,
}

impl BmcKey {
    pub fn new(protocol: Protocol, host: &str, port: u16, account: &str) -> Self {
        Self { protocol, host: host.to_lowercase(), port, account: account.to_owned() }
    }
}

/// As errors name it: protocol and address, without the account.
impl fmt::Display for BmcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, host, port, .. } = self;
        let name = protocol.name();
        if host.contains(':') {
            write!(f, "{name} BMC [{host}]:{port}")
        } else {
            write!(f, "{name} BMC {host}:{port}")
        }
    }
}

/// How calls to one BMC are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once.
    pub concurrency: u16,
    /// Calls that may wait; further ones are refused.
    pub queue: usize,
    /// The longest pause between two tries of a silent BMC.
    pub longest_pause: Duration,
    /// The shortest time between two calls, for BMCs that need it.
    pub min_interval: Duration,
    /// First calls after a start are spread over this.
    pub start_spread: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 4,
            queue: 64,
            longest_pause: Duration::from_mins(1),
            min_interval: Duration::ZERO,
            start_spread: Duration::from_millis(500),
        }
    }
}

/// What the drivers of both protocols are made with.
#[derive(Debug, Clone)]
pub struct Ground {
    pub clock: SharedClock,
    pub notebook: Arc<dyn Notebook>,
    pub prints: PrintKey,
    /// A random number of this start: spreads the first calls.
    pub seed: u64,
    pub redfish: RedfishDefaults,
    pub redfish_limits: Limits,
    pub ipmi: IpmiDefaults,
    pub ipmi_limits: Limits,
    /// Tasks of sessions run under it, and end with `stop`.
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Ground {
    /// With the defaults of both protocols.
    pub fn new(clock: SharedClock, notebook: Arc<dyn Notebook>, prints: PrintKey, seed: u64) -> Self {
        Self {
            clock,
            notebook,
            prints,
            seed,
            redfish: RedfishDefaults::default(),
            redfish_limits: Limits::default(),
            ipmi: IpmiDefaults::default(),
            ipmi_limits: Limits::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }
}
