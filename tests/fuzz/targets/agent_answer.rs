//! What an agent answers to a command, to the list of commands and to the question for its steps.
#![no_main]

use ferric::wire::agent::answer;
use ferric::wire::agent::inventory::Inventory;
use ferric::wire::agent::step::{StepKind, StepsReply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    answer::list(status, body).ok();
    if let Ok(result) = answer::result(status, body) {
        StepsReply::from_value(StepKind::Clean, result.result.clone()).ok();
        Inventory::from_value(result.result).ok();
    }
});
