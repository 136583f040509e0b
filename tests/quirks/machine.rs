//! A simulated server and the node that stands for it.

use std::path::Path;
use std::sync::Arc;

use ferric::base::id::NodeId;
use ferric::base::mac::Mac;
use ferric::base::moment::Moment;
use ferric::base::secret::Secret;
use ferric::base::time::SharedClock;
use ferric::depot::blobs::Blobs;
use ferric::depot::gallery::Gallery;
use ferric::depot::ramdisks::Ramdisks;
use ferric::depot::shelf::Shelf;
use ferric::driver::agent::AgentSettings;
use ferric::driver::agent::Agents;
use ferric::driver::bmc::Ground;
use ferric::driver::bmc::Limits;
use ferric::driver::bmc::print::PrintKey;
use ferric::driver::boot::BootGround;
use ferric::driver::fake::FakeRack;
use ferric::driver::fake::delays::FakeDelays;
use ferric::driver::registry::Parts;
use ferric::driver::registry::Registry;
use ferric::driver::registry::catalog;
use ferric::model::interface::Interface;
use ferric::model::node::Node;
use ferric::model::node::Wished;
use ferric::net::client::Client;
use ferric::twin::progress::BootFrom;
use ferric::twin::server::Server;
use ferric::twin::settings::Settings;
use serde_json::Value;

use crate::pages::Pages;

/// A server of two NICs that is off and has something on its disk.
pub fn server(home: &Path, clock: SharedClock) -> Server {
    let mut settings = Settings::new("q1", Mac([0x52, 0x54, 0, 0, 0, 1]), home, "http://127.0.0.1:1");
    settings.macs.push(Mac([0x52, 0x54, 0, 0, 0, 2]));
    let server = Server::new(settings, clock).unwrap();
    server.boot_from(BootFrom::Disk);
    server
}

/// A node of this hardware type with its usual interfaces.
pub fn node(driver: &str, info: &Value) -> Node {
    let catalog = catalog([driver]).unwrap();
    let info = info.as_object().unwrap().clone();
    let mut wished = Wished { driver: driver.to_owned(), driver_info: info, ..Wished::default() };
    for interface in Interface::ALL {
        wished.interfaces.set(interface, catalog.default_of(driver, interface).unwrap().to_owned());
    }
    Node::new(NodeId(uuid::Uuid::from_u128(7)), wished, Moment(0))
}

pub fn ground(clock: SharedClock, pages: Arc<Pages>) -> Ground {
    let ground = Ground::new(clock, pages, PrintKey::new(Secret::new("key")), 1);
    let limits = Limits { start_spread: std::time::Duration::ZERO, ..Limits::default() };
    Ground { redfish_limits: limits, ipmi_limits: limits, ..ground }
}

/// The drivers as the daemon has them.
pub fn registry(driver: &str, data: &Path, ground: Ground) -> Registry {
    let shelf = Arc::new(Shelf::open(data, &[]).unwrap());
    let boot = BootGround::new(Ramdisks::new(data, shelf.clone()), "http://10.0.0.1");
    let agents = Agents {
        client: Client::new(),
        clock: ground.clock.clone(),
        gallery: Arc::new(Gallery::of_files(shelf)),
        blobs: Arc::new(Blobs::open(data.join("blobs")).unwrap()),
        settings: AgentSettings::new("host", "http://10.0.0.1/images"),
    };
    let fake = Arc::new(FakeRack::new(ground.clock.clone(), FakeDelays::default(), 0));
    Registry::new([driver], Parts { fake, agents: Arc::new(agents), bmc: ground, boot }).unwrap()
}
