//! Why an image cannot be deployed.

use std::path::PathBuf;
use std::sync::Arc;

use crate::depot::cache::error::CacheError;
use crate::depot::digest::Algorithm;
use crate::depot::format::FormatError;
use crate::depot::shelf::ShelfError;
use crate::depot::stream::StreamError;
use crate::depot::stream::spill::SpillError;

/// Why an image is not ready. `image` is its path or its address without user, password and query.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(transparent)]
    Cache(#[from] Arc<CacheError>),
    #[error("image file {path} has the {algorithm} checksum {found}, not {wanted} as instance_info says")]
    Checksum { path: PathBuf, algorithm: Algorithm, found: String, wanted: String },
    #[error("image {image} cannot be deployed")]
    Format { image: String, source: FormatError },
    #[error("image {image} cannot be given out as a raw one")]
    Stream { image: String, source: StreamError },
    #[error("image {image} cannot be unpacked")]
    Spill { image: String, source: SpillError },
    #[error("this host keeps no images of other servers: use image_download_source http, or a file URL")]
    NoCache,
    #[error("work on the image broke off; the daemon's log says why")]
    BrokeOff,
    #[error("work on image {image} was given up")]
    GivenUp { image: String },
}
