//! The deploy ramdisks of this host: what nodes boot, and how they come here.

use std::sync::Arc;
use std::time::Duration;

use crate::app::error::AppError;
use crate::app::images::Depot;
use crate::base::time::{SharedClock, sleep};
use crate::conduct::site::Site;
use crate::config::Config;
use crate::config::section::ramdisks::RamdiskNames;
use crate::depot::kits::{self, Kits};
use crate::depot::ramdisks::installer::Installing;
use crate::depot::ramdisks::intake::Intake;
use crate::depot::ramdisks::{Named, Ramdisks, SitePairs};
use crate::net::server::Service;

/// What nodes boot, as the configuration says.
pub fn of(config: &Config, depot: &Depot) -> Ramdisks {
    let own = Ramdisks::new(&config.data, depot.shelf.clone()).fetching(depot.kits.clone());
    let installing = Installing {
        template: config.anaconda.default_ks_template.clone(),
        insecure_heartbeat: config.anaconda.insecure_heartbeat.unwrap_or(false),
    };
    own.with(site_pairs(config.ramdisks.clone())).installing(installing)
}

/// Removes the kits of boots that are over, for as long as the daemon runs.
pub async fn tidy(kits: Arc<Kits>, site: Arc<Site>) {
    loop {
        let (one, reader) = (kits.clone(), site.reader.clone());
        let swept = tokio::task::spawn_blocking(move || {
            one.sweep(&|node, tag| {
                let published = reader.published();
                let token = published.node(node).and_then(|node| node.boot_token.as_ref());
                token.is_some_and(|token| kits::tag(token) == tag)
            });
        });
        swept.await.ok(); // a sweep that panicked is tried again
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, TIDY) => {}
        }
    }
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

/// Files that nobody boots any more take their room no longer than this.
const TIDY: Duration = Duration::from_mins(1);
