//! Every known oddity is carried or put off with a reason, and machines are classed as they should be.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::view::root::ServiceRoot;
use crate::wire::redfish::view::system::System;

fn golden() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../../tests/goldens/redfish/quirks.json")).unwrap()
}

#[test]
fn every_known_oddity_is_carried_or_put_off() {
    let known: BTreeSet<String> = golden().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    let carried = rows::ROWS.iter().map(|row| row.id.to_owned());
    let later = rows::LATER.iter().map(|(id, _)| (*id).to_owned());
    let ours: Vec<String> = carried.chain(later).collect();
    assert_eq!(ours.len(), known.len(), "a row is listed twice or not at all");
    assert_eq!(ours.into_iter().collect::<BTreeSet<_>>(), known);
}

#[test]
fn only_other_areas_come_later() {
    for row in golden() {
        let (id, area) = (row["id"].as_str().unwrap(), row["area"].as_str().unwrap());
        let is_later = rows::LATER.iter().any(|(later, _)| *later == id);
        let may_wait = matches!(area, "bios" | "raid" | "firmware" | "account")
            || matches!(id, "ami-post-mutation" | "smc-ipmi-user-order" | "lenovo-ipmi-password-policy");
        assert!(!is_later || may_wait, "{id} of {area} may not wait");
    }
}

#[test]
fn protocols_and_conditions_are_those_of_the_golden() {
    for row in golden() {
        let Some(ours) = rows::ROWS.iter().find(|ours| row["id"] == ours.id) else {
            continue;
        };
        assert_eq!(ours.protocol == Protocol::Ipmi, row["protocol"] == "ipmi", "{}", ours.id);
        let is_free = row["match"].as_object().unwrap().is_empty();
        assert_eq!(ours.when.is_empty(), is_free, "{}", ours.id);
        assert!(!is_free || ours.is_default(), "{} matches every BMC and is no default", ours.id);
    }
}

#[test]
fn every_switch_is_flipped_by_a_row() {
    let flipped: BTreeSet<Switch> = rows::ROWS
        .iter()
        .filter_map(|row| match row.remedy {
            Remedy::Needs(switch) => Some(switch),
            Remedy::Always(_) => None,
        })
        .collect();
    assert_eq!(flipped, Switch::ALL.iter().copied().collect());
}

/// A machine by maker, model, manager's model, firmware and root vendor.
fn machine(texts: [&str; 5]) -> Identity {
    let [manufacturer, model, manager_model, firmware, root_vendor] = texts.map(str::to_owned);
    Identity { manufacturer, model, manager_model, firmware, root_vendor, ..Identity::default() }
}

fn flipped(texts: [&str; 5]) -> Vec<Switch> {
    Quirks::of(&machine(texts)).iter().collect()
}

#[test]
fn machines_are_classed() {
    use Switch as S;
    let old_dell = ["Dell Inc.", "PowerEdge R640", "14G Monolithic", "4.22.00.00", "Dell"];
    let dell = [S::BootsMediaByImport, S::SerialIsSku, S::StorageChassisCrash, S::JobOutlivesTask];
    assert_eq!(flipped(old_dell), dell);
    let new_dell = ["Dell Inc.", "PowerEdge R670", "17G Monolithic", "1.20.50.50", "Dell"];
    let dell = [S::SerialIsSku, S::StorageChassisCrash, S::JobOutlivesTask, S::FirstMediaSlotOnly];
    assert_eq!(flipped(new_dell), dell);
    let hpe = ["HPE", "ProLiant DL380 Gen10", "iLO 5", "iLO 5 v2.78", "HPE"];
    assert_eq!(flipped(hpe), [S::ManagerResetWithoutType, S::NoIpmi15]);
    let smc = ["Supermicro", "SYS-X10SRi", "", "3.88", ""];
    assert!(flipped(smc).contains(&S::NoBootMode) && flipped(smc).contains(&S::EnabledInEveryBootPatch));
    let lenovo = ["Lenovo", "ThinkSystem SR650 V4", "XCC", "1.0", "Lenovo"];
    let expected = [
        S::OnceOnly,
        S::NoPersistentDiskInUefi,
        S::RebootByOffAndOn,
        S::MonitorDeletesTask,
        S::ExternalSlotsFirst,
    ];
    assert_eq!(flipped(lenovo), expected);
    assert!(Quirks::of(&machine(["AMI", "", "", "", ""])).wants_full_boot_patch());
    assert_eq!(flipped(["QEMU", "KVM", "", "", ""]), []);
    assert_eq!(flipped(["", "", "", "", ""]), []);
}

#[test]
fn storage_chassis_are_left_alone_where_they_crash() {
    let dell = Quirks::of(&machine(["Dell Inc.", "", "", "", ""]));
    assert!(dell.leaves_out("Enclosure.Internal.0-1", None) && !dell.leaves_out("System.Embedded.1", None));
    assert!(!Quirks::default().leaves_out("RAID.Slot.1", None));
}

#[test]
fn an_identity_is_made_of_what_was_read() {
    let root = ServiceRoot::read(&json!({"Vendor": "AMI", "Oem": {"Ami": {}}}));
    let system = System::read(&json!({"Manufacturer": "Tyan", "Model": "TSM board"}));
    let who = Identity::of(&root, Some(&system), None);
    assert_eq!(who.vendor(), Some("AMI"));
    let bare = Identity { oem: vec!["Ami".to_owned()], ..Identity::default() };
    assert!(Quirks::of(&bare).sol_waits_after_unclean_end());
    assert!(rows_of(&who).any(|row| row.id == "ami-sol-drops"));
    assert_eq!(who.told(Some("Supermicro")).manufacturer, "Supermicro");
    assert_eq!(Identity::default().vendor(), None);
}
