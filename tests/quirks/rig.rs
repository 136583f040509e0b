//! An odd Redfish controller with its server, and the real driver before it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferric::base::moment::Moment;
use ferric::base::time::PausedClock;
use ferric::driver::Hardware;
use ferric::driver::capability::boot_device::BootChoice;
use ferric::driver::capability::virtual_media::Medium;
use ferric::driver::error::DriverError;
use ferric::driver::redfish::manager::ClockWish;
use ferric::driver::redfish::server::Server as Driven;
use ferric::driver::redfish::talk::RedfishRack;
use ferric::driver::redfish::talk::error::RedfishError;
use ferric::driver::registry::Registry;
use ferric::model::bmc::power::Power;
use ferric::model::bmc::power::PowerWish;
use ferric::model::boot::BootDevice;
use ferric::model::node::Node;
use ferric::net::client::Client;
use ferric::net::client::outgoing::Answer;
use ferric::net::client::outgoing::Outgoing;
use ferric::net::client::outgoing::Trust;
use ferric::net::http::Method;
use ferric::twin::progress::Source;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::oddity::Oddity;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::redfish::settings::Names;
use ferric::twin::server::Server;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::Leap;
use crate::machine;
use crate::pages::Pages;

pub struct Rig {
    pub bmc: Bmc,
    pub server: Server,
    pub clock: Arc<PausedClock>,
    pub node: Node,
    pub registry: Registry,
    rack: Arc<RedfishRack>,
    pages: Arc<Pages>,
    _home: TempDir,
}

pub fn settings(profile: Profile) -> BmcSettings {
    BmcSettings::new(profile)
}

/// As the profile says.
pub const NONE: Names = Names {
    vendor: None,
    product: None,
    manufacturer: None,
    model: None,
    manager_model: None,
    firmware: None,
};

/// Another model of the same maker.
pub const fn named(model: &'static str) -> Names {
    Names { model: Some(model), ..NONE }
}

fn oddity(id: &str) -> Oddity {
    Oddity::of(id).unwrap_or_else(|| panic!("no controller is odd in the way of {id}"))
}

impl Rig {
    /// A controller that has this oddity beside those of its maker.
    pub async fn odd(id: &str, settings: BmcSettings) -> Self {
        let home = TempDir::new().unwrap();
        let clock = Arc::new(PausedClock::new());
        let server = machine::server(home.path(), clock.clone());
        let settings = settings.with(oddity(id));
        let bmc = Bmc::start(&server, settings, &CancellationToken::new()).await.unwrap();
        let pages = Arc::new(Pages::default());
        let mut ground = machine::ground(Arc::new(Leap(clock.clone())), pages.clone());
        ground.redfish.read_timeout = silence(id);
        let rack = Arc::new(RedfishRack::new(ground.clone()));
        let registry = machine::registry("redfish", home.path(), ground);
        let account = bmc.settings();
        let node = machine::node(
            "redfish",
            &json!({
                "redfish_address": bmc.plain_url(), "redfish_username": account.user,
                "redfish_password": account.password.reveal(),
            }),
        );
        Self { bmc, server, clock, node, registry, rack, pages, _home: home }
    }

    pub fn assert_bitten(&self, id: &str) {
        assert!(self.bmc.bitten(oddity(id)) > 0, "{id} never showed: {:#?}", self.bmc.asked());
    }

    /// Never by the driver: for oddities that it keeps clear of.
    pub fn assert_not_bitten(&self, id: &str) {
        assert_eq!(self.bmc.bitten(oddity(id)), 0, "{id} showed: {:#?}", self.bmc.asked());
    }

    /// What the machine can do, by its record as it is now.
    pub fn hardware(&self) -> Hardware {
        self.registry.hardware(&self.pages.recorded(&self.node)).unwrap()
    }

    /// The machine itself, for what no trait offers.
    pub fn driven(&self) -> Driven {
        Driven::of(&self.rack, &self.pages.recorded(&self.node)).unwrap()
    }

    /// The same machine, by a driver that knows nothing of it yet.
    pub fn anew(&self) -> Driven {
        let rack = Arc::new(RedfishRack::new(self.rack.ground.clone()));
        Driven::of(&rack, &self.node).unwrap()
    }

    pub async fn state(&self) -> Result<Power, DriverError> {
        self.hardware().power.unwrap().state().await
    }

    pub async fn power(&self, wish: PowerWish) -> Result<Power, DriverError> {
        self.hardware().power.unwrap().set(wish, LIMIT).await
    }

