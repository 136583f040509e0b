//! What a step is asked to install, checked before anything is touched.

use serde_json::{Map, Value};
use url::Url;

use crate::driver::bmc::redfish_settings::defaults::FirmwareSource;

/// One image for one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    pub part: Part,
    pub url: String,
    /// SHA-1, SHA-256 or SHA-512 in hex, where the request names one; compared with what this host hands out.
    pub checksum: Option<String>,
    /// Who the BMC fetches it from, where the request says so.
    pub source: Option<FirmwareSource>,
    /// Seconds between the end of the work and what comes after it.
    pub wait: Option<u32>,
}

/// What the image is for: that decides about the boot that takes it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Bios,
    Bmc,
    /// By its name, as in `nic:SERIAL`.
    Nic(String),
    /// Whatever the image says: `update_firmware` of the management interface.
    Image,
}

impl Part {
    /// As the list of components names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Bios => "bios",
            Self::Bmc => "bmc",
            Self::Nic(name) => name,
            Self::Image => "image",
        }
    }
}

/// The argument `settings` of `update`.
pub fn settings(args: &Map<String, Value>) -> Result<Vec<Update>, String> {
    list(args, "settings", |item| {
        only(item, &["component", "url", "wait"])?;
        let name = text(item, "component")?;
        let part = match name.as_str() {
            "bios" => Part::Bios,
            "bmc" => Part::Bmc,
            _ if name.starts_with("nic:") && name.len() > 4 => Part::Nic(name),
            _ => return Err(format!("has component {name:?}: it must be bios, bmc or nic:NAME")),
        };
        Ok(Update { part, url: url(item)?, checksum: None, source: None, wait: wait(item)? })
    })
}

/// The argument `firmware_images` of `update_firmware`.
pub fn images(args: &Map<String, Value>) -> Result<Vec<Update>, String> {
    list(args, "firmware_images", |item| {
        only(item, &["url", "checksum", "wait", "source"])?;
        let sum = text(item, "checksum")?;
        let is_hex = sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || !matches!(sum.len(), 40 | 64 | 128) {
            return Err("has a checksum that is no SHA-1, SHA-256 or SHA-512 in hex".to_owned());
        }
        let word = item.get("source").map(|source| source.as_str().unwrap_or_default().to_ascii_lowercase());
        let source = match word.as_deref().map(|word| FirmwareSource::parse(word).ok_or(word)) {
            None => None,
            Some(Ok(source)) => Some(source),
            Some(Err(other)) => {
                let shown: String = other.chars().take(64).collect();
                return Err(format!(
                    "has source {shown:?}: it must be http (the BMC fetches the url itself) or local (this host does, and \
                     hands it out)"
                ));
            }
        };
        Ok(Update { part: Part::Image, url: url(item)?, checksum: Some(sum), source, wait: wait(item)? })
    })
}

fn list(
    args: &Map<String, Value>,
    name: &str,
    one: impl Fn(&Map<String, Value>) -> Result<Update, String>,
) -> Result<Vec<Update>, String> {
    let items = args.get(name).and_then(Value::as_array).filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| format!("{name} must be a list of one at least"))?;
    if items.len() > MOST {
        return Err(format!("{name} has {} entries, and {MOST} are the most", items.len()));
    }
    let read = |(place, item): (usize, &Value)| {
        let item = item.as_object().ok_or_else(|| "must be an object".to_owned());
        item.and_then(&one).map_err(|why| format!("entry {place} of {name} {why}"))
    };
    items.iter().enumerate().map(read).collect()
}

fn only(item: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match item.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!(
            "has no member {:?}; it has {}",
            key.chars().take(64).collect::<String>(),
            known.join(", ")
        )),
        None => Ok(()),
    }
}

fn text(item: &Map<String, Value>, name: &str) -> Result<String, String> {
    let text = item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| format!("needs {name}, a text"))
}

