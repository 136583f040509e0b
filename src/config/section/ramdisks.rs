//! `[conductor]`'s names of kernels and ramdisks.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// What nodes boot that name nothing themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RamdiskNames {
    pub deploy_kernel: Option<String>,
    pub deploy_ramdisk: Option<String>,
    #[serde(deserialize_with = "by_arch")]
    pub deploy_kernel_by_arch: BTreeMap<String, String>,
    #[serde(deserialize_with = "by_arch")]
    pub deploy_ramdisk_by_arch: BTreeMap<String, String>,
    pub rescue_kernel: Option<String>,
    pub rescue_ramdisk: Option<String>,
    #[serde(deserialize_with = "by_arch")]
    pub rescue_kernel_by_arch: BTreeMap<String, String>,
    #[serde(deserialize_with = "by_arch")]
    pub rescue_ramdisk_by_arch: BTreeMap<String, String>,
    /// A kernel without its ramdisk is refused.
    pub error_on_ramdisk_config_inconsistency: bool,
}

/// A table, or a text as in the reference's files: `x86_64:/a,aarch64:/b`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Table(BTreeMap<String, String>),
    Text(String),
}

fn by_arch<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let text = match Written::deserialize(from)? {
        Written::Table(table) => return Ok(table),
        Written::Text(text) => text,
    };
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (arch, href) = pair.split_once(':').ok_or_else(|| {
            serde::de::Error::custom(
                "a kernel or ramdisk by processor is PROCESSOR:FILE, with commas between",
            )
        })?;
        Ok((arch.trim().to_owned(), href.trim().to_owned()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_stand_in_a_table_or_in_a_text() {
        let table: RamdiskNames =
            toml::from_str("deploy_kernel_by_arch = { x86_64 = \"/k\", aarch64 = \"file:///a\" }").unwrap();
        let text: RamdiskNames =
            toml::from_str("deploy_kernel_by_arch = \"x86_64:/k, aarch64:file:///a\"").unwrap();
        assert_eq!(table, text);
        assert_eq!(text.deploy_kernel_by_arch.get("aarch64").unwrap(), "file:///a");
        assert!(toml::from_str::<RamdiskNames>("deploy_kernel_by_arch = \"x86_64\"").is_err());
    }
}
