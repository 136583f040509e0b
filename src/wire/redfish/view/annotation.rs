//! Annotations: actions with what they allow, the settings object beside a resource, the apply times.

use serde_json::Value;

use crate::wire::redfish::lenient::{Field, Lenient, View, found, view};
use crate::wire::redfish::link::Link;

/// One action: where to post, and what its parameters may be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Action {
    pub target: Option<Link>,
    /// The resource that tells what the parameters may be, if the action does not.
    pub info: Option<Link>,
    raw: Value,
}

impl Lenient for Action {
    fn lenient(value: &Value) -> Option<Self> {
        value.is_object().then(|| Self {
            target: found(value, &["target", "Target"]).and_then(Link::lenient),
            info: found(value, &["@Redfish.ActionInfo"]).and_then(Link::lenient),
            raw: value.clone(),
        })
    }
}

impl Action {
    /// The allowable values of a parameter; `None` if not told here.
    pub fn allowable(&self, parameter: &str) -> Option<Vec<String>> {
        allowable(&self.raw, parameter)
    }
}

/// `NAME@Redfish.AllowableValues` of an object; `None` if not told (an empty list tells nothing).
pub fn allowable(value: &Value, name: &str) -> Option<Vec<String>> {
    let list = value.get(format!("{name}@Redfish.AllowableValues"))?;
    Some(Vec::field(Some(list))).filter(|values| !values.is_empty())
}

view! {
    /// `ActionInfo`: the parameters of an action.
    pub struct ActionInfo {
        parameters: Vec<Parameter> = "Parameters";
    }

    /// One parameter of an action.
    pub struct Parameter {
        name: Option<String> = "Name";
        is_required: Option<bool> = "Required";
        data_type: Option<String> = "DataType";
        allowable: Vec<String> = "AllowableValues";
    }

    /// `@Redfish.Settings`: where changes go that take effect later.
    pub struct Settings {
        object: Option<Link> = "SettingsObject";
        etag: Option<String> = "ETag";
        apply_times: Vec<String> = "SupportedApplyTimes";
        time: Option<String> = "Time";
        messages: Vec<crate::wire::redfish::view::service::message::Message> = "Messages";
    }

    /// Annotations on a collection or resource about when an operation is carried out.
    pub struct ApplyTime {
        operation: Vec<String> = "@Redfish.OperationApplyTimeSupport/SupportedValues";
        settings: Vec<String> = "@Redfish.Settings/SupportedApplyTimes";
    }
}

impl ActionInfo {
    /// The allowable values of a parameter; `None` if not told.
    pub fn allowable(&self, parameter: &str) -> Option<&[String]> {
        let found = self.parameters.iter().find(|one| one.name.as_deref() == Some(parameter))?;
        Some(found.allowable.as_slice()).filter(|values| !values.is_empty())
    }
}

impl Settings {
    /// The settings of a resource, if it has any.
    pub fn of(resource: &Value) -> Option<Self> {
        found(resource, &["@Redfish.Settings", "@Redfish.settings"]).map(Self::read)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn allowable_values_come_from_the_action_or_its_info() {
        let action = Action::lenient(&json!({"target": "/reset",
            "ResetType@Redfish.AllowableValues": ["On", 3, null], "@Redfish.ActionInfo": {"@odata.id": "/info"}}));
        let action = action.unwrap();
        assert_eq!(action.target, Some(Link::new("/reset")));
        assert_eq!(action.info, Some(Link::new("/info")));
        assert_eq!(action.allowable("ResetType"), Some(vec!["On".to_owned(), "3".to_owned()]));
        assert_eq!(action.allowable("Other"), None);
        let info =
            ActionInfo::read(&json!({"Parameters": [{"Name": "ResetType", "AllowableValues": ["On"]}]}));
        assert_eq!(info.allowable("ResetType"), Some(&["On".to_owned()][..]));
        assert_eq!(info.allowable("Delay"), None);
        assert_eq!(allowable(&json!({"A@Redfish.AllowableValues": []}), "A"), None);
    }

    #[test]
    fn a_settings_object_is_found() {
        let raw = json!({"@Redfish.Settings": {"SettingsObject": {"@odata.id": "/s"}, "ETag": "1"}});
        let settings = Settings::of(&raw).unwrap();
        assert_eq!((settings.object, settings.etag.as_deref()), (Some(Link::new("/s")), Some("1")));
        assert_eq!(Settings::of(&json!([])), None);
    }
}
