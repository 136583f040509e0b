//! What the agent in the ramdisk says: who am I, here I am, this is what I am made of.

pub mod heartbeat;
pub mod inspection;
pub mod lookup;
