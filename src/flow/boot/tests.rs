use super::*;
use crate::base::id::{NodeId, PortId};
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::node::Wished;
use crate::model::port::PortWished;
use crate::model::provision::Provision;

const BASE: &str = "http://10.0.0.1:6385";
const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);

fn node(boot: &str, boots: Boots) -> Node {
    let mut node = Node::new(NodeId(uuid::Uuid::from_u128(1)), Wished::default(), Moment(0));
    boot.clone_into(&mut node.wished.interfaces.boot);
    node.boots = boots;
    node.boot_token = Some(Secret::new("files"));
    node
}

fn port(pxe_enabled: bool) -> Port {
    Port {
        id: PortId(uuid::Uuid::from_u128(2)),
        order: 0,
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(uuid::Uuid::from_u128(1)),
        address: MAC,
        wished: PortWished { pxe_enabled, ..PortWished::default() },
        internal_info: crate::model::Object::new(),
    }
}

fn client(arch: u16, class: Class) -> Client {
    Client { mac: MAC, arch: Some(Arch(arch)), class, ipxe: None, uuid: None }
}

fn plan(discovery: Discovery) -> BootPlan {
    BootPlan { discovery, ..BootPlan::default() }
}

/// In a rack that awaits nobody.
fn offer(client: &Client, enrolled: Option<Enrolled<'_>>, plan: &BootPlan, base: &str) -> Offer {
    super::offer(client, enrolled, Site { plan, awaits_a_stranger: false }, base)
}

fn start(enrolled: Option<Enrolled<'_>>, plan: &BootPlan) -> Start {
    super::start(enrolled, Site { plan, awaits_a_stranger: false })
}

fn tftp(name: &str) -> Offer {
    Offer::Boot(BootFile::Tftp(name.to_owned()))
}

fn url(path: &str) -> Offer {
    Offer::Boot(BootFile::Url(format!("{BASE}{path}")))
}

#[test]
fn firmware_is_given_a_loader_by_processor_class_and_boot_interface() {
    let (port, plan) = (port(true), plan(Discovery::Off));
    for (arch, class, boot, offered) in [
        (0, Class::Pxe, "ipxe", tftp("undionly.kpxe")),
        (0, Class::Pxe, "http-ipxe", tftp("undionly.kpxe")),
        (0, Class::Pxe, "pxe", tftp("pxelinux.0")),
        (7, Class::Pxe, "ipxe", tftp("snponly.efi")),
        (9, Class::Pxe, "", tftp("snponly.efi")),
        (7, Class::Pxe, "pxe", tftp("bootx64.efi")),
        (7, Class::Pxe, "http", tftp("bootx64.efi")),
        (11, Class::Pxe, "ipxe", tftp("snponly-arm64.efi")),
        (11, Class::Pxe, "pxe", tftp("bootaa64.efi")),
        (16, Class::Http, "http-ipxe", url("/boot/loader/snponly.efi")),
        (16, Class::Http, "http", url("/boot/loader/snponly.efi")),
        (19, Class::Http, "http", url("/boot/loader/snponly-arm64.efi")),
        (6, Class::Pxe, "ipxe", Offer::Address),
        (0x27, Class::Pxe, "ipxe", Offer::Address),
        (7, Class::Other, "ipxe", Offer::Address),
    ] {
        for boots in [Boots::Ramdisk, Boots::Disk, Boots::Nothing] {
            let node = node(boot, boots);
            let enrolled = Some(Enrolled { node: &node, port: &port });
            assert_eq!(
                offer(&client(arch, class), enrolled, &plan, BASE),
                offered,
                "{arch} {boot} {boots:?}"
            );
        }
    }
}

#[test]
fn an_ipxe_is_given_its_script_and_no_other_ipxe() {
    let all = Ipxe { http: true, https: false, tftp: true, efi: false };
    let silent = Ipxe::default();
    for (ipxe, offered) in [
        (all, url("/boot/ipxe/52-54-00-00-00-01")),
        (silent, url("/boot/ipxe/52-54-00-00-00-01")),
        (Ipxe { tftp: true, ..silent }, tftp("ipxe/52-54-00-00-00-01")),
    ] {
        for (arch, class) in [(0, Class::Pxe), (7, Class::Pxe), (16, Class::Http)] {
            let client = Client { ipxe: Some(ipxe), ..client(arch, class) };
            let (node, port) = (node("pxe", Boots::Ramdisk), port(true));
            let enrolled = Some(Enrolled { node: &node, port: &port });
            assert_eq!(offer(&client, enrolled, &plan(Discovery::Off), BASE), offered, "{ipxe:?}");
        }
    }
}

