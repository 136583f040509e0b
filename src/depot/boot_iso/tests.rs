//! The medium is read back by strangers' tools, and piece by piece against the whole.

use std::fs;
use std::io::Write;
use std::process::Command;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::depot::boot_iso::loaders::{Bios, Esp};

/// A folder with a kernel, a ramdisk and loaders that are no code.
struct Site {
    folder: TempDir,
    loaders: Loaders,
}

impl Site {
    fn new(kernel: &[u8], ramdisk: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("kernel"), kernel).unwrap();
        fs::write(folder.path().join("ramdisk"), ramdisk).unwrap();
        let esp = Esp::new(&[("EFI/BOOT/BOOTX64.EFI", b"shim"), ("EFI/BOOT/grubx64.efi", &vec![9; 70_000])]);
        let bios = Bios {
            code: Arc::from(counted(3000)),
            module: Arc::from(*b"module"),
            disk_code: Some(Arc::from(vec![0xFA; 432])),
        };
        Self { folder, loaders: Loaders { bios: Some(bios), esp: Some(esp.unwrap()) } }
    }

    fn iso(&self, files: &[(&str, Vec<u8>)]) -> Result<BootIso, BootIsoError> {
        let (kernel, ramdisk) = (self.folder.path().join("kernel"), self.folder.path().join("ramdisk"));
        BootIso::new(&Parts {
            kernel: &kernel,
            ramdisk: &ramdisk,
            command_line: "ipa-api-url=http://[fd00::1]:6385 boot_method=vmedia",
            publisher: "0f7e63a0-6f0b-4d2f-9f0e-3a9d2f3ad001",
            files,
            loaders: &self.loaders,
        })
    }

    fn write(&self, files: &[(&str, Vec<u8>)]) -> PathBuf {
        let path = self.folder.path().join("boot.iso");
        fs::write(&path, whole(&self.iso(files).unwrap())).unwrap();
        path
    }
}

fn counted(count: usize) -> Vec<u8> {
    (0..count).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

fn sample() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("openstack/latest/network_data.json", b"{\"links\": []}".to_vec()),
        ("etc/ironic-python-agent/ironic.crt", b"certificate".to_vec()),
        ("parameters.txt", b"a=b\n".to_vec()),
    ]
}

/// Read in one go.
fn whole(iso: &BootIso) -> Vec<u8> {
    let mut bytes = vec![0xEE; usize::try_from(iso.size()).unwrap()];
    iso.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Runs a tool; `None` if it is not installed. What it said, on both outputs.
fn asked(tool: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(tool).args(arguments).output().ok()?;
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool}: {text}");
    Some(text)
}

#[test]
fn strangers_read_every_name_and_content() {
    let site = Site::new(&counted(10_000), &counted(123_457));
    let path = site.write(&sample());
    let path = path.to_str().unwrap();
    for flag in ["-R", "-J"] {
        let Some(list) = asked("isoinfo", &["-f", flag, "-i", path]) else { return };
        for name in
            ["vmlinuz", "initrd", "isolinux/isolinux.bin", "boot/grub/efiboot.img", "EFI/BOOT/grub.cfg"]
        {
            assert!(list.lines().any(|line| line == format!("/{name}")), "{flag} {name} not in {list}");
        }
    }
    let read =
        |name: &str| Command::new("isoinfo").args(["-R", "-i", path, "-x", name]).output().unwrap().stdout;
    assert_eq!(read("/vmlinuz"), counted(10_000));
    assert_eq!(read("/initrd"), counted(123_457));
    assert_eq!(read("/parameters.txt"), b"a=b\n");
    assert_eq!(read("/etc/ironic-python-agent/ironic.crt"), b"certificate");
    let head = asked("isoinfo", &["-d", "-i", path]).unwrap();
    assert!(head.contains("Volume id: config-2\n"), "{head}");
    assert!(head.contains("Publisher id: 0f7e63a0-6f0b-4d2f-9f0e-3a9d2f3ad001\n"), "{head}");
}

