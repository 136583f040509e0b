//! `finalize_rescue`: told once, heard, and what is made of silence.

use super::*;
use crate::base::secret::Secret;
use crate::driver::agent::finalize_rescue::FinalizeRescue;
use crate::driver::agent::tests::peer::agent;
use crate::model::boot::Boots;
use crate::model::rescue::RescuePassword;

const HASH: &str = "$5$salt$hash";

/// The step against one peer, which takes passwords.
struct Ward {
    peer: Peer,
    work: FinalizeRescue,
    call: StepCall,
    _data: tempfile::TempDir,
}

impl Ward {
    async fn new() -> Self {
        Self::with(true).await
    }

    async fn with(requires_hash: bool) -> Self {
        let data = tempfile::tempdir().unwrap();
        let peer = Peer::start().await;
        peer.book().results.push(("finalize_rescue", Value::Null));
        let settings = AgentSettings {
            rescue_requires_hash: requires_hash,
            ..AgentSettings::new("host", "http://10.0.0.1")
        };
        let agents = Arc::into_inner(agents(data.path())).unwrap();
        let work = FinalizeRescue::new(Arc::new(Agents { settings, ..agents }));
        let mut node = node(&peer);
        node.keep_rescue_password(&RescuePassword {
            plain: Secret::new("hunter2"),
            hashed: Secret::new(HASH),
        });
        let mut call = call(node, Kind::Rescue, "finalize_rescue");
        call.step.interface = Interface::Rescue;
        Self { peer, work, call, _data: data }
    }

    fn node(&mut self) -> &mut Node {
        Arc::make_mut(&mut self.call.machine.node)
    }

    /// As the lane does: a look, its memo, the act.
    async fn told(&mut self, again: bool) -> Turn {
        let look = self.work.look(&self.call).await;
        self.call.memo = memo(&look);
        self.work.act(&self.call, again).await
    }

    fn sent(&self) -> Vec<Value> {
        self.peer.book().sent.iter().map(|body| body["params"].clone()).collect()
    }

    /// Nobody listens where the agent was.
    fn is_gone(&mut self) {
        self.node().agent = Some(agent("https://127.0.0.1:1", "PEM"));
    }
}

