use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::base::time::{Later, PausedClock};
use crate::net::body::{Body, Stream};
use crate::net::files::serve_source;
use crate::net::http::{Method, Request, Response};
use crate::net::server::limits::Limits as Doors;
use crate::net::server::{Service, serve};
use crate::net::source::Bytes;

/// A server of one image per path; what it is told to do wrong, it does once.
#[derive(Default)]
struct Mirror {
    files: Mutex<Vec<(String, Vec<u8>, String)>>,
    wrongs: Mutex<VecDeque<Wrong>>,
    heads: AtomicUsize,
    gets: AtomicUsize,
    ranges: Mutex<Vec<String>>,
}

enum Wrong {
    /// So many bytes of the image, then the connection breaks.
    Breaks(usize),
    /// Chunks without a length, without end.
    Endless,
    Redirect(&'static str),
    /// So many bytes of the image, then nothing, and the connection stays.
    Hangs(usize),
    /// More bytes, or less, than HEAD said.
    Lies(usize),
    /// All of it, without a length.
    Untold,
}

impl Mirror {
    fn put(&self, path: &str, bytes: &[u8], tag: &str) {
        let mut files = self.files.lock().unwrap();
        files.retain(|(one, ..)| one != path);
        files.push((path.to_owned(), bytes.to_vec(), tag.to_owned()));
    }

    fn answer(&self, request: &Request) -> Response {
        let files = self.files.lock().unwrap();
        let Some((_, bytes, tag)) = files.iter().find(|(path, ..)| *path == request.path) else {
            return Response::empty(404);
        };
        let source = Arc::new(Bytes { bytes: bytes.clone(), tag: tag.clone() });
        if request.method == Method::Head {
            self.heads.fetch_add(1, Ordering::SeqCst);
            let head = serve_source(source, request.method, &request.headers);
            let no_store = request.path.contains("secret");
            return if no_store { head.with("Cache-Control", "private, No-Store") } else { head };
        }
        self.gets.fetch_add(1, Ordering::SeqCst);
        if let Some(range) = request.headers.get("range") {
            self.ranges.lock().unwrap().push(range.to_owned());
        }
        let whole = serve_source(source, request.method, &request.headers);
        match self.wrongs.lock().unwrap().pop_front() {
            None => whole,
            Some(Wrong::Redirect(to)) => Response::empty(302).with("Location", to),
            Some(Wrong::Breaks(at)) => {
                let length = Some(u64::try_from(bytes.len()).unwrap());
                streamed(length, vec![Ok(bytes[..at].to_vec()), Err(std::io::ErrorKind::Other.into())])
            }
            Some(Wrong::Hangs(at)) => {
                let (sender, chunks) = mpsc::channel(1);
                let (first, length) = (bytes[..at].to_vec(), Some(u64::try_from(bytes.len()).unwrap()));
                tokio::spawn(async move {
                    sender.send(Ok(first)).await.unwrap();
                    sender.closed().await;
                });
                Response { body: Body::Stream(Stream { length, chunks }), ..Response::empty(200) }
            }
            Some(Wrong::Lies(size)) => streamed(None, vec![Ok(vec![9; size])]),
            Some(Wrong::Untold) => {
                streamed(None, bytes.chunks(64 << 10).map(|one| Ok(one.to_vec())).collect())
            }
            Some(Wrong::Endless) => streamed(None, (0..256).map(|_| Ok(vec![7; 1 << 20])).collect()),
        }
    }
}

fn streamed(length: Option<u64>, parts: Vec<std::io::Result<Vec<u8>>>) -> Response {
    let (sender, chunks) = mpsc::channel(1);
    tokio::spawn(async move {
        for part in parts {
            if sender.send(part).await.is_err() {
                return;
            }
        }
    });
    Response { body: Body::Stream(Stream { length, chunks }), ..Response::empty(200) }
}

impl Service for Mirror {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move { self.answer(&request) })
    }
}

struct Stand {
    mirror: Arc<Mirror>,
    base: Url,
    data: tempfile::TempDir,
    clock: Arc<PausedClock>,
    _server: tokio::task::JoinHandle<()>,
}

async fn stand() -> Stand {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let mirror = Arc::new(Mirror::default());
    let server = tokio::spawn(serve(listener, mirror.clone(), Doors::default(), CancellationToken::new()));
    let data = tempfile::tempdir().unwrap();
    Stand { mirror, base, data, clock: Arc::new(PausedClock::new()), _server: server }
}

