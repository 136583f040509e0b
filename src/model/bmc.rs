//! What the daemon has learnt of a node's BMC and must know after a restart.
//!
//! Drivers learn it ([`Fact`]), the node's lane keeps it ([`Bmc`]) and hands it back with the node. Nothing here is
//! written by clients.

pub mod firmware;
pub mod panel;
pub mod power;

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::boot::BootDevice;

/// All that is remembered of a BMC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bmc {
    /// The log-in that was refused last: not tried again with the same credentials.
    pub refused: Option<RefusedLogin>,
    /// How often a refused log-in was lifted by a person: rises, never falls.
    pub lifts: u64,
    /// Since when it does not answer.
    pub silent: Option<Silence>,
    pub session: Option<Session>,
    pub pin: Option<Pin>,
    /// The key of its SSH, as SSH clients show it.
    pub host_key: Option<Pin>,
    pub remembered_boot_device: Option<Remembered>,
    /// As detected, lower case.
    pub vendor: Option<String>,
    /// Whether a connection may be used for more than one request.
    pub connection_reuse: Option<bool>,
    pub identity: Identity,
    /// Of the machine, as its BMC judges it.
    pub health: Option<Health>,
}

/// How well a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Health {
    #[serde(rename = "OK")]
    Ok,
    Warning,
    Critical,
}

impl Health {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "Warning",
            Self::Critical => "Critical",
        }
    }

    /// Any other word tells nothing.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ok, Self::Warning, Self::Critical].into_iter().find(|health| health.name() == word)
    }
}

/// A keyed hash of address, account and secret: tells whether credentials have changed, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialPrint(pub String);

/// A log-in that the BMC refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLogin {
    pub print: CredentialPrint,
    pub at: Moment,
    pub why: String,
}

/// A BMC that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    pub since: Moment,
    /// Of the first call without an answer.
    pub why: String,
}

/// A session that is open on the BMC, so that after a restart it is used again or closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Sealed at rest.
    pub token: Secret,
    /// Where it is closed.
    pub path: Option<String>,
    pub opened: Moment,
    /// Whose session it is: sent to nobody else.
    pub print: CredentialPrint,
}

/// The certificate that is trusted since it was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// SHA-256 of the certificate in lower-case hex; of a host key as SSH clients show it.
    pub sha256: String,
    pub first_seen: Moment,
    /// Another one that was met since and refused.
    #[serde(default)]
    pub met: Option<String>,
}

/// A boot device that is set again before each power-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Remembered {
    pub device: Option<BootDevice>,
    /// The next boot alone is another's (`is_next_boot_persistent` is false).
    #[serde(default)]
    pub next_is_once: bool,
}

/// What a boot device that was set asks the daemon to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Nothing: the machine keeps it, or it is for one boot only.
    #[default]
    Nothing,
    /// The device: the machine cannot keep it, so that it is set again, for one boot, before each power-on.
    Device,
    /// That the next boot alone is this device's: what is remembered holds for those after it.
    NextIsOnce,
}

impl Remembered {
    /// What is remembered once `device` was set.
    pub fn after(before: Option<Self>, device: BootDevice, keep: Keep) -> Option<Self> {
        match keep {
            Keep::Nothing => None,
            Keep::Device => Some(Self { device: Some(device), next_is_once: false }),
            Keep::NextIsOnce => Some(Self { next_is_once: true, ..before.unwrap_or_default() }),
        }
    }

    /// What is remembered once the machine has booted.
    pub fn booted(self) -> Option<Self> {
        self.device.map(|device| Self { device: Some(device), next_is_once: false })
    }

    /// What is to be set before the next boot.
    pub fn due(self) -> Option<BootDevice> {
        self.device.filter(|_| !self.next_is_once)
    }
}

/// Texts by which oddities are matched; empty where unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// Of the system.
    pub manufacturer: String,
    pub model: String,
    /// Version of the BMC's firmware.
    pub firmware: String,
    /// `Vendor` of the Redfish service root.
    pub root_vendor: String,
    /// `Product` of the Redfish service root.
    pub root_product: String,
    pub bmc_manufacturer: String,
    pub bmc_model: String,
    pub bios_version: String,
}

/// Something that a driver has learnt of a node's BMC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    LoginRefused {
        print: CredentialPrint,
        why: String,
    },
    /// Credentials that were refused once are taken now.
    LoginAccepted {
        print: CredentialPrint,
    },
    /// A call was not answered, after others were.
    Silent {
        why: String,
    },
    /// It answers again.
    Heard,
    SessionOpened {
        token: Secret,
        path: Option<String>,
        print: CredentialPrint,
    },
    /// No session is open any more.
    SessionClosed,
    /// The certificate, SHA-256 in hex, where trust begins with the first one seen.
    PinSeen {
        sha256: String,
    },
    /// Another certificate than the pinned one was met and refused.
    PinRefused {
        sha256: String,
    },
    /// The host key of its SSH, where none was known.
    HostKeySeen {
        sha256: String,
    },
    /// Another host key than the known one was met and refused.
    HostKeyRefused {
        sha256: String,
    },
    Vendor(Option<String>),
    ConnectionReuse(bool),
    Identity(Box<Identity>),
    /// `None`: the BMC does not say.
    Health(Option<Health>),
}

/// Which part of [`Bmc`] a fact is about: of two about the same, the newer one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Login,
    Silence,
    Session,
    Pin,
    HostKey,
    Vendor,
    ConnectionReuse,
    Identity,
    Health,
}

impl Fact {
    pub fn topic(&self) -> Topic {
        match self {
            Self::LoginRefused { .. } | Self::LoginAccepted { .. } => Topic::Login,
            Self::Silent { .. } | Self::Heard => Topic::Silence,
            Self::SessionOpened { .. } | Self::SessionClosed => Topic::Session,
            Self::PinSeen { .. } | Self::PinRefused { .. } => Topic::Pin,
            Self::HostKeySeen { .. } | Self::HostKeyRefused { .. } => Topic::HostKey,
            Self::Vendor(_) => Topic::Vendor,
            Self::ConnectionReuse(_) => Topic::ConnectionReuse,
            Self::Identity(_) => Topic::Identity,
            Self::Health(_) => Topic::Health,
        }
    }
}

impl Bmc {
    /// Nothing is known: such a record is stored without it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
