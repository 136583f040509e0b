//! The vocabulary of Redfish (DSP0266, DSP2046) as far as we speak it: bytes and texts in, values out, and back.
//!
//! ```text
//! body -> resource (path, etag, raw) -> view (what its members mean)  -> power_state, boot, inventory, sensors
//!      -> fault    (why it was refused, what can be done about it)
//!      -> task     (done, running, failed)
//! ask  -> send     (bodies)  by  shape (the one file that names the generated models)
//! who  -> quirk    (the oddities of this machine, as questions)
//! ```

pub mod bios;
pub mod boot;
pub mod etag;
pub mod fault;
pub mod inventory;
pub mod lenient;
pub mod link;
pub mod power_state;
pub mod quirk;
pub mod resource;
pub mod send;
pub mod sensors;
pub mod shape;
pub mod task;
pub mod view;