impl Cache {
    /// The file as it lies here, whatever its server would say now.
    fn at_hand(&self, url: &Url) -> Option<Kept> {
        self.index.hold(&Wanted::new(url.clone()).name())
    }
}

impl Stand {
    fn cache(&self, size: u64) -> Arc<Cache> {
        let limits = Limits { size, floor: limits::Floor::Bytes(0), ..Limits::default() };
        self.limited(limits)
    }

    fn limited(&self, limits: Limits) -> Arc<Cache> {
        Cache::open(&self.folder(), limits, self.clock.clone(), Life::default()).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.data.path().join("cache")
    }

    fn wanted(&self, path: &str) -> Wanted {
        Wanted::new(self.base.join(path).unwrap())
    }

    fn listed(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The outcome of work that waits on the clock now and then.
    async fn hurried<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::task::yield_now() => {
                    // Not while bytes come: those would come too slowly.
                    if self.clock.has_sleepers() {
                        self.clock.advance(Duration::from_secs(1));
                    }
                }
            }
        }
    }
}

fn bytes(count: usize, seed: u8) -> Vec<u8> {
    (0..count).map(|at| seed.wrapping_add(u8::try_from(at % 251).unwrap())).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

const AMPLE: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_share_one_download_and_who_comes_later_needs_none() {
    let stand = stand().await;
    let image = bytes(300_000, 1);
    stand.mirror.put("/disk.img", &image, "a1");
    let cache = stand.cache(AMPLE);
    let wanted = stand.wanted("disk.img?key=x");
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (cache, wanted) = (cache.clone(), wanted.clone());
            tokio::spawn(async move { cache.local(&wanted).await.unwrap() })
        })
        .collect();
    for one in waiting {
        let kept = one.await.unwrap();
        assert_eq!(fs::read(&kept.path).unwrap(), image);
        assert_eq!(kept.facts.sha256, digest::sha256(&image));
    }
    let heads = stand.mirror.heads.load(Ordering::SeqCst);
    cache.local(&wanted).await.unwrap();
    assert_eq!(stand.mirror.gets.load(Ordering::SeqCst), 1);
    assert_eq!(stand.mirror.heads.load(Ordering::SeqCst), heads + 1);
    let again = stand.cache(AMPLE);
    assert_eq!(again.at_hand(&wanted.url).unwrap().facts.size, 300_000);
    again.local(&wanted).await.unwrap();
    assert_eq!(stand.mirror.gets.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn another_version_on_the_server_replaces_the_one_here() {
    let stand = stand().await;
    stand.mirror.put("/disk.img", b"one", "a1");
    let cache = stand.cache(AMPLE);
    let first = cache.local(&stand.wanted("disk.img")).await.unwrap();
    stand.mirror.put("/disk.img", b"two", "a2");
    let second = cache.local(&stand.wanted("disk.img")).await.unwrap();
    assert_eq!((first.path.clone(), fs::read(&second.path).unwrap()), (second.path, b"two".to_vec()));
    stand.mirror.files.lock().unwrap().clear();
    let gone = cache.local(&stand.wanted("disk.img")).await.unwrap_err();
    assert!(gone.to_string().contains("answered 404"), "{gone}");
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_broke_off() {
    let stand = stand().await;
    let image = bytes(500_000, 3);
    stand.mirror.put("/disk.img", &image, "a1");
    stand.mirror.wrongs.lock().unwrap().extend([Wrong::Breaks(200_000), Wrong::Redirect("/disk.img")]);
    let cache = stand.cache(AMPLE);
    let kept = stand.hurried(cache.local(&stand.wanted("disk.img"))).await.unwrap();
    assert_eq!(fs::read(&kept.path).unwrap(), image);
    assert_eq!(kept.facts.sha256, digest::sha256(&image));
    assert_eq!(*stand.mirror.ranges.lock().unwrap(), ["bytes=200000-", "bytes=200000-"]);
    assert_eq!(stand.listed().len(), 2, "{:?}", stand.listed());
}

#[tokio::test]
async fn a_restart_goes_on_with_the_part_of_the_same_version_only() {
    let stand = stand().await;
    let image = bytes(400_000, 5);
    for (tag, ranges) in [("a1", 1), ("a2", 1)] {
        stand.mirror.put("/disk.img", &image, tag);
        stand.mirror.wrongs.lock().unwrap().push_back(Wrong::Breaks(100_000));
        let life = Life::default();
        let cache =
            Cache::open(&stand.folder(), Limits::default(), stand.clock.clone(), life.clone()).unwrap();
        let flight = cache.begin(&stand.wanted("disk.img"));
        while flight.progress.bytes().0 < 100_000 {
            assert!(flight.clone().end().now_or_never().is_none(), "the download ended");
            tokio::task::yield_now().await;
        }
        life.stop.cancel();
        assert!(matches!(*flight.end().await.unwrap().unwrap_err(), CacheError::Stopped { .. }));
        stand.mirror.wrongs.lock().unwrap().clear();
        if tag == "a2" {
            stand.mirror.put("/disk.img", &image, "a3");
        }
        fs::write(stand.folder().join("left.part"), "x").unwrap();
        let kept = stand.cache(AMPLE).local(&stand.wanted("disk.img")).await.unwrap();
        assert_eq!(fs::read(&kept.path).unwrap(), image);
        assert_eq!(stand.mirror.ranges.lock().unwrap().len(), ranges);
        assert_eq!(stand.listed().len(), 2, "{:?}", stand.listed());
    }
}

#[tokio::test]
async fn a_checksum_is_compared_and_what_fails_it_does_not_stay() {
    let stand = stand().await;
    let image = bytes(1000, 1);
    stand.mirror.put("/disk.img", &image, "a1");
    let sums = format!("{}  other\n{}  disk.img\n", "0".repeat(64), digest::sha256(&image));
    stand.mirror.put("/SHA256SUMS", sums.as_bytes(), "s");
    stand.mirror.put("/empty", b"<html>", "e");
    let cache = stand.cache(AMPLE);
    let ask = async |text: String| {
        let wanted = Wanted { checksum: Checksum::Plain(text), ..stand.wanted("disk.img") };
        cache.local(&wanted).await.map_err(|error| error.to_string())
    };
    let sha512 = Algorithm::Sha512.of_reader(&mut &image[..]).unwrap();
    assert!(ask("0".repeat(64)).await.unwrap_err().contains("has the sha256 checksum"));
    assert_eq!(stand.listed(), Vec::<String>::new());
    ask(digest::sha256(&image).to_uppercase()).await.unwrap();
    ask(sha512).await.unwrap();
    ask(format!("{}SHA256SUMS", stand.base)).await.unwrap();
    assert!(ask(format!("{}empty", stand.base)).await.unwrap_err().contains("no checksum for the image"));
    assert!(ask(format!("{}gone", stand.base)).await.unwrap_err().contains("the server answered 404"));
    assert!(ask("nonsense".to_owned()).await.unwrap_err().contains("of no kind"));
    let strict = stand.limited(Limits { md5: false, checksum_files: false, ..Limits::default() });
    for (text, why) in [("0".repeat(32), "allow_md5_checksum"), (stand.base.to_string(), "not allowed")] {
        let wanted = Wanted { checksum: Checksum::Plain(text), ..stand.wanted("disk.img") };
        assert!(strict.local(&wanted).await.unwrap_err().to_string().contains(why));
    }
}

#[tokio::test]
async fn what_was_used_least_lately_goes_and_what_is_held_stays() {
    let stand = stand().await;
    for name in ["/a", "/b", "/c", "/d"] {
        stand.mirror.put(name, &bytes(40 << 10, 1), "t");
    }
    let cache = stand.cache(100 << 10);
    let tick = || stand.clock.advance(Duration::from_secs(1));
    let get = async |name: &str| cache.local(&stand.wanted(name)).await;
    let has = |name: &str| stand.folder().join(stand.wanted(name).name()).is_file();
    drop(get("a").await.unwrap());
    tick();
    drop(get("b").await.unwrap());
    tick();
    drop(get("a").await.unwrap());
    tick();
    let c = get("c").await.unwrap();
    assert_eq!((has("a"), has("b"), has("c")), (true, false, true));
    let a = get("a").await.unwrap();
    let waiting = cache.begin(&Wanted { waits: true, ..stand.wanted("d") });
    while !waiting.progress.to_string().contains("running deployments hold it") {
        assert!(!waiting.is_over(), "it did not wait");
        tokio::task::yield_now().await;
    }
    assert_eq!(stand.listed().len(), 4, "{:?}", stand.listed());
    drop((a, c));
    drop(stand.hurried(waiting.end()).await.unwrap().unwrap());
    stand.clock.advance(Duration::from_hours(8 * 24));
    cache.sweep();
    assert_eq!(stand.listed(), Vec::<String>::new());
}

#[tokio::test]
async fn what_can_never_fit_is_refused_before_anything_else_goes() {
    let stand = stand().await;
    stand.mirror.put("/a", &bytes(40 << 10, 1), "t");
    stand.mirror.put("/huge", &bytes(200 << 10, 1), "t");
    let cache = stand.cache(100 << 10);
    drop(cache.local(&stand.wanted("a")).await.unwrap());
    let full = cache.local(&stand.wanted("huge")).await.unwrap_err();
    assert!(matches!(&*full, CacheError::Quota { .. }), "{full}");
    assert!(full.to_string().contains("raise pxe.image_cache_size"), "{full}");
    assert!(cache.at_hand(&stand.wanted("a").url).is_some());
    assert!(cache.index.check_disk("more than any disk has", u64::MAX >> 1).is_err());
    assert!(cache.at_hand(&stand.wanted("a").url).is_some());
}

/// A cache of 16 MiB with seven images of two, the one that was used least lately first.
async fn crowded(stand: &Stand) -> (Arc<Cache>, Vec<String>) {
    let cache = stand.cache(16 << 20);
    let names: Vec<String> = (0..7).map(|number| format!("image-{number}")).collect();
    for name in &names {
        stand.mirror.put(&format!("/{name}"), &bytes(2 << 20, 1), "t");
        drop(cache.local(&stand.wanted(name)).await.unwrap());
        stand.clock.advance(Duration::from_secs(1));
    }
    (cache, names)
}

#[tokio::test]
async fn a_download_without_an_end_takes_half_of_the_cache_at_most_however_often_it_is_tried() {
    let stand = stand().await;
    let (cache, names) = crowded(&stand).await;
    let is_here = |name: &String| stand.folder().join(stand.wanted(name).name()).is_file();
    stand.mirror.put("/endless", b"x", "t");
    for _ in 0..3 {
        stand.mirror.wrongs.lock().unwrap().push_back(Wrong::Endless);
        let error = cache.local(&stand.wanted("endless")).await.unwrap_err();
        assert!(matches!(*error, CacheError::Untold { share, .. } if share == 8 << 20), "{error}");
        assert!(error.to_string().contains("Content-Length"), "{error}");
        assert!(!is_here(&names[0]) && names[3..].iter().all(is_here), "{:?}", stand.listed());
    }
    cache.index.promise("what is told takes all", 16 << 20).unwrap();
    assert!(!names.iter().any(is_here));
}

#[tokio::test]
async fn work_that_grows_together_pushes_no_more_out_than_one() {
    let stand = stand().await;
    let (cache, names) = crowded(&stand).await;
    let rooms: Vec<_> = (0..4)
        .map(|_| {
            let mut room = room::Room::of(&cache.index, "one of many", 0).unwrap();
            assert!((1..=16).any(|step| room.cover(step << 20).is_err()), "it grew to the whole cache");
            room
        })
        .collect();
    let is_here = |name: &String| stand.folder().join(stand.wanted(name).name()).is_file();
    assert_eq!(names.iter().filter(|name| is_here(name)).count(), 4);
    drop(rooms);
    cache.index.promise("all is given back", 16 << 20).unwrap();
}

#[tokio::test]
async fn a_download_whose_length_nobody_tells_takes_the_place_of_the_oldest() {
    let stand = stand().await;
    let (cache, names) = crowded(&stand).await;
    stand.mirror.put("/untold", &bytes(6 << 20, 1), "t");
    stand.mirror.wrongs.lock().unwrap().push_back(Wrong::Untold);
    let kept = cache.local(&stand.wanted("untold")).await.unwrap();
    assert_eq!(kept.facts.size, 6 << 20);
    assert!(cache.at_hand(&stand.wanted(&names[0]).url).is_none());
    assert!(cache.at_hand(&stand.wanted(&names[6]).url).is_some());
}

#[tokio::test]
async fn a_download_that_nobody_waits_for_ends_and_leaves_nothing_behind() {
    let stand = stand().await;
    stand.mirror.put("/disk.img", &bytes(1000, 1), "a1");
    stand.mirror.wrongs.lock().unwrap().push_back(Wrong::Endless);
    let cache = stand.cache(AMPLE);
    let flight = cache.begin(&stand.wanted("disk.img"));
    while flight.progress.bytes().0 < 1 << 20 {
        assert!(!flight.is_over(), "the download ended");
        tokio::task::yield_now().await;
    }
    drop(flight);
    let kept = cache.local(&stand.wanted("disk.img")).await.unwrap();
    assert_eq!(kept.facts.size, 1000, "the next one does not meet what was left");
    assert_eq!(stand.listed().len(), 2, "{:?}", stand.listed());
    drop(kept);
    cache.index.promise("all", AMPLE).unwrap();
}

#[tokio::test]
async fn a_broken_download_that_stays_for_later_counts_and_goes_first() {
    let stand = stand().await;
    stand.mirror.put("/disk.img", &bytes(400 << 10, 1), "a1");
    stand.mirror.put("/a", &bytes(4 << 10, 1), "t");
    stand.mirror.wrongs.lock().unwrap().extend((0..5).map(|_| Wrong::Breaks(200 << 10)));
    let cache = stand.cache(600 << 10);
    stand.hurried(cache.local(&stand.wanted("disk.img"))).await.unwrap_err();
    assert_eq!(stand.listed().len(), 2, "{:?}", stand.listed());
    drop(cache.local(&stand.wanted("a")).await.unwrap());
    cache.index.promise("another", 500 << 10).unwrap();
    assert!(cache.at_hand(&stand.wanted("a").url).is_some());
    assert_eq!(stand.listed().len(), 2, "the part went, not the image: {:?}", stand.listed());
}

#[tokio::test]
async fn what_may_not_be_stored_goes_when_nobody_holds_it() {
    let stand = stand().await;
    stand.mirror.put("/secret.img", b"secret", "a1");
    let cache = stand.cache(AMPLE);
    let kept = cache.local(&stand.wanted("secret.img")).await.unwrap();
    cache.sweep();
    assert!(kept.path.is_file());
    drop(kept);
    cache.sweep();
    assert_eq!(stand.listed(), Vec::<String>::new());
}

#[tokio::test]
async fn other_credentials_have_a_file_of_their_own() {
    let stand = stand().await;
    let open = stand.wanted("a");
    let keyed = |text: &str| Wanted { authorization: Some(Secret::new(text)), ..open.clone() };
    assert_ne!(open.name(), keyed("Bearer x").name());
    assert_ne!(keyed("Bearer y").name(), keyed("Bearer x").name());
    assert!(!format!("{:?}", keyed("Bearer x")).contains("Bearer"));
}

/// A small file system of its own; `None` where it cannot be mounted.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn new(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "ferric-test"]).arg(dir.path());
        mount.output().is_ok_and(|done| done.status.success()).then_some(Self(dir))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        std::process::Command::new("umount").arg(self.0.path()).output().ok();
    }
}

