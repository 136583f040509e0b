//! The words of the rules' language with the arguments of each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Object;

/// Names of the arguments that must be there, and of those that may.
type Spec = (&'static [&'static str], &'static [&'static str]);

/// What a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    Eq,
    Lt,
    Gt,
    IsEmpty,
    InNet,
    Matches,
    Contains,
    OneOf,
    IsNone,
    IsTrue,
    IsFalse,
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Fail,
    Log,
    SetAttribute,
    ExtendAttribute,
    DelAttribute,
    SetCapability,
    UnsetCapability,
    AddTrait,
    RemoveTrait,
    SetPluginData,
    ExtendPluginData,
    UnsetPluginData,
    SetPortAttribute,
    ExtendPortAttribute,
    DelPortAttribute,
    ApiCall,
}

impl Operator {
    pub const ALL: [Self; 11] = [
        Self::Eq,
        Self::Lt,
        Self::Gt,
        Self::IsEmpty,
        Self::InNet,
        Self::Matches,
        Self::Contains,
        Self::OneOf,
        Self::IsNone,
        Self::IsTrue,
        Self::IsFalse,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Lt => "lt",
            Self::Gt => "gt",
            Self::IsEmpty => "is-empty",
            Self::InNet => "in-net",
            Self::Matches => "matches",
            Self::Contains => "contains",
            Self::OneOf => "one-of",
            Self::IsNone => "is-none",
            Self::IsTrue => "is-true",
            Self::IsFalse => "is-false",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub fn spec(self) -> Spec {
        match self {
            Self::Eq | Self::Lt | Self::Gt => (&["values"], &["force_strings"]),
            Self::IsEmpty | Self::IsNone | Self::IsTrue | Self::IsFalse => (&["value"], &[]),
            Self::InNet => (&["address", "subnet"], &[]),
            Self::Matches | Self::Contains => (&["value", "regex"], &[]),
            Self::OneOf => (&["value"], &["values"]),
        }
    }

    /// Whether the braces of this argument are filled in outside of loops; within a loop all are.
    pub fn formats(self, argument: &str) -> bool {
        match self {
            Self::Eq | Self::Lt | Self::Gt => argument == "values",
            Self::InNet => true,
            Self::IsEmpty
            | Self::IsNone
            | Self::IsTrue
            | Self::IsFalse
            | Self::Matches
            | Self::Contains
            | Self::OneOf => argument == "value",
        }
    }
}

impl Deed {
    pub const ALL: [Self; 16] = [
        Self::Fail,
        Self::Log,
        Self::SetAttribute,
        Self::ExtendAttribute,
        Self::DelAttribute,
        Self::SetCapability,
        Self::UnsetCapability,
        Self::AddTrait,
        Self::RemoveTrait,
        Self::SetPluginData,
        Self::ExtendPluginData,
        Self::UnsetPluginData,
        Self::SetPortAttribute,
        Self::ExtendPortAttribute,
        Self::DelPortAttribute,
        Self::ApiCall,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Log => "log",
            Self::SetAttribute => "set-attribute",
            Self::ExtendAttribute => "extend-attribute",
            Self::DelAttribute => "del-attribute",
            Self::SetCapability => "set-capability",
            Self::UnsetCapability => "unset-capability",
            Self::AddTrait => "add-trait",
            Self::RemoveTrait => "remove-trait",
            Self::SetPluginData => "set-plugin-data",
            Self::ExtendPluginData => "extend-plugin-data",
            Self::UnsetPluginData => "unset-plugin-data",
            Self::SetPortAttribute => "set-port-attribute",
            Self::ExtendPortAttribute => "extend-port-attribute",
            Self::DelPortAttribute => "del-port-attribute",
            Self::ApiCall => "api-call",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub fn spec(self) -> Spec {
        match self {
            Self::Fail => (&["msg"], &[]),
            Self::Log => (&["msg"], &["level"]),
            Self::SetAttribute | Self::SetPluginData => (&["path", "value"], &[]),
            Self::ExtendAttribute | Self::ExtendPluginData => (&["path", "value"], &["unique"]),
            Self::DelAttribute | Self::UnsetPluginData => (&["path"], &[]),
            Self::SetCapability => (&["name", "value"], &[]),
            Self::UnsetCapability | Self::AddTrait | Self::RemoveTrait => (&["name"], &[]),
            Self::SetPortAttribute => (&["port_id", "path", "value"], &[]),
            Self::ExtendPortAttribute => (&["port_id", "path", "value"], &["unique"]),
            Self::DelPortAttribute => (&["port_id", "path"], &[]),
            Self::ApiCall => (&["url"], &["headers", "proxies", "timeout", "retries", "backoff_factor"]),
        }
    }

    /// As [`Operator::formats`]. A port is named by what the inspection found, so its name is filled in, too.
    pub fn formats(self, argument: &str) -> bool {
        match argument {
            "value" | "port_id" => true,
            "msg" => matches!(self, Self::Log | Self::Fail),
            "url" => self == Self::ApiCall,
            _ => false,
        }
    }
}

/// Arguments by name: an object, or a list in the order of the names.
pub fn named(args: &Value, (required, optional): Spec) -> Result<Object, String> {
    let known = || required.iter().chain(optional);
    let found: Object = match args {
        Value::Object(members) => members.clone(),
        Value::Array(items) => {
            if items.len() > required.len() + optional.len() {
                return Err("there are more arguments than it takes".to_owned());
            }
            known().map(|name| (*name).to_owned()).zip(items.iter().cloned()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err("args must be an object or a list".to_owned());
        }
    };
    if let Some(lacking) = required.iter().find(|name| !found.contains_key(**name)) {
        return Err(format!("argument {lacking} is missing"));
    }
    if let Some(odd) = found.keys().find(|key| !known().any(|name| name == key)) {
        let shown: String = odd.chars().take(64).collect();
        return Err(format!("argument {shown:?} is not one of its arguments"));
    }
    Ok(found)
}
