use super::*;
use crate::depot::ramdisks::tests::{RAMDISK, kernel};

struct World {
    folder: tempfile::TempDir,
    stock: Stock,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stock = Stock::open(folder.path()).unwrap();
        Self { folder, stock }
    }

    fn ready(&self, name: &str, bytes: &[u8]) -> Ready {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Ready { path, sha256: digest::sha256(bytes) }
    }

    fn put(&self, arch: &str, name: &str, ramdisk: &[u8]) -> Result<(), StockError> {
        let (kernel, ramdisk) = (self.ready("k", &kernel()), self.ready("r", ramdisk));
        let content = |ready: &Ready| Content { size: 1, sha256: ready.sha256.clone() };
        let about = About {
            arch: arch.to_owned(),
            name: Some(name.to_owned()),
            imported_at: "now".to_owned(),
            kernel: content(&kernel),
            ramdisk: content(&ramdisk),
            cmdline: None,
        };
        self.stock.put(&about, &kernel, &ramdisk)
    }

    fn ramdisk(&self) -> Vec<u8> {
        fs::read(self.stock.root().join("x86_64/ramdisk")).unwrap()
    }

    fn pairs(&self) -> usize {
        fs::read_dir(self.stock.root().join(PAIRS)).unwrap().count()
    }
}

fn packed(text: &str) -> Vec<u8> {
    // Another inode's number.
    [&RAMDISK[..13], text.as_bytes(), &RAMDISK[13 + text.len()..]].concat()
}

#[test]
fn a_pair_takes_the_place_of_the_one_before_which_stays_for_those_who_load_it() {
    let world = World::new();
    world.put("x86_64", "first", &packed("1")).unwrap();
    let loading = world.stock.root().join("x86_64").canonicalize().unwrap();
    world.put("x86_64", "second", &packed("2")).unwrap();
    assert_eq!(world.ramdisk(), packed("2"));
    assert_eq!(fs::read(loading.join("ramdisk")).unwrap(), packed("1"));
    world.put("x86_64", "third", &packed("3")).unwrap();
    assert!(!loading.exists(), "nobody boots for so long");
    assert_eq!((world.pairs(), world.stock.list().unwrap().len()), (2, 1));
    assert_eq!(world.stock.about("x86_64").unwrap().name.as_deref(), Some("third"));
}

#[test]
fn the_same_pair_again_changes_only_its_name() {
    let world = World::new();
    world.put("x86_64", "first", RAMDISK).unwrap();
    world.put("x86_64", "second", RAMDISK).unwrap();
    assert_eq!((world.pairs(), world.ramdisk()), (1, RAMDISK.to_vec()));
    assert_eq!(world.stock.about("x86_64").unwrap().name.as_deref(), Some("second"));
}

#[test]
fn what_is_no_pair_leaves_the_one_that_is_there() {
    let world = World::new();
    world.put("x86_64", "good", RAMDISK).unwrap();
    assert!(matches!(world.put("x86_64", "bad", b"<html>"), Err(StockError::Unlike(_))));
    let other = world.put("aarch64", "bad", RAMDISK).unwrap_err();
    assert_eq!(other.to_string(), "the kernel is for x86_64 machines, not for aarch64");
    for arch in ["", "..", "a/b", "pairs", "uploads", "X86", &"a".repeat(33)] {
        assert!(matches!(world.put(arch, "bad", RAMDISK), Err(StockError::Arch(_))), "{arch}");
    }
    assert_eq!(world.stock.about("x86_64").unwrap().name.as_deref(), Some("good"));
    assert_eq!(world.ramdisk(), RAMDISK);
}

#[test]
fn a_cut_before_the_link_is_replaced_changes_nothing_and_is_swept() {
    let world = World::new();
    world.put("x86_64", "good", RAMDISK).unwrap();
    let half = world.stock.root().join(PAIRS).join("0000.new");
    fs::create_dir(&half).unwrap();
    symlink("pairs/0000", world.stock.root().join(".x86_64.new")).unwrap();
    let again = Stock::open(world.folder.path()).unwrap();
    assert_eq!(again.list().unwrap().len(), 1);
    world.put("x86_64", "next", &packed("2")).unwrap();
    assert!(!half.exists());
    assert_eq!(world.ramdisk(), packed("2"));
}

#[test]
fn a_pair_is_removed_once() {
    let world = World::new();
    world.put("x86_64", "good", RAMDISK).unwrap();
    world.stock.remove("x86_64").unwrap();
    assert!(matches!(world.stock.remove("x86_64"), Err(StockError::Missing(_))));
    assert!(world.stock.list().unwrap().is_empty());
}
