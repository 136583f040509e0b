//! DHCP for IPv6 (RFC 8415, boot options RFC 5970) as machines speak it that boot: foreign bytes to an
//! [`relay::Envelope`] with its [`message::Message`], a [`reply::Reply`] to bytes.
//!
//! Every option that is read is a number or a list of fixed parts, so each is checked where it is read; unknown ones are
//! passed over.
//!
//! - [`options`]  the list of options, walked and checked
//! - [`message`]  what a client says
//! - [`relay`]    what relays put around it
//! - [`reply`]    what goes out

pub mod message;
pub mod options;
pub mod relay;
pub mod reply;

#[cfg(test)]
mod tests;

/// What a message is for (RFC 8415 7.3), without those of relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Solicit,
    Advertise,
    Request,
    Confirm,
    Renew,
    Rebind,
    Reply,
    Release,
    Decline,
    Reconfigure,
    InformationRequest,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::Solicit,
        Self::Advertise,
        Self::Request,
        Self::Confirm,
        Self::Renew,
        Self::Rebind,
        Self::Reply,
        Self::Release,
        Self::Decline,
        Self::Reconfigure,
        Self::InformationRequest,
    ];

    /// Its number on the wire.
    pub fn number(self) -> u8 {
        (1..).zip(Self::ALL).find(|(_, kind)| *kind == self).map_or(0, |(number, _)| number)
    }

    fn of(number: u8) -> Option<Self> {
        (1..).zip(Self::ALL).find(|(own, _)| *own == number).map(|(_, kind)| kind)
    }
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dhcp6Error {
    #[error("a message of {0} bytes is too short")]
    Short(usize),
    #[error("message type {0} is not served")]
    Kind(u8),
    #[error("option {0} goes beyond the end")]
    Beyond(u16),
    #[error("option {0} has a wrong length")]
    Length(u16),
    #[error("a relay's message has nothing in it")]
    Empty,
    #[error("more than {} relays passed it on", relay::MOST_HOPS)]
    Hops,
}

/// Where servers and relays listen.
pub const SERVER_PORT: u16 = 547;
/// Longest message that is looked at, in bytes: what fits one Ethernet frame, and one byte more shows a longer one.
pub const LONGEST: usize = 1500;
/// Whose number stands before PXE's and HTTP boot's classes (UEFI 2.10 24.7.3.1: Intel).
pub const ENTERPRISE: u32 = 343;
