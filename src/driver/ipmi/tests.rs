//! Every capability against a BMC on a socket that loses packets, is busy, lies or restarts.

mod bmc;

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::RealClock;
use crate::driver::bmc::notebook::Notebook;
use crate::driver::bmc::print::PrintKey;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::capability::console::Console;
use crate::driver::capability::nmi::Nmi;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::ipmi::raw::{RawBytes, SendRaw};
use crate::driver::ipmi::tests::bmc::Bmc;
use crate::driver::{Machine, StepCall, StepWork};
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::bmc::{Fact, Keep, Remembered};
use crate::model::boot::BootDevice;
use crate::model::interface::Interface;
use crate::model::node::Wished;
use crate::model::step::{Again, By, Kind, Step};
use crate::model::turn::{Memo, Turn};
use crate::wire::ipmi::data::device::Reset;

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Pages(Mutex<Vec<Fact>>);

impl Notebook for Pages {
    fn learn(&self, _node: NodeId, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }
}

struct Rig {
    bmc: Bmc,
    ipmi: Arc<Ipmi>,
    pages: Arc<Pages>,
    node: Node,
}

impl Rig {
    async fn new(more: Value) -> Self {
        let bmc = Bmc::start().await;
        let mut info = json!({
            "ipmi_address": "127.0.0.1", "ipmi_port": bmc.address.port(), "ipmi_username": "admin",
            "ipmi_password": "password",
        });
        info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let wished = Wished { driver_info: info.as_object().unwrap().clone(), ..Wished::default() };
        let pages = Arc::new(Pages::default());
        let prints = PrintKey::new(Secret::new("key"));
        let ground = Ground::new(Arc::new(RealClock::new()), pages.clone(), prints, 1);
        let still = Limits { start_spread: Duration::ZERO, ..ground.ipmi_limits };
        let ground = Ground { ipmi_limits: still, ..ground };
        let manner = Manner { waits: vec![SHORT; 4], pause: SHORT, restart: SHORT, ..Manner::default() };
        let node = Node::new(NodeId(uuid::Uuid::from_u128(1)), wished, Moment(0));
        Self { bmc, ipmi: Arc::new(Ipmi::with_manner(ground, manner)), pages, node }
    }

    async fn plain() -> Self {
        Self::new(json!({})).await
    }

    fn server(&self) -> IpmiServer {
        self.ipmi.server(&self.node).unwrap()
    }

