//! The rules that a request with an image is refused by (`direct` deploy interface).

use serde_json::{Map, Value};

use crate::depot::image::{Checksum, ImageError, Source, is_given, text};

/// Checks what a request must bring: a source of a known kind, a checksum, a download way.
pub fn validate(
    instance_info: &Map<String, Value>,
    driver_info: &Map<String, Value>,
) -> Result<(), ImageError> {
    let source = source(instance_info)?;
    let checksum = checksum(instance_info, &source)?;
    text(instance_info, "image_disk_format")?;
    if way(instance_info, driver_info, Way::default())? == Way::Local && !is_file(&source) {
        comparable(&checksum)?;
    }
    validate_proxies(driver_info)
}

/// Refuses an algorithm that images cannot be compared by here.
pub fn comparable(checksum: &Checksum) -> Result<(), ImageError> {
    match checksum {
        Checksum::Pair { algo, .. } if checksum.algorithm().is_none() => {
            Err(ImageError::Algorithm(algo.chars().take(80).collect()))
        }
        Checksum::Pair { .. } | Checksum::Plain(_) | Checksum::None => Ok(()),
    }
}

/// Checks `image_http_proxy`, `image_https_proxy` and `image_no_proxy`.
pub fn validate_proxies(driver_info: &Map<String, Value>) -> Result<(), ImageError> {
    proxies(driver_info)?;
    match driver_info.get("image_no_proxy") {
        Some(Value::String(list)) if list.split(',').all(is_host) => Ok(()),
        Some(Value::Null) | None => Ok(()),
        Some(_) => Err(ImageError::NoProxy),
    }
}

pub fn source(instance_info: &Map<String, Value>) -> Result<Source, ImageError> {
    Source::parse(text(instance_info, "image_source")?.ok_or(ImageError::SourceMissing)?)
}

/// The checksum rules; a file needs none, since its hash is computed here.
pub fn checksum(instance_info: &Map<String, Value>, source: &Source) -> Result<Checksum, ImageError> {
    let plain = text(instance_info, "image_checksum")?;
    let algo = text(instance_info, "image_os_hash_algo")?;
    let value = text(instance_info, "image_os_hash_value")?;
    match (algo, value, plain) {
        (Some(algo), Some(value), _) => Ok(Checksum::Pair { algo: algo.to_owned(), value: value.to_owned() }),
        (Some(_), None, _) if !is_file(source) => Err(ImageError::ValueMissing),
        (None, Some(_), _) if !is_file(source) => Err(ImageError::AlgoMissing),
        (_, _, Some(plain)) => Ok(Checksum::Plain(plain.to_owned())),
        (_, _, None) if is_file(source) => Ok(Checksum::None),
        (_, _, None) => Err(ImageError::ChecksumMissing),
    }
}

/// The proxies by scheme, as the agent takes them.
pub fn proxies(driver_info: &Map<String, Value>) -> Result<Map<String, Value>, ImageError> {
    let mut found = Map::new();
    for (scheme, name) in [("http", "image_http_proxy"), ("https", "image_https_proxy")] {
        let Some(value) = driver_info.get(name).filter(|value| is_given(value)) else { continue };
        let text = value.as_str().ok_or_else(|| refused_proxy(name, &value.to_string()))?;
        if let Some((its_scheme, _)) = text.split_once("://")
            && !["", "http", "https"].contains(&its_scheme.to_ascii_lowercase().as_str())
        {
            return Err(refused_proxy(name, text));
        }
        found.insert(scheme.to_owned(), value.clone());
    }
    Ok(found)
}

fn refused_proxy(name: &'static str, url: &str) -> ImageError {
    let shown: String = url.chars().take(200).collect();
    ImageError::Proxy { name, url: crate::depot::image::without_secrets(&shown) }
}

/// Who fetches an image from its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// The agent.
    #[default]
    Http,
    /// This host, which then gives it out; files always go this way.
    Local,
}

/// `image_download_source`: the instance's word, then the driver's, then the site's. There is no object store to
/// tell `swift` from `http`.
pub fn way(
    instance_info: &Map<String, Value>,
    driver_info: &Map<String, Value>,
    site: Way,
) -> Result<Way, ImageError> {
    let key = "image_download_source";
    let word = text(instance_info, key)?.map_or_else(|| text(driver_info, key), |word| Ok(Some(word)))?;
    match word {
        None => Ok(site),
        Some("http" | "swift") => Ok(Way::Http),
        Some("local") => Ok(Way::Local),
        Some(other) => Err(ImageError::DownloadSource(other.chars().take(80).collect())),
    }
}

fn is_file(source: &Source) -> bool {
    matches!(source, Source::File(_))
}

/// A host name, an address or a domain with a leading dot.
fn is_host(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]/_".contains(&byte))
}
