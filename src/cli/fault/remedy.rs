//! What helps against a refusal, where something is known to.

use crate::base::mac::Mac;
use crate::cli::console::one_line;
use crate::cli::fault::way::Facts;
use crate::cli::fault::{Fault, NODE, Subject, field, way};

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
        404 if says("nothing at this path") => Some(ELSEWHERE.to_owned()),
        400 | 404 if subject.lost.is_some() => {
            subject.lost.map(|command| format!("`{command}` shows what there is"))
        }
        404 if verb == INVENTORY => uninspected(subject),
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
    if fault.status == 403 && (says("protected") || subject.facts.is_some_and(|facts| facts.protected)) {
        return Some(format!("`ferric node set {node} protected=false`"));
    }
    let word = verb.split(' ').next().unwrap_or_default();
    if fault.status == 409 && says("already exists") {
        return Some(taken(fault, subject));
    }
    if fault.status == 400 && WRITTEN.contains(&word) {
        let field = field::unknown(&fault.text, subject.kind, &node);
        if let Some(help) = field.or_else(|| written(text, word, subject)) {
            return Some(help);
        }
    }
    if let Some(facts) = subject.facts {
        return way::next(verb, facts, &node).or_else(|| edited(text, word, facts, &node));
    }
    if subject.kind == NODE {
        return None;
    }
    if says("power it off first") {
        return Some(format!("`ferric node power {node} off`"));
    }
    if says("undeploy the node first") || says("associated with") {
        return Some(format!("`ferric node undeploy {node} --wait` frees a node in use"));
    }
    if says("in maintenance") {
        return Some(format!("`ferric node maintenance {node} off`"));
    }
    if says("take them out first") {
        let below = if subject.kind == "chassis" { "nodes" } else { "ports" };
        return Some(format!("`ferric {} {below} {}` names them", subject.kind, name(subject)));
    }
    None
}

/// A node's fields were not changed, as it is now.
fn edited(text: &str, word: &str, facts: &Facts, node: &str) -> Option<String> {
    if !WRITTEN.contains(&word) {
        return None;
    }
    if facts.working {
        return Some(format!("it is at work: `ferric node wait {node}`, then try again"));
    }
    let allowed = !facts.maintenance && text.contains("in maintenance");
    allowed.then(|| format!("`ferric node maintenance {node} on` first, `off` afterwards"))
}

/// What was to be written was not whole, or names something as it cannot be named.
fn written(text: &str, word: &str, subject: Subject<'_>) -> Option<String> {
    let says = |word: &str| text.contains(word);
    if says("could not be found") {
        return lists(text, subject);
    }
    if says("by its uuid") {
        return Some(format!("`ferric {} list` shows it", subject.kind));
    }
    let incomplete = ["is required", "mandatory"].iter().any(|word| says(word));
    incomplete.then(|| format!("`ferric {} {word} --help` tells what it takes", subject.kind))
}

/// A name or an address belongs to another one.
fn taken(fault: &Fault, subject: Subject<'_>) -> String {
    let mut words = fault.text.split_whitespace();
    if let Some(mac) = words.find_map(|word| word.parse::<Mac>().ok()) {
        let kind = if subject.kind == "portgroup" { "portgroup" } else { "port" };
        return format!("`ferric {kind} list --address {mac}` shows which has it");
    }
    format!("`ferric {} list` shows which has it: take another, or change that one", subject.kind)
}

/// A node without an inventory gets one by an inspection, once it is where that begins.
fn uninspected(subject: Subject<'_>) -> Option<String> {
    let Some(facts) = subject.facts else { return lists("", subject) };
    let node = name(subject);
    let other = way::next("inspect", facts, &node);
    Some(other.unwrap_or_else(|| format!("`ferric node inspect {node} --wait`")))
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

/// What reads the inventory is called so.
const INVENTORY: &str = "read the inventory";

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
        let subject = Subject { kind, name: Some("x1"), facts: None, lost: None };
        refused(&fault, verb, subject).unwrap_or_default()
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
                "a port with MAC address 52:54:00:00:00:01 already exists",
                "port",
                "`ferric port list --address 52:54:00:00:00:01` shows which has it",
            ),
            (409, "a token named ci already exists", "token", "`ferric token list` shows which has it"),
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

    #[test]
    fn what_is_missing_below_a_thing_is_listed_below_it() {
        let fault = Fault { status: 404, text: "node u does not have a trait \"A\"".to_owned() };
        let lost = Some("ferric node trait list n1");
        let subject = Subject { kind: NODE, name: Some("n1"), facts: None, lost };
        let told = refused(&fault, "remove traits", subject).unwrap();
        assert_eq!(told, "`ferric node trait list n1` shows what there is");
    }

    #[test]
    fn an_inventory_is_made_by_an_inspection_where_one_begins() {
        let fault = Fault { status: 404, text: "node u has no inventory".to_owned() };
        for (state, wanted) in [
            ("manageable", "`ferric node inspect n1 --wait`"),
            ("available", "`ferric node manage n1 --wait`"),
        ] {
            let facts = Facts { state: state.to_owned(), ..Facts::default() };
            let subject = Subject { kind: NODE, name: Some("n1"), facts: Some(&facts), lost: None };
            assert_eq!(refused(&fault, INVENTORY, subject).unwrap(), wanted);
        }
        assert!(helps(404, "node x1 could not be found", INVENTORY, NODE).contains("node list"));
    }

    #[test]
    fn a_field_is_changed_when_the_node_rests_or_is_in_maintenance() {
        let text = "node n1 cannot change its boot_interface while in inspect failed: it can in enroll or in maintenance";
        let fault = Fault { status: 409, text: text.to_owned() };
        let told = |facts: &Facts| {
            let subject = Subject { kind: NODE, name: Some("n1"), facts: Some(facts), lost: None };
            refused(&fault, "set", subject).unwrap()
        };
        assert!(told(&Facts::default()).contains("`ferric node maintenance n1 on` first"));
        assert!(told(&Facts { working: true, ..Facts::default() }).contains("`ferric node wait n1`"));
    }
}
