//! Asks an image server for the head of an image, before a machine is booted for it.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::base::secret::Secret;
use crate::depot::image::without_secrets;
use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Trust};
use crate::net::http::{Headers, Method};

/// What an image server says of an image. `Debug` shows no user, password or query of the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// Where the image was found: the address asked for, or where it redirected to.
    pub url: Url,
    /// Bytes, if the server says so.
    pub size: Option<u64>,
    pub etag: Option<String>,
    /// `Last-Modified`, seconds since 1970.
    pub modified: Option<i64>,
    /// `Cache-Control: no-store`: it may not be kept for later.
    pub no_store: bool,
}

/// What is asked for, and with which credentials beside those in the address.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub url: &'a Url,
    /// Value of an `Authorization` header; no other server than this one sees it.
    pub authorization: Option<&'a Secret>,
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", shown(self.url))
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head {{ {}, {:?} bytes, etag {:?} }}", shown(&self.url), self.size, self.etag)
    }
}

/// Why an image server's word is not good; addresses are shown without user, password and query.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    #[error("image {url} cannot be asked for")]
    Client { url: String, source: ClientError },
    #[error("image server answered {status} instead of 200 to HEAD of {url}")]
    Status { url: String, status: u16 },
    #[error("image {url} redirects to something that is not an http or https address")]
    Redirect { url: String },
    #[error("image {url} redirects more than {MOST_REDIRECTS} times")]
    Loop { url: String },
    #[error("image server gave no head of {url} in {limit:?}")]
    Late { url: String, limit: Duration },
    #[error("image {url} is empty")]
    Empty { url: String },
}

/// Asks for the head of the image at `url`, following redirects, all within `deadline`.
pub async fn image_head(client: &Client, url: &Url, deadline: Duration) -> Result<Head, HeadError> {
    head_of(client, Place { url, authorization: None }, deadline).await
}

/// As [`image_head`], with credentials.
pub async fn head_of(client: &Client, place: Place<'_>, deadline: Duration) -> Result<Head, HeadError> {
    let asking = follow(client, place, deadline);
    let late = || HeadError::Late { url: shown(place.url), limit: deadline };
    tokio::time::timeout(deadline, asking).await.unwrap_or_else(|_| Err(late()))
}

async fn follow(client: &Client, place: Place<'_>, deadline: Duration) -> Result<Head, HeadError> {
    let first = place.url;
    let mut url = first.clone();
    for _ in 0..=MOST_REDIRECTS {
        let asked = client.send(Outgoing { deadline, ..request(Method::Head, &url, place) }).await;
        let answer = asked.map_err(|source| HeadError::Client { url: shown(&url), source })?;
        match redirect(&url, answer.status, &answer.headers)? {
            Some(next) => url = next,
            None => return read(url, &answer),
        }
    }
    Err(HeadError::Loop { url: shown(first) })
}

/// A request for `url`, which `place` may have led on to; a user name and password in it go into a header, as the
/// agent's client does too.
pub(super) fn request(method: Method, url: &Url, place: Place<'_>) -> Outgoing {
    let trust = if url.scheme() == "https" { Trust::Roots } else { Trust::Plain };
    let mut bare = url.clone();
    let is_bare = bare.set_username("").and_then(|()| bare.set_password(None)).is_ok();
    let mut outgoing = Outgoing::new(method, bare, trust);
    if let Some(secret) = place.authorization.filter(|_| place.url.origin() == url.origin()) {
        outgoing.headers.set("authorization", secret.reveal());
        return outgoing;
    }
    if is_bare && (!url.username().is_empty() || url.password().is_some()) {
        let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let pair = [decoded(url.username()), decoded(url.password().unwrap_or_default())].join(&b':');
        outgoing.headers.push("authorization", format!("Basic {}", STANDARD.encode(pair)));
    }
    outgoing
}

/// Where an answer leads on to; `None` if it is the last one.
pub(super) fn redirect(url: &Url, status: u16, headers: &Headers) -> Result<Option<Url>, HeadError> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let next = headers.get("location").and_then(|place| url.join(place).ok());
    let next = next.filter(|next| matches!(next.scheme(), "http" | "https") && next.has_host());
    next.map(Some).ok_or_else(|| HeadError::Redirect { url: shown(url) })
}

fn read(url: Url, answer: &Answer) -> Result<Head, HeadError> {
    if answer.status != 200 {
        return Err(HeadError::Status { url: shown(&url), status: answer.status });
    }
    let size = answer.length();
    if size == Some(0) {
        return Err(HeadError::Empty { url: shown(&url) });
    }
    let etag = answer.headers.get("etag").filter(|tag| tag.len() <= LONGEST_ETAG).map(str::to_owned);
    let modified = answer.headers.get("last-modified").and_then(|date| rfc2822::parse(date).ok());
    let modified = modified.map(|date| date.timestamp().as_second());
    let mut control = answer.headers.all("cache-control").flat_map(|list| list.split(','));
    let no_store = control.any(|word| word.trim().eq_ignore_ascii_case("no-store"));
    Ok(Head { url, size, etag, modified, no_store })
}

