//! What a booting machine talks to: addresses, loaders, scripts, kernels. It reads the published records and posts to
//! lanes; what a machine boots is rendered from its record on request (style corner 14).
//!
//! - [`ground`]   what the servers share
//! - [`library`]  what is given out under which name, to TFTP and HTTP alike
//! - [`tftp`]     the server of loaders and kernels for firmware that knows nothing else

pub mod ground;
pub mod library;
pub mod tftp;
