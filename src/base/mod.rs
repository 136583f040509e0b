//! Words that two layers share; nothing here knows what a server is.

pub mod beside;
pub mod chain;
pub mod duid;
pub mod id;
pub mod mac;
pub mod meter;
pub mod moment;
pub mod secret;
pub mod shadow;
pub mod size;
pub mod time;
pub mod visible;
pub mod who;
