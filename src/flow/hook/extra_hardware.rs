//! `extra-hardware`: what the ramdisk's collector of that name found (`data`, a list of lists) as nested objects under
//! `extra`, so that rules can name its parts.

use serde_json::Value;

use crate::flow::hook::Survey;
use crate::model::Object;

pub fn apply(survey: &mut Survey<'_>) {
    let strict = survey.policy.extra_hardware_strict;
    let Some(found) = survey.data.get(TOLD) else {
        survey.warn("the ramdisk told no extra hardware");
        return;
    };
    let is_item = |item: &Value| item.as_array().is_some_and(|parts| !strict || parts.len() == PARTS);
    let list = found.as_array().filter(|items| items.iter().all(is_item));
    let Some(items) = list else {
        survey.warn("extra hardware is in no form that is known: rules do not see it");
        if strict {
            survey.data.remove(TOLD);
        }
        return;
    };
    let mut extra = Object::new();
    let odd = items
        .iter()
        .filter_map(Value::as_array)
        .filter(|parts| !parts.is_empty() && take(parts, &mut extra).is_none())
        .count();
    survey.data.remove(TOLD);
    survey.data.insert(KEPT.to_owned(), Value::Object(extra));
    if odd > 0 {
        survey.warn(&format!(
            "{odd} items of extra hardware were passed over: each has three names and a value"
        ));
    }
}

/// Class, part, name, value; a text that is a whole number becomes one.
fn take(parts: &[Value], extra: &mut Object) -> Option<()> {
    let [class, part, name, value, ..] = parts else { return None };
    let (class, part, name) = (class.as_str()?, part.as_str()?, name.as_str()?);
    let members = extra.entry(class).or_insert_with(empty).as_object_mut()?;
    let members = members.entry(part).or_insert_with(empty).as_object_mut()?;
    let whole = value.as_str().and_then(|text| text.trim().parse::<i64>().ok());
    members.insert(name.to_owned(), whole.map_or_else(|| value.clone(), Value::from));
    Some(())
}

fn empty() -> Value {
    Value::Object(Object::new())
}

/// Where the ramdisk puts it, and where rules find it.
const TOLD: &str = "data";
const KEPT: &str = "extra";
/// Members of an item.
const PARTS: usize = 4;
