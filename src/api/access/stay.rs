//! How long somebody may stay: a stream or a console outlives the request that opened it, and its owner's token may end, be
//! revoked, or the user be taken out of the file meanwhile. It is looked at again every few seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::access::users::UserFile;
use crate::api::lanes::Lanes;
use crate::base::secret::Secret;
use crate::base::time::{SharedClock, sleep};

/// By what somebody was let in.
pub(super) enum Pass {
    Token(Secret),
    User { name: String, hash: Secret },
}

/// What passes are compared with.
pub(super) struct Doorman {
    pub(super) lanes: Arc<dyn Lanes>,
    pub(super) users: Option<Arc<UserFile>>,
    pub(super) clock: SharedClock,
}

impl Doorman {
    /// Ends `stay` once the pass is no longer good; returns when it is over, whoever ended it.
    pub(super) async fn watch(self, pass: Pass, stay: CancellationToken) {
        loop {
            tokio::select! {
                () = stay.cancelled() => return,
                () = sleep(&*self.clock, LOOK) => {}
            }
            if !self.is_good(&pass).await {
                stay.cancel();
            }
        }
    }

    async fn is_good(&self, pass: &Pass) -> bool {
        match pass {
            Pass::Token(secret) => self.lanes.bearer(secret).is_some(),
            Pass::User { name, hash } => {
                let Some(file) = self.users.clone() else { return false };
                let now = self.clock.tick();
                let users = match file.fresh(now) {
                    Some(users) => users,
                    None => tokio::task::spawn_blocking(move || file.look(now)).await.unwrap_or_default(),
                };
                // A file that cannot be read says nothing against anybody who is in already.
                users.unusable || users.hash(name) == Some(hash.reveal())
            }
        }
    }
}

/// How often a pass is looked at.
const LOOK: Duration = Duration::from_secs(3);
