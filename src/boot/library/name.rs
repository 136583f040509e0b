//! The names under which things are given out; what is none of them is missing, whatever it holds.

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;

/// A name that stands for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// The script that leads each machine to its own.
    Common(Tongue),
    /// The script of the machine with this NIC.
    Script(Tongue, Mac),
    /// The script of the machine with this system UUID, in either byte order.
    System(Tongue, Uuid),
    Loader(&'a str),
    /// A file of a node's boot, for who knows its token.
    File {
        node: NodeId,
        token: &'a str,
        part: Part,
    },
    /// What an installer is told, for who knows the token of its boot.
    Kickstart {
        node: NodeId,
        token: &'a str,
    },
    /// The installer's second stage, where it looks for it.
    Stage2 {
        node: NodeId,
        token: &'a str,
    },
    /// The boot medium of a node, for who knows its token.
    Iso {
        node: NodeId,
        token: &'a str,
    },
    /// The config drive of a node's instance, for who knows the token of its boot.
    Drive {
        node: NodeId,
        token: &'a str,
    },
    /// A file for machines of a processor that nobody knows.
    Discovery {
        arch: &'a str,
        part: Part,
    },
}

/// Which loader reads a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    Ipxe,
    Grub,
    Pxelinux,
}

/// Which file of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Kernel,
    Ramdisk,
}

impl<'a> Name<'a> {
    /// Reads a name as asked. TFTP clients put a slash in front or not; paths under `boot/` are those of HTTP.
    pub fn parse(name: &'a str) -> Option<Self> {
        let is_plain = name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain {
            return None;
        }
        let name = name.trim_start_matches('/');
        let name = name.strip_prefix("boot/").unwrap_or(name);
        // shim asks for the GRUB beside it with two slashes (measured with UEFI HTTP boot).
        let mut parts = name.split('/').filter(|part| !part.is_empty());
        let all = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next()];
        match all {
            [Some("file"), Some(node), Some(token), Some("ks.cfg"), None, ..] => {
                Some(Self::Kickstart { node: node.parse().ok()?, token })
            }
            [Some("file"), Some(node), Some(token), Some("LiveOS"), Some("squashfs.img"), None] => {
                Some(Self::Stage2 { node: node.parse().ok()?, token })
            }
            [Some("boot.ipxe"), None, ..] => Some(Self::Common(Tongue::Ipxe)),
            [Some("grub"), Some("grub.cfg"), None, ..] => Some(Self::Common(Tongue::Grub)),
            [Some("pxelinux.cfg"), Some("default"), None, ..] => Some(Self::Common(Tongue::Pxelinux)),
            [Some("ipxe"), Some(mac), None, ..] => script(Tongue::Ipxe, mac),
            [Some("grub"), Some(file), None, ..] => script(Tongue::Grub, file.strip_suffix(".cfg")?),
            [Some("pxelinux.cfg"), Some(file), None, ..] => match file.strip_prefix("01-") {
                Some(mac) => script(Tongue::Pxelinux, mac),
                None => system(Tongue::Pxelinux, file),
            },
            [Some("loader"), Some(name), None, ..] | [Some(name), None, ..] => {
                is_loader(name).then_some(Self::Loader(name))
            }
            [Some("file"), Some("discovery"), Some(arch), Some(part), None, ..] => {
                Some(Self::Discovery { arch: processor(arch)?, part: Part::parse(part)? })
            }
            [Some("file"), Some(node), Some(token), Some(part), None, ..] => {
                Some(Self::File { node: node.parse().ok()?, token, part: Part::parse(part)? })
            }
            [Some("iso"), Some(node), Some(token), Some("boot.iso" | "boot.img"), None, ..] => {
                Some(Self::Iso { node: node.parse().ok()?, token })
            }
            [Some("iso"), Some(node), Some(token), Some("configdrive.img"), None, ..] => {
                Some(Self::Drive { node: node.parse().ok()?, token })
            }
            _ => None,
        }
    }
}

impl Part {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "kernel" => Some(Self::Kernel),
            "ramdisk" => Some(Self::Ramdisk),
            _ => None,
        }
    }
}

fn script(tongue: Tongue, mac: &str) -> Option<Name<'static>> {
    mac.parse().ok().map(|mac| Name::Script(tongue, mac))
}

