//! What boot interfaces do, over fake machines and over ones that refuse or repeat what they were told.

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::{MASK, Secret};
use crate::base::time::Later;
use crate::depot::shelf::Shelf;
use crate::driver::boot::mode;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::capability::boot_mode::BootMode;
use crate::driver::capability::virtual_media::{Medium, Slot, VirtualMedia};
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::boot::{BootDevice, Boots};
use crate::model::node::Wished;

/// A BMC that writes down what it is told, and refuses what it is told to.
#[derive(Debug, Default)]
struct Bmc {
    told: Mutex<Vec<String>>,
    slots: Vec<Slot>,
    /// What it refuses begins so.
    refuses: &'static str,
    silent: bool,
    mode: Option<Mode>,
}

impl Bmc {
    fn tell(&self, what: &str) -> Result<(), DriverError> {
        if self.silent {
            return Err(DriverError::silent("the BMC", "nothing"));
        }
        let is_refused = !self.refuses.is_empty() && what.starts_with(self.refuses);
        self.told.lock().unwrap().push(what.to_owned());
        if is_refused { Err(DriverError::refused("it", format!("no to {what}"))) } else { Ok(()) }
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

impl BootDeviceSwitch for Bmc {
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async { Ok(BootChoice::default()) })
    }

    fn boot_url<'a>(&'a self, url: &'a str, persistent: bool) -> Later<'a, Result<BootChoice, DriverError>> {
        Box::pin(async move { self.tell(&format!("url {url} {persistent}")).map(|()| BootChoice::default()) })
    }

    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            self.tell(&format!("{} {persistent}", device.name()))
                .map(|()| BootChoice { device: Some(device), ..BootChoice::default() })
        })
    }
}

impl VirtualMedia for Bmc {
    fn list(&self) -> Later<'_, Result<Vec<Slot>, DriverError>> {
        Box::pin(async { Ok(self.slots.clone()) })
    }

    fn insert(&self, medium: Medium) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async move { self.tell(&format!("insert {} {}", medium.drive.name(), medium.url)) })
    }

    fn insert_beside<'a>(&'a self, medium: Medium, _: &'a str) -> Later<'a, Result<(), DriverError>> {
        Box::pin(async move { self.tell(&format!("add {} {}", medium.drive.name(), medium.url)) })
    }

    fn eject(&self, drive: BootDevice) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async move { self.tell(&format!("eject {}", drive.name())) })
    }
}

impl BootMode for Bmc {
    fn get(&self) -> Later<'_, Result<Option<Mode>, DriverError>> {
        Box::pin(async { self.tell("mode?").map(|()| self.mode) })
    }

    fn set(&self, mode: Mode) -> Later<'_, Result<Option<Mode>, DriverError>> {
        Box::pin(async move { self.tell(&format!("mode {}", mode.name())).map(|()| Some(mode)) })
    }
}

fn node(boot: &str) -> Node {
    let mut wished = Wished { name: Some("n1".to_owned()), ..Wished::default() };
    wished.interfaces.boot = boot.to_owned();
    let mut node = Node::new(NodeId(uuid::Uuid::from_u128(1)), wished, Moment(0));
    node.boots = Boots::Ramdisk;
    node.boot_token = Some(Secret::new(BOOT));
    node
}

fn ground(base: &str) -> BootGround {
    let data = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
    BootGround::new(Ramdisks::new(data.path(), shelf), base)
}

fn over(bmc: &Arc<Bmc>, node: &Node) -> Arc<dyn BootSwitch> {
    switch(&ground(BASE), node, hardware(bmc)).unwrap()
}

fn hardware(bmc: &Arc<Bmc>) -> Hardware {
    Hardware {
        boot_device: Some(bmc.clone()),
        virtual_media: Some(bmc.clone()),
        boot_mode: Some(bmc.clone()),
        ..Hardware::default()
    }
}

const BASE: &str = "http://10.0.0.1:6385";
/// The secret of the boot, and the word that is made from it for BMCs.
const BOOT: &str = "a-token-of-the-boot";
const TOKEN: &str = "yd2N6OaeG6SCg4aRHrsf_KH5uOhotwGL1G5biKUS8V4";

