use super::*;
use crate::depot::kits::tests::{World, world};
use crate::net::body::Body;

const NODE: &str = "11111111-2222-3333-4444-555555555555";

struct Rig {
    world: World,
    allowed: tempfile::TempDir,
    files: Arc<FirmwareFiles>,
}

async fn rig() -> Rig {
    let world = world(1 << 20).await;
    let allowed = tempfile::tempdir().unwrap();
    let files = opened(&world, &allowed);
    Rig { world, allowed, files }
}

/// As after a start of the daemon.
fn opened(world: &World, allowed: &tempfile::TempDir) -> Arc<FirmwareFiles> {
    let shelf = Arc::new(Shelf::open(world.data.path(), &[allowed.path().to_owned()]).unwrap());
    Arc::new(FirmwareFiles::new(world.data.path(), shelf, world.cache.clone(), Secret::new("key")))
}

async fn brought(files: &Arc<FirmwareFiles>, step: &str, url: &Url, checksum: Option<&str>) -> Stand {
    loop {
        let stand = files.order(Ordered { node: NODE.parse().unwrap(), step, url, checksum }).await;
        let Stand::Busy(_) = stand else { return stand };
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn path(stand: Stand) -> String {
    let Stand::Ready(path) = stand else { panic!("{stand:?}") };
    path
}

async fn got(files: &Arc<FirmwareFiles>, path: &str) -> (u16, Option<u64>) {
    #[derive(Debug)]
    struct Nothing;
    impl Service for Nothing {
        fn call(&self, _: Request) -> Later<'_, Response> {
            Box::pin(async { Response::empty(418) })
        }
    }
    let counter = FirmwareCounter::new(files.clone(), Arc::new(Nothing));
    let answer = counter.call(Request::made(Method::Get, path, Vec::new())).await;
    let length = answer.headers.get("content-length").and_then(|length| length.parse().ok());
    let is_empty = matches!(answer.body, Body::Empty);
    (answer.status, length.filter(|_| !is_empty))
}

/// SHA-1, SHA-256 and SHA-512.
fn sums(bytes: &[u8]) -> [String; 3] {
    [40, 64, 128].map(|length| {
        let mut hash = Running::of_firmware(&"a".repeat(length)).unwrap();
        hash.update(bytes);
        hash.finish()
    })
}

#[tokio::test]
async fn a_file_of_another_server_is_brought_compared_and_handed_out_under_a_secret_path() {
    let rig = rig().await;
    rig.world.mirror.put("/bios-2.exe", b"new bios");
    let url = rig.world.url("bios-2.exe");
    for sum in sums(b"new bios") {
        let path = path(brought(&rig.files, &sum, &url, Some(&sum.to_uppercase())).await);
        assert!(path.starts_with(&format!("/firmware/{NODE}/")) && path.ends_with("/bios-2.exe"), "{path}");
        assert_eq!(got(&rig.files, &path).await.0, 200);
    }
    let wrong = "0".repeat(64);
    let Stand::Failed(why) = brought(&rig.files, "wrong", &url, Some(&wrong)).await else { panic!() };
    assert!(why.contains("checksum"), "{why}");
    let Stand::Failed(why) = brought(&rig.files, "gone", &rig.world.url("gone"), None).await else {
        panic!()
    };
    assert!(why.contains("404"), "{why}");
}

#[tokio::test]
async fn a_file_of_this_host_is_handed_out_from_allowed_folders_only() {
    let rig = rig().await;
    let at = |path: &Path| Url::from_file_path(path).unwrap();
    let firmware = rig.allowed.path().join("bmc 3.bin");
    fs::write(&firmware, b"new bmc").unwrap();
    let [one, two, five] = sums(b"new bmc");
    for sum in [Some(one.as_str()), Some(&two), Some(&five), None] {
        let path = path(brought(&rig.files, sum.unwrap_or_default(), &at(&firmware), sum).await);
        assert!(path.ends_with("203.bin"), "{path}");
        // What is handed out was compared, whatever becomes of the file.
        assert_eq!(got(&rig.files, &path).await, (200, Some(7)));
    }
    let Stand::Failed(why) = brought(&rig.files, "", &at(&firmware), Some(&sums(b"other")[1])).await else {
        panic!()
    };
    assert!(why.contains(&two) && why.contains("checksum"), "{why}");
    let Stand::Failed(why) = brought(&rig.files, "", &at(Path::new("/etc/passwd")), None).await else {
        panic!()
    };
    assert!(why.contains("file_url_allowed_paths"), "{why}");
}

#[tokio::test]
async fn its_path_is_the_same_after_a_restart_and_nobody_elses() {
    let rig = rig().await;
    rig.world.mirror.put("/a.bin", b"a");
    let url = rig.world.url("a.bin");
    let first = path(brought(&rig.files, "1", &url, None).await);
    let again = opened(&rig.world, &rig.allowed);
    let ordered = Ordered { node: NODE.parse().unwrap(), step: "1", url: &url, checksum: None };
    assert_eq!(again.order(ordered).await, Stand::Ready(first.clone()), "it is there at once");
    assert!(first.contains(again.secret(&ordered).reveal()));
    assert_ne!(path(brought(&again, "2", &url, None).await), first);
    for wrong in
        ["/firmware/", "/firmware/x/y/z", &first.replace("a.bin", ".part"), &first.replace("a.bin", "..")]
    {
        assert_eq!(got(&again, wrong).await.0, 404, "{wrong}");
    }
    let guessed = format!("/firmware/{NODE}/{}/a.bin", "0".repeat(32));
    assert_eq!(got(&again, &guessed).await.0, 404);
    assert_eq!(got(&again, "/v1/nodes").await.0, 418);
}

#[tokio::test]
async fn it_goes_with_its_step_and_what_a_cut_has_left_is_swept() {
    let rig = rig().await;
    rig.world.mirror.put("/a.bin", b"a");
    let (url, node) = (rig.world.url("a.bin"), NODE.parse().unwrap());
    let there = path(brought(&rig.files, "1", &url, None).await);
    rig.files.sweep(&|id| id == node);
    assert_eq!(got(&rig.files, &there).await.0, 200, "its step is under way");
    rig.files.release(node);
    assert_eq!(got(&rig.files, &there).await.0, 404);
    path(brought(&rig.files, "1", &url, None).await);
    opened(&rig.world, &rig.allowed).sweep(&|_| false);
    assert_eq!(got(&rig.files, &there).await.0, 404);
    assert_eq!(fs::read_dir(rig.world.data.path().join(FOLDER)).unwrap().count(), 0);
}

#[test]
fn a_name_is_what_a_path_may_hold() {
    let name = |text: &str| file_name(&Url::parse(text).unwrap());
    assert_eq!(name("http://h/a/BIOS_2-1.EXE?token=x"), "BIOS_2-1.EXE");
    assert_eq!(name("http://h/"), "firmware.bin");
    assert_eq!(name("http://h/.part"), "part");
    assert_eq!(name("http://h/%2e%2e%2f"), "2e2e2f");
    assert_eq!(name(&format!("http://h/{}.bin", "x".repeat(300))).len(), LONGEST_NAME);
}
