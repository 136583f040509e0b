//! Virtual media: who takes what, where, and who lets go of it when.

use ferric::driver::error::DriverError;
use ferric::net::http::Method;
use ferric::twin::progress::Source;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Hpe;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::Names;
use serde_json::Value;
use serde_json::json;

use crate::rig::NONE;
use crate::rig::Rig;
use crate::rig::settings;

const IDRAC10: Names = Names {
    model: Some("PowerEdge R670"),
    manager_model: Some("17G Monolithic"),
    firmware: Some("1.20.50.50"),
    ..NONE
};
const IDRAC9: Names = Names {
    model: Some("PowerEdge R640"),
    manager_model: Some("14G Monolithic"),
    firmware: Some("4.50.30.30"),
    ..NONE
};
const ILO4: Names = Names { manager_model: Some("iLO 4"), firmware: Some("iLO 4 v2.80"), ..NONE };
const C845: Names = Names { manufacturer: Some("Cisco Systems"), model: Some("UCSC-C845A-M8"), ..NONE };
const UCS_B: Names = Names { manufacturer: Some("Cisco Systems"), model: Some("UCSB-B200-M6"), ..NONE };
const NOKIA: Names = Names { manufacturer: Some("Nokia Solutions and Networks"), ..NONE };

/// Inserts as a client would that sends every member of the standard; the status.
async fn naive_insert(rig: &Rig, slot: usize) -> u16 {
    let maker = rig.bmc.settings().profile.maker();
    let base = &maker.media_paths()[0];
    let path = format!("{base}/{}/Actions/VirtualMedia.InsertMedia", maker.slots[slot].id);
    let body = json!({"Image": rig.image(), "Inserted": true, "WriteProtected": true});
    rig.naive(Method::Post, &path, body).await.status
}

rows! {
    a_url_with_a_query_is_refused_and_told, "any-query-string-url", settings(Generic), |rig| {
        let url = format!("{}?token=1", rig.image());
        let refused = rig.insert(&url).await;
        assert!(matches!(refused, Err(DriverError::Refused { .. })), "{refused:?}");
        rig.boots_medium().await;
    };

    an_eject_that_takes_a_while_is_waited_for, "dell-eject-async", settings(Dell), |rig| {
        rig.insert(&rig.image()).await.unwrap();
        rig.insert(&format!("{}/", rig.image())).await.unwrap();
        assert_eq!(rig.bmc.media()[0].inserts, 2);
        rig.eject().await.unwrap();
        rig.boots_medium().await;
    };

    media_are_attached_before_they_go_in, "dell-attach-mode", settings(Dell).named(IDRAC9), |rig| {
        rig.boots_medium().await;
        rig.assert_not_bitten("dell-attach-mode");
        rig.bmc.set(ferric::twin::redfish::oddity::Oddity::DellAttachMode);
        assert_eq!(naive_insert(&rig, 0).await, 204);
    };

    one_slot_boots, "dell-idrac10-vmedia-slot", settings(Dell).named(IDRAC10), |rig| {
        rig.boots_medium().await;
        assert_eq!(rig.bmc.media()[0].inserts, 1);
    };

    an_eject_wants_a_body, "hpe-eject-empty-body", settings(Hpe), |rig| {
        rig.boots_medium().await;
    };

    an_old_ilo_wants_the_image_alone, "hpe-ilo4-insert-props", settings(Hpe).named(ILO4), |rig| {
        rig.boots_medium().await;
        assert_eq!(naive_insert(&rig, 1).await, 400);
    };

    without_actions_a_patch_inserts, "lenovo-vmedia-patch", settings(Lenovo), |rig| {
        rig.boots_medium().await;
    };

    slots_for_uploads_are_passed_over, "lenovo-vmedia-slots", settings(Lenovo), |rig| {
        rig.boots_medium().await;
        rig.assert_not_bitten("lenovo-vmedia-slots");
        assert_eq!(naive_insert(&rig, 4).await, 400);
    };

    no_slots_are_no_virtual_media, "lenovo-vmedia-empty", settings(Lenovo), |rig| {
        let refused = rig.insert(&rig.image()).await;
        assert!(matches!(refused, Err(DriverError::Unsupported { .. })), "{refused:?}");
    };

    any_good_status_is_good, "lenovo-vmedia-201", settings(Lenovo), |rig| {
        rig.boots_medium().await;
    };

    the_image_goes_alone, "smc-insert-image-only", settings(Supermicro), |rig| {
        rig.boots_medium().await;
        assert_eq!(naive_insert(&rig, 0).await, 400);
    };

    a_name_that_stays_is_no_medium, "smc-imagename-stale", settings(Supermicro), |rig| {
        rig.boots_medium().await;
        let slots = rig.hardware().virtual_media.unwrap().list().await.unwrap();
        assert!(slots.iter().all(|slot| !slot.inserted), "{slots:?}");
        let maker = rig.bmc.settings().profile.maker();
        let path = format!("{}/{}", maker.media_paths()[0], maker.slots[0].id);
        let raw = rig.naive(Method::Get, &path, Value::Null).await;
        let raw: Value = serde_json::from_slice(&raw.body).unwrap();
        assert!(raw["ImageName"].is_string(), "{raw}");
        rig.eject().await.unwrap();
    };

    an_account_that_means_nothing_is_added, "nvidia-credentials-required",
    settings(Generic).named(Names { vendor: Some("NVIDIA"), model: Some("DGX H100"), ..NONE }), |rig| {
        rig.boots_medium().await;
    };

    a_slot_for_the_web_console_is_passed_over, "openbmc-legacy-slots", settings(Dell), |rig| {
        rig.insert(&rig.image()).await.unwrap();
        assert!(rig.bmc.media()[1].inserted);
        rig.eject().await.unwrap();
        assert!(rig.bmc.media().iter().all(|medium| !medium.inserted));
    };

    a_dvd_drive_takes_a_cd, "cisco-dvd-only", settings(Dell).named(UCS_B), |rig| {
        rig.insert(&rig.image()).await.unwrap();
        assert!(rig.bmc.media()[1].inserted);
        rig.eject().await.unwrap();
    };

    a_transfer_that_only_the_arguments_name, "cisco-tpt-messageargs", settings(Generic).named(C845), |rig| {
        rig.boots_medium().await;
    };

    a_transfer_is_added_by_the_url, "nokia-tpt-required", settings(Generic).named(NOKIA), |rig| {
        rig.boots_medium().await;
        assert_eq!(rig.server.progress().source, Source::Cd);
    };
}
