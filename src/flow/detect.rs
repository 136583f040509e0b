//! A node whose deploy interface is `autodetect` has another one while it is worked on (contract `seeds-functions.md`
//! B10, B11).
//!
//! ```text
//! autodetect --deploy, adopt, tear down, clean, service begin--> direct, ramdisk, bootc ... (by its instance)
//!            <--cleaning or servicing ends, however, or is skipped; adoption fails--
//! ```
//! What it is meanwhile is in the record, as is what it was: a start of the daemon in between changes nothing.

use crate::flow::course::Course;
use crate::model::autodetect::{AUTODETECT, fitting};
use crate::model::journal::Event;
use crate::model::provision::Provision;

/// The interface that fits the instance stands in for `autodetect`. Nothing changes where another is named, or where one
/// stands in already.
pub fn switch(course: &mut Course<'_>) -> Result<(), String> {
    if course.node.wished.interfaces.deploy != AUTODETECT {
        return Ok(());
    }
    let fits = fitting(&course.node, course.facts.catalog)?.to_owned();
    course.note(Event::info("interface", format!("deploy interface {fits} stands in for {AUTODETECT}")));
    let was = std::mem::replace(&mut course.node.wished.interfaces.deploy, fits);
    course.node.original_deploy = Some(was);
    Ok(())
}

/// The same for an instance that may be another one than the last.
pub fn switch_anew(course: &mut Course<'_>) -> Result<(), String> {
    restore(course);
    switch(course)
}

/// Puts back what was switched.
pub fn restore(course: &mut Course<'_>) {
    let Some(original) = course.node.original_deploy.take() else { return };
    course.node.wished.interfaces.deploy = original;
}

/// The same after work that was lost: where its end would have done so.
pub fn restore_after(course: &mut Course<'_>, state: Provision) {
    if matches!(
        state,
        Provision::Cleaning
            | Provision::CleanWait
            | Provision::CleanHold
            | Provision::Servicing
            | Provision::ServiceWait
            | Provision::ServiceHold
    ) {
        restore(course);
    }
}
