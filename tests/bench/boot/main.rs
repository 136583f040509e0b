//! What booting machines get from us, side by side with servers that others wrote: one `name value unit` line a figure.
//! A word on the command line (`tftp`, `http`, `dhcp`, `rack`) chooses a group.
//!
//! Our server is a process of its own with the daemon's runtime; the clients are the same for both sides. Five rounds are
//! interleaved, and the figure is the median of ours over theirs, each round by itself: other work on the machine meets
//! both. CPU time is of the server's process alone.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub
)]
#![allow(clippy::cast_precision_loss, clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod dhcp;
mod http;
#[path = "../../scenarios/stock_agent/http.rs"]
#[allow(dead_code, reason = "scenarios need more of it")]
mod http_ask;
mod measure;
mod rack;
mod serving;
mod tftp;
#[path = "../../scenarios/twin_rack.rs"]
#[allow(dead_code, reason = "scenarios need more of it")]
mod twin_rack;

fn main() {
    if std::env::var_os(serving::ROLE).is_some() {
        return serving::run();
    }
    let chosen = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wants = |group: &str| chosen.as_deref().is_none_or(|chosen| chosen == group);
    if wants("tftp") {
        tftp::run();
    }
    if wants("http") {
        http::run();
    }
    if wants("dhcp") {
        dhcp::pairs();
    }
    if wants("rack") {
        rack::run();
    }
}
