//! What steps leave behind of what is known of the firmware.

use crate::flow::course::Course;
use crate::model::decision::Row;
use crate::model::interface::Interface;
use crate::model::part::sheet::{Sheet, wished_settings};
use crate::model::step::Step;

/// The step is done. The fake BIOS has nobody to ask: what it was told is what is known, as in the reference.
pub fn step_done(course: &mut Course<'_>, step: &Step) {
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
