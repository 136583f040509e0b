//! `ferric runbook`.

use crate::cli::resource::call::Branch;
use crate::cli::resource::call::below::traits;
use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const RUNBOOK: Kind = Kind {
    words: "runbook",
    many: "runbooks",
    about: "Steps with a name, for cleaning and servicing",
    story: "\
Steps for nodes that bear one of its traits:
  ferric runbook create wipe --steps steps.json
  ferric runbook trait add wipe CUSTOM_NVME
  ferric node trait add n1 CUSTOM_NVME
  ferric node clean n1 --runbook wipe --wait",
    path: "/v1/runbooks",
    key: "runbooks",
    ident: "RUNBOOK",
    named: "Name or UUID",
    columns: &["uuid", "name", "public", "owner", "description"],
    long: &["uuid", "name", "public", "owner", "disable_ramdisk", "traits", "extra", "steps", "description"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: &[],
    fields: FIELDS,
    calls: &[Branch::Group {
        word: "trait",
        about: "Which nodes it is for: those that bear one of its traits",
        story: "Example:\n  ferric runbook trait add wipe CUSTOM_NVME",
        calls: &traits!("runbook", "wipe"),
    }],
    sample: Sample {
        ident: "wipe",
        filter: "--sort name",
        create: &[
            "wipe --steps steps.json",
            "wipe --public --steps '[{\"interface\": \"deploy\",\n      \
             \"step\": \"erase_devices\", \"order\": 1}]'",
        ],
        set: "public=true description='NVMe only'",
        unset: "description extra.by",
        created: "It can be used on nodes that bear one of its traits: `ferric runbook trait add wipe TRAIT`, then \
                  `ferric node clean NODE --runbook wipe`.",
        changed: "The fields change together. Work under way keeps the steps that it began with.",
        deleted: "Work under way keeps the steps that it began with.",
    },
    settles: None,
};

const FIELDS: &[Field] = &[
    field("name", "name", "NAME", "Name, unique in the rack").needed().placed(),
    field(
        "steps",
        "steps",
        "JSON|FILE",
        "Steps: an array of {interface, step, args, order}, or its file (`-`: stdin)",
    )
    .of(Shape::Json)
    .needed(),
    field("public", "public", "BOOL", "Whether every project may use it; it has no owner then")
        .of(Shape::Switch),
    field("owner", "owner", "PROJECT", "Whose it is"),
    field("disable_ramdisk", "disable-ramdisk", "BOOL", "Whether its steps run without a ramdisk")
        .of(Shape::Switch),
    field("description", "description", "TEXT", "What it is, for people"),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];
