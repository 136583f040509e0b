//! The words that open the files of a boot: one for each way in which they are fetched, each made from the secret of the
//! boot, so that who has one can make neither another nor the secret.
//!
//! The script of a machine is given to anybody who names its NIC, and so is the word for [`Ticket::Files`]; a medium bears
//! the agent's token, and its word is told to the BMC alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::secret::Secret;
use crate::model::node::Node;

/// What is fetched with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// What a machine's script names: kernel and ramdisk, or the ISO of an instance.
    Files,
    /// What a BMC, or firmware that it told, is given: the boot medium and the config drive.
    Medium,
}

impl Ticket {
    fn purpose(self) -> &'static [u8] {
        match self {
            Self::Files => b"files of a boot",
            Self::Medium => b"medium of a boot",
        }
    }

    /// The word for a boot with this secret: 43 URL-safe characters.
    pub fn of(self, boot: &Secret) -> Option<Secret> {
        let mut mac = Hmac::<Sha256>::new_from_slice(boot.reveal().as_bytes()).ok()?;
        mac.update(self.purpose());
        Some(Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }
}

impl Node {
    /// The word with which what the node boots now is fetched; none if no boot is under way.
    pub fn ticket(&self, ticket: Ticket) -> Option<Secret> {
        ticket.of(self.boot_token.as_ref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_and_each_boot_has_a_word_of_its_own() {
        let boots = [Secret::new("one"), Secret::new("two")];
        let mut words: Vec<_> = boots
            .iter()
            .flat_map(|boot| [Ticket::Files, Ticket::Medium].map(|ticket| ticket.of(boot).unwrap()))
            .map(|word| word.reveal().to_owned())
            .collect();
        assert!(words.iter().all(|word| word.len() == 43 && !word.contains(['/', '+', '=', '?', '&'])));
        assert_eq!(Ticket::Files.of(&boots[0]), Ticket::Files.of(&boots[0]));
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 4);
    }
}
