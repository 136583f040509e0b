//! Cuts: each pipeline is cut before and after every commit and around every call, and ends as if nothing had
//! been.

mod steps;
mod ways;

use std::time::Duration;

use serde_json::json;

use super::cut::Point;
use super::machine::Traces;
use super::rig::{LONG, Rig, id};
use crate::base::mac::Mac;
use crate::base::secret::Secret;
use crate::model::bmc::panel::Mode;
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::boot::Boots;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::inspection::Inventory;
use crate::model::interface::Interface;
use crate::model::moves::{Target, Verb};
use crate::model::node::{Fault, Node};
use crate::model::provision::Provision;
use crate::model::rescue::RescuePassword;
use crate::model::runbook::Runbook;
use crate::model::step::AskedStep;

/// One thing that a client does: when, what, and how it sees that it was taken.
struct Wish {
    when: fn(&Node) -> bool,
    ask: fn() -> Ask,
    taken: fn(&Node) -> bool,
}

/// A pipeline to be cut.
struct Scene {
    deploy: &'static str,
    /// The machine is of metal and has an agent; else it is a fake of the drivers.
    metal: bool,
    /// It has a BMC with virtual media, and boots in BIOS mode what is to boot in UEFI mode.
    wired: bool,
    start: Provision,
    wishes: &'static [Wish],
    end: Provision,
    /// What else is so: of the policy, of the machine, of the node, which is the first, and of others.
    setup: fn(&mut Rig, &mut Vec<Node>),
    runbook: Option<fn() -> Runbook>,
}

impl Scene {
    /// Whether a machine of metal is inspected: its ramdisk tells, for its BMC does not.
    fn rescues(&self) -> bool {
        self.wishes.iter().any(|wish| matches!((wish.ask)(), Ask::Provision(ask) if ask.verb == Verb::Rescue))
    }

    fn tells(&self) -> bool {
        self.metal && self.wishes.iter().any(|wish| (wish.ask)() == provision("inspect"))
    }
}

/// How it all ended.
#[derive(Debug, PartialEq)]
struct End {
    provision: Provision,
    target: Option<Provision>,
    power: Option<Power>,
    boots: Boots,
    error: Option<String>,
    fault: Option<Fault>,
    instance: crate::model::Object,
    properties: crate::model::Object,
    ports: Vec<(Mac, bool)>,
    inventory: Option<Inventory>,
    reserved: bool,
    machine: Option<(Power, Traces)>,
    fake: Option<Power>,
    deploy: String,
    /// The machine of another node.
    other: Option<(Power, Traces)>,
}

fn provision(word: &str) -> Ask {
    Ask::Provision(ProvisionAsk::new(Target::parse(word).unwrap().verb, word))
}

fn is_at_rest(node: &Node) -> bool {
    node.run.is_none() && !node.reserved && node.wait.is_none()
}

async fn prepare(scene: &Scene, points: [Point; 2]) -> Rig {
    let mut rig = Rig::new();
    rig.next = points[1];
    let mut node = rig.node(1, scene.deploy, scene.start);
    node.wished.instance_info = json!({"image_source": "http://10.0.0.1/image"}).as_object().unwrap().clone();
    if scene.wired {
        node.wished.interfaces.boot = "redfish-virtual-media".to_owned();
        let mode = json!({"capabilities": "boot_mode:uefi", "cpu_arch": "x86_64"});
        node.wished.properties = mode.as_object().unwrap().clone();
    }
    if scene.tells() {
        node.wished.interfaces.inspect = "agent".to_owned();
    }
    if scene.rescues() {
        node.boots = Boots::Disk;
        node.wished.interfaces.rescue = if scene.metal { "agent" } else { "fake" }.to_owned();
    }
    if scene.metal {
        rig.world.add(id(1), Power::Off);
        rig.world.machine(id(1), |one| {
            (one.wired, one.tells) = (scene.wired, scene.tells());
            one.traces.mode = if scene.wired { Mode::Bios } else { Mode::Uefi };
        });
    }
    let mut nodes = vec![node];
    (scene.setup)(&mut rig, &mut nodes);
    rig.put(nodes).await;
    if let Some(runbook) = scene.runbook {
        rig.keep(runbook()).await;
    }
    rig.start(points[0]);
    rig
}

