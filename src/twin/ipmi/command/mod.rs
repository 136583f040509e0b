//! What is answered to which command, and who may give it.
//!
//! - `app`        identity, channels, users, resets
//! - `chassis`    power, identify, boot options
//! - `sensor`     sensors are in `twin::ipmi::sensor`
//! - `storage`    records, event log, inventories
//! - `transport`  LAN and SOL parameters
//! - `group`      DCMI
//! - `bridge`     the controller behind the BMC

pub mod app;
pub mod bridge;
pub mod chassis;
pub mod group;
pub mod storage;
pub mod transport;

use crate::twin::ipmi::station::{Answer, Asked, Station};
use crate::wire::ipmi::ask::netfn;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::status::Completion;

pub use app::bare;
pub use bridge::{bridge, is_bridge};

/// The answer to a command that the session's level allows.
pub fn answer(station: &mut Station, asked: &Asked<'_>) -> Answer {
    let Request { netfn, command, data, .. } = asked.request;
    match netfn {
        netfn::CHASSIS => chassis::answer(station, asked),
        netfn::SENSOR => station.sensors.answer(command, data, false, asked.now),
        netfn::APP => app::answer(station, asked),
        netfn::STORAGE => storage::answer(station, asked),
        netfn::TRANSPORT => transport::answer(station, asked),
        netfn::GROUP => group::answer(station, asked),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

/// The level that a command needs (IPMI 2.0 appendix G).
pub fn level(request: &Request<'_>) -> Privilege {
    match (request.netfn, request.command) {
        (netfn::CHASSIS, 0x02 | 0x04 | 0x06 | 0x08 | 0x09)
        | (netfn::SENSOR, 0x24 | 0x26 | 0x28)
        | (netfn::STORAGE, 0x46 | 0x47 | 0x49)
        | (netfn::TRANSPORT, 0x02)
        | (netfn::APP, 0x44 | 0x46) => Privilege::Operator,
        (netfn::APP, 0x02 | 0x03 | 0x40 | 0x43 | 0x45 | 0x47) | (netfn::TRANSPORT, 0x01 | 0x21) => {
            Privilege::Administrator
        }
        _ => Privilege::User,
    }
}
