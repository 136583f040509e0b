//! Where random bytes come from.

use std::fmt;

/// What random bytes are for; a real source need not care, a replay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// One byte: the tag of an open session or RAKP message.
    Tag,
    /// Four bytes: the client's session id.
    ConsoleId,
    /// Sixteen bytes: Rm of RAKP 1.
    Random,
    /// Sixteen bytes: the IV of an encrypted payload.
    Iv,
    /// Four bytes: the first sequence number of the BMC's packets in IPMI 1.5.
    Sequence,
}

/// A source of random bytes, cryptographically strong in earnest.
pub trait Dice: fmt::Debug {
    /// Fills `out`.
    fn fill(&mut self, purpose: Purpose, out: &mut [u8]);
}

/// Random bytes of a fixed number.
pub fn draw<const N: usize>(dice: &mut dyn Dice, purpose: Purpose) -> [u8; N] {
    let mut out = [0; N];
    dice.fill(purpose, &mut out);
    out
}
