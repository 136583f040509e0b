//! A wall-clock moment, for showing only; no rule waits by it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// As resources show it: ISO 8601 with microseconds and `+00:00`.
    pub fn iso(self) -> String {
        format!("{}+00:00", self.bare())
    }

    /// As `driver_internal_info` shows it: the same without a zone.
    pub fn bare(self) -> String {
        let stamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        stamp.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
    }
}

impl Moment {
    /// ISO 8601 with a zone, or without one, which means UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let zoned = text.parse::<jiff::Timestamp>().ok();
        let bare = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
        let stamp = zoned.or_else(|| bare().map(|zoned| zoned.timestamp()))?;
        Some(Self(stamp.as_microsecond()))
    }

    /// Whole seconds since `earlier`; none if the clock was set back in between.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0) / 1_000_000).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_look_as_the_api_shows_them() {
        let moment = Moment(1_795_204_023_271_161);
        assert_eq!(moment.iso(), "2026-11-20T19:47:03.271161+00:00");
        assert_eq!(Moment(0).bare(), "1970-01-01T00:00:00.000000");
        assert_eq!(Moment(i64::MAX).bare(), "1970-01-01T00:00:00.000000");
    }

    #[test]
    fn a_clock_that_was_set_back_counts_nothing() {
        assert_eq!(Moment(9_500_000).seconds_since(Moment(2_000_000)), 7);
        assert_eq!(Moment(2_000_000).seconds_since(Moment(9_000_000)), 0);
        assert_eq!(Moment(i64::MIN).seconds_since(Moment(i64::MAX)), 0);
    }
}
