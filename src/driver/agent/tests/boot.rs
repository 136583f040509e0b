//! The boot loader, the boot device, and the end of the agent.

use serde_json::json;

use super::*;
use crate::driver::agent::prepare::PrepareBoot;
use crate::driver::agent::tear_down::TearDown;
use crate::driver::capability::boot_device::BootDeviceSwitch;
use crate::driver::fake::FakeRack;
use crate::driver::fake::delays::FakeDelays;
use crate::model::bmc::power::Power;
use crate::model::boot::BootDevice;

struct Site {
    peer: Peer,
    rack: Arc<FakeRack>,
    node: Node,
    data: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let peer = Peer::start().await;
        let mut node = node(&peer);
        node.power = Some(Power::On);
        let rack = Arc::new(FakeRack::new(Arc::new(HastyClock::default()), FakeDelays::default(), 0));
        Self { peer, rack, node, data: tempfile::tempdir().unwrap() }
    }

    fn prepare(&self) -> PrepareBoot {
        PrepareBoot::new(agents(self.data.path()), self.rack.server(&self.node).hardware().boot_device)
    }

    fn tear_down(&self, can_switch_on: bool) -> TearDown {
        let power = self.rack.server(&self.node).hardware().power.unwrap();
        TearDown::new(agents(self.data.path()), power, can_switch_on)
    }

    fn call(&self) -> StepCall {
        call(self.node.clone(), Kind::Deploy, "any")
    }

    /// Takes turns until the step has ended; returns what it said in between.
    async fn run(&self, work: &dyn StepWork) -> Vec<String> {
        let (mut call, mut said) = (self.call(), Vec::new());
        let mut turn = work.look(&call).await;
        for _ in 0..40 {
            said.push(word(&turn));
            turn = match turn {
                Turn::Act { memo } => {
                    call.memo = memo;
                    work.act(&call, false).await
                }
                Turn::LookIn { memo, .. } => {
                    call.memo = memo;
                    work.look(&call).await
                }
                Turn::Done(_) | Turn::Failed(_) | Turn::Reboot { .. } | Turn::Agent { .. } | Turn::Hold => {
                    break;
                }
            };
        }
        said
    }
}

fn word(turn: &Turn) -> String {
    match turn {
        Turn::Done(_) => "done".to_owned(),
        Turn::Act { .. } => "act".to_owned(),
        Turn::LookIn { after, .. } => format!("in {after}"),
        Turn::Failed(failure) => failure.why.clone(),
        Turn::Reboot { .. } | Turn::Agent { .. } | Turn::Hold => format!("{turn:?}"),
    }
}

#[tokio::test]
async fn a_whole_disk_under_uefi_gets_a_boot_entry_and_then_boots_from_disk() {
    let site = Site::new().await;
    site.peer.book().results.push(("install_bootloader", Value::Null));
    assert_eq!(site.run(&site.prepare()).await, ["act", "in 2", "act", "done"]);
    let sent = site.peer.book().sent.clone();
    assert_eq!(site.peer.names(), ["standby.get_partition_uuids", "image.install_bootloader"]);
    let params = json!({
        "root_uuid": null,
        "efi_system_part_uuid": "ABCD-1234",
        "prep_boot_part_uuid": null,
        "target_boot_mode": "uefi",
    });
    assert_eq!(sent[1]["params"], params);
    let boot = site.rack.seen(site.node.id).unwrap().boot;
    assert_eq!((boot.device, boot.persistent), (Some(BootDevice::Disk), Some(true)));
}

#[tokio::test]
async fn where_the_site_boots_machines_its_own_way_only_the_boot_device_is_set() {
    let site = Site::new().await;
    let mut agents = Arc::into_inner(agents(site.data.path())).unwrap();
    agents.settings.manage_boot = false;
    let work = PrepareBoot::new(Arc::new(agents), site.rack.server(&site.node).hardware().boot_device);
    assert_eq!(site.run(&work).await, ["act", "done"]);
    assert!(site.peer.names().is_empty(), "the boot loader is not the agent's affair");
    let boot = site.rack.seen(site.node.id).unwrap().boot;
    assert_eq!((boot.device, boot.persistent), (Some(BootDevice::Disk), Some(true)));
}

#[tokio::test]
async fn a_whole_disk_under_bios_only_gets_its_boot_device() {
    let mut site = Site::new().await;
    site.node.wished.properties.insert("capabilities".into(), json!("boot_mode:bios"));
    assert_eq!(site.run(&site.prepare()).await, ["act", "done"]);
    assert!(site.peer.names().is_empty());
    site.node.wished.instance_info.insert("image_type".into(), json!("partition"));
    site.peer.book().results.push(("install_bootloader", Value::Null));
    assert_eq!(site.run(&site.prepare()).await, ["act", "in 2", "act", "done"]);
}

