//! `[discovery]` and the reference's `[auto_discovery]`: what becomes of machines that nobody has enrolled.

use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

use crate::base::secret::Secret;
use crate::config::ConfigError;
use crate::config::section::written;
use crate::model::boot::plan::{self, BootPlan, Role};
use crate::model::inspection::discovery::{BmcAccount, BmcKind, DiscoveryPolicy};

/// `[discovery]`; ours alone.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Discovery {
    pub policy: Option<What>,
    /// Hardware type of nodes whose BMC has no account here.
    pub driver: Option<String>,
    pub limit: Limit,
    pub bmc: Option<Account>,
}

/// `discovery.policy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    Off,
    Record,
    #[serde(alias = "enroll")]
    Enrol,
    #[serde(alias = "enroll-and-clean")]
    EnrolAndClean,
}

/// `[discovery] limit`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limit {
    /// Machines that are taken in within a minute; 20 if not given.
    #[serde(deserialize_with = "written::u32_to::<_, 4_294_967_295>")]
    pub per_minute: Option<NonZeroU32>,
    /// Nodes that have come by discovery, at most; 256 if not given.
    #[serde(deserialize_with = "written::u32_to::<_, 4_294_967_295>")]
    pub machines: Option<NonZeroU32>,
}

/// `[discovery.bmc]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// `auto` if not given.
    #[serde(default)]
    pub driver: Kind,
    pub username: String,
    pub password_file: PathBuf,
}

/// `discovery.bmc.driver`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Each BMC is knocked at: Redfish where it answers, else IPMI.
    #[default]
    Auto,
    Redfish,
    Ipmi,
}

/// `[auto_discovery]`: the reference's words for `policy = "enrol"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AutoDiscovery {
    pub enabled: Option<bool>,
    pub driver: Option<String>,
}

impl Discovery {
    /// The choices, checked; `hardware` is what is enabled, `bmc_networks` where BMCs are.
    pub fn policy(
        &self,
        auto: &AutoDiscovery,
        hardware: &[String],
        bmc_networks: Vec<IpNet>,
    ) -> Result<DiscoveryPolicy, ConfigError> {
        let default = DiscoveryPolicy::default();
        let what = match (self.policy, auto.enabled) {
            (Some(what), _) => what.value(),
            (None, Some(true)) => plan::Discovery::Enrol,
            (None, Some(false) | None) => default.what,
        };
        let machines = self.limit.machines.and_then(|most| usize::try_from(most.get()).ok());
        let policy = DiscoveryPolicy {
            what,
            driver: self.driver.clone().or_else(|| auto.driver.clone()),
            bmc: self.bmc.as_ref().map(Account::read).transpose()?,
            bmc_networks,
            per_minute: self.limit.per_minute.map_or(default.per_minute, NonZeroU32::get),
            most: machines.unwrap_or(default.most),
        };
        check(&policy, hardware)?;
        Ok(policy)
    }

    /// What may be meant so, or not.
    pub fn doubts(&self) -> Vec<String> {
        let Some(account) = &self.bmc else { return Vec::new() };
        let file = account.password_file.display();
        let open = account.is_open().then(|| {
            format!("everybody on this host can read {file}, the password file of [discovery.bmc]: chmod 600 {file}")
        });
        let is_long = account.driver == Kind::Auto && account.username.len() > IPMI_NAME;
        let long = is_long.then(|| {
            format!(
                "the username of [discovery.bmc] has {} bytes: BMCs that speak IPMI only take {IPMI_NAME} and are not \
                 logged in to",
                account.username.len()
            )
        });
        open.into_iter().chain(long).collect()
    }
}

