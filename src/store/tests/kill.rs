//! SIGKILL at any moment: every acknowledged write is there afterwards.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::base::time::RealClock;

const ROUNDS: usize = 12;
const CHILD: &str = "FERRIC_STORE_KILL_CHILD";

#[test]
fn acknowledged_writes_survive_sigkill() {
    if let Some(dir) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&dir));
    }
    let rig = Rig::new();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        acknowledged.extend(acknowledged_before_kill(rig.dir.path(), 5 + round * 7));
        let store = rig.open();
        let published = store.reader().published();
        for (id, writes) in &acknowledged {
            let node = published.node(*id).unwrap_or_else(|| panic!("round {round}: {id} is gone"));
            assert!(node.changes >= *writes, "round {round}: {id} has {} of {writes}", node.changes);
            let tally = store.reader().journal(*id, 0, 10_000).unwrap().len();
            assert_eq!(
                u64::try_from(tally).unwrap(),
                node.changes,
                "round {round}: record and journal differ"
            );
        }
        assert!(store.dump().is_ok());
    }
    assert!(acknowledged.len() > ROUNDS);
}

/// Starts a child that writes, reads `count` acknowledgements, kills it, and reads what it still said.
fn acknowledged_before_kill(dir: &Path, count: usize) -> Vec<(NodeId, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::kill::acknowledged_writes_survive_sigkill", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut seen: Vec<_> = lines.by_ref().filter_map(|line| acknowledgement(&line)).take(count).collect();
    assert_eq!(seen.len(), count, "the child ended early");
    child.kill().unwrap();
    child.wait().unwrap();
    seen.extend(lines.filter_map(|line| acknowledgement(&line)));
    seen
}

fn acknowledgement(line: &str) -> Option<(NodeId, u64)> {
    let (id, writes) = line.strip_prefix("ack ")?.strip_suffix('.')?.split_once(' ')?;
    Some((id.parse().ok()?, writes.parse().ok()?))
}

/// The child: eight writers make nodes and change them, a line for each answer.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn write_until_killed(dir: &Path) {
    let store = Store::open(Options { reserve: 0, ..Options::new(dir, Arc::new(RealClock::new())) }).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let writer = store.writer();
        tasks.spawn(async move {
            loop {
                let id = NodeId(Uuid::new_v4());
                for _ in 0..5 {
                    let counter = writer.write("change", move |txn| change(txn, id)).await.unwrap();
                    let line = format!("ack {id} {counter}.\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            }
        });
    }
    tasks.join_next().await;
}

fn change(txn: &mut Txn<'_>, id: NodeId) -> Result<u64, StoreError> {
    use crate::model::journal::Event;
    use crate::model::journal::Scene;

    let found = txn.nodes().get(id);
    let mut node = found.map_or_else(|| Node::new(id, Wished::default(), txn.at()), Arc::unwrap_or_clone);
    node.changes += 1;
    let counter = node.changes;
    txn.nodes().put(&node)?;
    let scene = Scene { at: txn.at(), state: "enroll".to_owned(), target: None, step: None, seconds: None };
    txn.journal().append(id, Event::info("test", "changed"), scene)?;
    Ok(counter)
}
