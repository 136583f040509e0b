//! The codec against recorded messages and against any bytes.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use serde::Deserialize;

use super::packet::Packet;
use super::reply::{Boot, BootClass, Link, Reply, ReplyError, limit};
use super::{Dhcp4Error, Kind, discover};
use crate::base::mac::Mac;

/// A request and what an independent decoder read in it.
#[derive(Deserialize)]
struct Recorded {
    case: String,
    hex: String,
    #[serde(rename = "type")]
    kind: String,
    mac: Mac,
    broadcast: bool,
    ciaddr: Ipv4Addr,
    requested: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
    max: Option<u16>,
    class: Option<String>,
    archs: Option<Vec<u16>>,
    ipxe: bool,
    http: bool,
    efi: bool,
    uuid: Option<uuid::Uuid>,
}

#[derive(Deserialize)]
struct Answered {
    case: String,
    hex: String,
    #[serde(rename = "type")]
    kind: String,
    yiaddr: Ipv4Addr,
    server: Option<Ipv4Addr>,
}

fn requests() -> Vec<Recorded> {
    serde_json::from_str(include_str!("../../../tests/goldens/boot/dhcp4/requests.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn word(kind: Kind) -> String {
    format!("{kind:?}").to_uppercase()
}

#[test]
fn recorded_requests_say_what_was_read_in_them() {
    let recorded = requests();
    assert!(recorded.len() >= 25);
    for one in recorded {
        let packet = Packet::parse(&bytes(&one.hex)).unwrap();
        let case = one.case;
        assert!(packet.is_request, "{case}");
        assert_eq!(word(packet.kind), one.kind, "{case}");
        assert_eq!(packet.mac, one.mac, "{case}");
        assert_eq!(packet.wants_broadcast(), one.broadcast, "{case}");
        assert_eq!(packet.ciaddr, one.ciaddr, "{case}");
        assert_eq!((packet.requested, packet.server), (one.requested, one.server), "{case}");
        assert_eq!(packet.max_size, one.max, "{case}");
        assert_eq!(packet.class, one.class.unwrap_or_default().as_bytes(), "{case}");
        assert_eq!(packet.architectures, one.archs.unwrap_or_default(), "{case}");
        assert_eq!(packet.ipxe.is_some(), one.ipxe, "{case}");
        let features = packet.ipxe.unwrap_or_default();
        assert_eq!((features.http, features.efi), (one.http, one.efi), "{case}");
        assert_eq!(packet.uuid(), one.uuid, "{case}");
    }
}

#[test]
fn recorded_replies_of_another_server_are_read() {
    let recorded: Vec<Answered> =
        serde_json::from_str(include_str!("../../../tests/goldens/boot/dhcp4/replies.json")).unwrap();
    for one in recorded {
        let packet = Packet::parse(&bytes(&one.hex)).unwrap();
        assert!(!packet.is_request, "{}", one.case);
        assert_eq!((word(packet.kind), packet.yiaddr, packet.server), (one.kind, one.yiaddr, one.server));
    }
}

#[test]
fn every_prefix_is_read_or_refused() {
    for one in requests() {
        let whole = bytes(&one.hex);
        for end in 0..whole.len() {
            let read = Packet::parse(&whole[..end]);
            assert!(end >= 240 || read.is_err(), "{} {end}", one.case);
        }
    }
}

#[test]
fn what_is_no_message_is_told_apart() {
    let whole = bytes(&requests()[0].hex);
    let changed = |at: usize, value: u8| {
        let mut copy = whole.clone();
        copy[at] = value;
        Packet::parse(&copy)
    };
    assert_eq!(changed(0, 3), Err(Dhcp4Error::Opcode));
    assert_eq!(changed(1, 32), Err(Dhcp4Error::Hardware));
    assert_eq!(changed(2, 16), Err(Dhcp4Error::Hardware));
    assert_eq!(changed(28, 1), Err(Dhcp4Error::Station));
    assert_eq!(changed(236, 0), Err(Dhcp4Error::Magic));
    assert_eq!(changed(242, 77), Err(Dhcp4Error::Kind(77)));
    assert_eq!(Packet::parse(&whole[..240]), Err(Dhcp4Error::Bootp));
    assert_eq!(Packet::parse(&whole[..235]), Err(Dhcp4Error::Short(235)));
    assert_eq!(Packet::parse(&vec![0; 1501]), Err(Dhcp4Error::Long(1501)));
}

fn asked() -> Packet {
    Packet::parse(&bytes(&requests()[0].hex)).unwrap()
}

fn full() -> Reply {
    let server = Ipv4Addr::new(10, 0, 0, 1);
    let link = Link {
        mask: Ipv4Addr::new(255, 255, 255, 0),
        broadcast: Ipv4Addr::new(10, 0, 0, 255),
        router: None,
        dns: vec![Ipv4Addr::new(10, 0, 0, 2)],
        domain: Some("rack.example".to_owned()),
    };
    let boot = Boot {
        server,
        file: "http://10.0.0.1/boot/ipxe/52-54-00-bc-00-02".to_owned(),
        class: BootClass::Pxe,
        is_ipxe: true,
    };
    Reply {
        yiaddr: Ipv4Addr::new(10, 0, 0, 100),
        lease: Some(3600),
        link: Some(link),
        boot: Some(boot),
        relay: Some(vec![1, 1, 9]),
        ..Reply::to(&asked(), Kind::Offer, server)
    }
}

#[test]
fn a_reply_has_the_shape_that_all_recorded_clients_take() {
    let sent = full().emit(limit(Some(1472), 1500)).unwrap();
    assert!((300..=1472).contains(&sent.len()));
    assert_eq!(sent[0], 2);
    assert_eq!(&sent[20..24], [10, 0, 0, 1], "siaddr");
    assert!(sent[108..].starts_with(b"http://10.0.0.1/boot/ipxe/52-54-00-bc-00-02\0"));
    let list = walked(&sent[240..]);
    let codes: Vec<u8> = list.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [53, 54, 51, 58, 59, 1, 3, 60, 43, 175, 28, 6, 15, 97, 61, 82]);
    let value = |code: u8| &list.iter().find(|(found, _)| *found == code).unwrap().1[..];
    assert_eq!(value(60), b"PXEClient");
    assert_eq!(value(43), [6, 1, 8, 255]);
    assert_eq!(value(175), [176, 1, 1]);
    assert_eq!(value(3), [10, 0, 0, 1]);
    assert_eq!(value(51), 3600_u32.to_be_bytes());
    assert_eq!(value(97), asked().machine.unwrap());
    let read = Packet::parse(&sent).unwrap();
    assert_eq!((read.kind, read.yiaddr, read.server), (Kind::Offer, full().yiaddr, Some(full().server)));
    assert_eq!((read.xid, read.mac, read.flags), (asked().xid, asked().mac, asked().flags));
    assert_eq!(read.relay.unwrap().raw, [1, 1, 9]);
}

/// Options in wire order up to END, which must be there, with nothing but padding behind it.
fn walked(mut rest: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    loop {
        if rest[0] == 255 {
            assert!(rest[1..].iter().all(|byte| *byte == 0));
            return found;
        }
        let end = 2 + usize::from(rest[1]);
        found.push((rest[0], rest[2..end].to_vec()));
        rest = &rest[end..];
    }
}

#[test]
fn a_long_name_goes_into_option_67_and_http_has_its_own_class() {
    let file = format!("http://10.0.0.1/{}", "x".repeat(120));
    let boot = Boot { file: file.clone(), class: BootClass::Http, is_ipxe: false, ..full().boot.unwrap() };
    let sent = Reply { boot: Some(boot), ..full() }.emit(548).unwrap();
    assert_eq!(sent[108], 0);
    let list = walked(&sent[240..]);
    assert!(list.contains(&(67, file.into_bytes())));
    assert!(list.contains(&(60, b"HTTPClient".to_vec())));
    assert!(!list.iter().any(|(code, _)| [43, 175, 52].contains(code)));
}

#[test]
fn a_small_client_is_spared_what_it_can_do_without() {
    let needed = full().emit(400).unwrap().len();
    let codes = |limit: usize| -> Vec<u8> {
        let sent = full().emit(limit).unwrap();
        assert!(sent.len() <= limit);
        walked(&sent[240..]).into_iter().map(|(code, _)| code).collect()
    };
    assert!(codes(needed).contains(&15));
    let short = codes(345);
    assert!(!short.contains(&15) && short.contains(&82) && short.contains(&43), "{short:?}");
    assert_eq!(full().emit(300), Err(ReplyError::Size { limit: 300 }));
}

#[test]
fn the_announced_size_is_capped_by_the_link() {
    assert_eq!(limit(Some(65280), 1500), 1472);
    assert_eq!(limit(Some(65280), 9000), 1472);
    assert_eq!(limit(Some(1472), 1500), 1444);
    assert_eq!(limit(Some(576), 1500), 548);
    assert_eq!(limit(None, 1500), 548);
    assert_eq!(limit(Some(0), 0), 548);
}

#[test]
fn a_discover_of_ours_is_one_that_we_read() {
    let mac = Mac([2, 0, 0, 1, 2, 3]);
    let packet = Packet::parse(&discover::emit(mac, 77)).unwrap();
    assert_eq!((packet.kind, packet.mac, packet.xid), (Kind::Discover, mac, 77));
    assert!(packet.wants_broadcast() && packet.is_request);
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        Packet::parse(&bytes).ok();
    }

    #[test]
    fn no_options_are_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..400), which in 0_usize..25) {
        let mut whole = bytes(&requests()[which].hex);
        whole.truncate(240);
        whole.extend(tail);
        Packet::parse(&whole).ok();
    }

    #[test]
    fn a_changed_request_is_no_panic(which in 0_usize..25, at in 0_usize..400, value: u8) {
        let mut whole = bytes(&requests()[which].hex);
        let at = at % whole.len();
        whole[at] = value;
        if let Ok(packet) = Packet::parse(&whole) {
            let reply = Reply { boot: full().boot, link: full().link, ..Reply::to(&packet, Kind::Offer, Ipv4Addr::LOCALHOST) };
            let sent = reply.emit(limit(packet.max_size, 1500));
            prop_assert!(sent.is_err() || sent.is_ok_and(|sent| (300..=1472).contains(&sent.len())));
        }
    }
}
