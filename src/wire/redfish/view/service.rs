//! What the Redfish service does beside its machine: sessions, tasks, events and messages.

pub mod event;
pub mod message;
pub mod session;
pub mod task;
