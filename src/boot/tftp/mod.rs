//! TFTP (RFC 1350) with options (RFC 2347, 2348, 2349, 7440): files are read, nothing is written. What is sent and when
//! is decided by a value without a socket ([`transfer`]); the packet types are those of the `tftpd` crate.
//!
//! ```text
//! port 69 -> door -> request -> hall (rate, seats) -> errand: Library::find
//!                                                       |  transfer says what, pages has the bytes
//!                                                       v
//!                                            link: a connected port of its own
//! ```
//!
//! - [`counts`]    what was done and refused
//! - [`door`]      the socket that requests come to
//! - `errand`      one transfer from its request to its end
//! - `hall`        who is let in
//! - `link`        the connected socket of a transfer
//! - [`name`]      names before they are looked up
//! - [`netascii`]  text as RFC 764 has it
//! - [`pace`]      how long an answer may take
//! - `pages`       content read ahead
//! - [`rate`]      requests of one client in a second
//! - [`request`]   requests, from their bytes
//! - [`seats`]     transfers in all and of one client
//! - [`server`]    the loop
//! - [`terms`]     options granted
//! - [`transfer`]  what to send and when to wake

pub mod counts;
pub mod door;
mod errand;
mod hall;
mod link;
pub mod name;
pub mod netascii;
pub mod pace;
mod pages;
pub mod rate;
pub mod request;
pub mod seats;
pub mod server;
pub mod terms;
pub mod transfer;

pub use door::Door;
pub use server::serve;

/// What a site may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bytes in a block, at the most; from 512 to 65464.
    pub max_blksize: u16,
    /// Blocks in a window, at the most; from 1 to 64.
    pub max_windowsize: u16,
    /// Transfers at once.
    pub max_transfers: usize,
    /// Transfers at once to one address.
    pub max_of_one: usize,
    /// Requests of one address in a second, kept up for long; for a short time ten times as many.
    pub requests_a_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_blksize: 1468,
            max_windowsize: 64,
            max_transfers: 256,
            max_of_one: 8,
            requests_a_second: 50,
        }
    }
}
