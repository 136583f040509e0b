//! The service root, and collections.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;

view! {
    /// `ServiceRoot`.
    pub struct ServiceRoot {
        redfish_version: Option<String> = "RedfishVersion";
        vendor: Option<String> = "Vendor";
        product: Option<String> = "Product";
        uuid: Option<String> = "UUID";
        systems: Option<Link> = "Systems";
        chassis: Option<Link> = "Chassis";
        managers: Option<Link> = "Managers";
        registries: Option<Link> = "Registries";
        task_service: Option<Link> = "Tasks" | "TaskService";
        session_service: Option<Link> = "SessionService";
        /// Where a session is made.
        sessions: Option<Link> = "Links/Sessions" | "links/Sessions";
        account_service: Option<Link> = "AccountService";
        event_service: Option<Link> = "EventService";
        update_service: Option<Link> = "UpdateService";
        job_service: Option<Link> = "JobService";
        certificate_service: Option<Link> = "CertificateService";
        /// Whether `$expand` is said to work, and how deep.
        expand: Expand = "ProtocolFeaturesSupported/ExpandQuery";
        oem: OemKeys = "Oem";
    }

    /// What the root says of `$expand`; some write `false` in place of the object.
    pub struct Expand {
        /// `.`: subordinate resources without links.
        no_links: Option<bool> = "NoLinks";
        /// `*`: everything.
        all: Option<bool> = "ExpandAll";
        levels: Option<bool> = "Levels";
        max_levels: Option<u64> = "MaxLevels";
    }

    /// A collection.
    pub struct Collection {
        members: Vec<Link> = "Members" | "links/Member" | "Links/Members";
        count: Option<u64> = "Members@odata.count";
        /// The next page.
        next: Option<Link> = "Members@odata.nextLink" | "@odata.nextLink";
    }
}

/// The names under `Oem`: how most vendors give themselves away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OemKeys(pub Vec<String>);

impl crate::wire::redfish::lenient::Field for OemKeys {
    fn field(value: Option<&serde_json::Value>) -> Self {
        let map = value.and_then(serde_json::Value::as_object);
        Self(map.into_iter().flat_map(|map| map.keys().take(OEM_LIMIT).cloned()).collect())
    }
}

/// Vendors under one `Oem`: one or two are usual.
const OEM_LIMIT: usize = 16;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn a_root_tells_its_services() {
        let root = ServiceRoot::read(&json!({"Systems": {"@odata.id": "/redfish/v1/Systems"},
            "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
            "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": true, "MaxLevels": 2}}, "Oem": {"Hpe": {}}}));
        assert_eq!(root.systems, Some(Link::new("/redfish/v1/Systems")));
        assert_eq!(root.sessions, Some(Link::new("/redfish/v1/SessionService/Sessions")));
        assert_eq!((root.expand.no_links, root.expand.max_levels), (Some(true), Some(2)));
        assert_eq!(root.oem, OemKeys(vec!["Hpe".to_owned()]));
        let odd =
            ServiceRoot::read(&json!({"ProtocolFeaturesSupported": {"ExpandQuery": false}, "Oem": "BULL"}));
        assert_eq!((odd.expand, odd.oem), (Expand::default(), OemKeys::default()));
    }

    #[test]
    fn members_may_be_plain_texts_or_null() {
        let texts = Collection::read(&json!({"Members": ["/a", {"@odata.id": "/b"}, {"Id": "ghost"}]}));
        assert_eq!(texts.members, [Link::new("/a"), Link::new("/b")]);
        assert_eq!(Collection::read(&json!({"Members": null})), Collection::default());
    }
}
