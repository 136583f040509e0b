//! Where in a plan the agent is there: what it carries out comes while it is. Where a request switches the machine off
//! or restarts it in between, the ramdisk is booted again before the agent's next step.

use crate::flow::plan::frame;
use crate::model::interface::Interface;
use crate::model::step::{By, Core, Step};

/// Whether the step ends the boot that the agent lives in.
pub fn ends_boot(step: &Step) -> bool {
    matches!(step.by, By::Core(Core::PowerOff | Core::Reboot))
}

/// The ramdisk, booted once more in the middle of a plan.
pub fn booted_again() -> Step {
    frame("boot_agent", Core::BootAgent)
}

/// The steps that come after `past` in a deployment, with the boots that those of the agent need.
pub fn with_boots(past: &[Step], steps: Vec<Step>) -> Vec<Step> {
    let mut is_up = past.iter().fold(false, |is_up, step| is_up_after(step, is_up));
    let mut plan = Vec::with_capacity(steps.len());
    for step in steps.into_iter().filter(|step| !is_boot_again(step)) {
        if needs_agent(&step) && !is_up {
            plan.push(booted_again());
            is_up = true;
        }
        is_up = is_up_after(&step, is_up);
        plan.push(step);
    }
    plan
}

/// Steps of the agent come after it was booted and before it is torn down.
pub fn check(steps: &[Step]) -> Result<(), String> {
    let named = |name: &str| steps.iter().position(|step| step.is(Interface::Deploy, name));
    let priority = |place: usize| steps.get(place).map_or(0, |step| step.priority);
    let boot = steps.iter().position(|step| step.by == By::Core(Core::BootAgent));
    let end = named(TEAR_DOWN);
    for (place, step) in steps.iter().enumerate().filter(|(_, step)| needs_agent(step)) {
        let wrong = match (boot, end) {
            (None, _) => {
                let what = "deploy.deploy, which boots the agent, is left out";
                format!("is carried out by the agent, and {what}: keep that, or leave out this step, too")
            }
            (Some(boot), _) if place < boot => format!(
                "has priority {}, and the agent that is to carry it out is booted at {}: give it 41 to 99",
                step.priority,
                priority(boot)
            ),
            (_, Some(end)) if place > end => format!(
                "has priority {}, and the agent that is to carry it out goes at {}: give it 41 to 99",
                step.priority,
                priority(end)
            ),
            _ => continue,
        };
        return Err(format!("deploy step {step} {wrong}"));
    }
    Ok(())
}

fn is_up_after(step: &Step, before: bool) -> bool {
    step.by == By::Core(Core::BootAgent) || (before && !ends_boot(step))
}

fn is_boot_again(step: &Step) -> bool {
    step.hidden && step.by == By::Core(Core::BootAgent)
}

/// Its own steps, and the one of the driver that has it install a boot loader.
fn needs_agent(step: &Step) -> bool {
    step.by == By::Agent || step.is(Interface::Deploy, INSTALLS_LOADER)
}

/// The step after which there is no agent.
const TEAR_DOWN: &str = "tear_down_agent";
const INSTALLS_LOADER: &str = "prepare_instance_boot";
