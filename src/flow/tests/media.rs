//! Images in the drives of a BMC: asked for, refused, and told when that fails.

use super::stage::Stage;
use crate::model::bmc::panel::Medium;
use crate::model::boot::BootDevice;
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::turn::Failure;

fn insert() -> Ask {
    Ask::Insert(Medium { drive: BootDevice::Cdrom, url: "http://files/a.iso".to_owned() })
}

#[test]
fn an_image_is_refused_while_the_bmc_is_lost_and_nothing_changes() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.fault = Some(Fault::Power);
    let before = stage.node.clone();
    let refusal = stage.ask(&insert()).unwrap_err();
    assert!(matches!(&refusal, Refusal::Busy(why) if why.contains("n1") && why.contains("power failure")));
    assert_eq!((&stage.node, stage.owed.len()), (&before, 0));
    stage.node.fault = Some(Fault::Clean);
    stage.ask(&insert()).unwrap();
    assert_eq!(stage.pay_well(), Effect::Insert { drive: BootDevice::Cdrom });
}

#[test]
fn an_image_that_does_not_go_in_is_told_and_each_drive_is_emptied_by_itself() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.ask(&insert()).unwrap();
    stage.pay(Outcome::Failed(Failure::step("no such file")));
    let error = stage.error();
    assert!(["n1", "no such file", "ask for it again"].iter().all(|word| error.contains(word)), "{error}");
    assert!(stage.journal.iter().any(|event| event.event == "error" && event.text == error));
    assert_eq!(stage.node.medium("cdrom"), None, "it is not asked for any more");
    stage.ask(&Ask::Eject(vec![BootDevice::Cdrom, BootDevice::Floppy])).unwrap();
    assert_eq!(stage.error(), "");
    let eject = |drive| Effect::Eject { drive };
    assert_eq!(stage.pay_all(), [eject(BootDevice::Cdrom), eject(BootDevice::Floppy)]);
}
