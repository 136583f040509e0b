//! Reads a node as the API shows it. The server is not trusted to be ours: what is missing or odd reads as empty.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::base::moment::Moment;
use crate::cli::age;
use crate::cli::console::Paint;
use crate::cli::console::one_line;

/// One node's JSON object.
#[derive(Debug, Clone, Copy)]
pub struct View<'a>(pub &'a Value);

/// What a node waits for, as the daemon records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub why: String,
    pub from_whom: String,
    /// ISO 8601.
    pub since: String,
    /// How soon it is looked at again.
    pub look_in_seconds: Option<u64>,
    pub deadline_seconds: Option<u64>,
    /// What happens at the deadline.
    pub then: String,
    pub trouble: Option<Trouble>,
}

/// Why a wait may be in vain: whoever is waited for calls, but does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// ISO 8601.
    pub since: String,
    pub why: String,
}

impl<'a> View<'a> {
    /// A field as one line of text; empty when it is null, missing or `{}`.
    pub fn text(self, field: &str) -> String {
        self.0.get(field).map(plain).unwrap_or_default()
    }

    pub fn is(self, field: &str) -> bool {
        self.0.get(field).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn object(self, field: &str) -> Option<&'a Map<String, Value>> {
        self.0.get(field)?.as_object()
    }

    /// Name, or the UUID of a nameless node.
    pub fn name(self) -> String {
        let name = self.text("name");
        if name.is_empty() { self.text("uuid") } else { name }
    }

    pub fn state(self) -> String {
        self.text("provision_state")
    }

    /// `clean wait -> available`, or the state alone when nothing is under way.
    pub fn course(self) -> String {
        towards(&self.state(), &self.text("target_provision_state"))
    }

    pub fn power(self) -> String {
        let word = |field| self.text(field).trim_start_matches("power ").to_owned();
        towards(&word("power_state"), &word("target_power_state"))
    }

    /// Whether work ended badly here.
    pub fn is_failed(self) -> bool {
        let state = self.state();
        state == "error" || state.ends_with(" failed")
    }

    /// Whether the node heads for another state. A failed state keeps its target but does not move.
    pub fn is_working(self) -> bool {
        !self.is_failed() && !self.text("target_provision_state").is_empty()
    }

    /// Whether nobody works on it. Power is work, too.
    pub fn rests(self) -> bool {
        !self.is_working() && self.text("target_power_state").is_empty() && self.holder().is_empty()
    }

    /// Whether it goes on only when a person says so.
    pub fn holds(self) -> bool {
        self.state().ends_with(" hold")
    }

    /// The last error; nothing where it is kept from who asks.
    pub fn error(self) -> String {
        self.open("last_error")
    }

    /// Who works on it; nothing where that is kept from who asks.
    pub fn holder(self) -> String {
        self.open("reservation")
    }

    /// A text, unless it stands in the place of one that only the node's owner sees.
    fn open(self, field: &str) -> String {
        Some(self.text(field)).filter(|text| !text.starts_with(REDACTED)).unwrap_or_default()
    }

    /// `yes`, with the reason, or nothing.
    pub fn flagged(self, field: &str, reason: &str) -> String {
        match (self.is(field), self.text(reason)) {
            (false, _) => String::new(),
            (true, reason) if reason.is_empty() => "yes".to_owned(),
            (true, reason) => format!("yes: {reason}"),
        }
    }

    /// `deploy.write_image`, of whichever kind of step runs.
    pub fn step(self) -> String {
        let running = STEPS.iter().find_map(|field| self.object(field).filter(|step| !step.is_empty()));
        let Some(step) = running else { return String::new() };
        let part = |key| step.get(key).map(plain).unwrap_or_default();
        let aborts = step.get("abort_after").and_then(Value::as_bool).unwrap_or_default();
        let then = if aborts { " (then aborted)" } else { "" };
        format!("{}.{}{then}", part("interface"), part("step"))
    }

    /// `yes`, with the fault or the reason, or nothing.
    pub fn maintenance(self) -> String {
        let (fault, reason) = (self.text("fault"), self.text("maintenance_reason"));
        match (self.is("maintenance"), fault.is_empty(), reason.is_empty()) {
            (false, true, _) => String::new(),
            (false, false, _) => fault,
            (true, false, _) => format!("yes: {fault}"),
            (true, true, false) => format!("yes: {reason}"),
            (true, true, true) => "yes".to_owned(),
        }
    }

