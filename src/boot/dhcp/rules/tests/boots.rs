//! Boot data: for whom, and beside another server.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::world::{NONE, discover, ip, mac, network, recorded, request, world};
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::rules::Act;
use crate::model::boot::plan::{DhcpMode, Network, Role};
use crate::wire::dhcp4::Kind;
use crate::wire::dhcp4::reply::BootClass;

#[test]
fn each_client_is_given_what_it_can_boot() {
    let world = world(network());
    let boot = |class: &str, is_ipxe: bool| world.offered(&recorded(class, is_ipxe, mac(2))).reply.boot;
    let pxe = boot("PXEClient", false).unwrap();
    assert_eq!((pxe.file.as_str(), pxe.class, pxe.is_ipxe), ("snponly.efi", BootClass::Pxe, false));
    let http = boot("HTTPClient", false).unwrap();
    assert_eq!(
        (http.file.as_str(), http.class),
        ("http://10.0.0.1:8080/boot/loader/snponly.efi", BootClass::Http)
    );
    let ipxe = boot("PXEClient", true).unwrap();
    assert_eq!(
        (ipxe.file.as_str(), ipxe.is_ipxe),
        ("http://10.0.0.1:8080/boot/ipxe/52-54-00-00-00-02", true)
    );
    assert_eq!(boot("udhcp", false), None);
}

#[test]
fn a_port_that_is_not_for_booting_and_a_network_of_bmcs_give_no_boot_data() {
    let boot = world(network());
    assert_eq!(boot.offered(&recorded("PXEClient", false, mac(3))).reply.boot, None);
    let bmcs = world(Network { role: Role::Bmc, ..network() });
    assert_eq!(bmcs.offered(&recorded("PXEClient", false, mac(2))).reply.boot, None);
}

#[test]
fn beside_another_server_only_boot_data_are_given() {
    let world = world(Network { dhcp: DhcpMode::Proxy, pools: Vec::new(), ..network() });
    let Act::Send(answer) = world.served.add(&recorded("PXEClient", false, mac(2))) else { panic!() };
    let reply = &answer.reply;
    assert_eq!(
        (reply.kind, reply.yiaddr, reply.lease, reply.link.is_none()),
        (Kind::Offer, NONE, None, true)
    );
    assert_eq!(answer.to, "255.255.255.255:68".parse().unwrap());
    assert_eq!(reply.boot.as_ref().unwrap().file, "snponly.efi");
    assert!(reply.machine.is_some());
    assert_eq!(world.served.add(&discover(mac(2))), Act::Nothing(Event::NotServed));
    // What it takes from the other server is remembered.
    let taken = request(recorded("PXEClient", false, mac(2)), Some(ip(77)), Some(ip(150)), NONE);
    assert_eq!(world.served.add(&taken), Act::Nothing(Event::NotForUs));
    assert_eq!(world.served.holder(ip(150).into()), Some(mac(2)));
}

#[test]
fn port_4011_answers_where_it_was_asked_from() {
    let world = world(Network { dhcp: DhcpMode::Proxy, pools: Vec::new(), ..network() });
    for port in [4011, 68] {
        let from = SocketAddrV4::new(ip(150), port);
        let asked = request(recorded("PXEClient", port == 68, mac(2)), None, None, ip(150));
        let Act::Send(answer) = world.served.serve_boot(&asked, from) else { panic!() };
        assert_eq!(answer.to, from);
        let reply = answer.reply;
        assert_eq!((reply.kind, reply.ciaddr, reply.yiaddr, reply.server), (Kind::Ack, ip(150), NONE, ip(1)));
        assert!(reply.boot.is_some());
    }
    let stranger = SocketAddrV4::new(Ipv4Addr::new(8, 8, 8, 8), 4011);
    let asked = request(recorded("PXEClient", false, mac(2)), None, None, ip(150));
    assert_eq!(world.served.serve_boot(&asked, stranger), Act::Nothing(Event::NotForUs));
}
