//! What a booting machine talks to: addresses, loaders, scripts, kernels. It reads the published records and posts to
//! lanes; what a machine boots is rendered from its record on request (style corner 14).
//!
//! - [`dhcp`]     addresses and boot data
//! - [`ground`]   what the servers share
//! - [`advertise`] router advertisements
//! - [`dhcp6`]    addresses and boot data over IPv6
//! - [`library`]  what is given out under which name, to TFTP and HTTP alike
//! - [`tftp`]     the server of loaders and kernels for firmware that knows nothing else
//! - [`cmdline`]    the agent's kernel parameters
//! - [`ground`]     what the servers share
//! - [`http`]       files and scripts over HTTP
//! - [`library`]    what is given out under which name, to TFTP and HTTP alike
//! - [`loops`]      machines that boot again and again

use std::error::Error;

pub mod cmdline;
pub mod dhcp;
pub mod advertise;
pub mod dhcp6;
pub mod ground;
pub mod http;
pub mod library;
pub mod tftp;
pub mod loops;

/// An error with all that caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
