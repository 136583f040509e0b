//! Imported ramdisks over HTTP, at the operator's door:
//!
//! ```text
//! GET    /ferric/v1/ramdisks                  all pairs
//! GET    /ferric/v1/ramdisks/ARCH             one
//! PUT    /ferric/v1/ramdisks/ARCH             {"kernel": SHA256, "ramdisk": SHA256}: of uploaded files;
//!                                             perhaps with "name" and "cmdline" (kernel parameters)
//! DELETE /ferric/v1/ramdisks/ARCH
//! GET    /ferric/v1/ramdisks/uploads/SHA256   how many bytes are here
//! PUT    /ferric/v1/ramdisks/uploads/SHA256   the file, whole, or a slice of it under Content-Range
//! ```

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::{Later, SharedClock};
use crate::depot::ramdisks::RamdiskError;
use crate::depot::ramdisks::stock::{About, Content, Stock, StockError};
use crate::depot::ramdisks::uploads::{Arrived, Slice, UploadError, Uploads};
use crate::net::body::BodyError;
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;
use crate::wire::cmdline::Cmdline;

/// Takes in ramdisks, and leaves every other path to the next service.
pub struct Intake {
    stock: Arc<Stock>,
    uploads: Arc<Uploads>,
    clock: SharedClock,
    next: Arc<dyn Service>,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("stock", &self.stock).finish_non_exhaustive()
    }
}

/// Why the folder of the ramdisks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error(transparent)]
    Stock(#[from] StockError),
    #[error(transparent)]
    Uploads(#[from] UploadError),
}

/// What makes a pair of two uploads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kernel: String,
    ramdisk: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    cmdline: Option<String>,
}

/// What can be done at a path, as `Allow` lists it.
fn allowed(parts: &[&str]) -> &'static str {
    match parts {
        [] => "GET",
        ["uploads", _] => "GET, PUT",
        _ => "GET, PUT, DELETE",
    }
}

/// An answer that is an error.
struct Refused {
    status: u16,
    text: String,
}

impl Intake {
    /// For the ramdisks below `data`.
    pub fn open(data: &Path, clock: SharedClock, next: Arc<dyn Service>) -> Result<Self, IntakeError> {
        let stock = Stock::open(data)?;
        let uploads = Uploads::open(stock.root())?;
        uploads.sweep(before(&clock));
        Ok(Self { stock: Arc::new(stock), uploads: Arc::new(uploads), clock, next })
    }

    async fn answer(&self, mut request: Request) -> Response {
        let path = request.path.strip_prefix(PREFIX).unwrap_or_default().trim_matches('/').to_owned();
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let outcome = match (request.method, parts.as_slice()) {
            (Method::Get, []) => self.list().await,
            (Method::Get, ["uploads", sha256]) => self.arrived(sha256).await,
            (Method::Put, ["uploads", sha256]) => self.take(sha256, &mut request).await,
            (Method::Get, [arch]) => self.show(arch).await,
            (Method::Put, [arch]) => self.put(arch, &mut request).await,
            (Method::Delete, [arch]) => self.remove(arch).await,
            (_, [] | [_] | ["uploads", _]) => Err(Refused::new(405, "this cannot be done to it")),
            _ => Err(Refused::new(404, "there is no such page")),
        };
        outcome.unwrap_or_else(|refused| {
            tracing::debug!(?request, status = refused.status, error = refused.text, "request refused");
            let side = if refused.status < 500 { "Client" } else { "Server" };
            let body = json!({"faultcode": side, "faultstring": refused.text, "debuginfo": null});
            let response = Response::json(refused.status, body.to_string().into_bytes());
            if refused.status == 405 { response.with("Allow", allowed(&parts)) } else { response }
        })
    }

    async fn list(&self) -> Result<Response, Refused> {
        let all = self.beside(|stock, _| Ok(stock.list()?)).await?;
        Ok(shown(200, &json!({"ramdisks": all})))
    }

