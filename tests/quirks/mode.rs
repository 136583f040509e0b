//! Boot mode, secure boot, lamps, subscriptions.

use std::time::Duration;

use ferric::driver::capability::indicators::Lamp;
use ferric::driver::error::DriverError;
use ferric::model::bmc::panel::Mode;
use ferric::model::bmc::power::PowerWish;
use ferric::net::http::Method;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Hpe;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::Names;
use serde_json::json;

use crate::rig::NONE;
use crate::rig::named;
use crate::rig::settings;

const GEN10: Names = Names {
    model: Some("ProLiant DL380 Gen10"),
    manager_model: Some("iLO 5"),
    firmware: Some("iLO 5 v2.78"),
    ..NONE
};

rows! {
    a_mode_that_is_not_shown_stops_nothing, "any-mode-missing", settings(Generic), |rig| {
        rig.boots_pxe().await;
        // What the BIOS attributes tell is all that is known.
        assert_eq!(rig.hardware().boot_mode.unwrap().get().await, Ok(Some(Mode::Uefi)));
    };

    a_mode_that_cannot_be_written_is_left_out, "hpe-mode-readonly", settings(Hpe).named(GEN10), |rig| {
        rig.boots_pxe().await;
        let refused = rig.hardware().boot_mode.unwrap().set(Mode::Bios).await.unwrap_err();
        assert!(matches!(refused, DriverError::Unsupported { .. } | DriverError::Refused { .. }), "{refused}");
    };

    a_machine_without_a_mode_is_not_asked_for_one, "smc-no-mode",
    settings(Supermicro).named(named("SYS-X10SRi")), |rig| {
        rig.boots_pxe().await;
        let refused = rig.hardware().boot_mode.unwrap().set(Mode::Bios).await.unwrap_err();
        assert!(matches!(refused, DriverError::Unsupported { .. }), "{refused}");
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideMode": "UEFI"})).await, 400);
    };

    a_mode_is_taken_up_by_a_job_at_the_next_boot, "dell-bootmode-job", settings(Dell), |rig| {
        let mode = async || rig.hardware().boot_mode.unwrap().get().await.unwrap();
        assert_eq!(rig.hardware().boot_mode.unwrap().set(Mode::Bios).await, Ok(Some(Mode::Uefi)));
        rig.power(PowerWish::On).await.unwrap();
        rig.clock.advance(Duration::from_secs(31));
        assert_eq!(mode().await, Some(Mode::Bios));
    };

    what_wants_a_licence_is_not_there, "smc-license", settings(Supermicro), |rig| {
        assert_eq!(rig.hardware().secure_boot.unwrap().get().await, Ok(None));
        let refused = rig.hardware().secure_boot.unwrap().set(true).await.unwrap_err().to_string();
        assert!(refused.contains("licence"), "{refused}");
        assert_eq!(rig.driven().inspect().await.unwrap().macs.len(), 2);
        rig.off_and_on().await;
    };

    a_lamp_that_the_chassis_refuses_is_the_system_s, "lenovo-led-chassis-readonly", settings(Lenovo), |rig| {
        let lamps = rig.hardware().indicators.unwrap();
        let chassis = lamps.list().await.unwrap().into_iter().find(|lamp| lamp.component == "chassis").unwrap();
        lamps.set("chassis", &chassis.name, Lamp::Blinking).await.unwrap();
        let system = lamps.list().await.unwrap().into_iter().find(|lamp| lamp.component == "system").unwrap();
        assert_eq!(system.shows, Lamp::Blinking);
    };

    a_subscription_without_a_context_has_an_empty_one, "any-context-missing", settings(Generic), |rig| {
        let wish = json!({"Destination": "https://listener.example/events"});
        let made = rig.driven().vendor("create_subscription", wish.as_object().unwrap()).await.unwrap();
        assert_eq!(made["Context"], "");
        let id = json!({"id": made["Id"]});
        let read = rig.driven().vendor("get_subscription", id.as_object().unwrap()).await.unwrap();
        assert_eq!(read, made);
    };

    a_lockdown_is_named, "dell-lockdown", settings(Dell), |rig| {
        let refused = rig.power(PowerWish::On).await.unwrap_err().to_string();
        assert!(refused.to_lowercase().contains("lockdown"), "{refused}");
        rig.state().await.unwrap();
    };

    one_message_is_a_list_of_one, "dell-extendedinfo-object", settings(Dell), |rig| {
        rig.bmc.set(ferric::twin::redfish::oddity::Oddity::DellLockdown);
        let refused = rig.power(PowerWish::On).await.unwrap_err().to_string();
        assert!(refused.to_lowercase().contains("lockdown"), "{refused}");
    };

    a_message_without_a_text_shows_its_id, "any-message-without-registry", settings(Dell), |rig| {
        rig.bmc.set(ferric::twin::redfish::oddity::Oddity::DellLockdown);
        let refused = rig.power(PowerWish::On).await.unwrap_err().to_string();
        assert!(refused.contains("SYS515"), "{refused}");
        assert_eq!(rig.naive(Method::Get, "/redfish/v1/nothing", json!(null)).await.status, 404);
    };
}
