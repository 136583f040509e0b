//! An odd IPMI controller with its server, and the real driver before it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ferric::driver::Hardware;
use ferric::driver::bmc::Ground;
use ferric::driver::error::DriverError;
use ferric::driver::ipmi::Ipmi;
use ferric::driver::ipmi::IpmiServer;
use ferric::driver::registry::Registry;
use ferric::model::bmc::power::Power;
use ferric::model::bmc::power::PowerWish;
use ferric::model::boot::BootDevice;
use ferric::model::interface::Interface;
use ferric::model::node::Node;
use ferric::twin::ipmi::quirk::Quirk;
use ferric::twin::ipmi::service::Service;
use ferric::twin::ipmi::settings::Settings;
use ferric::twin::progress::Stage;
use ferric::twin::server::Server;
use ferric::wire::ipmi::ask::Ask;
use ferric::wire::ipmi::bridge::wrap;
use ferric::wire::ipmi::crypto::Key;
use ferric::wire::ipmi::lan15;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::DuplexStream;

use crate::clock::Fast;
use crate::machine;
use crate::pages::Pages;

pub struct Station {
    pub service: Service,
    pub server: Server,
    node: Node,
    registry: Registry,
    ipmi: Arc<Ipmi>,
    ground: Ground,
    pages: Arc<Pages>,
    _home: TempDir,
}

fn quirk(id: &str) -> Quirk {
    Quirk::find(id).unwrap_or_else(|| panic!("no controller is odd in the way of {id}"))
}

impl Station {
    pub async fn odd(id: &str) -> Self {
        let home = TempDir::new().unwrap();
        let clock = Arc::new(Fast::new());
        let server = machine::server(home.path(), clock.clone());
        let settings = Settings::new("admin", "secret").with(quirk(id));
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let service = Service::start(&server, settings, loopback).await.unwrap();
        let pages = Arc::new(Pages::default());
        let ground = machine::ground(clock, pages.clone());
        let ipmi = Arc::new(Ipmi::new(ground.clone()));
        let registry = machine::registry("ipmi", home.path(), ground.clone());
        let info = json!({
            "ipmi_address": "127.0.0.1", "ipmi_port": service.address().port(), "ipmi_username": "admin",
            "ipmi_password": "secret",
        });
        let mut node = machine::node("ipmi", &info);
        node.wished.interfaces.set(Interface::Console, "ipmitool-socat".to_owned());
        Self { service, server, node, registry, ipmi, ground, pages, _home: home }
    }

    pub fn assert_bitten(&self, id: &str) {
        assert!(self.service.bitten(quirk(id)) > 0, "{id} never showed: {:#?}", self.service.seen());
    }

    /// The node as its record would be now.
    pub fn recorded(&self) -> Node {
        self.pages.recorded(&self.node)
    }

    /// What the machine can do, by a record that is changed first.
    pub fn hardware_as(&self, change: impl FnOnce(&mut Node)) -> Hardware {
        let mut node = self.pages.recorded(&self.node);
        change(&mut node);
        self.registry.hardware(&node).unwrap()
    }

    pub fn hardware(&self) -> Hardware {
        self.hardware_as(|_| {})
    }

    /// The machine itself, for what no trait offers.
    pub fn driven(&self) -> IpmiServer {
        self.ipmi.server(&self.pages.recorded(&self.node)).unwrap()
    }

    /// The same machine, by a driver that knows nothing of it yet.
    pub fn anew(&self) -> IpmiServer {
        Arc::new(Ipmi::new(self.ground.clone())).server(&self.node).unwrap()
    }

    /// Asks for one command, whatever comes of it.
    pub async fn naive(&self, ask: Ask) {
        self.driven().ask(ask).await.ok();
    }

    /// Asks for the cipher suites outside of any session until that was left unanswered.
    pub async fn naive_cipher_query(&self) {
        let message = wrap(&Ask::new(6, 0x54, vec![0x0e, 0, 0x80]), 0);
        let packet = lan15::emit(lan15::Header::BARE, &message, &Key::default());
        self.until_bitten(&packet, Quirk::NoCipherQuery).await;
    }

    /// Sends a ping of RMCP until it was left unanswered.
    pub async fn ping(&self, unanswered: Quirk) {
        self.until_bitten(&PING, unanswered).await;
    }

    async fn until_bitten(&self, packet: &[u8], unanswered: Quirk) {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for _ in 0..1000 {
            socket.send_to(packet, self.service.address()).await.unwrap();
            tokio::task::yield_now().await;
            if self.service.bitten(unanswered) > 0 {
                return;
            }
        }
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

    /// Sets the boot device and switches on; how far the machine came.
    pub async fn boots(&self, hardware: &Hardware, device: BootDevice) -> Stage {
        hardware.boot_device.as_ref().unwrap().set(device, false).await.unwrap();
        hardware.power.as_ref().unwrap().set(PowerWish::On, LIMIT).await.unwrap();
        self.server.progress().stage
    }

    /// Opens the console, prints on it, and reads until it is seen; types, too.
    pub async fn assert_console(&self) {
        self.power(PowerWish::On).await.unwrap();
        let console = self.hardware().console.unwrap().open().await.unwrap();
        self.assert_line(console).await;
    }

    /// The same for a console that is open.
    pub async fn assert_line(&self, mut console: DuplexStream) {
        console.write_all(b"\r").await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("hello from the machine") {
            self.service.print("hello from the machine\r\n");
            let mut bytes = [0; 1024];
            // What is printed while the line is down is lost: it is printed again.
            if let Ok(read) = tokio::time::timeout(AGAIN, console.read(&mut bytes)).await {
                let count = read.unwrap();
                assert!(count > 0, "the console ended: {}", String::from_utf8_lossy(&seen));
                seen.extend(&bytes[..count]);
            }
        }
    }
}

/// Presence ping of ASF 2.0, 3.2.4.
const PING: [u8; 12] = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 1, 0, 0];
/// Of the fast clock.
const LIMIT: Duration = Duration::from_mins(2);
/// Of the machine's clock.
const AGAIN: Duration = Duration::from_millis(20);