    async fn show(&self, arch: &str) -> Result<Response, Refused> {
        let arch = arch.to_owned();
        let about = self.beside(move |stock, _| Ok(stock.about(&arch)?)).await?;
        Ok(shown(200, &json!(about)))
    }

    async fn remove(&self, arch: &str) -> Result<Response, Refused> {
        let arch = arch.to_owned();
        self.beside(move |stock, _| Ok(stock.remove(&arch)?)).await?;
        Ok(Response::empty(204))
    }

    async fn put(&self, arch: &str, request: &mut Request) -> Result<Response, Refused> {
        let body = request.read(BODY_LIMIT).await.map_err(|why| Refused::of_body(&why))?;
        let wanted: Wanted = serde_json::from_slice(&body).map_err(|_| {
            Refused::new(
                400,
                "the body is no JSON of kernel and ramdisk (SHA-256 each) and perhaps name and cmdline",
            )
        })?;
        if wanted.name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
            return Err(Refused::new(400, format!("a name has {LONGEST_NAME} characters at most")));
        }
        let (arch, at) = (arch.to_owned(), self.clock.wall().iso());
        let about = self.beside(move |stock, uploads| paired(stock, uploads, arch, wanted, at)).await?;
        tracing::info!(arch = about.arch, name = about.name, "ramdisk imported");
        Ok(shown(200, &json!(about)))
    }

    async fn arrived(&self, sha256: &str) -> Result<Response, Refused> {
        let sha256 = sha256.to_owned();
        let arrived = self.beside(move |_, uploads| Ok(uploads.arrived(&sha256)?)).await?;
        Ok(shown(200, &progress(arrived)))
    }

    async fn take(&self, sha256: &str, request: &mut Request) -> Result<Response, Refused> {
        let slice = slice_of(request)?;
        let old = before(&self.clock);
        self.beside(move |_, uploads| {
            uploads.sweep(old);
            Ok(())
        })
        .await?;
        let arrived = self.uploads.take(sha256, slice, request).await?;
        Ok(shown(if arrived.complete { 201 } else { 202 }, &progress(arrived)))
    }

    /// Works on files off the async threads.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Stock, &Uploads) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let (stock, uploads) = (Arc::clone(&self.stock), Arc::clone(&self.uploads));
        let done = tokio::task::spawn_blocking(move || work(&stock, &uploads)).await;
        done.unwrap_or_else(|_| Err(Refused::new(500, "the request failed inside the daemon")))
    }
}

impl Service for Intake {
    fn call(&self, request: Request) -> Later<'_, Response> {
        let rest = request.path.strip_prefix(PREFIX);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Box::pin(self.answer(request));
        }
        self.next.call(request)
    }
}

/// Uploads that were last written to before this are given up.
fn before(clock: &SharedClock) -> SystemTime {
    let now = Duration::from_micros(u64::try_from(clock.wall().0).unwrap_or_default());
    UNIX_EPOCH + now.saturating_sub(KEPT)
}

fn paired(
    stock: &Stock,
    uploads: &Uploads,
    arch: String,
    wanted: Wanted,
    at: String,
) -> Result<About, Refused> {
    let cmdline = wanted.cmdline.as_deref().map(Cmdline::parse).transpose();
    let cmdline = cmdline.map_err(|why| Refused::new(400, format!("cmdline cannot be used: {why}")))?;
    let (kernel, ramdisk) = (uploads.ready(&wanted.kernel)?, uploads.ready(&wanted.ramdisk)?);
    let content = |path: &Path, sha256: String| {
        let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
        Content { size, sha256 }
    };
    let about = About {
        arch,
        name: wanted.name.filter(|name| !name.is_empty()),
        imported_at: at,
        kernel: content(&kernel.path, wanted.kernel),
        ramdisk: content(&ramdisk.path, wanted.ramdisk),
        cmdline: cmdline.map(|words| words.to_string()).filter(|words| !words.is_empty()),
    };
    stock.put(&about, &kernel, &ramdisk)?;
    Ok(about)
}

