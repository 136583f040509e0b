//! Whose word a command takes for the API's certificate: what `--ca` or `FERRIC_CA` names; for the daemon of this host,
//! its own authority where that lies; else the authorities of this machine.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cli::fault::CliError;
use crate::net::client::outgoing::Trust;
use crate::net::link::own_addresses;
use crate::net::tls::holds_certificates;

/// What the command line says, for all that this process asks: set once, before anything is asked.
pub fn say(ca: Option<PathBuf>) {
    // A second word changes nothing: a process has one command line.
    SAID.set(ca).ok();
}

/// For an API at `host`, as it stands in the URL.
pub(super) fn of(host: &str) -> Result<Trust, CliError> {
    let said = SAID.get().cloned().flatten();
    let named =
        said.or_else(|| std::env::var_os("FERRIC_CA").filter(|value| !value.is_empty()).map(PathBuf::from));
    if let Some(path) = named {
        return named_by(&path);
    }
    let host = host.trim_matches(['[', ']']);
    let found = is_this_host(host).then(|| PLACES.iter().find_map(|place| named_by(Path::new(place)).ok()));
    Ok(found.flatten().unwrap_or(Trust::Roots))
}

/// The authorities in a file.
fn named_by(path: &Path) -> Result<Trust, CliError> {
    let wrong = |why: String| CliError::Authority { path: path.to_owned(), why };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    if !holds_certificates(&pem) {
        return Err(wrong("there is no certificate in it (PEM)".to_owned()));
    }
    Ok(Trust::Authorities(pem.into()))
}

fn is_this_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback() || own_addresses().contains(&address);
    }
    let own = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    host.eq_ignore_ascii_case("localhost") || !own.is_empty() && short(host) == short(&own)
}

static SAID: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Where the daemon of this host shows its authority to all users, and where it keeps it.
const PLACES: [&str; 2] = ["/run/ferric/ca.pem", "/var/lib/ferric/tls/ca.pem"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::self_signed;

    #[test]
    fn a_file_of_authorities_is_read_or_named_with_what_is_wrong() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ca.pem");
        let wrong = |path: &Path| named_by(path).unwrap_err().to_string();
        assert!(wrong(&path).contains("ca.pem: No such file"), "{}", wrong(&path));
        std::fs::write(&path, "x").unwrap();
        assert!(wrong(&path).contains("no certificate in it"), "{}", wrong(&path));
        std::fs::write(&path, self_signed("h").unwrap().certificate).unwrap();
        assert!(matches!(named_by(&path), Ok(Trust::Authorities(_))));
    }

    #[test]
    fn this_host_is_known_by_its_addresses_and_names() {
        for own in ["localhost", "LOCALHOST", "127.0.0.1", "127.0.0.9", "::1"] {
            assert!(is_this_host(own), "{own}");
        }
        for other in ["rack7.example.org", "192.0.2.77", "2001:db8::77", ""] {
            assert!(!is_this_host(other), "{other}");
        }
    }
}
