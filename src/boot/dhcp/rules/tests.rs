//! The rules of RFC 2131 and of network boot, by calling them.

mod boots;
mod conflicts;
mod world;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use self::world::{NONE, discover, ip, mac, nak, network, request, world};
use crate::base::mac::Mac;
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::rules::Act;
use crate::model::boot::plan::{DhcpMode, Network};
use crate::wire::dhcp4::Kind;
use crate::wire::dhcp4::packet::Packet;
use crate::wire::dhcp4::relay::Relay;

#[test]
fn a_new_machine_is_looked_for_first_and_a_known_one_answered_at_once() {
    let world = world(network());
    assert!(matches!(world.take(&discover(mac(1))), Act::Look { .. }));
    let address = world.leased(mac(2));
    let Act::Send(answer) = world.take(&discover(mac(2))) else { panic!() };
    assert_eq!(answer.reply.yiaddr, address);
    assert_eq!(answer.to, "255.255.255.255:68".parse().unwrap());
    assert_eq!(answer.reply.server, ip(1));
}

#[test]
fn an_offer_of_another_server_is_none_of_ours() {
    let world = world(network());
    let act = world.take(&request(discover(mac(1)), Some(ip(77)), Some(ip(200)), NONE));
    assert_eq!(act, Act::Nothing(Event::NotForUs));
}

#[test]
fn an_address_that_was_not_offered_is_refused() {
    let world = world(network());
    let address = world.leased(mac(1));
    let answer = nak(world.take(&request(discover(mac(4)), Some(ip(1)), Some(address), NONE)));
    assert_eq!(answer.to, "255.255.255.255:68".parse().unwrap());
    nak(world.take(&request(discover(mac(4)), Some(ip(1)), Some(ip(250)), NONE)));
    nak(world.take(&request(discover(mac(4)), Some(ip(1)), Some(ip(9)), NONE)));
}

#[test]
fn an_offer_from_before_a_restart_is_kept() {
    let world = world(network());
    world.kept(&request(discover(mac(1)), Some(ip(1)), Some(ip(105)), NONE));
}

#[test]
fn a_machine_that_starts_again_gets_what_it_remembers_if_that_is_right() {
    let world = world(network());
    let address = world.leased(mac(1));
    let Act::Send(answer) = world.take(&request(discover(mac(1)), None, Some(address), NONE)) else {
        panic!()
    };
    assert_eq!((answer.reply.kind, answer.reply.yiaddr), (Kind::Ack, address));
    // It was moved to this network.
    nak(world.take(&request(discover(mac(1)), None, Some(Ipv4Addr::new(192, 168, 1, 5)), NONE)));
    // It remembers another address of this network.
    let other = ip(if address == ip(104) { 105 } else { 104 });
    nak(world.take(&request(discover(mac(1)), None, Some(other), NONE)));
    // Nothing is known of it, so others may know it (RFC 2131, 4.3.2).
    let act = world.take(&request(discover(mac(4)), None, Some(ip(104)), NONE));
    assert_eq!(act, Act::Nothing(Event::NotForUs));
}

#[test]
fn a_renewal_is_written_only_when_half_of_the_lease_is_gone() {
    let world = world(network());
    let address = world.leased(mac(1));
    let renewal = request(discover(mac(1)), None, None, address);
    world.clock.advance(Duration::from_secs(1000));
    let Act::Send(answer) = world.take(&renewal) else { panic!() };
    assert_eq!((answer.reply.lease, answer.reply.kind), (Some(2600), Kind::Ack));
    assert_eq!(answer.to, SocketAddrV4::new(address, 68));
    assert_eq!(answer.reply.ciaddr, address);
    world.clock.advance(Duration::from_secs(1000));
    assert_eq!(world.kept(&renewal).reply.lease, Some(3600));
    world.clock.advance(Duration::from_secs(5000));
    assert_eq!(world.kept(&renewal).reply.lease, Some(3600));
}

#[test]
fn a_renewal_of_an_address_that_another_has_is_refused() {
    let world = world(network());
    let address = world.leased(mac(1));
    nak(world.take(&request(discover(mac(4)), None, None, address)));
    // A daemon that lost its leases goes on with what machines use.
    world.kept(&request(discover(mac(4)), None, None, ip(if address == ip(104) { 105 } else { 104 })));
}