/// Which bytes a request brings: all, or those of its `Content-Range` (RFC 9110 14.4).
fn slice_of(request: &Request) -> Result<Slice, Refused> {
    let length = request.headers.get("Content-Length").and_then(|text| text.parse::<u64>().ok());
    let length = length.ok_or_else(|| Refused::new(411, "say with Content-Length how many bytes come"))?;
    let Some(range) = request.headers.get("Content-Range") else {
        return Ok(Slice { start: 0, total: length });
    };
    let read = || {
        let (span, total) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
        if span == "*" && length == 0 {
            // All bytes are here, and only the look at them is missing.
            let total = total.parse().ok()?;
            return Some(Slice { start: total, total });
        }
        let (start, last) = span.split_once('-')?;
        let (start, last, total): (u64, u64, u64) =
            (start.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
        let fits = last.checked_sub(start)?.checked_add(1)? == length && last < total;
        fits.then_some(Slice { start, total })
    };
    read()
        .ok_or_else(|| Refused::new(400, "Content-Range is no `bytes FIRST-LAST/TOTAL` of the body's length"))
}

fn progress(arrived: Arrived) -> Value {
    json!({"received": arrived.received, "complete": arrived.complete})
}

fn shown(status: u16, value: &Value) -> Response {
    Response::json(status, value.to_string().into_bytes())
}

impl Refused {
    fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn of_body(why: &BodyError) -> Self {
        let status = match why {
            BodyError::TooLarge { .. } => 413,
            BodyError::Slow { .. } => 408,
            BodyError::Broken(_) => 400,
        };
        Self::new(status, why.to_string())
    }
}

impl From<StockError> for Refused {
    fn from(error: StockError) -> Self {
        let status = match &error {
            StockError::Missing(_) => 404,
            StockError::Arch(_)
            | StockError::OtherArch { .. }
            | StockError::Unlike(RamdiskError::Broken { .. }) => 400,
            // The name of an upload tells nobody anything: what it was meant to be does.
            StockError::Unlike(RamdiskError::Unlike { wanted, found, .. }) => {
                return Self::new(400, format!("what was uploaded as {wanted} is none: {found}"));
            }
            StockError::Unlike(_) | StockError::Io { .. } => return inside(&error),
        };
        Self::new(status, error.to_string())
    }
}

impl From<UploadError> for Refused {
    fn from(error: UploadError) -> Self {
        let status = match &error {
            UploadError::Hash(_) | UploadError::Excess => 400,
            UploadError::TooLarge { .. } => 413,
            UploadError::Elsewhere { .. } | UploadError::Incomplete { .. } => 409,
            UploadError::Spoilt { .. } => 422,
            UploadError::Busy => 503,
            UploadError::Full { .. } => 507,
            UploadError::Body(why) => return Self::of_body(why),
            UploadError::Io { .. } => return inside(&error),
        };
        Self::new(status, error.to_string())
    }
}

/// A mishap of this host; a full disk is told as such.
fn inside(error: &(dyn std::error::Error + 'static)) -> Refused {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(%error, cause, "a ramdisk could not be kept");
    let full = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    match full.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::StorageFull) => {
            Refused::new(507, "the disk of this host is full; the ramdisk that was there is still used")
        }
        _ => Refused::new(500, "the ramdisk could not be kept; the daemon's log says why"),
    }
}

const PREFIX: &str = "/ferric/v1/ramdisks";
/// Two hashes, a name and kernel parameters, with JSON's escapes.
const BODY_LIMIT: usize = 8192;
/// How long an upload that broke off waits to be gone on with.
const KEPT: Duration = Duration::from_hours(24);
/// Characters.
const LONGEST_NAME: usize = 255;

#[cfg(test)]
mod tests;
