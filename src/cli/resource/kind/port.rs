//! `ferric port`.

use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const PORT: Kind = Kind {
    words: "port",
    many: "ports",
    about: "Network cards of nodes: their addresses, where they are plugged in",
    story: STORY,
    path: "/v1/ports",
    key: "ports",
    ident: "PORT",
    named: "Name, UUID or address",
    columns: &["uuid", "name", "address", "node_uuid", "pxe_enabled"],
    long: &[
        "uuid",
        "name",
        "address",
        "node_uuid",
        "portgroup_uuid",
        "pxe_enabled",
        "is_smartnic",
        "physical_network",
        "category",
        "vendor",
        "local_link_connection",
        "extra",
        "description",
    ],
    paging: Paging::Detailed,
    deleted_by_uuid: true,
    filters: FILTERS,
    fields: FIELDS,
    calls: &[],
    sample: Sample {
        ident: "p1",
        filter: "--node n1",
        create: &[
            "52:54:00:00:00:01 --node n1",
            "52:54:00:00:00:02 --node n1 --name p2 --pxe-enabled=false \\\n      \
             --link switch_id=00:1b:21:00:00:01 --link port_id=Ethernet1/7",
        ],
        set: "pxe_enabled=false extra.rack=4",
        unset: "description extra.rack",
        created: "The machine that has this address is known by it: it boots as the node, and finds the node when it calls.",
        changed: "The fields change together. What a machine boots from next follows pxe_enabled.",
        deleted: "A machine with this address is a stranger again. A port of a node in use cannot be deleted.",
    },
    settles: None,
};

const FILTERS: &[Field] = &[
    field("node", "node", "NODE", "Only those of this node: name or UUID"),
    field("address", "address", "MAC", "Only the one with this address").of(Shape::Mac),
    field("portgroup", "portgroup", "PORTGROUP", "Only members of this portgroup: name or UUID"),
    field("shard", "shard", "LIST", "Only those of nodes in these shards, separated by commas"),
    field(
        "description_contains",
        "description-contains",
        "TEXT",
        "Only those with this in their description",
    ),
    field("conductor_groups", "conductor-groups", "LIST", "Only those of nodes in these groups"),
];

const FIELDS: &[Field] = &[
    field("address", "address", "MAC", "Hardware address, unique in the rack")
        .of(Shape::Mac)
        .needed()
        .placed(),
    field("node_uuid", "node", "NODE", "The node it belongs to: name or UUID")
        .of(Shape::Other("/v1/nodes"))
        .needed(),
    field("name", "name", "NAME", "Name, unique in the rack"),
    field("pxe_enabled", "pxe-enabled", "BOOL", "Whether the node boots by it").of(Shape::Switch),
    field("portgroup_uuid", "portgroup", "PORTGROUP", "The portgroup it is a member of: name or UUID")
        .of(Shape::Other("/v1/portgroups")),
    field("local_link_connection", "link", "KEY=VALUE", LINK).of(Shape::Pairs),
    field("physical_network", "physical-network", "NAME", "The network that it is plugged into"),
    field("is_smartnic", "smartnic", "BOOL", "Whether it is a smart NIC").of(Shape::Switch),
    field("category", "category", "TEXT", "What it is for, as your switches know it"),
    field("vendor", "vendor", "TEXT", "Who made it"),
    field("available_for_dynamic_portgroup", "dynamic", "BOOL", "Whether portgroups may be made of it")
        .of(Shape::Switch),
    field("description", "description", "TEXT", "What it is, for people"),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];

const LINK: &str = "The switch and its port (switch_id, port_id, switch_info). May be given more than once";

const STORY: &str = "\
A node's network cards:
  ferric port create 52:54:00:00:00:01 --node n1
  ferric port list --node n1 --long
  ferric port set 52540001-0000-4000-8000-000000000001 pxe_enabled=false
`ferric node create --mac MAC` makes them along with the node.";