    /// Asserts that both ways work.
    pub async fn off_and_on(&self) {
        assert_eq!(self.power(PowerWish::On).await, Ok(Power::On));
        assert_eq!(self.power(PowerWish::Off).await, Ok(Power::Off));
        assert_eq!(self.power(PowerWish::On).await, Ok(Power::On));
    }

    pub async fn set_boot(&self, device: BootDevice, persistent: bool) -> Result<BootChoice, DriverError> {
        self.hardware().boot_device.unwrap().set(device, persistent).await
    }

    /// Asserts that the next boot is a PXE boot, by the driver.
    pub async fn boots_pxe(&self) {
        self.set_boot(BootDevice::Pxe, false).await.unwrap();
        assert_eq!(self.started().await, Source::Pxe);
    }

    /// Switches on by the driver; what the firmware booted.
    pub async fn started(&self) -> Source {
        assert_eq!(self.power(PowerWish::On).await, Ok(Power::On));
        self.server.progress().source
    }

    /// The URL of a medium that can really be fetched.
    pub fn image(&self) -> String {
        format!("{}/redfish/v1", self.bmc.plain_url())
    }

    pub async fn insert(&self, url: &str) -> Result<(), DriverError> {
        let medium = Medium { drive: BootDevice::Cdrom, url: url.to_owned() };
        self.hardware().virtual_media.unwrap().insert(medium).await
    }

    pub async fn eject(&self) -> Result<(), DriverError> {
        self.hardware().virtual_media.unwrap().eject(BootDevice::Cdrom).await
    }

    /// The same for a machine that is on.
    pub async fn boots_medium_after_off(&self) {
        self.power(PowerWish::Off).await.unwrap();
        self.boots_medium().await;
    }

    /// Asserts that a medium goes in, boots, and comes out again.
    pub async fn boots_medium(&self) {
        self.insert(&self.image()).await.unwrap();
        self.set_boot(BootDevice::Cdrom, false).await.unwrap();
        assert_eq!(self.started().await, Source::Cd);
        self.eject().await.unwrap();
        assert!(self.bmc.media().iter().all(|medium| !medium.inserted));
    }

    /// Asks as a client would that knows no oddity: with the account, nothing else.
    pub async fn naive(&self, method: Method, path: &str, body: Value) -> Answer {
        self.naive_with(method, path, body, &[]).await
    }

    pub async fn naive_with(
        &self,
        method: Method,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = Url::parse(&format!("{}{path}", self.bmc.plain_url())).unwrap();
        let mut outgoing = Outgoing::new(method, url, Trust::Plain);
        let account = self.bmc.settings();
        let pair = format!("{}:{}", account.user, account.password.reveal());
        outgoing.headers.push("Authorization", format!("Basic {}", STANDARD.encode(pair)));
        for (name, value) in headers {
            outgoing.headers.push(*name, *value);
        }
        if !body.is_null() {
            outgoing.body = body.to_string().into_bytes();
        }
        Client::new().send(outgoing).await.unwrap()
    }

    /// A PATCH of the system's `Boot` with these members; its status.
    pub async fn naive_boot(&self, boot: Value) -> u16 {
        self.naive(Method::Patch, &self.bmc.system_path(), json!({"Boot": boot})).await.status
    }

    /// A reset of the system; its status.
    pub async fn naive_reset(&self, kind: &str) -> u16 {
        let path = format!("{}/Actions/ComputerSystem.Reset", self.bmc.system_path());
        self.naive(Method::Post, &path, json!({"ResetType": kind})).await.status
    }
}

/// Of the driver's clock.
const LIMIT: Duration = Duration::from_mins(3);

/// Of the machine's clock: how long a controller that says nothing is listened to. In one row it is silent as it should
/// be.
fn silence(id: &str) -> Duration {
    if id == "any-reset-then-deaf" { Duration::from_millis(300) } else { Duration::from_secs(20) }
}

/// Restarts the BMC as the steps of the management interface do.
pub async fn reset_bmc(driven: &Driven, limit: Duration) -> Result<(), RedfishError> {
    driven.reset_bmc(true, limit).await
}

/// Sets the BMC's clock as the steps of the management interface do.
pub async fn set_clock(driven: &Driven, time: Moment) -> Result<(), RedfishError> {
    driven.set_bmc_clock(&ClockWish { time, offset: None }).await
}
