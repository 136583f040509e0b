//! Firmware that BMCs fetch from this host: brought here, compared with its checksum, and handed out under a path that
//! nobody can guess, for as long as its step is under way.
//!
//! ```text
//! firmware/NODE/TAG/FILE    a second name of a file of the image cache, or a copy of a file of this host
//! GET /firmware/NODE/TAG/FILE
//! ```
//! The tag is a keyed hash of what was asked for: after a restart the same step finds its file again.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tracing::warn;
use url::Url;

use crate::base::chain::chain;
use crate::base::id::NodeId;
use crate::base::secret::Secret;
use crate::base::time::Later;
use crate::depot::cache::progress::Progress;
use crate::depot::cache::{Cache, Life, Wanted};
use crate::depot::digest::{self, Running};
use crate::depot::shelf::Shelf;
use crate::net::files::serve_file;
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;

/// The firmware of all nodes.
pub struct FirmwareFiles {
    root: PathBuf,
    shelf: Arc<Shelf>,
    cache: Arc<Cache>,
    key: Secret,
    works: Mutex<HashMap<String, Work>>,
    life: Life,
}

/// One file that is being brought.
struct Work {
    progress: Arc<Progress>,
    stop: CancellationToken,
    /// What went wrong, once it has ended so.
    failed: Arc<Mutex<Option<String>>>,
}

/// A file that a step asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ordered<'a> {
    pub node: NodeId,
    /// What tells this step from others of the node, at other times too.
    pub step: &'a str,
    /// `http`, `https` or `file`.
    pub url: &'a Url,
    /// SHA-1, SHA-256 or SHA-512 in hex.
    pub checksum: Option<&'a str>,
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// The path that it is handed out under.
    Ready(String),
    /// Look in later; how far it is, in words.
    Busy(String),
    Failed(String),
}

impl fmt::Debug for FirmwareFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirmwareFiles").field("root", &self.root).finish_non_exhaustive()
    }
}

impl FirmwareFiles {
    /// Those in the data folder, on the file system of the image cache. `key` is this store's own.
    pub fn new(data: &Path, shelf: Arc<Shelf>, cache: Arc<Cache>, key: Secret) -> Self {
        let life = cache.life.clone();
        Self { root: data.join(FOLDER), shelf, cache, key, works: Mutex::default(), life }
    }

    /// How the file stands; the first who asks has it brought.
    pub async fn order(self: &Arc<Self>, ordered: Ordered<'_>) -> Stand {
        let tag = self.tag(&ordered);
        let place = format!("{}/{tag}/{}", ordered.node, file_name(ordered.url));
        let there = self.root.join(&place);
        let is_there = tokio::task::spawn_blocking(move || there.is_file()).await.unwrap_or(false);
        if is_there {
            self.lock().remove(&place);
            return Stand::Ready(format!("{PREFIX}{place}"));
        }
        let mut works = self.lock();
        if let Some(work) = works.get(&place) {
            let failed = work.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(why) = failed else { return Stand::Busy(work.progress.to_string()) };
            works.remove(&place);
            return Stand::Failed(why);
        }
        let work = self.begin(&ordered, &place);
        let so_far = work.progress.to_string();
        works.insert(place, work);
        Stand::Busy(so_far)
    }

    /// The node needs none of its files any more. Blocks.
    pub fn release(&self, node: NodeId) {
        let of_node = format!("{node}/");
        self.lock().retain(|place, work| {
            let stays = !place.starts_with(&of_node);
            if !stays {
                work.stop.cancel();
                work.progress.stop();
            }
            stays
        });
        remove(&self.root.join(node.to_string()));
    }

    /// Removes what steps have left that are over, as `is_under_way` says of their nodes. Blocks.
    pub fn sweep(&self, is_under_way: &dyn Fn(NodeId) -> bool) {
        let Ok(listed) = fs::read_dir(&self.root) else { return };
        for entry in listed.flatten() {
            let node = entry.file_name().to_str().and_then(|name| name.parse().ok());
            match node {
                Some(node) if is_under_way(node) => {}
                Some(node) => self.release(node),
                None => remove(&entry.path()),
            }
        }
    }

