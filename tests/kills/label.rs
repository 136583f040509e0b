//! The places at which the daemon says that it is about to do something, or has done it.

use std::collections::BTreeSet;

/// A commit or a call out, and on which side of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(String);

impl Label {
    /// The labels of one line of the log; a batch of commits has several.
    pub fn of(line: &str) -> BTreeSet<Self> {
        if let Some((_, event)) = line.split_once("ferric::commit: ") {
            let Some((side, labels)) = event.split_once(" labels=") else { return BTreeSet::new() };
            return quoted(labels).map(|label| Self(format!("{side} commit of {label:?}"))).collect();
        }
        if let Some((_, event)) = line.split_once("ferric::call: ") {
            let Some((side, call)) = event.split_once(' ') else { return BTreeSet::new() };
            let Some((_, call)) = call.split_once("call=") else { return BTreeSet::new() };
            let step = call.split_once("step=").and_then(|(_, step)| quoted(step).next());
            let step = step.filter(|step| !step.is_empty()).map(|step| format!(" {step}")).unwrap_or_default();
            return quoted(call).take(1).map(|call| Self(format!("{side} of {call:?}{step}"))).collect();
        }
        BTreeSet::new()
    }
}

/// The texts between double quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

#[test]
fn labels_are_read_from_the_log() {
    let labels = |line: &str| Label::of(line).into_iter().map(|label| label.0).collect::<Vec<_>>();
    assert_eq!(
        labels(r#"2026-01-01T00:00:00Z TRACE ferric::commit: before labels=["beat", "outcome"]"#),
        [r#"before commit of "beat""#, r#"before commit of "outcome""#]
    );
    assert_eq!(
        labels(r#"2026-01-01T00:00:00Z DEBUG ferric::call: call node=n-1 call="step" step="deploy.write_image" again=false"#),
        [r#"call of "step" deploy.write_image"#]
    );
    assert_eq!(labels(r#"x DEBUG ferric::call: answer call="validate" step="""#), [r#"answer of "validate""#]);
    assert!(labels("2026-01-01T00:00:00Z  INFO ferric::app: serving").is_empty());
}
