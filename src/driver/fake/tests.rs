use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::PausedClock;
use crate::driver::capability::boot_mode::Mode;
use crate::driver::capability::indicators::Lamp;
use crate::driver::capability::virtual_media::Medium;
use crate::driver::fake::steps::FakeStep;
use crate::driver::table::ROWS;
use crate::driver::{Machine, StepCall, StepWork};
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{Agent, BootDevice, Boots};
use crate::model::interface::Interface;
use crate::model::node::Wished;
use crate::model::run::{Phase, Run};
use crate::model::step::{Again, By, Kind, Step};
use crate::model::turn::{Memo, Turn};

const LIMIT: Duration = Duration::from_mins(1);

fn node() -> Node {
    Node::new(NodeId(uuid::Uuid::nil()), Wished::default(), Moment(0))
}

fn rack(delays: FakeDelays, faults: FakeFaults) -> (Arc<PausedClock>, Arc<FakeRack>) {
    let clock = Arc::new(PausedClock::new());
    let rack = Arc::new(FakeRack::with_faults(clock.clone(), delays, faults));
    (clock, rack)
}

fn call(step: &str, args: &Value) -> StepCall {
    let step = Step {
        interface: Interface::Deploy,
        step: step.to_owned(),
        args: args.as_object().cloned().unwrap(),
        priority: 0,
        abortable: true,
        by: By::Driver,
        again: Again::Repeat,
        hidden: false,
        reboot_after: false,
        asked: true,
        abort_after: false,
    };
    let machine = Machine { node: Arc::new(node()), ports: Vec::new() };
    StepCall { machine, kind: Kind::Clean, step, memo: Memo::new(), versions: Object::new() }
}

