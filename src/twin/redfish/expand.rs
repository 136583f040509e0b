//! `$expand`: links replaced by what they lead to.

use serde_json::Value;

use crate::twin::redfish::action::read_refusal;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live;
use crate::twin::redfish::oddity::Oddity;

/// What a query asks of `$expand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expand {
    /// `.`: what is below; `~`: links; `*`: both.
    Below,
    Links,
    All,
}

impl Expand {
    /// Reads a query, still percent-encoded or not; `None` if it asks nothing of the kind.
    pub fn of(query: &str) -> Option<Self> {
        let query = query.replace("%24", "$").replace("%2A", "*").replace("%2a", "*");
        let value = query.split('&').find_map(|part| part.strip_prefix("$expand="))?;
        match value.chars().next() {
            Some('.') => Some(Self::Below),
            Some('~') => Some(Self::Links),
            _ => Some(Self::All),
        }
    }

    /// Replaces links one level deep.
    pub fn apply(self, bmc: &Bmc, body: &mut Value) {
        let Some(map) = body.as_object_mut() else { return };
        for (name, value) in map {
            let is_links = name == "Links";
            let wanted = match self {
                Self::Below => !is_links,
                Self::Links => is_links,
                Self::All => true,
            };
            if wanted && !name.starts_with('@') {
                replace(bmc, value);
            }
        }
    }
}

/// Replaces a link, or the links in a list or an object of links.
fn replace(bmc: &Bmc, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(bmc, item)),
        Value::Object(map) => {
            let target = map.get("@odata.id").and_then(Value::as_str).filter(|_| map.len() == 1);
            let served = target.filter(|path| read_refusal(bmc, path).is_ok());
            match served.and_then(|path| live::view(bmc, path)) {
                Some(mut found) => {
                    if bmc.bites(Oddity::AmiExpandDrops)
                        && let Some(found) = found.as_object_mut()
                    {
                        found.retain(|name, _| !matches!(name.as_str(), "Id" | "Name" | "ChassisType"));
                    }
                    *value = found;
                }
                None if !map.contains_key("@odata.id") => {
                    map.values_mut().for_each(|below| replace(bmc, below));
                }
                None => {}
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
