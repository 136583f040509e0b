//! What a scenario is played on: the daemon, networks, machines, people at terminals, and parts that others wrote.

pub mod daemon;
pub mod ferric;
pub mod image_server;
pub mod machine;
pub mod peer_process;
pub mod peers;
pub mod rack_network;
pub mod typist;
