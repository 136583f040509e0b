//! What a booting machine talks to: addresses, loaders, scripts, kernels. It reads the published records and posts to
//! lanes; what a machine boots is rendered from its record on request (style corner 14).
//!
//! - [`ground`]     what the servers share; [`standing`] whether an interface is ready; [`teller`] the rack's journal
//! - [`dhcp`]       addresses and boot data; [`dhcp6`] the same over IPv6, [`advertise`] router advertisements
//! - [`library`]    what is given out under which name, to TFTP and HTTP alike
//! - [`cmdline`]    the agent's kernel parameters
//! - [`tftp`]       the server of loaders and kernels for firmware that knows nothing else
//! - [`http`]       files and scripts over HTTP
//! - [`loops`]      machines that boot again and again

pub mod advertise;
pub mod cmdline;
pub mod dhcp;
pub mod dhcp6;
pub mod ground;
pub mod http;
pub mod library;
pub mod loops;
pub mod standing;
pub mod teller;
pub mod tftp;
