//! Whatever comes in whatever order: no panic, no move that the table does not hold, nobody left stuck.
//! The stage checks these after each decision.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::json;

use super::again::looping;
use super::inspect::in_band::{fill_in, inventory, told_of};
use super::stage::{Stage, asked, failed, in_band, object, password, silent};
use crate::base::secret::Secret;
use crate::model::Object;
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::boot::again::Looped;
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::inspection::policy::ManagedBoot;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::Phase;
use crate::model::turn::{Failure, FailureKind, Turn};

fn turn(n: u8) -> Turn {
    let memo = object(json!({ "n": n / 16 }));
    match n % 16 {
        0..5 => Turn::done(),
        5 | 6 => Turn::Act { memo },
        7 => Turn::LookIn { after: 5, memo },
        8 => Turn::Reboot {
            into: [Boots::Ramdisk, Boots::Disk, Boots::Nothing][usize::from(n / 16 % 3)],
            memo,
        },
        9 | 10 => Turn::Agent { memo },
        11 => Turn::Hold,
        12 => failed(FailureKind::Silent),
        13 => failed(FailureKind::Lost),
        14 => failed([FailureKind::Version, FailureKind::Unknown][usize::from(n / 16 % 2)]),
        _ => Turn::failed("no"),
    }
}

fn outcome(effect: &Effect, n: u8) -> Outcome {
    match (effect, n % 16) {
        (_, 15) => Outcome::Failed(Failure::silent("no answer")),
        (_, 14) => Outcome::Failed(Failure::step("no")),
        (Effect::Power { wish, .. }, _) => Outcome::Power(wish.goal()),
        (Effect::Step { .. }, _) => Outcome::Turn(turn(n)),
        (Effect::Mode(_) | Effect::Boot(BootPart::Mode { .. } | BootPart::Secure { .. }), _) => {
            Outcome::Modes(Modes { boot: Some(Mode::Bios), secure: Some(n.is_multiple_of(2)) })
        }
        (Effect::Passthru(_), _) => Outcome::Answer(serde_json::Value::Null),
        (_, _) => Outcome::Done,
    }
}

fn seen(look: &Look, n: u8) -> Seen {
    match look {
        _ if n % 16 == 15 => silent(),
        Look::Power => Seen::Power([Power::On, Power::Off, Power::Error][usize::from(n % 3)]),
        Look::Step { .. } | Look::StepFor { .. } => Seen::Turn(turn(n)),
        Look::AgentSteps if n % 16 == 14 => Seen::Silent(Failure::new(FailureKind::Lost, "another")),
        Look::AgentSteps => in_band(&[("erase_devices", 10), ("flash", 70)]),
        Look::AgentAlive => Seen::Alive(n.is_multiple_of(2)),
        Look::Modes => Seen::Modes(Modes { boot: Some(Mode::Bios), secure: Some(n.is_multiple_of(2)) }),
        Look::Valid { .. } => {
            let reason = n.is_multiple_of(7).then(|| "there is no ramdisk".to_owned());
            Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }])
        }
        Look::BootDevice
        | Look::SupportedBootDevices
        | Look::Image
        | Look::Indicators
        | Look::Media
        | Look::Sensors
        | Look::Sheets
        | Look::Book(_)
        | Look::Passthru(_) => Seen::Alive(true),
    }
}

/// Steps of somebody's choice.
fn manual(n: u8) -> [&'static str; 2] {
    let first = ["bios.factory_reset", "erase_devices", "hold", "reboot"][usize::from(n / 16 % 4)];
    [first, ["flash", "wait", "bios.flash", "conjure"][usize::from(n / 4 % 4)]]
}

/// An ask, as a lane would let it in.
fn ask(stage: &mut Stage, n: u8) {
    let free = stage.owed.is_empty();
    let refusal = match n % 16 {
        0 => stage.verb("abort").err(),
        1 => stage.ask(&Ask::Maintenance { on: n > 128, reason: None }).err(),
        _ if !free => None,
        2 => stage.verb("unhold").err(),
        3 | 4 => stage.verb("manage").err(),
        5 | 6 => stage.verb("provide").err(),
        7..10 => {
            let name = ["turn", "press", "hold", "wait", "reboot", "flash"][usize::from(n / 16 % 6)];
            stage.deploy(&[asked(Interface::Deploy, name, 70)]).err()
        }
        10 if n > 128 => stage.manual_as("service", &manual(n), n.is_multiple_of(32)).err(),
        10 => stage.verb("deleted").err(),
        11 if n > 128 => stage.manual_as("clean", &manual(n), n.is_multiple_of(32)).err(),
        11 => stage.verb("rebuild").err(),
        12 if n > 192 => stage.verb("adopt").err(),
        12 => stage.verb("inspect").err(),
        13 => {
            let inventory = if n > 64 { inventory() } else { Object::new() };
            stage.ask(&Ask::Told(Arc::new(told_of(inventory)))).err()
        }
        14 if n > 168 => stage.verb("rescue").err(),
        14 if n > 80 => stage.verb("unrescue").err(),
        _ => {
            let targets = [PowerTarget::On, PowerTarget::Off, PowerTarget::Reboot, PowerTarget::SoftReboot];
            stage.power_ask(targets[usize::from(n / 16 % 4)]).err()
        }
    };
    drop(refusal);
}

