//! Raw readings to values: y = L((M x + B 10^Bexp) 10^Rexp) (IPMI 2.0, 36.3).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::SENSOR;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::data::unit::Format;
use crate::wire::ipmi::fault::WireError;

/// Six bytes of a full record, or of Get Sensor Reading Factors after its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Factors(pub [u8; 6]);

impl Factors {
    /// M: ten bits, two's complement.
    pub fn m(self) -> i16 {
        let [low, high, ..] = self.0;
        ten_bits(low, high)
    }

    /// B: ten bits, two's complement.
    pub fn b(self) -> i16 {
        let [_, _, low, high, ..] = self.0;
        ten_bits(low, high)
    }

    /// Tolerance in half raw counts, 0-63.
    pub fn tolerance(self) -> u8 {
        let [_, high, ..] = self.0;
        high & 0x3f
    }

    /// Exponent of the result.
    pub fn r_exponent(self) -> i8 {
        let [.., exponents] = self.0;
        four_bits(exponents >> 4)
    }

    /// Exponent of B.
    pub fn b_exponent(self) -> i8 {
        let [.., exponents] = self.0;
        four_bits(exponents & 0x0f)
    }

    /// Factors from numbers; those that do not fit keep their lowest bits. Accuracy is 0.
    pub fn of(m: i16, b: i16, r_exponent: i8, b_exponent: i8) -> Self {
        let ([m_low, m_high], [b_low, b_high]) = (m.to_le_bytes(), b.to_le_bytes());
        let exponents = r_exponent.cast_unsigned() << 4 | b_exponent.cast_unsigned() & 0x0f;
        Self([m_low, (m_high & 0x03) << 6, b_low, (b_high & 0x03) << 6, 0, exponents])
    }

    /// Get Sensor Reading Factors: those of a non-linear sensor differ from reading to reading.
    pub fn ask(number: u8, lun: u8, raw: u8) -> Ask {
        Ask { lun, ..Ask::new(SENSOR, FACTORS, [number, raw]) }
    }

    /// Reads the answer: the next reading, then the factors.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse_answer(data: &[u8]) -> Result<Self, WireError> {
        Bytes::new("reading factors", data).array(1).map(Self)
    }
}

/// How a full sensor's bytes become values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// How raw bytes are numbers.
    pub format: Format,
    /// The last function: 0 linear to 0b cube root; 70 and above: none, the factors change.
    pub linearisation: u8,
    /// M, B, exponents.
    pub factors: Factors,
}

impl Scale {
    /// A raw reading's value as the formula gives it: possibly infinite or not a number.
    pub fn value(self, raw: u8) -> f64 {
        let factors = self.factors;
        let offset = f64::from(factors.b()) * ten_to(factors.b_exponent());
        self.finish(f64::from(factors.m()) * f64::from(self.number(raw)) + offset)
    }

    /// A raw reading's value, if it is a number.
    pub fn finite(self, raw: u8) -> Option<f64> {
        Some(self.value(raw)).filter(|value| value.is_finite() && self.format != Format::Discrete)
    }

    /// A hysteresis as a value: without B, and negative if M is.
    pub fn hysteresis(self, raw: u8) -> f64 {
        self.finish(f64::from(self.factors.m()) * f64::from(raw))
    }

    /// The tolerance of every reading.
    pub fn tolerance(self) -> f64 {
        self.finish(f64::from(self.factors.m()) * f64::from(self.factors.tolerance()) / 2.0)
    }

    /// Whether the factors must be asked for with each reading.
    pub fn is_nonlinear(self) -> bool {
        (NONLINEAR..=0x7f).contains(&(self.linearisation & 0x7f))
    }

    fn number(self, raw: u8) -> i16 {
        let signed = i16::from(raw.cast_signed());
        match self.format {
            Format::Unsigned | Format::Discrete => i16::from(raw),
            Format::Ones if signed < 0 => signed + 1,
            Format::Ones | Format::Twos => signed,
        }
    }

    fn finish(self, sum: f64) -> f64 {
        linearised(self.linearisation & 0x7f, sum * ten_to(self.factors.r_exponent()))
    }
}

fn linearised(function: u8, x: f64) -> f64 {
    match function {
        0x01 => x.ln(),
        0x02 => x.log10(),
        0x03 => x.log2(),
        0x04 => x.exp(),
        0x05 => 10_f64.powf(x),
        0x06 => 2_f64.powf(x),
        0x07 => x.recip(),
        0x08 => x * x,
        0x09 => x * x * x,
        0x0a => x.sqrt(),
        0x0b => x.cbrt(),
        _ => x,
    }
}

