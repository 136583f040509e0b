//! What this host is called: what a certificate has to name so that clients find what they asked for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use url::Url;

use crate::config::Config;
use crate::config::section::tls::is_name;
use crate::net::link::own_addresses;

/// Names that the site or the host says; addresses are looked up each time.
#[derive(Debug, Clone)]
pub(super) struct Names {
    said: BTreeSet<String>,
    /// The one address at which the daemon listens, if it is one.
    only: Option<IpAddr>,
}

impl Names {
    pub(super) fn of(config: &Config) -> Self {
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let urls = [&config.public_endpoint, &config.http_url, &config.external_http_url];
        let of_url = |url: &String| {
            Url::parse(url).ok()?.host_str().map(|host| host.trim_matches(['[', ']']).to_owned())
        };
        let said = ["localhost".to_owned(), config.policy.host.clone()]
            .into_iter()
            .chain(host)
            .chain(urls.into_iter().flatten().filter_map(of_url))
            .chain(config.tls.names.iter().cloned())
            .filter(|name| is_name(name))
            .collect();
        let only = Some(config.listen.ip()).filter(|ip| !ip.is_unspecified());
        Self { said, only }
    }

    /// All names and addresses as of now, in a fixed order.
    pub(super) fn now(&self) -> Vec<String> {
        let mut names: Vec<_> = self.said.iter().cloned().collect();
        let mut addresses: BTreeSet<IpAddr> =
            own_addresses().into_iter().filter(is_wide).chain(self.only).collect();
        addresses.extend([IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])]);
        names.extend(addresses.into_iter().map(|address| address.to_string()));
        names.truncate(MOST);
        names
    }
}

/// Whether it holds on more than one link.
fn is_wide(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_link_local(),
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }
}

/// As many as a certificate may bear without being too long for old clients.
const MOST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Given;

    #[test]
    fn a_host_is_known_by_its_names_and_its_addresses() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("ferric.toml");
        let text =
            "[api]\npublic_endpoint = \"https://rack7.example.org:6385/\"\ntls_names = [\"10.9.9.9\"]\n";
        std::fs::write(&file, text).unwrap();
        let given = Given { file: Some(file), ..Given::default() };
        let config = Config::load(&given, "not_a_dns_name".to_owned()).unwrap();
        let names = Names::of(&config).now();
        for name in ["localhost", "127.0.0.1", "::1", "rack7.example.org", "10.9.9.9"] {
            assert!(names.iter().any(|own| own == name), "{name} is not in {names:?}");
        }
        assert!(!names.iter().any(|own| own.contains('_')), "{names:?}");
        assert_eq!(names, Names::of(&config).now(), "the order is fixed");
    }
}
