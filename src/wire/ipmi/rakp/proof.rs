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

    /// How both sides are to hash so that the code of RAKP 2 comes out as the BMC's; `None`: it has another password.
    ///
    /// The standard's way is tried first, then that of Intel's boards of its first years, which hash names filled to 16
    /// bytes, and 16 bytes of password with MD5. Nothing is sent for it, and each way wants the right password.
    pub fn matching(self, password: &Key, code: &[u8]) -> Option<(Self, Key)> {
        let is_right = |proof: &Self, password: &Key| same(proof.rakp2(password).bytes(), code);
        if self.auth == Auth::None || is_right(&self, password) {
            return Some((self, password.clone()));
        }
        let filled = User::new(&self.user.padded())?;
        let padded = Self { user: filled, ..self };
        let cut = if padded.auth == Auth::HmacMd5 { password.cut(MD5_PASSWORD) } else { password.clone() };
        let ways = [password.clone(), cut];
        let found = ways.into_iter().find(|way| is_right(&padded, way));
        found.map(|way| (padded, way))
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

/// Bytes of a password that Intel's first boards hash with MD5.
const MD5_PASSWORD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(auth: Auth) -> Proof {
        Proof {
            auth,
            console: SessionId([1; 4]),
            bmc: SessionId([2; 4]),
            console_random: [3; 16],
            bmc_random: [4; 16],
            guid: [5; 16],
            role: 0x14,
            user: User::new(b"admin").unwrap(),
        }
    }

    fn matched(auth: Auth, made_with: &Proof, password: &[u8]) -> Option<(Proof, Vec<u8>)> {
        let code = made_with.rakp2(&Key::new(password));
        let ours = Key::new(b"twenty bytes of words");
        let (proof, key) = proof(auth).matching(&ours, code.bytes())?;
        Some((proof, key.bytes().to_vec()))
    }

    #[test]
    fn the_standard_s_way_and_intel_s_match_and_no_other_password_does() {
        let filled = |auth| Proof { user: User::new(b"admin\0\0\0\0\0\0\0\0\0\0\0").unwrap(), ..proof(auth) };
        let (whole, cut) = (&b"twenty bytes of words"[..], &b"twenty bytes of "[..]);
        for auth in [Auth::HmacSha1, Auth::HmacMd5, Auth::HmacSha256] {
            assert_eq!(matched(auth, &proof(auth), whole), Some((proof(auth), whole.to_vec())));
            assert_eq!(matched(auth, &filled(auth), whole), Some((filled(auth), whole.to_vec())));
            assert_eq!(matched(auth, &proof(auth), b"another"), None);
            assert_eq!(matched(auth, &filled(auth), b"another"), None);
        }
        let md5 = Auth::HmacMd5;
        assert_eq!(matched(md5, &filled(md5), cut), Some((filled(md5), cut.to_vec())));
        assert_eq!(matched(Auth::HmacSha1, &filled(Auth::HmacSha1), cut), None);
    }
}
