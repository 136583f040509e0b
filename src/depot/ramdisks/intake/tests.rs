use super::*;
use crate::base::time::RealClock;
use crate::depot::digest;
use crate::depot::ramdisks::tests::{RAMDISK, kernel};
use crate::net::body::Body;

#[derive(Debug)]
struct Nothing;

impl Service for Nothing {
    fn call(&self, _: Request) -> Later<'_, Response> {
        Box::pin(async { Response::empty(418) })
    }
}

struct World {
    _folder: tempfile::TempDir,
    intake: Intake,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let intake = Intake::open(folder.path(), Arc::new(RealClock::new()), Arc::new(Nothing)).unwrap();
        Self { _folder: folder, intake }
    }

    async fn send(&self, request: Request) -> (u16, Value) {
        let response = self.intake.call(request).await;
        let body = if let Body::Bytes(bytes) = response.body { bytes } else { Vec::new() };
        (response.status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn ask(&self, method: Method, path: &str, body: &[u8]) -> (u16, Value) {
        let mut request = Request::made(method, path, body.to_vec());
        request.headers.push("Content-Length", body.len().to_string());
        self.send(request).await
    }

    async fn upload(&self, bytes: &[u8]) -> String {
        let hash = digest::sha256(bytes);
        let path = format!("/ferric/v1/ramdisks/uploads/{hash}");
        assert_eq!(self.ask(Method::Put, &path, bytes).await.0, 201);
        hash
    }

    async fn pair(&self, arch: &str, kernel: &str, ramdisk: &str) -> (u16, Value) {
        let body = json!({"kernel": kernel, "ramdisk": ramdisk, "name": "ours"}).to_string();
        self.ask(Method::Put, &format!("/ferric/v1/ramdisks/{arch}"), body.as_bytes()).await
    }
}

#[tokio::test]
async fn a_pair_is_uploaded_named_listed_and_removed() {
    let world = World::new();
    let (kernel_hash, ramdisk_hash) = (world.upload(&kernel()).await, world.upload(RAMDISK).await);
    let (status, about) = world.pair("x86_64", &kernel_hash, &ramdisk_hash).await;
    assert_eq!(
        (status, &about["name"], &about["ramdisk"]["size"]),
        (200, &json!("ours"), &json!(RAMDISK.len()))
    );
    let (status, all) = world.ask(Method::Get, "/ferric/v1/ramdisks", b"").await;
    assert_eq!((status, &all["ramdisks"][0]), (200, &about));
    assert_eq!(world.ask(Method::Get, "/ferric/v1/ramdisks/x86_64", b"").await, (200, about));
    assert_eq!(world.ask(Method::Delete, "/ferric/v1/ramdisks/x86_64", b"").await.0, 204);
    assert_eq!(world.ask(Method::Get, "/ferric/v1/ramdisks/x86_64", b"").await.0, 404);
}

#[tokio::test]
async fn kernel_parameters_come_with_a_pair() {
    let world = World::new();
    let (kernel_hash, ramdisk_hash) = (world.upload(&kernel()).await, world.upload(RAMDISK).await);
    let put =
        |words: &str| json!({"kernel": kernel_hash, "ramdisk": ramdisk_hash, "cmdline": words}).to_string();
    let path = "/ferric/v1/ramdisks/x86_64";
    for wrong in ["|| reboot".to_owned(), "a ".repeat(1000)] {
        let (status, told) = world.ask(Method::Put, path, put(&wrong).as_bytes()).await;
        assert_eq!(status, 400, "{told}");
        assert!(told["faultstring"].as_str().unwrap().starts_with("cmdline cannot be used: "), "{told}");
    }
    let (status, about) = world.ask(Method::Put, path, put("panic=20  console=ttyS0\n").as_bytes()).await;
    assert_eq!((status, &about["cmdline"]), (200, &json!("panic=20 console=ttyS0")));
    let folder = world.intake.stock.root().join("x86_64");
    let words = crate::depot::ramdisks::stock::cmdline_in(&folder).map(|words| words.to_string());
    assert_eq!(words.as_deref(), Some("panic=20 console=ttyS0"));
    std::fs::write(folder.join("cmdline"), "|| reboot").unwrap();
    assert_eq!(crate::depot::ramdisks::stock::cmdline_in(&folder), None, "it boots without");
}

#[tokio::test]
async fn what_was_uploaded_under_a_wrong_part_is_refused_by_name() {
    let world = World::new();
    let (kernel_hash, ramdisk_hash) = (world.upload(&kernel()).await, world.upload(RAMDISK).await);
    let (status, told) = world.pair("x86_64", &ramdisk_hash, &kernel_hash).await;
    assert_eq!(status, 400);
    assert!(told["faultstring"].as_str().unwrap().contains("uploaded as kernel is none"), "{told}");
    assert_eq!(world.pair("x86_64", &kernel_hash, &"0".repeat(64)).await.0, 409);
    assert_eq!(world.pair("aarch64", &kernel_hash, &ramdisk_hash).await.0, 400);
    assert_eq!(world.pair("x86_64", &kernel_hash, &ramdisk_hash).await.0, 200);
}

#[tokio::test]
async fn a_slice_says_where_it_stands_and_what_is_odd_is_refused() {
    let world = World::new();
    let path = format!("/ferric/v1/ramdisks/uploads/{}", digest::sha256(b"kernel"));
    let slice = |bytes: &[u8], range: &str| {
        let mut request = Request::made(Method::Put, &path, bytes.to_vec());
        request.headers.push("Content-Length", bytes.len().to_string());
        request.headers.push("Content-Range", range);
        request
    };
    for range in ["", "bytes 0-3/6", "bytes 0-2/2", "bytes 2-0/6", "items 0-2/6", "bytes 0-2/*", "bytes x"] {
        assert_eq!(world.send(slice(b"ker", range)).await.0, 400, "{range}");
    }
    assert_eq!(world.send(slice(b"ker", "bytes 0-2/6")).await.0, 202);
    assert_eq!(world.send(slice(b"nel", "bytes 4-6/7")).await.0, 409);
    let (_, at) = world.ask(Method::Get, &path, b"").await;
    assert_eq!(at, json!({"received": 3, "complete": false}));
    assert_eq!(
        world.send(slice(b"nel", "bytes 3-5/6")).await,
        (201, json!({"received": 6, "complete": true}))
    );
    assert_eq!(world.send(slice(b"", "bytes */6")).await, (201, json!({"received": 6, "complete": true})));
    let without = Request::made(Method::Put, &path, b"kernel".to_vec());
    assert_eq!(world.send(without).await.0, 411);
}

/// The daemon was killed between the last byte and the look at all of them.
#[tokio::test]
async fn a_file_that_came_whole_and_was_not_looked_at_is_looked_at_when_its_client_asks() {
    let world = World::new();
    let sha256 = digest::sha256(b"kernel");
    let path = format!("/ferric/v1/ramdisks/uploads/{sha256}");
    std::fs::write(world.intake.stock.root().join("uploads").join(format!("{sha256}.part")), b"kernel")
        .unwrap();
    let (_, at) = world.ask(Method::Get, &path, b"").await;
    assert_eq!(at, json!({"received": 6, "complete": false}));
    let mut request = Request::made(Method::Put, &path, Vec::new());
    request.headers.push("Content-Length", "0");
    request.headers.push("Content-Range", "bytes */6");
    assert_eq!(world.send(request).await, (201, json!({"received": 6, "complete": true})));
}

/// Refused imports leave files behind; the oldest of them go, and not what the next import has found here.
#[tokio::test]
async fn a_file_that_a_client_has_asked_for_outlives_older_ones() {
    let world = World::new();
    let first = world.upload(b"first").await;
    for other in [&b"second"[..], b"third", b"fourth"] {
        world.upload(other).await;
        tokio::time::sleep(Duration::from_millis(20)).await; // files tell their age in some milliseconds
    }
    let path = format!("/ferric/v1/ramdisks/uploads/{first}");
    assert_eq!(world.ask(Method::Get, &path, b"").await.1["complete"], true);
    world.upload(b"fifth").await;
    assert_eq!(world.ask(Method::Get, &path, b"").await.1["complete"], true);
    let second = format!("/ferric/v1/ramdisks/uploads/{}", digest::sha256(b"second"));
    assert_eq!(world.ask(Method::Get, &second, b"").await.1["complete"], false);
}

#[tokio::test]
async fn other_paths_go_on_and_odd_ones_are_refused() {
    let world = World::new();
    assert_eq!(world.ask(Method::Get, "/v1/nodes", b"").await.0, 418);
    assert_eq!(world.ask(Method::Get, "/ferric/v1/ramdisksome", b"").await.0, 418);
    assert_eq!(world.ask(Method::Post, "/ferric/v1/ramdisks", b"").await.0, 405);
    assert_eq!(world.ask(Method::Get, "/ferric/v1/ramdisks/../x", b"").await.0, 404);
    assert_eq!(world.ask(Method::Get, "/ferric/v1/ramdisks/..", b"").await.0, 400);
    assert_eq!(world.ask(Method::Put, "/ferric/v1/ramdisks/x86_64", b"{").await.0, 400);
    let long = format!("{{\"kernel\": \"{}\"}}", "a".repeat(9000));
    assert_eq!(world.ask(Method::Put, "/ferric/v1/ramdisks/x86_64", long.as_bytes()).await.0, 413);
}
