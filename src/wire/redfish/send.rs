//! What we send: the standard's words as ours, and a body for each request.

use std::fmt;

use serde_json::Value;

use crate::base::secret::{MASK, Secret, is_secret_key};
use crate::wire::redfish::shape;

/// An enumeration of the standard: its words, both ways.
macro_rules! words {
    ($($(#[$doc:meta])* pub enum $name:ident { $($(#[$note:meta])* $word:ident = $text:literal,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub enum $name { $($(#[$note])* $word,)+ }

            impl $name {
                pub const ALL: &[Self] = &[$(Self::$word),+];

                /// As Redfish spells it.
                pub fn as_str(self) -> &'static str {
                    match self { $(Self::$word => $text,)+ }
                }

                /// The word of the text; case does not count.
                pub fn parse(text: &str) -> Option<Self> {
                    Self::ALL.iter().copied().find(|word| word.as_str().eq_ignore_ascii_case(text.trim()))
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(self.as_str())
                }
            }
        )+
    };
}

words! {
    /// What a reset does.
    pub enum ResetType {
        On = "On",
        ForceOn = "ForceOn",
        ForceOff = "ForceOff",
        GracefulShutdown = "GracefulShutdown",
        GracefulRestart = "GracefulRestart",
        ForceRestart = "ForceRestart",
        PowerCycle = "PowerCycle",
        PushPowerButton = "PushPowerButton",
        Nmi = "Nmi",
    }

    /// What to boot from.
    pub enum Target {
        None = "None",
        Pxe = "Pxe",
        Hdd = "Hdd",
        Cd = "Cd",
        Usb = "Usb",
        Floppy = "Floppy",
        BiosSetup = "BiosSetup",
        UefiHttp = "UefiHttp",
        UefiTarget = "UefiTarget",
        /// Supermicro's virtual CD; not in the standard.
        UsbCd = "UsbCd",
    }

    /// For how long.
    pub enum Override {
        Disabled = "Disabled",
        Once = "Once",
        Continuous = "Continuous",
    }

    /// How to boot.
    pub enum Mode {
        Legacy = "Legacy",
        Uefi = "UEFI",
    }

    /// How a BMC fetches an image.
    pub enum Transfer {
        Http = "HTTP",
        Https = "HTTPS",
        Nfs = "NFS",
        Cifs = "CIFS",
    }

    /// What becomes of the secure boot keys.
    pub enum ResetKeys {
        ResetAllKeysToDefault = "ResetAllKeysToDefault",
        DeleteAllKeys = "DeleteAllKeys",
    }

    /// The old lamp's states that may be set.
    pub enum Led {
        Lit = "Lit",
        Blinking = "Blinking",
        Off = "Off",
    }

    /// What a subscription asks for.
    pub enum EventType {
        StatusChange = "StatusChange",
        ResourceUpdated = "ResourceUpdated",
        ResourceAdded = "ResourceAdded",
        ResourceRemoved = "ResourceRemoved",
        Alert = "Alert",
        MetricReport = "MetricReport",
        Other = "Other",
    }
}

impl Transfer {
    /// By the URL's scheme; NFS and CIFS (`smb`) too.
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, _) = url.split_once(':')?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            "nfs" => Some(Self::Nfs),
            "cifs" | "smb" => Some(Self::Cifs),
            _ => None,
        }
    }
}

/// The body of a request. Shown with its secrets masked.
#[derive(Clone, PartialEq)]
pub struct Body(Value);

impl Body {
    /// A body of the caller's own making.
    pub fn of(value: Value) -> Self {
        Self(value)
    }

    /// `{}`: what many BMCs want in place of no body.
    pub fn empty() -> Self {
        Self(Value::Object(serde_json::Map::new()))
    }

    pub fn value(&self) -> &Value {
        &self.0
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// For journals and errors: secrets masked, media URLs without their query.
    pub fn shown(&self) -> Value {
        masked(&self.0)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({})", self.shown())
    }
}

fn masked(value: &Value) -> Value {
    if let Value::String(text) = value {
        return without_query(text).into();
    }
    let Value::Object(map) = value else {
        return value.clone();
    };
    let shown = map.iter().map(|(key, value)| {
        let is_secret = !value.is_null() && (is_secret_key(key) || key == "HttpHeaders");
        let value = if is_secret { MASK.into() } else { masked(value) };
        (key.clone(), value)
    });
    shown.collect()
}

/// A signed URL's secret is in its query, an old one's before the host.
fn without_query(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/{path}")
}

/// `InsertMedia`, by action or by PATCH. What is `None` is left out: `Inserted` and `WriteProtected` are refused by some
/// BMCs and needed by others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsertMedia {
    pub image: String,
    pub inserted: Option<bool>,
    pub write_protected: Option<bool>,
    pub user_name: Option<String>,
    pub password: Option<Secret>,
    pub transfer: Option<Transfer>,
    /// Whether to say `TransferMethod: Stream`.
    pub stream: bool,
}

