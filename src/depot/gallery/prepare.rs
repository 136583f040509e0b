//! One order from its source to what agents are given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::depot::cache::Wanted;
use crate::depot::cache::error::CacheError;
use crate::depot::cache::index::{Facts, Kept, PART};
use crate::depot::cache::progress::{Doing, Progress};
use crate::depot::cache::room::Room;
use crate::depot::digest::{self, Algorithm, Running};
use crate::depot::format::{self, Format, FormatError};
use crate::depot::gallery::error::GalleryError;
use crate::depot::gallery::{Gallery, Order, Ready, lock};
use crate::depot::image::{Checksum, Source as From, without_secrets};
use crate::depot::stream::disk::Disk;
use crate::depot::stream::passage::Passage;
use crate::depot::stream::spill::{SpillError, spill};
use crate::depot::stream::{RawImage, StreamError, unpack};
use crate::net::source::Source;

/// An image as a file of this host.
struct Local {
    path: PathBuf,
    /// Of the cache.
    kept: Option<Kept>,
    /// The image as errors call it.
    image: String,
    declared: Option<String>,
    /// The order's checksum is one that agents can be given.
    is_told: bool,
}

/// The image as errors call it.
pub(super) fn shown(from: &From) -> String {
    match from {
        From::Http(url) => without_secrets(url.as_str()),
        From::File(path) => path.display().to_string(),
    }
}

/// Does all the work of an order.
pub(super) async fn prepare(
    gallery: &Arc<Gallery>,
    order: &Order,
    progress: &Arc<Progress>,
    stop: &CancellationToken,
) -> Result<Ready, GalleryError> {
    let image = shown(&order.from);
    let given_up = || GalleryError::GivenUp { image: image.clone() };
    let local = stop.run_until_cancelled(local(gallery, order, progress)).await.ok_or_else(given_up)??;
    let (own, own_order, own_progress) = (Arc::clone(gallery), order.clone(), Arc::clone(progress));
    let mut work = tokio::task::spawn_blocking(move || {
        if let From::File(path) = &own_order.from {
            own.shelf.admit(path)?;
        }
        look_into(&own, &own_order, local, &own_progress)
    });
    let worked = tokio::select! {
        worked = &mut work => worked,
        // Its thread ends at its next look, and leaves no file.
        () = stop.cancelled() => {
            progress.stop();
            work.await
        }
    };
    let ready = worked.unwrap_or_else(|_| Err(given_up()))?;
    let From::File(path) = &order.from else { return Ok(ready) };
    if left_to_agent(&order.checksum) && ready.sha256.is_none() {
        return Ok(ready);
    }
    let looked_up = stop.run_until_cancelled(looked_up(gallery, order, path, progress)).await;
    looked_up.ok_or_else(given_up)?.map(|()| ready)
}

/// A text that nobody knows here may be one that the agent does, if it is given what the checksum is of.
fn left_to_agent(checksum: &Checksum) -> bool {
    match checksum {
        Checksum::None => true,
        Checksum::Plain(text) | Checksum::Pair { value: text, .. } => !text.contains("://"),
    }
}

/// The image as a file of this host; one that was fetched is compared with its checksum.
async fn local(gallery: &Gallery, order: &Order, progress: &Progress) -> Result<Local, GalleryError> {
    let (path, kept) = match &order.from {
        From::Http(url) => {
            let kept = fetched(gallery, order, url, progress).await?;
            (kept.path.clone(), Some(kept))
        }
        From::File(path) => (path.clone(), None),
    };
    let is_told = kept.is_none() && order.checksum != Checksum::None;
    Ok(Local { path, kept, image: shown(&order.from), declared: order.declared.clone(), is_told })
}

/// Compares a file with a checksum that lies behind an address.
async fn looked_up(
    gallery: &Arc<Gallery>,
    order: &Order,
    path: &Path,
    progress: &Arc<Progress>,
) -> Result<(), GalleryError> {
    if order.checksum == Checksum::None || comparable(&order.checksum).is_some() {
        return Ok(());
    }
    let cache = gallery.cache.as_ref().ok_or(GalleryError::NoCache)?;
    let url = Url::from_file_path(path).map_err(|()| GalleryError::GivenUp { image: shown(&order.from) })?;
    let wanted = Wanted { checksum: order.checksum.clone(), ..Wanted::new(url) };
    let Some((algorithm, value)) = cache.checksum(&wanted).await.map_err(Arc::new)? else { return Ok(()) };
    let (own, path, progress) = (Arc::clone(gallery), path.to_owned(), Arc::clone(progress));
    let work = tokio::task::spawn_blocking(move || matches(&own, &path, (algorithm, &value), &progress));
    work.await.unwrap_or_else(|_| Err(GalleryError::GivenUp { image: shown(&order.from) }))
}

