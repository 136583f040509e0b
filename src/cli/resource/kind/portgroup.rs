//! `ferric portgroup`.

use crate::cli::resource::call::Branch;
use crate::cli::resource::call::Call;
use crate::cli::resource::call::Shown;
use crate::cli::resource::call::call;
use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const PORTGROUP: Kind = Kind {
    words: "portgroup",
    many: "portgroups",
    about: "Network cards of a node that act as one",
    story: STORY,
    path: "/v1/portgroups",
    key: "portgroups",
    ident: "PORTGROUP",
    named: "Name, UUID or address",
    columns: &["uuid", "name", "address", "node_uuid", "mode"],
    long: &[
        "uuid",
        "name",
        "address",
        "node_uuid",
        "mode",
        "standalone_ports_supported",
        "physical_network",
        "category",
        "properties",
        "extra",
    ],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: FILTERS,
    fields: FIELDS,
    calls: &[Branch::Leaf(PORTS)],
    sample: Sample {
        ident: "bond0",
        filter: "--node n1",
        create: &["bond0 --node n1", "bond1 --node n1 --mode 802.3ad --property miimon=100"],
        set: "mode=802.3ad properties.miimon=100",
        unset: "address extra.rack",
        created: "It has no members yet: `ferric port set PORT portgroup_uuid=UUID` makes a port one.",
        changed: "The fields change together. Another node can have it only while it has no members.",
        deleted: "Its members must be taken out or deleted before: `ferric portgroup ports bond0` names them.",
    },
    settles: None,
};

const FILTERS: &[Field] = &[
    field("node", "node", "NODE", "Only those of this node: name or UUID"),
    field("address", "address", "MAC", "Only the one with this address").of(Shape::Mac),
    field("shard", "shard", "LIST", "Only those of nodes in these shards, separated by commas"),
    field("conductor_groups", "conductor-groups", "LIST", "Only those of nodes in these groups"),
];

const FIELDS: &[Field] = &[
    field("name", "name", "NAME", "Name, unique in the rack").placed(),
    field("node_uuid", "node", "NODE", "The node it belongs to: name or UUID")
        .of(Shape::Other("/v1/nodes"))
        .needed(),
    field("address", "address", "MAC", "Hardware address that it shows").of(Shape::Mac),
    field("mode", "mode", "MODE", "How its members share the work, as in `active-backup` or `802.3ad`"),
    field("properties", "property", "KEY=VALUE", "A setting of the bond. May be given more than once")
        .of(Shape::Pairs),
    field("standalone_ports_supported", "standalone-ports", "BOOL", "Whether its members work alone")
        .of(Shape::Switch),
    field("physical_network", "physical-network", "NAME", "The network that it is plugged into"),
    field("category", "category", "TEXT", "What it is for, as your switches know it"),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];

const PORTS: Call =
    call("ports", "List the members of a portgroup", "list the members", "/ports?detail=true")
        .shown(Shown::Rows {
            key: "ports",
            columns: &["uuid", "name", "address", "pxe_enabled", "physical_network"],
        })
        .examples(&["ferric portgroup ports bond0"]);

const STORY: &str = "\
Two cards that act as one:
  ferric portgroup create bond0 --node n1 --mode 802.3ad
  ferric port create 52:54:00:00:00:01 --node n1 --portgroup bond0
  ferric port create 52:54:00:00:00:02 --node n1 --portgroup bond0";
