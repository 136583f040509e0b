//! The members of a runbook (contract `api.json`).

use crate::model::runbook::Runbook;
use crate::model::shape::{Accepts, Field, Place, Shown, TEXT, json};
use crate::model::step::kept::{self, Rank};

type Row = Field<Runbook>;

/// Every member, in the order in which answers show them. Name and steps are checked by the runbook's own draft.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 92, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 92, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 92, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("name", 92, |s, out| json::text(out, &s.record.wished.name)).takes(Accepts::Must),
    Row::new("extra", 92, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("public", 92, |s, out| json::flag(out, s.record.wished.public)).takes(Accepts::Flag),
    Row::new("owner", 92, |s, out| json::maybe_text(out, s.record.wished.owner.as_deref())).takes(TEXT),
    Row::new("disable_ramdisk", 92, |s, out| json::flag(out, s.record.wished.disable_ramdisk)).takes(Accepts::Flag),
    Row::new("description", 112, |s, out| json::maybe_text(out, s.record.wished.description.as_deref())).takes(TEXT),
    Row::new("links", 92, links).place(Place::Always),
    Row::new("steps", 92, |s, out| kept::show(out, &s.record.wished.steps, Rank::Order)).takes(Accepts::Must).place(Place::Document),
    Row::new("traits", 112, |s, out| json::array(out, &s.record.traits, |out, one| json::text(out, one))).place(Place::Document),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "name"];

fn links(shown: &Shown<'_, Runbook>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"runbooks/");
        json::bare_uuid(out, shown.record.id);
    });
}
