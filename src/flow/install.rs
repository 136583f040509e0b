//! An installer on the machine: it fetches and works by itself, and tells of it in heartbeats without an address, which
//! cannot be asked back (contract `steps.md` section 9, `agent.md` section 5).
//!
//! ```text
//! deploy: boot the installer -> start ... (each word renews the wait) -> end -> off, boot device, the disk
//!                                                                    \-> error, or silence -> deploy failed
//! ```

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::{pipeline, step};
use crate::model::boot::Boots;
use crate::model::journal::Event;
use crate::model::run::{Phase, Run, Wait, WaitFor};
use crate::model::step::{By, Core};

/// Boots it.
pub fn begin(course: &mut Course<'_>) {
    parts::into(course, Boots::Installer);
}

/// The machine is on. What the installer has told meanwhile counts.
pub fn await_word(course: &mut Course<'_>) {
    step::set_phase(course, Phase::FirstBeat);
    step::rest(course);
    let length = step::callback_timeout(course);
    course.wait(WaitFor::Installer, "the installer", length);
    told(course);
}

/// Whether a heartbeat is an installer's word.
pub fn is_under_way(course: &Course<'_>) -> bool {
    let step = course.node.run.as_ref().and_then(Run::step);
    step.is_some_and(|step| step.by == By::Core(Core::BootInstaller))
}

/// Goes by what it told last; in maintenance, and while the machine is switched on, that is only kept.
pub fn told(course: &mut Course<'_>) {
    let is_awaited = course.node.run.as_ref().is_some_and(|run| run.phase == Phase::FirstBeat);
    if !is_awaited || !is_under_way(course) || course.node.wished.maintenance {
        return;
    }
    let agent = course.node.agent.as_ref();
    let (status, message) = agent.map(|agent| (&agent.status, &agent.status_message)).unzip();
    let message: String =
        message.and_then(Option::as_deref).unwrap_or("nothing more").chars().take(SHOWN).collect();
    match status.and_then(Option::as_deref) {
        Some("end") => {
            course.note(Event::info("installer", format!("the installer has ended: {message}")));
            // Nothing of its boot is given out any more, and nobody is known by its token.
            course.drop_agent();
            course.node.boots = Boots::Disk;
            course.node.boot_token = None;
            step::work(course);
            step::core_done(course);
        }
        Some("error") => {
            pipeline::fail(course, &format!("the installer says: {message}"));
        }
        Some(_) => {
            course.note(Event::info("installer", format!("the installer tells: {message}")));
            course.renew_wait();
        }
        None => {}
    }
}

/// It has told nothing for the whole wait.
pub fn late(course: &mut Course<'_>, wait: &Wait) {
    let length = wait.length;
    let has_begun = course.node.agent.as_ref().is_some_and(|agent| agent.borne);
    let why = if has_begun {
        format!(
            "the installer has told nothing for {length} s since it began; look at its console, and whether its kickstart \
             template tells the end"
        )
    } else {
        format!(
            "no word of the installer within {length} s after power on; look at its console, its network and its kickstart \
             template"
        )
    };
    pipeline::fail(course, &why);
}

/// Characters of its message that are repeated.
const SHOWN: usize = 512;
