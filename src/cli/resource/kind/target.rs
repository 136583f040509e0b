//! `ferric volume target`.

use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const TARGET: Kind = Kind {
    words: "volume target",
    many: "volume targets",
    about: "Volumes that nodes use, and boot from",
    story: "\
A node's volume:
  ferric volume target create --node n1 --volume-type iscsi --boot-index 0 \\
      --volume-id vol-1 --property target_iqn=iqn.2026-11.example:store
  ferric volume target list --node n1 --long",
    path: "/v1/volume/targets",
    key: "targets",
    ident: "TARGET",
    named: "UUID",
    columns: &["uuid", "node_uuid", "volume_type", "boot_index", "volume_id"],
    long: &["uuid", "node_uuid", "volume_type", "boot_index", "volume_id", "properties", "extra"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: FILTERS,
    fields: FIELDS,
    calls: &[],
    sample: Sample {
        ident: "0c0ffee0-0000-4000-8000-000000000002",
        filter: "--node n1",
        create: &["--node n1 --volume-type iscsi --boot-index 0 \\\n      \
             --volume-id vol-1 --property target_iqn=iqn.2026-11.example:store"],
        set: "\\\n      boot_index=1 properties.target_lun=0",
        unset: "\\\n      properties.target_lun",
        created: "The node, which must be off, has it from its next boot on; boot index 0 is what it boots from.",
        changed: "The fields change together. The node must be off.",
        deleted: "The node, which must be off, has it no longer. What is on the volume is not touched.",
    },
    settles: None,
};

const FILTERS: &[Field] = &[field("node", "node", "NODE", "Only those of this node: name or UUID")];

const FIELDS: &[Field] = &[
    field("node_uuid", "node", "NODE", "The node it belongs to: name or UUID")
        .of(Shape::Other("/v1/nodes"))
        .needed(),
    field("volume_type", "volume-type", "TYPE", "How it is reached, as in `iscsi` or `fibre_channel`")
        .needed(),
    field("boot_index", "boot-index", "NUMBER", "Its place among the node's volumes; 0 is booted from")
        .of(Shape::Number)
        .needed(),
    field("volume_id", "volume-id", "ID", "What the storage calls it").needed(),
    field("properties", "property", "KEY=VALUE", "How to reach it. May be given more than once")
        .of(Shape::Pairs),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];
