//! What helps against a refusal, where something is known to.

use crate::cli::console::one_line;
use crate::cli::fault::{Fault, NODE, Subject};

/// The next step for one who asked for `verb` of `subject` and was refused.
pub fn refused(fault: &Fault, verb: &str, subject: Subject<'_>) -> Option<String> {
    let text = fault.text.to_ascii_lowercase();
    let says = |word: &str| text.contains(word);
    match fault.status {
        401 => Some(LOG_IN.to_owned()),
        403 if says("role") => {
            Some("ask an admin for a token: `ferric token create NAME --role ROLE`".to_owned())
        }
        403 if says("token of project") => Some("ask with a token that is bound to no project".to_owned()),
        403 if says("protected") => {
            Some(format!("`ferric node set {} protected=false`", concerned(fault, subject)))
        }
        404 if says("nothing at this path") => Some(ELSEWHERE.to_owned()),
        400 | 404 if says("could not be found") => lists(&text, subject),
        404 => lists(&text, subject),
        405 => Some(ELSEWHERE.to_owned()),
        406 => Some("the server does not speak API version 1.115: is it older than this command?".to_owned()),
        413 => Some("the request is larger than the server takes".to_owned()),
        429 => Some("too many log-ins failed: wait a minute, then check the token or password".to_owned()),
        500 => Some("the daemon's log tells what happened: `journalctl -u ferric`".to_owned()),
        502 | 504 => Some("what answered is a proxy: is the daemon behind it running?".to_owned()),
        503 => Some("try again in a moment".to_owned()),
        507 => Some("make room on the server's data disk".to_owned()),
        400 | 403 | 409 => changed(fault, &text, verb, subject),
        _ => None,
    }
}

/// What helps where the ask itself, or the state of things, stands in the way.
fn changed(fault: &Fault, text: &str, verb: &str, subject: Subject<'_>) -> Option<String> {
    let says = |word: &str| text.contains(word);
    let node = concerned(fault, subject);
    if fault.is_locked() {
        return Some(format!("another change is under way: `ferric node wait {node}`, then try again"));
    }
    if says("already exists") {
        let kind = subject.kind;
        return Some(format!("`ferric {kind} list` shows which has it: take another, or change that one"));
    }
    if says("by its uuid") {
        return Some(format!("`ferric {} list` shows it", subject.kind));
    }
    if says("power it off first") {
        return Some(format!("`ferric node power {node} off`"));
    }
    if says("undeploy the node first") || says("associated with") {
        return Some(format!("`ferric node undeploy {node} --wait` frees a node in use"));
    }
    if ALLOWED_IN_MAINTENANCE.iter().any(|words| says(words)) {
        return Some(format!("`ferric node maintenance {node} on` first, `off` afterwards"));
    }
    if says("maintenance") {
        return Some(format!("`ferric node maintenance {node} off`"));
    }
    if says("take them out first") {
        let below = if subject.kind == "chassis" { "nodes" } else { "ports" };
        return Some(format!("`ferric {} {below} {}` names them", subject.kind, name(subject)));
    }
    let word = verb.split(' ').next().unwrap_or_default();
    if fault.status == 400
        && WRITTEN.contains(&word)
        && ["is required", "mandatory"].iter().any(|word| says(word))
    {
        return Some(format!("`ferric {} {word} --help` tells what it takes", subject.kind));
    }
    if subject.kind == NODE && fault.status != 403 && (says("state") || says("instance")) {
        return state(verb, &node);
    }
    let deploys = subject.kind == NODE && fault.status == 400 && verb == "deploy";
    deploys.then(|| format!("`ferric node validate {node}` shows what is missing"))
}

fn name(subject: Subject<'_>) -> String {
    subject
        .name
        .map_or_else(|| subject.kind.rsplit(' ').next().unwrap_or_default().to_ascii_uppercase(), one_line)
}

/// The node that stands in the way: the subject, or the one that the refusal names.
fn concerned(fault: &Fault, subject: Subject<'_>) -> String {
    if subject.kind == NODE {
        return name(subject);
    }
    let mut words =
        fault.text.split(|letter: char| letter.is_whitespace() || [',', ';', '"'].contains(&letter));
    words.find(|word| word.eq_ignore_ascii_case(NODE));
    let named = words.find(|word| !word.is_empty()).map(|word| word.trim_end_matches([':', '.']));
    named.map_or_else(|| "NODE".to_owned(), one_line)
}

/// How to see what there is of the kind that the refusal names first, or of the subject's.
fn lists(text: &str, subject: Subject<'_>) -> Option<String> {
    let first = KINDS.iter().filter_map(|(word, kind)| Some((text.find(word)?, *kind)));
    let own = subject.name.map(|_| subject.kind);
    let kind = first.min_by_key(|(at, _)| *at).map(|(_, kind)| kind).or(own)?;
    Some(format!("`ferric {kind} list` shows what there is"))
}

