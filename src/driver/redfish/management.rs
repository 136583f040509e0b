//! The management steps of every maker: secure boot keys and the BMC's clock (contract `steps.md` section 9).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::base::moment::Moment;
use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::driver::redfish::manager::{ClockWish, Offset};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::turn::Turn;
use crate::wire::redfish::send::ResetKeys;

/// A step by Redfish that is done at once.
#[derive(Debug)]
pub struct ManagementStep {
    what: What,
    rack: Arc<RedfishRack>,
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Keys(ResetKeys),
    SetClock,
    VerifyClock,
}

impl ManagementStep {
    /// The step of this name, if there is one.
    pub fn of(name: &str, rack: Arc<RedfishRack>) -> Option<Self> {
        let what = match name {
            "reset_secure_boot_keys_to_default" => What::Keys(ResetKeys::ResetAllKeysToDefault),
            "clear_secure_boot_keys" => What::Keys(ResetKeys::DeleteAllKeys),
            "set_bmc_clock" => What::SetClock,
            "verify_bmc_clock" => What::VerifyClock,
            _ => return None,
        };
        Some(Self { what, rack })
    }

    /// Checks the arguments, and whether there is anything to do.
    async fn looked(&self, call: &StepCall) -> Result<Turn, DriverError> {
        let act = Turn::Act { memo: call.memo.clone() };
        match self.what {
            What::Keys(_) => Ok(act),
            What::SetClock => wish(&call.step.args, self.now()).map(|_| act),
            What::VerifyClock if !self.rack.ground.redfish.verify_bmc_clock => Ok(Turn::done()),
            What::VerifyClock => {
                let is_right = self.server(call)?.is_clock_right().await?;
                Ok(if is_right { Turn::done() } else { act })
            }
        }
    }

    async fn acted(&self, call: &StepCall) -> Result<Turn, DriverError> {
        let server = self.server(call)?;
        match self.what {
            What::Keys(kind) => server.reset_secure_boot_keys(kind).await?,
            What::SetClock => server.set_bmc_clock(&wish(&call.step.args, self.now())?).await?,
            What::VerifyClock => {
                let offset = Some(Offset::UTC);
                server.set_bmc_clock(&ClockWish { time: self.now(), offset }).await?;
            }
        }
        Ok(Turn::done())
    }

    fn now(&self) -> Moment {
        self.rack.ground.clock.wall()
    }

    fn server(&self, call: &StepCall) -> Result<Server, DriverError> {
        Server::of(&self.rack, &call.machine.node)
    }
}

impl StepWork for ManagementStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move { self.looked(call).await.unwrap_or_else(|error| error.turn()) })
    }

    /// Each says the state that is wished, and may be done twice.
    fn act<'a>(&'a self, call: &'a StepCall, _again: bool) -> Later<'a, Turn> {
        Box::pin(async move { self.acted(call).await.unwrap_or_else(|error| error.turn()) })
    }
}

/// What `set_bmc_clock` asks for: the daemon's own time, unless `target_datetime` names another.
fn wish(args: &Object, now: Moment) -> Result<ClockWish, DriverError> {
    let text = |name: &'static str| match args.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(wrong(format!("{name} is no text"))),
    };
    let time = match text("target_datetime")? {
        None => now,
        Some(text) => {
            let time: Timestamp = text
                .parse()
                .map_err(|_| wrong("target_datetime is no time of ISO 8601 with an offset".to_owned()))?;
            Moment(time.as_microsecond())
        }
    };
    let offset = text("datetime_local_offset")?.map(|text| {
        let no_offset = || wrong("datetime_local_offset is no offset as in +01:00".to_owned());
        Offset::parse(text).ok_or_else(no_offset)
    });
    Ok(ClockWish { time, offset: offset.transpose()? })
}

fn wrong(why: String) -> DriverError {
    RedfishError::Invalid(why).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(args: &Value) -> Result<ClockWish, String> {
        wish(args.as_object().unwrap(), Moment(7)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_clock_is_set_to_now_unless_another_time_is_named() {
        assert_eq!(asked(&json!({})).unwrap(), ClockWish { time: Moment(7), offset: None });
        let named =
            json!({"target_datetime": "1970-01-01T01:00:01+01:00", "datetime_local_offset": "-06:30"});
        let wish = asked(&named).unwrap();
        assert_eq!((wish.time, wish.offset.unwrap().text()), (Moment(1_000_000), "-06:30".to_owned()));
        for (args, word) in [
            (json!({"target_datetime": "today"}), "target_datetime"),
            (json!({"target_datetime": 3}), "target_datetime"),
            (json!({"target_datetime": "1970-01-01T01:00:01"}), "offset"),
            (json!({"datetime_local_offset": "CET"}), "datetime_local_offset"),
            (json!({"datetime_local_offset": "+99:00"}), "datetime_local_offset"),
        ] {
            assert!(asked(&args).unwrap_err().contains(word), "{args}");
        }
    }
}
