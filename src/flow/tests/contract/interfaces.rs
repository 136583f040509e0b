//! What a deploy interface does before, beside and after a deployment (section B).

use serde_json::json;

use crate::flow::tests::pipelines::deploying;
use crate::flow::tests::stage::{Stage, asked, in_band, object};
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::Boots;
use crate::model::catalog::{ArgSpec, StepSpec};
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::step::{AskedStep, Kind};
use crate::model::turn::{Failure, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };
const RESET: Effect = Effect::Power { wish: PowerWish::Reset, limit: 60 };
const FETCH: Effect = Effect::Boot(BootPart::Fetch);
const EJECT: Effect = Effect::Boot(BootPart::Eject);
const INSECURE: Effect = Effect::Boot(BootPart::Secure { on: false });

fn stage(deploy: &str, boot: &str, provision: Provision) -> Stage {
    let mut stage = Stage::at(deploy, provision);
    stage.node.wished.interfaces.boot = boot.to_owned();
    stage
}

/// Pays all; the machine boots in UEFI mode and has secure boot as it is wished.
fn pay_all(stage: &mut Stage) -> Vec<Effect> {
    let mut paid = Vec::new();
    while let Some(owed) = stage.owed.first() {
        let modes = if let Effect::Boot(BootPart::Mode { .. }) = owed.effect {
            Some(Modes { boot: Some(Mode::Uefi), secure: None })
        } else if let Effect::Boot(BootPart::Secure { on }) = owed.effect {
            Some(Modes { boot: None, secure: Some(on) })
        } else {
            None
        };
        paid.push(match modes {
            Some(modes) => stage.pay(Outcome::Modes(modes)),
            None => stage.pay_well(),
        });
    }
    paid
}

fn secure() -> crate::model::Object {
    object(json!({"capabilities": {"secure_boot": "true"}}))
}

/// An agent that was booted by the network for this work, and works at its first step.
fn agent_at_work(mut stage: Stage) -> Stage {
    if stage.looks.contains(&Look::Valid { deploy: false }) {
        stage.see(Seen::Valid(Vec::new()));
    }
    pay_all(&mut stage);
    if stage.node.agent.is_none() {
        stage.agent_comes();
    } else {
        stage.beat();
    }
    stage.see(in_band(&[("burnin_cpu", 0), ("erase_devices", 10)]));
    stage
}

#[test]
fn the_deployment_itself_is_done_when_its_agent_has_called_and_waits_until_then() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    assert_eq!((stage.step(), stage.state()), ("deploy", Provision::Deploying));
    stage.pay_all();
    assert_eq!((stage.step(), stage.state()), ("deploy", Provision::DeployWait));
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    stage.agent_comes();
    assert_eq!((stage.step(), stage.state()), ("fetch_steps", Provision::Deploying));
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.state(), Provision::Active, "where nothing is awaited it is done at once");
}

#[test]
fn tear_down_ends_the_instance_its_boot_and_its_settings() {
    let mut stage = stage("ramdisk", "medium", Provision::Active);
    (stage.node.boots, stage.node.power) = (Boots::Instance, Some(Power::On));
    stage.node.boot_token = Some(crate::base::secret::Secret::new("files"));
    stage.node.deploy_boot_mode = Some(Mode::Uefi);
    stage.node.wished.automated_clean = Some(false);
    stage.node.wished.instance_info = secure();
    stage.verb("deleted").unwrap();
    assert_eq!(pay_all(&mut stage), [OFF, EJECT, INSECURE]);
    let node = &stage.node;
    assert_eq!((stage.state(), node.boots, &node.boot_token), (Provision::Available, Boots::Nothing, &None));
    assert_eq!((node.deploy_boot_mode, node.power), (None, Some(Power::Off)));
}

#[test]
fn each_boot_of_a_step_fetches_its_files_anew() {
    let mut stage = stage("agent", "network", Provision::Available);
    let info = json!({"deploy_kernel": "http://10.0.0.9/k", "deploy_ramdisk": "http://10.0.0.9/r"});
    stage.node.wished.driver_info = object(info);
    stage.deploy(&[]).unwrap();
    stage.see(Seen::Valid(Vec::new()));
    let first = pay_all(&mut stage);
    assert_eq!((first.first(), first.last()), (Some(&FETCH), Some(&ON)));
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::Reboot { into: Boots::Ramdisk, memo: object(json!({})) });
    assert!(stage.node.agent.is_none(), "the agent of the boot before is nobody");
    assert_eq!(pay_all(&mut stage).len(), first.len(), "all is prepared again");
}

