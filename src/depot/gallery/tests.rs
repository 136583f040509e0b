use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::base::time::PausedClock;
use crate::depot::cache::limits::{Floor, Limits};

struct Site {
    data: tempfile::TempDir,
    gallery: Arc<Gallery>,
}

fn site_of(size: u64, rules: Rules) -> Site {
    let data = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
    let limits = Limits { size, floor: Floor::Bytes(0), ..Limits::default() };
    let clock = Arc::new(PausedClock::new());
    let cache = Cache::open(&data.path().join("cache"), limits, clock, Life::default()).unwrap();
    Site { gallery: Arc::new(Gallery::new(shelf, Some(cache), rules)), data }
}

fn site() -> Site {
    site_of(64 << 20, Rules::default())
}

impl Site {
    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.gallery.shelf.root().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn order(&self, order: &Order) -> Result<Arc<Ready>, String> {
        loop {
            match self.gallery.order("n1", order, true).await {
                Stand::Ready(ready) => return Ok(ready),
                Stand::Busy(_) => tokio::task::yield_now().await,
                Stand::Failed(why) => return Err(chain(&*why)),
            }
        }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        read(&self.gallery, name)
    }
}

fn read(gallery: &Gallery, name: &str) -> Vec<u8> {
    match gallery.find(name).unwrap() {
        Found::File(path) => fs::read(path).unwrap(),
        Found::View(view) => {
            let mut out = vec![0; usize::try_from(view.size()).unwrap()];
            view.read_exact_at(&mut out, 0).unwrap();
            out
        }
    }
}

fn of(path: &Path) -> Order {
    let (checksum, declared) = (Checksum::None, None);
    Order { from: From::File(path.to_owned()), checksum, declared, authorization: None }
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

fn disk() -> Vec<u8> {
    (0..700_000_u32).map(|at| if at < 300_000 { u8::try_from(at % 251).unwrap() } else { 0 }).collect()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut pack = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    pack.write_all(bytes).unwrap();
    pack.finish().unwrap()
}

/// A qcow2 image of `disk()`; `None` without qemu-img.
fn qcow2() -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (raw, image) = (folder.path().join("raw"), folder.path().join("qcow2"));
    fs::write(&raw, disk()).unwrap();
    let mut convert = Command::new("qemu-img");
    let Ok(done) = convert.args(["convert", "-c", "-O", "qcow2"]).args([&raw, &image]).output() else {
        writeln!(std::io::stderr(), "skipped: qemu-img is not installed").unwrap();
        return None;
    };
    assert!(done.status.success());
    Some(fs::read(image).unwrap())
}

/// qcow2 counts in sectors.
fn padded() -> Vec<u8> {
    let mut disk = disk();
    disk.resize(disk.len().next_multiple_of(512), 0);
    disk
}

#[tokio::test]
async fn a_raw_file_is_given_out_as_it_is_with_its_hash_unless_it_has_a_checksum() {
    let site = site();
    let path = site.put("a.img", b"abc");
    let made = site.order(&of(&path)).await.unwrap();
    assert_eq!((made.size, made.format, made.sha256.clone()), (3, "raw", Some(digest::sha256(b"abc"))));
    assert_eq!(site.read(&made.name), b"abc");
    let pair = |value: &str| Checksum::Pair { algo: "sha256".into(), value: value.into() };
    let good = Order { checksum: pair(&digest::sha256(b"abc").to_uppercase()), ..of(&path) };
    assert_eq!(site.order(&good).await.unwrap().sha256, None);
    let bad = Order { checksum: Checksum::Plain("0".repeat(32)), ..of(&path) };
    let why = site.order(&bad).await.unwrap_err();
    assert!(why.contains("has the md5 checksum 900150983cd24fb0d6963f7d28e17f72, not 00000000"), "{why}");
    let left = Order { checksum: Checksum::Plain("a kind that the agent knows".into()), ..of(&path) };
    assert!(site.order(&left).await.is_ok());
    let unreachable = Order { checksum: Checksum::Plain("http://127.0.0.1:1/sums".into()), ..of(&path) };
    assert!(site.order(&unreachable).await.unwrap_err().contains("checksum file http://127.0.0.1:1/sums"));
    assert!(site.order(&of(Path::new("/etc/hostname"))).await.unwrap_err().contains("not inside a folder"));
}

#[tokio::test]
async fn qcow2_is_given_out_as_raw_bytes_also_after_a_restart() {
    let Some(image) = qcow2() else { return };
    let site = site();
    let path = site.put("a.qcow2", &image);
    let made = site.order(&of(&path)).await.unwrap();
    assert_eq!((made.format, made.size), ("raw", 700_416));
    assert_eq!(made.sha256.as_deref(), Some(&*digest::sha256(&padded())));
    assert!(site.read(&made.name) == padded());
    let again = Gallery::of_files(Arc::new(Shelf::open(site.data.path(), &[]).unwrap()));
    assert!(read(&again, &made.name) == padded());
    let lying = Order { declared: Some("raw".to_owned()), ..of(&path) };
    assert!(site.order(&lying).await.unwrap_err().contains("says raw"));
}

