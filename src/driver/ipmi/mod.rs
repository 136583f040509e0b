//! Machines by IPMI: the hardware type `ipmi`, without any tool of others.
//!
//! ```text
//!   IpmiServer ── ask ──▶ bmc::Line (turn) ──▶ Slot ──▶ Link ──▶ Pump { wire::ipmi::Session, net::Udp } ──▶ BMC
//!   power, boot, nmi, sensors, records, reset, raw, console
//! ```
//!
//! - `call`     one request: whose turn, which session, what a lost or a busy answer means
//! - `link`     a session as a handle; `pump` the task behind it; `dice` its random numbers
//! - `slot`     what is kept of one BMC between calls: its session and its sensor records
//! - `login`    settings of a node to what a session needs
//! - `power`    on, off, soft off, reset; seen to be so
//! - `identity` who the machine is, and its oddities
//! - `identify` which machine a BMC belongs to
//! - `boot`     where the next boot comes from
//! - `nmi`      the dump button
//! - `sensors`  readings; `records` event log, inventory, power reading; `books` these as the API shows them
//! - `raw`      commands in numbers: `send_raw`, as a vendor's method and as a step
//! - `reset`    the BMC itself, started anew
//! - `console`  serial over LAN; `terminal` the line of one session

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::base::time::sleep;
use crate::driver::Hardware;
use crate::driver::bmc::governor::Governor;
use crate::driver::bmc::ipmi_settings::IpmiSettings;
use crate::driver::bmc::line::Line;
use crate::driver::bmc::settings::SettingsError;
use crate::driver::bmc::{Ground, Limits};
use crate::driver::error::DriverError;
use crate::driver::ipmi::link::Wires;
use crate::driver::ipmi::slot::{Passport, Slot};
use crate::model::bmc::CredentialPrint;
use crate::model::node::Node;
use crate::wire::ipmi::bridge::Bridge;
use crate::wire::ipmi::session::Login;

pub mod books;
pub mod boot;
pub mod call;
pub mod console;
pub mod dice;
pub mod identify;
pub mod identity;
pub mod link;
pub mod login;
pub mod nmi;
pub mod power;
pub mod pump;
pub mod raw;
pub mod records;
pub mod reset;
pub mod sensors;
pub mod slot;
pub mod terminal;

/// What all IPMI machines share.
#[derive(Debug)]
pub struct Ipmi {
    ground: Ground,
    governor: Governor<Slot>,
    wires: Wires,
    manner: Manner,
}

/// How patient calls are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// How long each sending of a request waits for its answer.
    pub waits: Vec<Duration>,
    /// The first pause before a busy BMC is asked again, and before power is looked at again.
    pub pause: Duration,
    /// How long a machine that was reset is left alone before its power means anything.
    pub restart: Duration,
    /// How long a session that nobody uses is kept.
    pub idle: Duration,
    /// How long a BMC that was reset may be away.
    pub reset: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            waits: WAITS.to_vec(),
            pause: Duration::from_secs(1),
            restart: Duration::from_secs(15),
            idle: Duration::from_mins(5),
            reset: Duration::from_mins(3),
        }
    }
}

impl Ipmi {
    pub fn new(ground: Ground) -> Self {
        Self::with_manner(ground, Manner::default())
    }

    /// A session has one request on its way, and so a line has one turn.
    pub fn with_manner(ground: Ground, manner: Manner) -> Self {
        let limits = Limits { concurrency: 1, ..ground.ipmi_limits };
        let wires = Wires {
            clock: ground.clock.clone(),
            tasks: ground.tasks.clone(),
            stop: ground.stop.clone(),
            idle: manner.idle,
        };
        Self { governor: Governor::new(&ground, limits), ground, wires, manner }
    }

    /// The node's machine.
    pub fn server(self: &Arc<Self>, node: &Node) -> Result<IpmiServer, DriverError> {
        let settings = self.settings(node).map_err(|error| bad_settings(&error))?;
        let login = login::login(&settings, &self.ground.ipmi, &self.manner.waits)
            .map_err(|error| DriverError::refused("reading driver_info", error.to_string()))?;
        let print = settings.print(&self.ground.prints);
        Ok(IpmiServer {
            ipmi: Arc::clone(self),
            node: node.clone(),
            line: self.governor.line(&settings.key()),
            passport: Passport::new(print.clone(), &settings),
            print,
            bridge: login::bridge(settings.bridging),
            login,
            settings,
        })
    }

    /// What the node says of its BMC; contacts nobody.
    pub fn settings(&self, node: &Node) -> Result<IpmiSettings, SettingsError> {
        IpmiSettings::parse(&node.wished.driver_info, &self.ground.ipmi)
    }

    /// Ends every session, each with a good-bye to its BMC, which has few places for them.
    pub async fn close(&self) {
        let links = self.governor.lines().into_iter().filter_map(|line| line.session().close());
        let closing = join_all(links.map(|link| async move { link.over().await }));
        tokio::select! {
            _ = closing => {}
            () = sleep(&*self.ground.clock, CLOSING) => {
                tracing::warn!("some sessions of BMCs end by themselves");
            }
        }
    }

    /// Lets go of BMCs that nobody has asked for long; their sessions end.
    pub fn tidy(&self) {
        for line in self.governor.take_idle(self.manner.idle) {
            line.session().close();
        }
    }
}

/// One node's machine: every capability is this one type.
#[derive(Debug, Clone)]
pub struct IpmiServer {
    ipmi: Arc<Ipmi>,
    node: Node,
    settings: IpmiSettings,
    line: Arc<Line<Slot>>,
    print: CredentialPrint,
    passport: Passport,
    login: Login,
    /// By which way every command goes.
    bridge: Option<Bridge>,
}

impl IpmiServer {
    /// Every capability.
    pub fn hardware(&self) -> Hardware {
        let server = Arc::new(self.clone());
        Hardware {
            power: Some(server.clone()),
            boot_device: Some(server.clone()),
            sensors: Some(server.clone()),
            books: Some(server.clone()),
            nmi: Some(server.clone()),
            console: Some(server.clone()),
            vendor: Some(server),
            ..Hardware::default()
        }
    }

    /// As errors name the BMC.
    fn who(&self) -> String {
        self.line.key().to_string()
    }
}

fn bad_settings(error: &SettingsError) -> DriverError {
    DriverError::refused("reading driver_info", error.to_string())
}

/// 7.5 s, and 8.5 s with the question before a session: a dead BMC is known as such before a look of 10 s ends.
const WAITS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_millis(1500), Duration::from_secs(2), Duration::from_secs(3)];

/// Longer than a session waits for the answer to its good-bye.
const CLOSING: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
