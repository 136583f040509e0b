//! Rescue: a ramdisk in which a person logs in, and the password that they log in with.
//!
//! The password stands in `instance_info`, under names that the store seals and every answer masks, from the request
//! until the ramdisk has it or the rescue has failed.

use crate::base::secret::{MASK, Secret};
use crate::base::shadow::{Algorithm, LONGEST};
use crate::model::node::Node;
use crate::model::provision::Provision;

/// What the site says of rescue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescuePolicy {
    /// Seconds that the rescue ramdisk has to call.
    pub callback_timeout: u32,
    pub algorithm: Algorithm,
    /// An agent that takes no hashed password is given none at all.
    pub requires_hash: bool,
}

impl Default for RescuePolicy {
    fn default() -> Self {
        Self { callback_timeout: 1800, algorithm: Algorithm::Sha256, requires_hash: true }
    }
}

/// The password of a rescue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescuePassword {
    pub plain: Secret,
    /// As `/etc/shadow` holds it.
    pub hashed: Secret,
}

/// Why nobody could log in with this password; `None` if somebody can.
pub fn unfit(password: &str) -> Option<String> {
    if password.trim().is_empty() {
        return Some("it is empty".to_owned());
    }
    if password == MASK {
        return Some("it is the mask that stands for passwords".to_owned());
    }
    if password.len() > LONGEST {
        return Some(format!("it has {} bytes, {LONGEST} are the most that Linux takes", password.len()));
    }
    if password.contains(['\0', '\n', '\r']) {
        return Some("it has a line break or a NUL in it, which nobody can type".to_owned());
    }
    None
}

impl Node {
    /// Whether the ramdisk that it boots is one to log in to.
    pub fn is_rescued(&self) -> bool {
        matches!(self.provision, Provision::Rescuing | Provision::RescueWait | Provision::Rescue)
    }

    /// Keeps the password until [`Node::forget_rescue_password`].
    pub fn keep_rescue_password(&mut self, password: &RescuePassword) {
        let info = &mut self.wished.instance_info;
        info.insert(PLAIN.to_owned(), password.plain.reveal().into());
        info.insert(HASHED.to_owned(), password.hashed.reveal().into());
    }

    /// Nothing of it stays in the record.
    pub fn forget_rescue_password(&mut self) {
        for key in [PLAIN, HASHED] {
            self.wished.instance_info.remove(key);
        }
    }

    /// The password of the rescue that is under way.
    pub fn rescue_password(&self) -> Option<RescuePassword> {
        let text = |key| self.instance_info(key).filter(|text: &&str| !text.is_empty()).map(Secret::new);
        Some(RescuePassword { plain: text(PLAIN)?, hashed: text(HASHED)? })
    }
}

/// Keys of `instance_info`; both are names of secrets.
pub const PLAIN: &str = "rescue_password";
pub const HASHED: &str = "hashed_rescue_password";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::base::secret::is_secret_key;
    use crate::model::node::Wished;

    #[test]
    fn a_password_that_nobody_could_type_is_unfit() {
        for (password, why) in [
            ("", "empty"),
            (" \t ", "empty"),
            ("a\nb", "line break"),
            ("a\rb", "line break"),
            ("a\0b", "NUL"),
            ("******", "mask"),
        ] {
            assert!(unfit(password).unwrap().contains(why), "{password:?}");
        }
        assert!(unfit(&"x".repeat(LONGEST + 1)).unwrap().contains("513 bytes"));
        for fit in ["x", " x ", "p\u{e4}ss w\u{f6}rd\t", &"x".repeat(LONGEST), "*****", "'\"$`\\"] {
            assert_eq!(unfit(fit), None, "{fit:?}");
        }
    }

    #[test]
    fn a_password_is_kept_under_names_of_secrets_and_forgotten_whole() {
        let mut node = Node::new(NodeId(uuid::Uuid::from_u128(1)), Wished::default(), Moment(0));
        assert_eq!(node.rescue_password(), None);
        let password = RescuePassword { plain: Secret::new("hunter2"), hashed: Secret::new("$5$a$b") };
        node.keep_rescue_password(&password);
        assert_eq!(node.rescue_password(), Some(password));
        assert!(node.wished.instance_info.keys().all(|key| is_secret_key(key)));
        node.forget_rescue_password();
        assert!(node.wished.instance_info.is_empty());
    }
}