    fn facts(&self) -> Vec<Fact> {
        self.pages.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn power_is_switched_in_one_session_and_seen() {
    let rig = Rig::plain().await;
    assert_eq!(rig.server().state().await.unwrap(), Power::Off);
    assert_eq!(rig.server().wish(PowerWish::On).await.unwrap(), Power::On);
    assert_eq!(rig.server().wish(PowerWish::On).await.unwrap(), Power::On);
    assert_eq!(rig.bmc.shown().times(0, 2), 1, "one that is on is left alone");
    assert_eq!(rig.server().wish(PowerWish::Reset).await.unwrap(), Power::On);
    assert_eq!(rig.server().wish(PowerWish::SoftOff).await.unwrap(), Power::Off);
    let presses: Vec<_> =
        rig.bmc.shown().done.iter().filter(|done| done.1 == 2).map(|done| done.2[0]).collect();
    assert_eq!((presses, rig.bmc.shown().logins), (vec![1, 3, 5], 1));
    rig.server().inject().await.unwrap();
}

#[tokio::test]
async fn a_switch_without_effect_says_what_was_asked_answered_and_seen() {
    let rig = Rig::plain().await;
    rig.bmc.shown().ignores_power = true;
    let error = PowerSwitch::set(&rig.server(), PowerWish::On, SHORT * 3).await.unwrap_err();
    let text = error.to_string();
    for part in ["power on of ipmi BMC", "asked power on", "answered completion code 00h", "seen power off"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(matches!(error, DriverError::NotApplied { .. }));
}

#[tokio::test]
async fn a_bmc_without_a_free_session_slot_is_asked_few_times_and_named() {
    let rig = Rig::plain().await;
    rig.bmc.shown().full = true;
    let error = rig.server().state().await.unwrap_err().to_string();
    assert!(error.contains("no session slot free"), "{error}");
    assert_eq!(rig.bmc.shown().logins, 4);
    rig.bmc.shown().full = false;
    assert_eq!(rig.server().state().await.unwrap(), Power::Off);
}

#[tokio::test]
async fn lost_packets_are_sent_again_and_nothing_is_pressed_twice() {
    let rig = Rig::plain().await;
    rig.bmc.shown().drops = 3;
    assert_eq!(rig.server().state().await.unwrap(), Power::Off);
    rig.bmc.shown().drops = 2;
    assert_eq!(rig.server().wish(PowerWish::On).await.unwrap(), Power::On);
    rig.bmc.shown().lost.push((0, 2));
    // Switching off: no answer ever comes, but it is seen to be off.
    assert_eq!(rig.server().wish(PowerWish::Off).await.unwrap(), Power::Off);
    rig.bmc.shown().on = true;
    let error = rig.server().wish(PowerWish::Reset).await.unwrap_err();
    assert!(matches!(error, DriverError::Silent { .. }), "{error}");
    assert_eq!(rig.bmc.shown().done.iter().filter(|done| done.1 == 2 && done.2 == [3]).count(), 1);
}

#[tokio::test]
async fn a_bmc_that_restarts_gets_a_new_session() {
    let rig = Rig::plain().await;
    rig.server().state().await.unwrap();
    rig.bmc.shown().restart = true;
    rig.bmc.shown().on = true;
    assert_eq!(rig.server().state().await.unwrap(), Power::On);
    assert_eq!(rig.bmc.shown().logins, 2);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let rig = Rig::new(json!({"ipmi_password": "wrong"})).await;
    let error = rig.server().state().await.unwrap_err();
    assert!(matches!(error, DriverError::LoginRefused { .. }), "{error}");
    let logins = rig.bmc.shown().logins;
    assert!(logins <= 2, "the second names the level: {logins}");
    rig.server().state().await.unwrap_err();
    assert_eq!(rig.bmc.shown().logins, logins);
    let facts = rig.facts();
    let told = facts.iter().all(|fact| matches!(fact, Fact::LoginRefused { .. }));
    assert!(told && !facts.is_empty(), "{facts:?}");
}

#[tokio::test]
async fn a_dead_bmc_is_silent_and_then_left_alone_for_a_while() {
    let rig = Rig::plain().await;
    rig.bmc.shown().deaf = true;
    let error = rig.server().state().await.unwrap_err();
    assert!(error.to_string().contains("does not answer over IPMI"), "{error}");
    let error = rig.server().state().await.unwrap_err();
    assert!(error.to_string().contains("tried again in"), "{error}");
}

#[tokio::test]
async fn a_busy_bmc_is_asked_again_and_a_refusal_is_handed_on() {
    let rig = Rig::plain().await;
    rig.bmc.shown().codes.extend([(0, 1, 0xc0), (0, 1, 0xd2), (0, 1, 0xff)]);
    assert_eq!(rig.server().state().await.unwrap(), Power::Off);
    rig.bmc.shown().codes.push_back((0, 1, 0xd4));
    let error = rig.server().state().await.unwrap_err().to_string();
    assert!(
        error.contains("insufficient privilege level") && error.contains("chassis power status"),
        "{error}"
    );
    // What may have been done is not asked again.
    rig.bmc.shown().codes.push_back((0x2c, 0x41, 0xff));
    let raw = RawBytes::parse("0x2c 0x41 4").unwrap();
    rig.server().send_raw(&raw).await.unwrap_err();
    rig.server().send_raw(&raw).await.unwrap();
    assert_eq!(rig.bmc.shown().times(0x2c, 0x41), 1);
}

#[tokio::test]
async fn a_boot_device_is_set_as_uefi_wants_it_and_read_back() {
    let rig = Rig::plain().await;
    rig.bmc.shown().codes.push_back((0, 8, 0x80));
    let choice = rig.server().set_device(BootDevice::Pxe, true).await.unwrap();
    assert_eq!((choice.device, choice.persistent), (Some(BootDevice::Pxe), Some(true)));
    assert_eq!(rig.bmc.shown().flags, [0xe0, 4, 0, 0, 0], "although the timeout could not be switched off");
    rig.server().set_device(BootDevice::Cdrom, false).await.unwrap();
    assert_eq!(rig.bmc.shown().flags, [0xa0, 0x14, 0, 0, 0]);
    rig.bmc.shown().stubborn = true;
    let error = rig.server().set_device(BootDevice::Disk, false).await.unwrap_err().to_string();
    assert!(
        error.contains("accepted but not applied: asked for disk") && error.contains("shows cdrom"),
        "{error}"
    );
    let error = rig.server().set_device(BootDevice::Floppy, false).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }));
}

