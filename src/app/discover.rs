//! Machines that nobody has enrolled: which networks BMCs are in, and those that were turned away, told once a minute.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::config::Config;
use crate::model::boot::plan::{Network, Role};
use crate::net::link::Interface;

/// The networks of role `bmc` count as networks of BMCs: their account is tried there, and no agent calls from there.
pub(super) fn with_bmc_networks(mut config: Config) -> Config {
    let networks = config.plan.networks.iter().filter(|network| network.role == Role::Bmc);
    let all: Vec<IpNet> = networks.flat_map(nets).collect();
    config.policy.discovery.bmc_networks.extend(&all);
    config.policy.agent.bmc_networks.extend(&all);
    let discovery = &config.policy.discovery;
    if discovery.bmc.is_some() && discovery.bmc_networks.is_empty() {
        tracing::warn!(
            "no network of BMCs is known: the account of [discovery.bmc] is shown to no BMC. Give [agent] bmc_networks, \
             or the [[network]] with role = \"bmc\" its address"
        );
    }
    config
}

/// As the site says, or as the interface is addressed.
fn nets(network: &Network) -> Vec<IpNet> {
    let given = network.address.map(|net| vec![net]);
    let found = || Interface::find(&network.interface).map(|found| found.addresses).unwrap_or_default();
    given.unwrap_or_else(found).iter().map(|net| IpNet::V4(net.trunc())).collect()
}

/// Looks now and then whether there is something to tell.
pub async fn report(site: Arc<Site>, desk: Arc<Desk>) {
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, PAUSE) => {}
        }
        desk.report_turned_away();
    }
}

/// The count itself is for a minute; this is how late it is told at most.
const PAUSE: Duration = Duration::from_secs(15);
