//! Opening: modes, locks, keys, versions, damage. What cannot be opened is named and left as it is.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::*;
use crate::base::secret::Secret;
use crate::store::disk::env::File;
use crate::store::upgrade;

#[tokio::test]
async fn everything_is_for_the_owner_only() {
    let rig = Rig::new();
    let data = rig.dir.path().join("a/b");
    let options = Options { dir: data.clone(), reserve: 1 << 20, ..rig.options(Mode::Inline) };
    let store = Store::open(options).unwrap();
    put(&store, node(1)).await.unwrap();
    let mut seen = Vec::new();
    modes(&data, &mut seen);
    assert!(seen.len() >= 6, "{seen:?}");
    for (path, is_dir, mode) in seen {
        assert_eq!(mode, if is_dir { 0o700 } else { 0o600 }, "{path}");
    }
}

fn modes(dir: &Path, seen: &mut Vec<(String, bool, u32)>) {
    let meta = fs::metadata(dir).unwrap();
    seen.push((dir.display().to_string(), meta.is_dir(), meta.permissions().mode() & 0o777));
    if meta.is_dir() {
        for entry in fs::read_dir(dir).unwrap() {
            modes(&entry.unwrap().path(), seen);
        }
    }
}

#[tokio::test]
async fn a_second_daemon_is_refused_until_the_first_has_gone() {
    let rig = Rig::new();
    let store = rig.threaded();
    let error = Store::open(rig.options(Mode::Inline)).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }));
    assert!(error.to_string().contains("in use by another daemon"), "{error}");
    store.close().await;
    rig.open();
}

#[tokio::test]
async fn opening_again_writes_nothing() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    store.close().await;
    let before = fs::read(rig.data_file()).unwrap();
    rig.open().close().await;
    assert!(before == fs::read(rig.data_file()).unwrap(), "the file was written");
}

#[tokio::test]
async fn a_newer_store_is_refused_and_left_alone() {
    let rig = Rig::new();
    rig.open().close().await;
    raw(&rig, |file, txn| {
        file.tables.meta.put(txn, upgrade::KEY, &(upgrade::VERSION + 1).to_be_bytes()).unwrap();
    });
    let before = fs::read(rig.data_file()).unwrap();
    let error = Store::open(rig.options(Mode::Inline)).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 3, known: 2, .. }), "{error}");
    let text = error.to_string();
    for part in ["store", "version 3", "knows 2", "restore a backup"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(before == fs::read(rig.data_file()).unwrap());
}

/// The file was written by the daemon of store version 1: nodes a and b, a port of a, the history of a's way to
/// `available`, and what was left of a node c that was deleted.
#[tokio::test]
async fn a_store_of_version_1_is_brought_up_to_date_with_all_that_it_holds() {
    let rig = Rig::new();
    fs::create_dir(rig.dir.path().join("store")).unwrap();
    let mut data = Vec::new();
    flate2::read::GzDecoder::new(V1).read_to_end(&mut data).unwrap();
    fs::write(rig.data_file(), data).unwrap();
    let key = Secret::new(V1_KEY);
    let open = || Store::open(Options { key: Some(key.clone()), ..rig.options(Mode::Inline) }).unwrap();

    let store = open();
    let reader = store.reader();
    let published = reader.published();
    let a = published.node_by_name("a").unwrap().clone();
    assert_eq!(published.nodes().filter_map(|node| node.wished.name.clone()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(a.wished.driver_info["ipmi_password"], "hunter2");
    assert_eq!(published.ports_of(a.id).count(), 1);
    let entries = reader.journal(a.id, 0, 100).unwrap();
    assert_eq!(entries.first().unwrap().event, "create");
    assert_eq!(entries.last().unwrap().state, "available");
    assert!(entries.windows(2).all(|pair| pair[0].sequence < pair[1].sequence && pair[0].at <= pair[1].at));

    let error = put(&store, node_named("b")).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate(_)), "{error}");
    let fourth = put(&store, node_named("d")).await.unwrap();
    assert_eq!(fourth.order, 4, "the order of the deleted node is not given again");
    drop((store, reader, published));
    assert_eq!(open().reader().journal(a.id, 0, 100).unwrap(), entries);
}

fn node_named(name: &str) -> Node {
    let mut node = node(9);
    node.wished.name = Some(name.to_owned());
    node
}

const V1: &[u8] = include_bytes!("../../../tests/goldens/store/v1/data.mdb.gz");
const V1_KEY: &str = include_str!("../../../tests/goldens/store/v1/secret.key");

