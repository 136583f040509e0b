//! Batches: one flush for many, one failing harms no other, nothing kept is nothing written.

use super::*;
use crate::model::decision::refusal::Refusal;
use crate::store::error::Duplicate;

/// Holds the commit thread inside a job until told to go on, so that others gather behind it.
struct Plug {
    go: std::sync::mpsc::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Plug {
    async fn put(store: &Store) -> Self {
        let (go, wait) = std::sync::mpsc::channel();
        let (inside, entered) = tokio::sync::oneshot::channel();
        let writer = store.writer();
        let task = tokio::spawn(async move {
            let work = move |txn: &mut Txn<'_>| {
                inside.send(()).unwrap();
                wait.recv().unwrap();
                txn.rack().put("plug", &1)
            };
            writer.write("plug", work).await
        });
        entered.await.unwrap();
        Self { go, task }
    }

    /// Lets go when `count` jobs wait.
    async fn pull(self, store: &Store, count: usize) {
        while store.queued() < count {
            tokio::task::yield_now().await;
        }
        self.go.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_share_a_flush() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    let store = rig.probed(Mode::Threaded, &probe);
    let plug = Plug::put(&store).await;
    let mut tasks = Vec::new();
    for number in 1..=48 {
        let writer = store.writer();
        tasks.push(tokio::spawn(async move {
            writer.write("make", move |txn| txn.nodes().put(&node(number)).map(|node| node.order)).await
        }));
    }
    plug.pull(&store, 48).await;
    let mut orders = Vec::new();
    for task in tasks {
        orders.push(task.await.unwrap().unwrap());
    }
    orders.sort_unstable();
    assert_eq!(orders, (1..=48).collect::<Vec<_>>());
    assert_eq!(*probe.labels.lock().unwrap(), [vec!["plug"], vec!["make"; 48]]);
    assert_eq!(store.reader().published().node_count(), 48);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_and_a_panicking_job_harm_no_other() {
    let rig = Rig::new();
    let store = rig.threaded();
    let plug = Plug::put(&store).await;
    let (first, second, third, fourth) = (store.writer(), store.writer(), store.writer(), store.writer());
    let jobs = tokio::spawn(async move {
        tokio::join!(
            first.write("good", |txn| txn.nodes().put(&node(1)).map(|_| ())),
            second.write("failing", |txn| {
                txn.nodes().put(&node(2))?;
                Err::<(), _>(Refusal::Conflict("no".to_owned()))
            }),
            third.write("panicking", |txn| {
                txn.nodes().put(&node(3))?;
                assert!(!txn.is_dirty(), "a bug");
                Ok::<(), StoreError>(())
            }),
            fourth.write("also good", |txn| txn.nodes().put(&node(4)).map(|node| node.order)),
        )
    });
    plug.pull(&store, 4).await;
    let (good, failing, panicking, also_good) = jobs.await.unwrap();
    good.unwrap();
    assert_eq!(failing, Err(Refusal::Conflict("no".to_owned())));
    assert!(matches!(panicking, Err(StoreError::Panicked { label: "panicking" })));
    assert_eq!(also_good.unwrap(), 2, "orders of dropped jobs are free again");
    let ids: Vec<_> = store.reader().published().nodes().map(|node| node.id).collect();
    assert_eq!(ids, [node_id(1), node_id(4)]);
    store.close().await;
}

#[tokio::test]
async fn a_job_alone_that_panics_leaves_no_trace() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    let store = rig.probed(Mode::Inline, &probe);
    let error = write(&store, |txn| {
        txn.nodes().put(&node(1))?;
        assert!(!txn.is_dirty(), "a bug");
        Ok(())
    })
    .await
    .unwrap_err();
    assert!(matches!(error, StoreError::Panicked { label: "test" }));
    assert_eq!(probe.commits(), 0);
    assert_eq!(put(&store, node(2)).await.unwrap().order, 1, "the dropped job's order is free again");
    assert_eq!(store.reader().published().node_count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_sees_what_earlier_ones_of_its_flush_changed() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    let store = rig.probed(Mode::Threaded, &probe);
    put(&store, node(1)).await.unwrap();
    let plug = Plug::put(&store).await;
    let rise = |keep: bool| {
        let writer = store.writer();
        async move {
            let rising = move |txn: &mut Txn<'_>| {
                let mut node = txn.nodes().get(node_id(1)).map(Arc::unwrap_or_clone).unwrap();
                node.changes += 1;
                let changes = txn.nodes().put(&node)?.changes;
                assert_eq!(txn.nodes().get(node_id(1)).unwrap().changes, changes, "its own, too");
                if keep { Ok(changes) } else { Err(StoreError::Closed) }
            };
            writer.write("rise", rising).await
        }
    };
    let (first, dropped, second) = (rise(true), rise(false), rise(true));
    let writer = store.writer();
    let gone = async move {
        let remove = |txn: &mut Txn<'_>| {
            txn.nodes().remove(node_id(1))?;
            Ok::<_, StoreError>(txn.nodes().get(node_id(1)))
        };
        writer.write("remove", remove).await
    };
    let jobs = tokio::spawn(async move { tokio::join!(first, dropped, second, gone) });
    plug.pull(&store, 4).await;
    let (first, dropped, second, gone) = jobs.await.unwrap();
    assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
    assert!(matches!(dropped, Err(StoreError::Closed)));
    assert_eq!(gone.unwrap(), None);
    assert_eq!(probe.labels.lock().unwrap().last().unwrap(), &["rise", "rise", "remove"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_want_a_name_one_gets_it() {
    let rig = Rig::new();
    let store = rig.threaded();
    let make = |number| {
        let writer = store.writer();
        let mut wanted = node(number);
        wanted.wished.name = Some("wanted".to_owned());
        tokio::spawn(async move { writer.write("make", move |txn| txn.nodes().put(&wanted)).await })
    };
    let (first, second) = (make(1), make(2));
    let results = [first.await.unwrap(), second.await.unwrap()];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let refused = results.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(refused, StoreError::Duplicate(Duplicate::NodeName(_))));
}

#[tokio::test]
async fn a_job_that_keeps_nothing_makes_no_commit() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    let store = rig.probed(Mode::Inline, &probe);
    let stored = put(&store, node(1)).await.unwrap();
    assert_eq!(probe.commits(), 1);
    let bytes = std::fs::read(rig.data_file()).unwrap();
    put(&store, Node::clone(&stored)).await.unwrap();
    write(&store, |txn| Ok(txn.nodes().get(node_id(1)))).await.unwrap();
    write(&store, |txn| txn.owed().settle(node_id(1), 5)).await.unwrap();
    write(&store, |txn| {
        txn.nodes().put(&node(2))?;
        Err::<(), _>(StoreError::Closed)
    })
    .await
    .unwrap_err();
    assert_eq!(probe.commits(), 1);
    assert!(bytes == std::fs::read(rig.data_file()).unwrap(), "the file was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_published() {
    let rig = Rig::new();
    let store = rig.threaded();
    for number in 1..50 {
        put(&store, node(number)).await.unwrap();
        assert!(store.reader().published().node(node_id(number)).is_some());
    }
}

#[tokio::test]
async fn after_a_cut_before_the_flush_nothing_is_there() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    probe.cut_before.store(2, Ordering::SeqCst);
    let store = rig.probed(Mode::Inline, &probe);
    put(&store, node(1)).await.unwrap();
    assert!(matches!(put(&store, node(2)).await, Err(StoreError::Cut)));
    assert!(matches!(put(&store, node(3)).await, Err(StoreError::Cut)));
    store.close().await;
    let nodes: Vec<_> = rig.open().reader().published().nodes().map(|node| node.id).collect();
    assert_eq!(nodes, [node_id(1)]);
}

#[tokio::test]
async fn after_a_cut_behind_the_flush_it_is_kept_but_not_answered() {
    let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
    probe.cut_after.store(1, Ordering::SeqCst);
    let store = rig.probed(Mode::Inline, &probe);
    assert!(matches!(put(&store, node(1)).await, Err(StoreError::Cut)));
    assert_eq!(store.reader().published().node_count(), 0);
    store.close().await;
    assert_eq!(rig.open().reader().published().node_count(), 1);
}

#[tokio::test]
async fn a_closed_store_refuses_writes() {
    for mode in [Mode::Inline, Mode::Threaded] {
        let rig = Rig::new();
        let store = Store::open(rig.options(mode)).unwrap();
        let writer = store.writer();
        store.close().await;
        let error = writer.write("late", |txn| txn.nodes().put(&node(1))).await.unwrap_err();
        assert!(matches!(error, StoreError::Closed), "{error}");
    }
}
