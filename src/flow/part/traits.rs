//! What a node is said to be able to do.

use crate::flow::course::Course;
use crate::model::decision::Decision;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::part::ask::TraitAsk;
use crate::model::trait_name::TRAITS_LIMIT;

/// Changes the traits, in whatever state the node is.
pub fn change(node: &Node, ask: &TraitAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let traits = after(node, ask)?;
    if traits.len() > TRAITS_LIMIT {
        return Err(Refusal::Invalid(format!(
            "node {} can have {TRAITS_LIMIT} traits, and would have {}",
            node.id,
            traits.len()
        )));
    }
    let mut course = Course::of(node, facts);
    if traits != node.traits {
        let text = told(&node.traits, &traits);
        course.node.traits = traits;
        course.note(Event::info("traits", text));
    }
    Ok(course.finish(node))
}

fn after(node: &Node, ask: &TraitAsk) -> Result<Vec<String>, Refusal> {
    let mut traits = node.traits.clone();
    match ask {
        TraitAsk::Set(wanted) => {
            traits.clear();
            for one in wanted {
                add(&mut traits, one);
            }
        }
        TraitAsk::Add(one) => add(&mut traits, one),
        TraitAsk::Clear => traits.clear(),
        TraitAsk::Remove(gone) => {
            let place = traits.iter().position(|one| one == gone).ok_or_else(|| {
                let shown: String = gone.chars().take(255).collect();
                Refusal::NotFound(format!("node {} does not have a trait {shown:?}", node.id))
            })?;
            traits.remove(place);
        }
    }
    Ok(traits)
}

fn add(traits: &mut Vec<String>, one: &String) {
    if !traits.contains(one) {
        traits.push(one.clone());
    }
}

/// What came and what went, the first of them by name.
fn told(before: &[String], after: &[String]) -> String {
    let lacking = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|one| !those.contains(one)).cloned().collect()
    };
    let list = |word: &str, names: &[String]| {
        let named: Vec<_> = names.iter().take(NAMED).map(String::as_str).collect();
        let more = if names.len() > NAMED { ", ..." } else { "" };
        (!names.is_empty()).then(|| format!("{} {word}: {}{more}", names.len(), named.join(", ")))
    };
    let (added, removed) = (lacking(after, before), lacking(before, after));
    let parts: Vec<_> = [list("added", &added), list("removed", &removed)].into_iter().flatten().collect();
    format!("traits {}", if parts.is_empty() { "in another order".to_owned() } else { parts.join("; ") })
}

/// Traits that one journal entry names.
const NAMED: usize = 8;
