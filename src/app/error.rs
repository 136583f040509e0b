//! Why the daemon does not start.

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::api::access::users::UsersError;
use crate::app::certificates::CertificateError;
use crate::app::tftp;
use crate::boot::dhcp::StartError;
use crate::boot::library::loaders::FolderError;
use crate::config::ConfigError;
use crate::depot::blobs::BlobError;
use crate::depot::cache::error::CacheError;
use crate::depot::ramdisks::intake::IntakeError;
use crate::depot::shelf::ShelfError;
use crate::driver::registry::UnknownType;
use crate::model::decision::refusal::Refusal;
use crate::store::error::StoreError;
use crate::wire::cmdline::CmdlineError;

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("the store in {dir} could not be opened")]
    Store { dir: String, source: StoreError },
    #[error("the image folder could not be opened")]
    Shelf(#[from] ShelfError),
    #[error("the image cache could not be opened")]
    Cache(#[from] CacheError),
    #[error("the folder of payloads could not be opened")]
    Blobs(#[from] BlobError),
    #[error("the folder of ramdisks could not be opened")]
    Ramdisks(#[from] IntakeError),
    #[error(transparent)]
    Hardware(#[from] UnknownType),
    #[error("cannot listen on {address}{}", remedy(source))]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("a door that speaks TLS has no certificate")]
    Certificates(#[from] CertificateError),
    #[error("{field} cannot be used: {why}")]
    KernelWords { field: &'static str, why: CmdlineError },
    #[error(transparent)]
    Loaders(#[from] FolderError),
    #[error("the disk image could not be made: {0}")]
    Image(String),
    #[error(transparent)]
    Dhcp(#[from] StartError),
    #[error("nobody could log in")]
    Users(#[from] UsersError),
    #[error("the first admin token could not be made")]
    FirstToken(#[source] Refusal),
    #[error(
        "the admin token could not be printed, so it was taken back: standard output has to be readable at this start"
    )]
    Untold(#[source] std::io::Error),
    #[error(transparent)]
    Tftp(#[from] tftp::ClosedDoor),
    #[error("no threads could be started for the rack's door")]
    Crew(#[source] std::io::Error),
    #[error("signals could not be taken")]
    Signals(#[source] std::io::Error),
}

/// What is to be done about a socket that could not be opened.
fn remedy(error: &std::io::Error) -> &'static str {
    let all = [
        (ErrorKind::AddrInUse, ": is another daemon running there? (`ss -ltnp` tells)"),
        (
            ErrorKind::AddrNotAvailable,
            ": this host does not have that address (`ip address` tells those it has)",
        ),
        (ErrorKind::PermissionDenied, ": ports below 1024 are for root or CAP_NET_BIND_SERVICE"),
    ];
    all.into_iter().find(|(kind, _)| *kind == error.kind()).map_or("", |(_, remedy)| remedy)
}
