//! `architecture`: the property `cpu_arch`.

use serde_json::Value;

use crate::flow::hook::{Failed, Survey};

pub fn apply(survey: &mut Survey<'_>) -> Result<(), Failed> {
    let told = survey.told("cpu", "architecture").and_then(Value::as_str);
    // It becomes a property, which clients print as it is.
    let is_name =
        |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let arch = told.filter(|text| !text.is_empty() && text.len() <= LIMIT).filter(is_name);
    let arch = arch.ok_or("the inventory does not tell the CPU's architecture")?.to_owned();
    survey.set_property("cpu_arch", arch);
    Ok(())
}

/// Characters of an architecture's name.
const LIMIT: usize = 64;
