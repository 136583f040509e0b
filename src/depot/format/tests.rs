use proptest::prelude::*;

use super::permit::Permit;
use super::*;
use crate::net::source::Bytes;

fn look(bytes: &[u8]) -> Result<Format, FormatError> {
    inspect(&Bytes { bytes: bytes.to_vec(), tag: String::new() })
}

fn refused(bytes: &[u8]) -> String {
    look(bytes).unwrap_err().to_string()
}

/// A version 3 header of a 1 MiB disk, its first-level table in the second cluster, with room for it behind.
fn header() -> Vec<u8> {
    let mut bytes = vec![0; 256 << 10];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"QFI\xFB\0\0\0\x03");
    put(20, &16_u32.to_be_bytes());
    put(24, &(1_u64 << 20).to_be_bytes());
    put(36, &1_u32.to_be_bytes());
    put(40, &(64_u64 << 10).to_be_bytes());
    put(48, &(128_u64 << 10).to_be_bytes());
    put(56, &1_u32.to_be_bytes());
    put(96, &4_u32.to_be_bytes());
    put(100, &104_u32.to_be_bytes());
    bytes
}

fn changed(at: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = header();
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

fn disk(kind: u8, gpt_at: Option<usize>) -> Vec<u8> {
    let mut bytes = vec![0; 64 << 10];
    bytes[450] = kind;
    bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
    if let Some(at) = gpt_at {
        bytes[at..at + 8].copy_from_slice(b"EFI PART");
    }
    bytes
}

#[test]
fn kinds_are_told_by_their_first_bytes() {
    assert_eq!(look(b"").unwrap(), Format::Raw);
    assert_eq!(look(&[7; 600]).unwrap(), Format::Raw);
    assert_eq!(look(&header()).unwrap(), Format::Qcow2);
    assert_eq!(look(b"\x1F\x8B\x08\0\0").unwrap(), Format::Gzip);
    assert_eq!(look(b"\xFD7zXZ\0\0").unwrap(), Format::Xz);
    assert_eq!(look(b"\x28\xB5\x2F\xFD\0").unwrap(), Format::Zstd);
    assert_eq!(look(b"\x50\x2A\x4D\x18\0").unwrap(), Format::Zstd);
    assert_eq!(look(&disk(0x83, None)).unwrap(), Format::Mbr);
    assert_eq!(look(&disk(0xEE, Some(512))).unwrap(), Format::Gpt);
    assert_eq!(look(&disk(0xEE, Some(4096))).unwrap(), Format::Gpt);
    let mut iso = vec![0; 40 << 10];
    iso[32769..32774].copy_from_slice(b"CD001");
    assert_eq!(look(&iso).unwrap(), Format::Iso);
    iso[..512].copy_from_slice(&disk(0x17, None)[..512]);
    assert_eq!(look(&iso).unwrap(), Format::Iso);
}

#[test]
fn a_bare_file_system_has_no_partition_table() {
    let mut fat = disk(0x20, None);
    fat[446] = 0x41;
    assert_eq!(look(&fat).unwrap(), Format::Raw);
}

#[test]
fn foreign_kinds_are_refused_by_name() {
    for (bytes, name) in [
        (&b"KDMV\x01"[..], "vmdk"),
        (b"# Disk DescriptorFile\n", "vmdk"),
        (b"conectix", "vhd"),
        (b"vhdxfile", "vhdx"),
        (b"LUKS\xBA\xBE\0\x02", "luks"),
        (b"QED\0", "qed"),
        (b"QFI\xFB\0\0\0\x01", "qcow (version 1)"),
        (b"BZh91AY&SY", "bzip2"),
    ] {
        assert!(refused(bytes).starts_with(&format!("it is a {name} image")), "{}", refused(bytes));
    }
    let mut vdi = vec![0; 512];
    vdi[0x40..0x44].copy_from_slice(&0xBEDA_107F_u32.to_le_bytes());
    assert!(refused(&vdi).contains("vdi"));
}

#[test]
fn two_kinds_at_once_and_a_guard_without_its_table_are_refused() {
    let both = [&header()[..446], &disk(0x83, None)[446..512], &header()[512..]].concat();
    assert!(refused(&both).contains("at once"));
    let iso = { changed(32769, b"CD001") };
    assert!(refused(&iso).contains("at once"));
    assert!(refused(&disk(0xEE, None)).contains("no GUID partition table"));
}

#[test]
fn a_qcow2_image_that_does_not_stand_alone_is_refused() {
    for (bytes, word) in [
        (changed(8, &512_u64.to_be_bytes()), "a backing file"),
        (changed(32, &1_u32.to_be_bytes()), "encryption"),
        (changed(72, &4_u64.to_be_bytes()), "an external data file"),
        (changed(72, &2_u64.to_be_bytes()), "marked as corrupt"),
        (changed(72, &(1_u64 << 40).to_be_bytes()), "not known here (bits 0x10000000000)"),
        (changed(72, &8_u64.to_be_bytes()), "packed in a way"),
        (changed(4, &4_u32.to_be_bytes()), "version"),
        (header()[..90].to_vec(), "cut off"),
    ] {
        assert!(refused(&bytes).contains(word), "{word}: {}", refused(&bytes));
    }
}

#[test]
fn a_qcow2_image_with_absurd_sizes_is_refused() {
    for (bytes, word) in [
        (changed(20, &8_u32.to_be_bytes()), "clusters are smaller"),
        (changed(20, &40_u32.to_be_bytes()), "clusters are smaller"),
        (changed(24, &u64::MAX.to_be_bytes()), "too short for its size"),
        (changed(36, &u32::MAX.to_be_bytes()), "absurdly large"),
        (changed(36, &0_u32.to_be_bytes()), "too short for its size"),
        (changed(40, &u64::MAX.to_be_bytes()), "outside of the file"),
        (changed(40, &0_u64.to_be_bytes()), "outside of the file"),
        (changed(40, &(65_u64 << 10).to_be_bytes()), "not at a cluster's begin"),
        (changed(56, &u32::MAX.to_be_bytes()), "references"),
        (changed(60, &u32::MAX.to_be_bytes()), "snapshots"),
        (changed(96, &9_u32.to_be_bytes()), "contradicts itself"),
        (changed(100, &13_u32.to_be_bytes()), "contradicts itself"),
    ] {
        assert!(refused(&bytes).contains(word), "{word}: {}", refused(&bytes));
    }
}

#[test]
fn the_owners_word_has_to_fit_and_the_site_has_to_permit() {
    let permit = Permit::default();
    for (found, declared, fits) in [
        (Format::Raw, Some("raw"), true),
        (Format::Gpt, Some("RAW"), true),
        (Format::Mbr, None, true),
        (Format::Iso, Some("iso"), true),
        (Format::Qcow2, Some("raw"), false),
        (Format::Raw, Some("qcow2"), false),
        (Format::Qcow2, Some("qcow2"), true),
        (Format::Raw, Some("vmdk"), false),
        (Format::Gzip, None, false),
    ] {
        assert_eq!(permit.judge(found, declared).is_ok(), fits, "{found:?} {declared:?}");
    }
    let lying = permit.judge(Format::Qcow2, Some("raw")).unwrap_err().to_string();
    assert_eq!(lying, "it is qcow2, but instance_info.image_disk_format says raw");
    let strict = Permit { formats: vec!["raw".to_owned()], deep: true };
    let not = strict.judge(Format::Qcow2, None).unwrap_err().to_string();
    assert_eq!(not, "it is qcow2, and raw are permitted (conductor.permitted_image_formats)");
    assert!(Permit { deep: false, ..strict }.judge(Format::Qcow2, Some("raw")).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_classed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        look(&bytes).ok();
    }

    #[test]
    fn a_changed_header_is_read_or_refused(at in 4_usize..112, value: u8, cut in 0_usize..600) {
        let bytes = changed(at, &[value]);
        look(&bytes).ok();
        look(&bytes[..cut]).ok();
    }
}
