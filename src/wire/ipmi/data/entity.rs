//! What a sensor or a FRU belongs to (IPMI 2.0, table 43-13).

use std::fmt;

/// An entity: what it is, and which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    /// What it is.
    pub id: u8,
    /// Which of them; bit 7 says that it is a logical container.
    pub instance: u8,
}

impl Entity {
    /// What it is, in words.
    pub fn name(self) -> Option<&'static str> {
        let id = usize::from(self.id);
        let low = NAMES.get(id).copied().filter(|name| !name.is_empty());
        low.or_else(|| HIGH.iter().find(|(known, _)| *known == self.id).map(|(_, name)| *name))
    }
}

/// `29.1 (Fan Device)`.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} ", self.id, self.instance & 0x7f)?;
        match self.name() {
            Some(name) => write!(f, "({name})"),
            None => write!(f, "(Unknown (0x{:X}))", self.id),
        }
    }
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "Unspecified", "Other", "Unknown", "Processor", "Disk or Disk Bay", "Peripheral Bay",
    "System Management Module", "System Board", "Memory Module", "Processor Module", "Power Supply", "Add-in Card",
    "Front Panel Board", "Back Panel Board", "Power System Board", "Drive Backplane",
    "System Internal Expansion Board", "Other System Board", "Processor Board", "Power Unit", "Power Module",
    "Power Management", "Chassis Back Panel Board", "System Chassis", "Sub-Chassis", "Other Chassis Board",
    "Disk Drive Bay", "Peripheral Bay", "Device Bay", "Fan Device", "Cooling Unit", "Cable/Interconnect",
    "Memory Device", "System Management Software", "BIOS", "Operating System", "System Bus", "Group",
    "Remote Management Device", "External Environment", "Battery", "Processing Blade", "Connectivity Switch",
    "Processor/Memory Module", "I/O Module", "Processor/IO Module", "Management Controller Firmware",
    "IPMI Channel", "PCI Bus", "PCI Express Bus", "SCSI Bus (parallel)", "SATA/SAS Bus",
    "Processor/Front-Side Bus", "Real Time Clock(RTC)", "", "Air Inlet", "", "", "", "", "", "", "", "",
    "Air Inlet", "Processor", "Baseboard/Main System Board",
];

#[rustfmt::skip]
const HIGH: &[(u8, &str)] = &[
    (0xa0, "PICMG Front Board"),
    (0xc0, "PICMG Rear Transition Module"),
    (0xc1, "PICMG AdvancedMC Module"),
    (0xf0, "PICMG Shelf Management Controller"),
    (0xf1, "PICMG Filtration Unit"),
    (0xf2, "PICMG Shelf FRU Information"),
    (0xf3, "PICMG Alarm Panel"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: u8, instance: u8) -> String {
        Entity { id, instance }.to_string()
    }

    #[test]
    fn entities_are_named() {
        assert_eq!(shown(29, 1), "29.1 (Fan Device)");
        assert_eq!(shown(39, 0x81), "39.1 (External Environment)");
        assert_eq!(shown(0x42, 2), "66.2 (Baseboard/Main System Board)");
        assert_eq!(shown(0x37, 1), "55.1 (Air Inlet)");
        assert_eq!(shown(0xf3, 1), "243.1 (PICMG Alarm Panel)");
        assert_eq!(shown(0x39, 1), "57.1 (Unknown (0x39))");
    }
}
