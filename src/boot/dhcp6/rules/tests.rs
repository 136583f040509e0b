//! The recorded exchanges of firmware, and what else a client may say.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::boot::dhcp6::pool::stand_in;

#[derive(Deserialize)]
struct Recorded {
    case: String,
    from: String,
    r#type: String,
    hex: String,
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).unwrap()).collect()
}

/// What the client of a recorded case said, in its order.
fn said(case: &str) -> Vec<(String, Message)> {
    let all: Vec<Recorded> =
        serde_json::from_str(include_str!("../../../../tests/goldens/boot/dhcp6/messages.json")).unwrap();
    let own = all.into_iter().filter(|one| one.case == case && one.from == "client");
    own.map(|one| (one.r#type, Message::parse(&unhex(&one.hex)).unwrap())).collect()
}

fn server() -> Duid {
    Duid::of_mac(Mac([0x52, 0x54, 0, 0xbc, 0xff, 0]))
}

struct Rig {
    rules: Rules,
    pool: Pool,
    now: u64,
    boot: Option<Boot>,
    is_stranger: bool,
}

impl Rig {
    fn new() -> Self {
        let (first, last) = ("fd00:bc:5::100".parse().unwrap(), "fd00:bc:5::1ff".parse().unwrap());
        let prefix = "fd00:bc:5::/64".parse().unwrap();
        let rules = Rules { server: server(), prefix, length: 7200, known_only: false, dns: Vec::new() };
        Self { rules, pool: Pool::new(first, last), now: 0, boot: None, is_stranger: false }
    }

    fn ask(&mut self, message: &Message) -> Result<Answer, Silence> {
        self.over(message, false)
    }

    fn over(&mut self, message: &Message, is_unicast: bool) -> Result<Answer, Silence> {
        let asked = Asked {
            message,
            is_unicast,
            asker: Asker {
                machine: message.client.as_ref().map_or(Mac([0; 6]), stand_in),
                is_stranger: self.is_stranger,
                circuit: None,
            },
            mac: Some(Mac([2, 0, 0, 0, 0, 7])),
            boot: self.boot.clone(),
            now: Tick(Duration::from_secs(self.now)),
            wall: Moment(1),
        };
        self.rules.answer(&mut self.pool, &asked)
    }
}

fn client() -> Duid {
    Duid::of(&[0, 4, 1, 2, 3]).unwrap()
}

fn message(kind: Kind, addresses: &[&str]) -> Message {
    let is_for_us = matches!(kind, Kind::Request | Kind::Renew | Kind::Release | Kind::Decline);
    Message {
        kind,
        xid: [1, 2, 3],
        client: Some(client()),
        server: is_for_us.then(server),
        associations: vec![Association {
            id: 5,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        }],
        unserved: vec![],
        wants: vec![],
        rapid: false,
        architectures: vec![],
        class: vec![],
        is_ipxe: false,
    }
}

/// The one address that an answer gives for a while.
fn lent(answer: &Answer) -> Ipv6Addr {
    let [given] = answer.reply.associations.as_slice() else { panic!("{answer:?}") };
    let [lent] = given.addresses.as_slice() else { panic!("{answer:?}") };
    assert_eq!((lent.valid, given.renew, given.rebind, given.status), (7200, 3600, 6300, None));
    lent.address
}

fn status(answer: &Answer) -> Option<Status> {
    answer.reply.associations[0].status
}

#[test]
fn ovmf_gets_through_its_recorded_exchange() {
    let mut rig = Rig::new();
    rig.boot = Some(Boot { url: "http://[fd00:bc:5::1]/snponly.efi".into(), is_http: true });
    let said = said("e-ovmf-v6-http-vc");
    let kinds: Vec<&str> = said.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["SOLICIT", "REQUEST", "RELEASE"]);
    let offer = rig.ask(&said[0].1).unwrap();
    assert_eq!(
        (offer.reply.kind, offer.reply.preference, offer.changes.len()),
        (Kind::Advertise, Some(255), 0)
    );
    assert_eq!(offer.reply.boot, rig.boot);
    let given = rig.ask(&said[1].1).unwrap();
    assert_eq!((given.reply.kind, lent(&given)), (Kind::Reply, "fd00:bc:5::150".parse().unwrap()));
    assert_eq!(given.reply.boot, rig.boot);
    let [LeaseChange6::Given(lease)] = given.changes.as_slice() else { panic!("{given:?}") };
    assert_eq!((lease.address, lease.key.association), (lent(&given), 0x2f33_6fc0));
    let over = rig.ask(&said[2].1).unwrap();
    assert_eq!(over.reply.status, Some(Status::Success));
    assert_eq!(over.changes, [LeaseChange6::Ended(lease.key.clone())]);
    assert_eq!(rig.pool.in_use(), 0);
}

#[test]
fn firmware_has_two_addresses_under_one_name() {
    let mut rig = Rig::new();
    let mut other = message(Kind::Solicit, &[]);
    other.associations[0].id = 6;
    let [one, two] = [message(Kind::Solicit, &[]), other].map(|solicit| {
        let offered = rig.ask(&solicit).unwrap();
        let request = Message { kind: Kind::Request, server: Some(server()), ..solicit };
        assert_eq!(lent(&rig.ask(&request).unwrap()), lent(&offered));
        lent(&offered)
    });
    assert_ne!(one, two);
    assert_eq!(rig.pool.in_use(), 2);
}

#[test]
fn a_client_in_a_hurry_has_its_address_at_once() {
    let mut rig = Rig::new();
    let answer = rig.ask(&Message { rapid: true, ..message(Kind::Solicit, &[]) }).unwrap();
    assert_eq!((answer.reply.kind, answer.reply.rapid, answer.changes.len()), (Kind::Reply, true, 1));
    assert_eq!(Some(lent(&answer)), rig.pool.held(&Holder { client: client(), association: 5 }));
}

#[test]
fn a_renewal_keeps_the_address_and_takes_others_away() {
    let mut rig = Rig::new();
    let own = lent(&rig.ask(&message(Kind::Request, &["fd00:bc:5::120"])).unwrap());
    let answer = rig.ask(&message(Kind::Renew, &["fd00:bc:5::120", "fd99::1"])).unwrap();
    let [kept, gone] = answer.reply.associations[0].addresses.as_slice() else { panic!("{answer:?}") };
    assert_eq!((kept.address, kept.valid), (own, 7200));
    assert_eq!((gone.address, gone.valid), ("fd99::1".parse().unwrap(), 0));
}

#[test]
fn a_server_that_forgot_gives_the_same_address_again_if_it_is_free() {
    for kind in [Kind::Renew, Kind::Rebind] {
        let mut rig = Rig::new();
        assert_eq!(
            lent(&rig.ask(&message(kind, &["fd00:bc:5::120"])).unwrap()),
            "fd00:bc:5::120".parse::<Ipv6Addr>().unwrap()
        );
        let other = Message { client: Duid::of(&[0, 4, 9]), ..message(kind, &["fd00:bc:5::120"]) };
        if kind == Kind::Renew {
            assert_eq!(status(&rig.ask(&other).unwrap()), Some(Status::NoBinding));
        } else {
            assert_eq!(rig.ask(&other), Err(Silence::Nothing));
        }
    }
}

#[test]
fn what_is_of_another_network_is_told() {
    let mut rig = Rig::new();
    let foreign = ["fd99::1"];
    assert_eq!(status(&rig.ask(&message(Kind::Request, &foreign)).unwrap()), Some(Status::NotOnLink));
    assert_eq!(rig.ask(&message(Kind::Confirm, &foreign)).unwrap().reply.status, Some(Status::NotOnLink));
    assert_eq!(
        rig.ask(&message(Kind::Confirm, &["fd00:bc:5::9"])).unwrap().reply.status,
        Some(Status::Success)
    );
    assert_eq!(rig.ask(&message(Kind::Confirm, &[])), Err(Silence::Nothing));
    let rebound = rig.ask(&message(Kind::Rebind, &foreign)).unwrap();
    assert_eq!(rebound.reply.associations[0].addresses[0].valid, 0);
    assert_eq!(rig.pool.in_use(), 0);
}

#[test]
fn a_declined_address_is_given_to_nobody() {
    let mut rig = Rig::new();
    let own = lent(&rig.ask(&message(Kind::Request, &["fd00:bc:5::120"])).unwrap());
    let answer = rig.ask(&message(Kind::Decline, &["fd00:bc:5::120"])).unwrap();
    assert_eq!((answer.reply.status, answer.changes.len()), (Some(Status::Success), 1));
    assert_ne!(lent(&rig.ask(&message(Kind::Request, &["fd00:bc:5::120"])).unwrap()), own);
    let unknown = rig.ask(&message(Kind::Release, &["fd00:bc:5::121"])).unwrap();
    assert_eq!((status(&unknown), unknown.changes.len()), (Some(Status::NoBinding), 0));
}

#[test]
fn a_full_network_says_so() {
    let mut rig = Rig::new();
    rig.pool = Pool::new("fd00:bc:5::1".parse().unwrap(), "fd00:bc:5::1".parse().unwrap());
    let other = Message { client: Duid::of(&[0, 4, 9]), ..message(Kind::Request, &[]) };
    rig.ask(&other).unwrap();
    for kind in [Kind::Solicit, Kind::Request] {
        assert_eq!(status(&rig.ask(&message(kind, &[])).unwrap()), Some(Status::NoAddresses));
    }
}

#[test]
fn who_asks_for_what_is_not_given_is_told_so() {
    let mut rig = Rig::new();
    let unserved = vec![Unserved::Temporary(7), Unserved::Prefix(8)];
    let asked = |kind| Message { associations: vec![], unserved: unserved.clone(), ..message(kind, &[]) };
    for kind in [Kind::Solicit, Kind::Request] {
        let reply = rig.ask(&asked(kind)).unwrap().reply;
        let (temporary, prefix) = (unserved[0], unserved[1]);
        assert_eq!(reply.unserved, [(temporary, Status::NoAddresses), (prefix, Status::NoPrefix)]);
        let bytes = reply.emit();
        let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        // IA_TA: its number, then status 2. IA_PD: its number, no times, then status 6.
        assert!(has(&[0, 4, 0, 28, 0, 0, 0, 7, 0, 13, 0, 20, 0, 2]), "{bytes:?}");
        assert!(has(&[0, 25, 0, 41, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 25, 0, 6]), "{bytes:?}");
    }
    let renewed = rig.ask(&asked(Kind::Renew)).unwrap().reply.unserved;
    assert!(renewed.iter().all(|(_, status)| *status == Status::NoBinding), "{renewed:?}");
    assert_eq!(rig.ask(&asked(Kind::Rebind)), Err(Silence::Nothing));
    let both = Message { unserved, ..message(Kind::Request, &[]) };
    let answer = rig.ask(&both).unwrap();
    assert_eq!((answer.changes.len(), answer.reply.unserved.len()), (1, 2));
}

#[test]
fn a_lease_is_kept_with_the_address_that_asked_and_why_there_is_none_is_said() {
    let mut rig = Rig::new();
    rig.is_stranger = true;
    let answer = rig.ask(&message(Kind::Request, &[])).unwrap();
    let [LeaseChange6::Given(lease)] = answer.changes.as_slice() else { panic!("{answer:?}") };
    assert_eq!(lease.mac, Some(Mac([2, 0, 0, 0, 0, 7])));
    rig.pool = Pool::new("fd00:bc:5::1".parse().unwrap(), "fd00:bc:5::10".parse().unwrap());
    let of = |number| Message { client: Duid::of(&[0, 4, number]), ..message(Kind::Request, &[]) };
    let refused = (0..12).map(|number| rig.ask(&of(number)).unwrap().none).find(Option::is_some);
    assert_eq!(refused.flatten(), Some(NoAddress::Kind), "those without a hardware address are made up");
}

#[test]
fn who_only_wants_to_know_is_told_without_an_address() {
    let mut rig = Rig::new();
    rig.boot = Some(Boot { url: "tftp://[fd00::1]/x".into(), is_http: false });
    let bare = Message { associations: vec![], client: None, ..message(Kind::InformationRequest, &[]) };
    let answer = rig.ask(&bare).unwrap();
    assert_eq!((answer.reply.boot, answer.reply.status), (rig.boot.clone(), None));
    assert_eq!(rig.ask(&message(Kind::InformationRequest, &[])), Err(Silence::Malformed));
}

#[test]
fn what_is_not_for_this_server_is_not_answered() {
    let mut rig = Rig::new();
    let other = Duid::of(&[0, 3, 9]);
    for kind in [Kind::Request, Kind::Renew, Kind::Release, Kind::Decline] {
        let message = message(kind, &[]);
        assert_eq!(rig.ask(&Message { server: other.clone(), ..message.clone() }), Err(Silence::Other));
        assert_eq!(rig.ask(&Message { server: None, ..message.clone() }), Err(Silence::Malformed));
        assert_eq!(rig.ask(&Message { client: None, ..message.clone() }), Err(Silence::Malformed));
        assert_eq!(rig.over(&message, true).unwrap().reply.status, Some(Status::UseMulticast));
    }
    for kind in [Kind::Solicit, Kind::Confirm, Kind::Rebind] {
        let message = message(kind, &["fd00:bc:5::120"]);
        assert_eq!(rig.ask(&Message { server: Some(server()), ..message.clone() }), Err(Silence::Malformed));
        assert_eq!(rig.ask(&Message { client: None, ..message.clone() }), Err(Silence::Malformed));
        assert_eq!(rig.over(&message, true), Err(Silence::Malformed));
    }
    for kind in [Kind::Advertise, Kind::Reply, Kind::Reconfigure] {
        assert_eq!(rig.ask(&message(kind, &[])), Err(Silence::Misled));
    }
    rig.is_stranger = true;
    rig.rules.known_only = true;
    assert_eq!(rig.ask(&message(Kind::Solicit, &[])), Err(Silence::Stranger));
    assert_eq!(rig.pool.in_use(), 0);
}

proptest! {
    #[test]
    fn no_order_of_messages_gives_an_address_twice(
        moves in prop::collection::vec((0_usize..11, 0_u8..6, 0_u16..8, any::<bool>(), 0_u64..4000), 0..60),
    ) {
        let mut rig = Rig::new();
        rig.pool = Pool::new("fd00:bc:5::0".parse().unwrap(), "fd00:bc:5::5".parse().unwrap());
        let kinds = [Kind::Solicit, Kind::Advertise, Kind::Request, Kind::Confirm, Kind::Renew, Kind::Rebind,
            Kind::Reply, Kind::Release, Kind::Decline, Kind::Reconfigure, Kind::InformationRequest];
        let mut holders = std::collections::HashMap::new();
        for (kind, who, address, rapid, later) in moves {
            rig.now += later;
            for gone in rig.pool.sweep(Tick(Duration::from_secs(rig.now))) {
                holders.remove(&gone.client);
            }
            let client = Duid::of(&[0, 4, who]).unwrap();
            let wanted = format!("fd00:bc:5::{address}");
            let message = Message { client: Some(client.clone()), rapid, ..message(kinds[kind], &[&wanted]) };
            let Ok(answer) = rig.ask(&message) else { continue };
            for change in &answer.changes {
                if let LeaseChange6::Ended(key) = change {
                    holders.remove(&key.client);
                }
            }
            let all = answer.reply.associations.iter().flat_map(|given| &given.addresses);
            for lent in all.filter(|lent| lent.valid > 0 && answer.reply.kind == Kind::Reply) {
                holders.insert(client.clone(), lent.address);
            }
            let distinct: std::collections::HashSet<_> = holders.values().collect();
            prop_assert_eq!(distinct.len(), holders.len());
        }
    }
}
