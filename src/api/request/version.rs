//! Which microversion a request speaks: two headers, `latest`, and the refusals.

use crate::api::fault::Fault;
use crate::model::shape::LATEST;
use crate::net::http::{Headers, Response};

/// The minor number that the request asks for; without a header the oldest. As in the microversion parser of
/// the OpenStack services, the common header wins over the service's own, and in each the last entry counts.
pub fn asked(headers: &Headers) -> Result<u16, Fault> {
    if let Some(text) = headers.all(COMMON).flat_map(|line| line.split(',')).filter_map(of_service).last() {
        return minor(text);
    }
    let own = headers.all(OURS).flat_map(|line| line.split(',')).last();
    own.map_or(Ok(OLDEST), |text| minor(text.trim()))
}

/// The version in `baremetal 1.N`.
fn of_service(entry: &str) -> Option<&str> {
    let (service, version) = entry.trim().split_once(' ')?;
    (service.eq_ignore_ascii_case("baremetal")).then(|| version.trim())
}

fn minor(text: &str) -> Result<u16, Fault> {
    if text.eq_ignore_ascii_case("latest") {
        return Ok(LATEST);
    }
    let refused = |why: String| Err(Fault::router(406, why));
    let shown: String = text.chars().take(16).collect();
    let parsed = text.split_once('.').filter(|(major, minor)| is_number(major) && is_number(minor));
    let Some((major, minor)) = parsed else {
        return refused(format!("version {shown:?} is not a version: ask for 1.N or latest"));
    };
    let known = minor.parse().ok().filter(|minor| major == "1" && (OLDEST..=LATEST).contains(minor));
    match known {
        Some(minor) => Ok(minor),
        None => refused(format!("version {shown} is not served: 1.{OLDEST} to 1.{LATEST} are")),
    }
}

fn is_number(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Adds the version that was used, and the range.
pub fn mark(response: Response, version: u16) -> Response {
    response
        .with(OURS, format!("1.{version}"))
        .with("X-OpenStack-Ironic-API-Minimum-Version", format!("1.{OLDEST}"))
        .with("X-OpenStack-Ironic-API-Maximum-Version", format!("1.{LATEST}"))
}

/// Minor number of the oldest microversion (1.1), and what a request without a header speaks.
pub const OLDEST: u16 = 1;

const OURS: &str = "X-OpenStack-Ironic-API-Version";
const COMMON: &str = "OpenStack-API-Version";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<u16, u16> {
        let mut headers = Headers::new();
        headers.push(name, value);
        asked(&headers).map_err(|fault| fault.status())
    }

    #[test]
    fn both_headers_are_understood() {
        assert_eq!(asked(&Headers::new()).ok(), Some(1));
        for (value, minor) in [("1.1", 1), ("1.115", 115), ("latest", 115), ("Latest", 115)] {
            assert_eq!(of(OURS, value), Ok(minor));
            assert_eq!(of(COMMON, &format!("compute 2.1, baremetal {value}")), Ok(minor));
        }
        assert_eq!(of(COMMON, "compute 2.1"), Ok(1));
    }

    #[test]
    fn the_common_header_wins_and_its_last_entry_counts() {
        let mut headers = Headers::new();
        headers.push(OURS, "1.20");
        assert_eq!(asked(&headers).ok(), Some(20));
        headers.push(COMMON, "compute 2.1");
        assert_eq!(asked(&headers).ok(), Some(20));
        headers.push(COMMON, "baremetal 1.30, baremetal 1.31");
        assert_eq!(asked(&headers).ok(), Some(31));
        headers.push(COMMON, "baremetal 9.9");
        assert_eq!(asked(&headers).map_err(|fault| fault.status()), Err(406));
    }

    #[test]
    fn what_is_not_served_is_406() {
        for value in ["1.200", "1.0", "2.1", "abc", "", "1", "1.", "1.+1", "1.99999", "1.999999", "1.1.1"] {
            assert_eq!(of(OURS, value), Err(406), "{value}");
        }
    }
}
