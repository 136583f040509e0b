//! Members of a cpio archive in the form that Linux unpacks, `newc` (Linux `Documentation/driver-api/early-userspace/
//! buffer-format.rst`): a header of hex digits, a name, a content, each filled up to four bytes.

/// Bytes of a header.
pub const HEADER: usize = 110;
/// The same.
pub const HEADER_LENGTH: u64 = 110;
/// What names and contents are filled up to.
pub const ALIGNMENT: u64 = 4;
/// The name of the last member, with its zero.
pub const LAST: &[u8; 11] = b"TRAILER!!!\0";
/// Bytes of it.
pub const LAST_LENGTH: u64 = 11;

/// A member, as its header tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Bytes of its name, with the zero that ends it.
    pub name: u64,
    /// Bytes of its content.
    pub content: u64,
}

impl Member {
    /// `None` if it is no header.
    pub fn parse(header: &[u8; HEADER]) -> Option<Self> {
        if !is_archive(header) || !header.get(6..)?.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let field = |number: usize| {
            let at = 6 + number * 8;
            u64::from_str_radix(std::str::from_utf8(header.get(at..at + 8)?).ok()?, 16).ok()
        };
        Some(Self { name: field(11)?, content: field(6)? })
    }

    /// Bytes from its header to the next one.
    pub fn length(&self) -> u64 {
        let aligned = |bytes: u64| bytes.next_multiple_of(ALIGNMENT);
        // Each of them has 32 bits.
        aligned(HEADER_LENGTH + self.name) + aligned(self.content)
    }
}

/// Whether an archive begins so.
pub fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"070701") || head.starts_with(b"070702")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `ls a | cpio -o -H newc` of a file `a` with `hi` in it, by GNU cpio 2.13.
    const GNU: &[u8; HEADER] =
        b"07070100301C5A000081A400000000000000000000000165F00000000000020000000800000001\
                                 00000000000000000000000200000000";

    #[test]
    fn a_header_of_gnu_cpio_is_read() {
        let member = Member::parse(GNU).unwrap();
        assert_eq!((member, member.length()), (Member { name: 2, content: 2 }, 116));
        let odd = GNU.map(|byte| if byte == b'A' { b'Z' } else { byte });
        assert_eq!(Member::parse(&odd), None);
        assert!(is_archive(b"070702") && !is_archive(b"070707") && !is_archive(b"0707"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(fields in proptest::collection::vec(any::<u32>(), 13), cut in 0..HEADER) {
            let text = fields.iter().map(|field| format!("{field:08X}")).collect::<Vec<_>>().concat();
            let mut header: [u8; HEADER] = format!("070701{text}").into_bytes().try_into().unwrap();
            let member = Member::parse(&header).unwrap();
            prop_assert_eq!((member.name, member.content), (fields[11].into(), fields[6].into()));
            prop_assert!(member.length() >= HEADER_LENGTH + member.name + member.content);
            header[cut] = b'-';
            prop_assert_eq!(Member::parse(&header), None);
        }
    }
}
