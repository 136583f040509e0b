//! Keyed hashes of credentials: they tell a change, and without the key nobody can try passwords against them.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::base::secret::Secret;
use crate::driver::bmc::BmcKey;
use crate::model::bmc::CredentialPrint;

/// The key of all prints of this store. The same after a restart, so that a refused log-in stays refused.
#[derive(Debug, Clone)]
pub struct PrintKey(Secret);

impl PrintKey {
    pub fn new(key: Secret) -> Self {
        Self(key)
    }

    /// The print of these secrets (password, `K_g`) for the account and address of `bmc`.
    pub fn print(&self, bmc: &BmcKey, secrets: &[&Secret]) -> CredentialPrint {
        let port = bmc.port.to_string();
        let open = [bmc.protocol.name(), &bmc.host, &port, &bmc.account];
        let texts = open.into_iter().chain(secrets.iter().map(|secret| secret.reveal()));
        let inner = texts.fold(self.keyed(b"inner"), |digest, text| {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            digest.chain_update(length.to_be_bytes()).chain_update(text)
        });
        let outer = self.keyed(b"outer").chain_update(inner.finalize()).finalize();
        let mut hex = String::with_capacity(2 * PRINT_BYTES);
        for byte in outer.iter().take(PRINT_BYTES) {
            // Writing to a `String` cannot fail.
            write!(hex, "{byte:02x}").ok();
        }
        CredentialPrint(hex)
    }

    fn keyed(&self, round: &[u8]) -> Sha256 {
        let key = Sha256::digest(self.0.reveal().as_bytes());
        Sha256::new().chain_update(DOMAIN).chain_update(round).chain_update(key)
    }
}

/// Keeps a print from being the hash of anything else.
const DOMAIN: &[u8] = b"ferric credential print 1\n";
/// Enough that two passwords never share a print by chance.
const PRINT_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::bmc::Protocol;

    #[test]
    fn a_print_tells_every_part_apart_and_shows_none() {
        let key = PrintKey::new(Secret::new("key"));
        let bmc = |host: &str, account: &str| BmcKey::new(Protocol::Redfish, host, 443, account);
        let word = |text: &str| Secret::new(text);
        let one = key.print(&bmc("10.0.0.1", "admin"), &[&word("hunter2")]);
        assert_eq!(one, key.print(&bmc("10.0.0.1", "admin"), &[&word("hunter2")]));
        let others = [
            key.print(&bmc("10.0.0.2", "admin"), &[&word("hunter2")]),
            key.print(&bmc("10.0.0.1", "root"), &[&word("hunter2")]),
            key.print(&bmc("10.0.0.1", "adminh"), &[&word("unter2")]),
            key.print(&bmc("10.0.0.1", "admin"), &[&word("hunter2"), &word("")]),
            PrintKey::new(Secret::new("other")).print(&bmc("10.0.0.1", "admin"), &[&word("hunter2")]),
        ];
        assert!(others.iter().all(|other| *other != one), "{others:?}");
        assert_eq!(one.0.len(), 32);
    }
}