/// From which states a verb works, for one who asked in another.
fn state(verb: &str, node: &str) -> Option<String> {
    let text = match verb {
        "manage" => "a node at work must end or be aborted first, a deployed one be undeployed",
        "provide" | "clean" | "adopt" => {
            return Some(format!("it must be manageable: `ferric node manage {node} --wait`"));
        }
        "deploy" => return Some(format!("it must be available: `ferric node provide {node} --wait`")),
        "rebuild" | "service" => {
            return Some(format!("it must be active: `ferric node deploy {node} --wait`"));
        }
        "undeploy" => "only a node in use or in a failed deployment can be undeployed",
        "abort" => "only a node that waits or holds can be aborted",
        "unhold" => "only a node that holds can go on",
        "delete" => {
            return Some(format!("`ferric node undeploy {node} --wait` frees a deployed node"));
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What a refusal says of something that maintenance would allow.
const ALLOWED_IN_MAINTENANCE: [&str; 3] =
    ["or in maintenance", "except in maintenance", "or set maintenance"];

/// Commands that write fields, and whose help tells which there are.
const WRITTEN: [&str; 3] = ["create", "set", "unset"];

/// How refusals call what is behind `ferric`. Of two that begin at the same letter the first counts.
const KINDS: &[(&str, &str)] = &[
    ("volume connector", "volume connector"),
    ("volume target", "volume target"),
    ("portgroup", "portgroup"),
    ("port ", "port"),
    ("chassis", "chassis"),
    ("allocation", "allocation"),
    ("deploy template", "template"),
    ("runbook", "runbook"),
    ("inspection rule", "rule"),
    ("driver", "driver"),
    ("conductor", "conductor"),
    ("token", "token"),
    ("ramdisk", "ramdisk"),
    ("node", NODE),
];

const LOG_IN: &str =
    "log in by --token-file, FERRIC_TOKEN or --user; an admin makes tokens: `ferric token create NAME`";
const ELSEWHERE: &str = "does --url lead to the API, and is it as new as this command?";

#[cfg(test)]
mod tests {
    use super::*;

    fn helps(status: u16, text: &str, verb: &str, kind: &str) -> String {
        let fault = Fault { status, text: text.to_owned() };
        refused(&fault, verb, Subject { kind, name: Some("x1") }).unwrap_or_default()
    }

    #[test]
    fn what_is_not_there_is_listed_by_its_own_command() {
        for (text, list) in [
            ("node n9 could not be found", "node"),
            ("port p9 could not be found", "port"),
            ("portgroup b9 could not be found", "portgroup"),
            ("volume connector u could not be found", "volume connector"),
            ("deploy template t could not be found", "template"),
            ("inspection rule r could not be found", "rule"),
            ("driver d could not be found or is not enabled", "driver"),
            ("allocation for node n1 was not found", "allocation"),
            ("it was not found", "port"),
        ] {
            assert_eq!(helps(404, text, "show", "port"), format!("`ferric {list} list` shows what there is"));
        }
        assert!(
            helps(400, "node_uuid names node u, which could not be found", "create", "port")
                .contains("node list")
        );
        assert!(
            helps(404, "there is nothing at this path, or not in this API version", "show", "port")
                .contains("--url")
        );
    }

    #[test]
    fn what_stands_in_the_way_is_named_with_the_command_that_removes_it() {
        for (status, text, kind, wanted) in [
            (
                409,
                "a port with MAC address a already exists",
                "port",
                "`ferric port list` shows which has it",
            ),
            (409, "node n1 is locked by host h, please retry", "port", "`ferric node wait n1`"),
            (
                409,
                "node u-1 is associated with instance u-2",
                "allocation",
                "`ferric node undeploy u-1 --wait`",
            ),
            (
                400,
                "volume target update is not possible while the power of node u-1 is On: power it off first",
                "volume target",
                "`ferric node power u-1 off`",
            ),
            (
                400,
                "portgroup u has ports: take them out first",
                "portgroup",
                "`ferric portgroup ports x1` names them",
            ),
            (
                400,
                "chassis u has nodes: take them out first",
                "chassis",
                "`ferric chassis nodes x1` names them",
            ),
            (400, "address is required", "port", "`ferric port create --help`"),
            (
                403,
                "node n1 is protected and cannot be deleted",
                "node",
                "`ferric node set x1 protected=false`",
            ),
            (403, "this needs the role operator, and yours is reader", "port", "--role ROLE"),
            (401, "who are you?", "port", "--token-file"),
            (406, "no", "port", "1.115"),
            (429, "no", "port", "wait a minute"),
            (500, "no", "port", "log"),
            (502, "no", "port", "proxy"),
            (503, "no", "port", "in a moment"),
            (507, "no", "port", "make room"),
        ] {
            let told = helps(status, text, "create", kind);
            assert!(told.contains(wanted), "{status} {text}: {told}");
        }
        assert_eq!(helps(400, "extra must be an object", "set", "port"), "");
    }
}
