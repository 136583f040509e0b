//! What goes by the clock, and what cleans up beside the work.

use std::sync::Arc;
use std::time::Duration;

use crate::app::discover;
use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::conduct::tick;
use crate::driver::redfish::talk::left::TOGETHER;
use crate::driver::registry::Registry;
use crate::model::node::Node;
use crate::store::Store;
use crate::store::published::Published;

/// Starts what goes by the clock, and what cleans up beside the work.
pub(super) fn keep(site: &Arc<Site>, store: &Arc<Store>, desk: &Arc<Desk>, registry: &Arc<Registry>) {
    site.tasks.spawn(tick::waits(site.clone(), desk.clone()));
    site.tasks.spawn(tick::power_sync(site.clone(), desk.clone()));
    site.tasks.spawn(tidy(site.clone(), store.clone(), desk.clone()));
    site.tasks.spawn(close_left_sessions(site.clone(), registry.clone()));
    site.tasks.spawn(tidy_bmcs(site.clone(), registry.clone()));
    site.tasks.spawn(discover::report(site.clone(), desk.clone()));
}

/// Housekeeping of the store and of the config drives, off the async threads.
async fn tidy(site: Arc<Site>, store: Arc<Store>, desk: Arc<Desk>) {
    loop {
        let one = store.clone();
        let done = tokio::task::spawn_blocking(move || one.tidy()).await;
        if let Ok(Err(error)) = done {
            tracing::warn!(error = error.chain(), "the store could not be tidied");
        }
        desk.sweep_config_drives().await;
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, TIDY) => {}
        }
    }
}

/// Sessions of BMCs that nobody asks end.
async fn tidy_bmcs(site: Arc<Site>, registry: Arc<Registry>) {
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, TIDY) => {}
        }
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = registry.tidy() => {}
        }
    }
}

/// Sessions end whose nodes are gone or have another account now.
async fn close_left_sessions(site: Arc<Site>, registry: Arc<Registry>) {
    let mut changes = site.reader.changes();
    let (clock, stop) = (&*site.clock, site.stop.cancelled());
    let work = async {
        loop {
            let nodes = all(&changes.borrow_and_update());
            registry.close_left(&nodes).await;
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(clock, TIDY) => {}
            }
            sleep(clock, TOGETHER).await;
        }
    };
    tokio::select! {
        () = stop => {}
        () = work => {}
    }
}

pub(super) fn all(published: &Published) -> Vec<Arc<Node>> {
    published.nodes().cloned().collect()
}

/// Dead readers are cleared and the disk's free space is looked at so often.
const TIDY: Duration = Duration::from_mins(1);
