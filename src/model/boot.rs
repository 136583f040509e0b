//! What a machine boots, and the identity of one boot of the agent (style corner 2).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::base::secret::Secret;

pub mod again;
pub mod check;
pub mod client;
pub mod event;
pub mod elsewhere;
pub mod loading;
pub mod lease;
pub mod network;
pub mod lease6;
pub mod plan;
pub mod ticket;

/// What the record says the machine shall boot; scripts are rendered from it on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boots {
    #[default]
    Nothing,
    /// The deploy ramdisk with its agent.
    Ramdisk,
    Disk,
    /// The instance's own ramdisk or ISO, at each boot (deploy interface `ramdisk`).
    Instance,
    /// What installs the instance by itself (deploy interface `anaconda`).
    Installer,
}

/// One boot of the agent. Dropped as a whole when another boot is known or suspected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub token: Secret,
    /// The token went to the machine by another way before it booted.
    #[serde(default)]
    pub pregenerated: bool,
    /// Where the lookup that got the token came from.
    pub given_to: Option<IpAddr>,
    /// A heartbeat has borne the token.
    #[serde(default)]
    pub borne: bool,
    /// The known agent answered after a second lookup: this one is told `******`.
    #[serde(default)]
    pub proven: bool,
    #[serde(default)]
    pub url: Option<String>,
    /// PEM of the agent's own certificate; the peer must present exactly this one.
    #[serde(default)]
    pub verify_ca: Option<String>,
    #[serde(default)]
    pub version: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub status_message: Option<String>,
    #[serde(default)]
    pub last_heartbeat: Option<Moment>,
}

impl Agent {
    /// An identity whose token nobody has used yet.
    pub fn unused(token: Secret, pregenerated: bool) -> Self {
        Self {
            token,
            pregenerated,
            given_to: None,
            borne: false,
            proven: false,
            url: None,
            verify_ca: None,
            version: None,
            status: None,
            status_message: None,
            last_heartbeat: None,
        }
    }
}

/// A heartbeat, checked as far as it can be without the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub url: String,
    pub token: Secret,
    pub version: Option<String>,
    pub verify_ca: Option<String>,
    pub status: Option<String>,
    pub status_message: Option<String>,
    /// The connection's own address, which the callback may name.
    pub from: IpAddr,
}

/// Where the next boot comes from (`management/boot_device`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootDevice {
    Pxe,
    Disk,
    Cdrom,
    Bios,
    Safe,
    Wanboot,
    IscsiBoot,
    Floppy,
    UefiHttp,
}

impl BootDevice {
    pub const ALL: [Self; 9] = [
        Self::Pxe,
        Self::Disk,
        Self::Cdrom,
        Self::Bios,
        Self::Safe,
        Self::Wanboot,
        Self::IscsiBoot,
        Self::Floppy,
        Self::UefiHttp,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pxe => "pxe",
            Self::Disk => "disk",
            Self::Cdrom => "cdrom",
            Self::Bios => "bios",
            Self::Safe => "safe",
            Self::Wanboot => "wanboot",
            Self::IscsiBoot => "iscsiboot",
            Self::Floppy => "floppy",
            Self::UefiHttp => "uefihttp",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|device| device.name() == name)
    }
}