#[test]
fn a_failure_ends_the_boot_and_may_come_again() {
    let mut stage = stage("agent", "medium", Provision::Available);
    stage.node.wished.instance_info = secure();
    for _ in 0..2 {
        stage.deploy(&[]).unwrap();
        stage.see(Seen::Valid(Vec::new()));
        pay_all(&mut stage);
        stage.due();
        assert_eq!(stage.state(), Provision::DeployFail);
        let node = &stage.node;
        assert_eq!((node.boots, &node.boot_token, &node.wait), (Boots::Nothing, &None, &None));
        assert_eq!(pay_all(&mut stage), [OFF, EJECT, INSECURE]);
        assert_eq!(stage.node.agent, None);
    }
}

#[test]
fn what_an_instance_boots_is_the_same_after_a_start() {
    for (boots, token) in [(Boots::Instance, true), (Boots::Disk, false)] {
        let mut stage = Stage::at("ramdisk", Provision::Active);
        stage.node.boots = boots;
        stage.node.boot_token = token.then(|| crate::base::secret::Secret::new("files"));
        let before = stage.node.clone();
        stage.happen(&Happened::Opened);
        assert_eq!(stage.node, before);
        assert!(stage.owed.is_empty() && stage.looks.is_empty());
    }
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.node.boots = Boots::Nothing;
    stage.verb("adopt").unwrap();
    assert_eq!((stage.node.boots, &stage.node.boot_token), (Boots::Disk, &None));
}

#[test]
fn cleaning_has_its_agent_for_as_long_as_a_step_may_need_it() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert_eq!(stage.plan(), ["boot_agent", "fetch_steps", "power_off"]);
    stage.pay_all();
    assert_eq!((stage.state(), stage.waits_for()), (Provision::CleanWait, Some(WaitFor::FirstBeat)));
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert!(!stage.plan().contains(&"boot_agent") && stage.owed.is_empty(), "{:?}", stage.plan());
    for (step, boots) in [("bios.factory_reset", false), ("bios.flash", true), ("burnin_cpu", true)] {
        let mut stage = Stage::at("agent", Provision::Manageable);
        stage.manual("clean", &[step]).unwrap();
        assert_eq!((stage.plan().contains(&"boot_agent"), !stage.owed.is_empty()), (boots, boots), "{step}");
    }
}

#[test]
fn after_manual_cleaning_nothing_of_the_ramdisk_is_left() {
    let mut stage = stage("agent", "medium", Provision::Manageable);
    stage.node.wished.instance_info = secure();
    stage.manual("clean", &["burnin_cpu"]).unwrap();
    let mut stage = agent_at_work(stage);
    stage.turn(Turn::done());
    assert_eq!(pay_all(&mut stage), [OFF, EJECT, INSECURE]);
    let node = &stage.node;
    assert_eq!((stage.state(), node.power), (Provision::Manageable, Some(Power::Off)));
    assert_eq!((&node.agent, &node.boot_token, node.deploy_boot_mode), (&None, &None, None));
    assert_eq!(node.boots, Boots::Nothing);
}

#[test]
fn a_machine_that_never_is_off_stays_on_after_automated_cleaning() {
    let mut stage = stage("agent", "medium", Provision::Manageable);
    stage.node.wished.disable_power_off = true;
    stage.verb("provide").unwrap();
    let mut stage = agent_at_work(stage);
    while stage.state() == Provision::Cleaning && stage.owed.is_empty() {
        stage.turn(Turn::done());
    }
    assert_eq!(pay_all(&mut stage), [EJECT]);
    let node = &stage.node;
    assert_eq!((stage.state(), node.power), (Provision::Available, Some(Power::On)));
    assert_eq!((&node.agent, &node.boot_token, node.boots), (&None, &None, Boots::Nothing));
}

#[test]
fn a_heartbeat_goes_to_the_step_that_waits_for_it_in_each_kind() {
    let mut cleaned = Stage::at("agent", Provision::Manageable);
    cleaned.manual("clean", &["burnin_cpu"]).unwrap();
    let mut serviced = Stage::at("agent", Provision::Active);
    serviced.node.boots = Boots::Disk;
    serviced.manual("service", &["burnin_cpu"]).unwrap();
    let kinds = [deploying(), agent_at_work(cleaned), agent_at_work(serviced)];
    for mut stage in kinds {
        stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
        let (wait, state) = (stage.node.wait.clone().unwrap(), stage.state());
        let mut stranger = stage.good_beat();
        stranger.token = crate::base::secret::Secret::new("another");
        stage.happen(&Happened::Beat(stranger));
        assert_eq!((stage.looks.len(), stage.node.wait.as_ref()), (0, Some(&wait)), "{state}");
        stage.beat();
        let cursor = stage.node.run.as_ref().unwrap().cursor;
        assert_eq!(stage.looks, [Look::Step { cursor }], "{state}");
        assert!(stage.node.wait.as_ref().unwrap().number > wait.number, "{state}: it has its full time anew");
        stage.turn(Turn::done());
        assert_ne!(stage.node.run.as_ref().map(|run| run.cursor), Some(cursor), "{state}: it goes on");
    }
    let mut idle = Stage::at("agent", Provision::Active);
    idle.node.agent = deploying().node.agent;
    let before = idle.node.clone();
    idle.beat();
    assert_eq!(idle.node, before, "nobody waits for it");
}

