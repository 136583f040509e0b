//! The deploy ramdisks of this host: what nodes boot, and how they come here.

use std::sync::Arc;

use crate::app::AppError;
use crate::base::time::SharedClock;
use crate::config::Config;
use crate::config::section::ramdisks::RamdiskNames;
use crate::depot::ramdisks::intake::Intake;
use crate::depot::ramdisks::{Named, Ramdisks, SitePairs};
use crate::depot::shelf::Shelf;
use crate::net::server::Service;

/// What nodes boot, as the configuration says.
pub fn of(config: &Config, shelf: Arc<Shelf>) -> Ramdisks {
    Ramdisks::new(&config.data, shelf).with(site_pairs(config.ramdisks.clone()))
}

/// Takes in ramdisks in front of the operator's API.
pub fn intake(
    config: &Config,
    clock: &SharedClock,
    api: Arc<dyn Service>,
) -> Result<Arc<dyn Service>, AppError> {
    Ok(Arc::new(Intake::open(&config.data, clock.clone(), api)?))
}

fn site_pairs(names: RamdiskNames) -> SitePairs {
    SitePairs {
        deploy: Named {
            kernel: names.deploy_kernel,
            ramdisk: names.deploy_ramdisk,
            kernel_by_arch: names.deploy_kernel_by_arch,
            ramdisk_by_arch: names.deploy_ramdisk_by_arch,
        },
        rescue: Named {
            kernel: names.rescue_kernel,
            ramdisk: names.rescue_ramdisk,
            kernel_by_arch: names.rescue_kernel_by_arch,
            ramdisk_by_arch: names.rescue_ramdisk_by_arch,
        },
        refuses_lone: names.error_on_ramdisk_config_inconsistency,
    }
}
