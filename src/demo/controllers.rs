//! The management controllers of the demo's servers, for whoever wants to try `redfish`, `idrac` and `ipmi` without
//! hardware.

use std::net::{Ipv4Addr, SocketAddr};

use tokio_util::sync::CancellationToken;

use crate::base::secret::Secret;
use crate::twin::ipmi::service::{Service, StartError};
use crate::twin::ipmi::settings::Settings;
use crate::twin::rack::Rack;
use crate::twin::redfish::bmc::{Bmc, BmcError};
use crate::twin::redfish::profile::Profile;
use crate::twin::redfish::settings::BmcSettings;

/// Both controllers of each server. They go away with this value, or when `stop` says so.
#[derive(Debug)]
pub struct Controllers {
    all: Vec<(Profile, Bmc, Service)>,
}

/// One of them could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    #[error("a simulated Redfish service could not be started")]
    Redfish(#[from] BmcError),
    #[error("a simulated IPMI controller could not be started")]
    Ipmi(#[from] StartError),
}

impl Controllers {
    /// Gives each server a Redfish service and an IPMI responder on loopback, of one maker after another.
    pub async fn start(rack: &Rack, stop: &CancellationToken) -> Result<Self, ControllerError> {
        let mut all = Vec::new();
        for (server, profile) in rack.servers().iter().zip(Profile::ALL.iter().cycle()) {
            let redfish = BmcSettings { password: Secret::new(PASSWORD), ..BmcSettings::new(*profile) };
            let bmc = Bmc::start(server, redfish, stop).await?;
            let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let ipmi = Service::start(server, Settings::new(USER, PASSWORD), free_port).await?;
            all.push((*profile, bmc, ipmi));
        }
        Ok(Self { all })
    }

    /// Where they are and how to enrol one, as lines to print.
    pub fn lines(&self) -> Vec<String> {
        let head = format!("Each server has a BMC, account {USER}, password {PASSWORD}:");
        let rows = self.all.iter().map(|(profile, bmc, ipmi)| {
            let maker = format!("{profile:?}").to_lowercase();
            format!("  {:<24} {maker:<12} ipmi {}", bmc.url(), ipmi.address())
        });
        let examples = self.all.first().map(|(_, bmc, ipmi)| {
            [
                "  ferric node create by-redfish --driver redfish \\".to_owned(),
                format!("      --driver-info redfish_address={} \\", bmc.url()),
                format!(
                    "      --driver-info redfish_username={USER} --driver-info redfish_password={PASSWORD} \\"
                ),
                "      --driver-info redfish_verify_ca=false".to_owned(),
                "  ferric node create by-ipmi --driver ipmi --driver-info ipmi_address=127.0.0.1 \\"
                    .to_owned(),
                format!("      --driver-info ipmi_port={} \\", ipmi.address().port()),
                format!("      --driver-info ipmi_username={USER} --driver-info ipmi_password={PASSWORD}"),
                "  ferric node manage by-redfish by-ipmi --wait".to_owned(),
                "  ferric node sensors by-redfish".to_owned(),
            ]
        });
        std::iter::once(head).chain(rows).chain(examples.into_iter().flatten()).collect()
    }

    /// Ends them.
    pub async fn stop(self) {
        for (_, bmc, ipmi) in self.all {
            bmc.stop().await;
            ipmi.stop().await;
        }
    }
}

/// The account of every simulated controller.
const USER: &str = "admin";
/// No secret: it is printed.
const PASSWORD: &str = "demo";
