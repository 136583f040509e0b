//! What inspections and sensors make of odd resources: the same as of plain ones, where nothing is lost.

use ferric::driver::error::DriverError;
use ferric::model::Object;
use ferric::model::bmc::power::PowerWish;
use ferric::net::http::Method;
use ferric::twin::redfish::oddity::Oddity;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Hpe;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::Names;
use ferric::wire::redfish::inventory::Found;
use ferric::wire::redfish::link::Link;
use serde_json::Value;

use crate::rig::NONE;
use crate::rig::Rig;
use crate::rig::named;
use crate::rig::settings;

const DGX: Names =
    Names { vendor: Some("AMI"), manufacturer: Some("NVIDIA"), model: Some("DGX H100"), ..NONE };
const NVIDIA: Names = Names { vendor: Some("NVIDIA"), model: Some("GB200"), ..NONE };
const BLUEFIELD: Names = Names { vendor: Some("NVIDIA"), model: Some("BlueField-3 DPU"), ..NONE };

const fn by(manufacturer: &'static str) -> Names {
    Names { manufacturer: Some(manufacturer), ..NONE }
}

async fn found(rig: &Rig) -> Found {
    rig.driven().inspect().await.unwrap()
}

/// Asserts that the machine with the oddity is found to be what it is without; what it is.
async fn same_found(rig: &Rig, id: &str) -> Found {
    let odd = found(rig).await;
    rig.bmc.unset(Oddity::of(id).unwrap());
    let plain = rig.anew().inspect().await.unwrap();
    assert_eq!(odd, plain);
    assert!(plain.macs.len() == 2 && plain.local_gb > 0 && plain.memory_mb.is_some(), "{plain:?}");
    odd
}

async fn readings(rig: &Rig) -> Object {
    rig.hardware().sensors.unwrap().readings().await.unwrap()
}

/// Asserts that the sensors read the same with the oddity as without.
async fn same_readings(rig: &Rig, id: &str) {
    let odd = readings(rig).await;
    rig.bmc.unset(Oddity::of(id).unwrap());
    let plain = rig.anew().sensors().await.unwrap();
    assert_eq!(Value::Object(odd), plain);
    assert!(plain["Temperature"].as_object().is_some_and(|all| !all.is_empty()), "{plain}");
}

/// How many entries the system's log has.
async fn entries(rig: &Rig) -> usize {
    let link = Link::new(format!("{}/LogServices/SEL/Entries", rig.bmc.system_path()));
    rig.driven().talk.members(Some(&link)).await.unwrap().len()
}

fn serial(found: &Found) -> &Value {
    &found.inventory["system_vendor"]["serial_number"]
}

