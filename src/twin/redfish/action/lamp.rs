//! Indicators, by the member of old or of today.

use serde_json::Value;

use crate::twin::redfish::answer::{Reply, done, refused};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::tree::Live;
use crate::wire::redfish::send::Led;

/// A PATCH of the lamp of a system, chassis or drive; other members are refused.
pub(super) fn patch(bmc: &Bmc, live: Live, path: &str, body: &Value) -> Reply {
    let age = bmc.maker().lamps;
    let Some((name, value)) = body.as_object().and_then(|map| map.iter().next()) else {
        return Err(refused(400, "UnrecognizedRequestBody", &[]));
    };
    let led = match name.as_str() {
        "IndicatorLED" if age.has_old() => value.as_str().and_then(Led::parse),
        "LocationIndicatorActive" if age.has_new() => {
            value.as_bool().map(|active| if active { Led::Blinking } else { Led::Off })
        }
        "AssetTag" => return done(),
        other => return Err(refused(400, "PropertyUnknown", &[other])),
    };
    let text = value.to_string();
    let Some(led) = led else { return Err(refused(400, "PropertyValueNotInList", &[&text, name])) };
    if live == Live::Chassis && bmc.bites(Oddity::LenovoLedChassisReadonly) {
        return Err(refused(400, "PropertyNotWritable", &[name]));
    }
    bmc.state().lamps.insert(path.to_owned(), led);
    done()
}
