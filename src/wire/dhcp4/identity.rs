//! What a packet says of who sent it: its firmware, whether it is iPXE, which machine it is.

use uuid::Uuid;

/// What iPXE says it can do (sub-options of 175).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    pub http: bool,
    pub https: bool,
    pub tftp: bool,
    pub efi: bool,
}

/// The class of a client (option 60) as far as boot data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loads {
    /// `PXEClient`
    Pxe,
    /// `HTTPClient`
    Http,
    Nothing,
}

/// What the client can load, by how its class begins.
pub fn loads(class: &[u8]) -> Loads {
    if class.starts_with(b"PXEClient") {
        Loads::Pxe
    } else if class.starts_with(b"HTTPClient") {
        Loads::Http
    } else {
        Loads::Nothing
    }
}

/// The architectures of option 93, the most wanted first.
pub fn architectures(value: &[u8]) -> Vec<u16> {
    let (pairs, _odd) = value.as_chunks();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

/// The architecture that a class names: `PXEClient:Arch:00007:UNDI:003000`.
pub fn architecture_of_class(class: &[u8]) -> Option<u16> {
    let text = str::from_utf8(class).ok()?;
    let (_, after) = text.split_once(":Arch:")?;
    after.split(':').next()?.parse().ok()
}

/// Whether a user class (option 77) is iPXE's: as plain text, as iPXE sends it, or in parts with their lengths as
/// RFC 3004 wants them.
pub fn is_ipxe_class(value: &[u8]) -> bool {
    value == b"iPXE" || parts(value).any(|part| part == b"iPXE")
}

fn parts(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&length, after) = rest.split_first()?;
        let (part, after) = after.split_at_checked(length.into())?;
        rest = after;
        Some(part)
    })
}

/// What the sub-options of 175 say.
pub fn features(mut rest: &[u8]) -> Features {
    let mut found = Features::default();
    while let Some((&[code, length], after)) = rest.split_first_chunk() {
        let Some((value, after)) = after.split_at_checked(length.into()) else { break };
        let is_set = value.iter().any(|byte| *byte != 0);
        match code {
            19 => found.http = is_set,
            20 => found.https = is_set,
            21 => found.tftp = is_set,
            36 => found.efi = is_set,
            _ => {}
        }
        rest = after;
    }
    found
}

/// The SMBIOS UUID of option 97. On the wire it lies as in memory, with its first three fields little-endian; the
/// result is what Redfish and IPMI show. Zeros and ones everywhere say nothing.
pub fn machine(value: &[u8]) -> Option<Uuid> {
    let (0, bytes) = value.split_first()? else { return None };
    let uuid = Uuid::from_bytes_le(bytes.try_into().ok()?);
    (!uuid.is_nil() && !uuid.is_max()).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_is_the_one_that_redfish_shows() {
        let wire =
            [0, 0x44, 0x45, 0x4c, 0x4c, 0x51, 0, 0x10, 0x30, 0x80, 0x51, 0xb4, 0xc0, 0x4f, 0x4d, 0x37, 0x32];
        let shown = machine(&wire).map(|uuid| uuid.to_string());
        assert_eq!(shown.as_deref(), Some("4c4c4544-0051-3010-8051-b4c04f4d3732"));
        assert_eq!(machine(&[0; 17]), None);
        assert_eq!(machine(&[1; 17]), None);
        assert_eq!(machine(&wire[..16]), None);
        assert_eq!(machine(&[]), None);
    }

    #[test]
    fn ipxe_is_known_by_plain_text_and_by_parts() {
        assert!(is_ipxe_class(b"iPXE"));
        assert!(is_ipxe_class(b"\x03abc\x04iPXE"));
        assert!(!is_ipxe_class(b"iPXE2"));
        assert!(!is_ipxe_class(b"\x05iPXE"));
    }

    #[test]
    fn a_list_of_architectures_is_read_as_a_whole() {
        assert_eq!(architectures(&[0, 7, 0, 9, 0]), [7, 9]);
        assert_eq!(architecture_of_class(b"PXEClient:Arch:00007:UNDI:003000"), Some(7));
        assert_eq!(architecture_of_class(b"HTTPClient"), None);
    }

    #[test]
    fn features_are_flags_that_may_be_cut_short() {
        let list = [177, 5, 1, 0x1a, 0xf4, 0x10, 0, 19, 1, 1, 36, 1, 1, 21, 1, 0, 20, 9, 1];
        assert_eq!(features(&list), Features { http: true, https: false, tftp: false, efi: true });
    }
}