#[test]
fn strangers_find_what_bios_and_uefi_start() {
    let site = Site::new(b"kernel", b"ramdisk");
    let path = site.write(&[]);
    let Some(report) =
        asked("xorriso", &["-indev", path.to_str().unwrap(), "-report_el_torito", "plain", "-pvd_info"])
    else {
        return;
    };
    assert!(report.contains("Volume Id    : VMEDIA_BOOT_ISO"), "{report}");
    assert!(!report.contains("WARNING") && !report.contains("SORRY"), "{report}");
    let row = |start: &str| report.lines().find(|line| line.starts_with(start)).map(str::to_owned).unwrap();
    let words = |row: &str| row.split_whitespace().skip(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&row("El Torito boot img :   1"))[2..6], ["BIOS", "y", "none", "0x0000"]);
    assert_eq!(words(&row("El Torito boot img :   2"))[2..6], ["UEFI", "y", "none", "0x0000"]);
    assert!(row("El Torito img path :   1").ends_with("/isolinux/isolinux.bin"), "{report}");
    assert!(row("El Torito img path :   2").ends_with("/boot/grub/efiboot.img"), "{report}");
    assert!(row("El Torito img opts :   1").contains("boot-info-table"), "{report}");
}

#[test]
fn the_efi_volume_is_one_that_mtools_read() {
    let site = Site::new(b"kernel", b"ramdisk");
    let esp = site.folder.path().join("esp.img");
    fs::write(&esp, site.loaders.esp.as_ref().unwrap().bytes()).unwrap();
    let esp = esp.to_str().unwrap();
    let Some(list) = asked("mdir", &["-i", esp, "-/", "-b", "::"]) else { return };
    for name in ["::/EFI/BOOT/BOOTX64.EFI", "::/EFI/BOOT/GRUBX64.EFI", "::/BOOT/GRUB/GRUB.CFG"] {
        assert!(list.lines().any(|line| line == name), "{name} not in {list}");
    }
    let config = asked("mtype", &["-i", esp, "::/EFI/debian/grub.cfg"]).unwrap();
    assert_eq!(
        config,
        "search --no-floppy --set=root --file /.disk/ferric\nconfigfile ($root)/boot/grub/grub.cfg\n"
    );
    if let Some(checked) = asked("fsck.fat", &["-n", esp]) {
        assert!(!checked.contains("differ") && !checked.contains("rong"), "{checked}");
    }
}

#[test]
fn isolinux_is_told_its_place_and_a_usb_disk_has_a_boot_record() {
    let site = Site::new(b"kernel", b"ramdisk");
    let image = whole(&site.iso(&[]).unwrap());
    let place = (0..image.len() / 2048)
        .find(|sector| image[sector * 2048 + 64..].starts_with(&counted(3000)[64..]))
        .unwrap();
    let code = &image[place * 2048..place * 2048 + 3000];
    assert_eq!([8, 12, 16].map(|at| number(code, at)), [16, u32::try_from(place).unwrap(), 3000]);
    let sum = code[64..].chunks(4).fold(0_u32, |sum, word| sum.wrapping_add(number(word, 0)));
    assert_eq!(number(code, 20), sum);
    assert_eq!((&image[..432], &image[510..512]), ([0xFA; 432].as_slice(), [0x55, 0xAA].as_slice()));
    assert_eq!(number(&image, 432), u32::try_from(place * 4).unwrap());
    let (kind, start) = (image[446 + 16 + 4], number(&image, 446 + 16 + 8) as usize * 512);
    assert_eq!(kind, 0xEF);
    let esp = site.loaders.esp.as_ref().unwrap().bytes();
    assert_eq!(&image[start..start + esp.len()], esp);
}

#[test]
fn equal_parts_give_an_equal_medium_and_tag() {
    let site = Site::new(b"kernel", b"ramdisk");
    let (one, other) = (site.iso(&sample()).unwrap(), site.iso(&sample()).unwrap());
    assert_eq!((whole(&one), one.tag()), (whole(&other), other.tag()));
    assert_ne!(site.iso(&[]).unwrap().tag(), one.tag());
    assert_eq!(one.tag().len(), 32);
    let before = one.tag();
    fs::write(site.folder.path().join("ramdisk"), b"another").unwrap();
    assert_ne!(site.iso(&sample()).unwrap().tag(), before);
}

#[test]
fn a_ramdisk_that_is_written_to_meanwhile_is_an_error_not_a_mixture() {
    let site = Site::new(b"kernel", &[1; 5000]);
    let iso = site.iso(&[]).unwrap();
    let mut bytes = vec![0; usize::try_from(iso.size()).unwrap()];
    let mut file = fs::OpenOptions::new().append(true).open(site.folder.path().join("ramdisk")).unwrap();
    file.write_all(b"more").unwrap();
    let why = iso.read_exact_at(&mut bytes, 0).unwrap_err().to_string();
    assert!(why.contains("ramdisk was written to"), "{why}");
    fs::write(site.folder.path().join("ramdisk"), b"").unwrap();
    assert!(iso.read_exact_at(&mut bytes, 0).is_err());
}

