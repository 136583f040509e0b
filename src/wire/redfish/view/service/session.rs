//! What a log-in answers.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;

view! {
    /// `Session`; the token is in a header, never here.
    pub struct Session {
        id: Option<String> = "Id";
        /// Its own path, where `Location` names none.
        own: Option<Link> = "@odata.id";
        user: Option<String> = "UserName";
        created: Option<String> = "CreatedTime";
        client: Option<String> = "ClientOriginIPAddress";
    }

    /// `SessionService`.
    pub struct SessionService {
        is_enabled: Option<bool> = "ServiceEnabled";
        /// Seconds without a request after which a session ends.
        timeout_seconds: Option<u64> = "SessionTimeout";
        sessions: Option<Link> = "Sessions";
    }
}

impl Session {
    /// The path by which it is deleted: `location` (the header) first, then the body; only the path of either counts.
    pub fn path(&self, location: Option<&str>) -> Option<String> {
        let header = location.map(|text| Link::new(text.trim()));
        let own = || self.own.as_ref().and_then(|own| own.bare_path().ok());
        header.and_then(|link| link.bare_path().ok()).or_else(own)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn a_session_is_found_by_header_or_body() {
        let session = Session::read(&json!({"@odata.id": "/redfish/v1/SessionService/Sessions/9"}));
        assert_eq!(session.path(Some("https://other/s/1")).as_deref(), Some("/s/1"));
        assert_eq!(session.path(None).as_deref(), Some("/redfish/v1/SessionService/Sessions/9"));
        assert_eq!(Session::default().path(Some("")), None);
    }
}
