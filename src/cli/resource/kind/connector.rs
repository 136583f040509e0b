//! `ferric volume connector`.

use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const CONNECTOR: Kind = Kind {
    words: "volume connector",
    many: "volume connectors",
    about: "What storage knows a node by: its iSCSI name, addresses, ports",
    story: "\
A node's name on a storage network:
  ferric volume connector create --node n1 --type iqn \\
      --connector-id iqn.2026-11.example:n1
  ferric volume connector list --node n1",
    path: "/v1/volume/connectors",
    key: "connectors",
    ident: "CONNECTOR",
    named: "UUID",
    columns: &["uuid", "node_uuid", "type", "connector_id"],
    long: &["uuid", "node_uuid", "type", "connector_id", "created_at", "updated_at", "extra"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: FILTERS,
    fields: FIELDS,
    calls: &[],
    sample: Sample {
        ident: "0c0ffee0-0000-4000-8000-000000000001",
        filter: "--node n1",
        create: &["--node n1 --type iqn \\\n      --connector-id iqn.2026-11.example:n1"],
        set: "\\\n      type=ip connector_id=192.0.2.7",
        unset: "extra.rack",
        created: "The storage can be told by it who may use a volume. The node must be off.",
        changed: "The fields change together. The node must be off.",
        deleted: "The node, which must be off, is no longer known by it.",
    },
    settles: None,
};

const FILTERS: &[Field] = &[field("node", "node", "NODE", "Only those of this node: name or UUID")];

const FIELDS: &[Field] = &[
    field("node_uuid", "node", "NODE", "The node it belongs to: name or UUID")
        .of(Shape::Other("/v1/nodes"))
        .needed(),
    field("type", "type", "TYPE", "What kind of name it is: iqn, ip, mac, wwnn, wwpn, port or portgroup")
        .needed(),
    field("connector_id", "connector-id", "ID", "The name itself; unique with its type").needed(),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];
