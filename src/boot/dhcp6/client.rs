//! Who asks, as a message and its sender show it.

use std::net::Ipv6Addr;

use crate::base::duid::Duid;
use crate::base::mac::Mac;
use crate::model::boot::client::{Arch, Class, Client, Firmware, Ipxe};
use crate::wire::dhcp6::message::Message;
use crate::wire::dhcp6::relay::Envelope;

/// Who sent this; `sender` is the station that the frame came from. `None` if a relay sent it that does not show the
/// client's hardware address.
pub fn client(envelope: &Envelope, sender: Mac) -> Option<Client> {
    let message = &envelope.message;
    let of_name = || message.client.as_ref().and_then(Duid::mac);
    let mac = match envelope.seen() {
        None => sender,
        Some((peer, told)) => told.or_else(|| mac_of(peer)).or_else(of_name)?,
    };
    let arch = architecture(message);
    // Nothing tells what it was built with; every build has these two.
    let ipxe = message.is_ipxe.then(|| Ipxe {
        http: true,
        https: false,
        tftp: true,
        efi: arch.is_some_and(|arch| arch.firmware() == Firmware::Uefi),
    });
    let uuid = message.client.as_ref().and_then(Duid::machine);
    Some(Client { mac, arch, class: class(&message.class), ipxe, uuid })
}

/// The hardware address in a link-local one that is made from it, as firmware does (RFC 4291, appendix A).
fn mac_of(address: Ipv6Addr) -> Option<Mac> {
    match address.octets() {
        [0xfe, 0x80, 0, 0, 0, 0, 0, 0, first, second, third, 0xff, 0xfe, fourth, fifth, sixth] => {
            Some(Mac([first ^ 2, second, third, fourth, fifth, sixth]))
        }
        _ => None,
    }
}

fn architecture(message: &Message) -> Option<Arch> {
    let of_class = || {
        let text = str::from_utf8(&message.class).ok()?;
        text.split_once(":Arch:")?.1.split(':').next()?.parse().ok()
    };
    message.architectures.first().copied().or_else(of_class).map(Arch)
}

fn class(class: &[u8]) -> Class {
    if class.starts_with(b"PXEClient") {
        Class::Pxe
    } else if class.starts_with(b"HTTPClient") {
        Class::Http
    } else {
        Class::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dhcp6::Kind;

    fn envelope(client: &[u8], class: &[u8], architectures: &[u16], is_ipxe: bool) -> Envelope {
        let message = Message {
            kind: Kind::Solicit,
            xid: [0; 3],
            client: Duid::of(client),
            server: None,
            associations: vec![],
            unserved: vec![],
            wants: vec![],
            rapid: false,
            architectures: architectures.to_vec(),
            class: class.to_vec(),
            is_ipxe,
        };
        Envelope { hops: vec![], message }
    }

    #[test]
    fn the_station_that_asks_comes_before_the_one_in_the_name() {
        let name = [0, 3, 0, 1, 2, 2, 2, 2, 2, 2];
        let own = Mac([0x52, 0x54, 0, 0xbc, 0, 3]);
        assert_eq!(client(&envelope(&name, b"", &[], false), own).unwrap().mac, own);
    }

    #[test]
    fn behind_a_relay_the_clients_address_comes_before_its_name_and_the_relays_station_is_nobody() {
        let relay = Mac([2, 9, 9, 9, 9, 9]);
        let of = |name: &[u8], peer: &str| {
            let mut forward = vec![12, 0];
            forward.extend("fd00::1".parse::<Ipv6Addr>().unwrap().octets());
            forward.extend(peer.parse::<Ipv6Addr>().unwrap().octets());
            let mut inside = vec![1, 0, 0, 0, 0, 1, 0, u8::try_from(name.len()).unwrap()];
            inside.extend(name);
            forward.extend([0, 9, 0, u8::try_from(inside.len()).unwrap()]);
            forward.extend(inside);
            client(&Envelope::parse(&forward).unwrap(), relay).map(|client| client.mac.to_string())
        };
        let name = [0, 3, 0, 1, 2, 2, 2, 2, 2, 2];
        assert_eq!(of(&name, "fe80::5054:ff:febc:3").as_deref(), Some("52:54:00:bc:00:03"));
        assert_eq!(of(&name, "fe80::1").as_deref(), Some("02:02:02:02:02:02"));
        assert_eq!(of(&[0, 4, 1], "fe80::1"), None);
    }

    #[test]
    fn firmware_and_ipxe_are_told_apart() {
        let of = |class: &[u8], architectures: &[u16], is_ipxe| {
            let own = Mac([0x52, 0x54, 0, 0xbc, 0, 3]);
            let client = client(&envelope(&[0, 4, 1], class, architectures, is_ipxe), own).unwrap();
            (client.class, client.arch.map(|arch| arch.0), client.ipxe.map(|ipxe| ipxe.efi))
        };
        assert_eq!(of(b"HTTPClient:Arch:00016:UNDI:003000", &[16], false), (Class::Http, Some(16), None));
        assert_eq!(of(b"PXEClient:Arch:00007:UNDI:003010", &[], true), (Class::Pxe, Some(7), Some(true)));
        assert_eq!(of(b"PXEClient", &[0], true), (Class::Pxe, Some(0), Some(false)));
        assert_eq!(of(b"", &[], false), (Class::Other, None, None));
    }
}
