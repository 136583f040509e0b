//! Images: the cache, and what is given out of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::app::error::AppError;
use crate::base::secret::Secret;
use crate::base::time::{SharedClock, sleep};
use crate::conduct::site::Site;
use crate::config::Config;
use crate::config::section::images::{DownloadSource, Images};
use crate::depot::cache::limits::{Floor, Limits};
use crate::depot::cache::{Cache, Life};
use crate::depot::firmware::FirmwareFiles;
use crate::depot::format::permit::Permit;
use crate::depot::gallery::{Gallery, Rules};
use crate::depot::image::Way;
use crate::depot::kits::Kits;
use crate::depot::shelf::Shelf;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::run::Run;

/// What is made of other servers' images and of this host's.
#[derive(Debug)]
pub struct Depot {
    pub cache: Arc<Cache>,
    pub shelf: Arc<Shelf>,
    pub gallery: Arc<Gallery>,
    /// What boots are given from other servers.
    pub kits: Arc<Kits>,
    /// What BMCs install.
    pub firmware: Arc<FirmwareFiles>,
}

/// Opens the cache and the images of this host.
pub fn open(config: &Config, clock: &SharedClock, life: &Life, key: Secret) -> Result<Depot, AppError> {
    let shelf = Arc::new(Shelf::open(&config.data, &config.image_folders)?);
    let limits = limits(&config.images);
    let cache = Cache::open(&place(&config.data), limits, Arc::clone(clock), life.clone())?;
    let gallery = Arc::new(Gallery::new(shelf.clone(), Some(Arc::clone(&cache)), rules(&config.images)));
    life.tasks.spawn(sweep(Arc::clone(&gallery), Arc::clone(clock), life.clone()));
    let kits = Arc::new(Kits::new(&config.data, Arc::clone(&cache)));
    let firmware = FirmwareFiles::new(&config.data, Arc::clone(&shelf), Arc::clone(&cache), key);
    Ok(Depot { cache, shelf, gallery, kits, firmware: Arc::new(firmware) })
}

/// Who fetches images unless node or driver say so.
pub fn way(images: &Images) -> Way {
    match images.download_source {
        DownloadSource::Http | DownloadSource::Swift => Way::Http,
        DownloadSource::Local => Way::Local,
    }
}

fn place(data: &Path) -> std::path::PathBuf {
    data.join("cache")
}

fn limits(images: &Images) -> Limits {
    Limits {
        size: images.cache_size,
        ttl: images.cache_ttl,
        downloads: images.downloads.into(),
        silence: images.silence,
        floor: images.floor.map_or(Floor::Twentieth, Floor::Bytes),
        md5: images.md5,
        checksum_files: images.checksum_files,
    }
}

fn rules(images: &Images) -> Rules {
    Rules {
        permit: Permit { formats: images.permitted_formats.clone(), deep: images.deep_inspection },
        force_raw: images.force_raw,
        zstd: images.zstd,
        largest: images.largest,
        ..Rules::default()
    }
}

/// Lets images go with the deployments that they were for, whatever ended those.
pub async fn tidy(gallery: Arc<Gallery>, site: Arc<Site>) {
    loop {
        let (one, reader) = (Arc::clone(&gallery), site.reader.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let published = reader.published();
            let node = |id: &str| id.parse().ok().and_then(|id| published.node(id));
            one.keep(&|id| node(id).is_some_and(|node| is_deployed(node.provision)));
        });
        kept.await.ok(); // one that panicked is tried again
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, GLANCE) => {}
        }
    }
}

/// Removes firmware that no step needs any more, whatever ended it, for as long as the daemon runs.
pub async fn tidy_firmware(files: Arc<FirmwareFiles>, site: Arc<Site>) {
    loop {
        let (one, reader) = (Arc::clone(&files), site.reader.clone());
        let swept = tokio::task::spawn_blocking(move || {
            let published = reader.published();
            one.sweep(&|id| {
                let node = published.node(id);
                // A child does the step in its parent's run.
                let parent = node.and_then(|node| published.node(node.wished.parent_node?));
                node.into_iter().chain(parent).any(|node| installs_firmware(node))
            });
        });
        swept.await.ok(); // one that panicked is tried again
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, TIDY) => {}
        }
    }
}

/// Whether the step under way may have a BMC fetch something.
fn installs_firmware(node: &Node) -> bool {
    let step = node.run.as_ref().and_then(Run::step);
    step.is_some_and(|step| {
        step.is(Interface::Firmware, "update") || step.is(Interface::Management, "update_firmware")
    })
}

/// Whether an image is being written, or will be.
fn is_deployed(state: Provision) -> bool {
    matches!(state, Provision::Deploying | Provision::DeployWait | Provision::DeployHold)
}

/// Removes what is old, every hour.
async fn sweep(gallery: Arc<Gallery>, clock: SharedClock, life: Life) {
    loop {
        tokio::select! {
            () = life.stop.cancelled() => return,
            () = sleep(&*clock, HOUR) => {}
        }
        let one = Arc::clone(&gallery);
        tokio::task::spawn_blocking(move || one.sweep()).await.ok(); // a sweep that panicked is tried again
    }
}

/// How soon after its last deployment an image is let go.
const GLANCE: Duration = Duration::from_secs(2);
/// How long firmware may lie about that nobody fetches any more.
const TIDY: Duration = Duration::from_mins(1);
/// As often as the reference does.
const HOUR: Duration = Duration::from_hours(1);
