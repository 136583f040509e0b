//! Entity tags and the conditions on them (RFC 9110 8.8 and 13).

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::net::http::Headers;

/// What tells one version of a file from another.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// A strong tag with its quotes.
    pub(super) tag: String,
    /// Seconds since 1970; `None` for what has no moment of change.
    modified: Option<i64>,
}

impl Version {
    /// Size, moment of change and inode: a file replaced or written to gets another tag.
    pub(super) fn of(meta: &Metadata) -> Self {
        let (size, inode) = (meta.size(), meta.ino());
        let (modified, nanos) = (meta.mtime(), meta.mtime_nsec());
        Self { tag: format!("\"{size:x}-{modified:x}.{nanos:x}-{inode:x}\""), modified: Some(modified) }
    }

    /// Content that its tag alone tells apart.
    pub(super) fn tagged(tag: &str) -> Self {
        Self { tag: format!("\"{tag}\""), modified: None }
    }

    /// The value of `Last-Modified`.
    pub(super) fn last_modified(&self) -> Option<String> {
        let moment = Timestamp::from_second(self.modified?).ok()?;
        rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()
    }

    /// Whether the client has this version already: `If-None-Match`, or without it `If-Modified-Since`.
    pub(super) fn is_known(&self, headers: &Headers) -> bool {
        if headers.get("if-none-match").is_some() {
            return headers.all("if-none-match").any(|tags| self.is_listed(tags));
        }
        let since = headers.get("if-modified-since").and_then(|date| rfc2822::parse(date).ok());
        since.is_some_and(|since| self.modified.is_some_and(|at| at <= since.timestamp().as_second()))
    }

    /// Whether the client's condition allows an answer with this version: `If-Match`, which compares strong tags, or
    /// without it `If-Unmodified-Since`.
    pub(super) fn is_wanted(&self, headers: &Headers) -> bool {
        if headers.get("if-match").is_some() {
            let mut tags = headers.all("if-match").flat_map(|tags| tags.split(',')).map(str::trim);
            return tags.any(|tag| tag == "*" || tag == self.tag);
        }
        let since = headers.get("if-unmodified-since").and_then(|date| rfc2822::parse(date).ok());
        since.is_none_or(|since| self.modified.is_some_and(|at| at <= since.timestamp().as_second()))
    }

    /// Whether a part may be sent: `If-Range` is absent or names this version by its strong tag. A date never
    /// does, since a file may change twice in a second.
    pub(super) fn allows_range(&self, headers: &Headers) -> bool {
        headers.get("if-range").is_none_or(|tag| tag.trim() == self.tag)
    }

    /// Weak comparison with a list of tags, or `*`. Our tags hold no comma.
    fn is_listed(&self, tags: &str) -> bool {
        tags.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag)
    }
}
