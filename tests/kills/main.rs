//! The real binary, killed: at each commit and each call, every second, with its whole rack, under a wall clock that
//! jumps, and with a disk that keeps only what was flushed. A file a way to die.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub
)]

mod appliance;
mod finger;
mod label;
mod operator;
mod stage;

mod each_label;
mod every_second;
mod power_cut;
mod wall_clock;
mod whole_rack;
