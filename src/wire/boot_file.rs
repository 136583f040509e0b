//! What a kernel and an initial ramdisk look like, told by their first bytes.

/// Bytes of a file's beginning that are enough to tell.
pub const HEAD: usize = 4096;

/// A file that firmware or a loader can start, or hands to what it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootFile {
    /// A Linux kernel and the processor that it is for, spelled as the reference does.
    Kernel(&'static str),
    /// An initial ramdisk, by its packing.
    Ramdisk(&'static str),
}

impl BootFile {
    /// What a file with this beginning is; `None` if it is neither.
    pub fn of(head: &[u8]) -> Option<Self> {
        x86_kernel(head)
            .or_else(|| arm64_kernel(head))
            .or_else(|| efi_program(head))
            .map(Self::Kernel)
            .or_else(|| {
                PACKINGS
                    .iter()
                    .find(|(magic, _)| head.starts_with(magic))
                    .map(|(_, name)| Self::Ramdisk(name))
            })
    }
}

/// `HdrS` at 0x202 (Linux x86 boot protocol); `xloadflags` at 0x236 says since 2.12 whether it runs in 64 bits.
fn x86_kernel(head: &[u8]) -> Option<&'static str> {
    let magic = head.get(0x202..0x206)?;
    let protocol = u16::from_le_bytes(head.get(0x206..0x208)?.try_into().ok()?);
    let flags = head.get(0x236)?;
    let is_64 = protocol >= 0x020c && flags & 1 == 1;
    (magic == b"HdrS").then_some(if is_64 { "x86_64" } else { "i386" })
}

/// `ARM\x64` at 56 (Linux arm64 boot protocol).
fn arm64_kernel(head: &[u8]) -> Option<&'static str> {
    (head.get(56..60)? == b"ARM\x64").then_some("aarch64")
}

/// Bytes that a Linux kernel for x86 has at the least: its setup and its 32-bit code (`setup_sects` at 0x1f1, `syssize`
/// at 0x1f4, Linux x86 boot protocol). `None` for other kernels, and where the header does not tell.
pub fn kernel_length(head: &[u8]) -> Option<u64> {
    x86_kernel(head)?;
    let sectors = u64::from(*head.get(0x1f1)?);
    let code = u64::from(u32::from_le_bytes(head.get(0x1f4..0x1f8)?.try_into().ok()?));
    (sectors > 0 && code > 0).then_some((sectors + 1) * 512 + code * 16)
}

/// A program of UEFI: what it is for stands in its COFF header (PE/COFF 3.3.1). Compressed arm64 kernels are such.
fn efi_program(head: &[u8]) -> Option<&'static str> {
    let pointer = u32::from_le_bytes(head.get(0x3c..0x40)?.try_into().ok()?);
    let at = usize::try_from(pointer).ok()?;
    let header = head.get(at..at.checked_add(6)?)?;
    let machine = header.strip_prefix(b"PE\0\0").filter(|_| head.starts_with(b"MZ"))?;
    match machine {
        [0x64, 0x86] => Some("x86_64"),
        [0x64, 0xaa] => Some("aarch64"),
        [0x4c, 0x01] => Some("i386"),
        _ => None,
    }
}

/// What Linux unpacks as an initial ramdisk (`init/initramfs.c`, `lib/decompress.c`).
const PACKINGS: &[(&[u8], &str)] = &[
    (b"070701", "cpio"),
    (b"070702", "cpio"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x5d\0\0", "lzma"),
    (b"BZh", "bzip2"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x89LZO", "lzo"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut head = vec![0; 1024];
        for (at, bytes) in parts {
            head[*at..*at + bytes.len()].copy_from_slice(bytes);
        }
        head
    }

    #[test]
    fn a_kernel_for_x86_tells_how_long_it_is() {
        let x86: &[(usize, &[u8])] = &[(0x202, b"HdrS\x0f\x02"), (0x236, &[1])];
        assert_eq!(kernel_length(&with(x86)), None, "it does not say");
        // Debian's 6.1 of 8,247,232 bytes.
        let code = 515_360_u32.to_le_bytes();
        let debian = [x86, &[(0x1f1, &[39]), (0x1f4, &code)]].concat();
        assert_eq!(kernel_length(&with(&debian)), Some(40 * 512 + 515_360 * 16));
        assert_eq!(kernel_length(b"MZ"), None);
    }

    #[test]
    fn kernels_tell_their_processor() {
        let x86: &[(usize, &[u8])] = &[(0x202, b"HdrS\x0f\x02"), (0x236, &[1])];
        assert_eq!(BootFile::of(&with(x86)), Some(BootFile::Kernel("x86_64")));
        assert_eq!(BootFile::of(&with(&[(0x202, b"HdrS\x0f\x02")])), Some(BootFile::Kernel("i386")));
        assert_eq!(BootFile::of(&with(&[(56, b"ARM\x64")])), Some(BootFile::Kernel("aarch64")));
        let efi: &[(usize, &[u8])] = &[(0, b"MZ"), (0x3c, &[0x80]), (0x80, b"PE\0\0\x64\xaa")];
        assert_eq!(BootFile::of(&with(efi)), Some(BootFile::Kernel("aarch64")));
    }

    #[test]
    fn ramdisks_tell_their_packing() {
        for (magic, name) in PACKINGS {
            assert_eq!(BootFile::of(magic), Some(BootFile::Ramdisk(name)), "{name}");
        }
    }

    #[test]
    fn pages_of_errors_and_disk_images_are_neither() {
        for head in [b"<html>".as_slice(), b"QFI\xfb", b"", b"MZ", &[0; 4096], b"\x7fELF"] {
            assert_eq!(BootFile::of(head), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(head in proptest::collection::vec(any::<u8>(), 0..700)) {
            BootFile::of(&head);
        }
    }
}