fn url(item: &Map<String, Value>) -> Result<String, String> {
    let text = text(item, "url")?;
    let is_good = Url::parse(&text).is_ok_and(|url| match url.scheme() {
        "http" | "https" => url.has_host(),
        "file" => url.to_file_path().is_ok(),
        _ => false,
    });
    if is_good {
        return Ok(text);
    }
    Err("has a url that nobody can fetch: it must be http or https with a host, or file:///PATH on this host"
        .to_owned())
}

fn wait(item: &Map<String, Value>) -> Result<Option<u32>, String> {
    let Some(wait) = item.get("wait") else { return Ok(None) };
    let seconds = wait.as_u64().and_then(|wait| u32::try_from(wait).ok());
    let seconds = seconds.filter(|wait| (1..=LONGEST).contains(wait));
    seconds.map(Some).ok_or_else(|| format!("has a wait that is no number of seconds from 1 to {LONGEST}"))
}

/// Images of one step.
const MOST: usize = 32;
/// The longest wait, in seconds: a day.
const LONGEST: u32 = 86_400;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn components_have_a_name_and_a_url() {
        let read = |list: Value| settings(json!({"settings": list}).as_object().unwrap());
        let good = json!([{"component": "bios", "url": "http://h/i"}, {"component": "nic:A", "url": "https://h/i", "wait": 5}]);
        let all = read(good).unwrap();
        let bios = Update {
            part: Part::Bios,
            url: "http://h/i".to_owned(),
            checksum: None,
            source: None,
            wait: None,
        };
        assert_eq!(all[0], bios);
        assert_eq!((all[1].part.name(), all[1].wait), ("nic:A", Some(5)));
        for (list, word) in [
            (json!([]), "one at least"),
            (json!("x"), "one at least"),
            (json!([1]), "entry 0 of settings must be an object"),
            (json!([{"component": "psu", "url": "http://h/i"}]), "\"psu\""),
            (json!([{"component": "nic:", "url": "http://h/i"}]), "\"nic:\""),
            (json!([{"component": "bmc"}]), "needs url"),
            (json!([{"component": "bmc", "url": "file://elsewhere/i"}]), "http or https"),
            (json!([{"component": "bmc", "url": "ftp://h/i"}]), "http or https"),
            (json!([{"component": "bmc", "url": "http://h/i", "wait": 0}]), "wait"),
            (json!([{"component": "bmc", "url": "http://h/i", "checksum": "x"}]), "no member \"checksum\""),
            (json!(vec![json!({"component": "bmc", "url": "http://h/i"}); 33]), "32 are the most"),
        ] {
            let why = read(list.clone()).unwrap_err();
            assert!(why.contains(word), "{list}: {why}");
        }
    }

    #[test]
    fn images_have_a_checksum() {
        let read = |item: Value| images(json!({"firmware_images": [item]}).as_object().unwrap());
        let sum = "a".repeat(64);
        assert_eq!(
            read(json!({"url": "http://h/i", "checksum": sum, "source": "http"})).unwrap()[0].part,
            Part::Image
        );
        let local = read(json!({"url": "file:///i", "checksum": sum, "source": "LOCAL"})).unwrap();
        assert_eq!((local[0].source, local[0].checksum.as_ref()), (Some(FirmwareSource::Local), Some(&sum)));
        for (item, word) in [
            (json!({"url": "http://h/i"}), "needs checksum"),
            (json!({"url": "http://h/i", "checksum": "abc"}), "SHA-1"),
            (json!({"url": "http://h/i", "checksum": sum, "source": "swift"}), "swift"),
        ] {
            assert!(read(item.clone()).unwrap_err().contains(word), "{item}");
        }
    }

    proptest! {
        #[test]
        fn no_argument_is_a_panic(name: String, text: String, number: i64) {
            let args = json!({"settings": [{"component": text, "url": text, name.clone(): number}], "firmware_images": [{name: text}]});
            settings(args.as_object().unwrap()).ok();
            images(args.as_object().unwrap()).ok();
        }
    }
}
