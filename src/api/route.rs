//! From method and path to an action. The microversion has a say: what is too new is not there (404), or cannot be
//! written (405).

use percent_encoding::percent_decode_str;

use crate::api::Door;
use crate::api::fault::Fault;
use crate::api::request::suffix::SUFFIX;
use crate::api::table::{Action, Below, ROUTES, Route};
use crate::net::http::Method;

/// A request that has found its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub action: Action,
    /// The route's path, as its table has it.
    pub pattern: &'static str,
    pub idents: Vec<String>,
    /// The route and its method, for who counts.
    pub place: (&'static str, &'static str),
}

/// A path without what does not matter: `/v1` in front, slashes at the end, `.json` below 1.91.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    segments: Vec<String>,
    /// `/v1` was there: alone it is the version's own page.
    versioned: bool,
    /// `.json` was taken off its end.
    pub suffixed: bool,
}

impl Path {
    pub fn parse(path: &str, version: u16) -> Result<Self, Fault> {
        let mut segments = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if segments.len() > SEGMENTS_LIMIT {
                return Err(nowhere());
            }
            let text = percent_decode_str(part).decode_utf8();
            segments.push(text.map_err(|_| Fault::router(400, "the path is not UTF-8"))?.into_owned());
        }
        let versioned = segments.first().is_some_and(|first| first == "v1");
        if versioned {
            segments.remove(0);
        }
        // Pages of our own have no microversions, so that nothing is taken off their names.
        let ours = !versioned && segments.first().is_some_and(|first| first == OURS);
        let last = segments.last_mut().filter(|_| version < SUFFIX_UNTIL && !ours);
        let mut suffixed = false;
        if let Some((bare, last)) = last.and_then(|last| Some((last.strip_suffix(SUFFIX)?.len(), last))) {
            last.truncate(bare);
            suffixed = true;
        }
        Ok(Self { segments, versioned, suffixed })
    }

    /// The first part; empty for `/` and `/v1`.
    pub fn first(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }

    /// Whether it is `/`: served whatever version is asked for.
    pub fn is_root(&self) -> bool {
        self.segments.is_empty() && !self.versioned
    }

    /// Whether it is one of our own pages, which have no microversions.
    pub fn is_ours(&self) -> bool {
        !self.versioned && self.first() == OURS
    }

    /// Whether it is a page of ours that has no microversion although its name is not below `ferric`.
    pub fn is_bare(&self, method: Method) -> bool {
        !self.versioned
            && ROUTES.iter().any(|row| row.bare && row.method == method && self.matches(row.path).is_some())
    }

    fn matches(&self, pattern: &str) -> Option<Vec<String>> {
        if self.versioned && pattern.starts_with(OURS) {
            return None;
        }
        if self.segments.is_empty() {
            let own = if self.versioned { "v1" } else { "" };
            return (pattern == own).then(Vec::new);
        }
        let mut idents = Vec::new();
        let mut rest = self.segments.iter();
        for part in pattern.split('/') {
            let segment = rest.next()?;
            if part == "{}" {
                idents.push(segment.clone());
            } else if part != segment {
                return None;
            }
        }
        rest.next().is_none().then_some(idents)
    }
}