#[tokio::test]
async fn a_legacy_boot_clears_the_acknowledgement_first() {
    let mut rig = Rig::new(json!({"ipmi_disable_boot_timeout": false})).await;
    rig.node.wished.properties.insert("capabilities".to_owned(), json!("boot_mode:bios"));
    rig.server().set_device(BootDevice::Disk, true).await.unwrap();
    let set: Vec<_> =
        rig.bmc.shown().done.iter().filter(|done| done.1 == 8).map(|done| done.2.clone()).collect();
    assert_eq!(set, [vec![4, 1, 1], vec![5, 0xc0, 8, 0, 0, 0]]);
}

#[tokio::test]
async fn a_forced_boot_device_is_asked_for_one_boot_and_kept_by_the_daemon() {
    let mut rig = Rig::new(json!({"ipmi_force_boot_device": "true"})).await;
    let disk = rig.server().set_device(BootDevice::Disk, true).await.unwrap();
    assert_eq!(rig.bmc.shown().flags, [0xa0, 8, 0, 0, 0], "for one boot");
    assert_eq!((disk.persistent, disk.keep), (Some(true), Keep::Device));
    rig.node.bmc.remembered_boot_device = Remembered::after(None, BootDevice::Disk, disk.keep);
    let pxe = rig.server().set_device(BootDevice::Pxe, false).await.unwrap();
    assert_eq!((rig.bmc.shown().flags[1], pxe.keep), (4, Keep::NextIsOnce));
    let shown = rig.server().get().await.unwrap();
    assert_eq!((shown.device, shown.persistent), (Some(BootDevice::Disk), Some(true)), "the kept one");
}

#[tokio::test]
async fn a_session_is_closed_when_the_daemon_stops() {
    let rig = Rig::plain().await;
    rig.server().state().await.unwrap();
    rig.ipmi.ground.stop.cancel();
    rig.ipmi.ground.tasks.close();
    rig.ipmi.ground.tasks.wait().await;
    assert_eq!(rig.bmc.shown().times(6, 0x3c), 1);
}

#[tokio::test]
async fn closing_ends_every_session_and_a_dead_bmc_does_not_hold_it_up() {
    let (rig, dead) = (Rig::plain().await, Rig::plain().await);
    rig.server().state().await.unwrap();
    dead.server().state().await.unwrap();
    dead.bmc.shown().deaf = true;
    rig.ipmi.close().await;
    dead.ipmi.close().await;
    assert_eq!(rig.bmc.shown().times(6, 0x3c), 1);
    rig.ipmi.ground.tasks.close();
    rig.ipmi.ground.tasks.wait().await;
}

#[tokio::test]
async fn a_bmc_reset_is_sent_once_and_waited_for() {
    let rig = Rig::plain().await;
    rig.bmc.shown().lost.push((6, 2));
    rig.server().reset_bmc(Reset::Cold).await.unwrap();
    let shown = rig.bmc.shown();
    assert_eq!((shown.times(6, 2), shown.times(6, 1) > 0), (1, true));
}

#[tokio::test]
async fn the_step_send_raw_sends_once_and_never_again() {
    let rig = Rig::plain().await;
    let args = json!({"raw_bytes": "0x00 0x04 0x05"}).as_object().unwrap().clone();
    let step = Step {
        interface: Interface::Vendor,
        step: "send_raw".to_owned(),
        args,
        priority: 0,
        abortable: false,
        by: By::Driver,
        again: Again::Never,
        hidden: false,
        reboot_after: false,
        asked: true,
        abort_after: false,
    };
    let machine = Machine { node: Arc::new(rig.node.clone()), ports: Vec::new() };
    let call = StepCall { machine, kind: Kind::Clean, step, memo: Memo::new(), versions: Object::new() };
    let work = SendRaw::new(rig.ipmi.clone());
    assert!(matches!(work.look(&call).await, Turn::Act { .. }));
    assert!(matches!(work.act(&call, false).await, Turn::Done(_)));
    assert!(matches!(work.act(&call, true).await, Turn::Failed(_)));
    assert_eq!(rig.bmc.shown().times(0, 4), 1);
}

