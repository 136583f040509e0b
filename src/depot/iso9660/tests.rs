//! The image is read back by a small reader of its own, and by strangers' tools where they are installed.

use std::collections::BTreeMap;
use std::process::Command;

use proptest::prelude::*;

use super::*;

const AT: Moment = Moment(1_795_204_023_271_161);
const LONG: &str = "openstack/latest/a-Long.name_with-many.dots+and~signs.and.a.tail.of.more";

fn sample() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("openstack/latest/meta_data.json", b"{\"uuid\":\"u\"}"),
        ("openstack/2012-08-10/meta_data.json", b"{\"uuid\":\"u\"}"),
        ("openstack/latest/network_data.json", b"{\"links\":[]}"),
        ("openstack/latest/user_data", b"#cloud-config\n"),
        (LONG, b"long"),
        ("empty", b""),
    ]
}

/// What a tree names: path to content.
type Listing = BTreeMap<String, Vec<u8>>;

struct Reader<'a> {
    image: &'a [u8],
}

impl Reader<'_> {
    fn number(&self, at: usize) -> usize {
        let little = u32::from_le_bytes(self.image[at..at + 4].try_into().unwrap());
        let big = u32::from_be_bytes(self.image[at + 4..at + 8].try_into().unwrap());
        assert_eq!(little, big);
        little as usize
    }

    fn listing(&self, descriptor: usize) -> Listing {
        let start = descriptor * SECTOR;
        assert_eq!(&self.image[start + 1..start + 6], b"CD001");
        assert_eq!(self.number(start + 80) * SECTOR, self.image.len());
        let mut found = Listing::new();
        self.walk(start + 156, "", &mut found);
        found
    }

    /// Follows the folder whose record is at `record`.
    fn walk(&self, record: usize, folder: &str, found: &mut Listing) {
        let (start, size) = (self.number(record + 2) * SECTOR, self.number(record + 10));
        let mut at = start;
        while at < start + size {
            let length = usize::from(self.image[at]);
            if length == 0 {
                at = at.next_multiple_of(SECTOR);
                continue;
            }
            assert!(at % SECTOR + length <= SECTOR, "a record crosses a sector");
            if let Some(name) = self.name(at) {
                let path = format!("{folder}{name}");
                if self.image[at + 25] & 2 == 2 {
                    self.walk(at, &format!("{path}/"), found);
                } else {
                    let (from, count) = (self.number(at + 2) * SECTOR, self.number(at + 10));
                    found.insert(path, self.image[from..from + count].to_vec());
                }
            }
            at += length;
        }
    }

    /// The Rock Ridge name, else the UCS-2 one; `None` for a folder's record of itself and of its parent.
    fn name(&self, at: usize) -> Option<String> {
        let record = &self.image[at..at + usize::from(self.image[at])];
        let count = usize::from(record[32]);
        if count == 1 && record[33] < 2 {
            return None;
        }
        let mut entries = &record[(33 + count).next_multiple_of(2)..];
        while entries.len() >= 4 {
            let length = usize::from(entries[2]);
            if &entries[..2] == b"NM" {
                return Some(String::from_utf8(entries[5..length].to_vec()).unwrap());
            }
            entries = &entries[length..];
        }
        let units: Vec<u16> =
            record[33..33 + count].chunks(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect();
        Some(String::from_utf16(&units).unwrap())
    }
}

fn wanted(files: &[(&str, &[u8])]) -> Listing {
    files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect()
}

#[test]
fn both_trees_name_every_file_and_its_content() {
    let image = write("config-2", &sample(), AT).unwrap();
    let reader = Reader { image: &image };
    assert_eq!(reader.listing(16), wanted(&sample()));
    assert_eq!(reader.listing(17), wanted(&sample()));
    assert_eq!(image[18 * SECTOR], 255);
    assert_eq!(&image[16 * SECTOR + 40..16 * SECTOR + 72], format!("{:32}", "config-2").as_bytes());
    assert_eq!(&image[16 * SECTOR + 813..16 * SECTOR + 830], b"2026112019470300\0");
}

#[test]
fn the_same_input_gives_the_same_bytes_and_equal_files_share_theirs() {
    let image = write("config-2", &sample(), AT).unwrap();
    assert_eq!(write("config-2", &sample(), AT).unwrap(), image);
    let big = vec![7; 100 * SECTOR];
    let twice = write("x", &[("a", &big), ("b", &big)], AT).unwrap();
    assert!(twice.len() < 150 * SECTOR, "{}", twice.len());
}