/// Takes turns as a pipeline does until the step has ended or holds; at most 20.
async fn turns(step: &str, args: &Value) -> Vec<Turn> {
    let (_, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let (work, mut call, mut said) = (FakeStep::new(rack), call(step, args), Vec::new());
    let mut turn = work.look(&call).await;
    for _ in 0..20 {
        said.push(turn.clone());
        turn = match turn {
            Turn::Done(_) | Turn::Failed(_) | Turn::Hold => break,
            Turn::Act { memo } => {
                call.memo = memo;
                work.act(&call, false).await
            }
            Turn::Agent { memo } => {
                call.memo = memo;
                assert_eq!(
                    work.look(&call).await,
                    Turn::Agent { memo: call.memo.clone() },
                    "no heartbeat came"
                );
                beat(&mut call);
                work.look(&call).await
            }
            Turn::LookIn { memo, .. } | Turn::Reboot { memo, .. } => {
                call.memo = memo;
                work.look(&call).await
            }
        };
    }
    said
}

/// A heartbeat comes.
fn beat(call: &mut StepCall) {
    let node = Arc::make_mut(&mut call.machine.node);
    let agent = node.agent.get_or_insert_with(|| Agent::unused(Secret::new("t"), false));
    agent.last_heartbeat = Some(Moment(agent.last_heartbeat.map_or(1, |last| last.0 + 1)));
}

#[tokio::test]
async fn each_turn_that_a_step_can_say_is_said_by_one() {
    assert_eq!(turns("fake_done", &json!({})).await, [Turn::done()]);
    assert_eq!(turns("fake_fail", &json!({"error": "no"})).await, [Turn::failed("no")]);
    assert_eq!(turns("fake_hold", &json!({})).await, [Turn::Hold]);
    let acts = turns("fake_act", &json!({"times": 2})).await;
    assert!(matches!(acts[..], [Turn::Act { .. }, Turn::Act { .. }, Turn::Done(_)]), "{acts:?}");
    let looks = turns("fake_look_in", &json!({"times": 2, "seconds": 7})).await;
    assert!(
        matches!(looks[..], [Turn::LookIn { after: 7, .. }, Turn::LookIn { after: 7, .. }, Turn::Done(_)]),
        "{looks:?}"
    );
    let reboot = turns("fake_reboot", &json!({"into": "disk"})).await;
    assert!(matches!(reboot[..], [Turn::Reboot { into: Boots::Disk, .. }, Turn::Done(_)]), "{reboot:?}");
    let agent = turns("fake_agent", &json!({"times": 1})).await;
    assert!(matches!(agent[..], [Turn::Agent { .. }, Turn::Done(_)]), "{agent:?}");
    let odd = turns("fake_nothing", &json!({})).await;
    assert_eq!(odd, [Turn::failed("there is no fake step fake_nothing")]);
}

#[tokio::test]
async fn every_fake_step_of_the_table_is_known() {
    let rows =
        ROWS.iter().filter(|row| row.name == "fake").flat_map(|row| row.steps.iter().copied().flatten());
    let steps: Vec<_> = rows.filter(|spec| spec.by == By::Driver).collect();
    assert_eq!(steps.len(), 43);
    for spec in steps.iter().filter(|spec| spec.step != "fake_slow") {
        let said = turns(spec.step, &json!({})).await;
        assert!(!format!("{said:?}").contains("there is no"), "{}", spec.step);
    }
}

#[tokio::test]
async fn a_slow_step_takes_its_time_on_the_clock() {
    let (clock, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let (work, call) = (FakeStep::new(rack.clone()), call("fake_slow", &json!({"seconds": 30})));
    assert!(matches!(work.look(&call).await, Turn::Act { .. }));
    let acting = tokio::spawn(async move { work.act(&call, false).await });
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(29));
    tokio::task::yield_now().await;
    assert!(!acting.is_finished());
    clock.advance(Duration::from_secs(1));
    assert_eq!(acting.await.unwrap(), Turn::done());
    assert_eq!(rack.seen(node().id).unwrap().acts, 1);
}

#[tokio::test]
async fn a_deployment_takes_its_delay_and_holds_nothing_for_it() {
    assert_eq!(turns("deploy", &json!({})).await, [Turn::done()]);
    let deploy = FakeDelay { least: Duration::from_millis(4200), most: Duration::from_millis(4900) };
    let (_, rack) = rack(FakeDelays { deploy, ..FakeDelays::default() }, FakeFaults::none());
    let (work, mut call) = (FakeStep::new(rack), call("deploy", &json!({})));
    let Turn::LookIn { after: 5, memo } = work.look(&call).await else { panic!("it does not wait") };
    call.memo = memo;
    assert_eq!(work.look(&call).await, Turn::done());
}

#[tokio::test]
async fn a_verification_fails_if_the_node_asks_for_it() {
    let (_, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let (work, mut call) = (FakeStep::new(rack), call("fake_verify", &json!({})));
    assert_eq!(work.look(&call).await, Turn::done());
    let mut node = node();
    node.wished.driver_info.insert("fake_verify_error".into(), json!("bad cable"));
    call.machine.node = Arc::new(node);
    assert_eq!(work.look(&call).await, Turn::failed("bad cable"));
}

#[tokio::test]
async fn a_reboot_is_off_for_at_least_a_second() {
    let (clock, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let mut on = node();
    on.power = Some(Power::On);
    let power = rack.server(&on).hardware().power.unwrap();
    assert_eq!(power.set(PowerWish::SoftOff, LIMIT).await, Ok(Power::Off));
    clock.advance(Duration::from_millis(400));
    let switching = tokio::spawn(async move { power.set(PowerWish::On, LIMIT).await });
    tokio::task::yield_now().await;
    clock.advance(Duration::from_millis(599));
    tokio::task::yield_now().await;
    assert_eq!(rack.seen(on.id).unwrap().power, Power::Off);
    clock.advance(Duration::from_millis(1));
    assert_eq!(switching.await.unwrap(), Ok(Power::On));
}

#[tokio::test]
async fn a_reboot_that_a_restart_cut_is_off_for_at_least_a_second_again() {
    let (clock, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let mut off = node();
    off.power = Some(Power::Off);
    off.run = Some(Run {
        kind: Kind::Clean,
        manual: false,
        by_runbook: false,
        disable_ramdisk: false,
        plan: Vec::new(),
        cursor: 0,
        phase: Phase::Reboot { into: Boots::Ramdisk },
        memo: Memo::new(),
        lost: 0,
        changes: 0,
        reboots: 0,
        silent: 0,
        firmware: None,
        booted_before: None,
        boot_waited: 0,
        waited: 0,
        trouble: None,
        step_began: None,
        fetched: false,
        versions: Object::new(),
        erasure: crate::model::cleaning::Erasure::default(),
        asked: Vec::new(),
        started: Moment(0),
    });
    let power = rack.server(&off).hardware().power.unwrap();
    let switching = tokio::spawn(async move { power.set(PowerWish::On, LIMIT).await });
    tokio::task::yield_now().await;
    clock.advance(Duration::from_millis(999));
    tokio::task::yield_now().await;
    assert_eq!(rack.seen(off.id).unwrap().power, Power::Off);
    clock.advance(Duration::from_millis(1));
    assert_eq!(switching.await.unwrap(), Ok(Power::On));
}

#[tokio::test]
async fn a_second_wish_to_be_off_does_not_make_the_first_younger() {
    let (clock, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let mut on = node();
    on.power = Some(Power::On);
    let power = rack.server(&on).hardware().power.unwrap();
    power.set(PowerWish::Off, LIMIT).await.unwrap();
    clock.advance(Duration::from_secs(1));
    power.set(PowerWish::Off, LIMIT).await.unwrap();
    assert_eq!(power.set(PowerWish::On, LIMIT).await, Ok(Power::On));
}

#[tokio::test]
async fn a_machine_begins_as_its_record_says_and_then_keeps_its_own_mind() {
    let (_, first) = rack(FakeDelays::default(), FakeFaults::none());
    assert_eq!(first.server(&node()).hardware().power.unwrap().state().await, Ok(Power::Off));
    let mut on = node();
    on.power = Some(Power::On);
    assert_eq!(first.server(&on).hardware().power.unwrap().state().await, Ok(Power::Off));
    first.forget(on.id);
    assert_eq!(first.server(&on).hardware().power.unwrap().state().await, Ok(Power::On));
}

#[tokio::test]
async fn a_delay_longer_than_the_limit_leaves_power_as_it_is() {
    let delays = FakeDelays { power: FakeDelay::of(Duration::from_secs(10)), ..FakeDelays::default() };
    let (clock, rack) = rack(delays, FakeFaults::none());
    let power = rack.server(&node()).hardware().power.unwrap();
    let switching = tokio::spawn(async move { power.set(PowerWish::On, Duration::from_secs(3)).await });
    for _ in 0..4 {
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(10));
    }
    assert_eq!(switching.await.unwrap(), Ok(Power::Off));
}

#[tokio::test]
async fn a_rack_fails_as_it_is_told() {
    let faults = FakeFaults::silent_first(1)
        .at(2, Fault::Refuse)
        .at(3, Fault::Lie)
        .at(5, Fault::Stall(Duration::from_secs(1)))
        .at(6, Fault::Die);
    let (clock, rack) = rack(FakeDelays::default(), faults);
    let power = rack.server(&node()).hardware().power.unwrap();
    assert!(matches!(power.state().await, Err(DriverError::Silent { .. })));
    assert!(matches!(power.state().await, Err(DriverError::Refused { .. })));
    assert_eq!(power.set(PowerWish::On, LIMIT).await, Ok(Power::On));
    assert_eq!(power.state().await, Ok(Power::Off));
    let stalled = tokio::spawn({
        let power = power.clone();
        async move { power.state().await }
    });
    tokio::task::yield_now().await;
    assert!(!stalled.is_finished());
    clock.advance(Duration::from_secs(1));
    assert_eq!(stalled.await.unwrap(), Ok(Power::Off));
    assert!(power.state().await.is_err());
    assert!(power.state().await.is_err());
}

#[tokio::test]
async fn settings_are_kept() {
    let (_, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let has = rack.server(&node()).hardware();
    let bios = has.bios.unwrap();
    bios.apply(Object::from_iter([("BootMode".into(), json!("Bios"))])).await.unwrap();
    assert_eq!(bios.settings().await.unwrap()["BootMode"], "Bios");
    bios.reset().await.unwrap();
    assert_eq!(bios.settings().await.unwrap()["BootMode"], "Uefi");
    let raid = has.raid.unwrap();
    let wished = Object::from_iter([("logical_disks".into(), json!([]))]);
    assert_eq!(raid.create(wished.clone()).await, Ok(wished.clone()));
    assert_eq!(raid.volumes().await, Ok(wished));
    raid.delete().await.unwrap();
    assert_eq!(raid.volumes().await, Ok(Object::new()));
    let firmware = has.firmware.unwrap();
    firmware.update("bmc", "http://host/2.0").await.unwrap();
    let versions: Vec<_> =
        firmware.components().await.unwrap().into_iter().filter_map(|one| one.version).collect();
    assert_eq!(versions, ["1.0", "2.0"]);
    assert!(firmware.update("fan", "http://host/2.0").await.is_err());
    assert_eq!(has.boot_mode.as_ref().unwrap().set(Mode::Bios).await, Ok(Some(Mode::Bios)));
    let secure = has.secure_boot.as_ref().unwrap();
    assert!(secure.set(true).await.is_err(), "only UEFI has it");
    has.boot_mode.unwrap().set(Mode::Uefi).await.unwrap();
    has.secure_boot.as_ref().unwrap().set(true).await.unwrap();
    assert_eq!(has.secure_boot.unwrap().get().await, Ok(Some(true)));
}

#[tokio::test]
async fn media_lamps_readings_interrupts_and_the_console_answer() {
    let (_, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let plain = rack.server(&node()).hardware();
    assert!(plain.virtual_media.is_none() && plain.nmi.is_none(), "as in the reference");
    let mut node = node();
    node.wished.driver_info.insert("fake_panel".to_owned(), json!(true));
    let has = rack.server(&node).hardware();
    let media = has.virtual_media.unwrap();
    let medium = |url: &str| Medium { drive: BootDevice::Cdrom, url: url.to_owned() };
    media.insert(medium("http://host/a")).await.unwrap();
    media.insert(medium("http://host/b")).await.unwrap();
    let held = media.list().await.unwrap();
    assert_eq!(held.iter().filter_map(|slot| slot.image.as_deref()).collect::<Vec<_>>(), ["http://host/b"]);
    media.eject(BootDevice::Cdrom).await.unwrap();
    assert!(media.list().await.unwrap().iter().all(|slot| !slot.inserted));
    let lamps = has.indicators.unwrap();
    lamps.set("system", "led", Lamp::Blinking).await.unwrap();
    assert_eq!(lamps.list().await.unwrap()[0].shows, Lamp::Blinking);
    assert!(lamps.set("system", "door", Lamp::On).await.is_err());
    assert_eq!(has.sensors.unwrap().readings().await.unwrap().len(), 2);
    has.nmi.unwrap().inject().await.unwrap();
    assert_eq!(rack.seen(node.id).unwrap().interrupts, 1);
    let mut console = has.console.unwrap().open().await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut console, b"hello").await.unwrap();
    let mut heard = vec![0; "fake console\r\nhello".len()];
    tokio::io::AsyncReadExt::read_exact(&mut console, &mut heard).await.unwrap();
    assert_eq!(heard, b"fake console\r\nhello");
}

#[tokio::test]
async fn late_modes_are_taken_up_by_the_next_boot() {
    let (_, rack) = rack(FakeDelays::default(), FakeFaults::none());
    let mut node = node();
    node.wished.driver_info.insert("fake_late_settings".to_owned(), json!(true));
    let has = rack.server(&node).hardware();
    let (modes, power) = (has.boot_mode.unwrap(), has.power.unwrap());
    assert_eq!(modes.set(Mode::Bios).await, Ok(Some(Mode::Uefi)));
    power.set(PowerWish::On, LIMIT).await.unwrap();
    assert_eq!(modes.get().await, Ok(Some(Mode::Bios)));
    modes.set(Mode::Uefi).await.unwrap();
    assert_eq!(power.set(PowerWish::Reset, LIMIT).await, Ok(Power::On));
    assert_eq!(modes.get().await, Ok(Some(Mode::Uefi)));
    assert_eq!(rack.seen(node.id).unwrap().resets, 1);
}