/// Finds the action of a request.
pub fn find(method: Method, path: &Path, version: u16, door: Door) -> Result<Found, Fault> {
    let mut at_path: Vec<(&Route, Vec<String>)> = ROUTES
        .iter()
        .filter(|route| route.rack || door == Door::Operator)
        .filter(|route| !(route.bare && path.versioned))
        .filter_map(|route| Some((route, path.matches(route.path)?)))
        .collect();
    // A literal that fits is no ident: nothing is called `detail`.
    let Some(first) = at_path.first().map(|(route, _)| route.path) else { return Err(nowhere()) };
    at_path.retain(|(route, _)| route.path == first);
    let here = at_path.iter().any(|(route, _)| route.since <= version);
    if !here {
        let below = at_path.iter().find(|(route, _)| route.method == method).map(|(route, _)| route.below);
        return Err(match below {
            Some(Below::NotAllowed) => not_allowed(method.word(), String::new()),
            Some(Below::NotAllowedBelow(since)) if version < since => {
                not_allowed(method.word(), String::new())
            }
            Some(Below::TooNew) => {
                Fault::new(406, "this needs a newer API version than the one that was asked for")
            }
            Some(Below::NotFound) => Fault::not_found("this is not in the API version that was asked for"),
            Some(Below::Nothing | Below::NothingAlone | Below::NotAllowedBelow(_)) | None => nowhere(),
        });
    }
    if at_path.iter().any(|(route, _)| {
        route.method == method && route.since > version && route.below == Below::NothingAlone
    }) {
        return Err(nowhere());
    }
    let place = at_path.iter().position(|(route, _)| route.method == method && route.since <= version);
    let Some(place) = place else { return Err(not_allowed(method.word(), allowed(&at_path, version))) };
    let (route, idents) = at_path.swap_remove(place);
    Ok(Found { action: route.action, pattern: route.path, idents, place: (route.path, route.method.word()) })
}

/// What can be done at a path in this version, as `Allow` lists it (RFC 9110 10.2.1).
fn allowed(at_path: &[(&Route, Vec<String>)], version: u16) -> String {
    let here =
        |method: &Method| at_path.iter().any(|(route, _)| route.method == *method && route.since <= version);
    let methods = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
    methods.into_iter().filter(here).map(Method::word).collect::<Vec<_>>().join(", ")
}

fn nowhere() -> Fault {
    Fault::router(404, "there is nothing at this path, or not in this API version")
}

/// The refusal of a method, by its word as sent, where those of `allowed` are possible.
pub fn not_allowed(word: &str, allowed: String) -> Fault {
    let shown: String = word.chars().take(32).collect();
    Fault::router(405, format!("{shown} is not possible here")).allowing(allowed)
}

/// Whether a client that sent these `Accept` texts takes JSON.
pub fn takes_json(accept: &str) -> bool {
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    accept.trim().is_empty() || kinds.any(|kind| ["application/json", "application/*", "*/*"].contains(&kind))
}

/// What paths begin with that the reference does not have.
const OURS: &str = "ferric";

/// More than any path of ours has.
const SEGMENTS_LIMIT: usize = 8;