#[tokio::test]
async fn a_site_that_does_not_force_raw_gives_qcow2_as_it_is() {
    let Some(image) = qcow2() else { return };
    let site = site_of(64 << 20, Rules { force_raw: false, ..Rules::default() });
    let made = site.order(&of(&site.put("a.qcow2", &image))).await.unwrap();
    assert_eq!((made.format, made.sha256.clone()), ("qcow2", Some(digest::sha256(&image))));
    assert!(site.read(&made.name) == image);
}

#[tokio::test]
async fn what_is_packed_is_unpacked_once_and_looked_into() {
    let site = site();
    let made = site.order(&of(&site.put("a.gz", &gzipped(&disk())))).await.unwrap();
    assert_eq!((made.format, made.sha256.as_deref()), ("raw", Some(&*digest::sha256(&disk()))));
    assert!(site.read(&made.name) == disk());
    let nested = site.order(&of(&site.put("b.gz", &gzipped(&gzipped(b"x"))))).await.unwrap_err();
    assert!(nested.contains("gzip inside of gzip"), "{nested}");
    let cut = site.order(&of(&site.put("c.gz", &gzipped(&disk())[..1000]))).await.unwrap_err();
    assert!(cut.contains("c.gz cannot be unpacked"), "{cut}");
    if let Some(image) = qcow2() {
        let made = site.order(&of(&site.put("d.gz", &gzipped(&image)))).await.unwrap();
        assert!(site.read(&made.name) == padded());
    }
}