#[tokio::test]
async fn an_unreadable_record_is_named() {
    for bytes in [&b"\x01\xc1"[..], b"\x09\x80", b""] {
        let rig = Rig::new();
        let store = rig.open();
        put(&store, node(7)).await.unwrap();
        store.close().await;
        let bytes = bytes.to_vec();
        raw(&rig, |file, txn| file.tables.nodes.put(txn, node_id(7).0.as_bytes(), &bytes).unwrap());
        let text = Store::open(rig.options(Mode::Inline)).unwrap_err().to_string();
        for part in [node_id(7).to_string().as_str(), "store", "restore a backup"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[tokio::test]
async fn a_store_does_not_open_without_its_key() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    store.close().await;
    let key = rig.dir.path().join("secret.key");
    let text = fs::read_to_string(&key).unwrap();

    fs::write(&key, "another key of some length").unwrap();
    let error = Store::open(rig.options(Mode::Inline)).unwrap_err().to_string();
    assert!(error.contains("is not the one that sealed them"), "{error}");
    fs::remove_file(&key).unwrap();
    let error = Store::open(rig.options(Mode::Inline)).unwrap_err().to_string();
    assert!(error.contains("is missing") && error.contains("secret.key"), "{error}");
    assert!(!key.exists(), "no new key is made for an old store");

    let options = Options { key: Some(Secret::new(text)), ..rig.options(Mode::Inline) };
    assert_eq!(Store::open(options).unwrap().reader().published().node_count(), 1);
}

#[tokio::test]
async fn weak_and_exposed_keys_are_refused() {
    let rig = Rig::new();
    let options = Options { key: Some(Secret::new("short")), ..rig.options(Mode::Inline) };
    let error = Store::open(options).unwrap_err().to_string();
    assert!(error.contains("shorter than 16") && !error.contains("\"short\""), "{error}");
    rig.open().close().await;
    let key = rig.dir.path().join("secret.key");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let error = Store::open(rig.options(Mode::Inline)).unwrap_err().to_string();
    assert!(error.contains("can be read by others") && error.contains("0600"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    for junk in [vec![0x5a; 8192], vec![1, 2, 3], vec![0; 4096]] {
        let rig = Rig::new();
        fs::create_dir(rig.dir.path().join("store")).unwrap();
        fs::write(rig.data_file(), &junk).unwrap();
        let error = Store::open(rig.options(Mode::Inline)).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
    }
}

#[tokio::test]
async fn a_file_cut_short_is_an_error_and_no_crash() {
    let rig = Rig::new();
    let store = rig.open();
    for number in 1..200 {
        put(&store, node(number)).await.unwrap();
    }
    store.close().await;
    let length = fs::metadata(rig.data_file()).unwrap().len();
    fs::OpenOptions::new().write(true).open(rig.data_file()).unwrap().set_len(length / 3).unwrap();
    let error = Store::open(rig.options(Mode::Inline)).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. } | StoreError::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_that_is_gone_is_missed_and_no_new_one_is_made() {
    let given = Some(Secret::new("a key of some length"));
    for (key, empty) in [(None, false), (None, true), (given.clone(), false), (given, true)] {
        let rig = Rig::new();
        let options = || Options { key: key.clone(), ..rig.options(Mode::Inline) };
        let store = Store::open(options()).unwrap();
        put(&store, node(1)).await.unwrap();
        store.close().await;
        let whole = fs::read(rig.data_file()).unwrap();
        if empty {
            fs::write(rig.data_file(), b"").unwrap();
        } else {
            fs::remove_dir_all(rig.dir.path().join("store")).unwrap();
        }
        let before = listed(rig.dir.path());
        let error = Store::open(options()).unwrap_err();
        assert!(matches!(error, StoreError::Lost { .. }), "{error}");
        let file = rig.data_file().display().to_string();
        for part in [&file, "from a copy", "begin anew"] {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
        assert_eq!(listed(rig.dir.path()), before, "something was made");

        fs::create_dir_all(rig.dir.path().join("store")).unwrap();
        fs::write(rig.data_file(), whole).unwrap();
        assert_eq!(Store::open(options()).unwrap().reader().published().node_count(), 1);
    }
}

#[tokio::test]
async fn a_first_start_that_broke_off_is_begun_again() {
    let rig = Rig::new();
    rig.open().close().await;
    let path = |name: &str| rig.dir.path().join(name);
    // The steps of a first start, backwards: mark, key, store, draft.
    fs::remove_file(path("used")).unwrap();
    rig.open().close().await;
    fs::remove_file(path("used")).unwrap();
    fs::remove_dir_all(path("store")).unwrap();
    fs::rename(path("secret.key"), path("secret.key.new")).unwrap();
    fs::create_dir(path("store.new")).unwrap();
    fs::write(path("store.new/data.mdb"), [0; 4096]).unwrap();
    rig.open().close().await;
    assert!(path("used").exists() && path("secret.key").exists() && !path("store.new").exists());
}

fn listed(dir: &Path) -> Vec<(String, bool, u32)> {
    let mut seen = Vec::new();
    modes(dir, &mut seen);
    seen.sort();
    seen
}

#[tokio::test]
async fn a_directory_open_to_others_is_refused_and_left_alone() {
    let rig = Rig::new();
    let data = rig.dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let options = || Options { dir: data.clone(), ..rig.options(Mode::Inline) };
    let mode = |mode| fs::set_permissions(&data, Permissions::from_mode(mode)).unwrap();
    for open in [0o755, 0o750, 0o701, 0o777] {
        mode(open);
        let error = Store::open(options()).unwrap_err();
        assert!(matches!(error, StoreError::Exposed { .. }), "{error}");
        let chmod = format!("chmod 0700 {}", data.display());
        assert!(
            error.to_string().contains(&chmod) && error.to_string().contains(&format!("{open:04o}")),
            "{error}"
        );
        assert_eq!(listed(&data), [(data.display().to_string(), true, open)]);
    }
    mode(0o1700);
    Store::open(options()).unwrap().close().await;
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o7777, 0o1700, "the mode was changed");
}

/// Writes past the store's own methods.
fn raw(rig: &Rig, work: impl FnOnce(&File, &mut heed::RwTxn)) {
    let file = File::open(&rig.dir.path().join("store")).unwrap();
    let mut txn = file.write().unwrap();
    work(&file, &mut txn);
    txn.commit().unwrap();
}
