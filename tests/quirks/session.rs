//! Logging in, and staying so.

use ferric::driver::error::DriverError;
use ferric::model::bmc::power::Power;
use ferric::net::http::Method;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Lenovo;
use serde_json::Value;
use serde_json::json;

use crate::rig::Rig;
use crate::rig::settings;

/// Logs in as other clients do; the last status.
async fn others_log_in(rig: &Rig, count: usize) -> u16 {
    let account = rig.bmc.settings();
    let body = json!({"UserName": account.user, "Password": account.password.reveal()});
    let mut status = 0;
    for _ in 0..count {
        status = rig.naive(Method::Post, "/redfish/v1/SessionService/Sessions", body.clone()).await.status;
    }
    status
}

rows! {
    a_password_that_must_change_is_told, "any-password-change", settings(Generic), |rig| {
        let refused = rig.state().await.unwrap_err();
        assert!(!matches!(refused, DriverError::Silent { .. }), "{refused:?}");
        let text = refused.to_string();
        assert!(text.contains("password") && text.contains("/redfish/v1/AccountService/Accounts/1"), "{text}");
    };

    a_log_in_brings_nothing_else, "any-session-basic-conflict", settings(Generic), |rig| {
        rig.off_and_on().await;
        rig.assert_not_bitten("any-session-basic-conflict");
        assert_eq!(rig.bmc.sessions(), 1);
        assert_eq!(others_log_in(&rig, 1).await, 401);
    };

    a_session_without_a_place_is_one, "any-session-no-location", settings(Generic), |rig| {
        rig.off_and_on().await;
        assert_eq!(rig.bmc.sessions(), 1);
    };

    without_a_free_session_basic_serves, "dell-session-limit", settings(Dell), |rig| {
        assert_eq!(others_log_in(&rig, 9).await, 503);
        assert_eq!(rig.state().await, Ok(Power::Off));
        assert_eq!(rig.bmc.sessions(), 8);
    };

    a_session_that_is_gone_is_opened_again, "dell-session-dropped", settings(Dell), |rig| {
        for _ in 0..30 {
            assert_eq!(rig.state().await, Ok(Power::Off));
        }
        rig.off_and_on().await;
        assert_eq!(rig.bmc.sessions(), 1);
    };

    one_session_serves_all, "lenovo-sessions-16", settings(Lenovo), |rig| {
        for _ in 0..20 {
            assert_eq!(rig.state().await, Ok(Power::Off));
        }
        rig.driven().inspect().await.unwrap();
        rig.assert_not_bitten("lenovo-sessions-16");
        assert!(rig.bmc.sessions() <= 2, "one for each of the two drivers of this test: {}", rig.bmc.sessions());
        assert_eq!(others_log_in(&rig, 17).await, 503);
        rig.naive(Method::Get, "/redfish/v1/Systems", Value::Null).await;
    };
}
