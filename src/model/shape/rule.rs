//! The members of an inspection rule (contract `api.json`).

use crate::model::inspection::rule::Rule;
use crate::model::shape::{Field, Place, Shown, json};

type Row = Field<Rule>;

/// Every member, in the order in which answers show them. What a rule takes is checked by its own draft.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 96, |s, out| json::uuid(out, s.record.id)),
    Row::new("created_at", 96, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 96, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("description", 96, |s, out| json::maybe_text(out, s.record.wished.description.as_deref())),
    Row::new("priority", 96, |s, out| json::number(out, s.record.wished.priority)),
    Row::new("sensitive", 96, |s, out| json::flag(out, s.record.wished.sensitive)),
    Row::new("phase", 96, |s, out| json::text(out, &s.record.wished.phase)),
    Row::new("conditions", 96, |s, out| json::value(out, &s.record.shown_conditions())).place(Place::Document),
    Row::new("actions", 96, |s, out| json::value(out, &s.record.shown_actions())).place(Place::Document),
    Row::new("links", 96, links).place(Place::Always),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "priority", "phase", "description"];

fn links(shown: &Shown<'_, Rule>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"inspection_rules/");
        json::bare_uuid(out, shown.record.id);
    });
}
