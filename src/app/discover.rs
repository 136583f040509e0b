//! Unknown machines that were turned away are told once a minute, not with each of them.

use std::sync::Arc;
use std::time::Duration;

use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;

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