#[test]
fn who_is_not_to_boot_from_us_is_given_an_address_alone() {
    let (node, closed) = (node("ipxe", Boots::Ramdisk), port(false));
    let enrolled = Some(Enrolled { node: &node, port: &closed });
    assert_eq!(offer(&client(7, Class::Pxe), enrolled, &plan(Discovery::Enrol), BASE), Offer::Address);
    assert_eq!(offer(&client(7, Class::Pxe), None, &plan(Discovery::Off), BASE), Offer::Address);
    for discovery in [Discovery::Record, Discovery::Enrol, Discovery::EnrolAndClean] {
        assert_eq!(offer(&client(7, Class::Pxe), None, &plan(discovery), BASE), tftp("snponly.efi"));
    }
    let mute = Client { arch: None, ..client(0, Class::Pxe) };
    assert_eq!(offer(&mute, None, &plan(Discovery::Enrol), BASE), Offer::Address);
}

#[test]
fn a_script_starts_what_the_record_says() {
    let (on, off) = (port(true), port(false));
    for (boots, started) in [
        (Boots::Ramdisk, Start::Agent),
        (Boots::Instance, Start::Instance),
        (Boots::Disk, Start::Disk),
        (Boots::Nothing, Start::Disk),
    ] {
        let node = node("ipxe", boots);
        assert_eq!(start(Some(Enrolled { node: &node, port: &on }), &plan(Discovery::Off)), started);
        assert_eq!(start(Some(Enrolled { node: &node, port: &off }), &plan(Discovery::Enrol)), Start::Next);
    }
    for boot in ["redfish-virtual-media", "idrac-redfish-virtual-media", "redfish-https"] {
        for (boots, started) in [
            (Boots::Ramdisk, Start::Next),
            (Boots::Instance, Start::Next),
            (Boots::Disk, Start::Disk),
            (Boots::Nothing, Start::Disk),
        ] {
            let node = node(boot, boots);
            let enrolled = Some(Enrolled { node: &node, port: &on });
            assert_eq!(start(enrolled, &plan(Discovery::Enrol)), started, "{boot}");
            let is_offered =
                offer(&client(7, Class::Pxe), enrolled, &plan(Discovery::Enrol), BASE) != Offer::Address;
            assert_eq!(is_offered, started == Start::Disk, "{boot}");
        }
    }
    assert_eq!(start(None, &plan(Discovery::Off)), Start::Next);
    assert_eq!(start(None, &plan(Discovery::Record)), Start::Discovery);
}

#[test]
fn a_machine_whose_inspection_is_left_to_the_network_boots_what_unknown_ones_do() {
    let plan = plan(Discovery::Off);
    for (provision, token, started) in [
        (Provision::Inspecting, None, Start::Discovery),
        (Provision::InspectWait, None, Start::Discovery),
        (Provision::InspectWait, Some("t"), Start::Agent),
        (Provision::CleanWait, Some("t"), Start::Agent),
        (Provision::Manageable, Some("t"), Start::Agent),
        (Provision::CleanWait, None, Start::Next),
    ] {
        let mut node = node("ipxe", Boots::Ramdisk);
        (node.provision, node.boot_token) = (provision, token.map(Secret::new));
        assert_eq!(start(Some(Enrolled { node: &node, port: &port(true) }), &plan), started, "{provision}");
        let closed = start(Some(Enrolled { node: &node, port: &port(false) }), &plan);
        assert_eq!(closed, if started == Start::Discovery { started } else { Start::Next }, "{provision}");
        node.boots = Boots::Nothing;
        assert_eq!(
            start(Some(Enrolled { node: &node, port: &port(true) }), &plan),
            Start::Disk,
            "{provision}"
        );
    }
}

#[test]
fn a_stranger_is_let_in_where_one_is_awaited() {
    let plan = plan(Discovery::Off);
    let site = |awaits_a_stranger| Site { plan: &plan, awaits_a_stranger };
    assert_eq!(super::start(None, site(true)), Start::Discovery);
    assert_eq!(super::start(None, site(false)), Start::Next);
    assert_eq!(super::offer(&client(7, Class::Pxe), None, site(true), BASE), tftp("snponly.efi"));
}

#[test]
fn a_ramdisk_for_which_nothing_was_prepared_is_not_ours_to_give() {
    let (port, plan) = (port(true), plan(Discovery::Off));
    for boot in ["ipxe", "pxe", "http-ipxe", "http"] {
        let mut node = node(boot, Boots::Ramdisk);
        assert_eq!(start(Some(Enrolled { node: &node, port: &port }), &plan), Start::Agent, "{boot}");
        node.boot_token = None;
        assert_eq!(start(Some(Enrolled { node: &node, port: &port }), &plan), Start::Next, "{boot}");
    }
}
