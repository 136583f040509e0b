//! `[DEFAULT] autodetect_deploy_interfaces`: what may stand in for the deploy interface `autodetect`.

use crate::config::ConfigError;
use crate::config::section::images::List;
use crate::model::autodetect::ORDER;

/// The order, checked; the reference's if none is given.
pub fn order(given: Option<List>) -> Result<Vec<String>, ConfigError> {
    let Some(given) = given else { return Ok(ORDER.map(str::to_owned).to_vec()) };
    let names: Vec<_> = given.texts().into_iter().filter(|name| !name.is_empty()).collect();
    let is_wrong = |name: &&String| !KNOWN.contains(&name.as_str());
    let wrong = if names.is_empty() { Some(String::new()) } else { names.iter().find(is_wrong).cloned() };
    match wrong {
        Some(value) => Err(ConfigError::Value { name: OPTION, value, rule: RULE }),
        None => Ok(names),
    }
}

const OPTION: &str = "DEFAULT.autodetect_deploy_interfaces";
const RULE: &str =
    "one or more of direct, ramdisk, anaconda, bootc, custom-agent and noop, the first that fits is taken";
const KNOWN: [&str; 6] = ["direct", "ramdisk", "anaconda", "bootc", "custom-agent", "noop"];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Result<Vec<String>, String> {
        order(Some(List::Text(text.to_owned()))).map_err(|error| error.to_string())
    }

    #[test]
    fn the_order_is_the_references_unless_the_site_has_one_of_its_own() {
        assert_eq!(order(None).unwrap(), ["ramdisk", "bootc", "direct"]);
        assert_eq!(text("bootc, direct").unwrap(), ["bootc", "direct"]);
        assert_eq!(order(Some(List::Array(vec!["noop".to_owned()]))).unwrap(), ["noop"]);
    }

    #[test]
    fn what_cannot_stand_in_is_refused_by_name() {
        for wrong in ["direct,ansible", "", "autodetect"] {
            let why = text(wrong).unwrap_err();
            assert!(why.starts_with("DEFAULT.autodetect_deploy_interfaces = "), "{why}");
        }
        assert!(text("direct,ansible").unwrap_err().contains("ansible"));
    }
}
