//! Times for people: how long, and how long ago.

use std::time::Duration;

use crate::base::moment::Moment;

/// `7s`, `3m05s`, `2h04m`, `3d04h`.
pub fn short(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m{:02}s", seconds % 60),
        3600..86400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// A time as the API writes it, to the second, with how long ago that was: `2026-11-20 19:47:03 (3m05s ago)`.
/// A text that is no time is shown as it is.
pub fn ago(text: &str, now: Moment) -> String {
    let Some(then) = Moment::parse(text) else { return text.to_owned() };
    let micros = u64::try_from(now.0.saturating_sub(then.0)).unwrap_or_default();
    format!("{} ({} ago)", clock(text), short(Duration::from_micros(micros)))
}

/// The same without its distance from now.
pub fn clock(text: &str) -> String {
    let Some(moment) = Moment::parse(text) else { return text.to_owned() };
    moment.bare().chars().take(SECONDS_END).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Characters of `2026-11-20T19:47:03`.
const SECONDS_END: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        let shown = [0, 7, 185, 7440, 273_600].map(|seconds| short(Duration::from_secs(seconds)));
        assert_eq!(shown, ["0s", "7s", "3m05s", "2h04m", "3d04h"]);
    }

    #[test]
    fn times_with_and_without_a_zone_are_read() {
        let now = Moment(1_795_204_023_271_161);
        assert_eq!(ago("2026-11-20T19:46:00.271161+00:00", now), "2026-11-20 19:46:00 (1m03s ago)");
        assert_eq!(ago("2026-11-20T20:46:00+01:00", now), "2026-11-20 19:46:00 (1m03s ago)");
        assert_eq!(ago("2026-11-20T19:46:00.271161", now), "2026-11-20 19:46:00 (1m03s ago)");
        assert_eq!(ago("2027-01-01T00:00:00Z", now), "2027-01-01 00:00:00 (0s ago)");
        assert_eq!(ago("soon", now), "soon");
    }
}
