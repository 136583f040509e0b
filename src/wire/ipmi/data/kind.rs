//! Sensor types (IPMI 2.0, table 42-3).

/// A sensor type's name: `Temperature`, `Drive Slot / Bay`.
pub fn name(kind: u8) -> String {
    match NAMES.get(usize::from(kind)) {
        Some(name) => (*name).to_owned(),
        None if kind >= FIRST_OEM => format!("OEM reserved #{kind:02x}"),
        None => format!("reserved #{kind:02x}"),
    }
}

/// The first type that makers define.
const FIRST_OEM: u8 = 0xc0;

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "reserved", "Temperature", "Voltage", "Current", "Fan", "Physical Security", "Platform Security", "Processor",
    "Power Supply", "Power Unit", "Cooling Device", "Other", "Memory", "Drive Slot / Bay", "POST Memory Resize",
    "System Firmwares", "Event Logging Disabled", "Watchdog1", "System Event", "Critical Interrupt", "Button",
    "Module / Board", "Microcontroller", "Add-in Card", "Chassis", "Chip Set", "Other FRU", "Cable / Interconnect",
    "Terminator", "System Boot Initiated", "Boot Error", "OS Boot", "OS Critical Stop", "Slot / Connector",
    "System ACPI Power State", "Watchdog2", "Platform Alert", "Entity Presence", "Monitor ASIC", "LAN",
    "Management Subsys Health", "Battery", "Session Audit", "Version Change", "FRU State",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named() {
        assert_eq!(name(0x01), "Temperature");
        assert_eq!(name(0x25), "Entity Presence");
        assert_eq!(name(0x2c), "FRU State");
        assert_eq!(name(0x2d), "reserved #2d");
        assert_eq!(name(0xc8), "OEM reserved #c8");
    }
}
