//! Whole machines, end to end: QEMU under software emulation with real firmware, BMCs that others wrote, our ramdisk
//! with the stock agent in it, and the daemon as the only server of the rack. Each case runs in a network namespace of
//! its own. They take minutes each: `tests/run e2e` runs them, as root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    dead_code
)]

#[path = "../scenarios/stock_agent/http.rs"]
mod http;
#[path = "../scenarios/stage/mod.rs"]
mod stage;

mod bmc;
mod board;
mod disk_image;
mod imports;
mod machine;
mod rack;
mod ramdisk;
mod recipe;
mod serial;
mod story;

mod cases;
