//! Whose controller it is: names, paths and habits of each maker, as data.

use crate::twin::redfish::oddity::{Oddities, Oddity};

/// A maker of controllers, as one of its present models behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    Generic,
    Dell,
    Hpe,
    Lenovo,
    Supermicro,
}

impl Profile {
    pub const ALL: &[Self] = &[Self::Generic, Self::Dell, Self::Hpe, Self::Lenovo, Self::Supermicro];

    /// The maker's data.
    pub fn maker(self) -> &'static Maker {
        match self {
            Self::Generic => &GENERIC,
            Self::Dell => &DELL,
            Self::Hpe => &HPE,
            Self::Lenovo => &LENOVO,
            Self::Supermicro => &SUPERMICRO,
        }
    }

    /// The oddities that every machine of this maker has.
    pub fn habits(self) -> Oddities {
        let habits: &[Oddity] = match self {
            Self::Generic => &[Oddity::OpenbmcResetActioninfo],
            Self::Dell => &[Oddity::DellSerialIsSku, Oddity::Dell409Already, Oddity::DellNoHttpbooturi],
            Self::Hpe => &[Oddity::HpeEjectEmptyBody, Oddity::HpeManagerResetNoType, Oddity::HpeDriveNoState],
            Self::Lenovo => {
                &[Oddity::LenovoVmediaSlots, Oddity::LenovoNoContinuous, Oddity::LenovoLedChassisReadonly]
            }
            Self::Supermicro => &[
                Oddity::SmcUsbcd,
                Oddity::SmcInsertImageOnly,
                Oddity::SmcEnabledAlways,
                Oddity::SmcBadFieldName,
            ],
        };
        habits.iter().copied().collect()
    }
}

/// Where virtual media hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    System,
    Manager,
    Both,
}

/// Which members and resources a kind of thing is told by: those of old, those of today, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    Old,
    New,
    Both,
}

impl Age {
    pub fn has_old(self) -> bool {
        self != Self::New
    }

    pub fn has_new(self) -> bool {
        self != Self::Old
    }
}

/// A virtual media slot.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    pub id: &'static str,
    pub types: &'static [&'static str],
    /// Whether it takes a URL; others serve the web console only.
    pub takes_urls: bool,
}

impl Slot {
    pub fn is_optical(&self) -> bool {
        self.types.iter().any(|kind| matches!(*kind, "CD" | "DVD"))
    }
}

/// What differs between makers and is data.
#[derive(Debug)]
pub struct Maker {
    /// The root's `Vendor`; none at the generic one.
    pub vendor: Option<&'static str>,
    pub product: &'static str,
    pub redfish: &'static str,
    /// `Manufacturer` of the system.
    pub manufacturer: &'static str,
    pub model: &'static str,
    pub bios: &'static str,
    pub system: &'static str,
    pub chassis: &'static str,
    pub manager: &'static str,
    pub manager_model: &'static str,
    pub firmware: &'static str,
    pub storage: &'static str,
    pub oem: Option<&'static str>,
    pub resets: &'static [&'static str],
    pub targets: &'static [&'static str],
    pub slots: &'static [Slot],
    pub media: Under,
    pub sensors: Age,
    pub lamps: Age,
    pub expands: bool,
    /// Whether a query that is not known is refused, or else ignored.
    pub refuses_queries: bool,
    pub weak_etags: bool,
    pub boot_http: bool,
    pub registry_prefix: &'static str,
}

impl Maker {
    pub fn system_path(&self) -> String {
        format!("{ROOT}/Systems/{}", self.system)
    }

    pub fn chassis_path(&self) -> String {
        format!("{ROOT}/Chassis/{}", self.chassis)
    }

    pub fn manager_path(&self) -> String {
        format!("{ROOT}/Managers/{}", self.manager)
    }

    /// Where slots are found, without a slash at the end; the first is where they are at home.
    pub fn media_paths(&self) -> Vec<String> {
        let of = |base: String| format!("{base}/VirtualMedia");
        match self.media {
            Under::System => vec![of(self.system_path())],
            Under::Manager => vec![of(self.manager_path())],
            Under::Both => vec![of(self.system_path()), of(self.manager_path())],
        }
    }
}

pub const ROOT: &str = "/redfish/v1";

const CD: &[&str] = &["CD", "DVD"];
const STICK: &[&str] = &["Floppy", "USBStick"];