    /// The part of the path that nobody else may know.
    pub fn secret(&self, ordered: &Ordered<'_>) -> Secret {
        Secret::new(self.tag(ordered))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Work>> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody without the key can tell it.
    fn tag(&self, ordered: &Ordered<'_>) -> String {
        let asked = [ordered.step, ordered.url.as_str(), ordered.checksum.unwrap_or_default()].join("\n");
        let key = digest::sha256(self.key.reveal().as_bytes());
        let inner = digest::sha256(format!("{DOMAIN}inner\n{key}\n{}\n{asked}", ordered.node).as_bytes());
        let mut tag = digest::sha256(format!("{DOMAIN}outer\n{key}\n{inner}").as_bytes());
        tag.truncate(TAG);
        tag
    }

    fn begin(self: &Arc<Self>, ordered: &Ordered<'_>, place: &str) -> Work {
        let (progress, stop) = (Arc::new(Progress::default()), self.life.stop.child_token());
        let failed = Arc::new(Mutex::new(None));
        let job = Job {
            files: Arc::clone(self),
            url: ordered.url.clone(),
            checksum: ordered.checksum.map(str::to_ascii_lowercase),
            to: self.root.join(place),
            progress: Arc::clone(&progress),
        };
        let (told, end) = (Arc::clone(&failed), stop.clone());
        self.life.tasks.spawn(async move {
            let ended = end.run_until_cancelled(job.brought()).await;
            if let Some(Err(why)) = ended {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            }
        });
        Work { progress, stop, failed }
    }
}

/// The work on one file.
struct Job {
    files: Arc<FirmwareFiles>,
    url: Url,
    checksum: Option<String>,
    to: PathBuf,
    progress: Arc<Progress>,
}

impl Job {
    /// Brings it, whole and compared, to its place.
    async fn brought(self) -> Result<(), String> {
        if self.url.scheme() == "file" {
            return self.beside(Self::copied).await;
        }
        let wanted = Wanted { most: MOST, ..Wanted::new(self.url.clone()) };
        let flight = self.files.cache.begin(&wanted);
        self.progress.follow(Arc::clone(&flight.progress));
        let kept = self.files.cache.landed(&wanted, flight).await.map_err(|error| chain(&*error))?;
        self.beside(move |job| {
            let mut from = File::open(&kept.path).map_err(|error| job.wrong("read", &error))?;
            job.compared(&mut from, None)?;
            let passing = job.passing()?;
            fs::hard_link(&kept.path, &passing).map_err(|error| job.wrong("name", &error))?;
            drop(kept);
            job.named(&passing)
        })
        .await
    }

    async fn beside(
        self,
        work: impl FnOnce(&Self) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let done = tokio::task::spawn_blocking(move || work(&self)).await;
        done.unwrap_or_else(|_| Err("the work was given up: the daemon stops".to_owned()))
    }

    /// A copy of a file of this host: what is compared is what is handed out, whatever is done to the file meanwhile.
    fn copied(&self) -> Result<(), String> {
        let path =
            self.url.to_file_path().map_err(|()| format!("{} names no file of this host", self.url))?;
        let admitted = self.files.shelf.admit(&path).map_err(|error| chain(&error))?;
        if admitted.size > MOST {
            return Err(format!("{} has {} bytes, and {MOST} are the most", path.display(), admitted.size));
        }
        let passing = self.passing()?;
        let wrong = |error: io::Error| self.wrong("copy", &error);
        let mut to = File::create_new(&passing).map_err(wrong)?;
        let mut from = File::open(&admitted.path).map_err(wrong)?.take(MOST);
        if let Err(why) = self.compared(&mut from, Some(&mut to)) {
            fs::remove_file(&passing).ok(); // it goes with its step otherwise
            return Err(why);
        }
        self.named(&passing)
    }

