//! Why a foreign packet or record was not understood.

/// One reason for all decoders here. Who gets one for a packet drops it; one for an answer's data is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("{0} ends too early")]
    Short(&'static str),
    #[error("{what} of {size} bytes is longer than {limit}")]
    Long { what: &'static str, size: usize, limit: usize },
    #[error("RMCP version {0:#04x} is not 0x06")]
    Version(u8),
    #[error("{what} {value:#04x} is not expected here")]
    Unexpected { what: &'static str, value: u8 },
    #[error("{what} has {got:02x}h where {want:02x}h belongs")]
    Marker { what: &'static str, got: u8, want: u8 },
    #[error("{0} is out of range")]
    Range(&'static str),
    #[error("wrong checksum in {0}")]
    Checksum(&'static str),
    #[error("the packet's authentication code does not match")]
    Code,
    #[error("the packet's trailer is damaged")]
    Trailer,
    #[error("the packet is not protected as its session demands")]
    Unprotected,
    #[error("the encrypted payload is damaged")]
    Cipher,
}
