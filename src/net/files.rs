//! One file below a root directory over HTTP: ranges, conditions, HEAD, and no way out of the root.

pub mod beneath;
pub mod fresh;
pub mod range;

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{debug, warn};

use crate::net::body::{Body, FileRange};
use crate::net::files::beneath::{open_file, segments};
use crate::net::files::fresh::Version;
use crate::net::files::range::Span;
use crate::net::http::{Headers, Method, Response};
use crate::net::source::{Source, Stretch};

/// Answers GET and HEAD for the file that `relative` (raw, percent-encoded) names below `root`.
///
/// 200, 206, 304; 404 for what is not a regular file below the root, 403 for what may not be read, 405 for
/// other methods, 412 for another version than the one wanted, 416 for ranges outside. No answer shows a path of this machine. The file is opened here and
/// read in chunks while it is sent.
pub async fn serve_file(root: &Path, relative: &str, method: Method, headers: &Headers) -> Response {
    if !matches!(method, Method::Get | Method::Head) {
        return Response::text(405, "only GET and HEAD\n").with("Allow", "GET, HEAD");
    }
    let Some(path) = segments(relative) else { return missing() };
    match opened(root.to_owned(), path).await {
        Ok((file, meta)) => Found { file, meta }.answer(method, headers),
        Err(why) => refused(&why),
    }
}

async fn opened(root: PathBuf, path: PathBuf) -> io::Result<(File, Metadata)> {
    tokio::task::spawn_blocking(move || open_file(&root, &path)).await.map_err(io::Error::other).flatten()
}

fn missing() -> Response {
    Response::text(404, "no such file\n")
}

fn refused(why: &io::Error) -> Response {
    match status_of(why) {
        503 => {
            warn!(error = %why, "file cannot be served");
            Response::text(503, "file cannot be read now\n")
        }
        403 => {
            debug!(error = %why, "file may not be read");
            Response::text(403, "file may not be read\n")
        }
        _ => missing(),
    }
}

/// Names that lead nowhere are 404 however the kernel says so; 503 is for our own trouble.
fn status_of(why: &io::Error) -> u16 {
    use nix::errno::Errno;
    match why.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EACCES | Errno::EPERM) => 403,
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EIO) => 503,
        _ => 404,
    }
}

/// Answers GET and HEAD for content that is no file of its own, as [`serve_file`] does for a file.
pub fn serve_source(source: Arc<dyn Source>, method: Method, headers: &Headers) -> Response {
    if !matches!(method, Method::Get | Method::Head) {
        return Response::text(405, "only GET and HEAD\n").with("Allow", "GET, HEAD");
    }
    let (version, size) = (Version::tagged(&source.tag()), source.size());
    answer(&version, size, method, headers, |start, length| Body::Source(Stretch { source, start, length }))
}

/// Answers GET and HEAD for an open file, as [`serve_file`] does for a name.
pub fn serve_open(file: File, method: Method, headers: &Headers) -> Response {
    if !matches!(method, Method::Get | Method::Head) {
        return Response::text(405, "only GET and HEAD\n").with("Allow", "GET, HEAD");
    }
    match file.metadata() {
        Ok(meta) => Found { file, meta }.answer(method, headers),
        Err(why) => refused(&why),
    }
}

struct Found {
    file: File,
    meta: Metadata,
}

impl Found {
    fn answer(self, method: Method, headers: &Headers) -> Response {
        let (version, size) = (Version::of(&self.meta), self.meta.len());
        let body = |start, length| Body::File(FileRange::new(self.file, start, length));
        answer(&version, size, method, headers, body)
    }
}

/// The answer for content of this version and size, of which `body` gives a stretch.
fn answer(
    version: &Version,
    size: u64,
    method: Method,
    headers: &Headers,
    body: impl FnOnce(u64, u64) -> Body,
) -> Response {
    if !version.is_wanted(headers) {
        return described(Response::text(412, "the file is another version\n"), version);
    }
    if version.is_known(headers) {
        return described(Response::empty(304), version);
    }
    let stretch = |status, start, length: u64| {
        let body = if method == Method::Head { Body::Empty } else { body(start, length) };
        Response { body, ..Response::empty(status) }.with("Content-Length", length.to_string())
    };
    let response = match span(method, headers, version, size) {
        Span::Outside => {
            return Response::empty(416)
                .with("Content-Range", format!("bytes */{size}"))
                .with("Accept-Ranges", "bytes");
        }
        Span::Whole => stretch(200, 0, size),
        Span::Part { start, length } => {
            let end = start.saturating_add(length).saturating_sub(1);
            stretch(206, start, length).with("Content-Range", format!("bytes {start}-{end}/{size}"))
        }
    };
    described(response, version).with("Content-Type", "application/octet-stream")
}

/// The part that is asked for; ranges are for GET alone (RFC 9110 14.2).
fn span(method: Method, headers: &Headers, version: &Version, size: u64) -> Span {
    match headers.get("range") {
        Some(range) if method == Method::Get && version.allows_range(headers) => Span::of(range, size),
        _ => Span::Whole,
    }
}

fn described(response: Response, version: &Version) -> Response {
    let response = response.with("ETag", version.tag.clone()).with("Accept-Ranges", "bytes");
    match version.last_modified() {
        Some(date) => response.with("Last-Modified", date),
        None => response,
    }
}

#[cfg(test)]
mod tests;
