//! What people have said may be done with a node, and what not: why a command about it is refused.

use crate::cli::console::Paint;
use crate::cli::node::show::{Rows, known, row, switched};
use crate::cli::node::view::View;

/// The lines of what differs from an ordinary node.
pub(super) fn rows(node: View<'_>) -> Rows {
    let disabled = if node.is("disable_power_off") { "disabled" } else { "" };
    known([
        ("retired".to_owned(), node.flagged("retired", "retired_reason"), Paint::Busy),
        ("protected".to_owned(), node.flagged("protected", "protected_reason"), Paint::Busy),
        row("automated cleaning", switched(node, "automated_clean")),
        row("power off", disabled.to_owned()),
    ])
}
