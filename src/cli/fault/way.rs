//! From the state that a node is in to the one where a verb works: the next command.

use serde_json::Value;

use crate::cli::fault::{CliError, Fault};
use crate::cli::node::path;
use crate::cli::node::view::View;
use crate::cli::session::{Payload, Request, Session};
use crate::net::http::Method;

/// What a look at a node told after a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub state: String,
    /// Whether it heads for another state.
    pub working: bool,
    pub maintenance: bool,
    pub protected: bool,
    pub retired: bool,
    /// Whether it bears an `instance_uuid`.
    pub instance: bool,
    /// The allocation that has it, or nothing.
    pub allocation: String,
}

impl Facts {
    pub fn read(node: &Value) -> Self {
        let view = View(node);
        Self {
            state: view.state(),
            working: view.is_working(),
            maintenance: view.is("maintenance"),
            protected: view.is("protected"),
            retired: view.is("retired"),
            instance: !view.text("instance_uuid").is_empty(),
            allocation: view.text("allocation_uuid"),
        }
    }

    /// Looks at the node where that may tell what helps. A look that fails says nothing: the refusal is told anyway.
    pub async fn look(session: &Session<'_, '_>, error: &CliError, node: Option<&str>) -> Option<Self> {
        let (CliError::Refused(Fault { status: 400 | 403 | 404 | 409, .. }), Some(node)) = (error, node)
        else {
            return None;
        };
        let request = Request { method: Method::Get, path: path(node, LOOK), body: Payload::Nothing };
        let answer = session.link.exchange(request).await.ok().filter(|answer| answer.status == 200)?;
        session.parse(&answer).ok().map(|node| Self::read(&node))
    }
}

/// What helps one whose `verb` was refused by a node that is as `facts` tell.
pub fn next(verb: &str, facts: &Facts, node: &str) -> Option<String> {
    let state = facts.state.as_str();
    if verb == "delete" {
        return delete(facts, node);
    }
    let (_, begins) = BEGINNINGS.iter().find(|(one, _)| *one == verb)?;
    if !begins.contains(&state) {
        return busy(verb, state, node).or_else(|| at_rest(verb, state, node));
    }
    match verb {
        _ if facts.maintenance => Some(format!("`ferric node maintenance {node} off`")),
        "provide" if facts.retired => Some(format!("`ferric node set {node} retired=false`")),
        "deploy" | "rebuild" | "rescue" => {
            Some(format!("`ferric node validate {node}` shows what is missing"))
        }
        _ => None,
    }
}

/// Work is under way.
fn busy(verb: &str, state: &str, node: &str) -> Option<String> {
    let follow = format!("`ferric node wait {node}` follows it");
    let stop = format!("`ferric node abort {node} --wait` stops it");
    if state.ends_with(" hold") {
        return Some(format!("it holds: `ferric node unhold {node} --wait` lets it go on, {stop}"));
    }
    if state.ends_with(" wait") || state == "wait call-back" {
        return Some(format!("it is at work: {follow}, {stop}"));
    }
    let works = state.ends_with("ing");
    let why = if verb == "abort" { "only what waits or holds can be stopped" } else { "it is at work" };
    works.then(|| format!("{why}: {follow}"))
}

/// Nothing is under way, and `verb` does not begin here.
fn at_rest(verb: &str, state: &str, node: &str) -> Option<String> {
    let run = |word: &str| format!("`ferric node {word} {node} --wait`");
    let text = match (verb, state) {
        ("manage", "manageable") | ("provide", "available") => format!("it is {state} already"),
        ("adopt", "active") => "it is in use already".to_owned(),
        ("unrescue", _) => "it is not in rescue".to_owned(),
        ("deploy" | "rebuild" | "service" | "adopt", "rescue" | "rescue failed" | "unrescue failed") => {
            run("unrescue")
        }
        ("deploy", "active") => {
            format!("it is in use: {} frees it, {} writes its image anew", run("undeploy"), run("rebuild"))
        }
        ("deploy", "service failed") | ("rebuild" | "service", "service failed" | "service wait") => {
            run("abort")
        }
        ("undeploy", _) => "it is not in use".to_owned(),
        ("abort", _) => "nothing waits or holds that could be stopped".to_owned(),
        ("unhold", _) => "it does not hold".to_owned(),
        ("deploy", "manageable") => run("provide"),
        ("rebuild" | "service" | "rescue", "available" | "deploy failed") => run("deploy"),
        ("rebuild" | "service" | "rescue", "manageable") => {
            format!("{}, then {}", run("provide"), run("deploy"))
        }
        ("rebuild" | "service" | "rescue", "error") => run("undeploy"),
        (_, "enroll" | "available" | "adopt failed" | "clean failed" | "inspect failed") => run("manage"),
        (
            _,
            "active" | "deploy failed" | "error" | "service failed" | "rescue" | "rescue failed"
            | "unrescue failed",
        ) => {
            format!("it is in use: {} frees it", run("undeploy"))
        }
        _ => return None,
    };
    Some(text)
}

fn delete(facts: &Facts, node: &str) -> Option<String> {
    let idle = matches!(facts.state.as_str(), "enroll" | "manageable" | "available" | "adopt failed");
    let text = match (idle, facts.allocation.as_str()) {
        (true, "") if facts.instance => format!("`ferric node unset {node} instance_uuid`"),
        (true, "") => return busy("delete", &facts.state, node),
        (true, allocation) => format!("an allocation has it: `ferric allocation delete {allocation}`"),
        (false, _) => {
            let rests = || at_rest("provide", &facts.state, node);
            busy("delete", &facts.state, node)
                .or_else(rests)
                .unwrap_or_else(|| format!("`ferric node maintenance {node} on` lets it be deleted as it is"))
        }
    };
    Some(text)
}