#[tokio::test]
async fn the_agent_is_told_the_hash_and_nothing_else() {
    let mut ward = Ward::new().await;
    assert_eq!(ward.told(false).await, Turn::done());
    assert_eq!(ward.sent(), [json!({"rescue_password": HASH, "hashed": true})]);
    assert_eq!(ward.peer.names(), ["rescue.finalize_rescue"]);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_read_from_the_list() {
    let mut ward = Ward::new().await;
    ward.peer.next(Next::TakenThenCut);
    assert_eq!(ward.told(false).await, Turn::done());
    assert_eq!(ward.sent().len(), 1);
}

#[tokio::test]
async fn after_a_cut_it_is_told_once() {
    let mut ward = Ward::new().await;
    ward.peer.ran("1", "get_hardware_info");
    let look = ward.work.look(&ward.call).await;
    ward.call.memo = memo(&look);
    assert_eq!(ward.work.act(&ward.call, true).await, Turn::done(), "it was not sent before");
    assert_eq!(ward.work.act(&ward.call, true).await, Turn::done(), "it was");
    assert_eq!(ward.work.look(&ward.call).await, Turn::done());
    assert_eq!(ward.sent().len(), 1);
    ward.peer.book().commands.clear();
    let (kind, why) = failure(ward.work.act(&ward.call, true).await);
    assert_eq!(kind, FailureKind::Lost, "{why}");
}

#[tokio::test]
async fn who_may_have_been_told_and_is_silent_boots_anew_twice_at_the_most() {
    let mut ward = Ward::new().await;
    let look = ward.work.look(&ward.call).await;
    ward.call.memo = memo(&look);
    ward.is_gone();
    for boots in 1..=2 {
        let turn = ward.work.act(&ward.call, true).await;
        let Turn::Reboot { into: Boots::Ramdisk, memo } = turn else { panic!("{turn:?}") };
        assert_eq!(memo, Memo::from_iter([("boots".to_owned(), json!(boots))]));
        ward.call.memo = memo;
    }
    let (kind, why) = failure(ward.work.act(&ward.call, true).await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.contains("silent each time"), "{why}");
}

#[tokio::test]
async fn who_was_never_told_and_is_silent_is_waited_for() {
    let mut ward = Ward::new().await;
    ward.is_gone();
    let (kind, _) = failure(ward.work.look(&ward.call).await);
    assert_eq!(kind, FailureKind::Silent);
    ward.call.memo = Memo::from_iter([("after".to_owned(), Value::Null)]);
    let (kind, _) = failure(ward.work.act(&ward.call, false).await);
    assert_eq!(kind, FailureKind::Silent, "the first request was refused: nothing was sent");
}

#[tokio::test]
async fn a_failure_is_told_without_the_password() {
    let mut ward = Ward::new().await;
    let error = json!({"type": "CommandExecutionError", "code": 500, "message": "no",
        "details": format!("hunter2 and {HASH} do not fit")});
    let result = json!({"id": "7", "command_name": "finalize_rescue", "command_status": "FAILED",
        "command_error": error, "command_result": null});
    ward.peer.next(Next::Answer(200, result));
    let (kind, why) = failure(ward.told(false).await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.starts_with("the agent did not take the password: CommandExecutionError"), "{why}");
    assert!(why.contains("****** and ****** do not fit"), "{why}");
}

#[tokio::test]
async fn an_agent_that_cannot_write_it_down_fails_the_rescue() {
    let mut ward = Ward::new().await;
    ward.peer.next(Next::Answer(
        500,
        json!({"faultcode": "Server",
        "faultstring": "Object of type OSError is not JSON serializable"}),
    ));
    let (kind, why) = failure(ward.told(false).await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.contains("status 500") && why.contains("OSError"), "{why}");
}

#[tokio::test]
async fn an_agent_that_knows_no_hash_gets_none_unless_the_site_lets_it() {
    let type_error =
        json!({"faultcode": "Server", "faultstring": "Object of type TypeError is not JSON serializable"});
    for (version, answers) in [
        (Some("5.0.1"), None),
        (None, Some((400, json!({"faultcode": "Client", "faultstring": "Invalid command: hashed"})))),
        (Some("odd"), Some((500, type_error))),
    ] {
        for requires_hash in [true, false] {
            let mut ward = Ward::with(requires_hash).await;
            if let Some(agent) = &mut ward.node().agent {
                agent.version = version.map(str::to_owned);
            }
            let look = ward.work.look(&ward.call).await;
            ward.call.memo = memo(&look);
            if let Some((status, body)) = &answers {
                ward.peer.next(Next::Answer(*status, body.clone()));
            }
            let turn = ward.work.act(&ward.call, false).await;
            let plain = json!({"rescue_password": "hunter2"});
            if requires_hash {
                let (_, why) = failure(turn);
                assert!(why.contains("before 6.0.0: update the rescue ramdisk"), "{why}");
                assert!(!ward.sent().contains(&plain), "{version:?}");
            } else {
                assert_eq!(turn, Turn::done(), "{version:?}");
                assert_eq!(ward.sent().last(), Some(&plain));
            }
        }
    }
}

#[tokio::test]
async fn without_a_password_nobody_is_told_anything() {
    let mut ward = Ward::new().await;
    let look = ward.work.look(&ward.call).await;
    ward.call.memo = memo(&look);
    ward.node().forget_rescue_password();
    let (_, why) = failure(ward.work.act(&ward.call, false).await);
    assert!(why.contains("instance_info has no rescue_password"), "{why}");
    assert!(ward.sent().is_empty());
}

#[tokio::test]
async fn a_busy_agent_is_asked_again() {
    let mut ward = Ward::new().await;
    ward.peer.next(Next::Answer(409, json!({"faultcode": "Client", "faultstring": "Agent is busy"})));
    let turn = ward.told(false).await;
    assert!(matches!(turn, Turn::LookIn { .. }), "{turn:?}");
    ward.call.memo = memo(&turn);
    assert!(matches!(ward.work.look(&ward.call).await, Turn::Act { .. }));
}
