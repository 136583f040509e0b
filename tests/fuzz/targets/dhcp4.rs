//! Packets of DHCPv4 and frames of ARP from hostile machines: what a network answers fits into a datagram and can be read.
//!
//! Before each packet stand a byte that says how it comes, one for the time that passes, and its length in two.
#![no_main]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use ferric::base::id::{NodeId, PortId};
use ferric::base::mac::Mac;
use ferric::base::moment::Moment;
use ferric::base::time::PausedClock;
use ferric::boot::dhcp::answer::Answer;
use ferric::boot::dhcp::client::words;
use ferric::boot::dhcp::rules::Act;
use ferric::boot::dhcp::served::{Around, Enrolled, Rack, Served};
use ferric::boot::teller::{Journal, Teller};
use ferric::model::boot::event::Tiding;
use ferric::model::boot::lease::LeaseChange;
use ferric::model::boot::plan::{BootPlan, DhcpMode, Discovery, Network, Relayed, Reservation, Role};
use ferric::model::node::{Node, Wished};
use ferric::model::port::{Port, PortWished};
use ferric::wire::dhcp4::LONGEST;
use ferric::wire::dhcp4::packet::Packet;
use ferric::wire::frame::arp::Claim;
use ferric::wire::frame::udp::Datagram;
use libfuzzer_sys::fuzz_target;

/// Machines are enrolled whose address ends with an even number.
#[derive(Debug)]
struct Even;

impl Rack for Even {
    fn find(&self, mac: Mac) -> Option<Enrolled> {
        if mac.0[5] % 2 != 0 {
            return None;
        }
        let node = Node::new(NodeId(uuid::Uuid::nil()), Wished::default(), Moment(0));
        let port = Port {
            id: PortId(uuid::Uuid::nil()),
            order: 0,
            created_at: node.created_at,
            updated_at: None,
            node: node.id,
            address: mac,
            wished: PortWished { pxe_enabled: mac.0[5] % 4 == 0, ..PortWished::default() },
            internal_info: Default::default(),
        };
        Some(Enrolled { node: Arc::new(node), port: Arc::new(port) })
    }

    fn awaits_a_stranger(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Nowhere;

impl Journal for Nowhere {
    fn note(&self, tiding: Tiding) {
        assert!(tiding.text.len() < 500, "{}", tiding.text);
    }
}

fn network(dhcp: DhcpMode) -> Network {
    let ip = |last| Ipv4Addr::new(10, 0, 0, last);
    Network {
        name: "boot".to_owned(),
        interface: "eth1".to_owned(),
        role: Role::Boot,
        dhcp,
        address: None,
        pools: vec![(ip(100), ip(110))],
        reservations: vec![Reservation { mac: Mac([0x52, 0x54, 0, 0, 0, 9]), address: ip(9) }],
        router: None,
        dns: vec![ip(1)],
        dns6: Vec::new(),
        domain: Some("rack.example".to_owned()),
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

fn served(dhcp: DhcpMode, clock: &Arc<PausedClock>) -> Served {
    let plan = Arc::new(BootPlan { discovery: Discovery::Record, ..BootPlan::default() });
    let around = Around {
        rack: Arc::new(Even),
        clock: clock.clone(),
        http_port: 8080,
        counters: Arc::default(),
        teller: Teller::new(Arc::new(Nowhere), "boot", "dhcp4"),
    };
    Served::on(network(dhcp), "10.0.0.1/24".parse().unwrap(), 1500, plan, around)
}

/// An answer that a client can read, and that one frame holds.
fn check(packet: &Packet, answer: &Answer) {
    let Ok(bytes) = answer.reply.emit(answer.limit) else { return };
    assert!(bytes.len() <= answer.limit.max(300) && answer.limit <= 1472);
    let read = Packet::parse(&bytes).expect("an answer can be read");
    assert_eq!((read.is_request, read.mac, read.xid), (false, packet.mac, packet.xid));
    assert_eq!((read.kind, read.yiaddr), (answer.reply.kind, answer.reply.yiaddr));
}

/// Does what a network's task would do.
fn act(served: &Served, packet: &Packet, act: Act) {
    match act {
        Act::Send(answer) | Act::Look { answer, .. } => check(packet, &answer),
        Act::Keep { change, lease, answer } => {
            assert!(matches!(change, LeaseChange::Given { .. }));
            check(packet, &answer);
            let now = served.now();
            let mut pools = served.pools();
            let pool = pools.iter_mut().find(|pool| pool.net.network() == lease.key.network);
            pool.expect("a lease is of a network that is served").grant(&lease, now);
        }
        Act::Forget(_) | Act::Nothing(_) => {}
    }
}

fn take(served: &Served, way: u8, bytes: &[u8]) {
    Packet::sender(bytes);
    Datagram::parse(bytes);
    if let Some(claim) = Claim::parse(bytes) {
        served.put_aside(claim, way & 1 == 0);
    }
    let Ok(packet) = Packet::parse(bytes) else { return };
    assert!(words(&packet).chars().all(|one| !one.is_control()));
    let address = if way & 2 == 0 { packet.ciaddr } else { Ipv4Addr::new(10, 0, 0, 150) };
    let from = SocketAddrV4::new(address, if way & 4 == 0 { 68 } else { 4011 });
    let done = match (way & 8 == 0, served.network.dhcp) {
        (false, _) => served.serve_boot(&packet, from),
        (true, DhcpMode::Proxy) => served.add(&packet),
        (true, DhcpMode::Own | DhcpMode::Known | DhcpMode::Off) => served.take(&packet, from),
    };
    act(served, &packet, done);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, mut rest)) = bytes.split_first() else { return };
    let clock = Arc::new(PausedClock::new());
    let served = served([DhcpMode::Own, DhcpMode::Known, DhcpMode::Proxy][usize::from(mode % 3)], &clock);
    while let Some(([way, wait, high, low], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len()).min(LONGEST + 1);
        let (packet, after) = after.split_at(length);
        clock.advance(Duration::from_secs(u64::from(*wait) * 30));
        take(&served, *way, packet);
        rest = after;
    }
    assert!(served.pools().iter().all(|pool| pool.used().0 + pool.used().1 <= 256));
});
