//! `ferric shard`.

use crate::cli::resource::kind::{Kind, Paging, Sample};

pub const SHARD: Kind = Kind {
    words: "shard",
    many: "shards",
    about: "Groups of nodes that share a consumer, and how many nodes each has",
    story: "\
A node's shard is one of its fields:
  ferric node set n1 shard=blue
  ferric shard list",
    path: "/v1/shards",
    key: "shards",
    ident: "SHARD",
    named: "Name",
    columns: &["name", "count"],
    long: &["name", "count"],
    paging: Paging::Bare,
    deleted_by_uuid: false,
    filters: &[],
    fields: &[],
    calls: &[],
    sample: Sample {
        ident: "blue",
        filter: "--json",
        create: &[],
        set: "",
        unset: "",
        created: "",
        changed: "",
        deleted: "",
    },
    settles: None,
};
