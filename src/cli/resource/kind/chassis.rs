//! `ferric chassis`.

use crate::cli::resource::call::{Branch, Call, Shown, call};
use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const CHASSIS: Kind = Kind {
    words: "chassis",
    many: "chassis",
    about: "Boxes that hold several nodes",
    story: STORY,
    path: "/v1/chassis",
    key: "chassis",
    ident: "CHASSIS",
    named: "UUID",
    columns: &["uuid", "description"],
    long: &["uuid", "extra", "created_at", "updated_at", "description"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: &[],
    fields: FIELDS,
    calls: &[Branch::Leaf(NODES)],
    sample: Sample {
        ident: "5c0ffee0-0000-4000-8000-000000000001",
        filter: "--sort created_at:desc",
        create: &["--description 'rack 4, bottom'", "--extra rack=4 --extra unit=2"],
        set: "description='rack 5'",
        unset: "extra.unit",
        created: "Nodes are put into it by `ferric node set NODE chassis_uuid=UUID`.",
        changed: "The fields change together; its nodes are not touched.",
        deleted: "Only a chassis without nodes can be deleted: `ferric chassis nodes CHASSIS` names them.",
    },
    settles: None,
};

const FIELDS: &[Field] = &[
    field("description", "description", "TEXT", "What it is, for people"),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];

const NODES: Call = call(
    "nodes",
    "List the nodes in a chassis",
    "list the nodes",
    "/nodes?fields=uuid,name,provision_state,power_state",
)
.shown(Shown::Rows { key: "nodes", columns: &["name", "uuid", "provision_state", "power_state"] })
.examples(&["ferric chassis nodes 5c0ffee0-0000-4000-8000-000000000001"]);

const STORY: &str = "\
Nodes that share a box:
  ferric chassis create --description 'rack 4, bottom'
  ferric node set n1 chassis_uuid=UUID
  ferric chassis nodes UUID";