/// Lets time go on until `done` or the power fails; a cut daemon is started anew.
async fn onward(rig: &mut Rig, done: impl Fn(&Node) -> bool) -> bool {
    let cut = rig.cut().clone();
    let came =
        rig.clock.run_until(LONG, || cut.is_dead() || rig.seen(1).is_some_and(|node| done(&node))).await;
    assert!(came, "it never comes: {:#?}\n{:#?}", rig.seen(1), cut.log());
    if !cut.is_dead() {
        return true;
    }
    rig.start_again().await;
    false
}

async fn wish(rig: &mut Rig, wish: &Wish) {
    while !onward(rig, |node| (wish.when)(node) || (wish.taken)(node)).await {}
    let mut answered = false;
    loop {
        let node = rig.seen(1).unwrap();
        if (wish.taken)(&node) {
            return;
        }
        assert!(!answered, "what was answered did not hold: {node:#?}");
        let asking = rig.asking(1, (wish.ask)());
        let cut = rig.cut().clone();
        rig.clock.run_until(Duration::from_mins(1), || asking.is_finished() || cut.is_dead()).await;
        if cut.is_dead() {
            rig.clock.settle().await;
            let kept = asking.is_finished();
            rig.start_again().await;
            answered = kept && asking.await.unwrap().is_ok();
        } else {
            answered = asking.await.unwrap().is_ok();
        }
        rig.clock.settle().await;
    }
}

async fn play(scene: &Scene, points: [Point; 2]) -> (End, Vec<String>, usize, usize) {
    let mut rig = prepare(scene, points).await;
    let first = rig.cut().clone();
    for one in scene.wishes {
        wish(&mut rig, one).await;
    }
    let end = scene.end;
    while !onward(&mut rig, |node| is_at_rest(node) && node.provision == end).await {}
    rig.clock.pass(Duration::from_mins(10)).await;
    while rig.cut().is_dead() {
        rig.start_again().await;
        rig.clock.pass(Duration::from_mins(10)).await;
    }
    let node = rig.seen(1).unwrap();
    let seen = End {
        provision: node.provision,
        target: node.target_provision,
        power: node.power,
        boots: node.boots,
        error: node.last_error.clone(),
        fault: node.fault,
        instance: node.wished.instance_info.clone(),
        properties: node.wished.properties.clone(),
        ports: rig.ports(1),
        inventory: rig.inventory(1),
        reserved: node.reserved,
        machine: rig.world.machine(id(1), |one| {
            let mut traces = one.traces.clone();
            if scene.rescues() || rig.policy.fast_track {
                // Who may have the password and is silent boots once more; so does an agent of before the cut.
                traces.switched = (0, 0);
            }
            (one.power, without_secrets(traces))
        }),
        deploy: node.wished.interfaces.deploy.clone(),
        other: rig.world.machine(id(2), |one| (one.power, without_secrets(one.traces.clone()))),
        fake: rig.fake.seen(id(1)).map(|one| one.power).filter(|_| !scene.metal),
    };
    assert!(is_at_rest(&node), "{node:#?}");
    assert_eq!(rig.owed(), 0);
    let result = (seen, first.log(), first.commits(), first.calls());
    rig.stop().await;
    result
}

