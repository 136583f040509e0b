//! What is given out to machines: disk images, their hashes, config drives, and the files behind them.
//!
//! `image` turns a node's `instance_info` into what the agent is told to write, `config_drive` turns the request's
//! argument into the text the agent expects (over `iso9660`), `shelf` decides which local files may be served and
//! knows their hashes (over `hashes`), `ready` makes one of them ready for a
//! deployment, `blobs` keeps large payloads as files named by their SHA-256, `fetch` asks an
//! image server for an image's head, and `raw_disk` makes the image that the demo deploys.

pub mod blobs;
pub mod config_drive;
pub mod digest;
pub mod fetch;
pub mod hashes;
pub mod image;
pub mod iso9660;
pub mod raw_disk;
pub mod ready;
pub mod shelf;
