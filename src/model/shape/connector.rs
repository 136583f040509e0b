//! The members of a volume connector (contract `api.json`).

use crate::model::shape::{Accepts, Field, Place, Shown, json};
use crate::model::volume::Connector;

type Row = Field<Connector>;

/// Every member, in the order in which answers show them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 32, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 32, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 32, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("connector_id", 32, |s, out| json::text(out, &s.record.wished.connector_id)).takes(Accepts::Must),
    Row::new("extra", 32, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("type", 32, |s, out| json::text(out, &s.record.wished.kind)).takes(Accepts::Must),
    Row::new("links", 32, links).place(Place::Always),
    Row::new("node_uuid", 32, |s, out| json::uuid(out, s.record.node.0)).takes(Accepts::Must),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "node_uuid", "type", "connector_id"];

fn links(shown: &Shown<'_, Connector>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"volume/connectors/");
        json::bare_uuid(out, shown.record.id);
    });
}
