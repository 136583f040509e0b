//! Random numbers of the operating system for IPMI sessions.

use crate::wire::ipmi::session::{Dice, Purpose};

/// The system's own source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDice {
    failed: bool,
}

impl SystemDice {
    /// Whether it ever gave nothing: no session may go on with numbers that can be guessed.
    pub fn has_failed(self) -> bool {
        self.failed
    }
}

impl Dice for SystemDice {
    fn fill(&mut self, _purpose: Purpose, out: &mut [u8]) {
        self.failed |= getrandom::fill(out).is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ() {
        let (mut dice, mut one, mut other) = (SystemDice::default(), [0; 16], [0; 16]);
        dice.fill(Purpose::Random, &mut one);
        dice.fill(Purpose::Random, &mut other);
        assert_ne!(one, other);
        assert!(!dice.has_failed());
    }
}
