//! Reading: resources by path and by link, collections, bounded JSON.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use crate::base::time::{Later, sleep};
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::{Answered, Ask, Talk};
use crate::net::http::Method;
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::link::{Link, Links};
use crate::wire::redfish::resource::{Resource, embedded};
use crate::wire::redfish::view::root::{Collection, ServiceRoot};

impl Talk {
    /// The service root, kept after the first reading.
    pub async fn root(&self) -> Result<ServiceRoot, RedfishError> {
        let known = self.slot().known().root.clone();
        if let Some(root) = known {
            return Ok(root.view());
        }
        let root = std::sync::Arc::new(self.get(&self.access.root).await?);
        self.slot().known().root = Some(std::sync::Arc::clone(&root));
        Ok(root.view())
    }

    /// The resource at a path. A BMC that fails is asked again a few times; a path that is not there is asked for
    /// with its other slash.
    pub async fn get(&self, path: &str) -> Result<Resource, RedfishError> {
        self.get_in(path, READS).await
    }

    async fn get_in(&self, path: &str, reads: u32) -> Result<Resource, RedfishError> {
        let mut path = path.to_owned();
        let (mut tries, mut turned) = (1, false);
        loop {
            let error = match self.call(&Ask::get(path.as_str())).await {
                Ok(answer) => return self.resource(&path, &answer),
                Err(error) => error,
            };
            match error.fault().map(|fault| fault.status) {
                Some(404) if !turned && !path.contains('?') => {
                    Link::new(path.as_str()).other_slash().as_str().clone_into(&mut path);
                    turned = true;
                }
                Some(500..) if tries < reads && error.fault().is_none_or(|fault| fault.pause.is_none()) => {
                    tries += 1;
                    sleep(&**self.clock(), READ_PAUSE).await;
                }
                _ => return Err(error),
            }
        }
    }

    fn resource(&self, path: &str, answer: &Answered) -> Result<Resource, RedfishError> {
        let raw = self.json(Method::Get, path, &answer.body)?;
        if !raw.is_object() && !raw.is_array() {
            let why = "it is no JSON object".to_owned();
            return Err(RedfishError::Garbled { place: self.place(Method::Get, path), why });
        }
        Ok(Resource::new(path, answer.etag(), raw))
    }

    /// A body as JSON, bounded in values before they take memory.
    pub fn json(&self, method: Method, path: &str, body: &[u8]) -> Result<Value, RedfishError> {
        let garbled = |why: String| RedfishError::Garbled { place: self.place(method, path), why };
        if values(body) > VALUE_LIMIT {
            return Err(garbled(format!("it holds more than {VALUE_LIMIT} values")));
        }
        match first_document(body) {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => match first_document(&mended(body)) {
                Some(Ok(value)) => Ok(value),
                Some(Err(_)) | None => Err(garbled(no_json(body, &error.to_string()))),
            },
            None => Err(garbled("it is empty".to_owned())),
        }
    }

    /// Where a link leads on this BMC.
    pub fn path(&self, link: &Link) -> Result<String, RedfishError> {
        link.path(&self.access.authority()).map_err(|source| RedfishError::Link { bmc: self.who(), source })
    }

    /// What a link leads to; with a fragment, that part of it.
    pub async fn follow(&self, link: &Link) -> Result<Resource, RedfishError> {
        let whole = self.get(&self.path(link)?).await?;
        let part =
            link.pointer().and_then(|pointer| whole.raw.pointer(pointer)).filter(|part| part.is_object());
        match part.cloned() {
            Some(raw) => Ok(Resource { raw, ..whole }),
            None => Ok(whole),
        }
    }

    /// What a link leads to; what it does not serve is absent. Silence and a refused account are errors.
    pub async fn maybe(&self, link: Option<&Link>) -> Result<Option<Resource>, RedfishError> {
        let Some(link) = link else { return Ok(None) };
        match self.follow_patiently(link).await {
            Ok(resource) => Ok(Some(resource)),
            Err(error) if error.is_silence() || error.is_about_account() => Err(error),
            Err(error) => {
                if error.is_absent() {
                    tracing::debug!(%error, "a link serves nothing");
                } else {
                    tracing::warn!(%error, "a link serves nothing of use");
                }
                Ok(None)
            }
        }
    }