#[tokio::test]
async fn each_name_chooses_its_boot_device() {
    let ours = format!("{BASE}/boot/iso/00000000-0000-0000-0000-000000000001/{TOKEN}/boot.iso");
    for (name, told, device) in [
        ("pxe", "pxe false".to_owned(), BootDevice::Pxe),
        ("ipxe", "pxe false".to_owned(), BootDevice::Pxe),
        ("http", "uefihttp false".to_owned(), BootDevice::UefiHttp),
        ("http-ipxe", "uefihttp false".to_owned(), BootDevice::UefiHttp),
        ("redfish-virtual-media", "cdrom false".to_owned(), BootDevice::Cdrom),
        ("idrac-redfish-virtual-media", "cdrom false".to_owned(), BootDevice::Cdrom),
        ("redfish-https", format!("url {ours} false"), BootDevice::UefiHttp),
    ] {
        let bmc = Arc::new(Bmc::default());
        let choice = over(&bmc, &node(name)).choose(false).await.unwrap();
        assert_eq!((bmc.told(), choice.device), (vec![told], Some(device)), "{name}");
    }
}

#[tokio::test]
async fn http_boot_that_is_refused_is_pxe_boot_and_silence_is_not() {
    let bmc = Arc::new(Bmc { refuses: "uefihttp", ..Bmc::default() });
    let choice = over(&bmc, &node("http-ipxe")).choose(true).await.unwrap();
    assert_eq!(
        (bmc.told(), choice.device),
        (vec!["uefihttp true".to_owned(), "pxe true".to_owned()], Some(BootDevice::Pxe))
    );
    let bmc = Arc::new(Bmc { silent: true, ..Bmc::default() });
    assert!(matches!(over(&bmc, &node("http")).choose(false).await, Err(DriverError::Silent { .. })));
    let mut bios = node("http");
    bios.wished.properties = json!({"capabilities": "boot_mode:bios"}).as_object().unwrap().clone();
    let bmc = Arc::new(Bmc::default());
    over(&bmc, &bios).choose(false).await.unwrap();
    assert_eq!(bmc.told(), ["pxe false"], "BIOS has no HTTP boot");
}

#[tokio::test]
async fn the_medium_is_ours_or_the_instances_own() {
    let bmc = Arc::new(Bmc::default());
    let mut one = node("redfish-virtual-media");
    over(&bmc, &one).insert().await.unwrap();
    let told = bmc.told().remove(0);
    assert!(
        told.starts_with("insert cdrom http://10.0.0.1:6385/boot/iso/") && told.ends_with("/boot.iso"),
        "{told}"
    );
    assert!(told.contains(TOKEN) && !told.contains(['?', '&']));
    one.boots = Boots::Instance;
    one.wished.instance_info = json!({"boot_iso": "https://u:p@h/a.iso?x"}).as_object().unwrap().clone();
    over(&bmc, &one).insert().await.unwrap();
    assert!(bmc.told()[0].contains(TOKEN), "fetched by this host");
    one.wished.instance_info.insert("ramdisk_image_download_source".to_owned(), json!("http"));
    over(&bmc, &one).insert().await.unwrap();
    assert_eq!(bmc.told(), ["insert cdrom https://u:p@h/a.iso?x"], "as it stands");
    one.wished.instance_info =
        json!({"kernel": "file:///k", "ramdisk": "file:///r"}).as_object().unwrap().clone();
    over(&bmc, &one).insert().await.unwrap();
    assert!(bmc.told()[0].ends_with(&format!("/{TOKEN}/boot.iso")), "made of both");
    one.boots = Boots::Ramdisk;
    over(&bmc, &one).insert().await.unwrap();
    assert!(bmc.told()[0].contains(TOKEN), "its cleaning boots ours");
}