/// A value with three decimals, as C prints it: the root of a negative number is `-nan`.
pub fn fixed(value: f64, decimals: usize) -> String {
    if value.is_nan() { "-nan".to_owned() } else { format!("{value:.decimals$}") }
}

/// A value with no decimals if it is whole, else with three.
pub fn brief(value: f64) -> String {
    let whole = value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX);
    fixed(value, if whole { 0 } else { 3 })
}

fn ten_bits(low: u8, high: u8) -> i16 {
    let bits = i16::from_le_bytes([low, high >> 6]);
    if bits & 0x200 != 0 { bits - 0x400 } else { bits }
}

fn four_bits(bits: u8) -> i8 {
    (bits << 4).cast_signed() >> 4
}

fn ten_to(exponent: i8) -> f64 {
    10_f64.powf(f64::from(exponent))
}

/// Get Sensor Reading Factors.
pub const FACTORS: u8 = 0x23;

/// From here on the record's own factors mean nothing.
const NONLINEAR: u8 = 0x70;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scale(format: Format, linearisation: u8, bytes: [u8; 6]) -> Scale {
        Scale { format, linearisation, factors: Factors(bytes) }
    }

    #[test]
    fn recorded_sensors() {
        let volts = scale(Format::Unsigned, 0, [0x3f, 0, 0, 0, 0, 0xd0]);
        assert_eq!(
            (fixed(volts.value(0xbf), 3).as_str(), brief(volts.value(0xbf)).as_str()),
            ("12.033", "12.033")
        );
        let inverse = scale(Format::Unsigned, 7, [0x02, 0, 0x03, 0, 0, 0xe1]);
        assert_eq!(brief(inverse.value(0x14)), "1.429");
        assert_eq!(
            (brief(inverse.tolerance()), fixed(inverse.hysteresis(2), 3)),
            ("inf".into(), "25.000".into())
        );
        let root = scale(Format::Unsigned, 10, [0x05, 0, 0xf9, 0xc0, 0, 0xf0]);
        assert_eq!((fixed(root.value(0), 3), root.finite(0)), ("-nan".into(), None));
        let margin = scale(Format::Unsigned, 0, [0xff, 0xc0, 0x64, 0, 0, 0]);
        assert_eq!((brief(margin.value(0x3e)), brief(margin.tolerance())), ("38".into(), "-0".into()));
    }

    #[test]
    fn signs() {
        let one = [1, 0, 0, 0, 0, 0];
        let values = |format| [0x00, 0x7f, 0x80, 0xff].map(|raw| brief(scale(format, 0, one).value(raw)));
        assert_eq!(values(Format::Unsigned), ["0", "127", "128", "255"]);
        assert_eq!(values(Format::Twos), ["0", "127", "-128", "-1"]);
        assert_eq!(values(Format::Ones), ["0", "127", "-127", "0"]);
        assert_eq!(scale(Format::Discrete, 0, one).finite(1), None);
    }

    #[test]
    fn every_function() {
        let at = |function, raw| scale(Format::Unsigned, function, [1, 0, 0, 0, 0, 0]).value(raw);
        let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-9, "{got} {want}");
        for (function, raw, want) in [
            (0, 3, 3.0),
            (1, 1, 0.0),
            (2, 100, 2.0),
            (3, 8, 3.0),
            (4, 0, 1.0),
            (5, 2, 100.0),
            (6, 5, 32.0),
            (7, 4, 0.25),
            (8, 3, 9.0),
            (9, 3, 27.0),
            (10, 81, 9.0),
            (11, 27, 3.0),
            (0x70, 9, 9.0),
        ] {
            close(at(function, raw), want);
        }
        assert!(scale(Format::Unsigned, 0x70, [0; 6]).is_nonlinear());
        assert!(!scale(Format::Unsigned, 0x8a, [0; 6]).is_nonlinear());
    }

    proptest! {
        #[test]
        fn factors_are_read_as_written(m in -512..512_i16, b in -512..512_i16, r in -8..8_i8, e in -8..8_i8) {
            let factors = Factors::of(m, b, r, e);
            prop_assert_eq!(
                (factors.m(), factors.b(), factors.r_exponent(), factors.b_exponent(), factors.tolerance()),
                (m, b, r, e, 0)
            );
        }

        #[test]
        fn a_finite_value_is_finite(bytes: [u8; 6], function: u8, raw: u8) {
            for format in [Format::Unsigned, Format::Ones, Format::Twos, Format::Discrete] {
                let scale = scale(format, function, bytes);
                prop_assert!(scale.finite(raw).is_none_or(f64::is_finite));
                prop_assert!(!brief(scale.value(raw)).is_empty());
            }
        }
    }
}
