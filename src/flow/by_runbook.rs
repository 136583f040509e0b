//! Automated cleaning by a runbook of the site's choice, in the place of the drivers' steps (contract `steps.md`
//! section 2).

use std::sync::Arc;

use crate::flow::course::Course;
use crate::flow::{pipeline, plan};
use crate::model::cleaning::StepSource;
use crate::model::decision::facts::Facts;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::run::Run;
use crate::model::runbook::Runbook;
use crate::model::shape::LATEST;
use crate::model::step::Kind;

/// Begins cleaning by a runbook, if the site has this node cleaned by one; the state has been entered already. What
/// cannot be done so fails before the machine is touched. Tells whether anything was begun.
pub fn start_cleaning(course: &mut Course<'_>) -> bool {
    let begun = match chosen(&course.node, course.facts) {
        Ok(None) => return false,
        Ok(Some(runbook)) => clean(course, &runbook),
        Err(why) => Err(why),
    };
    if let Err(why) = begun {
        pipeline::unprepared(course, Kind::Clean, &why);
    }
    true
}

/// The runbook that cleans the node, if one does.
pub fn chosen(node: &Node, facts: &Facts<'_>) -> Result<Option<Arc<Runbook>>, String> {
    let site = &facts.policy.cleaning_source;
    let Some(ident) = site.runbook_of(node) else {
        return if site.source == StepSource::Runbook {
            Err("[conductor] automated_cleaning_step_source wants a runbook, and none is named for the node"
                .to_owned())
        } else {
            Ok(None)
        };
    };
    let runbook = facts.plans.runbook(ident);
    let runbook = runbook.ok_or_else(|| format!("the site's cleaning runbook {ident} could not be found"))?;
    if site.validates_traits {
        runbook.approve(node, LATEST).map_err(|refusal| refusal.to_string())?;
    }
    Ok(Some(runbook))
}

/// Steps that the site allows nobody are left out, as they are without a runbook.
fn clean(course: &mut Course<'_>, runbook: &Runbook) -> Result<(), String> {
    let facts = course.facts;
    let mut asked = runbook.asked();
    let refused = facts.policy.disallowed(Kind::Clean);
    asked.retain(|step| !refused.contains(&format!("{}.{}", step.interface, step.step)));
    let disable_ramdisk = runbook.wished.disable_ramdisk;
    let plan = plan::manual::plan(&course.node, Kind::Clean, &asked, disable_ramdisk, facts)?;
    let name = &runbook.wished.name;
    course.note(Event::info("runbook", format!("the node is cleaned by runbook {name}")));
    let run = Run { by_runbook: true, disable_ramdisk, ..Run::new(Kind::Clean, plan, facts.at) };
    pipeline::begin(course, run);
    Ok(())
}
