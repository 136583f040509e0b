use std::collections::HashMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Mutex;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::base::moment::Moment;
use crate::base::time::{Later, PausedClock};
use crate::depot::cache::Life;
use crate::depot::cache::limits::{Floor, Limits};
use crate::model::node::Wished;
use crate::net::files::serve_source;
use crate::net::http::{Request, Response};
use crate::net::server::limits::Limits as Doors;
use crate::net::server::{Service, serve};
use crate::net::source::Bytes;

/// A server of files, by path.
#[derive(Debug, Default)]
pub(in crate::depot) struct Mirror {
    files: Mutex<HashMap<String, Vec<u8>>>,
}

impl Mirror {
    pub(in crate::depot) fn put(&self, path: &str, bytes: &[u8]) {
        self.files.lock().unwrap().insert(path.to_owned(), bytes.to_vec());
    }
}

impl Service for Mirror {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let Some(bytes) = self.files.lock().unwrap().get(&request.path).cloned() else {
                return Response::empty(404);
            };
            let tag = digest::sha256(&bytes);
            serve_source(Arc::new(Bytes { bytes, tag }), request.method, &request.headers)
        })
    }
}

/// A data folder with kits, and a server that has files for them.
pub(in crate::depot) struct World {
    pub(in crate::depot) mirror: Arc<Mirror>,
    pub(in crate::depot) data: tempfile::TempDir,
    pub(in crate::depot) cache: Arc<Cache>,
    pub(in crate::depot) kits: Arc<Kits>,
    base: Url,
}

pub(in crate::depot) async fn world(size: u64) -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let mirror = Arc::new(Mirror::default());
    tokio::spawn(serve(listener, mirror.clone(), Doors::default(), CancellationToken::new()));
    let data = tempfile::tempdir().unwrap();
    let limits = Limits { size, floor: Floor::Bytes(0), ..Limits::default() };
    let clock = Arc::new(PausedClock::new());
    let cache = Cache::open(&data.path().join("cache"), limits, clock, Life::default()).unwrap();
    let kits = Arc::new(Kits::new(data.path(), cache.clone()));
    World { mirror, data, cache, kits, base }
}

impl World {
    pub(in crate::depot) fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }
}

pub(in crate::depot) fn booting(token: &str) -> Node {
    let wished = Wished { name: Some("n1".to_owned()), ..Wished::default() };
    let mut node = Node::new(NodeId(uuid::Uuid::from_u128(7)), wished, Moment(0));
    node.boot_token = Some(Secret::new(token));
    node
}

const AMPLE: u64 = 64 << 20;

#[tokio::test]
async fn a_boot_keeps_the_file_that_was_fetched_for_it() {
    let world = world(AMPLE).await;
    let (one, other) = (booting("one"), booting("other"));
    world.mirror.put("/kernel", b"the first");
    let path = world.kits.fetch(&one, Item::Kernel, world.url("kernel")).await.unwrap();
    assert_eq!(world.kits.path(&one, Item::Kernel), Some(path.clone()));
    assert!(!path.display().to_string().contains("one"), "the token is in no name: {}", path.display());
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(world.kits.path(&other, Item::Kernel), None);
    assert_eq!(world.kits.path(&one, Item::Ramdisk), None);

    world.mirror.put("/kernel", b"the second");
    let second = world.kits.fetch(&other, Item::Kernel, world.url("kernel")).await.unwrap();
    assert_eq!(
        (fs::read(&path).unwrap(), fs::read(&second).unwrap()),
        (b"the first".to_vec(), b"the second".to_vec())
    );
    let again = world.kits.fetch(&other, Item::Kernel, world.url("kernel")).await.unwrap();
    assert_eq!((&again, fs::metadata(&again).unwrap().nlink()), (&second, 2), "paid twice, the same");
}