/// A checksum that needs nobody else.
fn comparable(checksum: &Checksum) -> Option<(Algorithm, &str)> {
    Some((checksum.algorithm()?, checksum.value()?))
}

fn matches(
    gallery: &Gallery,
    path: &Path,
    (algorithm, wanted): (Algorithm, &str),
    progress: &Progress,
) -> Result<(), GalleryError> {
    let found = gallery.shelf.digest(path, algorithm, progress)?;
    if found.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let (path, wanted) = (path.to_owned(), wanted.chars().take(SHOWN).collect());
    Err(GalleryError::Checksum { path, algorithm, found, wanted })
}

/// What the cache is asked for.
pub(super) fn wanted(gallery: &Gallery, order: &Order, url: &Url) -> Wanted {
    let (checksum, authorization) = (order.checksum.clone(), order.authorization.clone());
    Wanted { checksum, authorization, url: url.clone(), most: gallery.rules.largest, waits: true }
}

async fn fetched(
    gallery: &Gallery,
    order: &Order,
    url: &Url,
    progress: &Progress,
) -> Result<Kept, GalleryError> {
    let cache = gallery.cache.as_ref().ok_or(GalleryError::NoCache)?;
    let wanted = wanted(gallery, order, url);
    let flight = cache.begin(&wanted);
    progress.follow(Arc::clone(&flight.progress));
    Ok(cache.landed(&wanted, flight).await?)
}

/// Compares a file with a checksum, if that is of a kind that is known here. Others are left to the agent.
fn compare(gallery: &Gallery, order: &Order, progress: &Progress) -> Result<(), GalleryError> {
    let (From::File(path), Some(wanted)) = (&order.from, comparable(&order.checksum)) else { return Ok(()) };
    let is_weak_ok = gallery.cache.as_ref().is_none_or(|cache| cache.index.limits.md5);
    if wanted.0 == Algorithm::Md5 && !is_weak_ok {
        return Err(Arc::new(CacheError::Weak { url: shown(&order.from), kind: wanted.0 }).into());
    }
    matches(gallery, path, wanted, progress)
}

/// What is wrong with the file's kind shows at once, and is told before its checksum, which takes a pass through all.
fn look_into(
    gallery: &Gallery,
    order: &Order,
    local: Local,
    progress: &Progress,
) -> Result<Ready, GalleryError> {
    let bad = |source| GalleryError::Format { image: local.image.clone(), source };
    let disk = Arc::new(Disk::open(&local.path).map_err(|error| bad(FormatError::Io(error)))?);
    let outer = format::inspect(&*disk).map_err(bad)?;
    if !outer.is_packed() || (outer == Format::Zstd && !gallery.rules.zstd) {
        let found = if outer.is_packed() { Format::Raw } else { outer };
        gallery.rules.permit.judge(found, local.declared.as_deref()).map_err(bad)?;
        compare(gallery, order, progress)?;
        return plain(gallery, local, disk, outer, progress);
    }
    compare(gallery, order, progress)?;
    match unpacked(gallery, &local, &disk, outer, progress)? {
        Unpacked::Kept(kept) => {
            let inside = Disk::open(&kept.path).map_err(|error| bad(FormatError::Io(error)))?;
            let inner = judged(gallery, &local, &inside, outer)?;
            let local = Local { path: kept.path.clone(), kept: Some(kept), is_told: false, ..local };
            plain(gallery, local, Arc::new(inside), inner, progress)
        }
        Unpacked::Crowded { size, why } => {
            warn!(image = local.image, %why, "there is no room to unpack the image: it is unpacked while it is read");
            passing(gallery, &local, (disk, outer, size), progress)
        }
    }
}

/// What came of unpacking an image into the cache.
enum Unpacked {
    Kept(Kept),
    /// There is no room for the `size` bytes that it holds.
    Crowded {
        size: u64,
        why: CacheError,
    },
}