pub(super) fn shown(url: &Url) -> String {
    without_secrets(url.as_str())
}

/// More is a loop: real servers redirect once or twice (mirror choosers).
pub(super) const MOST_REDIRECTS: usize = 5;
/// Longer tags are no use to anybody and would be carried along.
const LONGEST_ETAG: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::base::time::Later;
    use crate::net::http::{Request, Response};
    use crate::net::server::limits::Limits;
    use crate::net::server::{Service, serve};

    struct Images;

    impl Service for Images {
        fn call(&self, request: Request) -> Later<'_, Response> {
            Box::pin(async move {
                match request.path.as_str() {
                    "/disk.raw" => Response::text(200, "bytes").with("etag", "\"e\""),
                    "/moved" => Response::empty(302).with("location", "/disk.raw"),
                    "/round" => Response::empty(301).with("location", "/round"),
                    "/away" => Response::empty(307).with("location", "ftp://elsewhere/disk.raw"),
                    "/nowhere" => Response::empty(302),
                    "/silent" => std::future::pending().await,
                    "/empty" => Response::empty(200).with("content-length", "0"),
                    "/door" if request.headers.get("authorization") == Some("Basic dTpwQHc=") => {
                        Response::text(200, "bytes")
                    }
                    "/door" => Response::empty(401),
                    _ => Response::empty(404),
                }
            })
        }
    }

    async fn head_of(path: &str, deadline: Duration) -> (Url, Result<Head, HeadError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap();
        let user = if path == "/door" { "u:p%40w@" } else { "" };
        let url = Url::parse(&format!("http://{user}{host}{path}")).unwrap();
        let stop = CancellationToken::new();
        let limits = Limits { drain: Duration::ZERO, ..Limits::default() };
        let server = tokio::spawn(serve(listener, Arc::new(Images), limits, stop.clone()));
        let head = image_head(&Client::new(), &url, deadline).await;
        stop.cancel();
        server.await.unwrap();
        (url, head)
    }

    const AMPLE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_head_tells_size_and_tag_and_where_it_was_found() {
        let (url, head) = head_of("/disk.raw", AMPLE).await;
        let head = head.unwrap();
        assert_eq!((head.size, head.etag.as_deref()), (Some(5), Some("\"e\"")));
        assert_eq!(head.url, url);
        let (url, head) = head_of("/moved", AMPLE).await;
        assert_eq!(head.unwrap().url, url.join("/disk.raw").unwrap());
    }

    #[tokio::test]
    async fn a_password_in_the_address_goes_into_a_header_and_stays_in_the_address() {
        let (url, head) = head_of("/door", AMPLE).await;
        let head = head.unwrap();
        assert_eq!(head.url, url);
        assert!(!format!("{head:?}").contains("u:p"));
    }

    #[tokio::test]
    async fn each_way_to_fail_has_its_own_words() {
        let (url, missing) = head_of("/gone?token=secret", AMPLE).await;
        let base = format!("http://{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let text = missing.unwrap_err().to_string();
        assert_eq!(text, format!("image server answered 404 instead of 200 to HEAD of {base}/gone"));
        assert!(matches!(head_of("/round", AMPLE).await.1, Err(HeadError::Loop { .. })));
        assert!(matches!(head_of("/away", AMPLE).await.1, Err(HeadError::Redirect { .. })));
        assert!(matches!(head_of("/nowhere", AMPLE).await.1, Err(HeadError::Redirect { .. })));
        assert!(matches!(head_of("/empty", AMPLE).await.1, Err(HeadError::Empty { .. })));
    }

    #[tokio::test]
    async fn silence_and_refusal_are_told_apart() {
        let limit = Duration::from_millis(1);
        let silent = head_of("/silent", limit).await.1.unwrap_err();
        let timeout = matches!(silent, HeadError::Client { source: ClientError::Timeout { .. }, .. });
        assert!(timeout || matches!(silent, HeadError::Late { .. }), "{silent:?}");
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://u:p@{}/x", closed.local_addr().unwrap())).unwrap();
        drop(closed);
        let refused = image_head(&Client::new(), &url, AMPLE).await.unwrap_err();
        assert!(
            matches!(&refused, HeadError::Client { source: ClientError::Unreachable { .. }, .. }),
            "{refused:?}"
        );
        assert!(!refused.to_string().contains("u:p"), "{refused}");
    }
}
