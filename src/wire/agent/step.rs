//! The steps that an agent offers, and the echo of one that ran.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::wire::agent::fields::{BodyError, Fields};

/// For which work a step is; the agent has three extensions of the same shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    Clean,
    Deploy,
    Service,
}

impl StepKind {
    pub const ALL: [Self; 3] = [Self::Clean, Self::Deploy, Self::Service];

    /// The extension, which is also the first word of every member name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Deploy => "deploy",
            Self::Service => "service",
        }
    }

    /// e.g. `clean.get_clean_steps`.
    pub fn list_command(self) -> String {
        format!("{0}.get_{0}_steps", self.word())
    }

    /// e.g. `clean.execute_clean_step`.
    pub fn run_command(self) -> String {
        format!("{0}.execute_{0}_step", self.word())
    }

    /// The run command as a result names it, e.g. `execute_clean_step`.
    pub fn run_name(self) -> String {
        format!("execute_{}_step", self.word())
    }

    /// The parameter that bears the hardware managers' versions, e.g. `clean_version`.
    pub fn version_member(self) -> String {
        format!("{}_version", self.word())
    }
}

/// One step that an agent can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InBandStep {
    pub interface: String,
    pub step: String,
    pub priority: i64,
    /// The agent wants a reboot after it.
    pub reboot_requested: bool,
    /// Absent means what the kind of work says: see [`InBandStep::is_abortable`].
    pub abortable: Option<bool>,
    pub argsinfo: Option<BTreeMap<String, ArgInfo>>,
}

/// One argument of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgInfo {
    pub description: String,
    pub required: bool,
}

impl InBandStep {
    /// Clean and service steps are not abortable unless they say so; deploy steps are.
    pub fn is_abortable(&self, kind: StepKind) -> bool {
        self.abortable.unwrap_or(kind == StepKind::Deploy)
    }

    fn from_value(kind: StepKind, value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("the step", value)?;
        Ok(Self {
            interface: fields.needed_text("interface", NAME_LIMIT)?,
            step: fields.needed_text("step", NAME_LIMIT)?,
            priority: priority(kind, &mut fields)?,
            reboot_requested: fields.flag("reboot_requested")?.unwrap_or(false),
            abortable: fields.flag("abortable")?,
            argsinfo: fields.object("argsinfo")?.map(argsinfo).transpose()?,
        })
    }

    pub fn emit(&self) -> Value {
        let mut step = Map::new();
        step.insert("step".to_owned(), json!(self.step));
        step.insert("priority".to_owned(), json!(self.priority));
        step.insert("interface".to_owned(), json!(self.interface));
        step.insert("reboot_requested".to_owned(), json!(self.reboot_requested));
        if let Some(abortable) = self.abortable {
            step.insert("abortable".to_owned(), json!(abortable));
        }
        if let Some(args) = &self.argsinfo {
            let args: Map<String, Value> =
                args.iter().map(|(name, arg)| (name.clone(), arg.emit())).collect();
            step.insert("argsinfo".to_owned(), Value::Object(args));
        }
        Value::Object(step)
    }
}

/// Needed; a service step's priority that is no whole number counts as 0.
fn priority(kind: StepKind, fields: &mut Fields) -> Result<i64, BodyError> {
    if kind == StepKind::Service {
        return Ok(fields.any("priority").and_then(|value| value.as_i64()).unwrap_or(0));
    }
    let priority = fields.whole("priority")?.ok_or_else(|| fields.missing("priority"))?;
    if priority < 0 {
        return Err(BodyError::Invalid { what: "priority of the step".to_owned(), wanted: "zero or more" });
    }
    Ok(priority)
}

fn argsinfo(map: Map<String, Value>) -> Result<BTreeMap<String, ArgInfo>, BodyError> {
    if map.len() > ARG_LIMIT {
        let what = "argsinfo of the step".to_owned();
        return Err(BodyError::TooLong { what, size: map.len(), limit: ARG_LIMIT });
    }
    map.into_iter().map(|(name, value)| Ok((name, ArgInfo::from_value(value)?))).collect()
}

impl ArgInfo {
    fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("an argument of the step", value)?;
        Ok(Self {
            description: fields.text("description", TEXT_LIMIT)?.unwrap_or_default(),
            required: fields.flag("required")?.unwrap_or(false),
        })
    }

    fn emit(&self) -> Value {
        json!({"description": self.description, "required": self.required})
    }
}

/// The result of a list command: who offers what, and in which version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepsReply {
    /// By the name of the hardware manager's class.
    pub managers: BTreeMap<String, Vec<InBandStep>>,
    /// By the name that the manager gives itself; sent back with each run command.
    pub versions: BTreeMap<String, String>,
}

impl StepsReply {
    /// Both members must be there and every step must have interface, step and priority.
    pub fn from_value(kind: StepKind, value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("the steps' reply", value)?;
        let steps = fields.object(steps_member(kind))?.ok_or_else(|| fields.missing(steps_member(kind)))?;
        let versions = fields.object(VERSIONS)?.ok_or_else(|| fields.missing(VERSIONS))?;
        bounded("the hardware managers", steps.len().max(versions.len()), MANAGER_LIMIT)?;
        let managers = steps
            .into_iter()
            .map(|(name, list)| Ok((name, steps_of_one(kind, list)?)))
            .collect::<Result<_, BodyError>>()?;
        let versions = versions.into_iter().map(|(name, value)| (name, version_text(value))).collect();
        Ok(Self { managers, versions })
    }

