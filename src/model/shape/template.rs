//! The members of a deploy template (contract `api.json`).

use crate::model::shape::{Accepts, Field, Place, Shown, json};
use crate::model::step::kept::{self, Rank};
use crate::model::template::Template;

type Row = Field<Template>;

/// Every member, in the order in which answers show them. Name and steps are checked by the template's own draft.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 55, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 55, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 55, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("name", 55, |s, out| json::text(out, &s.record.wished.name)).takes(Accepts::Must),
    Row::new("extra", 55, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("links", 55, links).place(Place::Always),
    Row::new("steps", 55, |s, out| kept::show(out, &s.record.wished.steps, Rank::Priority)).takes(Accepts::Must).place(Place::Document),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "name"];

fn links(shown: &Shown<'_, Template>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"deploy_templates/");
        json::bare_uuid(out, shown.record.id);
    });
}
