//! `cpus`: the property `cpus`; `cpu-capabilities`: flags of the CPU as capabilities.

use serde_json::Value;

use crate::flow::hook::Survey;

pub fn apply(survey: &mut Survey<'_>) {
    let count = match survey.told("cpu", "count") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    match count.filter(|count| *count > 0) {
        Some(count) => survey.set_property("cpus", count),
        None => survey.warn("the inventory does not tell the number of CPUs"),
    }
}

pub fn capabilities(survey: &mut Survey<'_>) {
    let flags = survey.told("cpu", "flags").and_then(Value::as_array);
    let Some(flags) = flags.filter(|flags| !flags.is_empty()) else {
        survey.warn("the inventory does not tell the flags of the CPU");
        return;
    };
    let has = |flag: &str| flags.iter().any(|one| one.as_str() == Some(flag));
    let mut new: Vec<(String, String)> = Vec::new();
    for (flag, name) in &survey.policy.cpu_capabilities {
        if has(flag) && !new.iter().any(|(own, _)| own == name) {
            new.push((name.clone(), "true".to_owned()));
        }
    }
    survey.set_capabilities(&new);
}
