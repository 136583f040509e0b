//! Commands of the management controller itself (IPMI 2.0 20.1 to 20.8, 22.14).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::command::netfn;
use crate::wire::ipmi::fault::WireError;

/// Who are you? Harmless, and so what keeps a session alive.
pub fn device_id() -> Ask {
    Ask::new(netfn::APP, GET_DEVICE_ID, [])
}

pub fn system_guid() -> Ask {
    Ask::new(netfn::APP, GET_SYSTEM_GUID, [])
}

/// The sixteen bytes of `system_guid`'s answer, in the BMC's order.
pub fn parse_guid(data: &[u8]) -> Result<[u8; 16], WireError> {
    Reader::new("system GUID", data).array()
}

/// Starts the BMC anew; the answer may never come and the session is gone.
pub fn cold_reset() -> Ask {
    Ask::new(netfn::APP, COLD_RESET, []).once()
}

/// As `cold_reset`, keeping what the BMC calls its state.
pub fn warm_reset() -> Ask {
    Ask::new(netfn::APP, WARM_RESET, []).once()
}

pub const GET_DEVICE_ID: u8 = 0x01;
pub const COLD_RESET: u8 = 0x02;
pub const WARM_RESET: u8 = 0x03;
pub const GET_SYSTEM_GUID: u8 = 0x37;
