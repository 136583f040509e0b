//! What the agent's heartbeats set off in each kind of work, and what comes before and after it runs.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, asked, failed, in_band, object, offered};
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::flow;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{Agent, BootDevice, Boots};
use crate::model::decision::Fate;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::step::{AskedStep, Step};
use crate::model::turn::{Failure, FailureKind, InBand, InBandSteps, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };
const PXE: Effect = Effect::BootDevice { device: BootDevice::Pxe, persistent: false };

/// Work of each kind whose ramdisk is awaited.
fn booting() -> Vec<(&'static str, Stage)> {
    let mut deploy = Stage::at("agent", Provision::Available);
    deploy.deploy(&[]).unwrap();
    let mut clean = Stage::at("agent", Provision::Manageable);
    clean.verb("provide").unwrap();
    let mut manual = Stage::at("agent", Provision::Manageable);
    manual.manual("clean", &["burnin_cpu"]).unwrap();
    let mut service = Stage::at("agent", Provision::Active);
    service.node.boots = Boots::Disk;
    service.manual("service", &["burnin_cpu"]).unwrap();
    let mut all = vec![("deploy", deploy), ("clean", clean), ("manual clean", manual), ("service", service)];
    for (_, stage) in &mut all {
        stage.pay_all();
    }
    all
}

/// The same with its agent at a step.
fn working() -> Vec<(&'static str, Stage)> {
    let mut all = booting();
    for (_, stage) in &mut all {
        stage.agent_comes();
        stage.see(in_band(&[("burnin_cpu", 0), ("erase_devices", 50)]));
        stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    }
    all
}

fn current(stage: &Stage) -> &Step {
    stage.node.run.as_ref().and_then(|run| run.step()).unwrap()
}

#[test]
fn beats_count_in_the_states_that_expect_them_and_at_rest_only_with_fast_track() {
    let expect = [
        "deploying",
        "wait call-back",
        "deploy hold",
        "cleaning",
        "clean wait",
        "clean hold",
        "rescuing",
        "rescue wait",
        "servicing",
        "service wait",
        "service hold",
    ];
    for state in Provision::all() {
        for fast in [false, true] {
            let mut stage = Stage::at("agent", state);
            stage.policy.fast_track = fast;
            stage.node.agent = Some(Agent::unused(Secret::new("t"), false));
            let beat = Happened::Beat(stage.good_beat());
            let decision = stage.explain(|node, facts| flow::absorb(node, &beat, facts));
            let is_heard = match decision.fate {
                Fate::Next(node) => node.agent.is_some_and(|agent| agent.last_heartbeat.is_some()),
                Fate::Same | Fate::Removed => false,
            };
            let rests = ["enroll", "manageable", "available"].contains(&state.name());
            assert_eq!(is_heard, expect.contains(&state.name()) || (fast && rests), "{state}, fast {fast}");
        }
    }
}

#[test]
fn a_beat_is_written_down_whole() {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.pass(30);
    let mut beat = stage.good_beat();
    (beat.version, beat.status) = (Some("13.1.0".to_owned()), Some("start".to_owned()));
    beat.status_message = Some("well".to_owned());
    stage.happen(&Happened::Beat(beat.clone()));
    let agent = stage.node.agent.clone().unwrap();
    assert_eq!((agent.url, agent.version, agent.verify_ca), (Some(beat.url), beat.version, beat.verify_ca));
    assert_eq!((agent.status, agent.status_message, agent.borne), (beat.status, beat.status_message, true));
    let at = agent.last_heartbeat.unwrap();
    assert!(at > Moment(30_000_000));
    assert_eq!(stage.node.provision_updated_at, Some(at), "the clock of the state is touched");
}

#[test]
fn the_first_beat_has_the_steps_asked_for_and_the_next_ones_look_at_the_step() {
    for (kind, mut stage) in booting() {
        assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat), "{kind}");
        stage.agent_comes();
        assert_eq!(
            (stage.step(), stage.looks.as_slice()),
            ("fetch_steps", &[Look::AgentSteps][..]),
            "{kind}"
        );
        stage.see(in_band(&[("burnin_cpu", 0), ("erase_devices", 50)]));
        let versions = object(json!({"generic_hardware_manager": "1.2"}));
        assert_eq!(
            stage.node.run.as_ref().unwrap().versions,
            versions,
            "{kind}: they are sent with each step"
        );
        assert_eq!(stage.looks, [Look::Step { cursor: 2 }], "{kind}");
        stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
        let before = stage.node.wait.clone().unwrap();
        stage.pass(100);
        stage.beat();
        assert_eq!(stage.looks, [Look::Step { cursor: 2 }], "{kind}");
        assert!(stage.node.wait.as_ref().unwrap().number > before.number, "{kind}: its time begins anew");
    }
}