#[tokio::test]
async fn a_console_carries_bytes_and_is_opened_again_after_a_restart() {
    let rig = Rig::plain().await;
    let mut stream = rig.server().open().await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut echoed = [0; 5];
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"hello");
    rig.bmc.shown().restart = true;
    // What is typed into the dead session is lost; the next session echoes what is typed then.
    let mut seen = Vec::new();
    while !seen.ends_with(b"x") || rig.bmc.shown().times(6, 0x48) < 2 {
        stream.write_all(b"x").await.unwrap();
        let mut bytes = [0; 64];
        if let Ok(read) = tokio::time::timeout(SHORT, stream.read(&mut bytes)).await {
            seen.extend(&bytes[..read.unwrap()]);
        }
    }
    drop(stream);
    rig.ipmi.ground.tasks.close();
    rig.ipmi.ground.stop.cancel();
    rig.ipmi.ground.tasks.wait().await;
}

impl IpmiServer {
    async fn wish(&self, wish: PowerWish) -> Result<Power, DriverError> {
        PowerSwitch::set(self, wish, LIMIT).await
    }

    async fn set_device(&self, device: BootDevice, persistent: bool) -> Result<BootChoice, DriverError> {
        BootDeviceSwitch::set(self, device, persistent).await
    }
}

/// A wait of a BMC that is next door.
const SHORT: Duration = Duration::from_millis(40);
const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_bmc_says_whose_it_is_in_every_reading_of_its_guid() {
    let rig = Rig::plain().await;
    let told: uuid::Uuid = "44454c4c-4200-1035-8052-b4c04f563932".parse().unwrap();
    let mut reversed = *told.as_bytes();
    reversed.reverse();
    rig.bmc.shown().on = true;
    for guid in [*told.as_bytes(), told.to_bytes_le(), reversed] {
        rig.bmc.shown().guid = Some(guid);
        let reported = rig.server().who_is_it().await.unwrap();
        assert!(reported.systems.contains(&told), "{reported:?}");
        assert_eq!(reported.bmc_macs, [crate::base::mac::Mac([2, 0, 0, 0, 0, 9])]);
        assert_eq!(reported.power, Some(Power::On));
    }
    rig.bmc.shown().guid = Some([0xff; 16]);
    rig.bmc.shown().codes.push_back((0x0c, 2, 0xc1));
    let reported = rig.server().who_is_it().await.unwrap();
    assert!(reported.systems.is_empty() && reported.bmc_macs.is_empty(), "{reported:?}");
    let shown = rig.bmc.shown();
    assert_eq!((shown.logins, shown.times(0, 2)), (1, 0), "looked at, and not switched");
}

#[tokio::test]
async fn a_wrong_password_is_shown_to_a_claimed_bmc_once() {
    let rig = Rig::new(json!({"ipmi_password": "wrong"})).await;
    let error = rig.server().who_is_it().await.unwrap_err();
    assert!(matches!(error, DriverError::LoginRefused { .. }), "{error}");
    let logins = rig.bmc.shown().logins;
    assert!(logins <= 2, "the second names the level: {logins}");
    rig.server().who_is_it().await.unwrap_err();
    assert_eq!(rig.bmc.shown().logins, logins);
    assert!(rig.facts().iter().any(|fact| matches!(fact, Fact::LoginRefused { .. })));
}

#[tokio::test]
async fn where_no_redfish_answers_ipmi_is_heard_without_an_account() {
    let rig = Rig::new(json!({"redfish_address": "http://127.0.0.1:9"})).await;
    let redfish = Arc::new(crate::driver::redfish::talk::RedfishRack::new(rig.ipmi.ground.clone()));
    let kind = crate::driver::knock::knock(&redfish, &rig.ipmi, &rig.node).await.unwrap();
    assert_eq!((kind, rig.bmc.shown().logins), (crate::model::inspection::discovery::BmcKind::Ipmi, 0));
    rig.bmc.shown().deaf = true;
    let error = crate::driver::knock::knock(&redfish, &rig.ipmi, &rig.node).await.unwrap_err().to_string();
    assert!(error.contains("neither Redfish") && error.contains("nor IPMI"), "{error}");
}
