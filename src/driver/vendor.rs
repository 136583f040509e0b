//! The methods of each vendor interface, by its name: what `vendor_passthru/methods` shows and what a call is checked
//! against before a driver sees it.

use crate::model::bmc::panel::MethodSpec;

/// The methods of a vendor interface; none if it has none.
pub fn methods(interface: &str) -> &'static [MethodSpec] {
    METHODS.iter().find(|(name, _)| *name == interface).map_or(&[], |(_, methods)| methods)
}

/// Every vendor interface that has methods.
pub const METHODS: &[(&str, &[MethodSpec])] =
    &[("fake", FAKE), ("ipmitool", IPMITOOL), ("redfish", REDFISH), ("idrac-redfish", REDFISH)];

/// What the reference's fake has, for tests of clients.
const FAKE: &[MethodSpec] = &[
    MethodSpec {
        required: BAR,
        ..posted("second_method", true, "Second method of the fake vendor interface.")
    },
    MethodSpec {
        required: BAR,
        ..posted("third_method_sync", false, "Third method of the fake vendor interface; answers at once.")
    },
    MethodSpec {
        required: BAR,
        exclusive: false,
        ..posted(
            "fourth_method_shared_lock",
            true,
            "Fourth method of the fake vendor interface; locks nobody out.",
        )
    },
    posted("log_passthrough", true, "Writes a line to the log."),
];

const IPMITOOL: &[MethodSpec] = &[
    MethodSpec {
        required: &["raw_bytes"],
        ..posted(
            "send_raw",
            true,
            "Sends raw bytes to the BMC: `raw_bytes` are numbers with blanks between them, the first two network \
             function and command.",
        )
    },
    posted("bmc_reset", true, "Resets the BMC: `warm` (true, the default) or cold (false)."),
];

/// Contract `redfish.md` section 14; what the reference refuses by mistake is taken. `bmc_reset`
/// is IPMI's, which Redfish can do as well.
const REDFISH: &[MethodSpec] = &[
    posted(
        "eject_vmedia",
        true,
        "Ejects the virtual media of `boot_device` (cdrom, floppy or disk), or all of them if it is not given.",
    ),
    posted("bmc_reset", true, "Restarts the BMC: `warm` (true, the default: gracefully) or at once (false)."),
    MethodSpec {
        required: &["Destination"],
        ..posted(
            "create_subscription",
            false,
            "Subscribes to events: `Destination` is an absolute URI; `Protocol` (Redfish), `Context`, `EventTypes` \
             (a list, [\"Alert\"] if not given) and `HttpHeaders` (a list of objects) may be given.",
        )
    },
    MethodSpec {
        http: &["DELETE"],
        required: &["id"],
        ..posted("delete_subscription", false, "Deletes the event subscription of this `id`.")
    },
    MethodSpec {
        http: &["GET"],
        ..posted("get_all_subscriptions", false, "Lists the event subscriptions of the BMC.")
    },
    MethodSpec {
        http: &["GET"],
        required: &["id"],
        ..posted("get_subscription", false, "Shows the event subscription of this `id`.")
    },
];

const fn posted(name: &'static str, is_async: bool, description: &'static str) -> MethodSpec {
    MethodSpec { name, http: &["POST"], is_async, description, exclusive: true, required: &[] }
}

const BAR: &[&str] = &["bar"];
