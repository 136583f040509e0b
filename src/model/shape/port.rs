//! The members of a port (contract `api.json`).

use crate::base::secret::Veil;
use crate::model::draft;
use crate::model::port::Port;
use crate::model::shape::{Accepts, Field, Place, Shown, TEXT, json};

type Row = Field<Port>;

/// Every member, in the order in which answers show them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 1, |s, out| json::uuid(out, s.record.id.0)).create_only(Accepts::Uuid),
    Row::new("created_at", 1, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 1, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("address", 1, |s, out| json::text(out, &s.record.address.to_string())).takes(Accepts::Must),
    Row::new("extra", 1, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("internal_info", 18, |s, out| json::masked(out, &s.record.internal_info, Veil::Names)).place(Place::Document),
    Row::new("is_smartnic", 53, |s, out| json::flag(out, s.record.wished.is_smartnic)).takes(Accepts::Flag),
    Row::new("local_link_connection", 19, link).takes(Accepts::Object).place(Place::Document),
    Row::new("physical_network", 34, |s, out| json::maybe_text(out, s.record.wished.physical_network.as_deref())).takes(Accepts::Text { min: 1, max: 64 }),
    Row::new("pxe_enabled", 19, |s, out| json::flag(out, s.record.wished.pxe_enabled)).takes(Accepts::Flag),
    Row::new("node_uuid", 1, |s, out| json::uuid(out, s.record.node.0)).takes(Accepts::Must),
    Row::new("name", 88, |s, out| json::maybe_text(out, s.record.wished.name.as_deref())).takes(TEXT),
    Row::new("description", 97, |s, out| json::maybe_text(out, s.record.wished.description.as_deref())).takes(TEXT),
    Row::new("vendor", 100, |s, out| json::maybe_text(out, s.record.wished.vendor.as_deref())).takes(Accepts::Text { min: 0, max: 32 }),
    Row::new("category", 101, |s, out| json::maybe_text(out, s.record.wished.category.as_deref())).takes(Accepts::Text { min: 0, max: 80 }),
    Row::new("available_for_dynamic_portgroup", 111, |s, out| json::flag(out, s.record.wished.available_for_dynamic_portgroup)).takes(Accepts::Bare),
    Row::new("portgroup_uuid", 24, |s, out| json::maybe_text(out, s.record.wished.portgroup_uuid.as_deref())).takes(TEXT),
    Row::new("links", 1, links).place(Place::Always),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "address"];

/// Empty for a version that does not know all of its members, as the reference shows it.
fn link(shown: &Shown<'_, Port>, out: &mut Vec<u8>) {
    let link = &shown.record.wished.local_link_connection;
    if draft::link::is_known(link, shown.frame.version) {
        json::object(out, link);
    } else {
        out.extend_from_slice(b"{}");
    }
}

fn links(shown: &Shown<'_, Port>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"ports/");
        json::bare_uuid(out, shown.record.id.0);
    });
}
