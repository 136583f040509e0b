//! Recorded messages of firmware and of servers that it took boot data from.

use proptest::prelude::*;
use serde::Deserialize;

use super::message::{Association, Message};
use super::relay::Envelope;
use super::reply::{Boot, Given, Lent, Reply, Status};
use super::*;
use crate::base::duid::Duid;
use crate::base::mac::Mac;

#[derive(Deserialize)]
struct Recorded {
    case: String,
    from: String,
    r#type: String,
    hex: String,
}

impl Recorded {
    fn bytes(&self) -> Vec<u8> {
        unhex(&self.hex)
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).unwrap()).collect()
}

fn recorded() -> Vec<Recorded> {
    serde_json::from_str(include_str!("../../../tests/goldens/boot/dhcp6/messages.json")).unwrap()
}

fn one(case: &str, kind: &str) -> Vec<u8> {
    recorded().iter().find(|one| one.case == case && one.r#type == kind).unwrap().bytes()
}

#[test]
fn every_recorded_message_is_read() {
    let mut seen = std::collections::BTreeSet::new();
    for one in recorded() {
        let message = Message::parse(&one.bytes()).unwrap();
        assert_eq!(format!("{:?}", message.kind).to_uppercase(), one.r#type, "{}", one.case);
        assert_eq!(
            message.client.as_ref().and_then(Duid::machine).map(|uuid| uuid.to_string()).as_deref(),
            Some("4c4c4544-0051-3010-8051-b4c04f4d3732")
        );
        assert_eq!(message.server.is_some(), one.r#type != "SOLICIT", "{}", one.case);
        if one.from == "client" && !message.class.is_empty() {
            let class = String::from_utf8(message.class).unwrap();
            assert!(class.contains(&format!(":Arch:{:05}:", message.architectures[0])), "{class}");
            assert_eq!(message.wants, [59, 60, 23, 16]);
            seen.insert(message.architectures[0]);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [7, 11, 16, 19]);
}

#[test]
fn an_association_has_its_addresses() {
    let message = Message::parse(&one("e-ovmf-v6-http-vc", "REQUEST")).unwrap();
    let address = "fd00:bc:5::150".parse().unwrap();
    assert_eq!(message.associations, [Association { id: 0x2f33_6fc0, addresses: vec![address] }]);
}

#[test]
fn an_answer_that_ovmf_booted_from_is_made_byte_for_byte() {
    for (kind, name) in [(Kind::Advertise, "ADVERTISE"), (Kind::Reply, "REPLY")] {
        let bytes = one("e-ovmf-v6-http-vc", name);
        let read = Message::parse(&bytes).unwrap();
        let lent = Lent { address: "fd00:bc:5::150".parse().unwrap(), preferred: 3600, valid: 7200 };
        let reply = Reply {
            kind,
            xid: read.xid,
            client: read.client,
            server: Duid::of_mac(Mac([0x52, 0x54, 0, 0xbc, 0xff, 0])),
            associations: vec![Given {
                id: 0x2f33_6fc0,
                renew: 1800,
                rebind: 3150,
                addresses: vec![lent],
                status: None,
            }],
            unserved: vec![],
            boot: Some(Boot { url: "http://[fd00:bc:5::1]/snponly.efi".into(), is_http: true }),
            dns: Vec::new(),
            status: None,
            rapid: false,
            preference: None,
        };
        assert_eq!(reply.emit(), bytes);
    }
}

#[test]
fn what_an_answer_says_besides_is_read_back() {
    let reply = Reply {
        kind: Kind::Reply,
        xid: [1, 2, 3],
        client: None,
        server: Duid::of(&[0, 3, 9]).unwrap(),
        associations: vec![Given {
            id: 7,
            renew: 0,
            rebind: 0,
            addresses: vec![],
            status: Some(Status::NoBinding),
        }],
        unserved: vec![],
        boot: None,
        dns: Vec::new(),
        status: Some(Status::NotOnLink),
        rapid: true,
        preference: Some(255),
    };
    let bytes = reply.emit();
    let read = Message::parse(&bytes).unwrap();
    assert!(read.rapid && read.client.is_none());
    assert_eq!(read.associations, [Association { id: 7, addresses: vec![] }]);
    assert!(bytes.ends_with(&[0, 14, 0, 0, 0, 7, 0, 1, 255]));
}

/// A relay's message around another.
fn forwarded(inside: &[u8], link: &str, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![12, 0];
    out.extend(link.parse::<std::net::Ipv6Addr>().unwrap().octets());
    out.extend("fe80::5054:ff:fe01:203".parse::<std::net::Ipv6Addr>().unwrap().octets());
    out.extend(rest);
    options::put(options::RELAY_MESSAGE, inside, &mut out);
    out
}

#[test]
fn an_answer_goes_back_through_every_relay() {
    let inside = one("e-ovmf-pxev6", "SOLICIT");
    let with_mac = unhex("004f000800015254000102030012000461626364");
    let near = forwarded(&inside, "fd00:1::1", &with_mac);
    let envelope = Envelope::parse(&forwarded(&near, "::", &[])).unwrap();
    assert_eq!(envelope.hops.len(), 2);
    assert_eq!(envelope.link(), Some("fd00:1::1".parse().unwrap()));
    let (peer, mac) = envelope.seen().unwrap();
    assert_eq!(
        (peer.to_string().as_str(), mac),
        ("fe80::5054:ff:fe01:203", Some(Mac([0x52, 0x54, 0, 1, 2, 3])))
    );
    let wrapped = envelope.wrap(b"answer".to_vec());
    assert_eq!((wrapped[0], wrapped[1]), (13, 0));
    let outer = options::Options::parse(&wrapped[34..]).unwrap().first(options::RELAY_MESSAGE).unwrap();
    let inner = options::Options::parse(&outer[34..]).unwrap();
    assert_eq!(inner.first(options::INTERFACE_ID), Some(b"abcd".as_slice()));
    assert_eq!(inner.first(options::RELAY_MESSAGE), Some(b"answer".as_slice()));
}

#[test]
fn what_is_no_message_is_told_apart() {
    assert_eq!(Message::parse(&[1, 0, 0]), Err(Dhcp6Error::Short(3)));
    assert_eq!(Message::parse(&[99, 0, 0, 0]), Err(Dhcp6Error::Kind(99)));
    assert_eq!(Message::parse(&unhex("0100000000010003")), Err(Dhcp6Error::Beyond(1)));
    assert_eq!(Message::parse(&unhex("0100000000010001ff")), Err(Dhcp6Error::Length(1)));
    assert_eq!(Message::parse(&unhex("0100000000030001ff")), Err(Dhcp6Error::Length(3)));
    assert_eq!(Envelope::parse(&[12; 34]).unwrap_err(), Dhcp6Error::Empty);
    let mut many = one("e-ovmf-pxev6", "SOLICIT");
    for _ in 0..relay::MOST_HOPS {
        many = forwarded(&many, "::", &[]);
    }
    assert!(Envelope::parse(&many).is_ok());
    assert_eq!(Envelope::parse(&forwarded(&many, "::", &[])).unwrap_err(), Dhcp6Error::Hops);
}

#[test]
fn ipxe_is_known_by_its_class() {
    let with = |class: &str| Message::parse(&unhex(&format!("01000000000f{class}"))).unwrap().is_ipxe;
    assert!(with("0006000469505845"));
    assert!(with("000469505845"));
    assert!(!with("0006000369505845"));
    assert!(!with("0000"));
}

#[test]
fn no_prefix_of_a_message_is_more_than_an_error() {
    for one in recorded() {
        let bytes = one.bytes();
        for end in 0..bytes.len() {
            Envelope::parse(&bytes[..end]).ok();
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_are_more_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0_u8..14) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        if let Ok(envelope) = Envelope::parse(&bytes) {
            prop_assert!(envelope.hops.len() <= relay::MOST_HOPS);
        }
    }

    #[test]
    fn changed_messages_are_read_or_refused(place in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let all = recorded();
        let mut bytes = all[place.index(all.len())].bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        Envelope::parse(&bytes).ok();
    }
}
