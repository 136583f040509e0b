//! How a node boots and what its front shows: boot device, virtual media, lamps, NMI.

use crate::cli::resource::call::below::vendor;
use crate::cli::resource::call::{Branch, Call, Sends, Shown, call};
use crate::cli::resource::field::{Field, Shape, field};
use crate::net::http::Method;

pub const BRANCHES: &[Branch] = &[
    Branch::Group {
        word: "boot-device",
        about: "What a node boots from",
        story: "\
Example:
  ferric node boot-device set n1 pxe

What happens next:
  The next boot is from it, or every one with --persistent.",
        calls: &[DEVICE, DEVICES, DEVICE_SET],
    },
    Branch::Group {
        word: "media",
        about: "Virtual CDs, disks and floppies",
        story: "\
Example:
  ferric node media insert n1 cdrom http://files/rescue.iso

What happens next:
  The BMC fetches it while the machine runs from it.",
        calls: &[MEDIA, MEDIA_INSERT, MEDIA_EJECT],
    },
    Branch::Group {
        word: "indicator",
        about: "Lamps, to find a machine or a disk by",
        story: "\
Example:
  ferric node indicator set n1 led@system blinking

What happens next:
  The lamp is as told at once.",
        calls: &[LAMPS, LAMP, LAMP_SET],
    },
    Branch::Leaf(NMI),
    Branch::Group {
        word: "vendor",
        about: "What only its maker's hardware can do",
        story: "\
Example:
  ferric node vendor methods n1

What happens next:
  Nothing changes; `ferric node vendor call` does what is listed.",
        calls: &vendor!("node", "n1", "METHOD"),
    },
];

const DEVICE: Call =
    call("show", "Show what it boots from next", "read the boot device", "/management/boot_device")
        .shown(Shown::Members)
        .examples(&["ferric node boot-device show n1"]);

const DEVICES: Call =
    call("list", "List what it can boot from", "list boot devices", "/management/boot_device/supported")
        .shown(Shown::Words("supported_boot_devices"))
        .examples(&["ferric node boot-device list n1"]);

const DEVICE_SET: Call =
    call("set", "Choose what it boots from", "set the boot device", "/management/boot_device")
        .inputs(DEVICE_CHOSEN)
        .doing(
            Method::Put,
            Sends::Members,
            "{ident}: boots from {device}",
            "The next boot is from it; with --persistent all of them, until something else is chosen.",
        )
        .examples(&[
            "ferric node boot-device set n1 pxe",
            "ferric node boot-device set n1 disk --persistent",
        ]);

const DEVICE_CHOSEN: &[Field] = &[
    field("boot_device", "device", "DEVICE", "As in `pxe`, `disk`, `cdrom` or `bios`").needed().placed(),
    field("persistent", "persistent", "BOOL", "Whether it is for every boot").of(Shape::Switch),
];

const MEDIA: Call = call("list", "List drives and what is in them", "list virtual media", "/vmedia")
    .shown(Shown::Rows { key: "", columns: &["media_types", "inserted", "image"] })
    .examples(&["ferric node media list n1"]);

const MEDIA_INSERT: Call = call("insert", "Insert an image", "insert the medium", "/vmedia")
    .inputs(INSERTED)
    .doing(
        Method::Post,
        Sends::Members,
        "{ident}: {image} goes into its {device} drive; `ferric node show {ident}` tells if it fails",
        "The answer comes at once, the work is done later; a failure is in the node's last error.",
    )
    .examples(&["ferric node media insert n1 cdrom http://files/rescue.iso"]);

const INSERTED: &[Field] = &[
    field("device_type", "device", "DRIVE", "Kind of drive").of(Shape::Word(DRIVES)).needed().placed(),
    field("image_url", "image", "URL", "The image").needed().placed(),
    field("image_download_source", "source", "SOURCE", "Who fetches the image: `local` is this appliance")
        .of(Shape::Word(&["local", "http", "swift"])),
];

const MEDIA_EJECT: Call = call("eject", "Eject what is inserted", "eject media", "/vmedia")
    .inputs(EJECTED)
    .doing(
        Method::Delete,
        Sends::Query,
        "{ident}: eject begun; `ferric node show {ident}` tells if it fails",
        "The drives are emptied: the one that is named, or all. The answer comes at once, the work is done later; a \
         failure is in the node's last error.",
    )
    .examples(&["ferric node media eject n1", "ferric node media eject n1 cdrom"]);

const EJECTED: &[Field] = &[
    field("device_types", "drive", "DRIVE", "Only this kind of drive").of(Shape::Word(DRIVES)).placed(),
    field("device_types", "device", "DRIVE", "The same as an option")
        .of(Shape::Word(DRIVES))
        .instead_of("drive"),
];

const DRIVES: &[&str] = &["cdrom", "disk", "floppy"];

const LAMPS: Call = call("list", "List the lamps", "list indicators", "/management/indicators")
    .shown(Shown::Rows { key: "indicators", columns: &["name", "component", "readonly", "states"] })
    .examples(&["ferric node indicator list n1"]);

const LAMP: Call =
    call("show", "Show how a lamp is", "read the indicator", "/management/indicators/{indicator}")
        .inputs(LAMP_NAMED)
        .shown(Shown::Members)
        .listed("ferric node indicator list {ident}")
        .examples(&["ferric node indicator show n1 led@system"]);

const LAMP_NAMED: &[Field] =
    &[field("indicator", "indicator", "LAMP", "Its name, as the list has it").needed().placed()];

const LAMP_SET: Call =
    call("set", "Switch a lamp", "set the indicator", "/management/indicators/{indicator}")
        .inputs(LAMP_SWITCHED)
        .doing(Method::Put, Sends::Members, "{ident}: {indicator} is {state}", "The lamp is as told at once.")
        .listed("ferric node indicator list {ident}")
        .examples(&["ferric node indicator set n1 led@system blinking"]);

const LAMP_SWITCHED: &[Field] = &[
    field("indicator", "indicator", "LAMP", "Its name, as the list has it").needed().placed(),
    field("state", "state", "STATE", "As in `on`, `off` or `blinking`").needed().placed(),
];

const NMI: Call = call("nmi", "Interrupt the system, as to make it dump its memory", "send an NMI", NMI_AT)
    .doing(
        Method::Put,
        Sends::Members,
        "{ident}: NMI sent",
        "The system does what it does at an NMI: mostly it stops.",
    )
    .examples(&["ferric node nmi n1"]);

const NMI_AT: &str = "/management/inject_nmi";
