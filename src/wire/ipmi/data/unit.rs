//! Units of a sensor's values (IPMI 2.0, table 43-15) as clients' tools print them.

/// A record's three unit bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Format, rate, use of the modifier, percent.
    pub flags: u8,
    /// Base unit.
    pub base: u8,
    /// Modifier unit.
    pub modifier: u8,
}

/// How raw bytes are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 0 to 255.
    Unsigned,
    /// One's complement.
    Ones,
    /// Two's complement.
    Twos,
    /// No numbers at all.
    Discrete,
}

impl Units {
    /// How raw bytes are numbers.
    pub fn format(self) -> Format {
        match self.flags >> 6 {
            0 => Format::Unsigned,
            1 => Format::Ones,
            2 => Format::Twos,
            _ => Format::Discrete,
        }
    }

    /// Whether values are a share of a hundred.
    pub fn is_percent(self) -> bool {
        self.flags & 0x01 != 0
    }

    /// Whether any unit is said at all.
    pub fn is_said(self) -> bool {
        self.flags & 0x07 != 0 || self.base != 0 || self.modifier != 0
    }

    /// The unit's text: `degrees C`, `percent`, `lumen/m`.
    pub fn text(self) -> String {
        let percent = if self.is_percent() { "% " } else { "" };
        let (base, modifier) = (name(self.base), name(self.modifier));
        match self.flags >> 1 & 0x03 {
            2 => format!("{percent}{base} * {modifier}"),
            1 => format!("{percent}{base}/{modifier}"),
            _ if self.base == 0 && self.is_percent() => "percent".to_owned(),
            _ => format!("{percent}{base}"),
        }
    }
}

fn name(code: u8) -> &'static str {
    NAMES.get(usize::from(code)).copied().unwrap_or("unknown")
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "unspecified", "degrees C", "degrees F", "degrees K", "Volts", "Amps", "Watts", "Joules",
    "Coulombs", "VA", "Nits", "lumen", "lux", "Candela", "kPa", "PSI",
    "Newton", "CFM", "RPM", "Hz", "microsecond", "millisecond", "second", "minute",
    "hour", "day", "week", "mil", "inches", "feet", "cu in", "cu feet",
    "mm", "cm", "m", "cu cm", "cu m", "liters", "fluid ounce", "radians",
    "steradians", "revolutions", "cycles", "gravities", "ounce", "pound", "ft-lb", "oz-in",
    "gauss", "gilberts", "henry", "millihenry", "farad", "microfarad", "ohms", "siemens",
    "mole", "becquerel", "PPM", "reserved", "Decibels", "DbA", "DbC", "gray",
    "sievert", "color temp deg K", "bit", "kilobit", "megabit", "gigabit", "byte", "kilobyte",
    "megabyte", "gigabyte", "word", "dword", "qword", "line", "hit", "miss",
    "retry", "reset", "overflow", "underrun", "collision", "packets", "messages", "characters",
    "error", "correctable error", "uncorrectable error", "fatal error", "grams",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(flags: u8, base: u8, modifier: u8) -> String {
        Units { flags, base, modifier }.text()
    }

    #[test]
    fn units_are_named() {
        assert_eq!(text(0, 18, 0), "RPM");
        assert_eq!(text(1, 0, 0), "percent");
        assert_eq!(text(1, 6, 0), "% Watts");
        assert_eq!(text(2, 11, 34), "lumen/m");
        assert_eq!(text(4, 16, 34), "Newton * m");
        assert_eq!((text(0, 92, 0).as_str(), text(0, 93, 0).as_str()), ("grams", "unknown"));
        assert_eq!(Units { flags: 0xc0, base: 0, modifier: 0 }.format(), Format::Discrete);
        assert!(!Units { flags: 0xc0, base: 0, modifier: 0 }.is_said());
    }
}
