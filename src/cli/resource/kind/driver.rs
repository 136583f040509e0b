//! `ferric driver`.

use crate::cli::resource::call::below::vendor;
use crate::cli::resource::call::{Branch, Call, Shown, call};
use crate::cli::resource::field::{Field, Shape, field};
use crate::cli::resource::kind::{Kind, Paging, Sample};

pub const DRIVER: Kind = Kind {
    words: "driver",
    many: "drivers",
    about: "Hardware types that this appliance can drive, and what they need",
    story: "\
What a node of a type needs in driver_info:
  ferric driver list
  ferric driver properties redfish",
    path: "/v1/drivers",
    key: "drivers",
    ident: "DRIVER",
    named: "Name",
    columns: &["name", "type", "hosts"],
    long: &[
        "name",
        "default_bios_interface",
        "default_boot_interface",
        "default_deploy_interface",
        "default_inspect_interface",
        "default_management_interface",
        "default_network_interface",
        "default_power_interface",
        "default_raid_interface",
    ],
    paging: Paging::Single,
    deleted_by_uuid: false,
    filters: FILTERS,
    fields: &[],
    calls: &[
        Branch::Leaf(PROPERTIES),
        Branch::Leaf(RAID),
        Branch::Group {
            word: "vendor",
            about: "What only its maker's hardware can do",
            story: "Example:\n  ferric driver vendor methods fake-hardware",
            calls: &vendor!("driver", "fake-hardware", "METHOD"),
        },
    ],
    sample: Sample {
        ident: "redfish",
        filter: "--long",
        create: &[],
        set: "",
        unset: "",
        created: "",
        changed: "",
        deleted: "",
    },
    settles: None,
};

const FILTERS: &[Field] =
    &[field("type", "type", "TYPE", "Only those of this type").of(Shape::Word(&["classic", "dynamic"]))];

const PROPERTIES: Call =
    call("properties", "What its nodes need in driver_info", "read the properties", "/properties")
        .shown(Shown::Members)
        .examples(&["ferric driver properties redfish"]);

const RAID: Call = call(
    "raid",
    "What can be said of a logical disk",
    "read the RAID properties",
    "/raid/logical_disk_properties",
)
.shown(Shown::Members)
.examples(&["ferric driver raid redfish"]);