#[test]
fn while_a_step_has_its_own_pace_beats_are_only_written_down() {
    for (kind, mut stage) in working() {
        stage.beat();
        stage.turn(Turn::LookIn { after: 60, memo: object(json!({"task": "7"})) });
        let wait = stage.node.wait.clone();
        assert_eq!((stage.phase(), wait.as_ref().unwrap().length), (Some(Phase::Later), 60), "{kind}");
        stage.beat();
        assert_eq!((stage.looks.len(), &stage.node.wait), (0, &wait), "{kind}");
        stage.due();
        assert_eq!(stage.looks, [Look::Step { cursor: 2 }], "{kind}");
        assert_eq!(stage.node.run.as_ref().unwrap().memo, object(json!({"task": "7"})), "{kind}");
    }
}

#[test]
fn an_end_of_another_wait_changes_nothing() {
    for (kind, mut stage) in working() {
        let (before, old) = (stage.node.clone(), stage.node.wait.as_ref().unwrap().number - 1);
        stage.happen(&Happened::Due { wait: old });
        assert_eq!((&stage.node, stage.looks.len()), (&before, 0), "{kind}");
    }
}

#[test]
fn each_kind_waits_as_long_as_its_option_says() {
    let limits = |stage: &mut Stage| {
        stage.policy.deploy_callback_timeout = 101;
        stage.policy.clean_callback_timeout = 102;
        stage.policy.service_callback_timeout = 103;
        stage.policy.rescue.callback_timeout = 104;
    };
    let mut deploy = Stage::at("agent", Provision::Available);
    limits(&mut deploy);
    deploy.deploy(&[]).unwrap();
    let mut clean = Stage::at("agent", Provision::Manageable);
    limits(&mut clean);
    clean.verb("provide").unwrap();
    let mut service = Stage::at("agent", Provision::Active);
    limits(&mut service);
    service.manual("service", &["burnin_cpu"]).unwrap();
    let mut rescue = Stage::at("agent", Provision::Active);
    limits(&mut rescue);
    rescue.node.wished.interfaces.rescue = "agent".to_owned();
    rescue.verb("rescue").unwrap();
    for (mut stage, length, failed) in [
        (deploy, 101, Provision::DeployFail),
        (clean, 102, Provision::CleanFail),
        (service, 103, Provision::ServiceFail),
        (rescue, 104, Provision::RescueFail),
    ] {
        stage.pay_all();
        assert_eq!(stage.node.wait.as_ref().unwrap().length, length, "{failed}");
        stage.due();
        assert_eq!(stage.state(), failed);
        assert!(stage.error().contains(&format!("{length} s")), "{}", stage.error());
    }
}

#[test]
fn a_step_of_another_interface_is_another_step() {
    for word in ["clean", "service"] {
        let from = if word == "clean" { Provision::Manageable } else { Provision::Active };
        let mut stage = Stage::at("agent", from);
        stage.node.boots = Boots::Disk;
        stage.manual(word, &["management.burnin_cpu"]).unwrap();
        stage.pay_all();
        stage.agent_comes();
        stage.see(in_band(&[("burnin_cpu", 0)]));
        assert!(stage.state().traits().failure, "{word}: the agent has it of another interface");
        let why = format!("neither the driver nor the agent has a {word} step management.burnin_cpu");
        assert!(stage.error().contains(&why), "{}", stage.error());
        assert_eq!(stage.node.fault, None, "{word}: nothing was run");
    }
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[asked(Interface::Management, "write_image", 70)]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("write_image", 0)]));
    assert!(stage.error().contains("management.write_image"), "{}", stage.error());
}

#[test]
fn a_step_of_the_driver_is_none_of_another_interface() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.manual("clean", &["deploy.factory_reset"]).unwrap();
    assert_eq!(stage.state(), Provision::CleanFail, "the driver has it for bios");
    assert!(stage.error().contains("no clean step deploy.factory_reset"), "{}", stage.error());
}

