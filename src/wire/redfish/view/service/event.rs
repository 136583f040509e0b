//! Event subscriptions and log entries.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::annotation::Action;
use crate::wire::redfish::view::status::Status;

view! {
    /// `EventService`.
    pub struct EventService {
        is_enabled: Option<bool> = "ServiceEnabled";
        /// What a subscription may ask for, if told.
        event_types: Vec<String> = "EventTypesForSubscription";
        subscriptions: Option<Link> = "Subscriptions";
        status: Status = "Status";
    }

    /// `EventDestination`.
    pub struct Subscription {
        id: Option<String> = "Id";
        /// Empty on creation, and then absent with some BMCs.
        context: Option<String> = "Context";
        protocol: Option<String> = "Protocol";
        destination: Option<String> = "Destination";
        event_types: Vec<String> = "EventTypes";
    }

    /// `LogService`.
    pub struct LogService {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        entries: Option<Link> = "Entries";
        clear: Option<Action> = "Actions/#LogService.ClearLog";
        is_enabled: Option<bool> = "ServiceEnabled";
    }

    /// `LogEntry`.
    pub struct LogEntry {
        id: Option<String> = "Id";
        /// Verbatim: some BMCs write year nought or offsets without a colon.
        created: Option<String> = "Created" | "EventTimestamp";
        entry_type: Option<String> = "EntryType";
        severity: Option<String> = "Severity";
        message: Option<String> = "Message";
        message_id: Option<String> = "MessageId";
        sensor_type: Option<String> = "SensorType";
    }
}
