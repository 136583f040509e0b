//! What is written down about a node: its history, what its BMC keeps.

use crate::cli::resource::call::{Branch, Call, Shown, call};
use crate::cli::resource::field::{Field, field};

pub const BRANCHES: &[Branch] = &[
    Branch::Leaf(HISTORY),
    Branch::Leaf(EVENT),
    Branch::Leaf(ALLOCATION),
    Branch::Leaf(SEL),
    Branch::Leaf(FRU),
    Branch::Leaf(DRAW),
];

const HISTORY: Call =
    call("history", "List what happened to a node", "read the history", "/history?detail=true")
        .shown(Shown::Rows {
            key: "history",
            columns: &["uuid", "created_at", "severity", "event_type", "user", "event"],
        })
        .examples(&["ferric node history n1", "ferric node history n1 --json"]);

const EVENT: Call = call("event", "Show one event of a node's history", "read the event", "/history/{event}")
    .inputs(EVENT_NAMED)
    .shown(Shown::Members)
    .listed("ferric node history {ident}")
    .examples(&["ferric node event n1 3a9f5c7e-0000-4000-8000-00000000000b"]);

const EVENT_NAMED: &[Field] =
    &[field("event", "event", "EVENT", "Its UUID, as the history has it").needed().placed()];

const ALLOCATION: Call =
    call("allocation", "Show the allocation that has a node", "read the allocation", "/allocation")
        .shown(Shown::Members)
        .examples(&["ferric node allocation n1"]);

const SEL: Call = call("sel", "Show the BMC's log of events", "read the BMC's log", OURS_SEL)
    .examples(&["ferric node sel n1"]);

const FRU: Call = call("fru", "Show the BMC's list of parts", "read the BMC's parts", OURS_FRU)
    .examples(&["ferric node fru n1"]);

const DRAW: Call = call("watts", "Show how much power a node draws", "read the power meter", OURS_DRAW)
    .examples(&["ferric node watts n1"]);

/// Pages of ours stand beside those of the reference.
const OURS_SEL: &str = "/ferric/v1/nodes/{ident}/sel";
const OURS_FRU: &str = "/ferric/v1/nodes/{ident}/fru";
const OURS_DRAW: &str = "/ferric/v1/nodes/{ident}/power_reading";
