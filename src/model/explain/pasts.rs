//! How long steps took before, as the journal has it.

use std::collections::BTreeMap;

use crate::base::id::NodeId;
use crate::model::journal::{Entry, Severity};

/// How long a thing took before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// The median.
    pub seconds: u64,
    /// How often it was seen.
    pub runs: usize,
    /// It was seen on this node; else on others.
    pub is_own: bool,
}

/// What was seen of a node and of others.
#[derive(Debug, Clone, Default)]
pub struct Pasts {
    own: BTreeMap<String, Vec<u64>>,
    others: BTreeMap<String, Vec<u64>>,
}

impl Pasts {
    /// Takes in an entry; most tell of nothing that ended well.
    pub fn take(&mut self, entry: &Entry, node: NodeId, of: NodeId) {
        let (Some(seconds), Severity::Info) = (entry.seconds, entry.severity) else { return };
        let Some(what) = ended(entry) else { return };
        let all = if node == of { &mut self.own } else { &mut self.others };
        let seen = all.entry(what.to_owned()).or_default();
        if seen.len() < MOST {
            seen.push(seconds);
        }
    }

    /// What a step of this name took, or a whole run.
    pub fn guess(&self, what: &str) -> Option<Guess> {
        let of = |all: &BTreeMap<String, Vec<u64>>, is_own| {
            let seen = all.get(what)?;
            median(seen).map(|seconds| Guess { seconds, runs: seen.len(), is_own })
        };
        of(&self.own, true).or_else(|| of(&self.others, false))
    }
}

/// The step or the run that an entry tells the end of: `interface.step`, or the run's word.
fn ended(entry: &Entry) -> Option<&str> {
    match entry.event.as_str() {
        "step" => entry.text.strip_prefix("step ")?.strip_suffix(" is done"),
        "end" => entry.text.strip_suffix(" ends"),
        _ => None,
    }
}

fn median(seen: &[u64]) -> Option<u64> {
    let mut sorted = seen.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Times of one thing that are looked at: the latest come first.
const MOST: usize = 15;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::base::moment::Moment;

    fn entry(event: &str, text: &str, seconds: Option<u64>, severity: Severity) -> Entry {
        Entry {
            sequence: 1,
            at: Moment(0),
            event: event.to_owned(),
            text: text.to_owned(),
            severity,
            state: String::new(),
            target: None,
            step: None,
            seconds,
            by: None,
        }
    }

    #[test]
    fn the_node_itself_counts_before_others_and_the_median_before_a_bad_day() {
        let (one, other) = (NodeId(Uuid::from_u128(1)), NodeId(Uuid::from_u128(2)));
        let mut pasts = Pasts::default();
        for (node, seconds) in [(other, 5), (one, 60), (one, 61), (one, 4000)] {
            let done = entry("step", "step deploy.write_image is done", Some(seconds), Severity::Info);
            pasts.take(&done, node, one);
        }
        pasts.take(&entry("end", "manual cleaning ends", Some(9), Severity::Info), other, one);
        pasts.take(&entry("step", "step bios.x is done", None, Severity::Info), one, one);
        pasts.take(&entry("error", "step bios.x is done", Some(1), Severity::Error), one, one);
        let guess = pasts.guess("deploy.write_image").unwrap();
        assert_eq!(guess, Guess { seconds: 61, runs: 3, is_own: true });
        assert_eq!(
            pasts.guess("manual cleaning").map(|guess| (guess.seconds, guess.is_own)),
            Some((9, false))
        );
        assert_eq!(pasts.guess("bios.x"), None);
    }
}
