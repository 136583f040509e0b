//! The partition layout that a partition image is written into.

use serde_json::{Map, Value, json};

use crate::depot::image::{Handout, ImageError};

/// Sizes and options of the partitions around a partition image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub root_gb: u64,
    pub swap_mb: u64,
    pub ephemeral_gb: u64,
    pub ephemeral_format: Option<String>,
    pub preserve_ephemeral: bool,
}

impl Layout {
    /// Reads `root_gb` (needed), `swap_mb`, `ephemeral_gb`, `ephemeral_format` and `preserve_ephemeral`.
    pub fn parse(instance_info: &Map<String, Value>) -> Result<Self, ImageError> {
        let root_gb = size(instance_info, "root_gb")?.ok_or(ImageError::RootGbMissing)?;
        let ephemeral_gb = size(instance_info, "ephemeral_gb")?.unwrap_or(0);
        let format = instance_info.get("ephemeral_format").and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            root_gb,
            swap_mb: size(instance_info, "swap_mb")?.unwrap_or(0),
            ephemeral_gb,
            ephemeral_format: format.or_else(|| (ephemeral_gb > 0).then(|| DEFAULT_FORMAT.to_owned())),
            preserve_ephemeral: flag(instance_info, "preserve_ephemeral")?,
        })
    }

    /// Adds what the agent wants to know for a partition image.
    pub fn put(
        &self,
        info: &mut Map<String, Value>,
        instance_info: &Map<String, Value>,
        handout: &Handout<'_>,
    ) {
        let carried = |key: &str| instance_info.get(key).cloned().unwrap_or_default();
        info.insert("image_type".into(), json!("partition"));
        info.insert("kernel".into(), carried("kernel"));
        info.insert("ramdisk".into(), carried("ramdisk"));
        info.insert("root_gb".into(), json!(self.root_gb));
        info.insert("root_mb".into(), json!(self.root_gb * 1024));
        info.insert("swap_mb".into(), json!(self.swap_mb));
        info.insert("ephemeral_mb".into(), json!(self.ephemeral_gb * 1024));
        info.insert("ephemeral_format".into(), json!(self.ephemeral_format));
        info.insert("preserve_ephemeral".into(), json!(self.preserve_ephemeral));
        info.insert("configdrive".into(), Value::Null);
        info.insert("deploy_boot_mode".into(), json!(handout.boot_mode));
        info.insert("boot_option".into(), json!("local"));
        if let Some(label) = handout.disk_label {
            info.insert("disk_label".into(), json!(label));
        }
    }
}

/// A size as number or text.
fn size(map: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, ImageError> {
    let read = match map.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let size = read.filter(|size| *size <= LARGEST);
    size.map(Some).ok_or_else(|| refused(map, name, "a whole number from 0 to 1073741824"))
}

/// A flag as boolean or one of the words of oslo's strict form.
fn flag(map: &Map<String, Value>, name: &'static str) -> Result<bool, ImageError> {
    let word = match map.get(name) {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Bool(flag)) => return Ok(*flag),
        Some(Value::String(text)) => text.trim().to_ascii_lowercase(),
        Some(other) => other.to_string(),
    };
    match word.as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Ok(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Ok(false),
        _ => Err(refused(map, name, "true or false")),
    }
}

fn refused(map: &Map<String, Value>, name: &'static str, wanted: &'static str) -> ImageError {
    let value = map.get(name).map(ToString::to_string).unwrap_or_default();
    ImageError::Layout { name, value: value.chars().take(80).collect(), wanted }
}

/// What an ephemeral partition is formatted with if nothing is said.
const DEFAULT_FORMAT: &str = "ext4";
/// An exbibyte in GiB: over any disk, and far from an overflow in MiB.
const LARGEST: u64 = 1 << 30;