    /// What it waits for; a hold is told in other words ([`Self::holds`]).
    pub fn waiting(self) -> Option<Waiting> {
        if self.holds() {
            return None;
        }
        let waiting = View(self.object("driver_internal_info")?.get("waiting")?);
        waiting.0.as_object().filter(|members| !members.is_empty())?;
        let (why, from_whom) = (waiting.text("why"), waiting.text("from_whom"));
        let (why, from_whom) = told(why, from_whom);
        Some(Waiting {
            why,
            from_whom,
            since: waiting.text("since"),
            then: waiting.text("then"),
            look_in_seconds: waiting.0.get("look_in_seconds").and_then(Value::as_u64),
            deadline_seconds: waiting.0.get("deadline_seconds").and_then(Value::as_u64),
            trouble: waiting.0.get("trouble").and_then(Trouble::read),
        })
    }

    /// The same in a word or two, for a table; and whether nobody answers.
    pub fn awaits(self) -> String {
        if self.holds() {
            return "a person: unhold".to_owned();
        }
        let Some(waiting) = self.waiting() else { return String::new() };
        if waiting.trouble.is_some() { format!("{} (no answer)", waiting.why) } else { waiting.why }
    }

    pub fn paint(self) -> Paint {
        if self.is_failed() || !self.text("fault").is_empty() {
            Paint::Bad
        } else if self.is_working() || self.is("maintenance") {
            Paint::Busy
        } else if self.state() == "active" {
            Paint::Good
        } else {
            Paint::Plain
        }
    }
}

impl Waiting {
    /// `heartbeat, from agent 10.0.0.5, since 2026-11-20 19:47:03`; what is not known is left out.
    pub fn line(&self) -> String {
        let since = if self.since.is_empty() { String::new() } else { age::clock(&self.since) };
        let pace = self.look_in_seconds.map(Duration::from_secs);
        let pace = pace.map(age::short).unwrap_or_default();
        // What is looked at again and again would have another limit each time: `node show` tells that.
        let limit = self.deadline_seconds.filter(|_| pace.is_empty()).map(Duration::from_secs);
        let limit = limit.map(age::short).unwrap_or_default();
        let parts = [
            ("", &self.why),
            ("from ", &self.from_whom),
            ("looked at every ", &pace),
            ("since ", &since),
            ("at most ", &limit),
        ];
        let known = parts.iter().filter(|(_, text)| !text.is_empty());
        let line = known.map(|(word, text)| format!("{word}{text}")).collect::<Vec<_>>().join(", ");
        let trouble = self.trouble.as_ref().map(|trouble| format!("; {}", trouble.line()));
        line + &trouble.unwrap_or_default()
    }
}

impl Trouble {
    fn read(value: &Value) -> Option<Self> {
        let (since, why) = (View(value).text("since"), View(value).text("why"));
        (!since.is_empty() || !why.is_empty()).then_some(Self { since, why })
    }

    /// `the agent calls but does not answer since 2026-11-20 19:47:03: connection refused`.
    pub fn line(&self) -> String {
        self.told(&age::clock(&self.since))
    }

    /// The same with how long that is.
    pub fn line_at(&self, now: Moment) -> String {
        self.told(&age::ago(&self.since, now))
    }

    fn told(&self, since: &str) -> String {
        let parts = [(" since ", since), (": ", self.why.as_str())];
        let known = parts.iter().filter(|(_, text)| !text.is_empty());
        known.fold(UNANSWERED.to_owned(), |line, (word, text)| line + word + text)
    }
}

/// A value on one line: a text as it is, null and `{}` as nothing, the rest as JSON.
pub fn plain(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return one_line(text);
    }
    let nothing = value.is_null() || value.as_object().is_some_and(Map::is_empty);
    if nothing { String::new() } else { one_line(&value.to_string()) }
}

fn towards(now: &str, target: &str) -> String {
    if target.is_empty() || target == now { now.to_owned() } else { format!("{now} -> {target}") }
}

/// What is waited for and from whom, where the daemon's own words are about how it works.
fn told(why: String, from_whom: String) -> (String, String) {
    if why != LOOK {
        return (why, from_whom);
    }
    let text = match from_whom.as_str() {
        PACE | "" => "the step to be done".to_owned(),
        progress => format!("the step to be done ({progress})"),
    };
    (text, String::new())
}

/// The daemon's words of a wait that ends in another look at the step.
const LOOK: &str = "the next look at the step";

/// From whom, of a step that says when to look again.
const PACE: &str = "the step's own pace";

/// How a text begins that stands for one that is kept from who asks.
const REDACTED: &str = "** ";

const UNANSWERED: &str = "the agent calls but does not answer";

