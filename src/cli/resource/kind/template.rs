//! `ferric template`.

use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{EXTRA, Kind, Paging, Sample, UUID};

pub const TEMPLATE: Kind = Kind {
    words: "template",
    many: "deploy templates",
    about: "Steps that a deployment takes when it asks for a trait of this name",
    story: "\
Hyperthreading off where a deployment asks for it:
  ferric template create CUSTOM_NO_HT --steps steps.json
  ferric node trait add n1 CUSTOM_NO_HT
  ferric node set n1 'instance_info.traits=[\"CUSTOM_NO_HT\"]'
  ferric node deploy n1 --image http://files/disk.img",
    path: "/v1/deploy_templates",
    key: "deploy_templates",
    ident: "TEMPLATE",
    named: "Name or UUID",
    columns: &["uuid", "name"],
    long: &["uuid", "name", "created_at", "updated_at", "extra", "steps"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: &[],
    fields: FIELDS,
    calls: &[],
    sample: Sample {
        ident: "CUSTOM_NO_HT",
        filter: "--sort name",
        create: &[
            "CUSTOM_NO_HT --steps steps.json",
            "CUSTOM_NO_HT --steps '[{\"interface\": \"bios\",\n      \
             \"step\": \"apply_configuration\", \"priority\": 150,\n      \
             \"args\": {\"settings\": [{\"name\": \"HyperThreading\", \"value\": \"off\"}]}}]'",
        ],
        set: "extra.by=ops",
        unset: "extra.by",
        created: "Deployments of nodes that have the trait, and whose instance_info asks for it, take these steps at their \
                  priorities; priority 0 switches a step off.",
        changed: "The fields change together. Deployments under way keep the steps that they began with.",
        deleted: "Deployments under way keep the steps that they began with; later ones go without.",
    },
    settles: None,
};

const FIELDS: &[Field] = &[
    field("name", "name", "TRAIT", "The trait it stands for, as in `CUSTOM_NO_HT`").needed().placed(),
    field(
        "steps",
        "steps",
        "JSON|FILE",
        "Steps: an array of {interface, step, args, priority}, or its file (`-`: stdin)",
    )
    .of(Shape::Json)
    .needed(),
    field("description", "description", "TEXT", "What it is, for people"),
    field("extra", "extra", "KEY=VALUE", EXTRA).of(Shape::Pairs),
    field("uuid", "uuid", "UUID", UUID),
];
