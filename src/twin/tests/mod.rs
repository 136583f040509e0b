//! Simulated servers against a small stand-in appliance, over real sockets.

mod appliance;
mod faults;
mod goldens;
mod life;
mod netboot;
