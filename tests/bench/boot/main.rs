//! What it costs to boot a rack: one `name value unit` line a figure. A file a server.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub
)]
#![allow(clippy::cast_precision_loss, clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod dhcp;

fn main() {
    dhcp::pairs();
}