#[tokio::test]
async fn what_a_boot_uses_is_not_evicted_and_what_was_over_is() {
    let world = world(250_000).await;
    let node = booting("one");
    world.mirror.put("/a", &vec![1; 100_000]);
    let path = world.kits.fetch(&node, Item::Ramdisk, world.url("a")).await.unwrap();
    world.mirror.put("/b", &vec![2; 200_000]);
    let full = world.cache.local(&Wanted::new(world.url("b"))).await.unwrap_err();
    assert!(matches!(*full, CacheError::Quota { .. }), "{full}");
    assert_eq!(fs::read(&path).unwrap().len(), 100_000);

    let limits = Limits { size: 250_000, floor: Floor::Bytes(0), ..Limits::default() };
    let clock = Arc::new(PausedClock::new());
    let anew = Cache::open(&world.data.path().join("cache"), limits, clock, Life::default()).unwrap();
    assert!(anew.local(&Wanted::new(world.url("b"))).await.is_err(), "nor after a start of the daemon");

    let kept = tag(node.boot_token.as_ref().unwrap());
    world.kits.sweep(&|id, tag| id == node.id && tag == kept);
    assert!(path.is_file());
    world.kits.sweep(&|_, _| false);
    assert_eq!(world.kits.path(&node, Item::Ramdisk), None);
    anew.local(&Wanted::new(world.url("b"))).await.unwrap();
}

#[tokio::test]
async fn a_server_that_has_more_than_its_kind_is_refused() {
    let world = world(AMPLE).await;
    world.mirror.put("/big", &[0; 1000]);
    let most = Wanted { most: 999, ..Wanted::new(world.url("big")) };
    let error = world.cache.local(&most).await.unwrap_err();
    assert!(matches!(*error, CacheError::Large { most: 999, .. }), "{error}");
    let error = world.kits.fetch(&booting("one"), Item::Kernel, world.url("gone")).await.unwrap_err();
    assert!(error.to_string().contains("404") && error.to_string().contains("/gone"), "{error}");
    let unprepared = Node { boot_token: None, ..booting("one") };
    let error = world.kits.fetch(&unprepared, Item::Kernel, world.url("big")).await.unwrap_err();
    assert!(matches!(error, KitError::Unprepared));
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn config_drives_are_unpacked_from_a_text_or_from_another_server() {
    let world = world(AMPLE).await;
    let node = booting("one");
    let image = b"\x00CD001 is no text".to_vec();
    let read = || fs::read(world.kits.path(&node, Item::Drive).unwrap()).unwrap();
    world.kits.put_drive(&node, STANDARD.encode(gzipped(&image))).await.unwrap();
    assert_eq!(read(), image);
    let mode = fs::metadata(world.kits.path(&node, Item::Drive).unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut broken = STANDARD.encode(gzipped(b"second")).into_bytes();
    broken.insert(20, b'\n');
    for (bytes, wanted) in
        [(broken, b"second".to_vec()), (gzipped(b"third"), b"third".to_vec()), (image.clone(), image.clone())]
    {
        world.mirror.put("/drive", &bytes);
        world.kits.fetch_drive(&node, world.url("drive")).await.unwrap();
        assert_eq!(read(), wanted);
    }
}

#[tokio::test]
async fn damaged_and_hostile_config_drives_are_refused() {
    let world = world(AMPLE).await;
    let node = booting("one");
    let packed = gzipped(&vec![7; 100_000]);
    for text in ["!!", "", &STANDARD.encode(&packed[..packed.len() / 2]), &STANDARD.encode(gzipped(b""))] {
        let error = world.kits.put_drive(&node, text.to_owned()).await.unwrap_err();
        assert!(matches!(error, KitError::Drive(_)), "{text}: {error}");
    }
    let bomb = gzipped(&vec![0; usize::try_from(LIMIT).unwrap() + 1]);
    let error = world.kits.put_drive(&node, STANDARD.encode(bomb)).await.unwrap_err();
    assert!(matches!(error, KitError::LargeDrive), "{error}");
    assert_eq!(world.kits.path(&node, Item::Drive), None);
}
