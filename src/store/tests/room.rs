//! A full disk: asks are refused with a remedy, outcomes still fit, and it ends when there is room.

use super::*;
use crate::model::decision::refusal::Refusal;

const RESERVE: u64 = 1 << 20;

fn open(rig: &Rig, probe: &Arc<Counter>) -> Store {
    let probe: Arc<dyn Probe> = probe.clone();
    Store::open(Options { probe: Some(probe), reserve: RESERVE, ..rig.options(Mode::Inline) }).unwrap()
}

#[tokio::test]
async fn asks_are_refused_and_outcomes_are_not() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    let reserve = rig.dir.path().join("reserve");
    let free = |bytes| *probe.free.lock().unwrap() = Some(bytes);
    free(1 << 40);
    let store = open(&rig, &probe);
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), RESERVE);
    put(&store, node(1)).await.unwrap();

    free(1 << 20);
    let error = Refusal::from(put(&store, node(2)).await.unwrap_err());
    assert!(matches!(&error, Refusal::Full { remedy, .. } if remedy.contains("free space")), "{error}");
    for part in [rig.dir.path().to_str().unwrap(), "1.0 MiB free", "33.0 MiB needed"] {
        assert!(error.to_string().contains(part), "{part} in {error}");
    }
    assert!(!reserve.exists(), "the reserve is given up");
    assert_eq!(store.reader().published().node_count(), 1);
    let writer = store.writer();
    let outcome = writer.outcome("outcome", |txn| txn.nodes().put(&node(3)));
    assert_eq!(outcome.await.unwrap().order, 2);
    write(&store, |txn| Ok(txn.nodes().get(node_id(1)))).await.expect("reading needs no space");

    free(1 << 40);
    store.tidy().unwrap();
    put(&store, node(2)).await.unwrap();
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), RESERVE);
}

#[tokio::test]
async fn a_full_disk_still_lets_the_store_open() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    *probe.free.lock().unwrap() = Some(0);
    let store = open(&rig, &probe);
    assert!(matches!(put(&store, node(1)).await, Err(StoreError::Full { .. })));
    let writer = store.writer();
    let outcome = writer.outcome("outcome", |txn| txn.nodes().put(&node(1)));
    outcome.await.unwrap();
}

#[tokio::test]
async fn the_real_disk_is_asked() {
    let rig = Rig::new();
    let store = Store::open(Options { reserve: RESERVE, ..rig.options(Mode::Inline) }).unwrap();
    put(&store, node(1)).await.unwrap();
    assert_eq!(std::fs::metadata(rig.dir.path().join("reserve")).unwrap().len(), RESERVE);
}
