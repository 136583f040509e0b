//! The twin's management controllers through strangers' clients: sushy reads everything, sets power, boot device and
//! lamps, and inserts an image that the controller fetches from here; curl follows every link.

mod curl;

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
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::stage::image_server::ImageServer;
use crate::stage::peers::python;

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
    let (rig, images) = (Rig::start(profile), ImageServer::start());
    let bmc = rig.bmc();
    let said = python("redfish", &url(bmc), &[&url(bmc), &bmc.system_path(), &images.image(), account]);
    assert_eq!(said["read"]["nics"].as_array().map(Vec::len), Some(2), "{profile:?}: {said}");
    assert_eq!(said["read"]["drives"], 8, "{profile:?}: {said}");
    assert_eq!(bmc.resets(), ["On", "Nmi", "GracefulShutdown"], "{profile:?}");
    assert_eq!(bmc.server().progress().boots, 1);
    assert!(bmc.media().iter().any(|medium| medium.inserts == 1), "{profile:?}");
    assert_eq!(images.fetched(), 1, "{profile:?}");
    assert_eq!(bmc.sessions(), 0, "{profile:?} has a session left");
}

/// One server with two NICs; what it boots is of no interest.
pub fn rack(home: &Path) -> Rack {
    let mut model = Settings::new("s", Mac([0x52, 0x54, 0, 0, 0, 1]), home, "http://127.0.0.1:1");
    model.macs.push(Mac([0x52, 0x54, 0, 0, 0, 2]));
    let clock: SharedClock = Arc::new(RealClock::new());
    let rack = Rack::new(1, &model, &clock).unwrap();
    rack.servers()[0].boot_from(BootFrom::Disk);
    rack
}

/// Its controller.
struct Rig {
    runtime: Runtime,
    bmcs: Vec<Bmc>,
    home: TempDir,
}

impl Rig {
    fn start(profile: Profile) -> Self {
        let home = TempDir::new().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let rack = rack(home.path());
        let (settings, stop) = (BmcSettings::new(profile), CancellationToken::new());
        let bmcs = runtime.block_on(Bmc::start_all(&rack, &settings, &stop)).unwrap();
        Self { runtime, bmcs, home }
    }

    fn bmc(&self) -> &Bmc {
        &self.bmcs[0]
    }

    fn home(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.runtime.block_on(self.bmc().stop());
    }
}