/// Fields that show a running step; at most one is not empty.
const STEPS: &[&str] = &["clean_step", "deploy_step", "service_step"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_at_work_says_where_it_goes() {
        let node = json!({"name": "n1", "provision_state": "clean wait", "target_provision_state": "available",
            "power_state": "power on", "target_power_state": null,
            "clean_step": {"interface": "deploy", "step": "erase_devices", "priority": 10}, "deploy_step": {}});
        let view = View(&node);
        assert_eq!(view.course(), "clean wait -> available");
        assert_eq!(view.step(), "deploy.erase_devices");
        assert_eq!(view.power(), "on");
        assert!(view.is_working() && !view.is_failed());
        assert_eq!(view.paint(), Paint::Busy);
    }

    #[test]
    fn a_failed_node_has_a_target_and_is_not_working() {
        let node = json!({"provision_state": "deploy failed", "target_provision_state": "active"});
        assert!(View(&node).is_failed() && !View(&node).is_working());
        let node = json!({"provision_state": "error"});
        assert!(View(&node).is_failed());
    }

    #[test]
    fn maintenance_says_why() {
        let shown = |node: Value| View(&node).maintenance();
        assert_eq!(shown(json!({"maintenance": true, "maintenance_reason": "new fan"})), "yes: new fan");
        assert_eq!(shown(json!({"maintenance": true, "fault": "power failure"})), "yes: power failure");
        assert_eq!(shown(json!({"maintenance": false})), "");
    }

    #[test]
    fn a_wait_says_for_what_from_whom_and_since_when() {
        let node = json!({"driver_internal_info": {"waiting": {"why": "heartbeat", "from_whom": "agent 10.0.0.5",
            "since": "2026-11-20T19:47:03.271161", "deadline_seconds": 1800}}});
        let waiting = View(&node).waiting().unwrap();
        assert_eq!(
            waiting.line(),
            "heartbeat, from agent 10.0.0.5, since 2026-11-20 19:47:03, at most 30m00s"
        );
        assert_eq!(waiting.deadline_seconds, Some(1800));
        let bare =
            Waiting { from_whom: String::new(), since: String::new(), deadline_seconds: None, ..waiting };
        assert_eq!(bare.line(), "heartbeat");
        let trouble = |since: &str, why: &str| Some(Trouble { since: since.into(), why: why.into() });
        let silent =
            Waiting { trouble: trouble("2026-11-20T19:46:03", "connection refused"), ..bare.clone() };
        assert_eq!(
            silent.line(),
            "heartbeat; the agent calls but does not answer since 2026-11-20 19:46:03: connection refused"
        );
        let unknown = Waiting { trouble: trouble("", "refused"), ..bare };
        assert_eq!(unknown.line(), "heartbeat; the agent calls but does not answer: refused");
        for node in [json!({}), json!({"driver_internal_info": {"waiting": {}}}), json!([])] {
            assert_eq!(View(&node).waiting(), None);
        }
    }

    #[test]
    fn a_wait_for_a_step_is_told_in_plain_words() {
        let shown = |from: &str| {
            let waiting =
                json!({"why": "the next look at the step", "from_whom": from, "look_in_seconds": 10});
            View(&json!({"driver_internal_info": {"waiting": waiting}})).waiting().unwrap().line()
        };
        assert_eq!(shown("the step's own pace"), "the step to be done, looked at every 10s");
        assert_eq!(shown("3 of 9 MiB"), "the step to be done (3 of 9 MiB), looked at every 10s");
    }

    #[test]
    fn power_and_whoever_holds_a_node_are_work() {
        let rests = |more: Value| {
            let mut node = json!({"provision_state": "active", "power_state": "power on"});
            node.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            View(&node).rests()
        };
        assert!(rests(json!({})) && rests(json!({"provision_state": "deploy failed"})));
        assert!(!rests(json!({"target_power_state": "power off"})) && !rests(json!({"reservation": "rack"})));
        let kept =
            json!({"reservation": "** Redacted - requires ...", "last_error": "** Value Redacted - ..."});
        assert!(rests(kept.clone()) && View(&kept).error().is_empty());
    }

    #[test]
    fn odd_values_read_as_something_harmless() {
        let node = json!({"name": ["x\u{1b}"], "provision_state": 5, "power_state": {}, "clean_step": "no"});
        let view = View(&node);
        assert_eq!((view.name(), view.state(), view.power(), view.step()), {
            ("[\"x\\u001b\"]".to_owned(), "5".to_owned(), String::new(), String::new())
        });
    }
}