const fn slot(id: &'static str, types: &'static [&'static str]) -> Slot {
    Slot { id, types, takes_urls: true }
}

const ALL_RESETS: &[&str] = &[
    "On",
    "ForceOn",
    "ForceOff",
    "GracefulShutdown",
    "GracefulRestart",
    "ForceRestart",
    "PowerCycle",
    "Nmi",
];
const ALL_TARGETS: &[&str] = &["None", "Pxe", "Cd", "Usb", "Hdd", "BiosSetup", "UefiTarget", "UefiHttp"];

static GENERIC: Maker = Maker {
    vendor: None,
    product: "Redfish Service",
    redfish: "1.17.0",
    manufacturer: "Contoso",
    model: "Rack Server 1",
    bios: "1.7.2",
    system: "system",
    chassis: "chassis",
    manager: "bmc",
    manager_model: "BMC 1",
    firmware: "2.14.0",
    storage: "1",
    oem: None,
    resets: ALL_RESETS,
    targets: ALL_TARGETS,
    slots: &[slot("Slot_0", CD), slot("Slot_1", STICK)],
    media: Under::Manager,
    sensors: Age::New,
    lamps: Age::New,
    expands: false,
    refuses_queries: true,
    weak_etags: false,
    boot_http: true,
    registry_prefix: "Contoso",
};

static DELL: Maker = Maker {
    vendor: Some("Dell"),
    product: "Integrated Dell Remote Access Controller",
    redfish: "1.18.0",
    manufacturer: "Dell Inc.",
    model: "PowerEdge R660",
    bios: "2.1.5",
    system: "System.Embedded.1",
    chassis: "System.Embedded.1",
    manager: "iDRAC.Embedded.1",
    manager_model: "16G Monolithic",
    firmware: "7.10.50.00",
    storage: "RAID.Integrated.1-1",
    oem: Some("Dell"),
    resets: &[
        "On",
        "ForceOff",
        "ForceRestart",
        "GracefulRestart",
        "GracefulShutdown",
        "PushPowerButton",
        "Nmi",
        "PowerCycle",
    ],
    targets: &[
        "None",
        "Pxe",
        "Floppy",
        "Cd",
        "Hdd",
        "BiosSetup",
        "Utilities",
        "UefiTarget",
        "SDCard",
        "UefiHttp",
    ],
    slots: &[slot("1", &["CD", "DVD", "USBStick"]), slot("2", &["CD", "DVD", "USBStick"])],
    media: Under::Both,
    sensors: Age::Both,
    lamps: Age::Both,
    expands: true,
    refuses_queries: true,
    weak_etags: false,
    boot_http: false,
    registry_prefix: "IDRAC",
};

static HPE: Maker = Maker {
    vendor: Some("HPE"),
    product: "ProLiant DL360 Gen11",
    redfish: "1.20.0",
    manufacturer: "HPE",
    model: "ProLiant DL360 Gen11",
    bios: "U54 v2.16 (03/01/2024)",
    system: "1",
    chassis: "1",
    manager: "1",
    manager_model: "iLO 6",
    firmware: "iLO 6 v1.59",
    storage: "DE00A000",
    oem: Some("Hpe"),
    resets: &[
        "On",
        "ForceOff",
        "GracefulShutdown",
        "ForceRestart",
        "Nmi",
        "PushPowerButton",
        "GracefulRestart",
    ],
    targets: &[
        "None",
        "Cd",
        "Hdd",
        "Usb",
        "SDCard",
        "Utilities",
        "Diags",
        "BiosSetup",
        "Pxe",
        "UefiShell",
        "UefiHttp",
        "UefiTarget",
    ],
    slots: &[slot("1", STICK), slot("2", CD)],
    media: Under::Manager,
    sensors: Age::Both,
    lamps: Age::Both,
    expands: true,
    refuses_queries: true,
    weak_etags: true,
    boot_http: true,
    registry_prefix: "iLO",
};

static LENOVO: Maker = Maker {
    vendor: Some("Lenovo"),
    product: "Lenovo XClarity Controller",
    redfish: "1.16.0",
    manufacturer: "Lenovo",
    model: "ThinkSystem SR650 V2",
    bios: "AFE130D-2.30",
    system: "1",
    chassis: "1",
    manager: "1",
    manager_model: "Lenovo XClarity Controller",
    firmware: "AFBT52C 4.30",
    storage: "RAID_Slot1",
    oem: Some("Lenovo"),
    resets: &[
        "On",
        "Nmi",
        "GracefulShutdown",
        "GracefulRestart",
        "ForceOn",
        "ForceOff",
        "ForceRestart",
        "PowerCycle",
    ],
    targets: &["None", "Pxe", "Cd", "Usb", "Hdd", "BiosSetup", "Diags", "UefiTarget"],
    slots: &[
        slot("EXT1", CD),
        slot("EXT2", CD),
        slot("EXT3", STICK),
        slot("EXT4", STICK),
        Slot { id: "RDOC1", types: CD, takes_urls: false },
        Slot { id: "RDOC2", types: CD, takes_urls: false },
        Slot { id: "Remote1", types: CD, takes_urls: false },
        Slot { id: "Remote2", types: CD, takes_urls: false },
        Slot { id: "Remote3", types: STICK, takes_urls: false },
        Slot { id: "Remote4", types: STICK, takes_urls: false },
    ],
    media: Under::Manager,
    sensors: Age::Old,
    lamps: Age::Both,
    expands: true,
    refuses_queries: false,
    weak_etags: false,
    boot_http: false,
    registry_prefix: "ExtendedError",
};

static SUPERMICRO: Maker = Maker {
    vendor: Some("Supermicro"),
    product: "Redfish Server",
    redfish: "1.11.0",
    manufacturer: "Supermicro",
    model: "SYS-120C-TR",
    bios: "1.4a",
    system: "1",
    chassis: "1",
    manager: "1",
    manager_model: "ASPEED",
    firmware: "01.01.18",
    storage: "HA-RAID",
    oem: Some("Supermicro"),
    resets: &["On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "Nmi", "ForceOn"],
    targets: &["None", "Pxe", "Floppy", "Cd", "Usb", "Hdd", "BiosSetup", "UsbCd", "UefiBootNext", "UefiHttp"],
    slots: &[slot("VirtualMedia1", &["CD", "DVD"]), slot("VirtualMedia2", STICK)],
    media: Under::Manager,
    sensors: Age::Old,
    lamps: Age::Old,
    expands: false,
    refuses_queries: false,
    weak_etags: true,
    boot_http: true,
    registry_prefix: "SMC",
};