/// PXELINUX asks for this name first: with hyphens and in lower case.
fn system(tongue: Tongue, uuid: &str) -> Option<Name<'static>> {
    let parsed = Uuid::try_parse(uuid).ok()?;
    (parsed.to_string() == uuid).then_some(Name::System(tongue, parsed))
}

/// A processor as it is spelled here; GRUB and iPXE say `arm64`.
fn processor(name: &str) -> Option<&str> {
    match name {
        "x86_64" | "aarch64" | "i386" | "arm" => Some(name),
        "arm64" => Some("aarch64"),
        _ => None,
    }
}

fn is_loader(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_fit)
}

/// A node's file with the longest token stays far below.
const LONGEST: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);

    #[test]
    fn names_stand_for_scripts_loaders_and_files() {
        let node: NodeId = "6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f".parse().unwrap();
        for (text, name) in [
            ("boot.ipxe", Name::Common(Tongue::Ipxe)),
            ("boot/boot.ipxe", Name::Common(Tongue::Ipxe)),
            ("/grub/grub.cfg", Name::Common(Tongue::Grub)),
            ("pxelinux.cfg/default", Name::Common(Tongue::Pxelinux)),
            ("ipxe/52-54-00-00-00-01", Name::Script(Tongue::Ipxe, MAC)),
            ("/boot/grub/52:54:00:00:00:01.cfg", Name::Script(Tongue::Grub, MAC)),
            ("pxelinux.cfg/01-52-54-00-00-00-01", Name::Script(Tongue::Pxelinux, MAC)),
            (
                "pxelinux.cfg/44454c4c-5100-1030-8051-b4c04f4d3732",
                Name::System(Tongue::Pxelinux, "44454c4c-5100-1030-8051-b4c04f4d3732".parse().unwrap()),
            ),
            ("snponly.efi", Name::Loader("snponly.efi")),
            ("loader/ldlinux.c32", Name::Loader("ldlinux.c32")),
            ("boot/loader//grubx64.efi", Name::Loader("grubx64.efi")),
            (
                "file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/kernel",
                Name::File { node, token: "t_-1", part: Part::Kernel },
            ),
            ("iso/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/boot.iso", Name::Iso { node, token: "t_-1" }),
            (
                "boot/file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/ks.cfg",
                Name::Kickstart { node, token: "t_-1" },
            ),
            (
                "boot/file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/LiveOS/squashfs.img",
                Name::Stage2 { node, token: "t_-1" },
            ),
            (
                "/boot/iso/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/boot.img",
                Name::Iso { node, token: "t_-1" },
            ),
            (
                "/boot/iso/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/configdrive.img",
                Name::Drive { node, token: "t_-1" },
            ),
            ("file/discovery/arm64/ramdisk", Name::Discovery { arch: "aarch64", part: Part::Ramdisk }),
        ] {
            assert_eq!(Name::parse(text), Some(name), "{text}");
        }
    }

    #[test]
    fn hostile_and_unknown_names_are_missing() {
        let long = "a".repeat(256);
        for text in [
            "",
            "/",
            ".",
            "..",
            "../etc/passwd",
            "loader/../x",
            "loader/..",
            "loader/.hidden",
            "loader/a/b",
            "a\\b",
            "a b",
            "a\0",
            "a%2fb",
            "\u{e9}.efi",
            "grub/x86_64-efi/command.lst",
            "pxelinux.cfg/44454C4C-5100-1030-8051-B4C04F4D3732",
            "pxelinux.cfg/44454c4c510010308051b4c04f4d3732",
            "pxelinux.cfg/AC1F3D74",
            "ipxe/52-54-00-00-00",
            "file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t/other",
            "file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t/kernel/x",
            "file/discovery/../kernel",
            "file/discovery/mips/kernel",
            "file/x/t/kernel",
            "file/x/t/ks.cfg",
            "file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t/LiveOS",
            "file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t/LiveOS/squashfs.img/x",
            "iso/x/t/boot.iso",
            "iso/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t/other.iso",
            "iso/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t/boot.iso/x",
            long.as_str(),
        ] {
            assert_eq!(Name::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_loader_leaves_its_folder(text in "[a-z./\\\\%~ -]{0,40}") {
            if let Some(Name::Loader(name)) = Name::parse(&text) {
                prop_assert!(!name.contains('/') && !name.starts_with('.'));
            }
        }
    }
}