/// Unpacks an image into the cache, unless it was before. How much it holds shows when it has been read: one that the
/// cache does not let grow so far is measured first, and then others leave for it if it fits in whole.
fn unpacked(
    gallery: &Gallery,
    local: &Local,
    disk: &Arc<Disk>,
    format: Format,
    progress: &Progress,
) -> Result<Unpacked, GalleryError> {
    let bad = |source| GalleryError::Spill { image: local.image.clone(), source };
    let _place = gallery.places.take(format, progress).map_err(|error| bad(SpillError::Packed(error)))?;
    let room_for = |size| match spilled(gallery, local, (disk, format, size), progress) {
        Ok(kept) => Ok(Ok(kept)),
        Err(GalleryError::Spill { source: SpillError::Room(why), .. }) => Ok(Err(why)),
        Err(error) => Err(error),
    };
    if let Ok(kept) = room_for(0)? {
        return Ok(Unpacked::Kept(kept));
    }
    progress.begin(Doing::Unpacking, 0);
    let measured = unpack::measure(disk.clone(), format, limit(gallery, disk.size()), progress);
    let size = measured.map_err(|source| GalleryError::Stream { image: local.image.clone(), source })?;
    Ok(match room_for(size)? {
        Ok(kept) => Unpacked::Kept(kept),
        Err(why) => Unpacked::Crowded { size, why },
    })
}

/// What is inside of a packed image, if it may be deployed.
fn judged(
    gallery: &Gallery,
    local: &Local,
    inside: &dyn Source,
    outer: Format,
) -> Result<Format, GalleryError> {
    let bad = |source| GalleryError::Format { image: local.image.clone(), source };
    let found = format::inspect(inside).map_err(bad)?;
    if found.is_packed() {
        return Err(bad(FormatError::Nested { found, outer }));
    }
    gallery.rules.permit.judge(found, local.declared.as_deref()).map_err(bad)?;
    Ok(found)
}

/// An image that is not packed: as it is, or the disk inside.
fn plain(
    gallery: &Gallery,
    local: Local,
    disk: Arc<Disk>,
    format: Format,
    progress: &Progress,
) -> Result<Ready, GalleryError> {
    let is_own = local.kept.is_some();
    if format == Format::Qcow2 && gallery.rules.force_raw {
        let bad = |source| GalleryError::Stream { image: local.image.clone(), source };
        let packed = disk.size();
        let view = RawImage::of(disk, format).map_err(bad)?;
        let sha256 = Some(hash(gallery, &view, (format, packed), progress).map_err(bad)?);
        let notice = gallery.shelf.notice_view(&local.path)?;
        let name = notice.name.clone();
        gallery.note_view(&name, &view);
        let (size, kept) = (view.size(), local.kept.into_iter().collect());
        let notice = Some(notice);
        return Ok(Ready { name, size, format: "raw", sha256, notice, _view: Some(view), _kept: kept });
    }
    let shelf = &gallery.shelf;
    let notice = if is_own { shelf.notice_own(&local.path)? } else { shelf.notice(&local.path)? };
    let sha256 = match &local.kept {
        Some(kept) => Some(kept.facts.sha256.clone()),
        None if local.is_told => None,
        None => Some(shelf.digest(&local.path, Algorithm::Sha256, progress)?),
    };
    let format = if format == Format::Qcow2 { "qcow2" } else { "raw" };
    Ok(Ready {
        name: notice.name.clone(),
        size: disk.size(),
        format,
        sha256,
        notice: Some(notice),
        _view: None,
        _kept: local.kept.into_iter().collect(),
    })
}

