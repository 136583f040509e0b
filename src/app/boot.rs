//! What the boot interfaces are made with, from the configuration.

use crate::config::Config;
use crate::depot::ramdisks::Ramdisks;
use crate::driver::boot::BootGround;
use crate::driver::boot::address::Bases;

/// What the boot interfaces are made with; `rack` is the rack's own door.
pub fn of(config: &Config, ramdisks: Ramdisks, rack: String) -> BootGround {
    let ground = BootGround::new(ramdisks, rack);
    let (http, external) = (config.http_url.clone(), config.external_http_url.clone());
    let bases = Bases { http, external, ..ground.bases };
    BootGround { bases, automated_clean: config.policy.automated_clean, ..ground }
}