/// Which secret a medium bears depends on how often one was made.
fn without_secrets(traces: Traces) -> Traces {
    Traces { cd: traces.cd.map(|_| Secret::new("a medium")), ..traces }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// Cuts the scene everywhere.
fn cut_everywhere(scene: &Scene) {
    cut_twice(scene, &[Point::Never]);
}

/// Cuts the scene everywhere, and the life after it at each of these points.
fn cut_twice(scene: &Scene, then: &[Point]) {
    let (right, log, commits, calls) = run(play(scene, [Point::Never; 2]));
    let at_commits = (1..=commits).flat_map(|k| [Point::BeforeCommit(k), Point::AfterCommit(k)]);
    let at_calls =
        (1..=calls).flat_map(|k| [Point::BeforeCall(k), Point::SentCall(k), Point::AnsweredCall(k)]);
    assert!(commits > 1, "{log:#?}");
    for point in at_commits.chain(at_calls) {
        for next in then {
            let (end, cut_log, ..) = run(play(scene, [point, *next]));
            assert_eq!(end, right, "cut at {point:?}, then at {next:?}\n{cut_log:#?}");
        }
    }
}

fn manual(verb: Verb, steps: &[&str]) -> Ask {
    let step = |name: &&str| AskedStep {
        interface: Interface::Deploy,
        step: (*name).to_owned(),
        args: serde_json::Map::new(),
        priority: None,
        children: None,
    };
    let steps = steps.iter().map(step).collect();
    Ask::Provision(ProvisionAsk { steps, ..ProvisionAsk::new(verb, verb.name()) })
}

fn taken_from(node: &Node, from: Provision) -> bool {
    node.provision != from
}

const MANAGE: Wish = Wish {
    when: |node| node.provision == Provision::Enroll,
    ask: || provision("manage"),
    taken: |node| taken_from(node, Provision::Enroll),
};
const PROVIDE: Wish = Wish {
    when: |node| node.provision == Provision::Manageable && is_at_rest(node),
    ask: || provision("provide"),
    taken: |node| taken_from(node, Provision::Manageable),
};
const DEPLOY: Wish = Wish {
    when: |node| node.provision == Provision::Available && is_at_rest(node),
    ask: || provision("active"),
    taken: |node| taken_from(node, Provision::Available),
};
const UNDEPLOY: Wish = Wish {
    when: |node| node.provision == Provision::Active && is_at_rest(node),
    ask: || provision("deleted"),
    taken: |node| taken_from(node, Provision::Active),
};
const DEPLOY_EACH_TURN: Wish = Wish {
    ask: || {
        let names = [
            ("fake_done", json!({})),
            ("fake_act", json!({"times": 2})),
            ("fake_look_in", json!({"times": 2, "seconds": 15})),
            ("fake_reboot", json!({})),
            ("fake_slow", json!({"seconds": 40})),
            ("fake_hold", json!({})),
            ("power_on", json!({})),
            ("reboot", json!({})),
            ("wait", json!({"seconds": 20})),
        ];
        let step = |(place, (name, args)): (usize, (&str, serde_json::Value))| AskedStep {
            interface: Interface::Deploy,
            step: name.to_owned(),
            args: args.as_object().unwrap().clone(),
            priority: Some(90 - i64::try_from(place).unwrap()),
            children: None,
        };
        let steps = names.into_iter().enumerate().map(step).collect();
        Ask::Provision(ProvisionAsk { steps, ..ProvisionAsk::new(Verb::Deploy, "active") })
    },
    ..DEPLOY
};
const UNHOLD: Wish = Wish {
    when: |node| node.provision == Provision::DeployHold,
    ask: || provision("unhold"),
    taken: |node| {
        node.provision == Provision::Active
            || node
                .run
                .as_ref()
                .and_then(|run| run.step())
                .is_some_and(|step| matches!(step.step.as_str(), "power_on" | "reboot" | "wait"))
    },
};
const ABORT: Wish = Wish {
    when: |node| {
        node.provision == Provision::DeployWait
            && node.run.as_ref().and_then(|run| run.step()).is_some_and(|step| step.step == "write_image")
    },
    ask: || provision("abort"),
    taken: |node| node.provision == Provision::DeployFail,
};
const CLEAN: Wish = Wish {
    ask: || manual(Verb::Clean, &["erase_devices_metadata"]),
    taken: |node| node.provision != Provision::Manageable || node.changes > 0,
    ..PROVIDE
};
const SERVICE: Wish = Wish {
    ask: || manual(Verb::Service, &["erase_devices_metadata"]),
    taken: |node| node.provision != Provision::Active || node.changes > 0,
    ..UNDEPLOY
};
const RESCUE: Wish = Wish {
    ask: || {
        let password = RescuePassword { plain: Secret::new("hunter2"), hashed: Secret::new("$5$salt$hash") };
        let ask = ProvisionAsk::new(Verb::Rescue, "rescue");
        Ask::Provision(ProvisionAsk { rescue_password: Some(password), ..ask })
    },
    ..UNDEPLOY
};
const UNRESCUE: Wish = Wish {
    when: |node| node.provision == Provision::Rescue && is_at_rest(node),
    ask: || provision("unrescue"),
    taken: |node| node.provision == Provision::Unrescuing || node.provision == Provision::Active,
};
const ABORT_RESCUE: Wish = Wish {
    when: |node| node.provision == Provision::RescueWait,
    ask: || provision("abort"),
    taken: |node| node.provision == Provision::RescueFail,
};
const ADOPT: Wish = Wish { ask: || provision("adopt"), ..PROVIDE };
const INSPECT: Wish = Wish {
    when: |node| node.provision == Provision::Manageable && is_at_rest(node),
    ask: || provision("inspect"),
    taken: |node| node.inspection_started_at.is_some() || node.inspection_finished_at.is_some(),
};
const REBOOT: Wish = Wish {
    when: |node| node.power == Some(Power::Off),
    ask: || Ask::Power { target: PowerTarget::Reboot, timeout: None },
    taken: |node| node.target_power.is_some() || node.power == Some(Power::On),
};

#[test]
fn verification_survives_cuts() {
    for metal in [false, true] {
        cut_everywhere(&Scene {
            deploy: "fake",
            metal,
            wired: false,
            start: Provision::Enroll,
            wishes: &[MANAGE],
            end: Provision::Manageable,
            ..DEPLOYMENT
        });
    }
}

#[test]
fn cleaning_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Manageable,
        wishes: &[PROVIDE],
        end: Provision::Available,
        ..DEPLOYMENT
    });
}

