//! `[boot]` and `[pxe]`: what machines that boot are given.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use crate::config::section::written;

/// `[boot]`: ours alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Boot {
    /// The folder of loaders; else the places where Debian's packages have them.
    pub loaders: Option<PathBuf>,
    /// PEM files of the door at `https_listen`, which gives out all that the rack's door does; one of our own authority
    /// if not given.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub https_listen: Option<SocketAddr>,
    /// So many boots without a call of the agent are a loop; 10 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub loop_boots: Option<NonZeroU16>,
    /// Within so many minutes; 60 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub loop_minutes: Option<NonZeroU16>,
    /// The agent tells more (`ipa-debug=1`).
    pub debug: Option<bool>,
}

/// `[pxe]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pxe {
    pub pxe_bootfile_name: Option<String>,
    pub uefi_pxe_bootfile_name: Option<String>,
    pub ipxe_bootfile_name: Option<String>,
    pub uefi_ipxe_bootfile_name: Option<String>,
    pub pxe_bootfile_name_by_arch: ByArch,
    pub ipxe_bootfile_name_by_arch: ByArch,
    pub kernel_append_params: Option<String>,
    /// Seconds.
    pub ipxe_timeout: Option<u32>,
    pub ipxe_fallback_script: Option<String>,
    /// MiB
    pub image_cache_size: Option<u64>,
    /// Minutes.
    pub image_cache_ttl: Option<u64>,
    /// Seconds after which a boot that brought nobody is begun again; never, if not given.
    pub boot_retry_timeout: Option<u32>,
    /// Seconds between two looks for such boots.
    pub boot_retry_check_interval: Option<u32>,
}

/// Names by processor: a table, or `x86_64:a.efi,aarch64:b.efi` as in the reference's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByArch(pub BTreeMap<String, String>);

impl<'de> Deserialize<'de> for ByArch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Table(BTreeMap<String, String>),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Table(names) => Ok(Self(names)),
            Form::Text(text) => {
                let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
                let read = |pair: &str| {
                    let (arch, name) = pair.split_once(':')?;
                    Some((arch.trim().to_owned(), name.trim().to_owned()))
                };
                let wrong = || serde::de::Error::custom("must be processor:name pairs, with commas between");
                pairs.map(|pair| read(pair).ok_or_else(wrong)).collect::<Result<_, _>>().map(Self)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_processor_are_a_table_or_a_text() {
        let read = |text: &str| toml::from_str::<Pxe>(text).map(|pxe| pxe.pxe_bootfile_name_by_arch.0);
        let two = BTreeMap::from([
            ("aarch64".to_owned(), "b.efi".to_owned()),
            ("x86_64-uefi".to_owned(), "a.efi".to_owned()),
        ]);
        let text = "pxe_bootfile_name_by_arch = \"x86_64-uefi:a.efi, aarch64:b.efi\"";
        assert_eq!(read(text).unwrap(), two);
        let table = "[pxe_bootfile_name_by_arch]\nx86_64-uefi = \"a.efi\"\naarch64 = \"b.efi\"";
        assert_eq!(read(table).unwrap(), two);
        assert!(read("pxe_bootfile_name_by_arch = \"a.efi\"").is_err());
    }
}
