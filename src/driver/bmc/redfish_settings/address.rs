//! Where a node says that its Redfish service is, and which system of it.

use std::fmt::Write;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::driver::bmc::settings::{Given, SettingsError};

/// The URL as given; no scheme means https, and an IPv6 address may lack its brackets.
pub(super) fn address(given: Given<'_>) -> Result<Url, SettingsError> {
    let text = given.text(ADDRESS)?.ok_or_else(|| SettingsError::Missing(ADDRESS.to_owned()))?.trim();
    let bracketed = || text.parse::<std::net::Ipv6Addr>().map(|address| format!("https://[{address}]"));
    let full = match bracketed() {
        Ok(full) => full,
        Err(_) if text.contains("://") => text.to_owned(),
        Err(_) => format!("https://{text}"),
    };
    let wrong = |why: &str| SettingsError::invalid(ADDRESS, format!("is no URL of a Redfish service: {why}"));
    let url = Url::parse(&full).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("its scheme must be https or http"));
    }
    if url.port() == Some(0) {
        return Err(wrong("port 0 is none"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    Ok(url)
}

pub(super) fn host(url: &Url) -> Result<String, SettingsError> {
    match url.host() {
        Some(Host::Domain(name)) => Ok(name.to_lowercase()),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        None => Err(SettingsError::invalid(ADDRESS, "names no host")),
    }
}

pub(super) fn root(url: &Url) -> String {
    match url.path() {
        "" | "/" => "/redfish/v1/".to_owned(),
        path if path.ends_with('/') => path.to_owned(),
        path => format!("{path}/"),
    }
}

pub(super) fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8_lossy().into_owned()).filter(|text| !text.is_empty())
}

/// A path at the address, and nothing that a URL could lead elsewhere with: a scheme, or another host.
pub(super) fn system_id(given: Given<'_>) -> Result<Option<String>, SettingsError> {
    const KEY: &str = "redfish_system_id";
    let Some(text) = given.text(KEY)? else { return Ok(None) };
    let path = quoted(text.trim());
    if path.starts_with("//") || Url::parse(&path).is_ok() {
        let why = "must be the path of the system, as /redfish/v1/Systems/1: host and port stand in redfish_address";
        return Err(SettingsError::invalid(KEY, why));
    }
    Ok(Some(path))
}

/// A path with all but its plain characters quoted; what is quoted already stays.
fn quoted(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

const ADDRESS: &str = "redfish_address";
