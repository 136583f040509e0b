//! The config drive of a deployment: first-boot data on a small volume labelled `config-2`.
//!
//! The request gives it as a URL, as base64 of a gzipped image, or as an object that is made into an ISO 9660 image
//! here. Either way the agent gets a text: the URL or the base64.

use std::fmt;
use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::GzBuilder;
use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value, json};

use crate::base::moment::Moment;
use crate::depot::iso9660;

/// A config drive as the agent takes it. It may hold passwords: `Debug` shows only its kind and length.
#[derive(Clone, PartialEq, Eq)]
pub enum ConfigDrive {
    /// Fetched by the agent.
    Url(String),
    /// Base64 of a gzipped image, without line breaks.
    Inline(String),
}

/// The node whose names a built config drive carries by default.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    pub uuid: &'a str,
    pub name: Option<&'a str>,
}

/// Why a config drive is refused. No text repeats its content.
#[derive(Debug, thiserror::Error)]
pub enum ConfigDriveError {
    #[error("configdrive is neither an object nor a text")]
    Kind,
    #[error(
        "configdrive has the unknown key {0:?}: it holds meta_data, network_data, user_data and vendor_data"
    )]
    Key(String),
    #[error("configdrive {key} is not {wanted}")]
    Part { key: &'static str, wanted: &'static str },
    #[error("configdrive is not a URL of one line without spaces, {MAX_URL} bytes at most")]
    Url,
    #[error("configdrive is a URL that the agent cannot fetch: it begins with http:// or https://")]
    Scheme,
    #[error("configdrive is neither a JSON object, nor a URL, nor a base64 text")]
    Base64,
    #[error("configdrive is not gzipped: after base64 it does not begin with 1f 8b")]
    NotGzip,
    #[error("configdrive is damaged: its gzip data cannot be unpacked")]
    Gzip(#[source] io::Error),
    #[error("configdrive is empty once unpacked")]
    Empty,
    #[error("configdrive is too large: the partition it goes to holds {LIMIT} bytes")]
    TooLarge,
    #[error("cannot make the image of the configdrive")]
    Iso(#[from] iso9660::IsoError),
    #[error("cannot encode the configdrive")]
    Encode(#[source] io::Error),
}

impl ConfigDrive {
    /// Reads the request's `configdrive` argument; null, an empty text and an empty object mean none.
    ///
    /// `at` dates the files of a drive that is built, so that the same request gives the same bytes. Packing and
    /// unpacking take up to a second for the largest drive: use it off the async threads.
    pub fn parse(argument: &Value, owner: &Owner<'_>, at: Moment) -> Result<Option<Self>, ConfigDriveError> {
        match argument {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::Object(parts) if parts.is_empty() => Ok(None),
            Value::String(text) => given(text).map(Some),
            Value::Object(parts) => build(parts, owner, at).map(Some),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(ConfigDriveError::Kind),
        }
    }

    /// The text for the agent.
    pub fn text(&self) -> &str {
        match self {
            Self::Url(text) | Self::Inline(text) => text,
        }
    }
}

impl fmt::Debug for ConfigDrive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(******)"),
            Self::Inline(text) => write!(f, "Inline({} bytes)", text.len()),
        }
    }
}

fn given(text: &str) -> Result<ConfigDrive, ConfigDriveError> {
    if text.contains("://") {
        if !SCHEMES.iter().any(|scheme| begins_with(text, scheme)) {
            return Err(ConfigDriveError::Scheme);
        }
        let is_line = text.len() <= MAX_URL && text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        return if is_line { Ok(ConfigDrive::Url(text.to_owned())) } else { Err(ConfigDriveError::Url) };
    }
    if text.len() > MAX_TEXT {
        return Err(ConfigDriveError::TooLarge);
    }
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '\n' | '\r' | '\t')).collect();
    let packed = STANDARD.decode(&bare).map_err(|_| ConfigDriveError::Base64)?;
    if !packed.starts_with(&[0x1F, 0x8B]) {
        return Err(ConfigDriveError::NotGzip);
    }
    match unpacked_size(&packed)? {
        0 => Err(ConfigDriveError::Empty),
        size if size > LIMIT => Err(ConfigDriveError::TooLarge),
        _ => Ok(ConfigDrive::Inline(bare)),
    }
}

