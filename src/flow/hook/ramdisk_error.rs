//! `ramdisk-error`: the ramdisk itself says that its survey failed.

use serde_json::Value;

use crate::flow::hook::{Failed, Survey};

pub fn prepare(survey: &mut Survey<'_>) -> Result<(), Failed> {
    match survey.data.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(()),
        Some(Value::String(text)) if text.is_empty() => Ok(()),
        Some(error) => {
            let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            Err(format!("the ramdisk reported an error: {}", text.chars().take(1000).collect::<String>()))
        }
    }
}
