//! `ferric allocation`.

use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, Settles, UUID};

pub const ALLOCATION: Kind = Kind {
    words: "allocation",
    many: "allocations",
    about: "Ask for any free node that fits, and have it for yourself",
    story: "\
A node for a purpose:
  ferric allocation create web --resource-class baremetal --wait
  ferric allocation show web
  ferric node deploy NODE --image http://files/disk.img --wait
  ferric allocation delete web

Exit codes of a creation that waits: 3 waited too long, 4 no node fits.",
    path: "/v1/allocations",
    key: "allocations",
    ident: "ALLOCATION",
    named: "Name or UUID",
    columns: &["uuid", "name", "resource_class", "state", "node_uuid", "last_error"],
    long: &[
        "uuid",
        "name",
        "owner",
        "resource_class",
        "traits",
        "candidate_nodes",
        "state",
        "node_uuid",
        "extra",
        "created_at",
        "last_error",
    ],
    paging: Paging::Whole,
    deleted_by_uuid: false,
    filters: FILTERS,
    fields: FIELDS,
    calls: &[],
    sample: Sample {
        ident: "web",
        filter: "--state error",
        create: &[
            "web --resource-class baremetal --wait",
            "db --resource-class baremetal --trait CUSTOM_NVME \\\n      --candidate n1 --candidate n2",
            "found --node n3",
        ],
        set: "name=web-1 extra.ticket=4711",
        unset: "name extra.ticket",
        created: "A free node that fits is chosen and becomes the allocation's: its state is `active`. If none fits it is \
                  `error`, and its last_error says what keeps each node. `ferric node deploy` follows.",
        changed: "Only name and extra can change; the node stays.",
        deleted: "The node is free again. One that is in use must be undeployed first.",
    },
    settles: Some(Settles { field: "state", busy: "allocating", bad: "error", why: "last_error" }),
};

const FILTERS: &[Field] = &[
    field("node", "node", "NODE", "Only the one that has this node: name or UUID"),
    field("resource_class", "resource-class", "CLASS", "Only those that asked for this class"),
    field("state", "state", "STATE", "Only those in this state").of(Shape::Word(&[
        "allocating",
        "active",
        "error",
    ])),
    field("owner", "owner", "PROJECT", "Only those of this owner"),
];

const FIELDS: &[Field] = &[
    field("name", "name", "NAME", "Name, unique in the rack; a free node of that name is taken first")
        .placed(),
    field(
        "resource_class",
        "resource-class",
        "CLASS",
        "Class that the node must have (needed unless --node is given)",
    ),
    field("traits", "trait", "TRAIT", "A trait that the node must have. May be given more than once")
        .of(Shape::Texts),
    field(
        "candidate_nodes",
        "candidate",
        "NODE",
        "One of the nodes to choose from. May be given more than once",
    )
    .of(Shape::Texts),
    field("owner", "owner", "PROJECT", "Whose it is; only nodes of that owner, or of nobody, are chosen"),
    field("node", "node", "NODE", "A node that is in use already, to be written down as allocated"),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];
