//! Who asks: a name and what it may do. The account itself (token, password) stays where it was checked.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What somebody may do; each may all that the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look, without secrets.
    Reader,
    /// Work with nodes.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Reader, Self::Operator, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Somebody who has logged in, or whom nobody asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// A user, or a token by its name; `None` where no login is asked for.
    pub name: Option<String>,
    pub role: Role,
    /// The project that a token is bound to: it sees what this owns or has leased, and nothing else.
    pub project: Option<String>,
}

impl Who {
    /// Where no login is asked for, everybody may do everything.
    pub fn anybody() -> Self {
        Self { name: None, role: Role::Admin, project: None }
    }
}

/// Who asked for a change, from where and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub who: Who,
    pub from: IpAddr,
    /// Method and path of the request, without its query.
    pub deed: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_rise_and_have_names() {
        assert!(Role::Reader < Role::Operator && Role::Operator < Role::Admin);
        for role in Role::ALL {
            assert_eq!(Role::of(role.name()), Some(role));
        }
        assert_eq!(Role::of("Admin"), None);
    }
}