#[tokio::test]
async fn a_packed_image_that_the_cache_has_no_room_for_is_unpacked_while_it_is_read() {
    let site = site_of(100_000, Rules::default());
    let made = site.order(&of(&site.put("a.gz", &gzipped(&disk())))).await.unwrap();
    assert_eq!(made.sha256.as_deref(), Some(&*digest::sha256(&disk())));
    assert!(site.read(&made.name) == disk());
    assert_eq!(fs::read_dir(site.data.path().join("cache")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_packed_image_that_takes_more_than_it_may_grow_into_is_measured_and_takes_the_place_of_others() {
    let site = site_of(800 << 10, Rules::default());
    let noise =
        |size: u32| -> Vec<u8> { (0..size).map(|at| u8::try_from(at % 251 + 1).unwrap_or(1)).collect() };
    let other = of(&site.put("other.gz", &gzipped(&noise(300_000))));
    site.order(&other).await.unwrap();
    site.gallery.release("n1");
    let made = site.order(&of(&site.put("a.gz", &gzipped(&noise(600_000))))).await.unwrap();
    assert!(site.read(&made.name) == noise(600_000));
    assert!(matches!(site.gallery.find(&made.name), Some(Found::File(_))), "it lies in the cache");
    let names = fs::read_dir(site.data.path().join("cache")).unwrap();
    assert_eq!(names.count(), 2, "the other has left");
}

#[tokio::test]
async fn a_bomb_is_refused_by_size_alone() {
    let site = site_of(64 << 20, Rules { largest: 600_000, ..Rules::default() });
    let bomb = site.order(&of(&site.put("a.gz", &gzipped(&disk())))).await.unwrap_err();
    assert!(
        bomb.contains("largest image that is taken of a file of its size (image_cache.largest"),
        "{bomb}"
    );
    if let Some(image) = qcow2() {
        let bomb = site.order(&of(&site.put("a.qcow2", &image))).await.unwrap_err();
        assert!(bomb.contains("largest image"), "{bomb}");
    }
}

#[tokio::test]
async fn what_a_node_was_given_stays_until_it_is_released() {
    let site = site();
    let order = of(&site.put("a.gz", &gzipped(&disk())));
    let made = site.order(&order).await.unwrap();
    let cache = site.gallery.cache.as_ref().unwrap();
    let count = || fs::read_dir(site.data.path().join("cache")).unwrap().count();
    assert_eq!(site.gallery.given("n1", &order).unwrap().name, made.name);
    drop(made);
    assert!(cache.index.promise("another", 64 << 20).is_err());
    assert_eq!(count(), 2);
    let name = site.gallery.given("n1", &order).unwrap().name.clone();
    assert!(site.gallery.find(&name).is_some());
    site.gallery.keep(&|node| node == "n1");
    assert!(site.gallery.find(&name).is_some());
    site.gallery.keep(&|_| false);
    assert!(site.gallery.given("n1", &order).is_none());
    assert!(site.gallery.find(&name).is_none(), "it is not served any more");
    cache.index.promise("another", 64 << 20).unwrap();
    assert_eq!(count(), 0);
}

#[tokio::test]
async fn who_looks_in_is_told_how_far_it_is_and_once_why_it_failed() {
    let site = site_of(64 << 20, Rules { patience: Duration::ZERO, ..Rules::default() });
    let order = of(&site.put("a.gz", &gzipped(&gzipped(b"x"))));
    let Stand::Busy(progress) = site.gallery.order("n1", &order, false).await else {
        panic!("it did not wait")
    };
    assert_eq!(progress, "waiting for its turn");
    let ended = || lock(&site.gallery.wishes).get(&order.key()).is_some_and(|wish| wish.flight.is_over());
    while !ended() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(site.gallery.order("n1", &order, true).await, Stand::Failed(_)));
    assert!(matches!(site.gallery.order("n2", &order, true).await, Stand::Failed(_)));
    site.put("a.gz", &gzipped(b"x"));
    assert!(matches!(site.gallery.order("n1", &order, false).await, Stand::Busy(_)));
    assert!(site.order(&order).await.is_ok());
}

#[tokio::test]
async fn a_checksum_that_the_agent_could_not_compare_any_more_is_compared_here() {
    let site = site();
    let path = site.put("a.gz", &gzipped(b"x"));
    let order = |text: &str| Order { checksum: Checksum::Plain(text.to_owned()), ..of(&path) };
    let nobody = site.order(&order("http://127.0.0.1:1/SHA256SUMS")).await.unwrap_err();
    assert!(nobody.contains("checksum file http://127.0.0.1:1/SHA256SUMS is no good"), "{nobody}");
    assert!(site.order(&order("nonsense")).await.unwrap_err().contains("of no kind that can be checked"));
    assert!(site.order(&order(&digest::sha256(&gzipped(b"x")))).await.is_ok());
}

#[tokio::test]
async fn work_ends_with_the_last_node_that_wants_it_and_who_orders_then_begins_anew() {
    let site = site_of(64 << 20, Rules { patience: Duration::ZERO, ..Rules::default() });
    let order = of(&site.put("a.gz", &gzipped(&disk())));
    for node in ["n1", "n2"] {
        assert!(matches!(site.gallery.order(node, &order, false).await, Stand::Busy(_)));
    }
    let flight = lock(&site.gallery.wishes).get(&order.key()).unwrap().flight.clone();
    let progress = Arc::clone(&flight.progress);
    drop(flight);
    site.gallery.keep(&|node| node == "n2");
    assert!(progress.go_on().is_ok());
    site.gallery.keep(&|_| false);
    assert!(progress.go_on().is_err());
    assert!(lock(&site.gallery.wishes).is_empty());
    let made = site.order(&order).await.unwrap();
    assert!(site.read(&made.name) == disk());
    assert_eq!(fs::read_dir(site.data.path().join("cache")).unwrap().count(), 2);
}

#[tokio::test]
async fn an_order_for_another_image_takes_the_place_of_the_one_before() {
    let site = site_of(64 << 20, Rules { patience: Duration::ZERO, ..Rules::default() });
    let (one, other) = (of(&site.put("a.img", b"a")), of(&site.put("b.img", b"b")));
    let first = site.order(&one).await.unwrap();
    let second = site.order(&other).await.unwrap();
    assert!(site.gallery.find(&first.name).is_none() && site.gallery.find(&second.name).is_some());
    assert_eq!(lock(&site.gallery.wishes).len(), 1);
}

#[tokio::test]
async fn a_small_file_with_a_huge_disk_inside_is_refused_before_it_is_read() {
    let site = site();
    let mut bytes = vec![0; 192 << 10];
    for (at, value) in [(0, 0x5146_49FB_u32), (4, 3), (20, 16), (24, 25), (36, 200), (44, 64 << 10)] {
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    bytes[52..60].copy_from_slice(&[0, 2, 0, 0, 0, 0, 0, 1]);
    bytes[96..104].copy_from_slice(&[0, 0, 0, 4, 0, 0, 0, 104]);
    let air = site.order(&of(&site.put("air.qcow2", &bytes))).await.unwrap_err();
    assert!(air.contains("it holds more than 64.0 GiB"), "{air}");
}

#[tokio::test]
async fn what_is_cut_off_or_has_something_behind_it_is_refused_in_each_packing_and_leaves_nothing() {
    let site = site();
    let zeros = vec![0; 1 << 20];
    let xz = |bytes: &[u8]| packed(&["xz", "-c"], bytes);
    let zstd = |bytes: &[u8]| packed(&["zstd", "-q", "-c"], bytes);
    for (name, whole) in [("gz", Some(gzipped(&disk()))), ("xz", xz(&disk())), ("zst", zstd(&disk()))] {
        let Some(whole) = whole else { continue };
        for cut in [whole.len() / 3, whole.len() - 5, whole.len() - 1] {
            let why =
                site.order(&of(&site.put(&format!("cut{cut}.{name}"), &whole[..cut]))).await.unwrap_err();
            assert!(why.contains("cannot be unpacked"), "{name} {cut}: {why}");
        }
        let behind = [&whole[..], b"garbage"].concat();
        let why = site.order(&of(&site.put(&format!("behind.{name}"), &behind))).await.unwrap_err();
        assert!(why.contains("cannot be unpacked"), "{name}: {why}");
        assert_eq!(fs::read_dir(site.data.path().join("cache")).unwrap().count(), 0, "{name}");
        let made = site.order(&of(&site.put(&format!("good.{name}"), &whole))).await.unwrap();
        assert!(site.read(&made.name) == disk());
        site.gallery.release("n1");
        drop(made);
        site.gallery.cache.as_ref().unwrap().index.promise("all", 64 << 20).unwrap();
        site.gallery.cache.as_ref().unwrap().index.release(64 << 20, 0);
    }
    if let Some(greedy) = packed(&["xz", "-T1", "-c", "--lzma2=preset=0,dict=512MiB"], &zeros) {
        let why = site.order(&of(&site.put("greedy.xz", &greedy))).await.unwrap_err();
        assert!(why.contains("takes more than 64 MiB of memory"), "{why}");
    }
}

/// Packed by a tool; `None` without it.
fn packed(command: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    fs::write(&path, bytes).unwrap();
    let Ok(done) = Command::new(command[0]).args(&command[1..]).arg(&path).output() else {
        writeln!(std::io::stderr(), "skipped: {} is not installed", command[0]).unwrap();
        return None;
    };
    assert!(done.status.success());
    Some(done.stdout)
}

/// A qcow2 image of a mebibyte whose second-level table is at `table`, and whose first cluster is at `cluster`.
fn twisted(table: u64, cluster: u64) -> Vec<u8> {
    let mut bytes = vec![0; 256 << 10];
    for (at, value) in [(0, 0x5146_49FB_u32), (4, 3), (20, 16), (28, 1 << 20), (36, 1), (44, 64 << 10)] {
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    bytes[52..60].copy_from_slice(&[0, 3, 0, 0, 0, 0, 0, 1]);
    bytes[96..104].copy_from_slice(&[0, 0, 0, 4, 0, 0, 0, 104]);
    bytes[64 << 10..(64 << 10) + 8].copy_from_slice(&table.to_be_bytes());
    bytes[128 << 10..(128 << 10) + 8].copy_from_slice(&cluster.to_be_bytes());
    bytes
}

#[tokio::test]
async fn qcow2_tables_that_lead_outside_are_refused_and_those_that_lead_to_themselves_end() {
    let site = site();
    let used = 1_u64 << 63;
    for (name, table, cluster, refused) in [
        ("far-table", used | 1 << 50, 0, true),
        ("far-cluster", used | 128 << 10, used | 1 << 50, true),
        ("far-packed", used | 128 << 10, 1 << 62 | 1 << 40, true),
        ("crooked", used | 128 << 10 | 512, 0, true),
        ("itself", used | 128 << 10, used | 128 << 10, false),
        ("first-level", used | 64 << 10, 0, false),
    ] {
        let path = site.put(&format!("{name}.qcow2"), &twisted(table, cluster));
        match site.order(&of(&path)).await {
            Ok(made) => assert!(!refused && made.size == 1 << 20, "{name} was taken"),
            Err(why) => assert!(refused && why.contains("damaged"), "{name}: {why}"),
        }
    }
}

#[tokio::test]
async fn what_shows_before_the_image_is_fetched_is_told_then() {
    let site = site();
    let url = url::Url::parse("http://127.0.0.1:1/disk.img").unwrap();
    let order = |checksum| Order { from: From::Http(url.clone()), checksum, ..of(Path::new("/")) };
    let judge = async |checksum, size| {
        site.gallery.judge(&order(checksum), size).await.map_err(|error| chain(&error))
    };
    let plain = |text: &str| Checksum::Plain(text.to_owned());
    assert_eq!(judge(plain(&"0".repeat(64)), Some(1 << 20)).await, Ok(()));
    let large = judge(plain(&"0".repeat(64)), Some(65 << 20)).await.unwrap_err();
    assert!(large.contains("raise pxe.image_cache_size"), "{large}");
    let sums = judge(plain("http://127.0.0.1:1/SHA256SUMS"), None).await.unwrap_err();
    assert!(sums.contains("checksum file http://127.0.0.1:1/SHA256SUMS is no good"), "{sums}");
    let unknown = judge(Checksum::Pair { algo: "sha1".into(), value: "ab".into() }, None).await.unwrap_err();
    assert!(unknown.contains("of no kind that can be checked here"), "{unknown}");
}
