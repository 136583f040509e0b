//! Redfish against a BMC that follows a script, and (ignored) against whatever `FERRIC_TEST_BMC` names.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::RealClock;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::{Ground, Limits};
use crate::driver::redfish::hardware::hardware;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::model::boot::BootDevice;
use crate::model::node::{Node, Wished};
use crate::model::power::{Power, PowerWish};

fn rack() -> Arc<RedfishRack> {
    let ground = Ground::new(Arc::new(RealClock::new()), Arc::new(Blank), PrintKey::new(Secret::new("k")), 1);
    let limits = Limits { start_spread: Duration::ZERO, ..Limits::default() };
    Arc::new(RedfishRack::new(Ground { redfish_limits: limits, ..ground }))
}

fn node(info: Value) -> Node {
    let Value::Object(info) = info else { panic!("an object") };
    Node::new(NodeId(uuid::Uuid::nil()), Wished { driver_info: info.into(), ..Wished::default() }, Moment(0))
}

#[tokio::test]
#[ignore = "needs a sushy-emulator"]
async fn emulator() {
    let url = std::env::var("FERRIC_TEST_BMC").unwrap();
    let server = Server::of(&rack(), &node(json!({"redfish_address": url}))).unwrap();
    let hardware = hardware(&server);
    let power = hardware.power.unwrap();
    eprintln!("power {:?}", power.state().await.unwrap());
    eprintln!("on {:?}", power.set(PowerWish::On, Duration::from_secs(30)).await.unwrap());
    assert_eq!(power.set(PowerWish::Off, Duration::from_secs(30)).await.unwrap(), Power::Off);
    let boot = hardware.boot_device.unwrap();
    eprintln!("boot {:?}", boot.get().await.unwrap());
    eprintln!("boot {:?}", boot.set(BootDevice::Pxe, false).await.unwrap());
    eprintln!("boot {:?}", boot.set(BootDevice::Cdrom, true).await.unwrap());
    eprintln!("boot {:?}", boot.set(BootDevice::Bios, true).await);
    eprintln!("mode {:?}", hardware.boot_mode.unwrap().get().await);
    eprintln!("mode {:?}", server.set_boot_mode(crate::driver::capability::boot_mode::Mode::Bios).await);
    eprintln!("mode {:?}", server.set_boot_mode(crate::driver::capability::boot_mode::Mode::Uefi).await);
    eprintln!("secure {:?}", hardware.secure_boot.as_ref().unwrap().get().await);
    eprintln!("secure {:?}", hardware.secure_boot.unwrap().set(true).await);
    eprintln!("nmi {:?}", hardware.nmi.unwrap().inject().await);
}
