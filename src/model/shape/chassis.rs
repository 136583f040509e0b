//! The members of a chassis (contract `api.json`).

use crate::model::chassis::Chassis;
use crate::model::shape::{Accepts, Field, Place, Shown, TEXT, json};

type Row = Field<Chassis>;

/// Every member, in the order in which answers show them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 1, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 1, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 1, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("description", 1, |s, out| json::maybe_text(out, s.record.wished.description.as_deref())).takes(TEXT),
    Row::new("extra", 1, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("nodes", 1, nodes).place(Place::Whole),
    Row::new("links", 1, links).place(Place::Always),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "description"];

fn links(shown: &Shown<'_, Chassis>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"chassis/");
        json::bare_uuid(out, shown.record.id);
    });
}

/// A list within a list, as the reference sends it.
fn nodes(shown: &Shown<'_, Chassis>, out: &mut Vec<u8>) {
    out.push(b'[');
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"chassis/");
        json::bare_uuid(out, shown.record.id);
        out.extend_from_slice(b"/nodes");
    });
    out.push(b']');
}
