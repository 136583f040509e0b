//! `PUT nodes/{ident}/states/provision`: a word, and what comes with it. The order of the checks is the contract's
//! (`api.md` section 6); what depends on the machine is checked behind the desk.

pub mod rescue;
pub mod runbook;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::api::access::policy;
use crate::api::fault::Fault;
use crate::api::node::steps;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::base::beside::beside;
use crate::base::secret::Secret;
use crate::model::Object;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::kind;
use crate::model::moves::{Target, Verb};
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::step::{AskedStep, Kind};
use crate::net::http::Response;

/// Asks for a move; the answer comes before the work.
pub async fn provision(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let mut args = call.action().await?;
    let word = args.needed_text("target")?;
    let target = known(&word)?;
    // Two verbs are younger than the rule that the version is looked at first.
    let late = matches!(target.verb, Verb::Unhold | Verb::Service);
    if !late {
        old_enough(target, call.version)?;
    }
    legal(call, node, target)?;
    let config_drive = config_drive(&mut args, target, call.version).await?;
    let wish = wish(&mut args, call, node, target)?;
    args.finish()?;
    wish.admit(call)?;
    late_versions(node, target, call.version)?;
    let id = node.id;
    let config_drive = match config_drive {
        Some(value) => call.lanes().keep_config_drive(id, value).await?,
        None => None,
    };
    let rescue_password = match wish.password {
        Some(password) => Some(rescue::hashed(password, call.policy().rescue.algorithm).await?),
        None => None,
    };
    let ask = ProvisionAsk { config_drive, rescue_password, ..wish.ask };
    call.ask(id, Ask::Provision(ask)).await?;
    Ok(call.accepted(&format!("nodes/{}/states", call.ident(0))))
}

/// What goes with a word, apart from a config drive.
#[derive(Debug)]
pub struct Wish {
    pub ask: ProvisionAsk,
    /// Name of the runbook that the steps come from.
    pub runbook: Option<String>,
    /// Of a rescue.
    password: Option<Secret>,
}

impl Wish {
    /// Whether who asks may ask for these steps; those of a runbook were admitted with it.
    pub fn admit(&self, call: &Call<'_>) -> Result<(), Fault> {
        if self.runbook.is_some() {
            return Ok(());
        }
        let asked = self.ask.steps.iter().map(|step| (step.interface, step.step.as_str()));
        policy::admit_steps(&call.who, call.policy(), asked)
    }
}

/// Takes what goes with a word: steps or the runbook that has them, and whether no ramdisk is wanted.
pub fn wish(args: &mut Args, call: &Call<'_>, node: &Node, target: &Target) -> Result<Wish, Fault> {
    let brought = runbook::take(args, call, node, target)?;
    let disabled = ramdisk(args, target, call.version)?;
    let disable_ramdisk = disabled || brought.as_ref().is_some_and(|brought| brought.disable_ramdisk);
    let runbook = brought.as_ref().map(|brought| brought.name.clone());
    let Companions { steps, password } = companions(args, target, call.version, brought)?;
    let project = call.who.project.clone();
    let ask = ProvisionAsk { steps, disable_ramdisk, project, ..ProvisionAsk::new(target.verb, target.word) };
    Ok(Wish { ask, runbook, password })
}

fn known(word: &str) -> Result<&'static Target, Fault> {
    Target::parse(word).ok_or_else(|| {
        let shown: String = word.chars().take(64).collect();
        Fault::invalid(format!("the requested action {shown:?} is not known"))
    })
}

fn old_enough(target: &Target, version: u16) -> Result<(), Fault> {
    if target.since > version {
        return Err(Fault::too_new(&format!("target {:?}", target.word), target.since));
    }
    Ok(())
}

/// Maintenance, and whether the state knows the move.
pub fn legal(call: &Call<'_>, node: &Node, target: &Target) -> Result<(), Fault> {
    let word = target.word.to_owned();
    if node.wished.maintenance && matches!(target.verb, Verb::Deploy | Verb::Rebuild) {
        let what = format!("the requested action {word:?}");
        return Err(Refusal::InMaintenance { node: node.id, what }.into());
    }
    if node.provision.after(target.verb).is_some() {
        return Ok(());
    }
    if node.reserved {
        return Err(Refusal::Locked { node: node.id, host: call.policy().host.clone() }.into());
    }
    Err(Refusal::NoSuchMove { node: node.id, word, from: node.provision, verb: target.verb }.into())
}

/// Moves that came to some states later than their word.
fn late_versions(node: &Node, target: &Target, version: u16) -> Result<(), Fault> {
    let deploying = matches!(node.provision, Provision::DeployWait | Provision::DeployHold);
    let since = if deploying { ABORT_DEPLOY_SINCE } else { ABORT_INSPECT_SINCE };
    let late = target.verb == Verb::Abort && (deploying || node.provision == Provision::InspectWait);
    if !late || version >= since {
        return Ok(());
    }
    Err(Fault::too_new(&format!("target {:?} in state {:?}", target.word, node.provision.name()), since))
}

