//! The catalogue over a store with one node, asked as machines and BMCs ask.

mod install;
mod instances;
mod loops;
mod media;
mod rig;
mod scripts;
