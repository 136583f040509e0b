//! What is given out under which name, to TFTP and HTTP alike.
//!
//! - [`catalogue`]  finds what stands under a name
//! - [`errand`]     what a machine's script tells it to do
//! - [`loaders`]    loaders of this host
//! - [`media`]      boot media of nodes
//! - [`name`]       the names
//! - [`told`]       what the log has said already
//! - [`tongue`]     errands in the words of each loader

pub mod catalogue;
pub mod errand;
pub mod loaders;
pub mod media;
pub mod name;
pub mod told;
pub mod tongue;

use std::fmt;
use std::fs::File;
use std::net::IpAddr;
use std::sync::Arc;

use crate::base::time::Later;
use crate::net::source::Source;

/// A request for a file.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// As asked, without a slash in front; it may hold anything.
    pub name: &'a str,
    /// Who asks, without port.
    pub from: IpAddr,
    /// Our address that was asked.
    pub local: IpAddr,
    pub via: Via,
}

/// How a file is asked for: scripts lead to files the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Tftp,
    Http,
    Https,
}

/// What stands under a name.
#[derive(Debug)]
pub enum Content {
    /// Rendered for who asks.
    Text(Vec<u8>),
    /// The script of one machine.
    Script(Script),
    File(File),
    Source(Arc<dyn Source>),
}

/// What a machine is told to do, and who is told that all of it was given out.
#[derive(Debug)]
pub struct Script {
    pub text: Vec<u8>,
    pub given: Given,
}

/// Told once a script was given out to its end: a machine has it, and boots.
#[derive(Clone)]
pub struct Given(Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

impl Given {
    pub fn new(told: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub fn tell(&self) {
        (self.0)();
    }
}

/// Why nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    #[error("there is no such file")]
    Missing,
    #[error("the file cannot be read now")]
    Unreadable,
}

/// Who finds what stands under a name.
pub trait Library: Send + Sync + fmt::Debug {
    fn find<'a>(&'a self, asked: Asked<'a>) -> Later<'a, Result<Content, NotGiven>>;
}
