//! The methods of each vendor interface, by its name: what `vendor_passthru/methods` shows and what a call is checked
//! against before a driver sees it.

use crate::model::panel::MethodSpec;

/// The methods of a vendor interface; none if it has none.
pub fn methods(interface: &str) -> &'static [MethodSpec] {
    METHODS.iter().find(|(name, _)| *name == interface).map_or(&[], |(_, methods)| methods)
}

/// Every vendor interface that has methods.
pub const METHODS: &[(&str, &[MethodSpec])] = &[("fake", FAKE), ("ipmitool", IPMITOOL)];

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

const fn posted(name: &'static str, is_async: bool, description: &'static str) -> MethodSpec {
    MethodSpec { name, http: &["POST"], is_async, description, exclusive: true, required: &[] }
}

const BAR: &[&str] = &["bar"];
