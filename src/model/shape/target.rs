//! The members of a volume target (contract `api.json`).

use crate::base::secret::Veil;
use crate::model::shape::{Accepts, Field, Place, Shown, json};
use crate::model::volume::Target;

type Row = Field<Target>;

/// Every member, in the order in which answers show them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 32, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 32, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 32, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("boot_index", 32, |s, out| json::number(out, s.record.wished.boot_index)).takes(Accepts::Integer),
    Row::new("extra", 32, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("properties", 32, properties).takes(Accepts::Object).place(Place::Document),
    Row::new("volume_id", 32, |s, out| json::text(out, &s.record.wished.volume_id)).takes(Accepts::Must),
    Row::new("volume_type", 32, |s, out| json::text(out, &s.record.wished.volume_type)).takes(Accepts::Must),
    Row::new("links", 32, links).place(Place::Always),
    Row::new("node_uuid", 32, |s, out| json::uuid(out, s.record.node.0)).takes(Accepts::Must),
];

/// What a list shows when nothing else was asked for.
pub const SHORT: &[&str] = &["uuid", "node_uuid", "volume_type", "boot_index", "volume_id"];

/// How to reach the volume; a tenant needs the role of an admin to see it.
fn properties(shown: &Shown<'_, Target>, out: &mut Vec<u8>) {
    if !shown.frame.is_lesser {
        return json::masked(out, &shown.record.wished.properties, Veil::Names);
    }
    out.push(b'{');
    json::key(out, "redacted_contents");
    json::text(out, REDACTED);
    out.push(b'}');
}

/// What is said in its place.
pub const REDACTED: &str = "** Value redacted: Requires permission baremetal:volume:view_target_properties access. Permission denied. **";

fn links(shown: &Shown<'_, Target>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"volume/targets/");
        json::bare_uuid(out, shown.record.id);
    });
}
