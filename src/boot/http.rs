//! Files and scripts over HTTP, in front of a door's API: `/boot/...`, and `/grub/...` for a GRUB that takes the root of
//! the server for its own.
//!
//! UEFI asks HEAD and then GET over one connection and needs a length (measured with OVMF); its content types say
//! whether an address is a program or a disk.

pub mod counts;

use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use tracing::{debug, info};

use crate::base::mac::Mac;
use crate::base::time::Later;
use crate::boot::http::counts::Counts;
use crate::boot::library::{Asked, Content, Given, Library, NotGiven, Script, Via};
use crate::boot::loops::{Looping, Loops};
use crate::net::files::{serve_open, serve_source};
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;
use crate::net::source::{Bytes, Source};

/// Gives out what the library has, and leaves every other path to the next service.
pub struct BootFiles {
    library: Arc<dyn Library>,
    via: Via,
    /// Shown on the operator's door.
    loops: Option<Arc<Loops>>,
    counts: Arc<Counts>,
    next: Arc<dyn Service>,
}

impl fmt::Debug for BootFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootFiles").field("library", &self.library).finish_non_exhaustive()
    }
}

impl BootFiles {
    pub fn new(library: Arc<dyn Library>, via: Via, next: Arc<dyn Service>) -> Self {
        Self { library, via, loops: None, counts: Arc::default(), next }
    }

    /// The same with its answers counted there.
    #[must_use]
    pub fn counted(self, counts: Arc<Counts>) -> Self {
        Self { counts, ..self }
    }

    /// Shows machines in boot loops under `/boot/loops`, too; `DELETE` of an address below it begins anew with one.
    #[must_use]
    pub fn showing(self, loops: Arc<Loops>) -> Self {
        Self { loops: Some(loops), ..self }
    }

    async fn give(&self, request: &Request, name: &str) -> Response {
        if let (Some(loops), Some(address)) = (&self.loops, name.strip_prefix("loops/")) {
            if request.method == Method::Delete {
                return forgotten(loops, address);
            }
            return Response::text(405, "a boot loop can only be forgotten\n").with("Allow", "DELETE");
        }
        if !matches!(request.method, Method::Get | Method::Head) {
            return Response::text(405, "boot files can only be read\n").with("Allow", "GET, HEAD");
        }
        let Ok(name) = percent_decode_str(name).decode_utf8() else { return missing() };
        if let (Some(loops), "loops") = (&self.loops, &*name) {
            return Response::json(200, shown(&loops.looping()));
        }
        let (from, local) = (request.peer.ip().to_canonical(), request.local.ip());
        let found = self.library.find(Asked { name: &name, from, local, via: self.via }).await;
        let (method, headers) = (request.method, &request.headers);
        self.counts.add(&found);
        let response = match found {
            Ok(Content::File(file)) => serve_open(file, method, headers),
            Ok(Content::Source(source)) => serve_source(source, method, headers),
            Ok(Content::Text(text)) => return script(bytes(text), request),
            Ok(Content::Script(Script { text, given })) => {
                return script(Telling { bytes: bytes(text), given }, request);
            }
            Err(NotGiven::Missing) => missing(),
            Err(NotGiven::Unreadable) => Response::text(503, "the file cannot be read now\n"),
        };
        debug!(%from, status = response.status, "a boot file was asked for");
        match (response.status, content_type(&name)) {
            (200 | 206, Some(content_type)) => typed(response, content_type),
            _ => response,
        }
    }
}

impl Service for BootFiles {
    fn call(&self, request: Request) -> Later<'_, Response> {
        let name = request.path.strip_prefix("/boot/").map(str::to_owned);
        let at_root = || request.path.starts_with("/grub/").then(|| request.path.clone());
        let Some(name) = name.or_else(at_root) else { return self.next.call(request) };
        Box::pin(async move { self.give(&request, &name).await })
    }
}

fn bytes(bytes: Vec<u8>) -> Bytes {
    let tag = tag(&bytes);
    Bytes { bytes, tag }
}

fn script(source: impl Source + 'static, request: &Request) -> Response {
    let script = serve_source(Arc::new(source), request.method, &request.headers);
    typed(script, "text/plain; charset=utf-8").with("Cache-Control", "no-store")
}

/// A script of which it is told when all of it is sent: neither the head alone, nor a part.
#[derive(Debug)]
struct Telling {
    bytes: Bytes,
    given: Given,
}

impl Source for Telling {
    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn tag(&self) -> String {
        self.bytes.tag()
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.bytes.read_exact_at(bytes, offset)?;
        // A script is smaller than a chunk: who is sent all of it is sent it at once.
        if offset == 0 && bytes.len() == self.bytes.bytes.len() {
            self.given.tell();
        }
        Ok(())
    }
}

fn missing() -> Response {
    Response::text(404, "there is no such boot file\n")
}

/// Told apart by content alone, so that a script asked for again is known as the same one.
fn tag(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(TAG) {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

fn typed(mut response: Response, content_type: &str) -> Response {
    response.headers.set("Content-Type", content_type);
    response
}

/// What UEFI goes by (UEFI 2.10, 24.7.2); other firmware goes by what it asked for.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "efi" => Some("application/efi"),
        "iso" => Some("application/vnd.efi-iso"),
        "img" => Some("application/vnd.efi-img"),
        _ => None,
    }
}

/// A machine that is taken to be repaired boots as if for the first time.
fn forgotten(loops: &Loops, address: &str) -> Response {
    let Ok(address) = address.parse::<Mac>() else {
        return Response::text(400, "the last part of the path is no hardware address\n");
    };
    if loops.forget(address) {
        info!(%address, "a boot loop is forgotten, as the operator said");
        return Response::empty(204);
    }
    Response::text(404, "nothing is known of boots of this address\n")
}

fn shown(looping: &[Looping]) -> Vec<u8> {
    let row = |one: &Looping| {
        serde_json::json!({
            "address": one.mac,
            "node_uuid": one.boot.node,
            "starts": one.boot.starts,
            "boots": one.boots,
            "first_seconds_ago": one.oldest.as_secs(),
            "last_seconds_ago": one.newest.as_secs(),
        })
    };
    let rows: Vec<_> = looping.iter().map(row).collect();
    serde_json::json!({ "boot_loops": rows }).to_string().into_bytes()
}

/// Bytes of a hash that are enough to tell scripts apart.
const TAG: usize = 16;

#[cfg(test)]
mod tests;
