//! What is given out to machines: disk images, their hashes, config drives, and the files behind them.
//!
//! - [`image`]: a node's `instance_info` to what the agent is told to write
//! - [`config_drive`]: the request's argument to the text the agent takes, over [`iso9660`]
//! - [`shelf`]: which local files may be served, and under which names, with their hashes from [`hashes`] and [`digest`]
//! - [`gallery`]: images made ready for deployments, as raw bytes with their hash
//! - [`ramdisks`]: the kernel and ramdisk that a node boots
//! - [`kits`]: what one boot is given from other servers or out of its record
//! - [`boot_iso`]: the boot medium of virtual media, over [`iso9660`]
//! - [`firmware`]: firmware that BMCs fetch from here, for as long as it is installed
//! - [`counter`]: hands images out over HTTP
//! - [`mod@format`]: what an image is by its content; [`stream`]: images as raw bytes, whatever they are packed in
//! - [`blobs`]: large payloads as files named by their SHA-256
//! - [`fetch`]: the head of an image on another server; [`cache`]: such images as files of this host
//! - [`raw_disk`]: the disk image that the demo deploys

pub mod blobs;
pub mod boot_iso;
pub mod cache;
pub mod config_drive;
pub mod counter;
pub mod digest;
pub mod fetch;
pub mod firmware;
pub mod format;
pub mod gallery;
pub mod hashes;
pub mod image;
pub mod iso9660;
pub mod kits;
pub mod raw_disk;
pub mod ramdisks;
pub mod shelf;
pub mod stream;
