//! What the daemon needs to do its work: a store that takes writes, room on the disk, users who can log in, doors that are
//! open where they should be. Lanes are open before a door is served, so that what was under way goes on by then.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::access::users::UserFile;
use crate::api::health::{Reason, Vitals};
use crate::app::certificates::Certificates;
use crate::base::chain::chain;
use crate::base::time::{Later, SharedClock, sleep};
use crate::net::link::own_addresses;
use crate::store::error::StoreError;
use crate::store::writer::Writer;

/// What is looked at.
#[derive(Debug)]
pub struct Body {
    writer: Writer,
    clock: SharedClock,
    doors: Vec<Door>,
    closing: CancellationToken,
    /// Who may log in with a password.
    users: Option<Arc<UserFile>>,
    certificates: Option<Arc<Certificates>>,
}

/// One door: its name, where it is, and whether it is served no more.
#[derive(Debug, Clone)]
pub struct Door {
    pub name: &'static str,
    pub address: SocketAddr,
    pub gone: Arc<AtomicBool>,
}

impl Body {
    /// `closing` ends when no request is taken any more.
    pub fn new(writer: Writer, clock: SharedClock, doors: Vec<Door>, closing: CancellationToken) -> Self {
        Self { writer, clock, doors, closing, users: None, certificates: None }
    }

    /// The same with the file of those who may log in with a password.
    #[must_use]
    pub fn with_users(self, users: Option<Arc<UserFile>>) -> Self {
        Self { users, ..self }
    }

    /// The same with what its doors show.
    #[must_use]
    pub fn with_certificates(self, certificates: Arc<Certificates>) -> Self {
        Self { certificates: Some(certificates), ..self }
    }

    /// Writes nothing, but goes the way of every change: to the commit thread, which looks at the disk.
    async fn of_store(&self) -> Option<Reason> {
        let said = tokio::select! {
            said = self.writer.write("readiness", |_| Ok::<(), StoreError>(())) => said,
            () = sleep(&*self.clock, PATIENCE) => {
                let why = format!("the store has taken no change for {} s: see the log", PATIENCE.as_secs());
                return Some(Reason { check: "store", why });
            }
        };
        match said {
            Ok(()) => self.writer.refusal().map(|error| Reason { check: "disk", why: chain(&error) }),
            Err(error) => Some(Reason { check: "store", why: chain(&error) }),
        }
    }

    async fn of_users(&self) -> Option<Reason> {
        let users = self.users.clone()?;
        let why = tokio::task::spawn_blocking(move || users.trouble()).await.ok()??;
        Some(Reason { check: "users", why: format!("nobody can log in with a password: {why}") })
    }

    fn of_certificates(&self) -> impl Iterator<Item = Reason> {
        let ended = self.certificates.iter().flat_map(|all| all.ended());
        ended.map(|(door, ended)| {
            let why = format!(
                "the certificate of the {door} door ended at {}: put a new one in its place",
                ended.iso()
            );
            Reason { check: "certificates", why }
        })
    }

    fn of_doors(&self) -> Vec<Reason> {
        let here = own_addresses();
        let is_here = |ip: IpAddr| ip.is_unspecified() || ip.is_loopback() || here.contains(&ip);
        let wrong = |door: &Door| {
            let Door { name, address, gone } = door;
            if gone.load(Ordering::Relaxed) {
                return Some(format!("the {name} door at {address} is served no more: restart the daemon"));
            }
            let waits = format!(
                "the {name} door waits for its address: this host does not have {} yet",
                address.ip()
            );
            (!is_here(address.ip())).then_some(waits)
        };
        self.doors.iter().filter_map(|door| Some(Reason { check: "doors", why: wrong(door)? })).collect()
    }
}

impl Vitals for Body {
    fn reasons(&self) -> Later<'_, Vec<Reason>> {
        Box::pin(async {
            let mut reasons = self.of_doors();
            reasons.extend(self.of_certificates());
            reasons.extend(self.of_store().await);
            reasons.extend(self.of_users().await);
            if self.closing.is_cancelled() {
                reasons.push(Reason { check: "running", why: "the daemon is stopping".to_owned() });
            }
            reasons
        })
    }
}

