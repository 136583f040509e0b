//! The HTTP values that the rest of the program sees: method, headers, request and response.

use std::fmt;
use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

use crate::base::who::Who;
use crate::net::body::{Body, BodyError, Inflow};

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Head,
    Put,
    Post,
    Patch,
    Delete,
    Options,
    /// Any other, known or not; it can be received and refused, but not sent.
    Other,
}

impl Method {
    /// The method's word; `OTHER` stands for the unknown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "OTHER",
        }
    }

    /// Whether asking twice is the same as asking once and changes nothing.
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Reads a method's word; methods are case-sensitive (RFC 9110 9.1).
    #[must_use]
    pub fn of(word: &str) -> Self {
        KNOWN.iter().copied().find(|method| method.word() == word).unwrap_or(Self::Other)
    }
}

/// An ordered list of header lines; names are compared without regard to case.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every value under `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Adds a line after those that are there.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Makes `value` the only one under `name`.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.push(name, value);
    }

    /// Every line, name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Names only: values may be credentials.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A request as it came in.
pub struct Request {
    pub method: Method,
    /// The method as sent, for messages: `method` tells the unknown ones not apart.
    pub word: String,
    /// The path as sent, still percent-encoded; `*` or empty for requests that have none.
    pub path: String,
    /// What follows the question mark, still percent-encoded; empty if there is none.
    pub query: String,
    pub headers: Headers,
    /// The far end of the connection.
    pub peer: SocketAddr,
    /// Our end of the connection.
    pub local: SocketAddr,
    /// Who sends it, once somebody has found that out.
    pub who: Option<Who>,
    /// Ends when who sends it may no longer be here, for answers that go on for long.
    pub stay: CancellationToken,
    body: Inflow,
}

impl Request {
    /// A request that came over no socket, from and to `0.0.0.0:0`; the fields can be set afterwards.
    pub fn made(method: Method, path: &str, body: Vec<u8>) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            method,
            word: method.word().to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: Headers::new(),
            peer: nowhere,
            local: nowhere,
            who: None,
            stay: CancellationToken::new(),
            body: Inflow::made(body),
        }
    }

    #[must_use]
    pub(super) fn with_body(self, body: Inflow) -> Self {
        Self { body, ..self }
    }

    /// Reads the whole body, `limit` bytes at most, within the server's time for bodies. A second call
    /// gives nothing. After an error the body is lost.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        self.body.read(limit).await
    }

    /// The next part of the body, each within the server's time for bodies; `None` at its end. For bodies that are
    /// too large to be held: who asks counts the bytes. After an error the rest is lost.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        self.body.next().await
    }
}

/// Without the query, which may hold a token, and without the body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, headers, peer, .. } = self;
        write!(f, "{} {path} from {peer} {headers:?}", method.word())
    }
}

/// An answer on its way out. `Content-Length` is added for bodies that have one.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Headers,
    pub body: Body,
}

impl Response {
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Headers::new(), body: Body::Empty }
    }

    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self::of(status, "application/json", body)
    }

    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, "text/plain; charset=utf-8", body.into().into_bytes())
    }

    /// Bytes of any type.
    pub fn of(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { body: Body::Bytes(body), ..Self::empty(status) }.with("Content-Type", content_type)
    }

    /// The same with one more header line.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(name, value);
        self
    }
}

const KNOWN: &[Method] =
    &[Method::Get, Method::Head, Method::Put, Method::Post, Method::Patch, Method::Delete, Method::Options];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_have_no_case_and_keep_their_order() {
        let mut headers = Headers::new();
        headers.push("Accept", "a");
        headers.push("X-Token", "t");
        headers.push("accept", "b");
        assert_eq!(headers.get("ACCEPT"), Some("a"));
        assert_eq!(headers.all("accept").collect::<Vec<_>>(), ["a", "b"]);
        headers.set("aCCept", "c");
        assert_eq!(headers.all("Accept").collect::<Vec<_>>(), ["c"]);
        assert_eq!(headers.get("missing"), None);
    }

    #[test]
    fn debug_shows_neither_header_values_nor_the_query() {
        let mut request = Request::made(Method::Get, "/v1", b"hidden".to_vec());
        request.query = "agent_token=hidden".to_owned();
        request.headers.push("X-Auth-Token", "hidden");
        let shown = format!("{request:?}");
        assert!(shown.contains("X-Auth-Token"), "{shown}");
        assert!(!shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn methods_are_case_sensitive_words() {
        for method in KNOWN {
            assert_eq!(Method::of(method.word()), *method);
        }
        assert_eq!(Method::of("get"), Method::Other);
        assert_eq!(Method::of("CONNECT"), Method::Other);
    }

    #[tokio::test]
    async fn a_made_request_gives_its_body_once_and_within_the_limit() {
        let mut request = Request::made(Method::Post, "/", b"12345".to_vec());
        assert_eq!(request.read(5).await.unwrap(), b"12345");
        assert_eq!(request.read(5).await.unwrap(), b"");
        let mut request = Request::made(Method::Post, "/", b"12345".to_vec());
        assert!(matches!(request.read(4).await, Err(BodyError::TooLarge { limit: 4 })));
    }
}
