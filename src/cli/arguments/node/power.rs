//! Arguments of `ferric node power|boot-mode|secure-boot`.

use clap::{Args, ValueEnum};

use crate::cli::arguments::node::behind::behind;
use crate::cli::arguments::node::patience::{Patience, some_seconds};
use crate::cli::arguments::node::{Switch, node_named};

#[derive(Debug, Args)]
pub struct PowerArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// What to do
    #[arg(value_parser = behind::<PowerAction>("ferric node power n1 on"))]
    pub action: PowerAction,
    /// Seconds that the server may take
    #[arg(long, value_name = "SECONDS", value_parser = some_seconds)]
    pub timeout: Option<u32>,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PowerAction {
    /// Switch on
    On,
    /// Cut the power
    Off,
    /// Cut the power, then switch on
    Reboot,
    /// Ask the operating system to shut down
    SoftOff,
    /// Ask the operating system to shut down, then switch on
    SoftReboot,
}

impl PowerAction {
    /// The word that the API takes.
    pub fn target(self) -> &'static str {
        match self {
            Self::On => "power on",
            Self::Off => "power off",
            Self::Reboot => "rebooting",
            Self::SoftOff => "soft power off",
            Self::SoftReboot => "soft rebooting",
        }
    }
}

#[derive(Debug, Args)]
pub struct BootModeArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// How the firmware boots
    #[arg(value_parser = behind::<BootMode>("ferric node boot-mode n1 uefi"))]
    pub mode: BootMode,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BootMode {
    Uefi,
    Bios,
}

impl BootMode {
    /// The word that the API takes.
    pub fn target(self) -> &'static str {
        match self {
            Self::Uefi => "uefi",
            Self::Bios => "bios",
        }
    }
}

#[derive(Debug, Args)]
pub struct SecureBootArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// Whether the firmware asks for signatures
    #[arg(value_parser = behind::<Switch>("ferric node secure-boot n1 on"))]
    pub switch: Switch,
    #[command(flatten)]
    pub patience: Patience,
}