    /// What a link leads to; where links come and go, what is not there is asked for a few times.
    async fn follow_patiently(&self, link: &Link) -> Result<Resource, RedfishError> {
        let mut outcome = self.follow(link).await;
        for _ in 1..LINK_TRIES {
            let is_gone =
                matches!(&outcome, Err(error) if error.fault().is_some_and(|fault| fault.status == 404));
            if !is_gone || !self.slot().known().quirks.values().any(|quirks| quirks.links_come_and_go()) {
                break;
            }
            sleep(&**self.clock(), LINK_PAUSE).await;
            outcome = self.follow(link).await;
        }
        outcome
    }

    pub async fn maybe_view<V: View>(&self, link: Option<&Link>) -> Result<Option<V>, RedfishError> {
        Ok(self.maybe(link).await?.map(|resource| resource.view()))
    }

    /// The members of a collection; those that serve nothing are passed over. Whole ones are taken as they came, if
    /// the BMC expands and tells all.
    pub async fn members(&self, link: Option<&Link>) -> Result<Vec<Resource>, RedfishError> {
        match link {
            Some(link) => self.few_members(link, MEMBERS).await,
            None => Ok(Vec::new()),
        }
    }

    /// The same of a collection that names more than `limit` members only if it lies: then none is asked for.
    pub async fn few_members(&self, link: &Link, limit: usize) -> Result<Vec<Resource>, RedfishError> {
        if let Ok(path) = self.path(link)
            && let Some(expanded) = self.expanded(&path).await?
        {
            return Ok(expanded);
        }
        let Some(first) = self.maybe(Some(link)).await? else { return Ok(Vec::new()) };
        let whole = first.expanded();
        let path = first.path.clone();
        let links = self.pages(first).await?;
        if links.len() > limit && limit < MEMBERS {
            let why = format!("it lists {} members or more, and {limit} are credible", links.len());
            return Err(RedfishError::Garbled { place: self.place(Method::Get, &path), why });
        }
        let read = self.each(&links).await?;
        // Some list their members whole and serve none of them.
        Ok(if read.is_empty() { whole } else { read })
    }

    /// Members that are a collection with some and embedded with others.
    pub async fn listed(&self, links: &Links, raw: Option<&Value>) -> Result<Vec<Resource>, RedfishError> {
        match links {
            Links::Absent => Ok(Vec::new()),
            Links::Collection(link) => self.members(Some(link)).await,
            Links::Members(links) => {
                let whole = embedded(raw);
                if whole.len() == links.len() { Ok(whole) } else { self.each(links).await }
            }
        }
    }

    /// What these links lead to, a few at once, in their order; each path once.
    pub async fn each(&self, links: &[Link]) -> Result<Vec<Resource>, RedfishError> {
        let distinct = distinct(links);
        let mut reading: Vec<Later<'_, Result<Option<Resource>, RedfishError>>> = Vec::new();
        for link in &distinct {
            reading.push(Box::pin(self.maybe(Some(link))));
        }
        let read: Vec<_> = stream::iter(reading).buffered(AT_ONCE).collect().await;
        let read: Result<Vec<_>, _> = read.into_iter().collect();
        Ok(read?.into_iter().flatten().collect())
    }

    /// The links of a collection over all its pages.
    async fn pages(&self, first: Resource) -> Result<Vec<Link>, RedfishError> {
        let mut page: Collection = first.view();
        let (mut links, own) = (Vec::new(), first.path.clone());
        let mut seen = HashSet::from([first.path]);
        loop {
            links.append(&mut page.members);
            let Some(next) = page.next.take().filter(|_| links.len() < MEMBERS && seen.len() < PAGES) else {
                return Ok(links);
            };
            let next = next.seen_from(&own);
            if self.path(&next).is_ok_and(|path| !seen.insert(path)) {
                return Ok(links);
            }
            let Some(next) = self.maybe(Some(&next)).await? else { return Ok(links) };
            page = next.view();
        }
    }

