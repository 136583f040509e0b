//! What steps leave behind of what is known of the firmware.

use crate::flow::course::Course;
use crate::model::Object;
use crate::model::decision::Row;
use crate::model::decision::effect::Look;
use crate::model::interface::Interface;
use crate::model::part::sheet::{Sheet, wished_settings};
use crate::model::step::Step;

/// What was read of the firmware takes the place of what was known.
pub fn take(course: &mut Course<'_>, sheets: &[Sheet]) {
    for sheet in sheets {
        course.row(Row::Sheet(Box::new(sheet.clone())));
    }
}

/// Wishes a look at what is known of the firmware, where an interface tells it. Nothing waits for it.
pub fn look(course: &mut Course<'_>) {
    let interfaces = &course.node.wished.interfaces;
    let tells = |interface: Interface| {
        let found = course.facts.catalog.implementation(interface, interfaces.of(interface));
        found.is_some_and(|found| found.tells_sheet)
    };
    if tells(Interface::Bios) || tells(Interface::Firmware) {
        course.wish(Look::Sheets);
    }
}

/// The step is done: what it read is kept. The fake BIOS has nobody to ask: what it was told is what is known, as in
/// the reference.
pub fn step_done(course: &mut Course<'_>, step: &Step, result: &Object) {
    take(course, &Sheet::of(result));
    if step.interface != Interface::Bios || course.node.wished.interfaces.bios != "fake" {
        return;
    }
    let sheet = match step.step.as_str() {
        "apply_configuration" => wished_settings(&step.args).ok().map(Sheet::Wished),
        "factory_reset" => Some(Sheet::Settings(Vec::new())),
        _ => None,
    };
    if let Some(sheet) = sheet {
        course.row(Row::Sheet(Box::new(sheet)));
    }
}
