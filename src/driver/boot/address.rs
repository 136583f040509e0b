//! Under which URL a BMC fetches what it boots.

use std::fmt;
use std::net::IpAddr;

use crate::base::secret::Secret;
use crate::driver::boot::veil;
use crate::driver::error::DriverError;
use crate::model::boot::Boots;
use crate::model::boot::elsewhere::{BOOT_ISO, is_elsewhere, is_passed_on};
use crate::model::boot::ticket::Ticket;
use crate::model::node::Node;
use crate::net::whereabouts::Whereabouts;

/// Where this host's HTTP server is, as others see it; without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bases {
    /// The rack's own door.
    pub rack: Whereabouts,
    /// `[deploy] http_url`
    pub http: Option<String>,
    /// `[deploy] external_http_url`
    pub external: Option<String>,
}

/// An image that a BMC fetches.
#[derive(Clone)]
pub struct Iso {
    /// Whose boot it is, for messages.
    pub node: String,
    pub url: Secret,
    /// What no message may show of it.
    pub secret: Secret,
    /// What a message shows in its place.
    pub shown: String,
}

impl fmt::Debug for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Bases {
    /// The node's own word, then the site's for BMCs, then the site's, then the rack's door, if it has an address by now.
    pub fn base(&self, node: &Node) -> Option<String> {
        let own = node.driver_info(EXTERNAL).filter(|url| !url.is_empty());
        let given = own.or(self.external.as_deref()).or(self.http.as_deref()).map(str::to_owned);
        let base = given.or_else(|| self.rack.url(bmc_of(node)))?;
        Some(base.trim_end_matches('/').to_owned())
    }

    /// Why BMCs could not fetch anything from the base; the text names the remedy.
    pub fn fault(&self, node: &Node) -> Option<String> {
        let remedy = format!("set driver_info {EXTERNAL}, or [deploy] {EXTERNAL} for all nodes");
        let Some(base) = self.base(node) else {
            return Some(format!("{}; or {remedy}", self.rack.missing()));
        };
        if base.contains(['?', '&', '#']) {
            return Some(format!("BMCs refuse URLs with ?, & or #, as in {base:?}: {remedy}"));
        }
        let Ok(url) = ::url::Url::parse(&base) else {
            return Some(format!("{base:?} is no URL from which a BMC could fetch its boot ISO: {remedy}"));
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Some(format!("the boot ISO is served over HTTP or HTTPS, not as {base:?}: {remedy}"));
        }
        let is_nowhere = match url.host() {
            Some(::url::Host::Ipv4(address)) => address.is_unspecified(),
            Some(::url::Host::Ipv6(address)) => address.is_unspecified(),
            Some(::url::Host::Domain(_)) => false,
            None => true,
        };
        is_nowhere.then(|| format!("every address is none, so that {base} is no address for a BMC: {remedy}"))
    }

    /// What the node's next boot is of: the instance's own ISO as its URL stands, or one of this host's.
    pub fn iso(&self, node: &Node, passes_isos: bool) -> Result<Iso, DriverError> {
        if node.boots == Boots::Instance
            && let Some(url) = node.instance_info(BOOT_ISO).filter(|url| is_elsewhere(url))
            && is_passed_on(node, passes_isos)
        {
            let (url, shown) = (Secret::new(url), "instance_info boot_iso".to_owned());
            return Ok(Iso { node: node.label(), secret: url.clone(), url, shown });
        }
        self.own(node, "boot.iso")
    }

    /// The config drive of the node's instance.
    pub fn drive(&self, node: &Node) -> Result<Iso, DriverError> {
        self.own(node, "configdrive.img")
    }

    /// A medium of the node's boot that this host serves.
    fn own(&self, node: &Node, name: &str) -> Result<Iso, DriverError> {
        let label = node.label();
        let gone =
            || DriverError::refused("naming the boot ISO", format!("node {label} has no boot under way"));
        let token = node.ticket(Ticket::Medium).ok_or_else(gone)?;
        if let Some(why) = self.fault(node) {
            return Err(DriverError::refused("naming the boot ISO", why));
        }
        let (base, id) = (self.base(node).unwrap_or_default(), node.id);
        let url = |token: &str| format!("{base}/boot/iso/{id}/{token}/{name}");
        let shown = url(crate::base::secret::MASK);
        Ok(Iso { url: Secret::new(url(token.reveal())), secret: token, shown, node: label })
    }
}

impl Iso {
    /// What did not work, with what to do if the BMC cannot fetch it.
    pub fn explain(&self, what: &str, error: DriverError) -> DriverError {
        let Self { node, shown, .. } = self;
        let is_told = matches!(error, DriverError::Refused { .. } | DriverError::NotApplied { .. });
        let error = veil::veiled(error, &self.secret);
        if !is_told {
            return error;
        }
        let remedy = format!(
            "the BMC must reach {shown}; if it cannot, set driver_info {EXTERNAL} of node {node}, or [deploy] {EXTERNAL}"
        );
        DriverError::refused(what, format!("{error} ({remedy})"))
    }
}

/// The address of a node's BMC, unless it is a name.
fn bmc_of(node: &Node) -> Option<IpAddr> {
    let address = node.driver_info("redfish_address")?;
    match ::url::Url::parse(address) {
        Ok(url) if url.has_host() => url.host_str()?.trim_matches(['[', ']']).parse().ok(),
        Ok(_) | Err(_) => host_of(address).parse().ok(),
    }
}

/// The host of an address without a scheme: a bare IPv6 address, or what stands before a path and a port.
fn host_of(address: &str) -> &str {
    let host = address.split('/').next().unwrap_or_default();
    if host.parse::<IpAddr>().is_ok() {
        return host;
    }
    match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Key of `driver_info`, and name of an option.
pub const EXTERNAL: &str = "external_http_url";
