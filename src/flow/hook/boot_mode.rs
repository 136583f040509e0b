//! `boot-mode`: the capability `boot_mode`.

use serde_json::Value;

use crate::flow::hook::Survey;

pub fn apply(survey: &mut Survey<'_>) {
    let told = survey.told("boot", "current_boot_mode").and_then(Value::as_str);
    let mode = told.filter(|mode| MODES.contains(mode)).map(str::to_owned);
    match mode {
        Some(mode) => survey.set_capabilities(&[("boot_mode".to_owned(), mode)]),
        None => survey.warn("the inventory does not tell how the firmware booted"),
    }
}

const MODES: &[&str] = &["bios", "uefi"];
