//! Send Message to the controller behind the BMC: one hop, or two through itself (IPMI 2.0 22.7).

use crate::twin::ipmi::bmc::split;
use crate::twin::ipmi::catalog::{SATELLITE, SATELLITE_CHANNEL};
use crate::twin::ipmi::command::app;
use crate::twin::ipmi::station::{Answer, Station};
use crate::twin::ipmi::turn::Now;
use crate::wire::ipmi::ask::netfn;
use crate::wire::ipmi::data::device::{COMMAND, DeviceId, Firmware};
use crate::wire::ipmi::message::{CONSOLE, Request};
use crate::wire::ipmi::status::Completion;

pub fn is_bridge(request: &Request<'_>) -> bool {
    request.netfn == netfn::APP && request.command == SEND_MESSAGE
}

/// The acknowledgement, then the controller's answer as a message of its own.
pub fn bridge(station: &mut Station, request: &Request<'_>, now: Now) -> Vec<Vec<u8>> {
    match passed_on(station, request, now) {
        Ok(inner) => vec![request.answer(Completion::OK, &[]).emit(), inner],
        Err(code) => vec![request.answer(code, &[]).emit()],
    }
}

fn passed_on(station: &mut Station, request: &Request<'_>, now: Now) -> Result<Vec<u8>, Completion> {
    let [channel, message @ ..] = request.data else { return Err(Completion::LENGTH) };
    let inner = Request::parse(message).map_err(|_| Completion::INVALID_FIELD)?;
    let own_bus = matches!(channel & 0x0f, 0 | SATELLITE_CHANNEL);
    if !own_bus || inner.responder != SATELLITE {
        return Err(NOT_ACKNOWLEDGED);
    }
    let (code, data) = if is_bridge(&inner) {
        split(relayed(station, &inner, now))
    } else {
        split(satellite(station, &inner, now))
    };
    let answer = inner.answer(code, &data);
    Ok(crate::wire::ipmi::message::Response { requester: CONSOLE, ..answer }.emit())
}

/// What the satellite passes on to its own bus, where only it is: its answer lies in the data.
fn relayed(station: &mut Station, request: &Request<'_>, now: Now) -> Answer {
    let [_, message @ ..] = request.data else { return Err(Completion::LENGTH) };
    let inner = Request::parse(message).map_err(|_| Completion::INVALID_FIELD)?;
    let (code, data) = split(satellite(station, &inner, now));
    Ok(inner.answer(code, &data).emit())
}

/// The satellite: it has an identity and a sensor.
fn satellite(station: &mut Station, request: &Request<'_>, now: Now) -> Answer {
    match (request.netfn, request.command) {
        (netfn::APP, COMMAND) => {
            let firmware = Firmware { major: 4, minor: 0x01 };
            let device = DeviceId { id: 0x50, support: 0x01, firmware, ..app::device(station) };
            Ok(device.emit())
        }
        (netfn::APP, SELF_TEST) => Ok(vec![PASSED, 0]),
        (netfn::SENSOR, command) => station.sensors.answer(command, request.data, true, now),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

const SEND_MESSAGE: u8 = 0x34;
const SELF_TEST: u8 = 0x04;
const PASSED: u8 = 0x55;
/// Nobody there (IPMI 2.0 22.7).
const NOT_ACKNOWLEDGED: Completion = Completion(0x83);