/// Writes what is inside of an image to the cache, whose room for `told` bytes is had first.
fn spilled(
    gallery: &Gallery,
    local: &Local,
    (disk, format, told): (&Arc<Disk>, Format, u64),
    progress: &Progress,
) -> Result<Kept, GalleryError> {
    let cache = gallery.cache.as_ref().ok_or(GalleryError::NoCache)?;
    let tag = format!("{}\n{}", local.path.display(), disk.tag());
    let name = format!("{}.raw", digest::sha256(tag.as_bytes()));
    let bad = |source| GalleryError::Spill { image: local.image.clone(), source };
    if let Some(kept) = cache.index.hold(&name) {
        return Ok(kept);
    }
    let mut room = Room::of(&cache.index, &local.image, told).map_err(|error| bad(error.into()))?;
    // Orders that differ in their checksum alone may unpack the same file at once.
    let turn = gallery.turn.fetch_add(1, Ordering::Relaxed);
    let part = cache.index.folder().join(format!("{name}.{turn}{PART}"));
    progress.begin(Doing::Unpacking, 0);
    let limit = limit(gallery, disk.size());
    let done = spill((disk.clone(), format), &part, &mut room, limit, progress).map_err(bad)?;
    info!(image = local.image, size = done.size, "unpacked");
    let facts = Facts {
        size: done.size,
        sha256: done.sha256,
        hashes: BTreeMap::new(),
        etag: None,
        fetched: cache.index.now(),
        no_store: local.kept.as_ref().is_some_and(|kept| kept.facts.no_store),
    };
    cache.index.take_in(&name, &part, facts, room).map_err(|error: CacheError| bad(error.into()))
}

/// A packed image that there is no room for. After a restart of the daemon its name leads nowhere: an agent in the
/// middle of it fails, and is told anew by the next deployment.
fn passing(
    gallery: &Gallery,
    local: &Local,
    (disk, outer, size): (Arc<Disk>, Format, u64),
    progress: &Progress,
) -> Result<Ready, GalleryError> {
    let bad = |source| GalleryError::Stream { image: local.image.clone(), source };
    let packed = disk.size();
    let view: Arc<dyn Source> = Arc::new(Passage::new(disk, outer, size));
    let inner = judged(gallery, local, &*view, outer)?;
    if inner == Format::Qcow2 {
        return Err(bad(StreamError::Unseekable));
    }
    let sha256 = Some(hash(gallery, &view, (outer, packed), progress).map_err(bad)?);
    let name = digest::sha256(format!("{}\n{}", local.path.display(), view.tag()).as_bytes());
    gallery.note_view(&name, &view);
    let kept = local.kept.iter().cloned().collect();
    Ok(Ready { name, size, format: "raw", sha256, notice: None, _view: Some(view), _kept: kept })
}

/// Bytes that an image whose file has `packed` bytes may have inside: what the site takes, and not nothing but air.
fn limit(gallery: &Gallery, packed: u64) -> u64 {
    gallery.rules.largest.min(packed.saturating_mul(MOST_AIR).max(SMALL))
}

/// SHA-256 of a view into a file of that format and size, computed once for each content.
fn hash(
    gallery: &Gallery,
    view: &Arc<dyn Source>,
    (format, packed): (Format, u64),
    progress: &Progress,
) -> Result<String, StreamError> {
    let limit = limit(gallery, packed);
    if view.size() > limit {
        return Err(StreamError::TooLarge { limit });
    }
    let _place = gallery.places.take(format, progress)?;
    let tag = view.tag();
    if let Some(known) = lock(&gallery.hashes).get(&tag) {
        return Ok(known.clone());
    }
    progress.begin(Doing::Hashing, view.size());
    let sha256 = pass(&**view, progress)?;
    let mut hashes = lock(&gallery.hashes);
    if hashes.len() >= MOST_HASHES {
        hashes.clear();
    }
    hashes.insert(tag, sha256.clone());
    Ok(sha256)
}

fn pass(view: &dyn Source, progress: &Progress) -> Result<String, StreamError> {
    let (mut hash, mut place) = (Running::new(Algorithm::Sha256), 0);
    let mut buffer = vec![0; CHUNK];
    while place < view.size() {
        let left = usize::try_from(view.size() - place).unwrap_or(CHUNK).min(CHUNK);
        let chunk = buffer.get_mut(..left).unwrap_or_default();
        progress.go_on()?;
        view.read_exact_at(chunk, place)?;
        hash.update(chunk);
        place = place.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
        progress.reach(place);
    }
    Ok(hash.finish())
}

/// Characters of a wanted checksum that an error repeats: a SHA-512 in whole.
const SHOWN: usize = 128;
/// A file that holds so many times its own size is made of zeros: each of them costs time to be hashed and written.
const MOST_AIR: u64 = 1000;
/// Bytes for which that does not count.
const SMALL: u64 = 64 << 30;
/// Bytes of a view that are read at once.
const CHUNK: usize = 256 << 10;
/// Hashes of views that are remembered.
const MOST_HASHES: usize = 1000;
