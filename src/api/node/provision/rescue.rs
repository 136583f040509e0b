//! The password of a rescue: whether somebody can log in with it, and its hash.

use crate::api::fault::Fault;
use crate::base::beside::beside;
use crate::base::secret::Secret;
use crate::base::shadow::{Algorithm, SALT, hash};
use crate::model::rescue::{PLAIN, RescuePassword, unfit};

/// What a rescue is given.
pub fn taken(password: Option<Secret>) -> Result<Option<Secret>, Fault> {
    let why = match &password {
        None => Some("it is not given".to_owned()),
        Some(password) => unfit(password.reveal()),
    };
    match why {
        None => Ok(password),
        Some(why) => {
            Err(Fault::invalid(format!("a non-empty {PLAIN} is required for target \"rescue\": {why}")))
        }
    }
}

/// The password with its hash.
pub async fn hashed(plain: Secret, algorithm: Algorithm) -> Result<RescuePassword, Fault> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|_| Fault::new(500, "the system gave no random numbers"))?;
    let text = plain.clone();
    // Thousands of rounds, so not on this thread.
    let hashed = beside(usize::MAX, move || hash(algorithm, text.reveal(), salt)).await;
    match hashed {
        Some(hashed) => Ok(RescuePassword { plain, hashed }),
        None => Err(Fault::invalid(format!("{PLAIN} cannot be hashed"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rescue_is_refused_without_a_password_that_somebody_can_type() {
        for wrong in [None, Some(""), Some("  "), Some("a\nb")] {
            assert_eq!(taken(wrong.map(Secret::new)).unwrap_err().status(), 400, "{wrong:?}");
        }
        assert_eq!(taken(Some(Secret::new(" x "))).unwrap(), Some(Secret::new(" x ")));
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ_and_show_nothing_of_it() {
        let one = hashed(Secret::new("hunter2"), Algorithm::Sha512).await.unwrap();
        let other = hashed(Secret::new("hunter2"), Algorithm::Sha512).await.unwrap();
        assert_ne!(one.hashed, other.hashed);
        assert!(one.hashed.reveal().starts_with("$6$"));
        assert!(!format!("{one:?}").contains("hunter2"));
    }
}