#[test]
fn servicing_boots_what_its_steps_need_and_then_what_the_instance_is() {
    for (deploy, boots, step, plan) in [
        ("agent", Boots::Disk, "bios.factory_reset", vec!["factory_reset"]),
        (
            "agent",
            Boots::Disk,
            "burnin_cpu",
            vec!["boot_agent", "fetch_steps", "burnin_cpu", "power_off", "boot_instance"],
        ),
        ("ramdisk", Boots::Instance, "bios.factory_reset", vec!["factory_reset"]),
        (
            "ramdisk",
            Boots::Instance,
            "burnin_cpu",
            vec!["boot_agent", "fetch_steps", "burnin_cpu", "power_off", "boot_instance"],
        ),
    ] {
        let mut stage = stage(deploy, "network", Provision::Active);
        (stage.node.boots, stage.node.power) = (boots, Some(Power::On));
        let is_own = boots == Boots::Instance;
        stage.node.boot_token = is_own.then(|| crate::base::secret::Secret::new("files"));
        stage.manual("service", &[step]).unwrap();
        assert_eq!(stage.plan(), plan, "{deploy}");
        if plan.len() > 1 {
            stage = agent_at_work(stage);
        }
        stage.turn(Turn::done());
        let paid = pay_all(&mut stage);
        assert_eq!(paid.first() == Some(&OFF), plan.len() > 1, "{deploy} {step}: {paid:?}");
        assert_eq!((stage.state(), stage.node.boots), (Provision::Active, boots), "{deploy} {step}");
        assert_eq!((stage.node.power, &stage.node.agent), (Some(Power::On), &None), "{deploy} {step}");
        assert_eq!(stage.node.boot_token.is_some(), is_own, "{deploy} {step}: it is given its files again");
    }
    let mut stage = Stage::at("agent", Provision::Active);
    (stage.node.boots, stage.node.wished.disable_power_off) = (Boots::Disk, true);
    stage.manual("service", &["burnin_cpu"]).unwrap();
    let names = ["boot_agent", "fetch_steps", "burnin_cpu", "tear_down_agent", "boot_instance"];
    assert_eq!(stage.plan(), names, "what is never off is locked down");
    assert_eq!(stage.pay_all().last(), Some(&RESET));
}

#[test]
fn a_boot_setting_that_cannot_be_undone_is_told_and_the_failure_stays_what_it_was() {
    let mut stage = stage("agent", "medium", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.see(Seen::Valid(Vec::new()));
    pay_all(&mut stage);
    stage.due();
    let error = stage.error().to_owned();
    while !stage.owed.is_empty() {
        stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
    }
    assert_eq!((stage.state(), stage.error()), (Provision::DeployFail, error.as_str()));
    let told: Vec<_> = stage.journal.iter().filter(|event| event.text.contains("the BMC refuses")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn arguments_reach_the_step_as_they_were_named_and_a_missing_one_is_told() {
    const LEVEL: &[ArgSpec] = &[ArgSpec { name: "level", description: "RAID level.", required: true }];
    let level = object(json!({"level": "5"}));
    for (verb, word, from, kind) in [
        (Verb::Deploy, "active", Provision::Available, Kind::Deploy),
        (Verb::Clean, "clean", Provision::Manageable, Kind::Clean),
        (Verb::Service, "service", Provision::Active, Kind::Service),
    ] {
        for args in [level.clone(), object(json!({}))] {
            let mut stage = Stage::at("plain", from);
            stage.node.boots = Boots::Disk;
            let raid = (Interface::Raid, "x".to_owned());
            let steps = &mut stage.catalog.implementations.get_mut(&raid).unwrap().steps;
            let spec = StepSpec { kind, step: "levelled", args: LEVEL, ..steps[0].clone() };
            steps.push(spec);
            let step = AskedStep { args: args.clone(), ..asked(Interface::Raid, "levelled", 50) };
            let ask = ProvisionAsk { steps: vec![step], ..ProvisionAsk::new(verb, word) };
            let asked = stage.ask(&Ask::Provision(ask));
            if args.is_empty() {
                let why = asked.map_or_else(|refusal| refusal.to_string(), |_| stage.error().to_owned());
                assert!(why.contains("raid.levelled: argument \"level\" is required"), "{word}: {why}");
                continue;
            }
            let plan = &stage.node.run.as_ref().unwrap().plan;
            let step = plan.iter().find(|step| step.step == "levelled").unwrap();
            assert_eq!((&step.args, step.asked), (&level, true), "{word}");
        }
    }
}
