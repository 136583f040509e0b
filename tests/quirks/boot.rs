//! The boot override: who takes it where, in which words, and who does not.

use std::time::Duration;

use ferric::driver::error::DriverError;
use ferric::model::bmc::Keep;
use ferric::model::bmc::power::PowerWish;
use ferric::model::boot::BootDevice;
use ferric::net::http::Method;
use ferric::twin::progress::Source;
use ferric::twin::progress::Stage;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Hpe;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::Names;
use serde_json::json;

use crate::rig::NONE;
use crate::rig::Rig;
use crate::rig::named;
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
    firmware: Some("4.30.30.30"),
    ..NONE
};
const ILO6: Names = Names { manager_model: Some("iLO 6"), firmware: Some("iLO 6 v1.60"), ..NONE };
const AMI: Names =
    Names { vendor: Some("AMI"), manufacturer: Some("ASRockRack"), model: Some("ASRock 1U"), ..NONE };
const NOKIA: Names = Names { manufacturer: Some("Nokia Solutions and Networks"), ..NONE };

/// A device that is to last but is taken for one boot only is to be set again before every start.
async fn lasts_by_us(rig: &Rig) {
    let choice = rig.set_boot(BootDevice::Pxe, true).await.unwrap();
    assert_eq!((choice.device, choice.persistent), (Some(BootDevice::Pxe), Some(true)));
    assert_eq!(choice.keep, Keep::Device);
    for _ in 0..2 {
        rig.set_boot(BootDevice::Pxe, false).await.unwrap();
        assert_eq!(rig.started().await, Source::Pxe);
        rig.power(PowerWish::Off).await.unwrap();
    }
}

