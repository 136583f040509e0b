//! The members of an allocation (contract `api.json`).

use crate::model::allocation::Allocation;
use crate::model::shape::{Accepts, Field, Place, Shown, TEXT, json};

type Row = Field<Allocation>;

/// Every member, in the order in which answers show them. The two arrays are checked by the allocation's own draft.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new("uuid", 52, |s, out| json::uuid(out, s.record.id)).create_only(Accepts::Uuid),
    Row::new("created_at", 52, |s, out| json::moment(out, s.record.created_at)),
    Row::new("updated_at", 52, |s, out| json::maybe_moment(out, s.record.updated_at)),
    Row::new("candidate_nodes", 52, |s, out| json::array(out, &s.record.wished.candidate_nodes, |out, node| json::uuid(out, node.0))).create_only(Accepts::Nothing).place(Place::Document),
    Row::new("extra", 52, |s, out| json::object(out, &s.record.wished.extra)).takes(Accepts::Object).place(Place::Document),
    Row::new("last_error", 52, |s, out| json::maybe_text(out, s.record.last_error.as_deref())),
    Row::new("name", 52, |s, out| json::maybe_text(out, s.record.wished.name.as_deref())).takes(TEXT),
    Row::new("owner", 60, |s, out| json::maybe_text(out, s.record.wished.owner.as_deref())).create_only(TEXT),
    Row::new("resource_class", 52, |s, out| json::maybe_text(out, s.record.wished.resource_class.as_deref())).create_only(Accepts::Text { min: 0, max: 80 }),
    Row::new("state", 52, |s, out| json::text(out, s.record.state.name())),
    Row::new("traits", 52, |s, out| json::array(out, &s.record.wished.traits, |out, one| json::text(out, one))).create_only(Accepts::Nothing).place(Place::Document),
    Row::new("links", 52, links).place(Place::Always),
    Row::new("node_uuid", 52, |s, out| json::maybe_uuid(out, s.record.node.map(|node| node.0))),
];

/// What a list shows when nothing else was asked for: everything.
pub const SHORT: &[&str] = &[
    "uuid",
    "created_at",
    "updated_at",
    "candidate_nodes",
    "extra",
    "last_error",
    "name",
    "owner",
    "resource_class",
    "state",
    "traits",
    "node_uuid",
];

fn links(shown: &Shown<'_, Allocation>, out: &mut Vec<u8>) {
    json::links(out, shown.frame.base, &|out| {
        out.extend_from_slice(b"allocations/");
        json::bare_uuid(out, shown.record.id);
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_table_is_the_contract() {
        let golden: Value =
            serde_json::from_str(include_str!("../../../tests/goldens/api/allocation.json")).unwrap();
        let mut theirs = golden["rows"].as_array().unwrap().clone();
        let values = TABLE.iter().filter(|row| row.place != Place::Always);
        let mut ours: Vec<_> =
            values.map(|row| json!([row.name, format!("1.{}", row.since), row.create, row.patch])).collect();
        theirs.sort_by_key(ToString::to_string);
        ours.sort_by_key(ToString::to_string);
        assert_eq!(ours, theirs);
        let mut refused: Vec<_> =
            TABLE.iter().filter(|row| row.place == Place::Document).map(|row| row.name).collect();
        refused.sort_unstable();
        assert_eq!(json!(refused), golden["refused_sort_keys"]);
    }
}
