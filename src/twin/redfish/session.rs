//! Sessions: who is logged in.

use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::base::time::Tick;
use crate::twin::redfish::profile::ROOT;
use crate::wire::redfish::shape::served::Served;

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub token: Secret,
    pub user: String,
    pub begun: Tick,
    /// Requests served.
    pub uses: u32,
}

impl Session {
    pub fn path(&self) -> String {
        format!("{SESSIONS}/{}", self.id)
    }

    /// As a resource; the token is never in it.
    pub fn body(&self) -> Value {
        let body = Served::Session.resource(&self.path(), &self.id, "User Session");
        crate::twin::redfish::tree::over(body, json!({"UserName": self.user, "Password": null}))
    }
}

/// The collection's path.
pub const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// Whether a path is that of the collection, by which people log in.
pub fn is_login(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path == SESSIONS || path.strip_prefix(ROOT) == Some("/SessionService/Sessions/Members")
}
