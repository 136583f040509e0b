//! What a change tells the world: the reference's notifications, one a change that is committed.
//!
//! ```text
//! record before, record after -> what happened (`node`, `thing`) -> envelope with number and moment -> feed
//! ```
//! Types and payloads are those of Ironic's versioned notifications (`ironic/objects`, admin guide "Notifications"). What
//! takes time is told when it starts and when it ends. What one commit does is told as `start` and `end`, both in that
//! commit; what was refused because of the state in which it was found as `start` and `error`. Wrong requests are told to
//! nobody.

pub mod kinds;
pub mod node;
pub mod refused;
pub mod sight;
pub mod telling;
pub mod thing;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::notice::sight::Sight;
use crate::model::shape::{Field, Frame, LATEST, Shown, field, json};

/// What a change tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// e.g. `baremetal.node.update.end`.
    pub event_type: String,
    pub service: Service,
    pub is_error: bool,
    /// The node that it is about, or whose part it is.
    pub node: Option<NodeId>,
    /// Which projects may hear of it.
    pub sight: Sight,
    /// The payload with its name and version, as a JSON object.
    pub payload: Vec<u8>,
}

impl Notice {
    /// The same, with what came of it: `start`, `end`, `error` or `success` in the place of what it says.
    fn with(&self, status: &str) -> Self {
        let action = self.event_type.rsplit_once('.').map_or("", |(action, _)| action);
        Self { event_type: format!("{action}.{status}"), is_error: status == "error", ..self.clone() }
    }

    /// That it starts, and what comes of it.
    fn with_start(self) -> Vec<Self> {
        vec![self.with("start"), self]
    }
}

/// Who tells it in the reference: part of the publisher's name, which consumers look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Api,
    Conductor,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Api => "ironic-api",
            Self::Conductor => "ironic-conductor",
        }
    }
}

/// A record before and after a commit; one of them is there.
#[derive(Debug, Clone, Copy)]
pub struct Turned<'a, T> {
    pub before: Option<&'a T>,
    pub after: Option<&'a T>,
    /// Name of this host.
    pub host: &'a str,
}

impl<T: PartialEq> Turned<'_, T> {
    /// `create`, `update` or `delete`, with the record to show; none if both are equal.
    fn change(&self) -> Option<(&'static str, &T)> {
        match (self.before, self.after) {
            (None, Some(after)) => Some(("create", after)),
            (Some(before), None) => Some(("delete", before)),
            (Some(before), Some(after)) => (before != after).then_some(("update", after)),
            (None, None) => None,
        }
    }
}

/// What is added to a notice when it is committed.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    pub sequence: u64,
    pub at: Moment,
    pub id: Uuid,
    pub host: &'a str,
}

impl Envelope<'_> {
    /// The whole notice as one line of JSON.
    pub fn wrap(&self, notice: &Notice) -> Vec<u8> {
        let mut out = Vec::with_capacity(notice.payload.len() + 320);
        out.push(b'{');
        json::key(&mut out, "event_type");
        json::text(&mut out, &notice.event_type);
        out.push(b',');
        json::key(&mut out, "publisher_id");
        json::text(&mut out, &format!("{}.{}", notice.service.name(), self.host));
        out.push(b',');
        json::key(&mut out, "priority");
        json::text(&mut out, if notice.is_error { "error" } else { "info" });
        out.push(b',');
        json::key(&mut out, "timestamp");
        json::moment(&mut out, self.at);
        out.push(b',');
        json::key(&mut out, "message_id");
        json::uuid(&mut out, self.id);
        out.push(b',');
        json::key(&mut out, "sequence");
        json::number(&mut out, self.sequence);
        out.push(b',');
        json::key(&mut out, "payload");
        out.extend_from_slice(&notice.payload);
        out.push(b'}');
        out
    }
}

/// Writes a payload: its name, its version, then its members.
fn payload(name: &str, version: &str, members: impl FnOnce(&mut Members)) -> Vec<u8> {
    let mut all = Members { out: vec![b'{'], is_first: true };
    all.member("ironic_object.namespace", |out| json::text(out, "ironic"));
    all.member("ironic_object.name", |out| json::text(out, name));
    all.member("ironic_object.version", |out| json::text(out, version));
    all.member("ironic_object.data", |out| {
        let mut inner = Members { out: vec![b'{'], is_first: true };
        members(&mut inner);
        inner.out.push(b'}');
        out.extend_from_slice(&inner.out);
    });
    all.out.push(b'}');
    all.out
}

/// Members of an object under way.
struct Members {
    out: Vec<u8>,
    is_first: bool,
}

impl Members {
    fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        json::key(&mut self.out, name);
        write(&mut self.out);
    }

    /// Members of a resource as its answers show them at the latest version, secrets masked.
    fn shown<T>(&mut self, table: &'static [Field<T>], names: &[&str], record: &T, host: &str) {
        let shown = Shown {
            record,
            frame: Frame { host, base: "", version: LATEST, project: None, is_lesser: false, told: &[] },
        };
        for row in names.iter().filter_map(|name| field(table, name)) {
            self.member(row.name, |out| (row.write)(&shown, out));
        }
    }
}