/// The account is for BMCs in known networks: without any it would be shown to none, and no machine would go on.
pub fn check_reach(policy: &DiscoveryPolicy, plan: &BootPlan) -> Result<(), ConfigError> {
    let is_served = plan.networks.iter().any(|network| network.role == Role::Bmc);
    if policy.bmc.is_none() || !policy.what.enrols() || is_served || !policy.bmc_networks.is_empty() {
        return Ok(());
    }
    Err(ConfigError::Value {
        name: "[agent] bmc_networks",
        value: "none".to_owned(),
        rule: "the account of [discovery.bmc] is shown to no BMC outside of them: name the BMCs' networks, as in \
               bmc_networks = [\"10.1.0.0/24\"], or leave [discovery.bmc] out",
    })
}

/// A machine can only become a node of a hardware type that is enabled.
fn check(policy: &DiscoveryPolicy, hardware: &[String]) -> Result<(), ConfigError> {
    let wrong = |name, value: &str, rule| Err(ConfigError::Value { name, value: value.to_owned(), rule });
    let is_enabled = |name: &str| hardware.iter().any(|one| one == name);
    if policy.what.enrols() && policy.driver.is_none() && policy.bmc.is_none() {
        let rule = "it needs discovery.driver (a hardware type) or an account in [discovery.bmc]";
        return wrong("discovery.policy", "enrol", rule);
    }
    let of_account = policy.bmc.as_ref().and_then(|account| account.kind).map(BmcKind::driver);
    for name in policy.driver.as_deref().into_iter().chain(of_account) {
        if !is_enabled(name) {
            return wrong("discovery.driver", name, "a hardware type that hardware.enabled names");
        }
    }
    let knocks = policy.bmc.as_ref().is_some_and(|account| account.kind.is_none());
    if knocks && ![BmcKind::Redfish, BmcKind::Ipmi].into_iter().any(|kind| is_enabled(kind.driver())) {
        return wrong("discovery.bmc.driver", "auto", "it needs redfish or ipmi in hardware.enabled");
    }
    let only_ipmi =
        of_account == Some(BmcKind::Ipmi.driver()) || (knocks && !is_enabled(BmcKind::Redfish.driver()));
    match policy.bmc.as_ref().filter(|_| only_ipmi) {
        Some(account) => fits_ipmi(account),
        None => Ok(()),
    }
}

/// What goes into the fields of an IPMI log-in (IPMI 2.0 13.20, 22.30).
fn fits_ipmi(account: &BmcAccount) -> Result<(), ConfigError> {
    let wrong = |name, value, rule| Err(ConfigError::Value { name, value, rule });
    if account.username.len() > IPMI_NAME {
        let rule = "a user name of IPMI has 16 bytes at most";
        return wrong("discovery.bmc.username", account.username.clone(), rule);
    }
    if account.password.reveal().len() > IPMI_PASSWORD {
        let file = account.password_file.display().to_string();
        return wrong("discovery.bmc.password_file", file, "a password of IPMI has 20 bytes at most");
    }
    Ok(())
}

impl What {
    fn value(self) -> plan::Discovery {
        match self {
            Self::Off => plan::Discovery::Off,
            Self::Record => plan::Discovery::Record,
            Self::Enrol => plan::Discovery::Enrol,
            Self::EnrolAndClean => plan::Discovery::EnrolAndClean,
        }
    }
}

impl Account {
    /// Whether others than its owner and group may read the password.
    fn is_open(&self) -> bool {
        std::fs::metadata(&self.password_file).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
    }

    fn read(&self) -> Result<BmcAccount, ConfigError> {
        let kind = match self.driver {
            Kind::Auto => None,
            Kind::Redfish => Some(BmcKind::Redfish),
            Kind::Ipmi => Some(BmcKind::Ipmi),
        };
        let password = password(&self.password_file)?;
        Ok(BmcAccount {
            kind,
            username: self.username.clone(),
            password,
            password_file: self.password_file.clone(),
        })
    }
}

/// The first line of the file.
fn password(path: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::UnreadablePassword { path: path.to_owned(), source })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(ConfigError::NoPassword { path: path.to_owned() });
    }
    Ok(Secret::new(line))
}

/// Bytes of a user name and of a password of IPMI 2.0.
const IPMI_NAME: usize = 16;
const IPMI_PASSWORD: usize = 20;
