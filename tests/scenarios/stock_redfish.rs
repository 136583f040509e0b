//! The twin's management controllers through the stock Redfish client, sushy: it reads everything, sets power, boot
//! device and lamps, and inserts an image that the controller fetches from here.

use std::path::Path;
use std::sync::Arc;

use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::base::time::SharedClock;
use ferric::twin::progress::BootFrom;
use ferric::twin::rack::Rack;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::settings::Settings;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::image_server::ImageServer;
use crate::peers::python;

#[test]
fn a_program_reads_and_drives_a_controller_of_every_maker_over_tls_with_a_session() {
    for profile in Profile::ALL {
        walk(*profile, "session", Bmc::url);
    }
}

#[test]
fn a_program_reads_and_drives_a_controller_without_tls_with_its_account() {
    walk(Profile::Generic, "basic", Bmc::plain_url);
}

fn walk(profile: Profile, account: &str, url: fn(&Bmc) -> String) {
    let home = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rack = rack(home.path());
    let settings = BmcSettings::new(profile);
    let bmcs = runtime.block_on(Bmc::start_all(&rack, &settings, &CancellationToken::new())).unwrap();
    let bmc = &bmcs[0];
    let images = ImageServer::start();
    let said = python("redfish", &url(bmc), &[&url(bmc), &bmc.system_path(), &images.image(), account]);
    assert_eq!(said["read"]["nics"].as_array().map(Vec::len), Some(2), "{profile:?}: {said}");
    assert_eq!(said["read"]["drives"], 8, "{profile:?}: {said}");
    assert_eq!(bmc.resets(), ["On", "Nmi", "GracefulShutdown"], "{profile:?}");
    assert_eq!(bmc.server().progress().boots, 1);
    assert!(bmc.media().iter().any(|medium| medium.inserts == 1), "{profile:?}");
    assert_eq!(bmc.sessions(), 0, "{profile:?} has a session left");
    runtime.block_on(bmc.stop());
}

/// One server with two NICs; what it boots is of no interest.
fn rack(home: &Path) -> Rack {
    let mut model = Settings::new("s", Mac([0x52, 0x54, 0, 0, 0, 1]), home, "http://127.0.0.1:1");
    model.macs.push(Mac([0x52, 0x54, 0, 0, 0, 2]));
    let clock: SharedClock = Arc::new(RealClock::new());
    let rack = Rack::new(1, &model, &clock).unwrap();
    rack.servers()[0].boot_from(BootFrom::Disk);
    rack
}
