//! The rules of RFC 2131 and of network boot, by calling them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::Deserialize;

use super::*;
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::time::PausedClock;
use crate::boot::dhcp::served::{Around, Enrolled, Rack};
use crate::boot::teller::{Journal, Teller};
use crate::model::Object;
use crate::model::boot::event::Tiding;
use crate::model::boot::plan::{BootPlan, Discovery, Network, Relayed, Reservation, Role};
use crate::model::node::{Node, Wished};
use crate::model::port::{Port, PortWished};
use crate::wire::dhcp4::packet::Packet;
use crate::wire::dhcp4::relay::Relay;
use crate::wire::dhcp4::reply::BootClass;
use crate::wire::frame::arp::Claim;

#[derive(Debug, Default)]
struct Machines(HashMap<Mac, bool>);

impl Rack for Machines {
    fn find(&self, mac: Mac) -> Option<Enrolled> {
        let is_boot = *self.0.get(&mac)?;
        let node = Node::new(NodeId(uuid::Uuid::nil()), Wished::default(), crate::base::moment::Moment(0));
        let port = Port {
            id: PortId(uuid::Uuid::nil()),
            order: 0,
            created_at: node.created_at,
            updated_at: None,
            node: node.id,
            address: mac,
            wished: PortWished { pxe_enabled: is_boot, ..PortWished::default() },
            internal_info: Object::new(),
        };
        Some(Enrolled { node: Arc::new(node), port: Arc::new(port) })
    }

    fn awaits_a_stranger(&self) -> bool {
        false
    }
}

struct World {
    served: Served,
    clock: Arc<PausedClock>,
    journal: Arc<Recorder>,
}

/// What was journaled.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Tiding>>);

impl Journal for Recorder {
    fn note(&self, tiding: Tiding) {
        self.0.lock().unwrap().push(tiding);
    }
}

impl Recorder {
    /// Event and subject of each.
    fn all(&self) -> Vec<(&'static str, String)> {
        self.0.lock().unwrap().iter().map(|one| (one.event, one.subject.clone())).collect()
    }
}

fn network() -> Network {
    Network {
        name: "boot".to_owned(),
        interface: "eth1".to_owned(),
        role: Role::Boot,
        dhcp: DhcpMode::Own,
        address: None,
        pools: vec![(ip(100), ip(110))],
        reservations: vec![Reservation { mac: mac(9), address: ip(9) }],
        router: None,
        dns: Vec::new(),
        dns6: Vec::new(),
        domain: None,
        lease_time: 3600,
        relayed: vec![Relayed {
            net: "10.9.0.0/24".parse().unwrap(),
            pools: vec![(Ipv4Addr::new(10, 9, 0, 50), Ipv4Addr::new(10, 9, 0, 60))],
            router: Some(Ipv4Addr::new(10, 9, 0, 1)),
        }],
        router_advertisements: false,
        dhcp6: None,
    }
}

fn world(network: Network) -> World {
    let clock = Arc::new(PausedClock::new());
    // The second machine is enrolled, and the third, but that one does not boot from its port.
    let rack = Arc::new(Machines(HashMap::from([(mac(2), true), (mac(3), false)])));
    let plan = Arc::new(BootPlan { discovery: Discovery::Record, ..BootPlan::default() });
    let journal = Arc::new(Recorder::default());
    let teller = Teller::new(journal.clone(), "boot", "dhcp4");
    let around = Around { rack, clock: clock.clone(), http_port: 8080, counters: Arc::default(), teller };
    let served = Served::on(network, "10.0.0.1/24".parse().unwrap(), 1500, plan, around);
    World { served, clock, journal }
}

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn mac(last: u8) -> Mac {
    Mac([0x52, 0x54, 0, 0, 0, last])
}

/// A recorded request, as if `mac` had sent it.
fn recorded(class: &str, is_ipxe: bool, who: Mac) -> Packet {
    #[derive(Deserialize)]
    struct Row {
        hex: String,
        class: Option<String>,
        ipxe: bool,
        #[serde(rename = "type")]
        kind: String,
    }
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("../../../../tests/goldens/boot/dhcp4/requests.json")).unwrap();
    let fits = |row: &&Row| {
        row.kind == "DISCOVER"
            && row.ipxe == is_ipxe
            && row.class.as_deref().unwrap_or_default().starts_with(class)
    };
    let hex = &rows.iter().find(fits).unwrap().hex;
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    Packet { mac: who, ..Packet::parse(&bytes).unwrap() }
}

fn discover(who: Mac) -> Packet {
    recorded("udhcp", false, who)
}

fn request(
    packet: Packet,
    server: Option<Ipv4Addr>,
    requested: Option<Ipv4Addr>,
    ciaddr: Ipv4Addr,
) -> Packet {
    Packet { kind: Kind::Request, server, requested, ciaddr, ..packet }
}

const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

impl World {
    fn take(&self, packet: &Packet) -> Act {
        let from = if packet.ciaddr.is_unspecified() { NONE } else { packet.ciaddr };
        self.served.take(packet, SocketAddrV4::new(from, 68))
    }

    /// The address that a machine is offered.
    fn offered(&self, packet: &Packet) -> Answer {
        match self.take(packet) {
            Act::Look { address, answer } => {
                assert_eq!(answer.reply.yiaddr, address);
                answer
            }
            Act::Send(answer) => answer,
            other @ (Act::Keep { .. } | Act::Forget(_) | Act::Nothing(_)) => panic!("{other:?}"),
        }
    }

    fn kept(&self, packet: &Packet) -> Answer {
        let act = self.take(packet);
        let Act::Keep { lease, answer, change } = act else { panic!("{act:?}") };
        assert!(matches!(&change, LeaseChange::Given { lease: kept, .. } if *kept == lease));
        let now = self.served.now();
        self.served.pools()[0].grant(&lease, now);
        answer
    }

    /// Leases an address to a machine; it is returned.
    fn leased(&self, who: Mac) -> Ipv4Addr {
        let address = self.offered(&discover(who)).reply.yiaddr;
        let answer = self.kept(&request(discover(who), Some(ip(1)), Some(address), NONE));
        assert_eq!((answer.reply.kind, answer.reply.yiaddr), (Kind::Ack, address));
        address
    }
}

fn nak(act: Act) -> Answer {
    let Act::Send(answer) = act else { panic!("{act:?}") };
    assert_eq!(answer.reply.kind, Kind::Nak);
    assert_eq!((answer.reply.yiaddr, answer.reply.ciaddr, answer.reply.lease), (NONE, NONE, None));
    answer
}

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
fn a_declined_address_is_put_aside_and_only_its_holder_can_decline() {
    let world = world(network());
    let address = world.leased(mac(1));
    let decline =
        |who| Packet { kind: Kind::Decline, requested: Some(address), server: Some(ip(1)), ..discover(who) };
    assert_eq!(world.take(&decline(mac(4))), Act::Nothing(Event::NotForUs));
    assert!(matches!(world.take(&decline(mac(1))), Act::Forget(key) if key.mac == mac(1)));
    assert_ne!(world.offered(&discover(mac(1))).reply.yiaddr, address);
    assert_eq!(world.served.pools()[0].used(), (1, 1));
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
    let decline = Packet { kind: Kind::Decline, ..request };
    assert!(matches!(world.served.take(&decline, from), Act::Forget(_)));
    assert!(matches!(world.served.take(&decline, from), Act::Nothing(Event::NotForUs)));
    assert_eq!(world.journal.all(), [("decline", address.to_string())]);
}
