use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::Later;
use crate::conduct::tests::cut::Point;
use crate::conduct::tests::rig::Rig;
use crate::conduct::webhook::letter::Letter;
use crate::conduct::webhook::{Caller, Reply, Webhooks};
use crate::model::node::{Node, Wished};
use crate::model::notice::kinds::Kinds;
use crate::model::webhook::{Hook, HookShown, State};
use crate::store::error::StoreError;

/// A receiver that answers what it is told to, and 200 after that.
#[derive(Debug, Default)]
struct Receiver {
    replies: Mutex<Vec<Reply>>,
    got: Mutex<Vec<Letter>>,
}

impl Caller for Receiver {
    fn call<'a>(&'a self, _: &'a Hook, letter: Letter) -> Later<'a, Reply> {
        self.got.lock().unwrap().push(letter);
        let mut replies = self.replies.lock().unwrap();
        let reply = if replies.is_empty() { Reply::Status(200) } else { replies.remove(0) };
        Box::pin(std::future::ready(reply))
    }

    fn place(&self, _: &Hook) -> String {
        "http://x".to_owned()
    }
}

impl Receiver {
    fn types(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let read = |letter: &Letter| serde_json::from_slice::<Value>(&letter.body).unwrap();
        got.iter().map(|letter| read(letter)["event_type"].as_str().unwrap().to_owned()).collect()
    }
}

fn hook(kinds: &[&str]) -> Hook {
    Hook {
        name: "h1".to_owned(),
        url: Secret::new("http://x"),
        kinds: Kinds::parse(kinds.iter().copied()).unwrap(),
        secret: Some(Secret::new("key")),
        authorities: None,
    }
}

struct Stage {
    rig: Rig,
    receiver: Arc<Receiver>,
    hooks: Webhooks,
}

impl Stage {
    async fn new(replies: Vec<Reply>, kinds: &[&str]) -> Self {
        let mut rig = Rig::new();
        rig.start(Point::Never);
        let receiver = Arc::new(Receiver { replies: Mutex::new(replies), got: Mutex::default() });
        let mut stage = Self { rig, receiver, hooks: Webhooks::default() };
        stage.open(kinds).await;
        stage
    }

    async fn open(&mut self, kinds: &[&str]) {
        self.hooks = Webhooks::default();
        let caller: Arc<dyn Caller> = self.receiver.clone();
        self.hooks.open(self.rig.site(), vec![hook(kinds)], &caller);
        self.rig.clock.settle().await;
    }

    /// Makes a node and removes it: two events of each.
    async fn change(&self) {
        let id = NodeId(Uuid::from_u128(99));
        let node = Node::new(id, Wished::default(), Moment(0));
        let writer = &self.rig.site().writer;
        let made: Result<(), StoreError> =
            writer.write("make", move |txn| txn.nodes().put(&node).map(drop)).await;
        made.unwrap();
        let gone: Result<(), StoreError> = writer.write("remove", move |txn| txn.nodes().remove(id)).await;
        gone.unwrap();
        self.rig.clock.settle().await;
    }

    fn shown(&self) -> HookShown {
        self.hooks.shown(self.rig.site().reader.last_event()).pop().unwrap()
    }
}

#[tokio::test]
async fn what_changes_is_told_in_order_and_signed() {
    let stage = Stage::new(Vec::new(), &[]).await;
    stage.change().await;
    let types = ["create.start", "create.end", "delete.start", "delete.end"];
    assert_eq!(stage.receiver.types(), types.map(|part| format!("baremetal.node.{part}")));
    let got = stage.receiver.got.lock().unwrap().clone();
    assert!(got.iter().all(|letter| letter.signature.as_ref().unwrap().starts_with("v1,")));
    assert_ne!(got[0].id, got[1].id);
    let shown = stage.shown();
    assert_eq!((shown.state, shown.delivered, shown.behind, shown.failed), (State::Well, 4, 0, 0));
}

#[tokio::test]
async fn a_refused_event_is_told_again_before_the_next_one() {
    let replies = vec![Reply::Status(500), Reply::Failed("refused".to_owned())];
    let stage = Stage::new(replies, &[]).await;
    stage.change().await;
    assert_eq!(stage.receiver.types().len(), 1);
    let shown = stage.shown();
    assert_eq!((shown.state, shown.behind), (State::Failing, 4));
    assert_eq!(shown.last_error.as_deref(), Some("it answered 500"));
    stage.rig.clock.pass(Duration::from_secs(10)).await;
    let types = stage.receiver.types();
    assert_eq!(types[..3], ["baremetal.node.create.start"; 3].map(str::to_owned));
    assert_eq!(types[3..].len(), 3);
    let got = stage.receiver.got.lock().unwrap().clone();
    assert_eq!(got[0].id, got[2].id);
    assert_eq!((stage.shown().state, stage.shown().failed), (State::Well, 2));
}

#[tokio::test]
async fn one_that_is_gone_is_told_nothing_more() {
    let stage = Stage::new(vec![Reply::Status(410)], &[]).await;
    stage.change().await;
    stage.rig.clock.pass(Duration::from_hours(2)).await;
    assert_eq!(stage.receiver.types().len(), 1);
    assert_eq!(stage.shown().state, State::Disabled);
}

#[tokio::test]
async fn kinds_that_it_does_not_want_are_passed_over() {
    let stage = Stage::new(Vec::new(), &["node.delete"]).await;
    stage.change().await;
    let types = ["start", "end"].map(|part| format!("baremetal.node.delete.{part}"));
    assert_eq!(stage.receiver.types(), types);
    assert_eq!(stage.shown().behind, 0);
}

#[tokio::test]
async fn a_restart_goes_on_after_the_last_that_was_taken() {
    let mut stage = Stage::new(Vec::new(), &[]).await;
    stage.change().await;
    stage.rig.stop().await;
    stage.rig.start(Point::Never);
    stage.change().await;
    stage.open(&[]).await;
    let types = stage.receiver.types();
    assert_eq!(types.len(), 8, "nothing twice, nothing left out: {types:?}");
}