    /// Reads it all, and copies it where that is wanted; an error if it is not what the request says.
    fn compared(&self, from: &mut dyn Read, to: Option<&mut File>) -> Result<(), String> {
        let hash = self.checksum.as_deref().and_then(Running::of_firmware);
        if hash.is_none() && to.is_none() {
            return Ok(());
        }
        let found = poured(from, to, hash, &self.progress).map_err(|error| self.wrong("read", &error))?;
        match (&self.checksum, found) {
            (Some(wanted), Some(found)) if *wanted != found => {
                let name = file_name(&self.url);
                Err(format!(
                    "firmware {name} has checksum {found}, and the request says {wanted}: nothing was installed"
                ))
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// A name beside its place, which nothing is handed out under.
    fn passing(&self) -> Result<PathBuf, String> {
        let folder = self.to.parent().unwrap_or(&self.files.root);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| self.wrong("make a folder for", &error))?;
        let passing = folder.join(PASSING);
        fs::remove_file(&passing).ok(); // mostly it is not there
        Ok(passing)
    }

    fn named(&self, passing: &Path) -> Result<(), String> {
        fs::rename(passing, &self.to).map_err(|error| self.wrong("name", &error))
    }

    fn wrong(&self, doing: &str, error: &io::Error) -> String {
        let name = self.to.file_name().unwrap_or_default().to_string_lossy();
        format!("cannot {doing} firmware {name}: {error}")
    }
}

/// Copies it all and flushes it; its hash, if one is wanted.
fn poured(
    from: &mut dyn Read,
    mut to: Option<&mut File>,
    mut hash: Option<Running>,
    progress: &Progress,
) -> io::Result<Option<String>> {
    let mut piece = vec![0; PIECE];
    loop {
        progress.go_on()?;
        let count = from.read(&mut piece)?;
        let read = piece.get(..count).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        if let Some(hash) = &mut hash {
            hash.update(read);
        }
        if let Some(to) = &mut to {
            to.write_all(read)?;
        }
    }
    to.map_or(Ok(()), |to| to.sync_all())?;
    Ok(hash.map(Running::finish))
}

fn remove(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            warn!(path = %path.display(), %error, "firmware of a step that is over cannot be removed");
        }
        Ok(()) | Err(_) => {}
    }
}

/// The last part of its path, as far as it may be part of another: some BMCs go by its ending.
fn file_name(url: &Url) -> String {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let name: String = last.chars().filter(fits).collect();
    let name = name.trim_start_matches('.');
    let start = name.len().saturating_sub(LONGEST_NAME);
    let name = name.get(start..).unwrap_or_default();
    if name.is_empty() { "firmware.bin".to_owned() } else { name.to_owned() }
}

/// Hands it out, and leaves every other path to the next service.
pub struct FirmwareCounter {
    files: Arc<FirmwareFiles>,
    next: Arc<dyn Service>,
}

impl fmt::Debug for FirmwareCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirmwareCounter").field("files", &self.files).finish_non_exhaustive()
    }
}

impl FirmwareCounter {
    pub fn new(files: Arc<FirmwareFiles>, next: Arc<dyn Service>) -> Self {
        Self { files, next }
    }

    async fn hand_out(&self, request: &Request, place: &str) -> Response {
        if !matches!(request.method, Method::Get | Method::Head) {
            return Response::text(405, "firmware can only be read\n").with("Allow", "GET, HEAD");
        }
        let parts: Vec<&str> = place.split('/').collect();
        let [node, tag, file] = parts[..] else { return Response::text(404, NOTHING) };
        let is_tag = tag.len() == TAG && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_file =
            !file.starts_with('.') && file.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%');
        match node.parse::<NodeId>() {
            Ok(node) if is_tag && is_file => {
                let folder = self.files.root.join(node.to_string()).join(tag);
                serve_file(&folder, file, request.method, &request.headers).await
            }
            Ok(_) | Err(_) => Response::text(404, NOTHING),
        }
    }
}

impl Service for FirmwareCounter {
    fn call(&self, request: Request) -> Later<'_, Response> {
        let Some(place) = request.path.strip_prefix(PREFIX).map(str::to_owned) else {
            return self.next.call(request);
        };
        Box::pin(async move { self.hand_out(&request, &place).await })
    }
}

/// In the data folder.
const FOLDER: &str = "firmware";
/// What the path of one begins with.
const PREFIX: &str = "/firmware/";
const NOTHING: &str = "there is no such firmware\n";
/// While it is being brought; no name begins so.
const PASSING: &str = ".part";
/// Hex digits that nobody guesses.
const TAG: usize = 32;
const LONGEST_NAME: usize = 100;
/// Bytes: whole service packs have some gigabytes.
const MOST: u64 = 16 << 30;
const PIECE: usize = 1 << 20;
/// Keeps a tag from being the hash of anything else.
const DOMAIN: &str = "ferric firmware 1\n";

#[cfg(test)]
mod tests;