#[tokio::test]
async fn a_boot_loader_that_failed_or_was_sent_before_is_seen() {
    let site = Site::new().await;
    let (work, mut call) = (site.prepare(), site.call());
    call.memo = memo(&work.look(&call).await);
    let sent = memo(&work.act(&call, false).await);
    assert_eq!(memo(&work.act(&call, true).await), sent, "found in the list, not sent again");
    assert_eq!(site.peer.names().len(), 2);
    call.memo = sent;
    site.peer.end(Status::Failed, Value::Null, None);
    assert_eq!(
        failure(work.look(&call).await),
        (FailureKind::Step, "the boot loader was not installed: no reason given".to_owned())
    );
    site.peer.book().commands.clear();
    assert_eq!(failure(work.look(&call).await).0, FailureKind::Lost);
}

#[tokio::test]
async fn without_a_boot_device_switch_the_step_says_so() {
    let mut site = Site::new().await;
    site.node.wished.properties.insert("capabilities".into(), json!("boot_mode:bios"));
    let work = PrepareBoot::new(agents(site.data.path()), None);
    assert_eq!(site.run(&work).await, ["act", "the management interface cannot set a boot device"]);
}

#[tokio::test]
async fn the_agent_is_asked_then_power_is_watched_then_switched_off() {
    let site = Site::new().await;
    let said = site.run(&site.tear_down(true)).await;
    assert_eq!(said, ["act", "in 5", "in 5", "in 5", "in 5", "in 5", "in 5", "act", "done"]);
    assert_eq!(site.peer.names(), ["standby.power_off"]);
    assert_eq!(site.rack.seen(site.node.id).unwrap().power, Power::Off);
}

#[tokio::test]
async fn a_machine_that_is_off_is_left_alone_and_one_without_an_agent_is_switched_off() {
    let mut site = Site::new().await;
    site.node.power = Some(Power::Off);
    assert_eq!(site.run(&site.tear_down(true)).await, ["done"]);
    let mut site = Site::new().await;
    site.node.agent = None;
    assert_eq!(site.run(&site.tear_down(true)).await, ["act", "in 0", "act", "done"]);
}

#[tokio::test]
async fn an_agent_that_is_gone_after_it_was_told_before_is_left_the_time_to_go() {
    let mut site = Site::new().await;
    site.node.agent.as_mut().unwrap().url = Some("https://127.0.0.1:1".to_owned());
    let (work, mut call) = (site.tear_down(true), site.call());
    call.memo = memo(&work.look(&call).await);
    assert!(matches!(work.act(&call, true).await, Turn::LookIn { after: 5, .. }));
    assert!(matches!(work.act(&call, false).await, Turn::LookIn { after: 0, .. }));
    let (work, mut call) = (site.tear_down(false), site.call());
    call.memo = Object::from_iter([("stage".into(), json!("run"))]);
    assert_eq!(work.act(&call, true).await, Turn::done());
    assert_eq!(failure(work.act(&call, false).await).0, FailureKind::Silent);
}

#[tokio::test]
async fn power_goes_off_while_it_is_watched() {
    let site = Site::new().await;
    let (work, mut call) = (site.tear_down(true), site.call());
    call.memo = memo(&work.look(&call).await);
    call.memo = memo(&work.act(&call, false).await);
    let power = site.rack.server(&site.node).hardware().power.unwrap();
    power.set(crate::model::bmc::power::PowerWish::Off, Duration::from_secs(9)).await.unwrap();
    let done = Object::from_iter([("power".into(), json!("power off"))]);
    assert_eq!(work.look(&call).await, Turn::Done(done));
}

#[tokio::test]
async fn a_machine_that_must_stay_on_is_locked_down_and_its_agent_must_go() {
    let mut site = Site::new().await;
    site.node.wished.disable_power_off = true;
    let (work, mut call) = (site.tear_down(true), site.call());
    call.memo = memo(&work.look(&call).await);
    call.memo = memo(&work.act(&call, false).await);
    assert!(matches!(work.look(&call).await, Turn::LookIn { after: 5, .. }));
    assert_eq!(site.peer.names(), ["system.lockdown"]);
    site.peer.book().always = Some((401, Vec::new()));
    assert_eq!(work.look(&call).await, Turn::done());
    assert_eq!(site.rack.seen(site.node.id).unwrap().power, Power::On);
}

#[tokio::test]
async fn the_other_ways_to_end_an_agent() {
    let mut site = Site::new().await;
    assert_eq!(site.run(&site.tear_down(false)).await, ["act", "in 0", "act", "done"]);
    assert_eq!(site.peer.names(), ["standby.sync", "standby.run_image"]);
    site.peer = Peer::start().await;
    site.node.agent = Some(site.peer.agent.clone());
    site.node.wished.driver_info.insert("deploy_forces_oob_reboot".into(), json!(true));
    assert_eq!(site.run(&site.tear_down(true)).await, ["act", "in 0", "act", "done"]);
    assert_eq!(site.peer.names(), ["standby.sync"]);
}

#[tokio::test]
async fn the_fake_switch_says_what_it_knows() {
    let site = Site::new().await;
    let server = site.rack.server(&site.node);
    assert_eq!(
        BootDeviceSwitch::supported(&server).await,
        Ok(vec![BootDevice::Pxe, BootDevice::Disk, BootDevice::Cdrom])
    );
    assert!(BootDeviceSwitch::set(&server, BootDevice::Floppy, false).await.is_err());
}
