//! Who changed what in the rack, from where and with which outcome.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::base::who::{Author, Role};

/// Who asked for a change, as the journals keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// `None` where nobody has to log in.
    #[serde(default)]
    pub user: Option<String>,
    pub role: Role,
    #[serde(default)]
    pub project: Option<String>,
    pub from: IpAddr,
}

impl From<&Author> for By {
    fn from(author: &Author) -> Self {
        let Author { who, from, .. } = author;
        Self { user: who.name.clone(), role: who.role, project: who.project.clone(), from: *from }
    }
}

/// A request that changed something, or was to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Rises with each.
    pub sequence: u64,
    pub at: Moment,
    pub by: By,
    /// Method and path.
    pub deed: String,
    /// The answer's status.
    pub status: u16,
}