#[test]
fn manual_cleaning_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Manageable,
        wishes: &[CLEAN],
        end: Provision::Manageable,
        ..DEPLOYMENT
    });
}

#[test]
fn servicing_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Active,
        wishes: &[SERVICE],
        end: Provision::Active,
        ..DEPLOYMENT
    });
}

#[test]
fn a_rescue_survives_cuts_and_its_ramdisk_has_the_password() {
    for wired in [false, true] {
        let scene = Scene {
            start: Provision::Active,
            wishes: &[RESCUE],
            end: Provision::Rescue,
            wired,
            ..DEPLOYMENT
        };
        let (right, ..) = run(play(&scene, [Point::Never; 2]));
        let (power, traces) = right.machine.unwrap();
        assert_eq!((power, traces.cd, right.boots), (Power::On, None, Boots::Nothing));
        assert_eq!(traces.password.as_deref(), Some("$5$salt$hash"));
        assert_eq!(right.instance.keys().collect::<Vec<_>>(), ["image_source"]);
        cut_everywhere(&scene);
    }
}

#[test]
fn the_way_back_from_a_rescue_survives_cuts() {
    let scene = Scene {
        start: Provision::Active,
        wishes: &[RESCUE, UNRESCUE],
        end: Provision::Active,
        wired: true,
        ..DEPLOYMENT
    };
    let (right, ..) = run(play(&scene, [Point::Never; 2]));
    let (power, traces) = right.machine.unwrap();
    assert_eq!((power, traces.cd, traces.password, right.boots), (Power::On, None, None, Boots::Disk));
    cut_everywhere(&scene);
}

#[test]
fn an_aborted_rescue_survives_cuts() {
    let scene = Scene {
        start: Provision::Active,
        wishes: &[RESCUE, ABORT_RESCUE],
        end: Provision::RescueFail,
        wired: true,
        ..DEPLOYMENT
    };
    let (right, ..) = run(play(&scene, [Point::Never; 2]));
    assert_eq!(right.machine.unwrap().1.cd, None);
    assert_eq!(right.instance.keys().collect::<Vec<_>>(), ["image_source"]);
    cut_everywhere(&scene);
}

#[test]
fn a_fake_rescue_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "fake",
        metal: false,
        wired: false,
        start: Provision::Active,
        wishes: &[RESCUE, UNRESCUE],
        end: Provision::Active,
        ..DEPLOYMENT
    });
}

#[test]
fn adoption_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "fake",
        metal: true,
        wired: false,
        start: Provision::Manageable,
        wishes: &[ADOPT, UNDEPLOY],
        end: Provision::Available,
        ..DEPLOYMENT
    });
}

#[test]
fn a_deployment_through_the_agent_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Available,
        wishes: &[DEPLOY],
        end: Provision::Active,
        ..DEPLOYMENT
    });
}

#[test]
fn a_deployment_from_virtual_media_survives_cuts() {
    let scene = Scene { wired: true, ..DEPLOYMENT };
    let (right, ..) = run(play(&scene, [Point::Never; 2]));
    let (_, traces) = right.machine.unwrap();
    assert_eq!((traces.cd, traces.mode), (None, Mode::Uefi), "the medium is out, the mode was changed");
    assert_eq!(traces.done.get("write_image"), Some(&1));
    cut_everywhere(&scene);
}

#[test]
fn cleaning_from_virtual_media_survives_cuts() {
    let scene = Scene {
        start: Provision::Manageable,
        wishes: &[PROVIDE],
        end: Provision::Available,
        wired: true,
        ..DEPLOYMENT
    };
    let (right, ..) = run(play(&scene, [Point::Never; 2]));
    assert_eq!((right.machine.unwrap().1.cd, right.boots), (None, Boots::Nothing));
    cut_everywhere(&scene);
}

#[test]
fn tear_down_with_virtual_media_survives_cuts() {
    cut_everywhere(&Scene {
        start: Provision::Active,
        wishes: &[UNDEPLOY],
        end: Provision::Available,
        wired: true,
        ..DEPLOYMENT
    });
}