#[test]
fn many_files_fill_many_sectors_of_a_folder() {
    let names: Vec<String> =
        (0..200).map(|n| format!("folder/the-same-long-beginning-of-all-names-{n}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let image = write("many", &files, AT).unwrap();
    assert_eq!(Reader { image: &image }.listing(16), wanted(&files));
    assert_eq!(Reader { image: &image }.listing(17), wanted(&files));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let refused = |path: &str| write("x", &[(path, b"".as_slice())], AT).unwrap_err();
    for path in ["", "/a", "a/", "a//b", "..", "a/../b", "ä", "a b", "a;1", &"n".repeat(65)] {
        assert_eq!(refused(path), IsoError::Name(path.to_owned()));
    }
    assert!(matches!(refused("a/b/c/d/e/f/g/h"), IsoError::Deep(_)));
    let clash = |one, other| write("x", &[(one, b"".as_slice()), (other, b"".as_slice())], AT);
    assert_eq!(clash("a", "a").unwrap_err(), IsoError::Twice("a".into()));
    assert_eq!(clash("a", "a/b").unwrap_err(), IsoError::Twice("a/b".into()));
    assert_eq!(clash("a/b", "a").unwrap_err(), IsoError::Twice("a".into()));
    assert!(clash("a.b", "a_b").is_ok());
    assert!(matches!(write("", &[], AT), Err(IsoError::Label(_))));
    assert!(matches!(write("seventeen letters", &[], AT), Err(IsoError::Label(_))));
}

/// Runs a tool on an image of the sample; `None` if the tool is not installed.
fn asked(tool: &str, arguments: &[&str]) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.iso");
    std::fs::write(&path, write("config-2", &sample(), AT).unwrap()).unwrap();
    let filled = arguments.iter().map(|word| if *word == "ISO" { path.to_str().unwrap() } else { word });
    let output = Command::new(tool).args(filled).output().ok()?;
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn isoinfo_reads_the_label_and_both_kinds_of_names() {
    let Some(head) = asked("isoinfo", &["-d", "-i", "ISO"]) else { return };
    assert!(head.contains("Volume id: config-2\n"), "{head}");
    assert!(
        head.contains("Joliet with UCS level 3 found")
            && head.contains("Rock Ridge signatures version 1 found")
    );
    for flag in ["-R", "-J"] {
        let list = asked("isoinfo", &["-f", flag, "-i", "ISO"]).unwrap();
        for (path, _) in sample() {
            assert!(list.lines().any(|line| line == format!("/{path}")), "{flag} {path} not in {list}");
        }
    }
    let read = asked("isoinfo", &["-R", "-i", "ISO", "-x", "/openstack/latest/user_data"]).unwrap();
    assert_eq!(read, "#cloud-config\n");
}

#[test]
fn bsdtar_reads_every_file() {
    let Some(list) = asked("bsdtar", &["-tf", "ISO"]) else { return };
    for (path, bytes) in sample() {
        assert!(list.lines().any(|line| line == path), "{path} not in {list}");
        if path != "openstack/latest/meta_data.json" {
            let read = asked("bsdtar", &["-xOf", "ISO", path]).unwrap();
            assert_eq!(read.as_bytes(), bytes, "{path}");
        }
    }
}

#[test]
fn xorriso_reads_the_tree_without_complaint() {
    let Some(list) = asked("xorriso", &["-indev", "ISO", "-find", "/", "-type", "f"]) else { return };
    assert!(list.contains("'/openstack/latest/network_data.json'"), "{list}");
    assert!(!list.contains("WARNING") && !list.contains("SORRY"), "{list}");
}

proptest! {
    #[test]
    fn any_tree_comes_back(files in prop::collection::btree_map("[a-cA-C._-]{1,3}(/[a-z0-9.]{1,40}){0,2}", prop::collection::vec(any::<u8>(), 0..50), 0..12)) {
        let given: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        if let Ok(image) = write("any", &given, AT) {
            prop_assert_eq!(Reader { image: &image }.listing(16), wanted(&given));
            prop_assert_eq!(Reader { image: &image }.listing(17), wanted(&given));
        }
    }

    #[test]
    fn any_path_label_and_date_give_an_image_or_a_reason(path in ".{0,80}", label in ".{0,20}", at in any::<i64>()) {
        match write(&label, &[(&path, b"x")], Moment(at)) {
            Ok(image) => prop_assert_eq!(image.len() % SECTOR, 0),
            Err(why) => prop_assert!(!why.to_string().is_empty()),
        }
    }
}
