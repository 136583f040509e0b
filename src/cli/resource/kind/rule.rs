//! `ferric rule`.

use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{Kind, Paging, Sample, UUID};

pub const RULE: Kind = Kind {
    words: "rule",
    many: "inspection rules",
    about: "What follows from what an inspection finds",
    story: "\
A rule in a file, rule.json:
  {\"priority\": 10, \"description\": \"large machines\",
   \"conditions\": [{\"op\": \"gt\",
     \"args\": {\"values\": [\"{inventory[memory][physical_mb]}\", 65536]}}],
   \"actions\": [{\"op\": \"set-attribute\",
     \"args\": {\"path\": \"/resource_class\", \"value\": \"large\"}}]}

  ferric rule create --file rule.json
  ferric node inspect n1 --wait",
    path: "/v1/inspection_rules",
    key: "inspection_rules",
    ident: "RULE",
    named: "UUID",
    columns: &["uuid", "priority", "phase", "description"],
    long: &["uuid", "priority", "phase", "sensitive", "conditions", "actions", "description"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: FILTERS,
    fields: FIELDS,
    calls: &[],
    sample: Sample {
        ident: "0c0ffee0-0000-4000-8000-000000000003",
        filter: "--phase main",
        create: &[
            "--file rule.json",
            "--priority 10 --conditions '[]' \\\n      \
             --actions '[{\"op\": \"set-attribute\",\n      \
             \"args\": {\"path\": \"/extra/seen\", \"value\": true}}]'",
        ],
        set: "priority=20",
        unset: "description",
        created: "It is tried at each inspection that ends from now on: rules of higher priority first.",
        changed: "The fields change together, for inspections that end from now on.",
        deleted: "What it did to nodes stays.",
    },
    settles: None,
};

const FILTERS: &[Field] = &[field("phase", "phase", "PHASE", "Only those of this phase")];

const FIELDS: &[Field] = &[
    field(
        "actions",
        "actions",
        "JSON|FILE",
        "What is done: an array of {op, args, loop}, or its file (`-`: stdin)",
    )
    .of(Shape::Json)
    .needed(),
    field(
        "conditions",
        "conditions",
        "JSON|FILE",
        "When: an array of {op, args, loop, multiple}; always if empty",
    )
    .of(Shape::Json),
    field("priority", "priority", "NUMBER", "Rules of higher priority come first").of(Shape::Number),
    field("phase", "phase", "PHASE", "When in an inspection: `main` unless given"),
    field("sensitive", "sensitive", "BOOL", "Whether conditions and actions are shown to nobody; for ever")
        .of(Shape::Switch),
    field("description", "description", "TEXT", "What it is, for people"),
    field("uuid", "uuid", "UUID", UUID),
];
