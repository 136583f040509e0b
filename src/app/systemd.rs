//! What systemd hands in, and what it is told.

use std::path::Path;
use std::sync::Arc;

use crate::base::secret::Secret;
use crate::base::time::sleep;
use crate::conduct::site::Site;
use crate::store::error::StoreError;

/// The key of sealed values, if systemd hands one in (`LoadCredential=ferric.key`).
pub(super) fn key() -> Option<Secret> {
    credential("ferric.key")
}

/// What systemd hands in under this name.
pub(super) fn credential(name: &str) -> Option<Secret> {
    let path = Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
    std::fs::read_to_string(path).ok().map(|text| Secret::new(text.trim()))
}

/// Feeds systemd's watchdog at half its period, and only if a transaction gets through the commit thread.
pub(super) async fn watch(site: Arc<Site>) {
    let Some(period) = sd_notify::watchdog_enabled() else { return };
    loop {
        sleep(&*site.clock, period / 2).await;
        let alive = site.writer.outcome("watchdog", |_| Ok::<(), StoreError>(())).await;
        if alive.is_ok() {
            tell(&[sd_notify::NotifyState::Watchdog]);
        }
    }
}

pub(super) fn tell(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}
