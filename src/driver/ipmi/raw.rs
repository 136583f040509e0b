//! Commands in numbers, and what is done by name: the vendor's methods `send_raw` and `bmc_reset`, the step `send_raw`.

use std::sync::Arc;

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::capability::vendor::{VendorCall, VendorPassthru};
use crate::driver::error::DriverError;
use crate::driver::ipmi::{Ipmi, IpmiServer};
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::turn::Turn;
use crate::wire::ipmi::ask::{Ask, DATA_LIMIT};
use crate::wire::ipmi::command;
use crate::wire::ipmi::data::device::Reset;

/// A command in numbers, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBytes {
    netfn: u8,
    command: u8,
    data: Vec<u8>,
}

impl RawBytes {
    /// Out of `raw_bytes`: numbers with blanks between them as C writes them (`0x` hex, `0` octal, else decimal); the
    /// first two are network function and command.
    pub fn of(args: &Object) -> Result<Self, DriverError> {
        match args.get(RAW_BYTES) {
            Some(Value::String(text)) => Self::parse(text),
            Some(_) => Err(wrong("it is no text")),
            None => Err(wrong("it is missing")),
        }
    }

    /// The same from the text.
    pub fn parse(text: &str) -> Result<Self, DriverError> {
        let mut numbers = Vec::new();
        for word in text.split_whitespace() {
            let number = number(word).ok_or_else(|| {
                wrong(format!("{:?} is no byte", word.chars().take(SHOWN).collect::<String>()))
            })?;
            numbers.push(number);
        }
        let [netfn, command, data @ ..] = numbers.as_slice() else {
            return Err(wrong("it needs a network function and a command"));
        };
        if netfn % 2 != 0 || *netfn > LAST_NETFN {
            return Err(wrong(format!("{netfn:#04x} is no network function of a request")));
        }
        if data.len() > DATA_LIMIT {
            return Err(wrong(format!("it has more than {DATA_LIMIT} bytes of data")));
        }
        Ok(Self { netfn: *netfn, command: *command, data: data.to_vec() })
    }

    fn ask(&self) -> Ask {
        command::raw(self.netfn, self.command, &self.data)
    }
}

/// A byte as C writes it.
fn number(word: &str) -> Option<u8> {
    let lower = word.to_ascii_lowercase();
    let (digits, base) = match lower.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if lower.len() > 1 && lower.starts_with('0') => (lower.get(1..)?, 8),
        None => (lower.as_str(), 10),
    };
    if digits.starts_with('+') { None } else { u8::from_str_radix(digits, base).ok() }
}

/// How much `bmc_reset` starts anew: `warm` (true if it is not given) or all of it.
pub fn reset_of(args: &Object) -> Result<Reset, DriverError> {
    let warm = match args.get("warm") {
        None | Some(Value::Null) => Some(true),
        Some(Value::Bool(warm)) => Some(*warm),
        Some(Value::String(word)) => match word.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        Some(Value::Number(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    match warm {
        Some(true) => Ok(Reset::Warm),
        Some(false) => Ok(Reset::Cold),
        None => Err(DriverError::refused("bmc_reset", "warm is neither true nor false")),
    }
}

impl IpmiServer {
    /// Sends a command in numbers and returns its answer's data.
    pub async fn send_raw(&self, raw: &RawBytes) -> Result<Vec<u8>, DriverError> {
        self.command(&format!("raw command {:#04x} {:#04x}", raw.netfn, raw.command), raw.ask()).await
    }
}

impl VendorPassthru for IpmiServer {
    /// Returns nothing, as the reference's methods do.
    fn call<'a>(&'a self, call: VendorCall<'a>) -> Later<'a, Result<Value, DriverError>> {
        Box::pin(async move {
            match call.method {
                SEND_RAW => self.send_raw(&RawBytes::of(call.args)?).await.map(|_| Value::Null),
                BMC_RESET => self.reset_bmc(reset_of(call.args)?).await.map(|()| Value::Null),
                other => Err(DriverError::Unsupported {
                    implementation: "ipmitool vendor".to_owned(),
                    what: format!("the method {other:?}"),
                }),
            }
        })
    }
}

/// The step `send_raw` of clean, deploy and service.
#[derive(Debug)]
pub struct SendRaw {
    ipmi: Arc<Ipmi>,
}

impl SendRaw {
    pub fn new(ipmi: Arc<Ipmi>) -> Self {
        Self { ipmi }
    }

    async fn send(&self, call: &StepCall) -> Result<(), DriverError> {
        let raw = RawBytes::of(&call.step.args)?;
        self.ipmi.server(&call.machine.node)?.send_raw(&raw).await.map(|_| ())
    }
}

impl StepWork for SendRaw {
    /// Bytes that are none fail before anything is sent.
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move {
            match RawBytes::of(&call.step.args) {
                Ok(_) => Turn::Act { memo: call.memo.clone() },
                Err(error) => error.turn(),
            }
        })
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            if again {
                return Turn::failed(
                    "the command may have been sent already: whether it was done is not known",
                );
            }
            match self.send(call).await {
                Ok(()) => Turn::done(),
                Err(error) => error.turn(),
            }
        })
    }
}

fn wrong(why: impl Into<String>) -> DriverError {
    DriverError::refused("reading raw_bytes", why)
}

/// The vendor's methods.
pub const SEND_RAW: &str = "send_raw";
pub const BMC_RESET: &str = "bmc_reset";
/// The argument of `send_raw`.
const RAW_BYTES: &str = "raw_bytes";
/// The last network function of a request.
const LAST_NETFN: u8 = 0x3e;
/// Characters of a client's word that an error repeats.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_as_c_writes_them() {
        let raw = RawBytes::parse(" 0x00 0x08  010 8 0XfF ").unwrap();
        assert_eq!(raw, RawBytes { netfn: 0, command: 8, data: vec![8, 8, 0xff] });
        for text in
            ["", "0x00", "1 1", "0x40 1", "0 256", "0 0x100", "0 08", "0 -1", "0 +1", "0 0x+1", "0 x", "0 0x"]
        {
            RawBytes::parse(text).unwrap_err();
        }
        let long = format!("0 1{}", " 0".repeat(DATA_LIMIT + 1));
        assert!(RawBytes::parse(&long).unwrap_err().to_string().contains("230 bytes"));
    }

    #[test]
    fn a_reset_is_warm_unless_told_otherwise() {
        let of = |args: Value| reset_of(args.as_object().unwrap());
        assert_eq!(of(json!({})).unwrap(), Reset::Warm);
        assert_eq!(of(json!({"warm": false})).unwrap(), Reset::Cold);
        assert_eq!(of(json!({"warm": "False"})).unwrap(), Reset::Cold);
        for wrong in [json!({"warm": "perhaps"}), json!({"warm": 1})] {
            of(wrong).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(netfn in 0_u8..0x20, bytes in proptest::collection::vec(any::<u8>(), 1..30)) {
            let text = bytes.iter().map(|byte| format!("{byte:#x}")).collect::<Vec<_>>().join(" ");
            let raw = RawBytes::parse(&format!("{} {text}", netfn * 2)).unwrap();
            prop_assert_eq!((raw.command, raw.data), (bytes[0], bytes[1..].to_vec()));
        }

        #[test]
        fn no_text_is_a_panic(text in any::<String>()) {
            RawBytes::parse(&text).ok();
        }
    }
}