/// The members of `Boot` that a PATCH sets; `None` is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BootPatch {
    pub target: Option<Target>,
    pub enabled: Option<Override>,
    pub mode: Option<Mode>,
    /// `Some(None)` clears it.
    pub http_uri: Option<Option<String>>,
}

/// A subscription to be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subscribe {
    pub destination: String,
    pub context: String,
    pub event_types: Vec<EventType>,
    /// Objects of header name and value; they may bear secrets.
    pub http_headers: Option<Vec<Value>>,
}

/// `Reset` of a system, chassis or manager; `None` where the BMC refuses a type.
pub fn reset(kind: Option<ResetType>) -> Body {
    Body(shape::reset(kind))
}

pub fn insert_media(ask: &InsertMedia) -> Body {
    Body(shape::insert_media(ask))
}

/// Ejecting by PATCH, where there is no action. The action takes no body, or `Body::empty`.
pub fn eject_patch() -> Body {
    Body(shape::eject_patch())
}

pub fn log_in(user: &str, password: &Secret) -> Body {
    Body(shape::log_in(user, password.reveal()))
}

pub fn boot(patch: &BootPatch) -> Body {
    Body(shape::boot(patch))
}

pub fn secure_boot(enable: bool) -> Body {
    Body(shape::secure_boot(enable))
}

pub fn reset_keys(kind: ResetKeys) -> Body {
    Body(shape::reset_keys(kind))
}

/// The clock of a manager; send what changes only.
pub fn clock(date_time: Option<&str>, offset: Option<&str>) -> Body {
    Body(shape::clock(date_time, offset))
}

pub fn indicator_led(led: Led) -> Body {
    Body(shape::indicator_led(led))
}

pub fn location_indicator(active: bool) -> Body {
    Body(shape::location_indicator(active))
}

pub fn subscription(ask: &Subscribe) -> Body {
    Body(shape::subscription(ask))
}

/// Attributes of the firmware, and that they are taken up at a boot, where the BMC wants to be told.
pub fn bios(attributes: &serde_json::Map<String, Value>, on_reset: bool) -> Body {
    let mut body = serde_json::json!({ "Attributes": attributes });
    if on_reset && let Some(map) = body.as_object_mut() {
        let time = serde_json::json!({ "@odata.type": "#Settings.v1_0_0.PreferredApplyTime", "ApplyTime": "OnReset" });
        map.insert("@Redfish.SettingsApplyTime".to_owned(), time);
    }
    Body(body)
}

/// A volume to be made; what is `None` is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// As in `RAID1`.
    pub raid_type: &'static str,
    /// All that its drives have, if not given.
    pub bytes: Option<u64>,
    /// Paths of the drives.
    pub drives: Vec<String>,
    pub name: Option<String>,
    /// `Immediate` or `OnReset`.
    pub apply_time: Option<&'static str>,
}

pub fn volume(ask: &Volume) -> Body {
    let drives: Vec<Value> = ask.drives.iter().map(|path| serde_json::json!({ "@odata.id": path })).collect();
    let members = [
        ("RAIDType", Some(ask.raid_type.into())),
        ("CapacityBytes", ask.bytes.map(Value::from)),
        ("Links", Some(serde_json::json!({ "Drives": drives }))),
        ("Name", ask.name.clone().map(Value::from)),
        (APPLY_TIME, ask.apply_time.map(Value::from)),
    ];
    Body(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// When an operation is carried out: `Immediate` or `OnReset`.
pub fn apply_time(word: &'static str) -> Body {
    Body(Value::Object(serde_json::Map::from_iter([(APPLY_TIME.to_owned(), word.into())])))
}

const APPLY_TIME: &str = "@Redfish.OperationApplyTime";

/// Dell's `DeleteJobQueue`: everything.
pub fn clear_job_queue() -> Body {
    Body(serde_json::json!({ "JobID": "JID_CLEARALL" }))
}

/// Dell's `iDRACReset`.
pub fn idrac_reset() -> Body {
    Body(serde_json::json!({ "Force": "Graceful" }))
}

/// Dell's `ImportSystemConfiguration` that boots from virtual media: `device` is `VCD-DVD` or `VFDD`.
pub fn idrac_boot_device(device: &'static str, once: bool) -> Body {
    let once = if once { "Enabled" } else { "Disabled" };
    let xml = format!(
        "<SystemConfiguration><Component FQDD=\"iDRAC.Embedded.1\">\
         <Attribute Name=\"ServerBoot.1#BootOnce\">{once}</Attribute>\
         <Attribute Name=\"ServerBoot.1#FirstBootDevice\">{device}</Attribute>\
         </Component></SystemConfiguration>"
    );
    Body(serde_json::json!({ "ShareParameters": { "Target": "ALL" }, "ImportBuffer": xml }))
}

#[cfg(test)]
mod tests;
