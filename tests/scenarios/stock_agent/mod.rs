//! The stock agent, driven by the real daemon: a server whose disk is a file is cleaned, gets an image, fails, is cut
//! off in the middle and goes on. The agent's own pace sets the time: after a step it calls once in five seconds.

pub mod http;
pub mod iso;
mod rig;

mod bootc;
mod by_cli;
mod clean;
mod cuts;
mod deploy;
mod example;
mod failures;
mod inspect;
mod nonsense;
mod refusals;
mod rescue;
mod versions;
