//! How much data a message may carry.

/// Request data that every BMC takes over LAN, in bytes (45 for the whole message).
pub const REQUEST: usize = 38;

/// Answer data that every BMC gives over LAN, in bytes, the completion code left out.
pub const ANSWER: usize = 34;

/// Bytes of a record to ask for at once: the answer also bears a next id (SDR) or a count (FRU).
pub const PIECE: u8 = 32;

/// Bytes that a record is begun with: the SDR's header.
pub const HEADER: u8 = 5;

/// Failures of one kind that a walk bears before it gives up on a record.
pub const TRIES: u8 = 3;

/// HPM.2 Get Capabilities asks whether more is possible (netfn 2c); most BMCs answer c1 or d4.
pub const HPM2_CAPABILITIES: u8 = 0x3e;

/// Data of that request: PICMG body 0, extension 2.
pub const HPM2_REQUEST: [u8; 2] = [0x00, 0x02];
