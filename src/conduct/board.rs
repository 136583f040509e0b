//! The networks that are served, for who looks at them.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::base::mac::Mac;
use crate::model::boot::network::{CacheShown, Cached, LeaseShown, NetworkStatus, Watched};

/// Where the servers of networks show themselves.
#[derive(Debug, Default)]
pub struct Board {
    networks: RwLock<Vec<Arc<dyn Watched>>>,
    cache: OnceLock<Arc<dyn Cached>>,
}

impl Board {
    /// Shows one more network for as long as the daemon runs.
    pub fn show(&self, network: Arc<dyn Watched>) {
        self.networks.write().unwrap_or_else(PoisonError::into_inner).push(network);
    }

    /// Shows the cache of images.
    pub fn show_cache(&self, cache: Arc<dyn Cached>) {
        // There is one, and it is opened once.
        self.cache.set(cache).ok();
    }

    pub fn cache(&self) -> Option<CacheShown> {
        self.cache.get().map(|cache| cache.shown())
    }

    pub fn status(&self) -> Vec<NetworkStatus> {
        self.networks().iter().map(|network| network.status()).collect()
    }

    pub fn leases(&self) -> Vec<LeaseShown> {
        self.networks().iter().flat_map(|network| network.leases()).collect()
    }

    /// Whose this address is: the one who leased it from this host, or who was heard to get it from another server.
    pub fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        let address = address.to_canonical();
        self.networks().iter().find_map(|network| network.mac_of(address))
    }

    /// To whom this host has leased this address.
    pub fn lessee(&self, address: IpAddr) -> Option<Mac> {
        let address = address.to_canonical();
        self.networks().iter().find_map(|network| network.lessee(address))
    }

    /// Whether a machine with this address leased it from this host, unless it took it by itself.
    pub fn leases_all(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks().iter().any(|network| network.leases_all(address))
    }

    fn networks(&self) -> Vec<Arc<dyn Watched>> {
        self.networks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
