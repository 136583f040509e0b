//! What the boot interfaces are made with, from the configuration.

use std::sync::Arc;

use crate::app::boot;
use crate::config::Config;
use crate::depot::blobs::Blobs;
use crate::depot::ramdisks::Ramdisks;
use crate::driver::boot::BootGround;
use crate::driver::boot::address::Bases;
use crate::net::whereabouts::Whereabouts;

/// What the boot interfaces are made with; `rack` is the rack's own door.
pub fn of(config: &Config, ramdisks: Arc<Ramdisks>, blobs: Arc<Blobs>, rack: Whereabouts) -> BootGround {
    let kernel_append = boot::loading(config).kernel_append;
    let (http, external) = (config.http_url.clone(), config.external_http_url.clone());
    let bases = Bases { rack, http, external };
    let (passes_isos, automated_clean) = (config.policy.pass_isos_on, config.policy.automated_clean);
    let managed_boot = config.policy.inspector.managed_boot;
    BootGround {
        ramdisks,
        bases,
        blobs: Some(blobs),
        passes_isos,
        automated_clean,
        kernel_append,
        managed_boot,
        manage_agent_boot: config.policy.agent.manage_boot,
        firmware: None,
    }
}