    pub fn emit(&self, kind: StepKind) -> Value {
        let steps: Map<String, Value> = self
            .managers
            .iter()
            .map(|(name, list)| (name.clone(), list.iter().map(InBandStep::emit).collect()))
            .collect();
        json!({steps_member(kind): steps, VERSIONS: self.versions})
    }

    /// Every step, each manager's after the other.
    pub fn steps(&self) -> impl Iterator<Item = &InBandStep> {
        self.managers.values().flatten()
    }
}

fn steps_of_one(kind: StepKind, list: Value) -> Result<Vec<InBandStep>, BodyError> {
    let Value::Array(list) = list else {
        let found = crate::wire::agent::fields::type_name(&list);
        return Err(BodyError::WrongType {
            what: "a manager's entry of the steps' reply".to_owned(),
            wanted: "a list",
            found,
        });
    };
    bounded("a manager's list of steps", list.len(), STEP_LIMIT)?;
    list.into_iter().map(|step| InBandStep::from_value(kind, step)).collect()
}

fn version_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    }
}

fn bounded(what: &str, size: usize, limit: usize) -> Result<(), BodyError> {
    if size > limit {
        return Err(BodyError::TooLong { what: what.to_owned(), size, limit });
    }
    Ok(())
}

/// The result of a run command: which step ran and what it gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StepEcho {
    pub interface: String,
    pub step: String,
    /// The step whole, as it was sent.
    pub sent: Value,
    /// `clean_result` and its siblings: whatever the step returned.
    pub result: Value,
}

impl StepEcho {
    /// A finished step is known by interface and step of the echo.
    pub fn from_value(kind: StepKind, value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("the step's result", value)?;
        let result = fields.any(result_member(kind)).unwrap_or_default();
        let sent = fields.any(step_member(kind)).ok_or_else(|| fields.missing(step_member(kind)))?;
        let mut echo = Fields::of("the step's echo", sent.clone())?;
        Ok(Self {
            interface: echo.needed_text("interface", NAME_LIMIT)?,
            step: echo.needed_text("step", NAME_LIMIT)?,
            sent,
            result,
        })
    }

    pub fn emit(&self, kind: StepKind) -> Value {
        json!({result_member(kind): self.result, step_member(kind): self.sent})
    }
}

fn steps_member(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Clean => "clean_steps",
        StepKind::Deploy => "deploy_steps",
        StepKind::Service => "service_steps",
    }
}

fn step_member(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Clean => "clean_step",
        StepKind::Deploy => "deploy_step",
        StepKind::Service => "service_step",
    }
}

fn result_member(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Clean => "clean_result",
        StepKind::Deploy => "deploy_result",
        StepKind::Service => "service_result",
    }
}

const VERSIONS: &str = "hardware_manager_version";

/// Names of steps and interfaces are Python identifiers.
const NAME_LIMIT: usize = 256;

/// A description is a paragraph.
const TEXT_LIMIT: usize = 16 << 10;

/// A step takes a handful of arguments.
const ARG_LIMIT: usize = 64;

/// A ramdisk carries one to three managers.
const MANAGER_LIMIT: usize = 32;

/// The generic manager offers a dozen.
const STEP_LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reply_must_have_both_members_and_whole_steps() {
        let error = StepsReply::from_value(StepKind::Clean, json!({"clean_steps": {}})).unwrap_err();
        assert_eq!(error.to_string(), "the steps' reply lacks \"hardware_manager_version\"");
        let reply = |step: Value| json!({"clean_steps": {"M": [step]}, "hardware_manager_version": {}});
        let error = StepsReply::from_value(StepKind::Clean, reply(json!({"step": "a", "priority": 1})));
        assert_eq!(error.unwrap_err().to_string(), "the step lacks \"interface\"");
        let error = StepsReply::from_value(StepKind::Clean, reply(json!({"step": "a", "interface": "b"})));
        assert_eq!(error.unwrap_err().to_string(), "the step lacks \"priority\"");
    }

    #[test]
    fn a_service_step_of_odd_priority_has_none() {
        let step = json!({"step": "a", "interface": "b", "priority": "high"});
        let parsed = InBandStep::from_value(StepKind::Service, step.clone()).unwrap();
        assert_eq!(parsed.priority, 0);
        assert!(!parsed.is_abortable(StepKind::Service));
        assert!(parsed.is_abortable(StepKind::Deploy));
        assert!(InBandStep::from_value(StepKind::Clean, step).is_err());
    }

    #[test]
    fn names_are_made_of_the_kind() {
        assert_eq!(StepKind::Deploy.list_command(), "deploy.get_deploy_steps");
        assert_eq!(StepKind::Clean.run_command(), "clean.execute_clean_step");
        assert_eq!(StepKind::Service.run_name(), "execute_service_step");
        assert_eq!(StepKind::Clean.version_member(), "clean_version");
    }

    proptest! {
        #[test]
        fn steps_are_read_back(name in "[a-z_]{1,9}", priority in 0..1000i64, abortable in proptest::option::of(any::<bool>()), required in any::<bool>()) {
            let arg = ArgInfo { description: name.clone(), required };
            let step = InBandStep {
                interface: "deploy".to_owned(),
                step: name.clone(),
                priority,
                reboot_requested: required,
                abortable,
                argsinfo: Some(BTreeMap::from([(name.clone(), arg)])),
            };
            let reply = StepsReply {
                managers: BTreeMap::from([(name.clone(), vec![step])]),
                versions: BTreeMap::from([(name, "1.0".to_owned())]),
            };
            for kind in StepKind::ALL {
                prop_assert_eq!(StepsReply::from_value(kind, reply.emit(kind)), Ok(reply.clone()));
            }
        }
    }
}
