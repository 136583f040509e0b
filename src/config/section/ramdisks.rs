//! `[conductor]`'s names of kernels and ramdisks.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::model::boot::elsewhere::is_elsewhere;

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

impl RamdiskNames {
    /// Whether one to be deployed with lies on another server.
    pub fn names_others(&self) -> bool {
        let plain = self.deploy_kernel.iter().chain(&self.deploy_ramdisk);
        let by_arch = self.deploy_kernel_by_arch.values().chain(self.deploy_ramdisk_by_arch.values());
        plain.chain(by_arch).any(|href| is_elsewhere(href))
    }
}

/// A table, or a text as in the reference's files: `x86_64:/a,aarch64:/b`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Table(BTreeMap<String, String>),
    Text(String),
}

/// A table of texts, also as one text: `x86_64:/a,aarch64:/b`.
pub fn by_arch<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let text = match Written::deserialize(from)? {
        Written::Table(table) => return Ok(table),
        Written::Text(text) => text,
    };
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (arch, href) = pair.split_once(':').ok_or_else(|| {
            serde::de::Error::custom("a table in one text is NAME:VALUE, with commas between")
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

    #[test]
    fn names_of_other_servers_are_told_from_those_of_this_host() {
        let names = |text: &str| toml::from_str::<RamdiskNames>(text).unwrap().names_others();
        assert!(names("deploy_ramdisk = \"http://h/r\""));
        assert!(names("deploy_kernel_by_arch = \"aarch64:https://h/k\""));
        assert!(!names("deploy_kernel = \"file:///k\"\nrescue_kernel = \"http://h/k\""));
    }
}
