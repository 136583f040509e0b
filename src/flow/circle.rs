//! Steps that go round in a circle: a driver that always wants one more reboot, an executable of the site that lies.

use crate::flow::course::Course;
use crate::flow::pipeline;
use crate::model::turn::Turn;

/// Counts what the current step does to the machine. One that has done it too often fails, and false comes back.
pub fn may_go_on(course: &mut Course<'_>, turn: &Turn) -> bool {
    let Some(run) = course.node.run.as_mut() else { return true };
    let (count, limit, what) = match turn {
        Turn::Act { .. } => (&mut run.changes, CHANGES_LIMIT, "changes of the machine"),
        Turn::Reboot { .. } => (&mut run.reboots, REBOOTS_LIMIT, "reboots"),
        Turn::Done(_) | Turn::Failed(_) | Turn::LookIn { .. } | Turn::Agent { .. } | Turn::Hold => {
            return true;
        }
    };
    if *count < limit {
        *count += 1;
        return true;
    }
    pipeline::fail(course, &format!("it goes round in a circle: after {limit} {what} it wants another one"));
    false
}

/// More than any step of a driver needs: one for each of a server's volumes, or of its components with firmware.
const CHANGES_LIMIT: u16 = 500;
/// One for each component whose firmware takes a reboot of its own.
const REBOOTS_LIMIT: u16 = 50;
