//! What the options about images come to, and the sections that are about nothing else.

use std::time::Duration;

use serde::Deserialize;

use crate::config::section::Document;
use crate::config::{ConfigError, LONGEST_WAIT};

/// `[image_cache]`: what the reference has no name for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageCache {
    /// Downloads at once.
    pub downloads: Option<u16>,
    /// GiB of the largest raw image.
    pub largest: Option<u64>,
    /// MiB of the file system that the cache leaves to others.
    pub floor: Option<u64>,
}

/// An array of texts, or a text with commas as in the reference's files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum List {
    Array(Vec<String>),
    Text(String),
}

/// `agent.image_download_source`, `deploy.ramdisk_image_download_source`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadSource {
    #[default]
    Http,
    Swift,
    Local,
}

impl DownloadSource {
    /// Whether others are sent to where a file lies; there is no object store to tell `swift` from `http`.
    pub fn passes_on(self) -> bool {
        match self {
            Self::Http | Self::Swift => true,
            Self::Local => false,
        }
    }
}

/// All options about images, with their defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Bytes of the one cache: `pxe.image_cache_size`, else `deploy.iso_cache_size`, else 20 GiB.
    pub cache_size: u64,
    /// `pxe.image_cache_ttl`, else `deploy.iso_cache_ttl`, else 7 days.
    pub cache_ttl: Duration,
    pub downloads: u16,
    /// `webserver_connection_timeout`
    pub silence: Duration,
    /// Bytes.
    pub largest: u64,
    /// Bytes; a twentieth of the file system, 1 GiB at most, if it is not given.
    pub floor: Option<u64>,
    pub permitted_formats: Vec<String>,
    pub deep_inspection: bool,
    pub force_raw: bool,
    pub stream_raw: bool,
    pub zstd: bool,
    pub md5: bool,
    pub checksum_files: bool,
    pub download_source: DownloadSource,
}

impl Images {
    /// Reads and checks them.
    pub fn of(document: &Document) -> Result<Self, ConfigError> {
        let Document { default, conductor, deploy, agent, pxe, image_cache, .. } = document;
        let size = pxe.image_cache_size.or(deploy.iso_cache_size).unwrap_or(CACHE_SIZE);
        let ttl = pxe.image_cache_ttl.or(deploy.iso_cache_ttl).unwrap_or(CACHE_TTL);
        let downloads = image_cache.downloads.unwrap_or(DOWNLOADS);
        let largest = image_cache.largest.unwrap_or(LARGEST);
        within("pxe.image_cache_size", size, 1..=MOST_MIB, "MiB, from 1 to 1073741824")?;
        within("pxe.image_cache_ttl", ttl, 1..=u64::from(LONGEST_WAIT), "minutes, from 1 to 604800")?;
        within("image_cache.downloads", downloads.into(), 1..=1000, "a number from 1 to 1000")?;
        within("image_cache.largest", largest, 1..=MOST_GIB, "GiB, from 1 to 1048576")?;
        within(
            "image_cache.floor",
            image_cache.floor.unwrap_or(0),
            0..=MOST_MIB,
            "MiB, from 0 to 1073741824",
        )?;
        let formats = conductor.permitted_image_formats.clone();
        let no = |flag: Option<bool>| !flag.unwrap_or(false);
        Ok(Self {
            cache_size: size << 20,
            cache_ttl: Duration::from_secs(ttl * 60),
            downloads,
            silence: default
                .webserver_connection_timeout
                .map_or(SILENCE, |seconds| Duration::from_secs(u64::from(seconds.get()))),
            largest: largest << 30,
            floor: image_cache.floor.map(|floor| floor << 20),
            permitted_formats: formats.map_or_else(|| FORMATS.map(str::to_owned).to_vec(), List::texts),
            deep_inspection: no(conductor.disable_deep_image_inspection),
            force_raw: default.force_raw_images.unwrap_or(true),
            stream_raw: agent.stream_raw_images.unwrap_or(true),
            zstd: no(conductor.disable_zstandard_decompression),
            md5: agent.allow_md5_checksum.unwrap_or(true),
            checksum_files: no(conductor.disable_support_for_checksum_files),
            download_source: agent.image_download_source.unwrap_or_default(),
        })
    }
}

impl List {
    pub fn texts(self) -> Vec<String> {
        match self {
            Self::Array(texts) => texts,
            Self::Text(text) => text.split(',').map(|one| one.trim().to_owned()).collect(),
        }
    }
}

fn within(
    name: &'static str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
    rule: &'static str,
) -> Result<(), ConfigError> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::Value { name, value: value.to_string(), rule })
    }
}

/// The reference's sizes: MiB and minutes.
const CACHE_SIZE: u64 = 20_480;
const CACHE_TTL: u64 = 10_080;
/// Enough to fill the rack's uplink.
const DOWNLOADS: u16 = 8;
/// The reference's.
const SILENCE: Duration = Duration::from_mins(1);
/// GiB: over any image that is written to one disk in a reasonable time.
const LARGEST: u64 = 512;
/// A pebibyte.
const MOST_MIB: u64 = 1 << 30;
const MOST_GIB: u64 = 1 << 20;
/// The reference's list.
const FORMATS: [&str; 4] = ["raw", "gpt", "qcow2", "iso"];

#[cfg(test)]
mod tests {
    use super::*;

    fn images(text: &str) -> Result<Images, ConfigError> {
        Images::of(&toml::from_str(text).unwrap())
    }

    #[test]
    fn the_image_cache_has_one_size_and_the_name_of_pxe_wins() {
        let size = |text: &str| images(text).unwrap().cache_size >> 20;
        assert_eq!(size(""), 20_480);
        assert_eq!(size("[deploy]\niso_cache_size = 10"), 10);
        assert_eq!(size("[deploy]\niso_cache_size = 10\n[pxe]\nimage_cache_size = 30"), 30);
        assert!(
            images("[pxe]\nimage_cache_size = 0")
                .unwrap_err()
                .to_string()
                .starts_with("pxe.image_cache_size = 0")
        );
    }

    #[test]
    fn formats_are_an_array_or_a_text_with_commas() {
        let formats = |text: &str| images(&format!("[conductor]\npermitted_image_formats = {text}")).unwrap();
        assert_eq!(formats("[\"raw\"]").permitted_formats, ["raw"]);
        assert_eq!(formats("\"raw, qcow2\"").permitted_formats, ["raw", "qcow2"]);
        let off = images(
            "[conductor]\ndisable_deep_image_inspection = true\n[agent]\nimage_download_source = \"local\"",
        );
        let off = off.unwrap();
        assert_eq!((off.deep_inspection, off.download_source), (false, DownloadSource::Local));
    }
}