async fn config_drive(args: &mut Args, target: &Target, version: u16) -> Result<Option<Value>, Fault> {
    let Some(value) = args.take("configdrive").filter(|value| !is_empty(value)) else { return Ok(None) };
    let rebuilds = target.word == "rebuild" && version >= REBUILD_DRIVE_SINCE;
    if target.word != "active" && !rebuilds {
        return Err(Fault::invalid(format!(
            "configdrive goes with the targets active and rebuild (1.{REBUILD_DRIVE_SINCE}), not with {:?}",
            target.word
        )));
    }
    match &value {
        Value::String(text) => {
            let size = text.len();
            return beside(size, move || drive_text(value).map(Some)).await;
        }
        Value::Object(parts) => drive_parts(parts, version)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            let given = kind(&value);
            return Err(Fault::invalid(format!("configdrive must be an object or a text, not {given}")));
        }
    }
    Ok(Some(value))
}

/// Lists, objects and texts with nothing in them are as good as not given.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What the reference refuses with 400 in older versions, as all that is wrong with a config drive.
fn not_below(what: &str, since: u16) -> Fault {
    Fault::invalid(format!("{what} needs API version 1.{since} or newer"))
}

/// A URL, or base64 of a gzipped image.
fn drive_text(value: Value) -> Result<Value, Fault> {
    let text = value.as_str().unwrap_or_default();
    let bare = || text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>();
    if text.contains("://") || STANDARD.decode(bare()).is_ok() {
        return Ok(value);
    }
    Err(Fault::invalid("configdrive is neither an object, nor a URL, nor base64"))
}

fn drive_parts(parts: &Object, version: u16) -> Result<(), Fault> {
    if version < DRIVE_OBJECT_SINCE {
        return Err(not_below("configdrive as an object", DRIVE_OBJECT_SINCE));
    }
    for (key, value) in parts {
        let fits = match key.as_str() {
            "meta_data" | "network_data" => value.is_object(),
            "vendor_data" if version < VENDOR_DATA_SINCE => {
                return Err(not_below("vendor_data in configdrive", VENDOR_DATA_SINCE));
            }
            "vendor_data" => value.is_object() || value.is_null(),
            "user_data" => !value.is_number() && !value.is_boolean(),
            other => {
                let shown: String = other.chars().take(64).collect();
                return Err(Fault::invalid(format!(
                    "configdrive has no member {shown:?}; it has meta_data, network_data, user_data, vendor_data"
                )));
            }
        };
        if !fits {
            return Err(Fault::invalid(format!("configdrive member {key} cannot be {}", kind(value))));
        }
    }
    Ok(())
}

/// What came along with a word.
struct Companions {
    steps: Vec<AskedStep>,
    /// Of a rescue.
    password: Option<Secret>,
}

/// Arguments that go with one word or another.
fn companions(
    args: &mut Args,
    target: &Target,
    version: u16,
    brought: Option<runbook::Brought>,
) -> Result<Companions, Fault> {
    let mut steps = |name| args.take(name).filter(|value| !is_empty(value));
    let (clean, deploy, service) = (steps("clean_steps"), steps("deploy_steps"), steps("service_steps"));
    if deploy.is_some() && version < DEPLOY_STEPS_SINCE {
        return Err(Fault::too_new("deploy_steps", DEPLOY_STEPS_SINCE));
    }
    let password = args.text("rescue_password")?.map(Secret::new);
    goes_with(clean.is_some(), "clean_steps", &["clean"], target)?;
    goes_with(deploy.is_some(), "deploy_steps", &["active", "rebuild"], target)?;
    goes_with(service.is_some(), "service_steps", &["service"], target)?;
    goes_with(password.is_some(), "rescue_password", &["rescue"], target)?;
    old_enough(target, version)?;
    let needed = |name: &str| Fault::invalid(format!("{name} is required for target {:?}", target.word));
    let (given, name, kind) = match target.word {
        "clean" => (clean, Some("clean_steps"), Kind::Clean),
        "service" => (service, Some("service_steps"), Kind::Service),
        "rescue" => {
            return rescue::taken(password).map(|password| Companions { steps: Vec::new(), password });
        }
        _ => (deploy, None, Kind::Deploy),
    };
    let steps = match (brought, given, name) {
        (Some(brought), _, _) => brought.steps,
        (None, Some(given), _) => steps::parse(given, kind)?,
        (None, None, Some(name)) => return Err(needed(&format!("{name} or runbook"))),
        (None, None, None) => Vec::new(),
    };
    Ok(Companions { steps, password: None })
}

fn goes_with(given: bool, name: &str, words: &[&str], target: &Target) -> Result<(), Fault> {
    if !given || words.contains(&target.word) {
        return Ok(());
    }
    Err(Fault::invalid(format!("{name} goes with {}, not with {:?}", words.join(" and "), target.word)))
}

