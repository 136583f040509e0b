//! Who logs in, at which level, by which protocol and suites.

use std::time::Duration;

use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::id::{Privilege, User};
use crate::wire::ipmi::lan15::AuthType;
use crate::wire::ipmi::suite::{DEFAULT, Suite};

/// An account and how to use it.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: User,
    pub password: Key,
    /// `K_g`; `None` where the BMC has none, and the password serves in its place.
    pub kg: Option<Key>,
    pub privilege: Privilege,
    /// Whether the level was asked for by a person: then a refusal is the end; else OPERATOR is tried in the place
    /// of ADMINISTRATOR.
    pub insists: bool,
    pub version: Version,
    /// Asked for in this order.
    pub suites: Vec<Suite>,
    pub tuning: Tuning,
}

impl Login {
    /// Suites 17 and 3, level ADMINISTRATOR, IPMI 2.0. Whoever has a longer name or password than IPMI can carry
    /// gets an error, never a cut one.
    pub fn new(user: &[u8], password: &[u8]) -> Result<Self, LoginError> {
        let name = User::new(user).ok_or(LoginError::User { size: user.len() })?;
        if password.len() > PASSWORD_LIMIT {
            return Err(LoginError::Password { size: password.len(), limit: PASSWORD_LIMIT });
        }
        Ok(Self {
            user: name,
            password: Key::new(password),
            kg: None,
            privilege: Privilege::default(),
            insists: false,
            version: Version::V20,
            suites: DEFAULT.to_vec(),
            tuning: Tuning::default(),
        })
    }

    /// With `K_g`, which may begin with zeros; an empty one is none.
    pub fn with_kg(self, kg: &[u8]) -> Result<Self, LoginError> {
        if kg.len() > KG_LIMIT {
            return Err(LoginError::Kg { size: kg.len() });
        }
        Ok(Self { kg: (!kg.is_empty()).then(|| Key::new(kg)), ..self })
    }

    pub fn with_version(self, version: Version) -> Result<Self, LoginError> {
        if version == Version::V15 && self.password.bytes().len() > PASSWORD_LIMIT_15 {
            let size = self.password.bytes().len();
            return Err(LoginError::Password { size, limit: PASSWORD_LIMIT_15 });
        }
        Ok(Self { version, ..self })
    }

    /// With these suites only, by their numbers.
    pub fn with_suites(self, ids: &[u8]) -> Result<Self, LoginError> {
        let found: Option<Vec<Suite>> = ids.iter().map(|id| Suite::find(*id)).collect();
        let suites =
            found.filter(|suites| !suites.is_empty()).ok_or_else(|| LoginError::Suites(ids.to_vec()))?;
        Ok(Self { suites, ..self })
    }
}

/// Which IPMI is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Version {
    #[default]
    V20,
    V15,
    /// 2.0, or 1.5 where the BMC says that it has no 2.0.
    Either,
}

/// Numbers that hardly ever change; recorded clients have others.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// How long the first, second, ... sending waits for an answer; its length is the number of tries.
    pub waits: Vec<Duration>,
    /// Silence after which a session is kept alive.
    pub keep_alive: Duration,
    /// Ask for the channel's capabilities first: tells a 1.5-only BMC from a dead one, and whether there is a `K_g`.
    pub probe: bool,
    /// Number of the first request.
    pub first_request: u8,
    /// Session sequence number of the first packet in the session.
    pub first_sequence: u32,
    /// Ask once more with the level named in the open session request when keys do not match: some old boards
    /// derive them from that byte.
    pub level_retry: bool,
    /// Authentication types of IPMI 1.5, the best first.
    pub auth15: Vec<AuthType>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            waits: [1, 2, 3, 4].map(Duration::from_secs).to_vec(),
            keep_alive: Duration::from_secs(20),
            probe: true,
            first_request: 0,
            first_sequence: 1,
            level_retry: true,
            auth15: vec![AuthType::Md5, AuthType::Password, AuthType::None],
        }
    }
}

/// Why an account cannot be used over IPMI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error("a user name of {size} bytes is longer than IPMI's 16")]
    User { size: usize },
    #[error("a password of {size} bytes is longer than the {limit} that this IPMI can carry")]
    Password { size: usize, limit: usize },
    #[error("a K_g of {size} bytes is longer than IPMI's 20")]
    Kg { size: usize },
    #[error("none or unknown among cipher suites {0:?}; spoken are 0-3, 6-8, 11, 12, 15-17")]
    Suites(Vec<u8>),
}

/// Bytes of the longest password of IPMI 2.0.
pub const PASSWORD_LIMIT: usize = 20;
/// Bytes of the longest password of IPMI 1.5.
pub const PASSWORD_LIMIT_15: usize = 16;
const KG_LIMIT: usize = 20;
