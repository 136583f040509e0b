//! From a packet to the client that it shows, and to words for people.

use crate::model::boot::client::{Arch, Class, Client, Firmware, Ipxe};
use crate::wire::dhcp4::identity::Loads;
use crate::wire::dhcp4::packet::Packet;

/// Who asks.
pub fn client(packet: &Packet) -> Client {
    let ipxe = packet.ipxe.map(|one| Ipxe { http: one.http, https: one.https, tftp: one.tftp, efi: one.efi });
    Client {
        mac: packet.mac,
        arch: packet.architecture().map(Arch),
        class: class(packet),
        ipxe,
        uuid: packet.uuid(),
    }
}

fn class(packet: &Packet) -> Class {
    match packet.loads() {
        Loads::Pxe => Class::Pxe,
        Loads::Http => Class::Http,
        Loads::Nothing => Class::Other,
    }
}

/// How it asks: `iPXE on x86_64 UEFI`, `PXE on x86_64 BIOS`, `udhcp 1.35.0`.
pub fn words(packet: &Packet) -> String {
    boots(&client(packet)).unwrap_or_else(|| vendor(&packet.class))
}

/// How a client asks that boots.
pub fn boots(client: &Client) -> Option<String> {
    let what = match (client.ipxe, client.class) {
        (Some(_), _) => "iPXE",
        (None, Class::Pxe) => "PXE",
        (None, Class::Http) => "HTTP boot",
        (None, Class::Other) => return None,
    };
    let Some(arch) = client.arch else { return Some(what.to_owned()) };
    let firmware = match arch.firmware() {
        Firmware::Bios => "BIOS",
        Firmware::Uefi => "UEFI",
    };
    Some(match arch.cpu() {
        Some(cpu) => format!("{what} on {cpu} {firmware}"),
        None => format!("{what} on architecture {}", arch.0),
    })
}

/// What a system calls itself; nothing that could upset a terminal.
fn vendor(class: &[u8]) -> String {
    let shown = class.iter().take(LONGEST).filter(|byte| byte.is_ascii_graphic() || **byte == b' ');
    let text: String = shown.map(|byte| char::from(*byte)).collect();
    if text.is_empty() { "a system".to_owned() } else { text }
}

/// Characters of a class that are shown.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use uuid::Uuid;

    use super::*;
    use crate::base::mac::Mac;

    #[derive(Deserialize)]
    struct Recorded {
        case: String,
        hex: String,
        mac: Mac,
        class: Option<String>,
        archs: Option<Vec<u16>>,
        ipxe: bool,
        http: bool,
        efi: bool,
        uuid: Option<Uuid>,
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().collect();
        digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).unwrap()).collect()
    }

    #[test]
    fn every_recorded_request_shows_its_client() {
        let recorded: Vec<Recorded> =
            serde_json::from_str(include_str!("../../../tests/goldens/boot/dhcp4/requests.json")).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for one in recorded {
            let packet = Packet::parse(&bytes(&one.hex)).unwrap();
            let class = match one.class.as_deref() {
                Some(text) if text.starts_with("PXEClient") => Class::Pxe,
                Some(text) if text.starts_with("HTTPClient") => Class::Http,
                Some(_) | None => Class::Other,
            };
            let ipxe = one.ipxe.then_some(Ipxe { http: one.http, https: false, tftp: true, efi: one.efi });
            let arch = one.archs.map(|list| Arch(list[0]));
            let expected = Client { mac: one.mac, arch, class, ipxe, uuid: one.uuid };
            assert_eq!(client(&packet), expected, "{}", one.case);
            seen.insert(words(&packet));
        }
        let expected = [
            "HTTP boot on aarch64 UEFI",
            "HTTP boot on x86_64 UEFI",
            "PXE on aarch64 UEFI",
            "PXE on x86_64 UEFI",
            "a system",
            "iPXE on x86_64 BIOS",
            "iPXE on x86_64 UEFI",
            "udhcp 1.35.0",
        ];
        assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }
}
