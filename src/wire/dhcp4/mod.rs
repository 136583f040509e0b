//! DHCP for IPv4 (RFC 2131, 2132) as machines speak it that boot: foreign bytes to a [`packet::Packet`], a
//! [`reply::Reply`] to bytes.
//!
//! The codec is dhcproto's; it is handed only options that we read and whose lengths are right.
//!
//! - [`options`]   the list of options, walked and checked
//! - [`packet`]    what came in
//! - [`identity`]  what the packet says of who sent it: firmware, iPXE, machine
//! - [`relay`]     option 82
//! - [`reply`]     what goes out, in the one shape that all recorded clients take
//! - [`discover`]  what a client asks first, to find other servers

pub mod discover;
pub mod identity;
pub mod options;
pub mod packet;
pub mod relay;
pub mod reply;

#[cfg(test)]
mod tests;

/// What a message is for (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Discover,
    Offer,
    Request,
    Decline,
    Ack,
    Nak,
    Release,
    Inform,
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dhcp4Error {
    #[error("a message of {0} bytes is too short")]
    Short(usize),
    #[error("a message of {0} bytes is too long")]
    Long(usize),
    #[error("it is not DHCP: the magic number is missing")]
    Magic,
    #[error("it is neither a request nor a reply")]
    Opcode,
    #[error("the hardware address is not Ethernet's")]
    Hardware,
    #[error("the hardware address is no station's")]
    Station,
    #[error("option {0} goes beyond the end")]
    Beyond(u8),
    #[error("option {0} has a wrong length")]
    Length(u8),
    #[error("it is BOOTP: option 53 is missing")]
    Bootp,
    #[error("message type {0} is not served")]
    Kind(u8),
    #[error("the codec refused it")]
    Codec,
}

/// Where servers listen.
pub const SERVER_PORT: u16 = 67;
/// Where clients listen.
pub const CLIENT_PORT: u16 = 68;
/// Where servers of boot data are asked directly (PXE 2.1, chapter 2.2.3).
pub const BOOT_PORT: u16 = 4011;
/// Longest message that is looked at, in bytes: what fits one Ethernet frame, and one byte more shows a longer one.
pub const LONGEST: usize = 1500;
