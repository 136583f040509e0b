//! Tests of the store as its users see it: through `Store`, `Writer` and `Reader`.

mod batch;
mod free;
mod kill;
mod opening;
mod records;
mod room;
mod rows;
mod sheets;
mod things;
mod shown;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::time::PausedClock;
use crate::model::Object;
use crate::model::journal::History;
use crate::model::node::{Node, Wished};
use crate::model::port::{Port, PortWished};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::options::{Mode, Options, Probe};
use crate::store::txn::Txn;

/// A data directory and a clock that outlive the stores opened on them.
struct Rig {
    dir: TempDir,
    clock: Arc<PausedClock>,
}

impl Rig {
    fn new() -> Self {
        let private = Permissions::from_mode(0o700);
        let dir = tempfile::Builder::new().permissions(private).tempdir().unwrap();
        Self { dir, clock: Arc::new(PausedClock::new()) }
    }

    fn options(&self, mode: Mode) -> Options {
        let clock = self.clock.clone();
        Options { mode, reserve: 0, ..Options::new(self.dir.path(), clock) }
    }

    fn open(&self) -> Store {
        Store::open(self.options(Mode::Inline)).unwrap()
    }

    fn open_with(&self, history: History) -> Store {
        Store::open(Options { history, ..self.options(Mode::Inline) }).unwrap()
    }

    fn threaded(&self) -> Store {
        Store::open(self.options(Mode::Threaded)).unwrap()
    }

    fn probed(&self, mode: Mode, probe: &Arc<Counter>) -> Store {
        let probe: Arc<dyn Probe> = probe.clone();
        Store::open(Options { probe: Some(probe), ..self.options(mode) }).unwrap()
    }

    fn data_file(&self) -> std::path::PathBuf {
        self.dir.path().join("store/data.mdb")
    }
}

/// Counts commits, cuts the power when told to, and plays a full disk.
#[derive(Default)]
struct Counter {
    commits: AtomicUsize,
    labels: Mutex<Vec<Vec<&'static str>>>,
    /// Cut before the nth commit (from 1); 0 never.
    cut_before: AtomicUsize,
    cut_after: AtomicUsize,
    free: Mutex<Option<u64>>,
}

impl Counter {
    fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

impl Probe for Counter {
    fn before_commit(&self, labels: &[&'static str]) -> bool {
        self.labels.lock().unwrap().push(labels.to_vec());
        self.commits() + 1 != self.cut_before.load(Ordering::SeqCst)
    }

    fn after_commit(&self, _labels: &[&'static str]) -> bool {
        let count = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        count != self.cut_after.load(Ordering::SeqCst)
    }

    fn free_bytes(&self) -> Option<u64> {
        *self.free.lock().unwrap()
    }
}

fn node_id(number: u128) -> NodeId {
    NodeId(Uuid::from_u128(number))
}

fn port_id(number: u128) -> PortId {
    PortId(Uuid::from_u128(number))
}

fn node(number: u128) -> Node {
    let wished = Wished { name: Some(format!("node-{number}")), ..Wished::default() };
    Node::new(node_id(number), wished, Moment(1))
}

fn port(number: u128, of: NodeId) -> Port {
    let [.., tail] = number.to_be_bytes();
    Port {
        id: port_id(number),
        order: 0,
        created_at: Moment(2),
        updated_at: None,
        node: of,
        address: Mac([2, 0, 0, 0, 0, tail]),
        wished: PortWished::default(),
        internal_info: Object::new(),
    }
}

/// Writes `work` and gives back what it gave.
async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Txn<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    store.writer().write("test", work).await
}

async fn put(store: &Store, node: Node) -> Result<Arc<Node>, StoreError> {
    write(store, move |txn| txn.nodes().put(&node)).await
}
