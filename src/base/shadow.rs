//! Passwords as `/etc/shadow` holds them: hashed by crypt(3) with SHA-256 or SHA-512.

use serde::Deserialize;
use sha_crypt::{PasswordHasher, ShaCrypt};

use crate::base::secret::Secret;

/// How a password is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    #[default]
    Sha256,
    Sha512,
}

impl Algorithm {
    /// How its hashes begin.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Sha256 => "$5$",
            Self::Sha512 => "$6$",
        }
    }
}

/// Bytes of a salt; they become the sixteen characters that crypt(3) takes.
pub const SALT: usize = 12;

/// The longest password, in bytes: crypt(3) of Linux takes no longer one, so nobody could log in with it.
pub const LONGEST: usize = 512;

/// Hashes `password`; milliseconds of work, so not for the async threads. `None` for what crypt(3) cannot hash.
pub fn hash(algorithm: Algorithm, password: &str, salt: [u8; SALT]) -> Option<Secret> {
    if password.len() > LONGEST || password.contains('\0') {
        return None;
    }
    let crypt = match algorithm {
        Algorithm::Sha256 => ShaCrypt::SHA256,
        Algorithm::Sha512 => ShaCrypt::SHA512,
    };
    let hashed = crypt.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    // As everybody writes it who leaves the number of rounds as it is.
    Some(Secret::new(hashed.as_str().replace(USUAL_ROUNDS, "")))
}

/// What a hash says of its rounds that has as many as one that says nothing.
const USUAL_ROUNDS: &str = "rounds=5000$";

#[cfg(test)]
mod tests {
    use sha_crypt::PasswordVerifier;

    use super::*;

    fn hashed(algorithm: Algorithm, password: &str) -> String {
        hash(algorithm, password, *b"0123456789ab").unwrap().reveal().to_owned()
    }

    #[test]
    fn a_hash_is_what_crypt_of_other_systems_makes_of_it() {
        // Made with `openssl passwd -5` and `-6` and the salt that these bytes become.
        assert_eq!(hashed(Algorithm::Sha256, "se cret\u{e9}"), SHA256);
        assert_eq!(hashed(Algorithm::Sha512, "se cret\u{e9}"), SHA512);
    }

    #[test]
    fn a_hash_lets_its_password_in_and_no_other() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let text = hashed(algorithm, "hunter2");
            assert!(text.starts_with(algorithm.mark()) && !text.contains("rounds"), "{text}");
            let verify =
                |password: &str| ShaCrypt::default().verify_password(password.as_bytes(), text.as_str());
            assert!(verify("hunter2").is_ok() && verify("hunter3").is_err());
        }
    }

    #[test]
    fn what_nobody_could_log_in_with_is_not_hashed() {
        let salt = [7; SALT];
        assert!(hash(Algorithm::Sha256, &"x".repeat(LONGEST), salt).is_some());
        assert!(hash(Algorithm::Sha256, &"x".repeat(LONGEST + 1), salt).is_none());
        assert!(hash(Algorithm::Sha256, "a\0b", salt).is_none());
    }

    const SHA256: &str = "$5$k2XAnEHBqQ1Ct2aM$gysXi9L496Zp5/GdaUkgRd5FvZGZ9E0A80ZUEH5sYeD";
    const SHA512: &str = "$6$k2XAnEHBqQ1Ct2aM$7pAWDcAg5K5EZKBuBidBfrOWu2GoxExILKKvus1Yw40a.mAMP1ZTygPp5kJWAbvPIinG/xzk4x\
                          GB7A70n9C6I/";
}
