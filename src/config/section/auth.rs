//! `[auth]`: who is let in at the operator's door, and what they may do; ours, with the reference's names of
//! `[DEFAULT]` beside it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use crate::base::who::Role;
use crate::config::section::{General, written};
use crate::config::{ConfigError, set};
use crate::model::access::{Access, Strategy};

/// `[auth]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    pub strategy: Option<AuthStrategy>,
    /// As `htpasswd -B` writes it.
    pub user_file: Option<PathBuf>,
    /// Roles of users by name.
    pub roles: BTreeMap<String, Role>,
    pub default_role: Option<Role>,
    /// Least roles for steps by `interface.step`.
    pub steps: BTreeMap<String, Role>,
    #[serde(deserialize_with = "written::u32_to::<_, 10000>")]
    pub failed_logins: Option<NonZeroU32>,
}

/// `auth.strategy` and `DEFAULT.auth_strategy`; others are refused, lest somebody believes that a login is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthStrategy {
    #[serde(alias = "noauth")]
    None,
    HttpBasic,
    Token,
}

impl AuthStrategy {
    fn meant(self) -> Strategy {
        match self {
            Self::None => Strategy::Nobody,
            Self::HttpBasic => Strategy::Basic,
            Self::Token => Strategy::Token,
        }
    }
}

impl Auth {
    /// Who is let in at the door `listen`. Beyond loopback somebody has to log in unless `insecure` is said.
    pub(in crate::config) fn access(
        &self,
        general: &General,
        listen: SocketAddr,
        insecure: bool,
    ) -> Result<Access, ConfigError> {
        let file = self.user_file.clone().or_else(|| general.http_basic_auth_user_file.clone());
        // Whoever names a file of users wants a login.
        let implied = file.is_some().then_some(Strategy::Basic);
        let given = self.strategy.or(general.auth_strategy).map(AuthStrategy::meant).or(implied);
        let beyond = !listen.ip().is_loopback();
        let strategy = given.unwrap_or(if beyond && !insecure { Strategy::Token } else { Strategy::Nobody });
        if strategy == Strategy::Nobody && beyond && !insecure {
            return Err(ConfigError::Open(listen));
        }
        if let Some(step) = self.steps.keys().find(|step| !step.contains('.')) {
            let (name, rule) =
                ("auth.steps", "interface.step = \"role\", as in \"raid.create_configuration\"");
            return Err(ConfigError::Value { name, value: step.clone(), rule });
        }
        let mut access =
            Access { strategy, roles: self.roles.clone(), steps: self.steps.clone(), ..Access::default() };
        set(&mut access.user_file, file);
        set(&mut access.default_role, self.default_role);
        set(&mut access.failed_logins, self.failed_logins.map(NonZeroU32::get));
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(text: &str, listen: &str, insecure: bool) -> Result<Access, ConfigError> {
        let auth: Auth = toml::from_str(text).unwrap();
        auth.access(&General::default(), listen.parse().unwrap(), insecure)
    }

    #[test]
    fn beyond_loopback_somebody_has_to_log_in() {
        let strategy = |text, listen, insecure| access(text, listen, insecure).map(|access| access.strategy);
        assert_eq!(strategy("", "127.0.0.1:1", false).unwrap(), Strategy::Nobody);
        assert_eq!(strategy("", "10.0.0.1:1", false).unwrap(), Strategy::Token);
        assert_eq!(strategy("", "10.0.0.1:1", true).unwrap(), Strategy::Nobody);
        assert_eq!(strategy("user_file = '/x'", "127.0.0.1:1", false).unwrap(), Strategy::Basic);
        assert_eq!(
            strategy("user_file = '/x'\nstrategy = 'none'", "127.0.0.1:1", false).unwrap(),
            Strategy::Nobody
        );
        assert_eq!(strategy("strategy = 'http_basic'", "10.0.0.1:1", true).unwrap(), Strategy::Basic);
        for text in ["strategy = 'none'", "strategy = 'noauth'"] {
            assert!(matches!(strategy(text, "10.0.0.1:1", false), Err(ConfigError::Open(_))), "{text}");
        }
    }

    #[test]
    fn the_references_names_are_taken() {
        let general = General {
            auth_strategy: Some(AuthStrategy::HttpBasic),
            http_basic_auth_user_file: Some("/x".into()),
            ..General::default()
        };
        let access = Auth::default().access(&general, "[::1]:1".parse().unwrap(), false).unwrap();
        assert_eq!((access.strategy, access.user_file), (Strategy::Basic, "/x".into()));
    }

    #[test]
    fn roles_and_steps_are_words_that_are_known() {
        let text = "roles = {alice = 'reader'}\ndefault_role = 'operator'\n[steps]\n'raid.create' = 'admin'";
        let found = access(text, "127.0.0.1:1", false).unwrap();
        assert_eq!((found.roles["alice"], found.default_role), (Role::Reader, Role::Operator));
        assert_eq!(found.steps["raid.create"], Role::Admin);
        assert!(toml::from_str::<Auth>("roles = {alice = 'root'}").is_err());
        assert!(access("steps = {raid = 'admin'}", "127.0.0.1:1", false).is_err());
    }
}