/// From this version on `.json` at the end of a path is part of a name.
const SUFFIX_UNTIL: u16 = 91;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(method: Method, path: &str, version: u16) -> Result<Action, u16> {
        let path = Path::parse(path, version).map_err(|fault| fault.status())?;
        find(method, &path, version, Door::Operator).map(|found| found.action).map_err(|fault| fault.status())
    }

    #[test]
    fn prefix_slash_and_suffix_do_not_matter() {
        for path in ["/v1/nodes", "/nodes", "/v1/nodes/", "//v1//nodes//", "/v1/nodes.json"] {
            assert_eq!(at(Method::Get, path, 90), Ok(Action::NodeList), "{path}");
        }
        assert_eq!(at(Method::Get, "/v1/nodes.json", 91), Err(404));
        assert_eq!(at(Method::Get, "/", 1), Ok(Action::Root));
        for path in ["/v1", "/v1/"] {
            assert_eq!(at(Method::Get, path, 1), Ok(Action::Version));
        }
    }

    #[test]
    fn a_literal_wins_over_an_ident() {
        assert_eq!(at(Method::Get, "/v1/nodes/detail", 1), Ok(Action::NodeDetail));
        assert_eq!(at(Method::Get, "/v1/nodes/n1", 1), Ok(Action::NodeShow));
    }

    #[test]
    fn what_is_not_there_is_404_and_what_cannot_be_done_405() {
        assert_eq!(at(Method::Get, "/v1/foo", 115), Err(404));
        assert_eq!(at(Method::Head, "/v1/nodes", 115), Err(405));
        assert_eq!(at(Method::Put, "/v1/nodes", 115), Err(405));
        assert_eq!(at(Method::Get, "/v1/runbooks", 50), Err(404));
        assert_eq!(at(Method::Post, "/v1/runbooks", 50), Err(405));
        assert_eq!(at(Method::Get, "/v1/lookup", 21), Err(404));
        assert_eq!(at(Method::Get, "/v1/nodes/a/traits", 36), Err(404));
    }

    #[test]
    fn who_may_not_is_told_what_is_possible_in_this_version() {
        let allowed = |method, path, version| {
            let path = Path::parse(path, version).unwrap();
            let fault = find(method, &path, version, Door::Operator).unwrap_err();
            (fault.status() == 405).then(|| fault.allowed().unwrap().to_owned())
        };
        assert_eq!(allowed(Method::Head, "/v1/nodes", 115).unwrap(), "GET, POST, PATCH, DELETE");
        assert_eq!(allowed(Method::Put, "/v1/conductors", 115).unwrap(), "GET");
        assert_eq!(allowed(Method::Post, "/v1/nodes/a", 115).unwrap(), "GET, PATCH, DELETE");
        assert_eq!(allowed(Method::Other, "/v1/nodes/a/states/power", 115).unwrap(), "PUT");
        assert_eq!(allowed(Method::Post, "/v1/runbooks", 50).unwrap(), "", "nothing yet");
        assert_eq!(allowed(Method::Get, "/v1/foo", 115), None);
    }

    #[test]
    fn the_racks_door_shows_the_agents_pages_only() {
        let path = Path::parse("/v1/nodes", 115).unwrap();
        assert_eq!(find(Method::Get, &path, 115, Door::Rack).unwrap_err().status(), 404);
        let path = Path::parse("/v1/lookup", 115).unwrap();
        assert!(find(Method::Get, &path, 115, Door::Rack).is_ok());
    }

    #[test]
    fn the_stream_is_beside_the_versions() {
        assert_eq!(at(Method::Get, "/events", 1), Ok(Action::Events));
        assert_eq!(at(Method::Get, "/events/", 115), Ok(Action::Events));
        assert_eq!(at(Method::Get, "/v1/events", 115), Err(405));
        assert_eq!(at(Method::Get, "/v1/events", 53), Err(404));
        assert_eq!(at(Method::Put, "/events", 115), Err(405));
        let path = Path::parse("/events", 1).unwrap();
        assert!(path.is_bare(Method::Get) && !path.is_bare(Method::Post));
        assert_eq!(find(Method::Get, &path, 1, Door::Rack).unwrap_err().status(), 404);
    }

    #[test]
    fn browsers_are_turned_away() {
        assert!(takes_json(""));
        assert!(takes_json("text/html, */*;q=0.1"));
        assert!(!takes_json("text/html"));
    }

    #[test]
    fn paths_have_the_versions_of_the_contract() {
        let golden: Vec<(String, String, Option<String>)> =
            serde_json::from_str(include_str!("../../tests/goldens/api/endpoints.json")).unwrap();
        for (method, path, since) in golden.iter().filter(|(_, path, _)| !LATER.contains(&path.as_str())) {
            let pattern = path.trim_start_matches('/');
            let row = ROUTES.iter().find(|row| row.method.word() == method && row.path == pattern);
            let since = since.as_ref().map_or(1, |since| since.strip_prefix("1.").unwrap().parse().unwrap());
            assert_eq!(row.map(|row| row.since), Some(since), "{method} {path}");
        }
    }

    /// Paths of the contract that this version answers as if nothing were there.
    const LATER: &[&str] = &[
        // Rows a method.
        "nodes/{}/vendor_passthru/{}",
        "drivers/{}/vendor_passthru/{}",
        "chassis/{}/nodes",
        "runbooks/{}/traits[/{}]",
        // Agents call it without a version; it says so at each.
        "continue_inspection",
    ];

    proptest! {
        #[test]
        fn no_path_is_a_panic(path in "[/a-z0-9%.é]{0,40}", version in 1_u16..=115) {
            if let Ok(path) = Path::parse(&path, version) {
                find(Method::Get, &path, version, Door::Operator).ok();
            }
        }
    }
}