/// A commit takes milliseconds; who probes gives up after a few seconds.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::base::time::PausedClock;
    use crate::store::Store;
    use crate::store::options::{Options, Probe};

    /// A disk with so much room.
    #[derive(Debug)]
    struct Disk(AtomicU64);

    impl Probe for Disk {
        fn before_commit(&self, _: &[&'static str]) -> bool {
            true
        }

        fn after_commit(&self, _: &[&'static str]) -> bool {
            true
        }

        fn free_bytes(&self) -> Option<u64> {
            Some(self.0.load(Ordering::Relaxed))
        }
    }

    struct Rig {
        home: tempfile::TempDir,
        disk: Arc<Disk>,
        store: Store,
        clock: SharedClock,
    }

    impl Rig {
        fn new() -> Self {
            let (home, clock) = (tempfile::tempdir().unwrap(), Arc::new(PausedClock::new()) as SharedClock);
            let disk = Arc::new(Disk(AtomicU64::new(1 << 40)));
            let options = Options { reserve: 4 << 20, ..Options::new(home.path().join("d"), clock.clone()) };
            let store = Store::open(Options { probe: Some(disk.clone()), ..options }).unwrap();
            Self { home, disk, store, clock }
        }

        fn body(&self, doors: Vec<Door>) -> Body {
            Body::new(self.store.writer(), self.clock.clone(), doors, CancellationToken::new())
        }
    }

    fn door(address: &str) -> Door {
        Door { name: "rack's", address: address.parse().unwrap(), gone: Arc::default() }
    }

    #[tokio::test]
    async fn a_full_disk_is_a_reason_and_room_ends_it() {
        let rig = Rig::new();
        let body = rig.body(Vec::new());
        assert_eq!(body.reasons().await, []);
        rig.disk.0.store(0, Ordering::Relaxed);
        let reasons = body.reasons().await;
        let [Reason { check: "disk", why }] = reasons.as_slice() else { panic!("{reasons:?}") };
        assert!(why.contains("no space left"), "{why}");
        rig.disk.0.store(1 << 40, Ordering::Relaxed);
        assert_eq!(body.reasons().await, []);
    }

    #[tokio::test]
    async fn a_store_that_takes_nothing_is_a_reason() {
        let rig = Rig::new();
        let body = rig.body(Vec::new());
        let Rig { store, .. } = rig;
        store.close().await;
        let reasons = body.reasons().await;
        assert_eq!(reasons.first().map(|reason| reason.check), Some("store"), "{reasons:?}");
    }

    #[tokio::test]
    async fn users_who_cannot_log_in_are_a_reason() {
        let rig = Rig::new();
        let path = rig.home.path().join("htpasswd");
        std::fs::write(&path, "").unwrap();
        let users = Some(Arc::new(UserFile::open(path.clone()).unwrap()));
        let body = rig.body(Vec::new()).with_users(users);
        assert_eq!(body.reasons().await, []);
        std::fs::remove_file(path).unwrap();
        let reasons = body.reasons().await;
        assert!(reasons[0].check == "users" && reasons[0].why.contains("htpasswd"), "{reasons:?}");
    }

    #[tokio::test]
    async fn a_door_without_its_address_or_without_its_server_is_a_reason() {
        let rig = Rig::new();
        let good = [door("127.0.0.1:1"), door("[::]:1"), door("0.0.0.0:1")];
        assert_eq!(rig.body(good.to_vec()).reasons().await, []);
        let reasons = rig.body(vec![door("192.0.2.77:8080")]).reasons().await;
        assert!(reasons[0].why.contains("does not have 192.0.2.77 yet"), "{reasons:?}");
        good[0].gone.store(true, Ordering::Relaxed);
        let body = rig.body(good.to_vec());
        assert!(body.reasons().await[0].why.contains("served no more"));
        body.closing.cancel();
        assert_eq!(body.reasons().await.last().unwrap().check, "running");
    }
}