rows! {
    without_lists_everything_is_tried, "any-no-allowable", settings(Generic), |rig| {
        rig.boots_pxe().await;
        rig.power(PowerWish::Off).await.unwrap();
    };

    boot_goes_to_the_settings_object, "dell-idrac10-boot-settings", settings(Dell).named(IDRAC10), |rig| {
        rig.boots_pxe().await;
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 400);
    };

    a_settings_object_that_takes_less_is_passed_over, "dell-idrac9-settings-partial", settings(Dell), |rig| {
        rig.boots_pxe().await;
        let path = format!("{}/Settings", rig.bmc.system_path());
        let boot = json!({"Boot": {"BootSourceOverrideTarget": "Pxe"}});
        assert_eq!(rig.naive(Method::Patch, &path, boot).await.status, 400);
    };

    a_uri_that_is_not_listed_is_not_sent, "dell-no-httpbooturi", settings(Dell), |rig| {
        rig.boots_pxe().await;
        assert_eq!(rig.naive_boot(json!({"HttpBootUri": null})).await, 400);
    };

    what_does_not_last_is_set_at_every_start, "dell-continuous-removed", settings(Dell).named(IDRAC9), |rig| {
        lasts_by_us(&rig).await;
    };

    a_machine_in_post_is_waited_for, "hpe-post-window", settings(Hpe), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        rig.set_boot(BootDevice::Pxe, false).await.unwrap();
        rig.power(PowerWish::Off).await.unwrap();
        assert_eq!(rig.started().await, Source::Pxe);
    };

    an_override_that_is_not_supported_is_told, "hpe-override-unsupported", settings(Hpe).named(ILO6), |rig| {
        let refused = rig.set_boot(BootDevice::Pxe, false).await.unwrap_err().to_string();
        assert!(refused.contains("UnsupportedOperation") || refused.contains("not supported"), "{refused}");
        rig.off_and_on().await;
    };

    once_is_all_there_is, "lenovo-no-continuous", settings(Lenovo), |rig| {
        lasts_by_us(&rig).await;
        let forever = json!({"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Continuous"});
        assert_eq!(rig.naive_boot(forever).await, 400);
    };

    enabled_goes_with_every_patch, "smc-enabled-always", settings(Supermicro), |rig| {
        rig.set_boot(BootDevice::Disk, false).await.unwrap();
        rig.boots_pxe().await;
        rig.naive_boot(json!({"BootSourceOverrideTarget": "Hdd"})).await;
        assert_eq!(rig.hardware().boot_device.unwrap().get().await.unwrap().device, None);
    };

    a_fixed_order_is_not_touched, "smc-fixed-boot-order", settings(Supermicro), |rig| {
        rig.boots_pxe().await;
        assert_eq!(rig.naive_boot(json!({"BootOrder": []})).await, 400);
    };

    an_order_that_is_not_to_be_trusted_is_not_used, "smc-stale-boot-order", settings(Supermicro), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("smc-stale-boot-order");
        assert_eq!(rig.naive_boot(json!({"BootOrder": ["Boot0001"]})).await, 204);
    };

    pxe_that_reads_back_as_another_word, "smc-pxe-becomes-bootnext", settings(Supermicro), |rig| {
        rig.boots_pxe().await;
    };

    an_order_with_names_is_not_touched, "nvidia-bootorder-composite", settings(Generic), |rig| {
        rig.boots_pxe().await;
    };

    a_system_without_boot_and_actions_is_no_host, "nvidia-no-boot-no-actions", settings(Generic), |rig| {
        let refused = rig.power(PowerWish::On).await;
        assert!(matches!(refused, Err(DriverError::Unsupported { .. })), "{refused:?}");
        rig.set_boot(BootDevice::Pxe, false).await.unwrap_err();
    };

    target_enabled_and_mode_go_together, "ami-full-boot-request",
    settings(Generic).named(Names { manufacturer: Some("AMI"), ..NONE }), |rig| {
        rig.boots_pxe().await;
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 400);
    };

    the_future_state_takes_it, "ami-future-state", settings(Generic).named(AMI), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("ami-future-state");
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 400);
    };

    the_rules_of_ami_hold_for_the_tsm, "lenovo-tsm-sd", settings(Lenovo).named(named("ThinkSystem SR655")), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("lenovo-tsm-sd");
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 428);
    };

    what_is_accepted_and_not_applied_is_an_error, "kubevirtbmc-ignored", settings(Generic), |rig| {
        let refused = rig.set_boot(BootDevice::Pxe, false).await;
        assert!(matches!(refused, Err(DriverError::NotApplied { .. })), "{refused:?}");
    };

    the_override_is_in_the_settings_object_only, "nokia-boot-settings", settings(Generic).named(NOKIA), |rig| {
        rig.boots_pxe().await;
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 400);
    };

    a_mode_falls_back_and_is_set_again, "smc-mode-reverts", settings(Supermicro), |rig| {
        rig.boots_pxe().await;
        let mode = rig.hardware().boot_mode.unwrap().get().await.unwrap();
        assert_eq!(mode, Some(ferric::model::bmc::panel::Mode::Uefi));
    };

    the_virtual_cd_has_another_word, "smc-usbcd", settings(Supermicro), |rig| {
        rig.boots_medium().await;
        rig.insert(&rig.image()).await.unwrap();
        let boot = json!({"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"});
        assert_eq!(rig.naive_boot(boot).await, 204);
        rig.power(PowerWish::Off).await.unwrap();
        assert_eq!(rig.naive_reset("On").await, 204);
        rig.server.wait_for(|seen| seen.boots == 2).await;
        assert_eq!(rig.server.progress().source, Source::Usual);
    };

    the_virtual_cd_is_booted_by_an_import, "dell-vmedia-boot-oem", settings(Dell).named(IDRAC9), |rig| {
        rig.insert(&rig.image()).await.unwrap();
        let boot = json!({"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"});
        assert_eq!(rig.naive_boot(boot).await, 204);
        assert_eq!(rig.started().await, Source::Usual);
        rig.power(PowerWish::Off).await.unwrap();
        rig.set_boot(BootDevice::Cdrom, false).await.unwrap();
        assert_eq!(rig.started().await, Source::Cd);
    };

    a_disk_that_is_to_last_is_no_override, "lenovo-boot-option-screen", settings(Lenovo), |rig| {
        let choice = rig.set_boot(BootDevice::Disk, true).await.unwrap();
        assert_eq!((choice.device, choice.persistent), (Some(BootDevice::Disk), Some(true)));
        assert_eq!(rig.started().await, Source::Usual);
        assert_eq!(rig.server.progress().stage, Stage::Installed);
        rig.assert_not_bitten("lenovo-boot-option-screen");
        let disk = json!({"BootSourceOverrideTarget": "Hdd", "BootSourceOverrideEnabled": "Once"});
        assert_eq!(rig.naive_boot(disk).await, 204);
    };

    a_target_of_uefi_is_never_sent, "dell-uefitarget-enabled", settings(Dell), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("dell-uefitarget-enabled");
        let both = json!({"BootSourceOverrideTarget": "UefiTarget", "BootSourceOverrideEnabled": "Once"});
        assert_eq!(rig.naive_boot(both).await, 400);
    };

    the_clock_is_sent_as_it_is_shown, "any-clock-offset", settings(Generic), |rig| {
        rig.bmc.shift_clock(3_600_000_000);
        let now = ferric::base::time::Clock::wall(&*rig.clock);
        crate::rig::set_clock(&rig.driven(), now).await.unwrap();
        assert!(rig.bmc.clock_shift().abs() < 2_000_000);
        let manager = rig.bmc.settings().profile.maker().manager_path();
        let same = json!({"DateTimeLocalOffset": "+00:00"});
        assert_eq!(rig.naive(Method::Patch, &manager, same).await.status, 400);
        rig.clock.advance(Duration::from_secs(1));
    };
}