#[test]
fn what_cannot_be_a_medium_is_refused_with_its_name() {
    let mut site = Site::new(b"kernel", b"");
    let refused = |site: &Site, files: &[(&str, Vec<u8>)]| site.iso(files).unwrap_err();
    assert!(matches!(refused(&site, &[("vmlinuz", vec![])]), BootIsoError::Layout(IsoError::Twice(_))));
    assert!(matches!(refused(&site, &[("../x", vec![])]), BootIsoError::Layout(IsoError::Name(_))));
    let large = [("user", vec![0; MAX_FILES + 1])];
    assert!(matches!(refused(&site, &large), BootIsoError::Files { size } if size == MAX_FILES + 1));
    let huge = File::create(site.folder.path().join("ramdisk")).unwrap();
    huge.set_len(1 << 32).unwrap();
    assert!(matches!(refused(&site, &[]), BootIsoError::Large { size, .. } if size == 1 << 32));
    huge.set_len((1 << 32) - 1).unwrap();
    let largest = site.iso(&[]).unwrap();
    let mut end = [7; 3];
    largest.read_exact_at(&mut end, largest.size() - 3).unwrap();
    assert!(largest.read_exact_at(&mut end, largest.size() - 2).is_err());
    assert!(largest.read_exact_at(&mut end, u64::MAX - 1).is_err());
    fs::remove_file(site.folder.path().join("ramdisk")).unwrap();
    fs::create_dir(site.folder.path().join("ramdisk")).unwrap();
    assert!(matches!(refused(&site, &[]), BootIsoError::Kind { .. }));
    fs::remove_dir(site.folder.path().join("ramdisk")).unwrap();
    assert!(matches!(refused(&site, &[]), BootIsoError::Open { .. }));
    fs::write(site.folder.path().join("ramdisk"), b"").unwrap();
    site.loaders = Loaders::default();
    assert!(matches!(refused(&site, &[]), BootIsoError::Loaders(LoaderError::Neither)));
}

#[test]
fn one_kind_of_firmware_is_enough() {
    let mut site = Site::new(b"kernel", b"ramdisk");
    let both = site.loaders.clone();
    for (loaders, platform) in
        [(Loaders { esp: None, ..both.clone() }, 0), (Loaders { bios: None, ..both.clone() }, 0xEF)]
    {
        site.loaders = loaders;
        let image = whole(&site.iso(&[]).unwrap());
        let catalogue = &image[number(&image, 17 * 2048 + 0x47) as usize * 2048..][..96];
        assert_eq!((catalogue[0], catalogue[1], catalogue[32]), (1, platform, 0x88));
        assert_eq!(catalogue[64..], [0; 32]);
        let words = catalogue[..32].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        assert_eq!(words.fold(0, u16::wrapping_add), 0);
    }
}

#[test]
fn loaders_are_taken_as_they_are_found() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(Loaders::read(folder.path()), Err(LoaderError::Neither)));
    fs::write(folder.path().join("grubx64.efi"), b"grub").unwrap();
    let alone = Loaders::read(folder.path()).unwrap();
    assert!(alone.bios.is_none());
    fs::write(folder.path().join("bootx64.efi"), b"shim").unwrap();
    fs::write(folder.path().join("isolinux.bin"), b"code").unwrap();
    let half = Loaders::read(folder.path()).unwrap();
    assert!(half.bios.is_none() && half.esp.unwrap().digest() != alone.esp.unwrap().digest());
    fs::write(folder.path().join("ldlinux.c32"), b"module").unwrap();
    assert!(Loaders::read(folder.path()).unwrap().bios.is_some());
    let large = File::create(folder.path().join("mmx64.efi")).unwrap();
    large.set_len(17 * 1024 * 1024).unwrap();
    assert!(matches!(Loaders::read(folder.path()), Err(LoaderError::Large { .. })));
    assert!(LoaderError::Neither.to_string().contains("install the Debian packages shim-signed"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_part_is_that_part_of_the_whole(
        kernel in 0_usize..9000,
        ramdisk in 0_usize..9000,
        parts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..20_000), 1..20),
    ) {
        let site = Site::new(&counted(kernel), &counted(ramdisk));
        let iso = site.iso(&sample()).unwrap();
        let image = whole(&iso);
        for (start, length) in parts {
            let start = start.index(image.len());
            let end = (start + length).min(image.len());
            let mut part = vec![0xEE; end - start];
            iso.read_exact_at(&mut part, u64::try_from(start).unwrap()).unwrap();
            prop_assert_eq!(&part, &image[start..end]);
        }
    }
}
