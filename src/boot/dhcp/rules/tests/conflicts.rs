//! Addresses that somebody else uses: declined, seen in ARP, and free again.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::world::{discover, ip, mac, network, world};
use crate::base::mac::Mac;
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::rules::Act;
use crate::model::boot::plan::{Network, Reservation};
use crate::wire::dhcp4::Kind;
use crate::wire::dhcp4::packet::Packet;
use crate::wire::frame::arp::Claim;

#[test]
fn a_declined_address_is_put_aside_and_only_its_holder_can_decline() {
    let world = world(network());
    let address = world.leased(mac(1));
    let decline =
        |who| Packet { kind: Kind::Decline, requested: Some(address), server: Some(ip(1)), ..discover(who) };
    assert_eq!(world.take(&decline(mac(4))), Act::Nothing(Event::NotForUs));
    assert!(matches!(world.take(&decline(mac(1))), Act::Forget(key) if key.mac == mac(1)));
    assert_ne!(world.offered(&discover(mac(1))).reply.yiaddr, address);
    assert_eq!(world.served.pools()[0].used(), (1, 1));
    let told = "1 of 11 addresses are put aside because machines declined them or others use them";
    assert!(world.served.why_none(&discover(mac(4))).contains(told));
    let problems = world.served.status().problems;
    assert!(problems.len() == 1 && problems[0].contains(told), "{problems:?}");
}

#[test]
fn a_reserved_address_that_another_uses_is_told_as_the_cause() {
    let own = ip(15);
    let reservations = vec![Reservation { mac: mac(4), address: own }];
    let world = world(Network { reservations, ..network() });
    assert_eq!(world.offered(&discover(mac(4))).reply.yiaddr, own);
    assert!(world.served.put_aside(Claim { mac: mac(7), address: own, target: ip(1) }, false));
    assert_eq!(world.take(&discover(mac(4))), Act::Nothing(Event::Exhausted));
    let told = world.served.why_none(&discover(mac(4)));
    assert!(told.contains(&format!("{own} is reserved for {} and put aside", mac(4))), "{told}");
}

/// A DISCOVER of this machine, and a REQUEST for what it was offered.
fn pair(who: Mac, offered: Ipv4Addr) -> (Packet, Packet) {
    let discover = Packet::parse(&crate::wire::dhcp4::discover::emit(who, 7)).unwrap();
    let request =
        Packet { kind: Kind::Request, requested: Some(offered), server: Some(ip(1)), ..discover.clone() };
    (discover, request)
}

#[test]
fn a_conflict_that_is_seen_after_the_offer_refuses_the_request() {
    let world = world(network());
    let from = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68);
    let (discover, _) = pair(mac(4), ip(0));
    let Act::Look { address, .. } = world.served.take(&discover, from) else {
        panic!("an address is looked for")
    };
    let claim = |who: Mac| Claim { mac: who, address, target: ip(1) };
    assert!(!world.served.put_aside(claim(mac(4)), false), "the machine itself");
    assert!(world.served.put_aside(claim(mac(7)), false));
    assert_eq!(world.journal.all(), [("conflict", address.to_string())]);
    let (discover, request) = pair(mac(4), address);
    let Act::Send(refusal) = world.served.take(&request, from) else { panic!("an answer") };
    assert_eq!(refusal.reply.kind, Kind::Nak);
    let Act::Look { address: other, .. } = world.served.take(&discover, from) else {
        panic!("another address")
    };
    assert_ne!(other, address);
    assert_eq!(world.served.pools()[0].used(), (1, 1));
    world.clock.advance(Duration::from_mins(10));
    let (_, again) = pair(mac(5), address);
    assert!(matches!(world.served.take(&again, from), Act::Keep { .. }), "free again after its quarantine");
}

#[test]
fn a_conflict_while_the_lease_is_written_keeps_it_from_being_given_and_a_lease_is_not_taken() {
    let world = world(network());
    let from = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68);
    let (discover, _) = pair(mac(4), ip(0));
    let Act::Look { address, .. } = world.served.take(&discover, from) else {
        panic!("an address is looked for")
    };
    let (_, request) = pair(mac(4), address);
    let Act::Keep { lease, .. } = world.served.take(&request, from) else { panic!("a lease") };
    let claim = Claim { mac: mac(7), address, target: ip(1) };
    assert!(world.served.put_aside(claim, false));
    let now = world.served.now();
    assert!(!world.served.pools()[0].grant(&lease, now));
    world.clock.advance(Duration::from_mins(10));
    let Act::Keep { lease, .. } = world.served.take(&request, from) else { panic!("a lease") };
    let now = world.served.now();
    assert!(world.served.pools()[0].grant(&lease, now));
    assert!(!world.served.put_aside(claim, false), "forged ARP takes no lease away");
}

#[test]
fn a_decline_is_journaled() {
    let world = world(network());
    let from = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68);
    let (discover, _) = pair(mac(4), ip(0));
    let Act::Look { address, .. } = world.served.take(&discover, from) else {
        panic!("an address is looked for")
    };
    let (_, request) = pair(mac(4), address);
    let decline = Packet { kind: Kind::Decline, ..request.clone() };
    assert!(matches!(world.served.take(&decline, from), Act::Nothing(Event::NotForUs)), "it is only offered");
    world.kept(&request);
    assert!(matches!(world.served.take(&decline, from), Act::Forget(_)));
    assert!(matches!(world.served.take(&decline, from), Act::Nothing(Event::NotForUs)));
    assert_eq!(world.journal.all(), [("decline", address.to_string())]);
}