const DEPLOYMENT: Scene = Scene {
    deploy: "direct",
    metal: true,
    wired: false,
    start: Provision::Available,
    wishes: &[DEPLOY],
    end: Provision::Active,
    setup: |_, _| (),
    runbook: None,
};

#[test]
fn a_fake_deployment_of_each_turn_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "fake",
        metal: false,
        wired: false,
        start: Provision::Available,
        wishes: &[DEPLOY_EACH_TURN, UNHOLD],
        end: Provision::Active,
        ..DEPLOYMENT
    });
}

#[test]
fn tear_down_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Active,
        wishes: &[UNDEPLOY],
        end: Provision::Available,
        ..DEPLOYMENT
    });
}

#[test]
fn an_abort_survives_cuts() {
    cut_everywhere(&Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Available,
        wishes: &[DEPLOY, ABORT],
        end: Provision::DeployFail,
        ..DEPLOYMENT
    });
}

#[test]
fn an_inspection_survives_cuts() {
    let scene = Scene {
        deploy: "fake",
        metal: false,
        wired: false,
        start: Provision::Manageable,
        wishes: &[INSPECT],
        end: Provision::Manageable,
        ..DEPLOYMENT
    };
    let (right, ..) = run(play(&scene, [Point::Never; 2]));
    assert_eq!((right.ports.len(), right.inventory.is_some(), right.properties.len()), (1, true, 4));
    cut_twice(&scene, &[Point::Never, Point::AfterCommit(1), Point::SentCall(1)]);
}

#[test]
fn an_inspection_by_a_ramdisk_survives_cuts() {
    for wired in [false, true] {
        let scene = Scene {
            deploy: "direct",
            metal: true,
            wired,
            start: Provision::Manageable,
            wishes: &[INSPECT],
            end: Provision::Manageable,
            ..DEPLOYMENT
        };
        let (right, log, ..) = run(play(&scene, [Point::Never; 2]));
        assert_eq!((right.ports.len(), right.inventory.is_some(), right.boots), (1, true, Boots::Nothing));
        let (power, traces) = right.machine.unwrap();
        assert_eq!((power, traces.cd), (Power::Off, None), "the machine is off, and no medium is in it");
        assert_eq!(log.iter().any(|call| call.contains("empty the drives")), wired, "{log:#?}");
        if wired {
            assert_eq!(traces.switched, (2, 2), "once for the mode, once for the ramdisk");
        }
        cut_everywhere(&scene);
    }
}

#[test]
fn a_reboot_survives_cuts() {
    for metal in [false, true] {
        cut_everywhere(&Scene {
            deploy: "fake",
            metal,
            wired: false,
            start: Provision::Active,
            wishes: &[REBOOT],
            end: Provision::Active,
            ..DEPLOYMENT
        });
    }
}

#[test]
fn a_cut_soon_after_a_cut_does_no_harm() {
    let scene = Scene {
        deploy: "direct",
        metal: true,
        wired: false,
        start: Provision::Available,
        wishes: &[DEPLOY],
        end: Provision::Active,
        ..DEPLOYMENT
    };
    let soon = [Point::BeforeCommit(1), Point::AfterCommit(1), Point::SentCall(1), Point::BeforeCommit(2)];
    cut_twice(&scene, &soon);
}

/// The machine reboots itself while the daemon is away: its step was lost, and only then is it done twice.
#[test]
fn a_step_that_was_lost_in_a_cut_is_done_again() {
    run(async {
        let scene = Scene {
            deploy: "direct",
            metal: true,
            wired: false,
            start: Provision::Available,
            wishes: &[DEPLOY],
            end: Provision::Active,
            ..DEPLOYMENT
        };
        let mut rig = prepare(&scene, [Point::SentCall(8), Point::Never]).await;
        wish(&mut rig, &DEPLOY).await;
        let cut = rig.cut().clone();
        assert!(rig.clock.run_until(LONG, || cut.is_dead()).await);
        rig.stop().await;
        rig.world.machine(id(1), |one| one.start(true));
        rig.start(Point::Never);
        rig.until(1, |node| node.provision == Provision::Active).await;
        let done = rig.world.machine(id(1), |one| one.traces.done.clone()).unwrap();
        assert_eq!(done.get("write_image"), Some(&2));
        assert_eq!((done.get("prepare_instance_boot"), done.get("tear_down_agent")), (Some(&1), Some(&1)));
        rig.stop().await;
    });
}