#[test]
fn the_base_is_the_nodes_word_then_the_sites_then_the_door() {
    let mut one = node("redfish-virtual-media");
    let mut bases = ground(BASE).bases;
    assert_eq!(bases.base(&one).as_deref(), Some(BASE));
    bases.http = Some("http://a/".to_owned());
    assert_eq!(bases.base(&one).as_deref(), Some("http://a"));
    bases.external = Some("http://b".to_owned());
    assert_eq!(bases.base(&one).as_deref(), Some("http://b"));
    one.wished.driver_info.insert("external_http_url".to_owned(), json!("http://c/d/"));
    assert_eq!(bases.base(&one).as_deref(), Some("http://c/d"));
    one.wished.driver_info.insert("redfish_address".to_owned(), json!("10.0.0.2"));
    let shown = format!("{:?}", bases.iso(&one, false).unwrap());
    assert!(shown.contains(MASK) && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn a_door_on_every_address_is_the_one_that_the_bmc_sees() {
    let bases = ground("http://0.0.0.0:6385").bases;
    let mut one = node("redfish-virtual-media");
    for address in ["127.0.0.9", "127.0.0.9:8443", "https://127.0.0.9/redfish/v1", "127.0.0.9/x"] {
        one.wished.driver_info.insert("redfish_address".to_owned(), json!(address));
        assert_eq!(bases.base(&one).as_deref(), Some("http://127.0.0.1:6385"), "{address}");
        assert_eq!(bases.fault(&one), None, "{address}");
    }
    for address in ["bmc.example", "", "https://bmc.example:1/"] {
        one.wished.driver_info.insert("redfish_address".to_owned(), json!(address));
        assert!(bases.fault(&one).unwrap().contains("external_http_url"), "{address}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_remedy_and_not_the_token() {
    for name in ["redfish-virtual-media", "redfish-https"] {
        let bmc = Arc::new(Bmc {
            refuses: if name == "redfish-https" { "url" } else { "insert" },
            ..Bmc::default()
        });
        let boot = over(&bmc, &node(name));
        let error = boot.insert().await.err();
        let error = if let Some(error) = error { error } else { boot.choose(false).await.unwrap_err() };
        let text = error.to_string();
        for part in ["external_http_url", "n1", "no to", MASK, BASE] {
            assert!(text.contains(part), "{name}: {part} in {text}");
        }
        assert!(!text.contains(TOKEN), "{text}");
    }
}

#[tokio::test]
async fn a_boot_that_is_over_has_no_medium() {
    let bmc = Arc::new(Bmc::default());
    let mut over_now = node("redfish-virtual-media");
    over_now.boot_token = None;
    let boot = over(&bmc, &over_now);
    assert!(boot.insert().await.unwrap_err().to_string().contains("no boot under way"));
    assert_eq!(bmc.told(), Vec::<String>::new());
    boot.eject().await.unwrap();
}

#[tokio::test]
async fn only_drives_that_hold_something_are_emptied() {
    let slot = |types: &[&str], inserted| Slot {
        types: types.iter().map(|word| (*word).to_owned()).collect(),
        inserted,
        image: None,
    };
    for (slots, told) in [
        (vec![slot(&["CD", "DVD"], false), slot(&["Floppy"], false)], vec![]),
        (
            vec![slot(&["DVD"], true), slot(&["Floppy", "USBStick"], true)],
            vec!["eject cdrom", "eject floppy", "eject disk"],
        ),
        (vec![slot(&["CD"], true)], vec!["eject cdrom"]),
    ] {
        let bmc = Arc::new(Bmc { slots, ..Bmc::default() });
        over(&bmc, &node("redfish-virtual-media")).eject().await.unwrap();
        assert_eq!(bmc.told(), told);
    }
}

#[tokio::test]
async fn the_mode_is_set_only_where_it_is_known_to_differ() {
    let all = |bmc: Bmc, wanted| async move {
        let bmc = Arc::new(bmc);
        let modes = mode::boot_mode(&hardware(&bmc), wanted).await;
        (bmc.told().join(", "), modes)
    };
    let seen = |boot| Ok(Modes { boot, secure: None });
    let (uefi, bios) = (Some(Mode::Uefi), Some(Mode::Bios));
    assert_eq!(all(Bmc { mode: uefi, ..Bmc::default() }, None).await, ("mode?".to_owned(), seen(uefi)));
    assert_eq!(all(Bmc { mode: uefi, ..Bmc::default() }, uefi).await, ("mode?".to_owned(), seen(uefi)));
    assert_eq!(
        all(Bmc { mode: uefi, ..Bmc::default() }, bios).await,
        ("mode?, mode bios".to_owned(), seen(bios))
    );
    assert_eq!(all(Bmc::default(), bios).await, ("mode?".to_owned(), seen(None)), "one that does not tell");
    let deaf = Bmc { refuses: "mode?", mode: uefi, ..Bmc::default() };
    assert_eq!(all(deaf, bios).await, ("mode?".to_owned(), seen(None)), "one that cannot be read is right");
    let (_, silent) = all(Bmc { silent: true, ..Bmc::default() }, bios).await;
    assert!(matches!(silent, Err(DriverError::Silent { .. })));
    let (_, stubborn) = all(Bmc { refuses: "mode b", mode: uefi, ..Bmc::default() }, bios).await;
    let text = stubborn.unwrap_err().to_string();
    assert!(text.contains("from uefi to bios") && text.contains("capabilities"), "{text}");
    assert_eq!(mode::boot_mode(&Hardware::default(), bios).await, seen(None));
}

#[tokio::test]
async fn secure_boot_that_nobody_can_switch_is_refused_only_if_it_is_wanted() {
    assert_eq!(mode::secure_boot(&Hardware::default(), false).await, Ok(Modes::default()));
    let error = mode::secure_boot(&Hardware::default(), true).await.unwrap_err();
    assert!(error.to_string().contains("secure boot"), "{error}");
}

#[test]
fn a_management_without_the_capability_is_told_by_name() {
    for name in ["redfish-virtual-media", "redfish-https"] {
        let mut one = node(name);
        one.wished.interfaces.management = "noop".to_owned();
        let error = switch(&ground(BASE), &one, Hardware::default()).unwrap_err();
        assert!(error.to_string().contains("noop"), "{error}");
    }
}

fn slots(all: &[&[&str]]) -> Vec<Slot> {
    let types = |types: &[&str]| types.iter().map(|word| (*word).to_owned()).collect();
    all.iter().map(|one| Slot { types: types(one), inserted: false, image: None }).collect()
}

fn with_drive(boot: &str) -> Node {
    let mut one = node(boot);
    one.boots = Boots::Instance;
    let info = json!({"boot_iso": "file:///a.iso", "configdrive": {"user_data": "x"}});
    one.wished.instance_info = info.as_object().unwrap().clone();
    one
}

#[tokio::test]
async fn a_config_drive_goes_into_the_usb_slot_or_that_of_a_floppy() {
    let one = with_drive("redfish-virtual-media");
    for (all, drive) in [
        (slots(&[&["CD"], &["USBStick"], &["Floppy"]]), "add disk "),
        (slots(&[&["CD", "DVD"], &["Floppy"]]), "add floppy "),
        (slots(&[&["CD", "DVD", "USBStick"]]), "add disk "),
    ] {
        let bmc = Arc::new(Bmc { slots: all, ..Bmc::default() });
        over(&bmc, &one).insert().await.unwrap();
        let told = bmc.told();
        assert!(told[0].starts_with("insert cdrom ") && told[0].ends_with("/boot.iso"), "{told:?}");
        assert!(
            told[1].starts_with(drive) && told[1].ends_with(&format!("/{TOKEN}/configdrive.img")),
            "{told:?}"
        );
    }
    let bmc = Arc::new(Bmc { slots: slots(&[&["CD"]]), ..Bmc::default() });
    let error = over(&bmc, &one).insert().await.unwrap_err().to_string();
    assert!(error.contains("no suitable virtual USB slot") && error.contains("n1"), "{error}");
    let bmc = Arc::new(Bmc { slots: slots(&[&["CD"], &["USBStick"]]), refuses: "add", ..Bmc::default() });
    let error = over(&bmc, &one).insert().await.unwrap_err().to_string();
    assert!(error.contains("config drive") && error.contains(MASK) && !error.contains(TOKEN), "{error}");
}

#[tokio::test]
async fn a_ramdisk_of_the_agent_gets_no_config_drive() {
    let mut one = with_drive("redfish-virtual-media");
    one.boots = Boots::Ramdisk;
    let bmc = Arc::new(Bmc { slots: slots(&[&["CD"], &["USBStick"]]), ..Bmc::default() });
    over(&bmc, &one).insert().await.unwrap();
    assert_eq!(bmc.told().len(), 1);
}
