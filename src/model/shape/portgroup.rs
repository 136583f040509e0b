//! The members of a portgroup (contract `api.json`).

use crate::base::secret::Veil;
use crate::model::part::portgroup::Portgroup;
use crate::model::shape::{Accepts, Field, Place, Shown, TEXT, json};

type Row = Field<Portgroup>;

/// Every member, in the order in which answers show them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 23, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 23, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 23, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("address", 23, address).takes(TEXT),
    Row::new("extra", 23, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("internal_info", 23, |s, out| json::masked(out, &s.record.internal_info, Veil::Names)).place(Place::Document),
    Row::new("mode", 26, |s, out| json::text(out, &s.record.wished.mode)).takes(TEXT),
    Row::new("name", 23, |s, out| json::maybe_text(out, s.record.wished.name.as_deref())).takes(TEXT),
    Row::new("properties", 26, |s, out| json::object(out, &s.record.wished.properties)).takes(Accepts::Object).place(Place::Document),
    Row::new("standalone_ports_supported", 23, |s, out| json::flag(out, s.record.wished.standalone_ports_supported)).takes(Accepts::Flag),
    Row::new("node_uuid", 23, |s, out| json::uuid(out, s.record.node.0)).takes(Accepts::Must),
    Row::new("physical_network", 102, |s, out| json::maybe_text(out, s.record.wished.physical_network.as_deref())).takes(Accepts::Text { min: 1, max: 64 }),
    Row::new("category", 103, |s, out| json::maybe_text(out, s.record.wished.category.as_deref())).takes(Accepts::Text { min: 0, max: 80 }),
    Row::new("dynamic_portgroup", 111, |s, out| json::flag(out, s.record.dynamic)),
    Row::new("links", 23, |s, out| links(s, out, "")).place(Place::Always),
    Row::new("ports", 23, |s, out| links(s, out, "/ports")).place(Place::Whole),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "address", "name"];

fn address(shown: &Shown<'_, Portgroup>, out: &mut Vec<u8>) {
    json::maybe_text(out, shown.record.wished.address.map(|address| address.to_string()).as_deref());
}

fn links(shown: &Shown<'_, Portgroup>, out: &mut Vec<u8>, below: &str) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"portgroups/");
        json::bare_uuid(out, shown.record.id);
        out.extend_from_slice(below.as_bytes());
    });
}