/// Unpacks into nothing, and stops just past the limit.
fn unpacked_size(packed: &[u8]) -> Result<u64, ConfigDriveError> {
    let mut bounded = MultiGzDecoder::new(packed).take(LIMIT + 1);
    io::copy(&mut bounded, &mut io::sink()).map_err(ConfigDriveError::Gzip)
}

fn build(parts: &Map<String, Value>, owner: &Owner<'_>, at: Moment) -> Result<ConfigDrive, ConfigDriveError> {
    let contents = contents(parts, owner)?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        files.extend(
            contents.iter().map(|(name, bytes)| (format!("openstack/{folder}/{name}"), bytes.as_slice())),
        );
    }
    let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let image = iso9660::write(LABEL, &borrowed, at)?;
    if u64::try_from(image.len()).is_ok_and(|size| size > LIMIT) {
        return Err(ConfigDriveError::TooLarge);
    }
    let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    packer.write_all(&image).map_err(ConfigDriveError::Encode)?;
    Ok(ConfigDrive::Inline(STANDARD.encode(packer.finish().map_err(ConfigDriveError::Encode)?)))
}

/// The files of one metadata folder; parts that are missing or empty have none, `meta_data.json` is always there.
fn contents(
    parts: &Map<String, Value>,
    owner: &Owner<'_>,
) -> Result<Vec<(&'static str, Vec<u8>)>, ConfigDriveError> {
    if let Some(key) = parts.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(ConfigDriveError::Key(key.chars().take(80).collect()));
    }
    let mut files = vec![("meta_data.json", json_bytes(&meta_data(parts, owner)?))];
    for (key, file) in [("network_data", "network_data.json"), ("vendor_data", "vendor_data2.json")] {
        if let Some(map) = object(parts, key)?.filter(|map| !map.is_empty()) {
            files.push((file, json_bytes(map)));
        }
    }
    if let Some(bytes) = user_data(parts)? {
        files.push(("user_data", bytes));
    }
    Ok(files)
}

/// `meta_data` with the node's uuid and name where it says neither.
fn meta_data(parts: &Map<String, Value>, owner: &Owner<'_>) -> Result<Map<String, Value>, ConfigDriveError> {
    let mut meta = object(parts, "meta_data")?.cloned().unwrap_or_default();
    meta.entry("uuid").or_insert_with(|| json!(owner.uuid));
    if let Some(name) = owner.name {
        meta.entry("name").or_insert_with(|| json!(name));
    }
    Ok(meta)
}

/// `user_data` as bytes: a text as it is, an object or a list as JSON.
fn user_data(parts: &Map<String, Value>) -> Result<Option<Vec<u8>>, ConfigDriveError> {
    let key = "user_data";
    match parts.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone().into_bytes()).filter(|bytes| !bytes.is_empty())),
        Some(Value::Object(map)) => Ok(Some(json_bytes(map))),
        Some(Value::Array(list)) => Ok(Some(Value::Array(list.clone()).to_string().into_bytes())),
        Some(Value::Bool(_) | Value::Number(_)) => {
            Err(ConfigDriveError::Part { key, wanted: "an object, a list, a text or null" })
        }
    }
}

fn object<'a>(
    parts: &'a Map<String, Value>,
    key: &'static str,
) -> Result<Option<&'a Map<String, Value>>, ConfigDriveError> {
    match parts.get(key) {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(ConfigDriveError::Part { key, wanted: "an object" }),
    }
}

fn json_bytes(map: &Map<String, Value>) -> Vec<u8> {
    Value::Object(map.clone()).to_string().into_bytes()
}

/// Schemes have no case (RFC 3986 3.1).
fn begins_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// From where the agent fetches.
const SCHEMES: [&str; 2] = ["http://", "https://"];
/// The volume label by which first-boot software finds a config drive.
const LABEL: &str = "config-2";
/// Metadata folders: the one everybody reads, and the first dated one for what looks for a date.
const FOLDERS: [&str; 2] = ["2012-08-10", "latest"];
const KEYS: [&str; 4] = ["meta_data", "network_data", "user_data", "vendor_data"];
/// Largest unpacked config drive in bytes: the agent makes a partition of 64 MiB for it.
pub const LIMIT: u64 = 64 * 1024 * 1024;
/// Longest base64 text: 64 MiB that do not shrink, with line breaks.
const MAX_TEXT: usize = 90 * 1024 * 1024;
/// Longest URL: what common servers take.
const MAX_URL: usize = 8192;

#[cfg(test)]
mod tests;
