//! The transport: slashes, redirects, broken connections, answers that are none.

use ferric::model::bmc::power::Power;
use ferric::model::bmc::power::PowerWish;
use ferric::net::http::Method;
use ferric::twin::redfish::fault::BmcFault;
use ferric::twin::redfish::oddity::Oddity;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Hpe;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::redfish::settings::Names;
use ferric::wire::redfish::link::Link;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::rig::NONE;
use crate::rig::named;
use crate::rig::settings;

const GEN10_PLUS: Names =
    Names { model: Some("ProLiant DL380 Gen10 Plus"), manager_model: Some("iLO 5"), ..NONE };
const AMI: Names = Names { vendor: Some("AMI"), ..NONE };

rows! {
    a_connection_that_was_closed_is_opened_again, "any-keepalive-break",
    BmcSettings { pace: 0.01, ..settings(Generic) }, |rig| {
        for _ in 0..3 {
            rig.state().await.unwrap();
            let address = rig.bmc.plain_url().replace("http://", "");
            let mut idle = tokio::net::TcpStream::connect(address).await.unwrap();
            // Once it is closed, the driver's, which was idle before, is closed too.
            assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
        }
        rig.off_and_on().await;
    };

    a_slash_is_added_where_it_is_wanted, "any-trailing-slash", settings(Generic), |rig| {
        rig.off_and_on().await;
        rig.set_boot(ferric::model::boot::BootDevice::Pxe, false).await.unwrap();
    };

    a_redirect_keeps_the_method, "any-redirect-post", settings(Generic), |rig| {
        rig.boots_pxe().await;
        assert_eq!(rig.power(PowerWish::Off).await, Ok(Power::Off));
    };

    html_is_no_answer, "any-not-json", settings(Generic), |rig| {
        let read = rig.driven().talk.get("/redfish/v1/Chassis/chassis").await.unwrap_err().to_string();
        assert!(read.contains("HTML") && read.contains("/redfish/v1/Chassis/chassis"), "{read}");
        rig.hardware().sensors.unwrap().readings().await.unwrap();
        rig.off_and_on().await;
    };

    expanding_that_fails_is_read_one_by_one, "any-expand-lies", settings(Dell), |rig| {
        let chassis = Link::new("/redfish/v1/Chassis");
        let read = rig.driven().talk.members(Some(&chassis)).await.unwrap();
        assert_eq!(read.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), [
            rig.bmc.settings().profile.maker().chassis_path()
        ]);
    };

    two_documents_are_not_taken_for_one, "dell-expand-license", settings(Dell), |rig| {
        let readings = rig.hardware().sensors.unwrap().readings().await.unwrap();
        rig.bmc.unset(Oddity::DellExpandLicense);
        assert_eq!(rig.anew().sensors().await.unwrap(), Value::Object(readings));
    };

    a_bmc_that_is_busy_is_asked_again, "dell-sys518-busy", settings(Dell), |rig| {
        rig.boots_pxe().await;
    };

    a_bmc_that_wants_to_zip_may, "hpe-406-identity", settings(Hpe).named(GEN10_PLUS), |rig| {
        let list = rig.driven().talk.get("/redfish/v1/Registries").await.unwrap();
        assert!(list.raw["Members"].is_array());
    };

    a_connection_serves_once, "hpe-rst-reuse", settings(Hpe), |rig| {
        rig.off_and_on().await;
        rig.set_boot(ferric::model::boot::BootDevice::Pxe, false).await.unwrap();
    };

    a_root_without_links_has_known_paths, "ami-root-without-links", settings(Generic).named(AMI), |rig| {
        rig.off_and_on().await;
        rig.boots_medium_after_off().await;
    };

    an_error_that_is_a_page_is_told, "smc-200-login-failed", settings(Supermicro).named(named("SYS-X10SRi")), |rig| {
        rig.bmc.fail(BmcFault::WrongPassword);
        let refused = rig.state().await.unwrap_err();
        assert!(matches!(refused, ferric::driver::error::DriverError::LoginRefused { .. }), "{refused}");
        let login = json!({"UserName": "admin", "Password": "wrong"});
        let naive = rig.naive(Method::Post, "/redfish/v1/SessionService/Sessions", login).await;
        assert_eq!(naive.status, 200);
    };
}