#[test]
fn only_the_holder_gives_an_address_back() {
    let world = world(network());
    let address = world.leased(mac(1));
    let release = |who| Packet { kind: Kind::Release, ciaddr: address, server: Some(ip(1)), ..discover(who) };
    assert_eq!(world.take(&release(mac(4))), Act::Nothing(Event::NotForUs));
    let spoofed = world.served.take(&release(mac(1)), SocketAddrV4::new(ip(66), 68));
    assert_eq!(spoofed, Act::Nothing(Event::NotForUs));
    assert!(matches!(world.take(&release(mac(1))), Act::Forget(key) if key.mac == mac(1)));
    assert_eq!(world.served.pools()[0].used(), (0, 0));
}

#[test]
fn who_has_an_address_is_told_the_rest() {
    let world = world(network());
    let inform = Packet { kind: Kind::Inform, ciaddr: ip(50), ..discover(mac(1)) };
    let Act::Send(answer) = world.take(&inform) else { panic!() };
    assert_eq!((answer.reply.kind, answer.reply.yiaddr, answer.reply.lease), (Kind::Ack, NONE, None));
    assert_eq!(answer.to, SocketAddrV4::new(ip(50), 68));
    let elsewhere = Packet { ciaddr: Ipv4Addr::new(8, 8, 8, 8), ..inform };
    assert_eq!(world.take(&elsewhere), Act::Nothing(Event::NoNetwork));
}

#[test]
fn a_reservation_is_kept_and_a_known_network_serves_nobody_else() {
    let world = world(Network { dhcp: DhcpMode::Known, ..network() });
    assert_eq!(world.offered(&discover(mac(9))).reply.yiaddr, ip(9));
    assert_eq!(world.take(&discover(mac(1))), Act::Nothing(Event::NotServed));
    assert!(matches!(world.take(&discover(mac(2))), Act::Look { .. }));
}

#[test]
fn behind_a_relay_addresses_come_from_its_network_and_answers_go_to_it() {
    let world = world(network());
    let raw = vec![1, 2, b'e', b'7'];
    let giaddr = Ipv4Addr::new(10, 9, 0, 1);
    let relayed = Packet { giaddr, relay: Some(Relay::parse(&raw)), ..discover(mac(1)) };
    let Act::Send(answer) = world.take(&relayed) else { panic!() };
    assert!(world.served.network.relayed[0].net.contains(&answer.reply.yiaddr));
    assert_eq!(answer.to, SocketAddrV4::new(giaddr, 67));
    assert_eq!((answer.reply.giaddr, answer.reply.relay.as_ref()), (giaddr, Some(&raw)));
    let link = answer.reply.link.unwrap();
    assert_eq!((link.router, link.broadcast), (Some(giaddr), Ipv4Addr::new(10, 9, 0, 255)));
    let refused = nak(world.take(&request(relayed.clone(), Some(ip(1)), Some(ip(100)), NONE)));
    assert_eq!((refused.to, refused.reply.flags & 0x8000), (SocketAddrV4::new(giaddr, 67), 0x8000));
    let unknown = Packet { giaddr: Ipv4Addr::new(10, 8, 0, 1), ..relayed.clone() };
    assert_eq!(world.take(&unknown), Act::Nothing(Event::NoNetwork));
    assert_eq!(world.journal.all(), [("unknown-relay", "10.8.0.1".to_owned())]);
    let told = "a relay at 10.8.0.1 asks, and no `relayed` of boot names its network";
    assert_eq!(world.journal.texts(), [told]);
    // RFC 3527 and 5107: the relay's own address is elsewhere, and it wants to be the server.
    let more = [&raw[..], &[5, 4, 10, 9, 0, 0, 11, 4, 10, 9, 0, 1]].concat();
    let selected =
        Packet { giaddr: Ipv4Addr::new(172, 16, 0, 1), relay: Some(Relay::parse(&more)), ..relayed };
    let answer = world.offered(&selected);
    assert_eq!((answer.reply.server, answer.to.ip()), (giaddr, &Ipv4Addr::new(172, 16, 0, 1)));
    let taken = request(selected, Some(giaddr), Some(answer.reply.yiaddr), NONE);
    assert!(matches!(world.take(&taken), Act::Keep { .. }));
}

#[test]
fn a_flood_of_strangers_leaves_addresses_for_enrolled_machines() {
    let world = world(network());
    let mut exhausted = 0;
    for last in 0..200 {
        let flood = Packet { mac: Mac([0x02, 0, 0, 0, 1, last]), ..discover(mac(1)) };
        exhausted += usize::from(world.take(&flood) == Act::Nothing(Event::Exhausted));
    }
    assert_eq!(exhausted, 200 - 9);
    assert!(matches!(world.take(&discover(mac(2))), Act::Look { .. }));
}