/// In which states a verb is taken (the API's table of verbs).
const BEGINNINGS: &[(&str, &[&str])] = &[
    ("manage", &["enroll", "available", "adopt failed", "clean failed", "inspect failed"]),
    ("inspect", &["manageable", "inspect failed"]),
    ("provide", &["manageable"]),
    ("deploy", &["available", "deploy failed"]),
    ("undeploy", UNDEPLOYED),
    ("clean", &["manageable"]),
    ("service", &["active", "service failed", "service hold"]),
    ("rebuild", &["active", "deploy failed", "error"]),
    ("adopt", &["manageable", "adopt failed"]),
    ("rescue", &["active", "rescue", "rescue failed", "service failed", "unrescue failed"]),
    ("unrescue", &["rescue", "rescue failed", "unrescue failed"]),
    ("unhold", &["clean hold", "deploy hold", "service hold"]),
    ("abort", ABORTED),
];

const UNDEPLOYED: &[&str] = &[
    "active",
    "deploy failed",
    "error",
    "rescue",
    "rescue failed",
    "rescue wait",
    "service failed",
    "service wait",
    "unrescue failed",
    "wait call-back",
];

const ABORTED: &[&str] = &[
    "clean hold",
    "clean wait",
    "deploy hold",
    "inspect wait",
    "rescue wait",
    "service failed",
    "service hold",
    "service wait",
    "wait call-back",
];

/// What is asked of the node.
const LOOK: &str = "?fields=provision_state,target_provision_state,maintenance,protected,retired,instance_uuid,\
                    allocation_uuid";

#[cfg(test)]
mod tests {
    use super::*;

    fn helps(verb: &str, state: &str) -> String {
        let facts = Facts { state: state.to_owned(), ..Facts::default() };
        next(verb, &facts, "n1").unwrap_or_default()
    }

    #[test]
    fn the_next_command_is_one_that_the_state_takes() {
        for (verb, state, wanted) in [
            ("deploy", "active", "node undeploy n1 --wait"),
            ("provide", "active", "node undeploy n1 --wait"),
            ("rebuild", "service failed", "node abort n1 --wait"),
            ("deploy", "service failed", "node abort n1 --wait"),
            ("manage", "manageable", "it is manageable already"),
            ("manage", "active", "node undeploy n1 --wait"),
            ("inspect", "available", "node manage n1 --wait"),
            ("provide", "enroll", "node manage n1 --wait"),
            ("deploy", "manageable", "node provide n1 --wait"),
            ("deploy", "enroll", "node manage n1 --wait"),
            ("rebuild", "available", "node deploy n1 --wait"),
            ("abort", "active", "nothing waits or holds"),
            ("abort", "cleaning", "`ferric node wait n1`"),
            ("clean", "clean hold", "node unhold n1 --wait"),
            ("deploy", "clean wait", "node abort n1 --wait"),
            ("unhold", "available", "it does not hold"),
            ("undeploy", "available", "it is not in use"),
            ("deploy", "available", "node validate n1"),
            ("rescue", "available", "node deploy n1 --wait"),
            ("unrescue", "active", "it is not in rescue"),
            ("service", "rescue", "node unrescue n1 --wait"),
            ("provide", "rescue", "node undeploy n1 --wait"),
            ("deploy", "rescue wait", "node abort n1 --wait"),
            ("delete", "active", "node undeploy n1 --wait"),
            ("delete", "clean failed", "node manage n1 --wait"),
        ] {
            let told = helps(verb, state);
            assert!(told.contains(wanted), "{verb} in {state}: {told}");
        }
        assert_eq!(helps("inspect", "manageable"), "");
        assert_eq!(helps("set", "active"), "");
    }

    #[test]
    fn what_a_command_leads_to_is_no_refusal_of_that_command() {
        // No hint sends anybody to a verb that the state refuses.
        for (verb, _) in BEGINNINGS {
            for state in [
                "enroll",
                "manageable",
                "available",
                "active",
                "deploy failed",
                "clean failed",
                "error",
                "rescue",
            ] {
                let told = helps(verb, state);
                let Some((_, rest)) = told.split_once("`ferric node ") else { continue };
                let word = rest.split(' ').next().unwrap_or_default();
                if let Some((_, begins)) = BEGINNINGS.iter().find(|(one, _)| *one == word) {
                    assert!(begins.contains(&state), "{verb} in {state}: {told}");
                }
            }
        }
    }

    #[test]
    fn what_keeps_a_node_from_being_deleted_is_named() {
        let facts = |state: &str| Facts { state: state.to_owned(), instance: true, ..Facts::default() };
        let told = |facts: &Facts| next("delete", facts, "n1").unwrap_or_default();
        assert_eq!(told(&facts("manageable")), "`ferric node unset n1 instance_uuid`");
        let allocated = Facts { allocation: "u-2".to_owned(), ..facts("available") };
        assert!(told(&allocated).contains("`ferric allocation delete u-2`"));
    }

    #[test]
    fn maintenance_is_ended_only_where_it_is_on() {
        let facts = |maintenance| Facts { state: "available".to_owned(), maintenance, ..Facts::default() };
        assert_eq!(next("deploy", &facts(true), "n1").unwrap(), "`ferric node maintenance n1 off`");
        assert!(!next("deploy", &facts(false), "n1").unwrap().contains("maintenance"));
    }
}
