//! Serves until a file goes away, for clients that others wrote: `FERRIC_TWIN_BMC` names the file and is what makes
//! it run; the addresses are written to it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::base::mac::Mac;
use crate::base::time::RealClock;
use crate::twin::rack::Rack;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::profile::Profile;
use crate::twin::redfish::settings::BmcSettings;
use crate::twin::settings::Settings;

#[tokio::test]
#[ignore = "serves until its file goes away, for a hand that asks"]
async fn serve_every_profile() {
    let file = PathBuf::from(std::env::var_os("FERRIC_TWIN_BMC").expect("FERRIC_TWIN_BMC names a file"));
    let home = TempDir::new().unwrap();
    let mut model = Settings::new("hand", Mac([0x52, 0x54, 0, 0, 0, 1]), home.path(), "http://127.0.0.1:1");
    model.macs.push(Mac([0x52, 0x54, 0, 0, 0, 2]));
    let rack = Rack::new(5, &model, &(Arc::new(RealClock::new()) as _)).unwrap();
    let mut lines = String::new();
    let mut all = Vec::new();
    for (server, profile) in rack.servers().iter().zip(Profile::ALL) {
        server.boot_from(crate::twin::progress::BootFrom::Disk);
        let bmc = Bmc::start(server, BmcSettings::new(*profile), &CancellationToken::new()).await.unwrap();
        writeln!(lines, "{profile:?} {} {} {}", bmc.url(), bmc.plain_url(), bmc.system_path()).unwrap();
        all.push(bmc);
    }
    std::fs::write(&file, lines).unwrap();
    while file.exists() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
