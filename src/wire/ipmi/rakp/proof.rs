//! The codes of RAKP 2 to 4 and the session key, out of what both sides have said (IPMI 2.0 13.31).

use crate::wire::ipmi::crypto::{Key, same};
use crate::wire::ipmi::id::{SessionId, User};
use crate::wire::ipmi::suite::Auth;

/// All that the codes are made of; client and BMC hold the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub auth: Auth,
    pub console: SessionId,
    pub bmc: SessionId,
    /// Rm.
    pub console_random: [u8; 16],
    /// Rc.
    pub bmc_random: [u8; 16],
    pub guid: [u8; 16],
    /// The whole byte of RAKP 1.
    pub role: u8,
    pub user: User,
}

impl Proof {
    /// The BMC's code in RAKP 2; empty for suites without authentication.
    pub fn rakp2(&self, password: &Key) -> Key {
        let user = self.user.counted();
        self.mac(
            password,
            &[
                &self.console.0,
                &self.bmc.0,
                &self.console_random,
                &self.bmc_random,
                &self.guid,
                &[self.role],
                &user,
            ],
        )
    }

    /// The client's code in RAKP 3.
    pub fn rakp3(&self, password: &Key) -> Key {
        self.mac(password, &[&self.bmc_random, &self.console.0, &[self.role], &self.user.counted()])
    }

    /// The session integrity key; `key` is `K_g`, or the password where there is none.
    pub fn sik(&self, key: &Key) -> Key {
        self.mac(key, &[&self.console_random, &self.bmc_random, &[self.role], &self.user.counted()])
    }

    /// The BMC's code in RAKP 4.
    pub fn rakp4(&self, sik: &Key) -> Key {
        self.full_rakp4(sik).cut(self.auth.check_length())
    }

    /// Whether a code that came in RAKP 4 is right. BMCs that cut it later than the standard says are right, too.
    pub fn accepts_rakp4(&self, sik: &Key, code: &[u8]) -> bool {
        if self.auth == Auth::None {
            return true;
        }
        code.len() >= self.auth.check_length() && same(self.full_rakp4(sik).cut(code.len()).bytes(), code)
    }

    fn full_rakp4(&self, sik: &Key) -> Key {
        self.mac(sik, &[&self.console_random, &self.bmc.0, &self.guid])
    }

    fn mac(&self, key: &Key, parts: &[&[u8]]) -> Key {
        self.auth.hash().map(|hash| hash.mac(key.bytes(), parts)).unwrap_or_default()
    }
}
