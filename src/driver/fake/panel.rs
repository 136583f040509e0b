//! What one could see and press at the front of a fake machine.

use tokio::io::{AsyncWriteExt, DuplexStream};

use crate::base::time::Later;
use crate::driver::capability::console::Console;
use crate::driver::capability::indicators::{Indicator, Indicators, Lamp};
use crate::driver::capability::nmi::Nmi;
use crate::driver::capability::sensors::{Reading, Sensors};
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;
use crate::model::power::Power;

impl Sensors for FakeServer {
    /// Watts follow power, so that a reading is seen to change.
    fn readings(&self) -> Later<'_, Result<Vec<Reading>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| {
            let watts = if machine.power == Power::On { 120.0 } else { 5.0 };
            vec![reading("Power", "Input", watts, "W"), reading("Temperature", "Inlet", 21.0, "Cel")]
        }))
    }
}

fn reading(group: &str, name: &str, value: f64, unit: &str) -> Reading {
    Reading { group: group.to_owned(), name: name.to_owned(), value: Some(value), unit: unit.to_owned() }
}

impl Indicators for FakeServer {
    fn list(&self) -> Later<'_, Result<Vec<Indicator>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| {
            vec![Indicator {
                component: SYSTEM.to_owned(),
                name: LOCATOR.to_owned(),
                shows: machine.lamp,
                can: vec![Lamp::On, Lamp::Off, Lamp::Blinking],
            }]
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
    /// Greets and then says nothing more.
    fn open(&self) -> Later<'_, Result<DuplexStream, DriverError>> {
        Box::pin(async move {
            self.call(self.rack.delays.management, |_| ()).await?;
            let (ours, mut theirs) = tokio::io::duplex(CONSOLE_BYTES);
            // The greeting fits the buffer, so this neither waits nor fails.
            theirs.write_all(GREETING).await.ok();
            Ok(ours)
        })
    }
}

const SYSTEM: &str = "system";
const LOCATOR: &str = "locator";
const GREETING: &[u8] = b"fake console\r\n";

/// A screenful.
const CONSOLE_BYTES: usize = 4096;
