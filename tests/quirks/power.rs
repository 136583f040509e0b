//! On, off and restarts; the BMC's own restart.

use std::time::Duration;

use ferric::driver::error::DriverError;
use ferric::model::bmc::power::Power;
use ferric::model::bmc::power::PowerWish;
use ferric::model::boot::BootDevice;
use ferric::net::http::Method;
use ferric::twin::progress::Stage;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Hpe;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::settings::Names;

use serde_json::Value;

use crate::rig::NONE;
use crate::rig::named;
use crate::rig::settings;

const IDRAC8: Names = Names {
    model: Some("PowerEdge R730"),
    manager_model: Some("13G Monolithic"),
    firmware: Some("2.70.70.70"),
    ..NONE
};
rows! {
    a_start_soon_after_the_end_is_asked_for_again, "dell-idrac10-409-on", settings(Dell), |rig| {
        rig.off_and_on().await;
    };

    what_is_so_already_is_no_error, "dell-409-already", settings(Dell), |rig| {
        rig.off_and_on().await;
        assert_eq!(rig.power(PowerWish::On).await, Ok(Power::On));
        assert_eq!(rig.bmc.resets(), ["On", "ForceOff", "On"]);
        assert_eq!(rig.naive_reset("On").await, 409);
    };

    a_graceful_restart_that_is_not_there_is_a_shutdown_and_a_start, "dell-graceful-restart",
    settings(Dell).named(IDRAC8), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        assert_eq!(rig.power(PowerWish::SoftReset).await, Ok(Power::On));
        assert_eq!(rig.bmc.resets(), ["On", "GracefulShutdown", "On"]);
        let mut node = rig.node.clone();
        node.wished.disable_power_off = true;
        let power = rig.registry.hardware(&node).unwrap().power.unwrap();
        let refused = power.set(PowerWish::SoftReset, Duration::from_mins(3)).await;
        assert!(matches!(refused, Err(DriverError::Unsupported { .. })), "{refused:?}");
        assert_eq!(rig.bmc.resets().len(), 3);
        rig.naive_reset("GracefulRestart").await;
    };

    a_hard_restart_is_asked_for_by_its_name, "hpe-force-restart-cold", settings(Hpe), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        assert_eq!(rig.power(PowerWish::SoftReset).await, Ok(Power::On));
        assert_eq!(rig.power(PowerWish::Reset).await, Ok(Power::On));
        assert_eq!(rig.bmc.resets(), ["On", "GracefulRestart", "ForceRestart"]);
    };

    a_state_that_forbids_it_passes, "hpe-invalid-state", settings(Hpe), |rig| {
        rig.off_and_on().await;
    };

    a_restart_that_hangs_the_host_is_never_sent, "lenovo-restart-hang", settings(Lenovo).named(named("ThinkSystem SR675 V3")), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        let refused = rig.power(PowerWish::Reset).await;
        assert!(matches!(refused, Err(DriverError::Unsupported { .. })), "{refused:?}");
        rig.off_and_on().await;
        assert_eq!(rig.server.progress().stage, Stage::Installed);
        assert_eq!(rig.naive_reset("ForceRestart").await, 204);
    };

    a_restart_that_cuts_cards_is_never_sent, "lenovo-restart-kills-dpu", settings(Lenovo).named(named("ThinkSystem SR650 V4")), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        let refused = rig.power(PowerWish::Reset).await;
        assert!(matches!(refused, Err(DriverError::Unsupported { .. })), "{refused:?}");
        rig.off_and_on().await;
        let nics = rig.driven().inspect().await.unwrap().macs;
        assert_eq!(nics.len(), 2);
        assert_eq!(rig.naive_reset("ForceRestart").await, 204);
        let path = format!("{}/EthernetInterfaces/NIC.1", rig.bmc.system_path());
        assert_eq!(rig.naive(Method::Get, &path, Value::Null).await.status, 404, "the cards are gone");
    };

    the_words_for_resets_are_looked_up, "openbmc-reset-actioninfo", settings(Generic), |rig| {
        rig.off_and_on().await;
        assert_eq!(rig.power(PowerWish::Reset).await, Ok(Power::On));
        assert_eq!(rig.server.progress().boots, 3);
    };

    a_graceful_restart_that_ends_off_is_switched_on, "openbmc-graceful-restart-off",
    settings(Generic).named(named("witherspoon")), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        assert_eq!(rig.power(PowerWish::SoftReset).await, Ok(Power::On));
        assert_eq!(rig.server.progress().boots, 2);
    };

    without_an_override_and_a_restart_there_is_still_power, "openbmc-no-override",
    settings(Generic).named(named("IBM Power S1022")), |rig| {
        rig.off_and_on().await;
        assert_eq!(rig.power(PowerWish::Reset).await, Ok(Power::On));
        assert_eq!(rig.server.progress().boots, 3);
        let refused = rig.set_boot(BootDevice::Pxe, false).await;
        assert!(matches!(refused, Err(DriverError::Unsupported { .. })), "{refused:?}");
    };

    a_bmc_that_restarts_is_waited_for_until_it_was_gone, "any-reset-then-deaf", settings(Generic), |rig| {
        crate::rig::reset_bmc(&rig.driven(), Duration::from_mins(5)).await.unwrap();
        assert_eq!(rig.bmc.resets().len(), 1);
        assert_eq!(rig.state().await, Ok(Power::Off));
    };

    a_reset_of_the_bmc_without_a_type, "hpe-manager-reset-no-type", settings(Hpe), |rig| {
        crate::rig::reset_bmc(&rig.driven(), Duration::from_mins(5)).await.unwrap();
        assert_eq!(rig.bmc.resets().len(), 1);
    };
}
