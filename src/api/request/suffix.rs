//! `.json` at the end of a path, which older versions take off: put back where only the longer name is there.

use crate::model::allocation::Allocation;
use crate::model::part::portgroup::Portgroup;
use crate::model::runbook::Runbook;
use crate::model::template::Template;
use crate::store::published::Published;
use crate::store::shelf::Kept;

/// The idents of a path from whose end the suffix was taken.
pub fn restored(published: &Published, pattern: &str, mut idents: Vec<String>) -> Vec<String> {
    let Some(last) = idents.last_mut().filter(|_| pattern.ends_with("/{}")) else { return idents };
    let is_there = |name: &str| match pattern {
        "nodes/{}" => published.node_by_name(name).is_some(),
        "portgroups/{}" => is_kept::<Portgroup>(published, name),
        "allocations/{}" => is_kept::<Allocation>(published, name),
        "deploy_templates/{}" => is_kept::<Template>(published, name),
        "runbooks/{}" => is_kept::<Runbook>(published, name),
        _ => false,
    };
    let longer = format!("{last}{SUFFIX}");
    if !is_there(last) && is_there(&longer) {
        *last = longer;
    }
    idents
}

fn is_kept<T: Kept>(published: &Published, name: &str) -> bool {
    T::shelf(published.shelves()).named(name).is_some()
}

/// What clients of old append to paths.
pub const SUFFIX: &str = ".json";
