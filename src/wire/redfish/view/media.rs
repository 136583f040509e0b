//! Virtual media.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::view::annotation::Action;
use crate::wire::redfish::view::status::Status;

view! {
    /// `VirtualMedia`.
    pub struct VirtualMedia {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        /// `CD`, `DVD`, `Floppy`, `USBStick`.
        media_types: Vec<String> = "MediaTypes";
        image: Option<String> = "Image";
        image_name: Option<String> = "ImageName";
        inserted: Option<bool> = "Inserted";
        connected_via: Option<String> = "ConnectedVia";
        write_protected: Option<bool> = "WriteProtected";
        user_name: Option<String> = "UserName";
        transfer_method: Option<String> = "TransferMethod";
        transfer_protocol: Option<String> = "TransferProtocolType";
        transfer_protocols: Vec<String> = "TransferProtocolType@Redfish.AllowableValues";
        status: Status = "Status";
        insert: Option<Action> = "Actions/#VirtualMedia.InsertMedia" | "Actions/Oem/#HpeiLOVirtualMedia.InsertVirtualMedia" | "Oem/Hp/Actions/#HpiLOVirtualMedia.InsertVirtualMedia";
        eject: Option<Action> = "Actions/#VirtualMedia.EjectMedia" | "Actions/Oem/#HpeiLOVirtualMedia.EjectVirtualMedia" | "Oem/Hp/Actions/#HpiLOVirtualMedia.EjectVirtualMedia";
    }
}

/// Ironic's words for a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    Cdrom,
    Floppy,
    /// A USB stick.
    Disk,
}

impl MediaKind {
    pub const ALL: [Self; 3] = [Self::Cdrom, Self::Floppy, Self::Disk];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cdrom => "cdrom",
            Self::Floppy => "floppy",
            Self::Disk => "disk",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// The standard's words that serve, the best first: a device with only DVD takes a CD image.
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Cdrom => &["CD", "DVD"],
            Self::Floppy => &["Floppy"],
            Self::Disk => &["USBStick"],
        }
    }
}

impl VirtualMedia {
    /// Whether the device takes media of the kind.
    pub fn takes(&self, kind: MediaKind) -> bool {
        let wanted = |have: &String| kind.media_types().iter().any(|word| word.eq_ignore_ascii_case(have));
        self.media_types.iter().any(wanted)
    }

    /// Whether a medium is in it. `Inserted` decides, then `ConnectedVia`, then whether an image is named: some BMCs
    /// keep the image's name after it was ejected.
    pub fn is_inserted(&self) -> bool {
        let connected = self.connected_via.as_deref().map(|via| !via.eq_ignore_ascii_case("NotConnected"));
        let named = self.image.is_some() || self.image_name.is_some();
        match (self.inserted, connected) {
            (Some(true), Some(false)) | (Some(false), _) => false,
            (Some(true), _) => true,
            (None, Some(connected)) => connected && named,
            (None, None) => named,
        }
    }

    /// A slot that only the web console fills (Lenovo's RDOC).
    pub fn is_upload_only(&self) -> bool {
        let upload = |text: &Option<String>| {
            text.as_deref().is_some_and(|text| text.to_ascii_uppercase().starts_with("RDOC"))
        };
        upload(&self.id) || upload(&self.name)
    }

    /// The transfer protocols that inserting takes; empty if not told.
    pub fn protocols(&self) -> Vec<String> {
        let told = self.insert.as_ref().and_then(|insert| insert.allowable("TransferProtocolType"));
        told.unwrap_or_else(|| {
            let one = self.transfer_protocol.clone().into_iter().collect();
            if self.transfer_protocols.is_empty() { one } else { self.transfer_protocols.clone() }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn a_stale_name_is_no_medium() {
        for (value, inserted) in [
            (json!({"Inserted": false, "ImageName": "old.iso"}), false),
            (json!({"ConnectedVia": "NotConnected", "Image": "http://x/old.iso"}), false),
            (json!({"Inserted": true, "ConnectedVia": "NotConnected"}), false),
            (json!({"Inserted": "true", "ConnectedVia": "URI"}), true),
            (json!({"Inserted": true}), true),
            (json!({"ConnectedVia": "URI", "Image": "http://x/a.iso"}), true),
            (json!({"Image": "http://x/a.iso"}), true),
            (json!({"Image": ""}), false),
        ] {
            assert_eq!(VirtualMedia::read(&value).is_inserted(), inserted, "{value}");
        }
    }

    #[test]
    fn a_dvd_drive_takes_a_cd() {
        let drive = VirtualMedia::read(&json!({"MediaTypes": ["DVD"], "Id": "RDOC1"}));
        assert!(drive.takes(MediaKind::Cdrom) && !drive.takes(MediaKind::Floppy) && drive.is_upload_only());
        assert_eq!(MediaKind::parse("DISK"), Some(MediaKind::Disk));
    }

    #[test]
    fn protocols_are_found_where_they_are_told() {
        let by_action = json!({"Actions": {"#VirtualMedia.InsertMedia": {
            "TransferProtocolType@Redfish.AllowableValues": ["NFS", "CIFS"]}}});
        assert_eq!(VirtualMedia::read(&by_action).protocols(), ["NFS", "CIFS"]);
        assert_eq!(VirtualMedia::read(&json!({"TransferProtocolType": "HTTPS"})).protocols(), ["HTTPS"]);
        assert_eq!(VirtualMedia::default().protocols(), [""; 0]);
    }
}
