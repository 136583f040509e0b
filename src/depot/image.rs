//! The image that a node's `instance_info` asks for, checked by the rules of the `direct` deploy interface.
//!
//! `validate` is what a request is refused by; `Image::parse` adds what shows only when the deployment is prepared
//! (partition sizes). `image_info` is what the agent's `write_image` is told.

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::Url;

use crate::depot::digest::Algorithm;
use crate::depot::image::layout::Layout;

pub mod layout;
pub mod rules;

pub use rules::{Way, comparable, validate, validate_proxies, way};

/// Where the image comes from. `Debug` shows no user, password or query of an address.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// Fetched by the agent itself.
    Http(Url),
    /// A file on this host, served by the daemon.
    File(PathBuf),
}

/// What the written image is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// Not given; only a file may lack it, because its hash is computed here.
    None,
    /// `image_checksum`: hex whose length tells the algorithm, or the URL of a checksum file, or a text that only the
    /// agent can judge.
    Plain(String),
    /// `image_os_hash_algo` and `image_os_hash_value`; they win over `image_checksum`.
    Pair { algo: String, value: String },
}

/// An image that passed the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub source: Source,
    pub checksum: Checksum,
    /// `image_disk_format`: any text; only `raw` changes what the agent does (it streams).
    pub disk_format: Option<String>,
    /// The partition layout, or `None` for a whole-disk image.
    pub layout: Option<Layout>,
}

/// What `image_info` needs beside `instance_info`.
#[derive(Clone, Copy)]
pub struct Handout<'a> {
    pub node_uuid: &'a str,
    /// Where the agent downloads: the source itself, where it redirected to, or the served URL of a file.
    pub url: &'a str,
    /// SHA-256 of what this host gives out, in place of the source's own checksum.
    pub sha256: Option<&'a str>,
    /// Format of what this host gives out, in place of `image_disk_format`.
    pub format: Option<&'a str>,
    /// Raw images are written to the disk as they come (`[agent] stream_raw_images`).
    pub stream_raw: bool,
    /// Config drive as the agent takes it: URL or base64 text.
    pub config_drive: Option<&'a str>,
    /// `uefi` or `bios`, told for partition images.
    pub boot_mode: &'a str,
    /// `gpt` or `msdos`, told for partition images if the node says so.
    pub disk_label: Option<&'a str>,
    /// Where `image_http_proxy`, `image_https_proxy` and `image_no_proxy` are.
    pub driver_info: &'a Map<String, Value>,
}

/// Only whose it is: addresses, proxies and config drives may hold passwords.
impl fmt::Debug for Handout<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handout").field("node_uuid", &self.node_uuid).finish_non_exhaustive()
    }
}

/// Why an image is refused; the text names the setting at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("instance_info.image_source is missing")]
    SourceMissing,
    #[error("instance_info.{0} is not a text")]
    NotText(&'static str),
    #[error(
        "image_source {0} is the id of an image service, and there is none: give an http, https or file URL"
    )]
    ImageService(String),
    #[error("image_source {0:?} is not a URL: give an http, https or file URL")]
    NotUrl(String),
    #[error("image_source protocol {0} is not supported: give an http, https or file URL")]
    Scheme(String),
    #[error("image_source {0} is not the URL of a local file: it has the form file:///path/to/image")]
    FileForm(String),
    #[error(
        "image_source has no checksum: instance_info needs image_checksum, or image_os_hash_algo and \
         image_os_hash_value"
    )]
    ChecksumMissing,
    #[error("image_os_hash_value is given without image_os_hash_algo")]
    AlgoMissing,
    #[error("image_os_hash_algo is given without image_os_hash_value")]
    ValueMissing,
    #[error(
        "image_os_hash_algo {0:?} is not one of md5, sha256, sha512: an image that this host fetches \
         (image_download_source local) is compared here"
    )]
    Algorithm(String),
    #[error("image_download_source {0:?} is not one of swift, http, local")]
    DownloadSource(String),
    #[error("driver_info.{name} {url:?} is not a proxy: its scheme is http, https or left out")]
    Proxy { name: &'static str, url: String },
    #[error("driver_info.image_no_proxy is not a text of host names separated by commas")]
    NoProxy,
    #[error("a partition image needs instance_info.root_gb")]
    RootGbMissing,
    #[error("instance_info.{name} {value} is not {wanted}")]
    Layout { name: &'static str, value: String, wanted: &'static str },
    #[error("the hash of the image file is not known yet")]
    HashUnknown,
}

impl Source {
    /// Reads `image_source`.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let shown: String = text.chars().take(SHOWN).collect();
        if !text.contains("://") {
            let is_id = uuid::Uuid::try_parse(text).is_ok();
            return Err(if is_id { ImageError::ImageService(shown) } else { ImageError::NotUrl(shown) });
        }
        let url = Url::parse(text).map_err(|_| ImageError::NotUrl(without_secrets(&shown)))?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Http(url)),
            "file" => local_path(text, &url).map(Self::File),
            "glance" => Err(ImageError::ImageService(shown)),
            other => Err(ImageError::Scheme(other.chars().take(SHOWN).collect())),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => write!(f, "Http({})", without_secrets(url.as_str())),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

