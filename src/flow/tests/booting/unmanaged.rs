//! `[agent] manage_agent_boot = false`: the site brings the agent by a mechanism of its own; machines are only started anew.

use serde_json::json;

use super::{EJECT, INSERT, OFF, ON, TELL_MODE, pay_all, stage, valid, written};
use crate::flow::tests::stage::{Stage, in_band};
use crate::model::boot::Boots;
use crate::model::decision::ask::{Answer, Ask, ProvisionAsk, TokenAnswer};
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::{Outcome, Seen, Verdict};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::{Failure, Turn};

fn unmanaged(deploy: &str, provision: Provision) -> Stage {
    let mut stage = stage(deploy, "medium", provision);
    stage.policy.agent.manage_boot = false;
    stage
}

/// The boot interface has nothing that it could boot.
fn cannot_boot() -> Seen {
    let reason = Some("there is no ramdisk".to_owned());
    Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }])
}

#[test]
fn a_machine_is_only_started_anew_where_the_site_boots_agents_its_own_way() {
    let mut stage = unmanaged("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.looks, [], "what its boot interface could boot does not matter");
    assert_eq!(pay_all(&mut stage), [OFF, ON]);
    assert_eq!((stage.node.boots, stage.waits_for()), (Boots::Ramdisk, Some(WaitFor::FirstBeat)));
    assert_eq!((&stage.node.boot_token, &stage.node.agent), (&None, &None), "nothing of ours is brought");
    assert!(matches!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Plain(_))), "it has no token yet");
    written(&mut stage);
    assert_eq!(pay_all(&mut stage), [ON], "nor is anything of ours taken away");
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
}

#[test]
fn what_the_site_has_brought_stays_after_cleaning_and_after_a_failure() {
    let mut stage = unmanaged("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert_eq!(pay_all(&mut stage), [OFF, ON]);
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::done());
    stage.turn(Turn::done());
    assert_eq!(pay_all(&mut stage), [OFF], "no drive is emptied");
    assert_eq!(stage.state(), Provision::Available);

    stage.deploy(&[]).unwrap();
    stage.pay_well();
    stage.pay(Outcome::Failed(Failure::step("it refuses")));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(!pay_all(&mut stage).contains(&EJECT));
}

#[test]
fn a_boot_interface_that_cannot_boot_is_no_reason_then() {
    let deploy = Ask::Provision(ProvisionAsk::new(Verb::Deploy, "active"));
    let provide = Ask::Provision(ProvisionAsk::new(Verb::Provide, "provide"));
    for (ask, state) in [(deploy, Provision::Available), (provide, Provision::Manageable)] {
        unmanaged("agent", state).ask_seen(&ask, &[cannot_boot()]).unwrap();
        let mut managed = stage("agent", "medium", state);
        let why = managed.ask_seen(&ask, &[cannot_boot()]).unwrap_err().to_string();
        assert!(why.contains("there is no ramdisk"), "{why}");
        assert_eq!(managed.state(), state);
        let mut own = unmanaged("ramdisk", state);
        own.ask_seen(&ask, &[cannot_boot()]).unwrap_err();
        assert_eq!(own.state(), state, "an instance that boots itself is booted by the boot interface");
    }
}

#[test]
fn an_instance_that_boots_itself_has_its_cleaning_booted_too() {
    let mut stage = unmanaged("ramdisk", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert_eq!(stage.see(valid()), Look::Valid { deploy: false });
    assert!(pay_all(&mut stage).contains(&INSERT));
    assert!(stage.node.boot_token.is_some());
}

#[test]
fn servicing_and_rescue_start_the_machine_anew_and_the_instance_boots_as_ever() {
    for deploy in ["agent", "ramdisk"] {
        let mut stage = unmanaged(deploy, Provision::Active);
        stage.node.boots = Boots::Disk;
        stage.manual("service", &["burnin_cpu"]).unwrap();
        assert_eq!(pay_all(&mut stage), [OFF, ON], "{deploy}");
        stage.agent_comes();
        stage.see(in_band(&[("burnin_cpu", 0)]));
        stage.turn(Turn::done());
        let back = pay_all(&mut stage);
        assert!(back.first() == Some(&OFF) && back.last() == Some(&ON), "{back:?}");
        assert!(deploy != "agent" || (back.contains(&EJECT) && back.contains(&TELL_MODE)), "{back:?}");
        assert_eq!(stage.state(), Provision::Active);
    }
    let mut stage = unmanaged("agent", Provision::Active);
    stage.node.boots = Boots::Disk;
    stage.node.wished.interfaces.rescue = "agent".to_owned();
    stage.verb("rescue").unwrap();
    assert_eq!(pay_all(&mut stage), [OFF, ON]);
    stage.agent_comes();
    stage.turn(Turn::done());
    assert_eq!(pay_all(&mut stage), [], "the drives are left as they are");
    assert_eq!(stage.state(), Provision::Rescue);
    stage.verb("unrescue").unwrap();
    let back = pay_all(&mut stage);
    assert!(back.contains(&EJECT) && back.contains(&TELL_MODE), "the instance boots as ever: {back:?}");
}

#[test]
fn it_never_is_off_and_is_reset_once() {
    let mut stage = unmanaged("agent", Provision::Available);
    stage.node.wished.disable_power_off = true;
    stage.node.wished.instance_info.insert("image_source".to_owned(), json!("http://h/i"));
    stage.deploy(&[]).unwrap();
    let reset = crate::model::decision::effect::Effect::Power {
        wish: crate::model::bmc::power::PowerWish::Reset,
        limit: 60,
    };
    assert_eq!(pay_all(&mut stage), [reset]);
}
