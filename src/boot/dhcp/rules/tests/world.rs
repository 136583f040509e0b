//! A network with a few machines, and packets as they were recorded.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex};

use serde::Deserialize;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::time::PausedClock;
use crate::boot::dhcp::answer::Answer;
use crate::boot::dhcp::rules::Act;
use crate::boot::dhcp::served::{Around, Enrolled, Rack, Served};
use crate::boot::teller::{Journal, Teller};
use crate::model::Object;
use crate::model::boot::event::Tiding;
use crate::model::boot::lease::LeaseChange;
use crate::model::boot::plan::{BootPlan, DhcpMode, Discovery, Network, Relayed, Reservation, Role};
use crate::model::node::{Node, Wished};
use crate::model::port::{Port, PortWished};
use crate::wire::dhcp4::Kind;
use crate::wire::dhcp4::packet::Packet;

#[derive(Debug, Default)]
pub(super) struct Machines(HashMap<Mac, bool>);

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

pub(super) struct World {
    pub(super) served: Served,
    pub(super) clock: Arc<PausedClock>,
    pub(super) journal: Arc<Recorder>,
}

/// What was journaled.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Tiding>>);

impl Journal for Recorder {
    fn note(&self, tiding: Tiding) {
        self.0.lock().unwrap().push(tiding);
    }
}

impl Recorder {
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|one| one.text.clone()).collect()
    }

    /// Event and subject of each.
    pub(super) fn all(&self) -> Vec<(&'static str, String)> {
        self.0.lock().unwrap().iter().map(|one| (one.event, one.subject.clone())).collect()
    }
}

pub(super) fn network() -> Network {
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

pub(super) fn world(network: Network) -> World {
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

pub(super) fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

pub(super) fn mac(last: u8) -> Mac {
    Mac([0x52, 0x54, 0, 0, 0, last])
}

/// A recorded request, as if `mac` had sent it.
pub(super) fn recorded(class: &str, is_ipxe: bool, who: Mac) -> Packet {
    #[derive(Deserialize)]
    struct Row {
        hex: String,
        class: Option<String>,
        ipxe: bool,
        #[serde(rename = "type")]
        kind: String,
    }
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("../../../../../tests/goldens/boot/dhcp4/requests.json")).unwrap();
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

pub(super) fn discover(who: Mac) -> Packet {
    recorded("udhcp", false, who)
}

pub(super) fn request(
    packet: Packet,
    server: Option<Ipv4Addr>,
    requested: Option<Ipv4Addr>,
    ciaddr: Ipv4Addr,
) -> Packet {
    Packet { kind: Kind::Request, server, requested, ciaddr, ..packet }
}

pub(super) const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

impl World {
    pub(super) fn take(&self, packet: &Packet) -> Act {
        let from = if packet.ciaddr.is_unspecified() { NONE } else { packet.ciaddr };
        self.served.take(packet, SocketAddrV4::new(from, 68))
    }

    /// The address that a machine is offered.
    pub(super) fn offered(&self, packet: &Packet) -> Answer {
        match self.take(packet) {
            Act::Look { address, answer } => {
                assert_eq!(answer.reply.yiaddr, address);
                answer
            }
            Act::Send(answer) => answer,
            other @ (Act::Keep { .. } | Act::Forget(_) | Act::Nothing(_)) => panic!("{other:?}"),
        }
    }

    pub(super) fn kept(&self, packet: &Packet) -> Answer {
        let act = self.take(packet);
        let Act::Keep { lease, answer, change } = act else { panic!("{act:?}") };
        assert!(matches!(&change, LeaseChange::Given { lease: kept, .. } if *kept == lease));
        let now = self.served.now();
        self.served.pools()[0].grant(&lease, now);
        answer
    }

    /// Leases an address to a machine; it is returned.
    pub(super) fn leased(&self, who: Mac) -> Ipv4Addr {
        let address = self.offered(&discover(who)).reply.yiaddr;
        let answer = self.kept(&request(discover(who), Some(ip(1)), Some(address), NONE));
        assert_eq!((answer.reply.kind, answer.reply.yiaddr), (Kind::Ack, address));
        address
    }
}

pub(super) fn nak(act: Act) -> Answer {
    let Act::Send(answer) = act else { panic!("{act:?}") };
    assert_eq!(answer.reply.kind, Kind::Nak);
    assert_eq!((answer.reply.yiaddr, answer.reply.ciaddr, answer.reply.lease), (NONE, NONE, None));
    answer
}
