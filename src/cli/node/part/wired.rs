//! What a node has: traits, virtual interfaces, target RAID, settings and firmware.

use crate::cli::resource::call::below::traits;
use crate::cli::resource::call::{Branch, Call, Sends, Shown, call};
use crate::cli::resource::field::{Field, Shape, field};
use crate::net::http::Method;

pub const BRANCHES: &[Branch] = &[
    Branch::Group {
        word: "trait",
        about: "What a node can do: what allocations and runbooks ask for",
        story: "\
Example:
  ferric node trait add n1 CUSTOM_NVME

What happens next:
  Allocations that ask for the trait may choose the node; runbooks that bear
  it may run there.",
        calls: &traits!("node", "n1"),
    },
    Branch::Group {
        word: "vif",
        about: "Virtual interfaces of a network service on a node's ports",
        story: "\
Example:
  ferric node vif attach n1 3a9f5c7e-0000-4000-8000-00000000000a

What happens next:
  A free port or portgroup bears it; no network service is told.",
        calls: &[VIFS, VIF_ATTACH, VIF_DETACH],
    },
    Branch::Leaf(BIOS),
    Branch::Leaf(BIOS_SETTING),
    Branch::Leaf(FIRMWARE),
    Branch::Leaf(RAID),
];

const VIFS: Call = call("list", "List those that are attached", "list VIFs", "/vifs")
    .shown(Shown::Rows { key: "vifs", columns: &["id"] })
    .examples(&["ferric node vif list n1"]);

const VIF_ATTACH: Call = call("attach", "Attach one", "attach the VIF", "/vifs")
    .inputs(ATTACHED)
    .doing(
        Method::Post,
        Sends::Members,
        "{ident}: {vif} attached",
        "A port or portgroup of the node bears it, the named one or a free one. A node whose network_interface is \
         `noop` keeps none: it is forgotten at once.",
    )
    .caveat("network_interface", "noop", UNKEPT)
    .examples(&["ferric node vif attach n1 3a9f5c7e-0000-4000-8000-00000000000a"]);

const VIF_DETACH: Call = call("detach", "Detach one", "detach the VIF", "/vifs/{vif}")
    .inputs(DETACHED)
    .doing(Method::Delete, Sends::Nothing, "{ident}: {vif} detached", "What bore it is free again.")
    .listed("ferric node vif list {ident}")
    .caveat("network_interface", "noop", UNKEPT)
    .examples(&["ferric node vif detach n1 3a9f5c7e-0000-4000-8000-00000000000a"]);

const UNKEPT: &str = "the node's network interface is noop, which keeps no VIFs";

const ATTACHED: &[Field] = &[
    field("id", "vif", "VIF", "What the network service calls it").needed().placed(),
    field("port_uuid", "port", "UUID", "The port that is to bear it"),
    field("portgroup_uuid", "portgroup", "UUID", "The portgroup that is to bear it"),
];

const DETACHED: &[Field] =
    &[field("id", "vif", "VIF", "What the network service calls it").needed().placed()];

const BIOS: Call = call("bios", "List the firmware's settings", "read BIOS settings", "/bios?detail=true")
    .shown(Shown::Rows { key: "bios", columns: &["name", "value", "attribute_type", "read_only"] })
    .examples(&["ferric node bios n1"]);

const BIOS_SETTING: Call =
    call("bios-setting", "Show one of them", "read the BIOS setting", "/bios/{setting}")
        .inputs(SETTING)
        .shown(Shown::Members)
        .listed("ferric node bios {ident}")
        .examples(&["ferric node bios-setting n1 HyperThreading"]);

const SETTING: &[Field] =
    &[field("setting", "setting", "SETTING", "Its name, as the list has it").needed().placed()];

const FIRMWARE: Call =
    call("firmware", "List the versions of a node's firmware", "read firmware", "/firmware")
        .shown(Shown::Rows {
            key: "firmware",
            columns: &["component", "current_version", "initial_version", "vendor"],
        })
        .examples(&["ferric node firmware n1"]);

const RAID: Call = call("raid", "Say which RAID a node is to have", "set the target RAID", "/states/raid")
    .inputs(RAID_CONFIG)
    .doing(
        Method::Put,
        Sends::Whole("config"),
        "{ident}: target RAID set",
        "Nothing on the disks yet: cleaning steps of the RAID interface make it so.",
    )
    .examples(&[
        "ferric node raid n1 raid.json",
        "ferric node raid n1 '{\"logical_disks\": [{\"size_gb\": \"MAX\",\n      \"raid_level\": \"1\"}]}'",
    ]);

const RAID_CONFIG: &[Field] =
    &[field("target", "config", "JSON|FILE", "An object with logical_disks, or its file (`-`: stdin)")
        .of(Shape::Json)
        .needed()
        .placed()];
