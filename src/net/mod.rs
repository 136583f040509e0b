//! Sockets with manners: HTTP/1.1 in and out, TLS, and files over HTTP, each bounded in size and time.
//!
//! The foreign crates (hyper, rustls, russh) stop here: what others see are the value types of [`http`].
//!
//! - [`http`]: method, headers, request, response; [`body`]: what a message carries, in and out
//! - [`server`]: the accept loop; [`server::limits`]: what it allows; `stall` cuts who stops reading;
//!   `handover`: files sent without being read here; `seats`: who makes room for whom when all connections are taken
//! - [`websocket`]: both ends of a WebSocket, on connections that began as HTTP
//! - [`client`]: one request out; [`client::outgoing`]: what is asked, by whom trusted, and how it fails;
//!   `line`: one connection; `trust`: certificate rules; [`intake`]: where a download goes
//! - [`udp`]: datagrams of one peer; [`doorway`], [`door6`]: datagrams on one interface; [`link`]: interfaces and whole
//!   frames
//! - [`ssh`]: a shell on a BMC
//! - [`route`]: our address as somebody else sees it; [`whereabouts`]: our URL, as of now;
//!   [`link::neighbour`]: whose frames come from an address
//! - [`tls`]: PEM in and out, self-signed certificates
//! - [`source`]: bytes that are no file of their own; [`files`]: both, and one file below a root, over HTTP;
//!   [`files::range`]: the Range header; `beneath`: opening a file; `fresh`: entity tags and conditions

pub mod body;
pub mod client;
pub mod doorway;
pub mod door6;
pub mod files;
pub mod holders;
pub mod http;
pub mod intake;
pub mod link;
pub mod listen;
pub mod route;
pub mod server;
pub mod source;
pub mod ssh;
pub mod tls;
pub mod udp;
pub mod websocket;
pub mod whereabouts;

#[cfg(test)]
mod sample;