fn ramdisk(args: &mut Args, target: &Target, version: u16) -> Result<bool, Fault> {
    let Some(disabled) = args.flag("disable_ramdisk")? else { return Ok(false) };
    goes_with(true, "disable_ramdisk", &["clean", "service"], target)?;
    let since = if target.word == "service" { SERVICE_RAMDISK_SINCE } else { CLEAN_RAMDISK_SINCE };
    if version < since {
        return Err(Fault::too_new("disable_ramdisk", since));
    }
    Ok(disabled)
}

const REBUILD_DRIVE_SINCE: u16 = 35;
const ABORT_INSPECT_SINCE: u16 = 41;
const DRIVE_OBJECT_SINCE: u16 = 56;
const VENDOR_DATA_SINCE: u16 = 59;
const DEPLOY_STEPS_SINCE: u16 = 69;
const CLEAN_RAMDISK_SINCE: u16 = 70;
const SERVICE_RAMDISK_SINCE: u16 = 108;
const ABORT_DEPLOY_SINCE: u16 = 110;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn drive(value: Value, word: &str, version: u16) -> Result<bool, u16> {
        let mut args = Args::of_action(json!({"configdrive": value}).to_string().as_bytes(), "").unwrap();
        let kept = config_drive(&mut args, Target::parse(word).unwrap(), version).await;
        kept.map(|kept| kept.is_some()).map_err(|fault| fault.status())
    }

    #[tokio::test]
    async fn a_config_drive_has_its_forms_and_versions() {
        assert_eq!(drive(json!("http://x/y"), "active", 1).await, Ok(true));
        assert_eq!(drive(json!("H4sI\nAAAA"), "active", 1).await, Ok(true));
        assert_eq!(drive(json!({"meta_data": {}, "user_data": "x"}), "active", 56).await, Ok(true));
        for nothing in [Value::Null, json!(""), json!({})] {
            assert_eq!(drive(nothing, "manage", 1).await, Ok(false));
        }
        assert_eq!(drive(json!("@@@"), "active", 115).await, Err(400));
        assert_eq!(drive(json!({"meta_data": {}}), "active", 55).await, Err(400));
        assert_eq!(drive(json!({"vendor_data": {}}), "active", 58).await, Err(400));
        assert_eq!(drive(json!({"zz": {}}), "active", 115).await, Err(400));
        assert_eq!(drive(json!({"meta_data": 1}), "active", 115).await, Err(400));
        assert_eq!(drive(json!("http://x/y"), "deploy", 115).await, Err(400));
        assert_eq!(drive(json!("http://x/y"), "rebuild", 34).await, Err(400));
        assert_eq!(drive(json!("http://x/y"), "manage", 115).await, Err(400));
    }

    fn with(body: &Value, version: u16) -> Result<usize, u16> {
        let mut args = Args::of_action(body.to_string().as_bytes(), "").unwrap();
        let word = args.needed_text("target").unwrap();
        let target = Target::parse(&word).unwrap();
        ramdisk(&mut args, target, version)
            .and_then(|_| companions(&mut args, target, version, None))
            .map(|with| with.steps.len())
            .map_err(|fault| fault.status())
    }

    #[test]
    fn companions_go_with_their_word() {
        let deploy = json!([{"interface": "deploy", "step": "x", "args": {}, "priority": 50}]);
        let clean = json!([{"interface": "deploy", "step": "x"}]);
        assert_eq!(with(&json!({"target": "active", "deploy_steps": deploy}), 69), Ok(1));
        assert_eq!(with(&json!({"target": "active", "deploy_steps": deploy}), 68), Err(406));
        assert_eq!(with(&json!({"target": "deploy", "deploy_steps": deploy}), 115), Err(400));
        assert_eq!(with(&json!({"target": "clean", "clean_steps": clean}), 115), Ok(1));
        assert_eq!(with(&json!({"target": "clean"}), 115), Err(400));
        assert_eq!(with(&json!({"target": "clean", "clean_steps": []}), 115), Err(400));
        assert_eq!(with(&json!({"target": "service", "service_steps": []}), 115), Err(400));
        assert_eq!(with(&json!({"target": "service", "service_steps": clean}), 86), Err(406));
        assert_eq!(with(&json!({"target": "manage", "clean_steps": [], "deploy_steps": []}), 4), Ok(0));
        assert_eq!(with(&json!({"target": "manage", "deploy_steps": deploy}), 68), Err(406));
        assert_eq!(with(&json!({"target": "manage", "clean_steps": clean}), 115), Err(400));
        assert_eq!(with(&json!({"target": "rescue", "rescue_password": ""}), 115), Err(400));
        assert_eq!(
            with(&json!({"target": "clean", "clean_steps": clean, "disable_ramdisk": true}), 69),
            Err(406)
        );
        for version in [60, 115] {
            assert_eq!(with(&json!({"target": "active", "disable_ramdisk": true}), version), Err(400));
        }
    }
}