fn act(stage: &mut Stage, what: u8, n: u8) {
    match what % 16 {
        0..2 => ask(stage, n),
        2 | 3 => drop(stage.lookup(1 + n % 2)),
        4 | 5 => stage.beat(),
        6 => {
            let mut beat = stage.good_beat();
            beat.token = Secret::new("token-1");
            stage.happen(&Happened::Beat(beat));
        }
        7 | 8 => {
            if stage.node.wait.is_some() {
                stage.due();
            }
        }
        9 => match n % 8 {
            0 => {
                stage.looks.clear();
                stage.happen(&Happened::Opened);
            }
            1 if stage.owed.is_empty() => {
                stage.call(Effect::BootDevice { device: BootDevice::Disk, persistent: true });
            }
            2 if !stage.looks.is_empty() => {
                let look = stage.looks.remove(0);
                let fence = stage.node.changes.wrapping_sub(1);
                let seen = seen(&look, n);
                stage.happen(&Happened::Looked { look, fence, seen });
            }
            3 => stage.happen(&Happened::Paid { number: u64::from(n / 8), outcome: Outcome::Done }),
            4 => stage.happen(&looping(&stage.node.clone(), Looped::Agent)),
            _ => stage.happen(&Happened::SyncDue),
        },
        _ => {
            if let Some(owed) = stage.owed.first() {
                let outcome = outcome(&owed.effect, n);
                stage.pay(outcome);
            } else if let Some(look) = stage.looks.first() {
                let seen = seen(look, n);
                stage.see(seen);
            }
        }
    }
}

/// What holds beside what the stage checks: who is held waits for a person and nobody else, and the password of a rescue
/// is known only for as long as somebody is to be told it.
fn check(stage: &Stage) {
    let node = &stage.node;
    let holds =
        matches!(node.provision, Provision::CleanHold | Provision::DeployHold | Provision::ServiceHold);
    let is_held = node.run.as_ref().is_some_and(|run| run.phase == Phase::Hold);
    assert_eq!(holds, is_held, "{node:#?}");
    let is_rescued = matches!(node.provision, Provision::Rescuing | Provision::RescueWait);
    assert!(is_rescued || node.rescue_password().is_none(), "{node:#?}");
    for secret in [password().plain, password().hashed] {
        let tells = |text: &str| text.contains(secret.reveal());
        assert!(!stage.journal.iter().any(|event| tells(&event.text)) && !tells(stage.error()), "{node:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nobody_is_ever_stuck(
        deploy in prop::sample::select(vec!["agent", "plain", "ramdisk"]),
        boot in prop::sample::select(vec!["x", "network", "medium", "url"]),
        inspect in prop::sample::select(vec!["x", "agent"]),
        managed in prop::sample::select(vec![ManagedBoot::ByInterface, ManagedBoot::WherePossible, ManagedBoot::Required]),
        never_off in any::<bool>(),
        mode in prop::sample::select(vec![json!({}), json!({"boot_mode": "uefi"}), json!({"secure_boot": "true"})]),
        retry in prop::sample::select(vec![None, Some(30), Some(7200)]),
        start in prop::sample::select(vec![Provision::Enroll, Provision::Manageable, Provision::Available, Provision::Active, Provision::Rescue]),
        image in prop::sample::select(vec!["http://h/i", "file:///srv/i"]),
        acts in prop::collection::vec((any::<u8>(), any::<u8>()), 0..250),
    ) {
        let mut stage = Stage::at(deploy, start);
        fill_in(&mut stage.catalog);
        stage.node.wished.interfaces.boot = boot.to_owned();
        stage.node.wished.interfaces.inspect = inspect.to_owned();
        stage.node.wished.interfaces.rescue = "agent".to_owned();
        stage.node.wished.disable_power_off = never_off;
        stage.node.wished.instance_info = object(json!({"capabilities": mode, "image_source": image}));
        stage.policy.boot_retry_timeout = retry;
        stage.policy.inspector.managed_boot = managed;
        stage.policy.agent.restrict_lookup = false;
        for (what, n) in acts {
            act(&mut stage, what, n);
            check(&stage);
        }
    }
}
