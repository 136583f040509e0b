//! What one could see and press at the front of a fake machine.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::base::time::Later;
use crate::driver::capability::console::Console;
use crate::driver::capability::indicators::{Indicator, Indicators, Lamp};
use crate::driver::capability::nmi::Nmi;
use crate::driver::capability::sensors::Sensors;
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;
use crate::model::Object;
use crate::model::bmc::power::Power;

impl Sensors for FakeServer {
    /// Watts follow power, so that a reading is seen to change.
    fn readings(&self) -> Later<'_, Result<Object, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| {
            let watts = if machine.power == Power::On { 120 } else { 5 };
            let power = json!({"Input:Power@fake": {"last_power_output_watts": watts, "health": "OK"}});
            let inlet = json!({"Inlet@fake": {"reading_celsius": 21, "health": "OK"}});
            let groups: [(&str, Value); 2] = [("Power", power), ("Temperature", inlet)];
            groups.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        }))
    }
}

impl Indicators for FakeServer {
    fn list(&self) -> Later<'_, Result<Vec<Indicator>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| {
            let locator = Indicator {
                component: SYSTEM.to_owned(),
                name: LOCATOR.to_owned(),
                shows: machine.lamp,
                can: vec![Lamp::On, Lamp::Off, Lamp::Blinking],
            };
            let power = Indicator {
                component: "chassis".to_owned(),
                name: "led-0".to_owned(),
                shows: if machine.power == Power::On { Lamp::On } else { Lamp::Off },
                can: Vec::new(),
            };
            vec![locator, power]
        }))
    }

    fn set<'a>(
        &'a self,
        component: &'a str,
        name: &'a str,
        lamp: Lamp,
    ) -> Later<'a, Result<(), DriverError>> {
        Box::pin(async move {
            if (component, name) != (SYSTEM, LOCATOR) {
                return Err(DriverError::refused("the indicator", format!("no {name:?} on {component:?}")));
            }
            self.call(self.rack.delays.management, move |machine| machine.lamp = lamp).await
        })
    }
}

impl Nmi for FakeServer {
    fn inject(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| machine.interrupts += 1))
    }
}

impl Console for FakeServer {
    /// Greets, then sends back what it is sent.
    fn open(&self) -> Later<'_, Result<DuplexStream, DriverError>> {
        Box::pin(async move {
            self.call(self.rack.delays.management, |_| ()).await?;
            let (ours, theirs) = tokio::io::duplex(CONSOLE_BYTES);
            tokio::spawn(echo(theirs));
            Ok(ours)
        })
    }
}

/// Ends when the other end is dropped.
async fn echo(mut line: DuplexStream) {
    let mut bytes = [0; 256];
    let mut said = line.write_all(GREETING).await;
    while said.is_ok() {
        let Ok(length @ 1..) = line.read(&mut bytes).await else { return };
        said = line.write_all(bytes.get(..length).unwrap_or_default()).await;
    }
}

const SYSTEM: &str = "system";
const LOCATOR: &str = "led";
const GREETING: &[u8] = b"fake console\r\n";

/// A screenful.
const CONSOLE_BYTES: usize = 4096;