rows! {
    an_empty_address_is_that_of_the_factory, "any-empty-mac", settings(Generic), |rig| {
        same_found(&rig, "any-empty-mac").await;
    };

    storage_without_a_size_is_passed_over, "any-null-capacity", settings(Generic), |rig| {
        let seen = found(&rig).await;
        assert_eq!(seen.macs.len(), 2);
        assert!(seen.inventory["disks"].as_array().unwrap().iter().all(|disk| disk["name"] != "Backplane"));
    };

    numbers_may_be_texts, "any-number-as-text", settings(Generic), |rig| {
        same_found(&rig, "any-number-as-text").await;
    };

    a_link_that_serves_nothing_is_absent, "any-link-not-served", settings(Generic), |rig| {
        let seen = found(&rig).await;
        assert!(seen.macs.len() == 2 && !seen.inventory["disks"].as_array().unwrap().is_empty());
        readings(&rig).await;
    };

    a_storage_without_volumes_has_none, "any-volumes-link-missing", settings(Generic), |rig| {
        let seen = found(&rig).await;
        assert!(seen.local_gb > 0 && seen.macs.len() == 2);
    };

    the_serial_number_is_the_service_tag, "dell-serial-is-sku", settings(Dell), |rig| {
        assert_eq!(serial(&found(&rig).await), "TWIN-q1");
    };

    dates_that_are_none_are_texts, "dell-bad-dates", settings(Dell), |rig| {
        same_found(&rig, "dell-bad-dates").await;
    };

    a_chassis_of_storage_is_left_alone, "dell-chassis-raid-crash", settings(Dell), |rig| {
        found(&rig).await;
        readings(&rig).await;
        rig.off_and_on().await;
        let asked = rig.bmc.asked();
        assert!(asked.iter().all(|asked| !asked.path.contains("/Chassis/RAID")), "{asked:?}");
        rig.naive(Method::Get, "/redfish/v1/Chassis", Value::Null).await;
    };

    devices_are_listed_in_place, "dell-pcie-embedded", settings(Dell), |rig| {
        let seen = same_found(&rig, "dell-pcie-embedded").await;
        assert!(!seen.inventory["pci_devices"].as_array().unwrap().is_empty());
    };

    devices_without_ids_are_passed_over, "hpe-pcie-without-ids", settings(Hpe), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        assert_eq!(found(&rig).await.macs.len(), 2);
    };

    a_drive_without_a_state_is_enabled, "hpe-drive-no-state", settings(Hpe), |rig| {
        same_found(&rig, "hpe-drive-no-state").await;
    };

    the_maker_s_own_part_has_its_old_name, "hpe-oem-names", settings(Hpe), |rig| {
        same_found(&rig, "hpe-oem-names").await;
    };

    an_entry_without_a_time_is_an_entry, "hpe-log-zero-time", settings(Hpe), |rig| {
        assert!(entries(&rig).await > 0);
    };

    an_absent_log_is_empty, "lenovo-sel-absent", settings(Lenovo), |rig| {
        assert_eq!(entries(&rig).await, 0);
        same_found(&rig, "lenovo-sel-absent").await;
        assert!(entries(&rig).await > 0);
    };

    a_flag_may_be_a_text, "lenovo-bool-string", settings(Lenovo).named(named("ThinkSystem SR675 V3")), |rig| {
        same_found(&rig, "lenovo-bool-string").await;
    };

    a_misspelt_member_does_not_count, "smc-bad-field-name", settings(Supermicro), |rig| {
        same_found(&rig, "smc-bad-field-name").await;
    };

    of_two_systems_the_host_is_taken, "nvidia-two-systems", settings(Generic).named(NVIDIA), |rig| {
        assert_eq!(found(&rig).await.macs.len(), 2);
        rig.off_and_on().await;
    };

    no_members_are_an_empty_list, "nvidia-dpu-null-members", settings(Generic).named(BLUEFIELD), |rig| {
        let seen = found(&rig).await;
        assert_eq!(seen.macs.len(), 2, "the adapters tell them");
        assert!(seen.inventory["system_vendor"]["system_uuid"].as_str().is_none_or(|uuid| !uuid.is_empty()));
        rig.off_and_on().await;
    };

    links_that_come_and_go_are_asked_for_again, "nvidia-dpu-nic-404", settings(Generic).named(BLUEFIELD), |rig| {
        for _ in 0..4 {
            assert_eq!(found(&rig).await.macs.len(), 2);
        }
    };

    dead_members_are_passed_over, "ami-collection-ghosts", settings(Generic).named(DGX), |rig| {
        same_found(&rig, "ami-collection-ghosts").await;
        rig.off_and_on().await;
    };

    required_members_are_not_required, "ami-required-missing", settings(Generic).named(DGX), |rig| {
        same_readings(&rig, "ami-required-missing").await;
    };

    expanding_drops_members_and_is_not_asked_for, "ami-expand-drops", settings(Dell).named(DGX), |rig| {
        same_found(&rig, "ami-expand-drops").await;
        rig.bmc.set(Oddity::AmiExpandDrops);
        let path = "/redfish/v1/Chassis?$expand=.($levels=1)";
        rig.naive(Method::Get, path, Value::Null).await;
    };

    nics_that_the_system_does_not_list_are_those_of_adapters, "cisco-no-nics", settings(Generic).named(by("Cisco Systems")), |rig| {
        let seen = found(&rig).await;
        assert!(seen.macs.len() == 2 && seen.local_gb > 0);
    };

    one_object_is_a_list_of_one, "cisco-single-object", settings(Dell).named(by("Cisco Systems")), |rig| {
        same_readings(&rig, "cisco-single-object").await;
    };

    a_manager_that_tells_nothing_is_none, "cisco-ghost-manager", settings(Generic).named(by("Cisco Systems")), |rig| {
        rig.naive(Method::Get, "/redfish/v1/Managers", Value::Null).await;
        rig.boots_medium().await;
    };

    a_root_with_texts_for_makers, "bull-root-oem", settings(Generic), |rig| {
        same_found(&rig, "bull-root-oem").await;
    };

    managers_have_another_link, "huawei-managers-link", settings(Generic).named(by("Huawei")), |rig| {
        rig.boots_medium().await;
    };

    nics_without_a_status_are_well, "huawei-no-status", settings(Generic).named(by("Huawei")), |rig| {
        let seen = same_found(&rig, "huawei-no-status").await;
        assert_eq!(seen.healthy_macs.len(), 2);
    };

    members_may_be_plain_texts, "inspur-members-strings", settings(Generic).named(by("Inspur")), |rig| {
        same_found(&rig, "inspur-members-strings").await;
    };

    a_power_shelf_is_no_server, "liteon-no-vendor", settings(Generic), |rig| {
        // Its systems are found at the path of the standard, as with a root that has lost its links.
        let outcome = rig.state().await;
        assert!(matches!(outcome, Ok(_) | Err(DriverError::Unsupported { .. })), "{outcome:?}");
    };

    a_socket_may_be_a_number, "zte-socket-number", settings(Generic).named(by("ZTE")), |rig| {
        same_found(&rig, "zte-socket-number").await;
    };
}
