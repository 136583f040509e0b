use std::fs;
use std::process::Command;

use super::*;
use crate::depot::ramdisks::tests::RAMDISK;

/// A plain archive of one file with so many bytes, made by hand: GNU cpio fills up to 512 besides.
fn archive(bytes: usize) -> Vec<u8> {
    let fields = format!("070701{:048}{bytes:08X}{:032}{:08X}{:08}", 0, 0, 2, 0);
    let mut made = [fields.as_bytes(), b"a\0", &vec![0x55; bytes]].concat();
    made.resize(made.len().next_multiple_of(4), 0);
    [made, RAMDISK.to_vec()].concat()
}

fn look(bytes: &[u8]) -> Result<(), Broken> {
    look_as(bytes, "x86_64", false)
}

fn look_as(bytes: &[u8], arch: &str, has_rdinit: bool) -> Result<(), Broken> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    ramdisk(file.path(), arch, has_rdinit)
}

/// What GNU cpio makes of these files.
fn gnu(files: &[(&str, &[u8])]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let command = "find . | cpio --quiet -o -H newc";
    let done = Command::new("sh").args(["-c", command]).current_dir(folder.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// The head of a program for a processor.
fn program(machine: u8) -> Vec<u8> {
    [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], &[3, 0, machine, 0], &[0; 40]].concat()
}

#[test]
fn a_ramdisk_has_a_program_to_start_and_programs_for_its_machines() {
    let empty = gnu(&[("hello", b"hello")]);
    assert!(matches!(look(&empty), Err(Broken::NoInit)));
    assert!(matches!(look(&packed("gzip", &empty)), Err(Broken::NoInit)));
    look_as(&empty, "x86_64", true).unwrap();
    for (machine, name) in [(62, "x86_64"), (183, "aarch64"), (3, "i386")] {
        let made =
            gnu(&[("init", b"#!/bin/sh"), ("bin/sh", &program(machine)), ("lib/firmware/f", &program(1))]);
        for made in [made.clone(), packed("zstd", &made)] {
            look_as(&made, name, false).unwrap();
            look_as(&made, "riscv64", false).unwrap();
            let other = if name == "aarch64" { "x86_64" } else { "aarch64" };
            let why = look_as(&made, other, false).unwrap_err().to_string();
            assert_eq!(why, format!("its programs are for {name} machines, not for {other}"));
        }
        assert_eq!(look_as(&made, "x86_64", false).is_err(), name == "aarch64");
    }
}

fn packed(tool: &str, bytes: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let done = Command::new(tool).args(["-c", file.path().to_str().unwrap()]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

#[test]
fn whole_ramdisks_are_taken_however_they_are_packed() {
    let plain = archive(100_000);
    look(&plain).unwrap();
    for tool in ["gzip", "xz", "zstd"] {
        let packed = packed(tool, &plain);
        look(&packed).unwrap_or_else(|why| panic!("{tool}: {why}"));
        look(&[&packed[..], &[0; 700]].concat()).unwrap();
        // A processor's microcode goes before.
        look(&[&archive(5)[..], &[0; 300], &packed].concat()).unwrap();
    }
    look(b"BZh9 is believed").unwrap();
}

#[test]
fn a_ramdisk_that_was_cut_off_anywhere_is_found_out() {
    let plain = archive(3000);
    for end in 6..plain.len() - 3 {
        assert!(look(&plain[..end]).is_err(), "{end} of {}", plain.len());
    }
    let noise: Vec<u8> =
        (0..60_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for tool in ["gzip", "xz", "zstd"] {
        let packed = packed(tool, &gnu(&[("init", &noise)]));
        for end in [10, packed.len() / 2, packed.len() - 1] {
            assert!(matches!(look(&packed[..end]), Err(Broken::Packed(_))), "{tool} {end}");
        }
    }
}

#[test]
fn what_linux_would_not_unpack_is_refused() {
    assert!(matches!(look(&packed("gzip", &[7; 3000])), Err(Broken::NoArchive)));
    let behind = [&archive(10)[..], b"something"].concat();
    assert!(
        matches!(look(&behind), Err(Broken::Behind { at }) if at == u64::try_from(behind.len() - 9).unwrap())
    );
    let mut damaged = packed("zstd", &archive(100_000));
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    assert!(look(&damaged).is_err());
}

#[test]
fn a_kernel_that_was_cut_off_is_found_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut bytes = vec![0; 3 * 512 + 160];
    bytes[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    (bytes[0x1f1], bytes[0x1f4]) = (2, 10);
    fs::write(file.path(), &bytes).unwrap();
    kernel(file.path()).unwrap();
    fs::write(file.path(), &bytes[..bytes.len() - 1]).unwrap();
    let why = kernel(file.path()).unwrap_err().to_string();
    assert_eq!(why, "it has 1695 bytes, and its header says 1696");
}