#[test]
fn what_both_driver_and_agent_have_is_run_once_and_the_heavier_interface_goes_first() {
    let offers = |interface, step| InBand { interface, ..offered(step, 10) };
    let steps = vec![
        offers(Interface::Deploy, "erase_devices"),
        offers(Interface::Bios, "factory_reset"),
        offers(Interface::Power, "cycle"),
        offers(Interface::Vendor, "blink"),
    ];
    let told = Seen::Steps(InBandSteps { steps, ..InBandSteps::default() });
    let mut clean = Stage::at("agent", Provision::Manageable);
    clean.verb("provide").unwrap();
    clean.pay_all();
    clean.agent_comes();
    clean.see(told);
    let expected = ["blink", "cycle", "erase_devices", "factory_reset", "delete_configuration", "power_off"];
    assert_eq!(clean.plan()[2..], expected);

    let mut deploy = Stage::at("agent", Provision::Available);
    deploy.deploy(&[]).unwrap();
    deploy.pay_all();
    deploy.agent_comes();
    deploy.see(in_band(&[("write_image", 80), ("prepare_instance_boot", 60)]));
    for name in ["write_image", "prepare_instance_boot"] {
        assert_eq!(deploy.plan().iter().filter(|one| **one == name).count(), 1, "{name}");
    }
}

#[test]
fn the_steps_of_the_agent_have_the_rules_that_it_told() {
    let step = InBand {
        abortable: false,
        reboot_requested: true,
        required: vec!["level".to_owned()],
        known: vec!["level".to_owned()],
        ..offered("burnin_cpu", 0)
    };
    let offers = Seen::Steps(InBandSteps { steps: vec![step], ..InBandSteps::default() });
    for (kind, mut stage) in booting().into_iter().skip(2) {
        stage.agent_comes();
        stage.see(offers.clone());
        assert!(stage.error().contains("argument \"level\" is required"), "{kind}: {}", stage.error());
        assert!(stage.error().contains("deploy.burnin_cpu"), "{kind}: {}", stage.error());
    }
    let mut stage = Stage::at("agent", Provision::Manageable);
    let mut ask = AskedStep { priority: None, ..asked(Interface::Deploy, "burnin_cpu", 0) };
    ask.args.insert("level".to_owned(), json!(1));
    let ask = ProvisionAsk { steps: vec![ask], ..ProvisionAsk::new(Verb::Clean, "clean") };
    stage.ask(&Ask::Provision(ask)).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(offers);
    let step = current(&stage);
    assert_eq!((step.abortable, step.reboot_after, step.args["level"].clone()), (false, true, json!(1)));
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [OFF, PXE, ON], "the boot that it asked for comes before what is next");
}

#[test]
fn services_are_asked_for_whatever_priority_the_agent_gives_them_and_nothing_else_runs() {
    let mut stage = booting().pop().unwrap().1;
    stage.agent_comes();
    stage.see(in_band(&[("burnin_cpu", 0), ("erase_devices", 10)]));
    assert_eq!(stage.plan()[2..], ["burnin_cpu", "power_off", "boot_instance"]);
}

#[test]
fn automated_cleaning_runs_what_has_a_priority_and_manual_cleaning_what_is_named() {
    let offers = in_band(&[("burnin_cpu", 0), ("erase_devices", 10)]);
    let mut all = booting();
    let (mut manual, mut clean) = (all.remove(2).1, all.remove(1).1);
    clean.agent_comes();
    clean.see(offers.clone());
    assert!(clean.plan().contains(&"erase_devices") && !clean.plan().contains(&"burnin_cpu"));
    assert!(!clean.plan().contains(&"create_configuration"), "the driver's of priority 0 neither");
    manual.agent_comes();
    manual.see(offers);
    assert_eq!(manual.plan()[2..], ["burnin_cpu", "power_off"]);
}

#[test]
fn a_lost_step_is_never_taken_for_done() {
    for kind in [FailureKind::Lost, FailureKind::Version] {
        for (work, mut stage) in working() {
            let step = stage.step().to_owned();
            stage.beat();
            stage.turn(failed(kind));
            assert!(
                !stage.journal.iter().any(|event| event.text.ends_with(&format!("{step} is done"))),
                "{work}"
            );
            let cursor = stage.node.run.as_ref().unwrap().cursor;
            let left: Vec<_> = stage.plan().into_iter().skip(cursor).collect();
            assert!(left.contains(&step.as_str()), "{work} {kind:?}: {left:?}");
        }
    }
}

#[test]
fn a_cleaning_that_failed_leaves_the_machine_on_unless_the_site_wants_it_off() {
    for (wanted, clean, service) in [(false, false, false), (true, true, false), (true, false, true)] {
        for (kind, mut stage) in working().into_iter().skip(1) {
            stage.policy.poweroff_in_cleanfail = wanted && clean;
            stage.policy.poweroff_in_servicefail = wanted && service;
            stage.beat();
            stage.turn(Turn::failed("too hot"));
            let fault = if kind == "service" { Fault::Service } else { Fault::Clean };
            assert_eq!((stage.node.fault, stage.node.wished.maintenance), (Some(fault), true), "{kind}");
            let is_off = stage.pay_all().contains(&OFF);
            assert_eq!(is_off, if kind == "service" { service } else { clean }, "{kind}");
            assert_eq!(stage.node.power, Some(if is_off { Power::Off } else { Power::On }), "{kind}");
        }
    }
}