    /// The members by `$expand`; `None` where it is not there or lies. Who lied about a collection is not asked to
    /// expand it again, and who expands nothing is not asked at all.
    async fn expanded(&self, path: &str) -> Result<Option<Vec<Resource>>, RedfishError> {
        let expand = self.root().await?.expand;
        let can = expand.no_links == Some(true) || expand.all == Some(true);
        if !can || path.contains('?') || !self.slot().known().expands(path) {
            return Ok(None);
        }
        let word = if expand.no_links == Some(true) { "." } else { "*" };
        let levels = if expand.levels == Some(true) { "($levels=1)" } else { "" };
        let resource = match self.get_in(&format!("{path}?$expand={word}{levels}"), 1).await {
            Ok(resource) => resource,
            Err(error) if error.is_silence() || error.is_about_account() => return Err(error),
            Err(_) => {
                self.slot().known().unexpanded(path, false);
                return Ok(None);
            }
        };
        // An error in front of the collection (a licence that is missing) is the first document.
        if resource.raw.get("Members").is_none() {
            return Ok(None);
        }
        let collection: Collection = resource.view();
        let whole = resource.expanded();
        let told = collection.count.map_or(whole.len(), |count| usize::try_from(count).unwrap_or(usize::MAX));
        let is_all =
            collection.next.is_none() && whole.len() == told && whole.len() == collection.members.len();
        if !is_all {
            self.slot().known().unexpanded(path, whole.is_empty());
        }
        Ok(is_all.then_some(whole))
    }
}

/// Each link once, so many at most; a slash at the end makes no other link.
fn distinct(links: &[Link]) -> Vec<Link> {
    let mut seen = HashSet::new();
    links
        .iter()
        .filter(|link| seen.insert(link.as_str().trim_end_matches('/')))
        .take(MEMBERS)
        .cloned()
        .collect()
}

/// The first of the documents in a body: iDRAC may send an error and then the resource.
fn first_document(body: &[u8]) -> Option<Result<Value, serde_json::Error>> {
    serde_json::Deserializer::from_slice(body).into_iter::<Value>().next()
}

/// A text as it was meant: without a byte order mark, with other letters in place of bytes that are none and of control
/// characters, which stand in serial numbers that were never written.
fn mended(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}');
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>().into_bytes()
}

/// Values of a JSON text, roughly: each follows one of three marks outside texts.
fn values(body: &[u8]) -> usize {
    let (mut count, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match (in_text, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, _, b'"') => in_text = !in_text,
            (false, _, b',' | b'[' | b'{') => count += 1,
            _ => {}
        }
    }
    count
}

/// What came in place of JSON, for the operator.
fn no_json(body: &[u8], why: &str) -> String {
    let text = String::from_utf8_lossy(body.get(..EXCERPT).unwrap_or(body));
    let text = text.trim_start_matches('\u{feff}');
    let shown: String = text.chars().filter(|letter| !letter.is_control()).collect();
    if text.trim_start().starts_with('<') {
        format!("it is HTML: {shown}")
    } else if body.starts_with(&GZIP) {
        "it is compressed, which nobody asked for".to_owned()
    } else {
        format!("{why}: {shown}")
    }
}

/// How often a BMC that fails is asked for the same.
const READS: u32 = 3;
const READ_PAUSE: Duration = Duration::from_secs(2);
/// How often a link that comes and goes is followed.
const LINK_TRIES: u32 = 4;
const LINK_PAUSE: Duration = Duration::from_secs(1);
/// Members that are read of one collection.
const MEMBERS: usize = 512;
/// Pages that are read of one collection.
const PAGES: usize = 64;
/// Requests of one walk at once; the governor may allow fewer.
const AT_ONCE: usize = 4;
/// Values of one answer: a registry of two thousand attributes has some fifty thousand.
const VALUE_LIMIT: usize = 1_000_000;
/// How compressed data begins (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes of a text that is no JSON which an error repeats.
const EXCERPT: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_counted_outside_texts() {
        assert_eq!(values(br#"{"a": [1, 2, {"b": "[,{\", "}]}"#), 5);
        assert_eq!(values(b""), 0);
    }

    #[test]
    fn good_text_is_not_touched_by_mending() {
        let text = r#"{"a": "Lüfter 1", "b": [1.5, null]}"#;
        assert_eq!(mended(text.as_bytes()), text.as_bytes());
        assert_eq!(
            first_document(&mended(b"\xef\xbb\xbf{\"a\":\"x\x00\xfe\"}")).unwrap().unwrap()["a"],
            "x \u{fffd}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let shown = no_json(&body, "why");
            prop_assert!(shown.chars().count() < 200 && !shown.contains('\n'));
            prop_assert!(values(&body) <= body.len());
            if let Some(Err(_)) | None = first_document(&mended(&body)) {
                prop_assert!(first_document(&body).is_none_or(|outcome| outcome.is_err()));
            }
        }
    }
}
