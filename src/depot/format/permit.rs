//! Which kinds of images a site takes.

use crate::depot::format::{Format, FormatError};

/// The site's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// `[conductor] permitted_image_formats`.
    pub formats: Vec<String>,
    /// The content is looked at (`[conductor] disable_deep_image_inspection` is false).
    pub deep: bool,
}

impl Default for Permit {
    /// The reference's list.
    fn default() -> Self {
        Self { formats: ["raw", "gpt", "qcow2", "iso"].map(str::to_owned).to_vec(), deep: true }
    }
}

impl Permit {
    /// Whether an image of this kind may be deployed; `declared` is `image_disk_format`.
    pub fn judge(&self, found: Format, declared: Option<&str>) -> Result<(), FormatError> {
        if !self.deep {
            return Ok(());
        }
        let is_listed = |word: &str| self.formats.iter().any(|one| one.eq_ignore_ascii_case(word));
        if !is_listed(found.word()) {
            return Err(FormatError::NotPermitted { found, permitted: self.formats.join(", ") });
        }
        match declared {
            Some(word) if !fits(found, &word.to_ascii_lowercase()) => {
                Err(FormatError::Lying { found, declared: word.chars().take(SHOWN).collect() })
            }
            _ => Ok(()),
        }
    }
}

/// A partitioned disk and a CD are raw too: they are written as they are.
fn fits(found: Format, declared: &str) -> bool {
    match found {
        Format::Raw | Format::Mbr | Format::Gpt | Format::Iso => {
            declared == "raw" || declared == found.word()
        }
        Format::Qcow2 | Format::Gzip | Format::Xz | Format::Zstd => declared == found.word(),
    }
}

/// Characters of a declared format that an error repeats.
const SHOWN: usize = 40;
