//! A machine that boots the same again and again: who waits for it waits no longer, and a person is told.
//!
//! Its boot is stopped, so that it cannot come to anything before somebody has looked at it: a wait for its agent would
//! only hide that until its end.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::base::secret::Secret;
use crate::flow::course::Course;
use crate::flow::{inspect, pipeline};
use crate::model::boot::again::{BootLoop, Looped};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::run::WaitFor;

/// Changes with each boot that is prepared, each change at the machine that somebody asked for, as of its power, and each
/// call of the agent.
pub fn mark(node: &Node) -> u64 {
    let beat = node.agent.as_ref().and_then(|agent| agent.last_heartbeat);
    let seen = node.agent_seen.as_ref().and_then(|seen| seen.last_heartbeat);
    let mut hasher = DefaultHasher::new();
    let token = node.boot_token.as_ref().map(Secret::reveal);
    (token, node.changes, beat.or(seen).map(|moment| moment.0)).hash(&mut hasher);
    hasher.finish()
}

/// Takes in a boot loop; one of a boot that is over by now changes nothing.
pub fn absorb(course: &mut Course<'_>, looping: &BootLoop) {
    if looping.mark != mark(&course.node) {
        return;
    }
    let why = sentence(looping);
    let node = course.node.label();
    match looping.what {
        Looped::Disk => course.note(Event::error("boot loop", format!("{why}; it is not held up"))),
        Looped::Instance => course.error(format!(
            "node {node}: {why}, so its boot is stopped. Look at its console and its instance; it may boot again after: \
             ferric node power {node} reboot"
        )),
        Looped::Agent => stopped(course, &format!("{why} without a call of its agent, so its boot is stopped")),
    }
}

fn stopped(course: &mut Course<'_>, why: &str) {
    let waits = course.node.wait.as_ref().map(|wait| wait.why);
    match waits.filter(|_| !course.node.wished.maintenance) {
        Some(WaitFor::FirstBeat | WaitFor::Beat | WaitFor::Installer) => {
            let text = format!("{why}; {LOOK}");
            pipeline::fail(course, &text);
        }
        Some(WaitFor::Inspection) => inspect::fail(course, why, MEND),
        Some(WaitFor::Look | WaitFor::Clock | WaitFor::Power | WaitFor::Mode) | None => {
            let node = course.node.label();
            course.error(format!(
                "node {node}: {why}; {LOOK}. It may boot again after: ferric node power {node} reboot"
            ));
        }
    }
}

fn sentence(looping: &BootLoop) -> String {
    let BootLoop { mac, what, boots, lasted, .. } = looping;
    let what = match what {
        Looped::Agent => "the ramdisk",
        Looped::Instance => "its instance",
        Looped::Disk => "its disk",
    };
    format!("the machine boots {what} again and again, {boots} times in {} s by NIC {mac}", lasted.as_secs())
}

const LOOK: &str = "look at its console, its memory and its network";
const MEND: &str = "Look at the machine's console, its memory and its network";
