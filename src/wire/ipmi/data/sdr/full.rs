//! Full sensor records: sensors that have values (IPMI 2.0, 43.1).

use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::data::convert::Factors;
use crate::wire::ipmi::data::convert::Scale;
use crate::wire::ipmi::data::reading::Limit;
use crate::wire::ipmi::data::sdr::record::Sensor;
use crate::wire::ipmi::data::sdr::record::name;
use crate::wire::ipmi::data::sdr::record::name_bytes;
use crate::wire::ipmi::fault::WireError;

/// A full record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full {
    /// What it shares with compact records.
    pub sensor: Sensor,
    /// How raw bytes become values: the last function.
    pub linearisation: u8,
    /// M, B, exponents.
    pub factors: Factors,
    /// Which of nominal, normal maximum and minimum are given (bits 0, 1, 2).
    pub given: u8,
    /// Nominal reading, normal maximum, normal minimum, raw.
    pub normal: [u8; 3],
    /// Greatest and least reading, raw.
    pub range: [u8; 2],
    /// Thresholds, raw: UNR, UC, UNC, LNR, LC, LNC. The order differs from masks.
    pub thresholds: [u8; 6],
    /// Positive and negative hysteresis, raw.
    pub hysteresis: [u8; 2],
    /// The maker's byte.
    pub oem: u8,
    /// Name.
    pub name: String,
}

impl Full {
    /// From the header on.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("full sensor record", data);
        Ok(Self {
            sensor: Sensor::parse(bytes)?,
            linearisation: bytes.byte(23)?,
            factors: Factors(bytes.array(24)?),
            given: bytes.byte(30)?,
            normal: bytes.array(31)?,
            range: bytes.array(34)?,
            thresholds: bytes.array(36)?,
            hysteresis: bytes.array(42)?,
            oem: bytes.byte(46)?,
            name: name(bytes, 47)?,
        })
    }

    /// What follows the header.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = self.sensor.emit();
        out.push(self.linearisation);
        out.extend(self.factors.0);
        out.push(self.given);
        out.extend(self.normal);
        out.extend(self.range);
        out.extend(self.thresholds);
        out.extend(self.hysteresis);
        out.extend([0, 0, self.oem]);
        out.extend(name_bytes(&self.name));
        out
    }

    /// How raw bytes become values by the record's own factors.
    pub fn scale(&self) -> Scale {
        let format = self.sensor.units.format();
        Scale { format, linearisation: self.linearisation, factors: self.factors }
    }

    /// A threshold's raw value as the record has it.
    pub fn threshold(&self, limit: Limit) -> u8 {
        let [unr, uc, unc, lnr, lc, lnc] = self.thresholds;
        match limit {
            Limit::LowerNonCritical => lnc,
            Limit::LowerCritical => lc,
            Limit::LowerNonRecoverable => lnr,
            Limit::UpperNonCritical => unc,
            Limit::UpperCritical => uc,
            Limit::UpperNonRecoverable => unr,
        }
    }
}
