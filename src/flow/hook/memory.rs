//! `memory`: the property `memory_mb`.

use serde_json::Value;

use crate::flow::hook::{Failed, Survey};

pub fn apply(survey: &mut Survey<'_>) -> Result<(), Failed> {
    let told = survey.told("memory", "physical_mb").and_then(Value::as_u64);
    let memory = told.ok_or("the inventory does not tell the size of the memory")?;
    survey.set_property("memory_mb", memory);
    Ok(())
}
