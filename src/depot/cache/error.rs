//! Why the cache does not deliver; addresses are shown without user, password and query.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::size::human;
use crate::depot::digest::Algorithm;
use crate::depot::fetch::HeadError;
use crate::net::client::outgoing::ClientError;

/// Why the cache does not deliver.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error("image {url} cannot be downloaded")]
    Client { url: String, source: ClientError },
    #[error("image server answered {status} to GET of {url}")]
    Status { url: String, status: u16 },
    #[error("image {url} came with {size} bytes instead of the {wanted} that its server said it has")]
    Short { url: String, size: u64, wanted: u64 },
    #[error("image {url} has more than the {} that are taken of its kind", human(*most))]
    Large { url: String, most: u64 },
    #[error("image {url} has the {algorithm} checksum {found}, not {wanted} as instance_info says")]
    Checksum { url: String, algorithm: Algorithm, found: String, wanted: String },
    #[error(
        "the checksum of image {url} is of the kind {kind}, which is not allowed (agent.allow_md5_checksum): give \
         a sha256 or sha512"
    )]
    Weak { url: String, kind: Algorithm },
    #[error("the checksum of image {url} is of no kind that can be checked here: give a sha256 or sha512")]
    Unknown { url: String },
    #[error("checksum files are not allowed (conductor.disable_support_for_checksum_files)")]
    SumsOff,
    #[error("checksum file {url} is no good: {why}")]
    Sums { url: String, why: String },
    #[error(
        "no room on the disk for {what}: {} free in {folder}, of which {} are kept for the daemon's state; free some \
         space there, or lower pxe.image_cache_size",
        human(*free), human(*floor)
    )]
    Disk { what: String, folder: PathBuf, free: u64, floor: u64 },
    #[error(
        "no room in the image cache for {what}: it needs {}, and of {} in all {} are in use; raise \
         pxe.image_cache_size",
        human(*needed), human(*size), human(*used)
    )]
    Quota { what: String, needed: u64, size: u64, used: u64 },
    #[error(
        "no room in the image cache for {what}: nobody told how long it is, and such an image takes the place of others \
         only up to {}; have its server send a Content-Length, put the image on this host, or raise \
         pxe.image_cache_size",
        human(*share)
    )]
    Untold { what: String, share: u64 },
    #[error("cannot {doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "image {url} comes too slowly: {} in {}, and less than {} is given up; see to its server, or put the image \
         on this host",
        human(*bytes), seconds(*span), human(*least)
    )]
    Stalled { url: String, bytes: u64, span: Duration, least: u64 },
    #[error("work on {what} was given up: nobody waits for it any more, or the daemon stops")]
    Stopped { what: String },
}

impl CacheError {
    /// Whether another try in a moment may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Client { source, .. } => match source {
                ClientError::Unreachable { .. }
                | ClientError::Timeout { .. }
                | ClientError::Protocol { .. } => true,
                ClientError::Unsendable { .. }
                | ClientError::WrongCertificate { .. }
                | ClientError::Tls { .. }
                | ClientError::TooLarge { .. }
                | ClientError::Sink { .. } => false,
            },
            Self::Short { .. } => true,
            Self::Status { status, .. } => (500..600).contains(status) || *status == 416,
            Self::Head(_)
            | Self::Large { .. }
            | Self::Checksum { .. }
            | Self::Weak { .. }
            | Self::Unknown { .. }
            | Self::SumsOff
            | Self::Sums { .. }
            | Self::Disk { .. }
            | Self::Quota { .. }
            | Self::Untold { .. }
            | Self::Io { .. }
            | Self::Stalled { .. }
            | Self::Stopped { .. } => false,
        }
    }
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs())
}

/// An error of the file at `path`.
pub(super) fn failed(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> CacheError {
    let path = path.to_owned();
    move |source| CacheError::Io { doing, path, source }
}