#[tokio::test]
async fn a_full_disk_in_the_middle_of_a_download_is_told_and_leaves_nothing_behind() {
    let Some(small) = Tmpfs::new("16m") else {
        writeln!(std::io::stderr(), "skipped: a tmpfs can only be mounted by root").unwrap();
        return;
    };
    let stand = stand().await;
    stand.mirror.put("/disk.img", b"told to be endless", "a1");
    stand.mirror.put("/large.img", &bytes(20 << 20, 1), "a1");
    let folder = small.0.path().join("cache");
    for floor in [limits::Floor::Bytes(0), limits::Floor::Twentieth] {
        let limits = Limits { floor, ..Limits::default() };
        let cache = Cache::open(&folder, limits, stand.clock.clone(), Life::default()).unwrap();
        stand.mirror.wrongs.lock().unwrap().push_back(Wrong::Endless);
        let full = cache.local(&stand.wanted("disk.img")).await.unwrap_err();
        assert!(matches!(&*full, CacheError::Disk { .. }), "{}", chain(&full));
        assert!(full.to_string().contains("free some space there"), "{full}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let known = cache.local(&stand.wanted("large.img")).await.unwrap_err();
        assert!(matches!(&*known, CacheError::Disk { .. }), "{}", chain(&known));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_lies_is_given_up_after_a_few_tries() {
    let stand = stand().await;
    stand.mirror.put("/disk.img", &bytes(1000, 1), "a1");
    let silence = Duration::from_millis(20);
    let cache = stand.limited(Limits { silence, floor: limits::Floor::Bytes(0), ..Limits::default() });
    let wanted = stand.wanted("disk.img");
    for (wrong, word) in [
        (Wrong::Hangs as fn(usize) -> Wrong, "cannot be downloaded"),
        (Wrong::Lies, "instead of the 1000 that its server said"),
    ] {
        stand.mirror.wrongs.lock().unwrap().extend((0..5).map(|_| wrong(100)));
        let error = stand.hurried(cache.local(&wanted)).await.unwrap_err();
        assert!(error.to_string().contains(word), "{}", chain(&*error));
        assert!(stand.mirror.wrongs.lock().unwrap().is_empty(), "each try was one");
        let kept = cache.local(&wanted).await.unwrap();
        assert_eq!(kept.facts.size, 1000, "and then it is had");
        drop(kept);
        cache.index.drop_unheld(&wanted.name());
    }
}