#[test]
fn servicing_switches_off_before_it_brings_the_agent_and_boots_what_the_instance_is() {
    let insert = Effect::Boot(BootPart::Insert);
    let eject = Effect::Boot(BootPart::Eject);
    for (deploy, boots) in [("agent", Boots::Disk), ("ramdisk", Boots::Instance)] {
        let mut stage = Stage::at(deploy, Provision::Active);
        stage.node.wished.interfaces.boot = "medium".to_owned();
        (stage.node.boots, stage.node.power) = (boots, Some(Power::On));
        stage.manual("service", &["burnin_cpu"]).unwrap();
        stage.see(Seen::Valid(Vec::new()));
        let paid = stage.pay_all();
        assert_eq!((&paid[0], &paid[1], paid.last()), (&OFF, &insert, Some(&ON)), "{deploy}");
        assert!(paid.contains(&Effect::Boot(BootPart::Device { lasts: false })), "{deploy}: {paid:?}");
        assert_eq!((stage.state(), stage.node.boots), (Provision::ServiceWait, Boots::Ramdisk), "{deploy}");
        stage.beat();
        stage.see(in_band(&[("burnin_cpu", 0)]));
        stage.turn(Turn::done());
        let back = stage.pay_all();
        assert_eq!((&back[..2], back.last()), (&[OFF, eject.clone()][..], Some(&ON)), "{deploy}");
        assert_eq!(back.contains(&insert), boots == Boots::Instance, "{deploy}: {back:?}");
        assert_eq!((stage.state(), stage.node.boots), (Provision::Active, boots), "{deploy}");
        assert_eq!(stage.node.boot_token.is_some(), boots == Boots::Instance, "{deploy}");
        assert!(stage.node.agent.is_none());
    }
}

#[test]
fn a_node_in_use_is_left_as_it_is_when_the_daemon_starts() {
    for (deploy, boots) in [
        ("agent", Boots::Disk),
        ("ramdisk", Boots::Instance),
        ("anaconda", Boots::Disk),
        ("plain", Boots::Disk),
    ] {
        let mut stage = Stage::at(deploy, Provision::Active);
        stage.node.wished.interfaces.boot = "medium".to_owned();
        (stage.node.boots, stage.node.power) = (boots, Some(Power::On));
        stage.node.boot_token = (boots == Boots::Instance).then(|| Secret::new("files"));
        let before = stage.node.clone();
        stage.happen(&Happened::Opened);
        assert_eq!((&stage.node, stage.owed.len(), stage.looks.len()), (&before, 0, 0), "{deploy}");
    }
}

#[test]
fn leaving_the_network_is_a_step_of_its_own_between_the_agents_end_and_the_instance() {
    let mut stage = deploying();
    let plan = &stage.node.run.as_ref().unwrap().plan;
    let step = plan.iter().find(|step| step.step == "switch_to_tenant_network").unwrap();
    assert_eq!((step.interface, step.priority, step.hidden), (Interface::Deploy, 30, false));
    for name in ["write_image", "prepare_instance_boot", "tear_down_agent"] {
        assert_eq!(stage.step(), name);
        stage.turn(Turn::done());
    }
    assert_eq!((stage.step(), stage.state()), ("boot_instance", Provision::Deploying));
    let told: Vec<_> = stage
        .journal
        .iter()
        .map(|event| event.text.as_str())
        .filter(|text| text.contains("_network"))
        .collect();
    assert_eq!(told, ["deploy step deploy.switch_to_tenant_network begins"], "it is seen to happen");
    assert_eq!(
        stage.owed.iter().map(|owed| &owed.effect).collect::<Vec<_>>(),
        [&ON],
        "only power is owed then"
    );
}

#[test]
fn an_instance_that_is_not_started_fails_its_deployment_by_the_name_of_the_step() {
    let mut stage = deploying();
    for _ in 0..2 {
        stage.turn(Turn::done());
    }
    stage.turn(Turn::Done(object(json!({"power": "power off"}))));
    stage.pay(Outcome::Failed(Failure::step("the BMC says no")));
    assert_eq!(stage.state(), Provision::DeployFail);
    let error = stage.error();
    let words = ["node n1", "step deploy.boot_instance", "the BMC says no", "deploy it again"];
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    assert!(!stage.owed.iter().any(|owed| owed.effect == Effect::Logs), "its agent has gone");
}
