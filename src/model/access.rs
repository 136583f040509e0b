//! How one logs in, and what the site wants of it (`[auth]`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::who::Role;

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Everybody who reaches the door.
    #[default]
    Nobody,
    /// Users of a file by HTTP basic authentication; bearers of tokens, too.
    Basic,
    /// Bearers of tokens.
    Token,
}

/// `[auth]`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub strategy: Strategy,
    /// Lines `name:hash` as `htpasswd -B` writes them.
    pub user_file: PathBuf,
    /// Roles of users of that file.
    pub roles: BTreeMap<String, Role>,
    /// The role of users that `roles` does not name.
    pub default_role: Role,
    /// The least role for a step that a client asks for, by `interface.step`.
    pub steps: BTreeMap<String, Role>,
    /// Failed log-ins of one address within a minute before it has to wait.
    pub failed_logins: u32,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            user_file: USER_FILE.into(),
            roles: BTreeMap::new(),
            default_role: Role::Admin,
            steps: BTreeMap::new(),
            failed_logins: FAILED_LOGINS,
        }
    }
}

/// Where users are kept unless told otherwise.
const USER_FILE: &str = "/etc/ferric/htpasswd";
/// A person mistypes three times, a script with an old password tries on.
const FAILED_LOGINS: u32 = 10;
