//! Health, state and lamps, which many resources have.

use serde_json::Value;

use crate::wire::redfish::lenient::{Lenient, View, found, view};

view! {
    /// `Status`.
    pub struct Status {
        state: Option<String> = "State";
        health: Option<String> = "Health";
        health_rollup: Option<String> = "HealthRollup";
    }

    /// The lamp that finds a machine: the old enumeration, the new flag, or neither.
    pub struct Lamp {
        indicator_led: Option<String> = "IndicatorLED";
        location_active: Option<bool> = "LocationIndicatorActive";
    }
}

impl Status {
    /// A resource that does not tell its state is enabled (HPE drives, Huawei NICs).
    pub fn is_enabled(&self) -> bool {
        self.state.as_deref().is_none_or(|state| state.eq_ignore_ascii_case("Enabled"))
    }

    /// Nothing is in this slot.
    pub fn is_absent(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("Absent"))
    }

    /// Health in the standard's words (`Normal` and `Informational` are Cisco's); absent if not told.
    pub fn standard_health(&self) -> Option<String> {
        let told = self.health.as_deref().or(self.health_rollup.as_deref())?;
        Some(match told.to_ascii_lowercase().as_str() {
            "ok" | "normal" | "informational" | "good" => "OK".to_owned(),
            "warning" | "degraded" | "minor" | "major" => "Warning".to_owned(),
            "critical" | "error" | "fatal" | "failed" => "Critical".to_owned(),
            _ => told.to_owned(),
        })
    }
}

/// Ironic's words for a lamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LampState {
    On,
    Off,
    Blinking,
    Unknown,
}

impl LampState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Blinking => "blinking",
            Self::Unknown => "unknown",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::On, Self::Off, Self::Blinking, Self::Unknown];
        all.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
    }
}

impl Lamp {
    /// Whether there is a lamp at all.
    pub fn is_there(&self) -> bool {
        self.indicator_led.is_some() || self.location_active.is_some()
    }

    /// What it shows. A BMC that has both members is believed by the old one, which tells more.
    pub fn state(&self) -> LampState {
        match (self.indicator_led.as_deref(), self.location_active) {
            (Some(led), _) if led.eq_ignore_ascii_case("Lit") => LampState::On,
            (Some(led), _) if led.eq_ignore_ascii_case("Blinking") => LampState::Blinking,
            (Some(led), _) if led.eq_ignore_ascii_case("Off") => LampState::Off,
            (_, Some(true)) => LampState::On,
            (None, Some(false)) => LampState::Off,
            (Some(_), Some(false)) | (_, None) => LampState::Unknown,
        }
    }
}

/// Whether `value` has a lamp that only the new member drives.
pub fn has_only_location(value: &Value) -> bool {
    let lamp = Lamp::read(value);
    lamp.indicator_led.is_none()
        && found(value, &["LocationIndicatorActive"]).and_then(bool::lenient).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_lamps_are_read() {
        for (value, state) in [
            (json!({"IndicatorLED": "Lit"}), LampState::On),
            (json!({"IndicatorLED": "Blinking", "LocationIndicatorActive": true}), LampState::Blinking),
            (json!({"IndicatorLED": "Off"}), LampState::Off),
            (json!({"IndicatorLED": "Unknown"}), LampState::Unknown),
            (json!({"IndicatorLED": null, "LocationIndicatorActive": true}), LampState::On),
            (json!({"LocationIndicatorActive": "false"}), LampState::Off),
            (json!({}), LampState::Unknown),
        ] {
            assert_eq!(Lamp::read(&value).state(), state, "{value}");
        }
        assert!(!Lamp::default().is_there());
        assert!(has_only_location(&json!({"LocationIndicatorActive": false})));
        assert!(!has_only_location(&json!({"LocationIndicatorActive": false, "IndicatorLED": "Off"})));
        assert_eq!(LampState::parse("ON"), Some(LampState::On));
    }

    #[test]
    fn health_is_told_in_standard_words() {
        let health = |text: &str| Status::read(&json!({"Health": text})).standard_health();
        assert_eq!(health("Normal").as_deref(), Some("OK"));
        assert_eq!(health("Weird").as_deref(), Some("Weird"));
        assert!(Status::default().is_enabled() && !Status::default().is_absent());
    }
}