impl Checksum {
    /// The algorithm, if it is one of ours.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::None => None,
            Self::Plain(value) => Algorithm::of_value(value),
            Self::Pair { algo, .. } => Algorithm::parse(algo),
        }
    }

    /// The value to compare a computed hash with; `None` if there is none or it lies behind a URL.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Plain(value) | Self::Pair { value, .. } => {
                Some(value).filter(|value| !value.contains("://"))
            }
        }
        .map(String::as_str)
    }
}

impl Image {
    /// Reads the image that `instance_info` asks for, with every rule applied.
    pub fn parse(instance_info: &Map<String, Value>) -> Result<Self, ImageError> {
        let source = rules::source(instance_info)?;
        let checksum = rules::checksum(instance_info, &source)?;
        let disk_format = text(instance_info, "image_disk_format")?.map(str::to_owned);
        let layout = if is_whole_disk(instance_info) { None } else { Some(Layout::parse(instance_info)?) };
        Ok(Self { source, checksum, disk_format, layout })
    }
}

/// Whether the image is a whole disk: anything but `image_type` `partition`, and without a type unless a kernel or
/// a ramdisk is given.
pub fn is_whole_disk(instance_info: &Map<String, Value>) -> bool {
    let given = |key: &str| instance_info.get(key).is_some_and(is_given);
    if given("image_type") {
        return instance_info.get("image_type").and_then(Value::as_str) != Some("partition");
    }
    !given("kernel") && !given("ramdisk")
}

/// The `image_info` argument of the agent's `write_image`.
pub fn image_info(instance_info: &Map<String, Value>, handout: &Handout<'_>) -> Result<Value, ImageError> {
    let image = Image::parse(instance_info)?;
    let source = text(instance_info, "image_source")?.unwrap_or_default();
    let mut info = Map::new();
    info.insert("id".into(), json!(source.rsplit('/').next().unwrap_or(source)));
    info.insert("urls".into(), json!([handout.url]));
    info.insert("disk_format".into(), json!(handout.format.or(image.disk_format.as_deref())));
    info.insert("container_format".into(), json!(text(instance_info, "image_container_format")?));
    info.insert("stream_raw_images".into(), json!(handout.stream_raw));
    info.insert("node_uuid".into(), json!(handout.node_uuid));
    put_checksums(&mut info, instance_info, &image, handout)?;
    put_access(&mut info, instance_info, handout.driver_info)?;
    if let Some(layout) = &image.layout {
        layout.put(&mut info, instance_info, handout);
    }
    if let Some(drive) = handout.config_drive {
        info.insert("configdrive".into(), json!(drive));
    }
    Ok(Value::Object(info))
}

fn put_checksums(
    info: &mut Map<String, Value>,
    instance_info: &Map<String, Value>,
    image: &Image,
    handout: &Handout<'_>,
) -> Result<(), ImageError> {
    if let Some(sha256) = handout.sha256 {
        info.insert("os_hash_algo".into(), json!(Algorithm::Sha256.word()));
        info.insert("os_hash_value".into(), json!(sha256));
        return Ok(());
    }
    if let Some(plain) = text(instance_info, "image_checksum")? {
        info.insert("checksum".into(), json!(plain));
    }
    match &image.checksum {
        Checksum::Pair { algo, value } => {
            let word = Algorithm::parse(algo).map_or(algo.as_str(), |known| known.word());
            info.insert("os_hash_algo".into(), json!(word));
            info.insert("os_hash_value".into(), json!(value));
        }
        Checksum::Plain(_) => {}
        Checksum::None => return Err(ImageError::HashUnknown),
    }
    Ok(())
}

/// How the agent gets past the image server's door.
fn put_access(
    info: &mut Map<String, Value>,
    instance_info: &Map<String, Value>,
    driver_info: &Map<String, Value>,
) -> Result<(), ImageError> {
    if let Some(header) = text(instance_info, "image_request_authorization_secret")? {
        info.insert("image_request_authorization".into(), json!(STANDARD.encode(header)));
    }
    let proxies = rules::proxies(driver_info)?;
    if !proxies.is_empty() {
        info.insert("proxies".into(), Value::Object(proxies));
        if let Some(except) = driver_info.get("image_no_proxy").filter(|value| is_given(value)) {
            info.insert("no_proxy".into(), except.clone());
        }
    }
    Ok(())
}

/// The text under `key`; `None` if it is missing, null or empty.
fn text<'a>(map: &'a Map<String, Value>, key: &'static str) -> Result<Option<&'a str>, ImageError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(ImageError::NotText(key)),
    }
}

/// Whether a value counts as given: the reference treats null, false, zero and what is empty as left out.
fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(given) => *given,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn local_path(text: &str, url: &Url) -> Result<PathBuf, ImageError> {
    let refused = || ImageError::FileForm(text.chars().take(SHOWN).collect());
    if url.host_str().is_some_and(|host| !host.is_empty())
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(refused());
    }
    let path = url.to_file_path().map_err(|()| refused())?;
    let is_plain =
        path.as_os_str().as_encoded_bytes().iter().all(|byte| *byte != 0) && !url.path().ends_with('/');
    if is_plain { Ok(path) } else { Err(refused()) }
}

/// The text of a URL as errors and logs may show it: no user, password or query.
pub fn without_secrets(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit('@').next().unwrap_or_default();
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => bare.to_owned(),
    }
}

/// Characters of a foreign text that an error repeats.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests;
