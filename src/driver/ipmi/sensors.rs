//! Sensors: their records, read once and kept while the BMC says that they are the same, and a reading of each.

use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::capability::sensors::Sensors;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::driver::ipmi::call::CallError;
use crate::driver::ipmi::slot::Shelf;
use crate::model::Object;
use crate::wire::ipmi::ask::{Ask, netfn};
use crate::wire::ipmi::bridge::{Bridge, Hop};
use crate::wire::ipmi::data::convert::Factors;
use crate::wire::ipmi::data::reading;
use crate::wire::ipmi::data::sdr;
use crate::wire::ipmi::data::sdr::record::{Body, Record};
use crate::wire::ipmi::data::sdr::walk::Walk;
use crate::wire::ipmi::data::sdr::{Holder, RepositoryInfo};
use crate::wire::ipmi::data::sensors::{Sighting, Table, table};

impl Sensors for IpmiServer {
    fn readings(&self) -> Later<'_, Result<Object, DriverError>> {
        Box::pin(async move {
            let table = self.sensor_table().await?;
            Ok(table.into_iter().map(|(kind, sensors)| (kind, serde_json::json!(sensors))).collect())
        })
    }
}

/// What a sensor said.
#[derive(Debug, Clone, Copy)]
struct Sight {
    reading: Option<reading::Reading>,
    factors: Option<Factors>,
}

impl Sight {
    fn of(self, record: &Record) -> Option<Sighting<'_>> {
        let sight = Sighting { factors: self.factors, ..Sighting::new(record, self.reading) };
        record.sensor().map(|_| sight)
    }
}

impl IpmiServer {
    /// All sensors in the shape that consumers of the reference's metrics know: type, sensor id, fields.
    pub async fn sensor_table(&self) -> Result<Table, DriverError> {
        let records = self.sensor_records().await?;
        let sights = self.sights(&records).await?;
        Ok(table(records.iter().zip(&sights).filter_map(|(record, sight)| sight.of(record))))
    }

    /// The sensor data records, from memory if the BMC says that they are as old as those.
    pub async fn sensor_records(&self) -> Result<Arc<[Record]>, DriverError> {
        let (holder, info) = self.repository().await?;
        let slot = self.line.session();
        if let Some(records) = slot.records(self.bridge, info.changed) {
            return Ok(records);
        }
        let mut walk = Walk::new(holder, info.count);
        let mut steps = 0_usize;
        while let Some(ask) = walk.ask() {
            let answer = self.ask(ask).await?;
            walk.take(answer.completion.0, &answer.data);
            steps += 1;
            if steps >= MOST_STEPS {
                break;
            }
        }
        let records: Arc<[Record]> = walk.into_records().into();
        slot.keep(Shelf { of: self.bridge, changed: info.changed, records: Arc::clone(&records) });
        Ok(records)
    }

    /// Who has the records: the repository, or, where there is none, the device itself.
    async fn repository(&self) -> Result<(Holder, RepositoryInfo), DriverError> {
        let answer = self.ask(Holder::Repository.ask_info()).await?;
        if answer.completion.is_ok() {
            let info = RepositoryInfo::parse(&answer.data).map_err(|error| {
                DriverError::refused(format!("{READ} ({})", self.who()), error.to_string())
            })?;
            return Ok((Holder::Repository, info));
        }
        let answer = self.ask(Holder::Device.ask_info()).await?;
        if !answer.completion.is_ok() {
            return Err(self.refused(READ, (netfn::SENSOR, DEVICE_INFO), answer.completion));
        }
        let count = answer.data.first().copied().unwrap_or(0).into();
        let changed = device_age(&answer.data);
        Ok((Holder::Device, RepositoryInfo { version: 0x51, count, free: 0, changed, flags: 0 }))
    }

    async fn sights(&self, records: &[Record]) -> Result<Vec<Sight>, DriverError> {
        let mut sights = Vec::with_capacity(records.len());
        for record in records {
            sights.push(self.sight(record).await?);
        }
        Ok(sights)
    }

    /// A sensor's reading. That it has none, or cannot be reached, is no error: the others are read.
    async fn sight(&self, record: &Record) -> Result<Sight, DriverError> {
        let none = Sight { reading: None, factors: None };
        let Some((sensor, _)) = record.sensor() else { return Ok(none) };
        if matches!(record.body, Body::EventOnly(_)) {
            return Ok(none);
        }
        let (number, lun, way) = (sensor.owner.number, sensor.owner.lun(), self.way_to(record));
        let Some(reading) =
            self.piece(reading::Reading::ask(number, lun), way, reading::Reading::parse).await?
        else {
            return Ok(none);
        };
        let raw = reading.raw().filter(|_| is_nonlinear(record));
        let factors = match raw {
            Some(raw) => {
                let ask = Factors::ask(number, lun, raw);
                self.piece(ask, way, Factors::parse_answer).await?
            }
            None => None,
        };
        Ok(Sight { reading: Some(reading), factors })
    }

    /// The way to the sensor's owner: another controller's sensors are asked there.
    fn way_to(&self, record: &Record) -> Option<Bridge> {
        let owner = record.sensor()?.0.owner;
        if self.bridge.is_some() || owner.is_bmc() {
            return self.bridge;
        }
        Some(Bridge::Single { target: Hop { channel: owner.channel(), address: owner.address } })
    }

    /// An answer's data; nothing where this sensor has none.
    async fn piece<T, E>(
        &self,
        ask: Ask,
        way: Option<Bridge>,
        parse: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Option<T>, DriverError> {
        match self.ask(ask.via(way)).await {
            Ok(answer) if answer.completion.is_ok() => Ok(parse(&answer.data).ok()),
            Ok(_) | Err(CallError::NotDone(DriverError::Refused { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_nonlinear(record: &Record) -> bool {
    match &record.body {
        Body::Full(full) => full.scale().is_nonlinear(),
        Body::Compact(_)
        | Body::EventOnly(_)
        | Body::FruLocator(_)
        | Body::McLocator(_)
        | Body::Other { .. } => false,
    }
}

/// When the device's own records last changed: bytes 2 to 5 of its info, of those that change.
fn device_age(data: &[u8]) -> (u32, u32) {
    let age = data.get(2..6).and_then(|bytes| bytes.try_into().ok());
    (age.map_or(0, u32::from_le_bytes), u32::try_from(sdr::record::HEADER).unwrap_or(0))
}

const READ: &str = "reading sensor records";
/// Get Device SDR Info.
const DEVICE_INFO: u8 = 0x20;
/// Pieces of a thousand records: no BMC has more.
const MOST_STEPS: usize = 8192;
