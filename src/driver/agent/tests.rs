use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::time::{Clock, Later, PausedClock, Tick};
use crate::depot::shelf::Shelf;
use crate::driver::agent::in_band::InBandStep;
use crate::driver::agent::tests::peer::{Next, Peer, hardware};
use crate::driver::{Machine, StepCall, StepWork};
use crate::model::Object;
use crate::model::drive::DrivesSeen;
use crate::model::interface::Interface;
use crate::model::node::Wished;
use crate::model::port::{Port, PortWished};
use crate::model::step::{Again, By, Kind, Step};
use crate::model::turn::{FailureKind, MEMO_LIMIT, Memo, Turn};
use crate::wire::agent::command::{CommandError, Status};

mod around;
mod bootc;
mod boot;
mod image;
mod peer;
mod rescue;

/// A clock on which nobody waits.
#[derive(Debug, Default)]
struct HastyClock(PausedClock);

impl Clock for HastyClock {
    fn tick(&self) -> Tick {
        self.0.tick()
    }

    fn wall(&self) -> Moment {
        self.0.wall()
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        self.0.advance(until.since(self.0.tick()));
        Box::pin(async {})
    }
}

fn agents(data: &Path) -> Arc<Agents> {
    let blobs = Blobs::open(data.join("blobs")).unwrap();
    Arc::new(Agents {
        client: Client::new(),
        clock: Arc::new(HastyClock::default()),
        gallery: Arc::new(Gallery::of_files(Arc::new(Shelf::open(data, &[]).unwrap()))),
        blobs: Arc::new(blobs),
        settings: AgentSettings::new("host", "http://10.0.0.1:6385"),
    })
}

fn node(peer: &Peer) -> Node {
    let mut node = Node::new(NodeId(uuid::Uuid::nil()), Wished::default(), Moment(0));
    node.agent = Some(peer.agent.clone());
    node
}

fn call(node: Node, kind: Kind, step: &str) -> StepCall {
    let step = Step {
        interface: Interface::Deploy,
        step: step.to_owned(),
        args: Object::new(),
        priority: 10,
        abortable: true,
        by: By::Agent,
        again: Again::Repeat,
        hidden: false,
        reboot_after: false,
        asked: false,
        abort_after: false,
    };
    let machine = Machine { node: Arc::new(node), ports: Vec::new() };
    let versions = Object::from_iter([("generic_hardware_manager".to_owned(), json!("1.2"))]);
    StepCall { machine, kind, step, memo: Memo::new(), versions }
}

fn memo(turn: &Turn) -> Memo {
    let (Turn::Act { memo } | Turn::Agent { memo } | Turn::LookIn { memo, .. }) = turn else {
        panic!("no memo in {turn:?}");
    };
    assert!(serde_json::to_vec(memo).unwrap().len() <= MEMO_LIMIT);
    memo.clone()
}

fn failure(turn: Turn) -> (FailureKind, String) {
    let Turn::Failed(failure) = turn else { panic!("{turn:?}") };
    (failure.kind, failure.why)
}

/// One step against one peer.
struct Bench {
    peer: Peer,
    work: InBandStep,
    call: StepCall,
    _data: tempfile::TempDir,
}

impl Bench {
    async fn new(step: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let peer = Peer::start().await;
        peer.ran("first", "get_clean_steps");
        let call = call(node(&peer), Kind::Clean, step);
        Self { work: InBandStep::new(agents(data.path())), peer, call, _data: data }
    }

    async fn look(&mut self) -> Turn {
        let turn = self.work.look(&self.call).await;
        self.keep(turn)
    }

    async fn act(&mut self, again: bool) -> Turn {
        let turn = self.work.act(&self.call, again).await;
        self.keep(turn)
    }

    fn keep(&mut self, turn: Turn) -> Turn {
        if let Turn::Act { memo } | Turn::Agent { memo } | Turn::LookIn { memo, .. } = &turn {
            self.call.memo = memo.clone();
        }
        turn
    }

    fn change(&mut self, change: impl FnOnce(&mut Node)) {
        change(Arc::make_mut(&mut self.call.machine.node));
    }

    /// Commands that ran a step.
    fn steps_sent(&self) -> usize {
        self.peer.names().iter().filter(|name| name.contains("execute")).count()
    }
}

#[tokio::test]
async fn a_step_is_sent_once_and_read_by_its_id() {
    let mut bench = Bench::new("burnin_cpu").await;
    assert_eq!(bench.look().await, Turn::Act { memo: Object::from_iter([("after".into(), json!("first"))]) });
    let memo = Object::from_iter([("command".into(), json!("id-1"))]);
    assert_eq!(bench.act(false).await, Turn::Agent { memo: memo.clone() });
    assert_eq!(bench.look().await, Turn::Agent { memo });
    let echo = json!({"clean_result": "hot", "clean_step": {"interface": "deploy", "step": "burnin_cpu"}});
    bench.peer.end(Status::Succeeded, echo, None);
    assert_eq!(bench.look().await, Turn::Done(Object::from_iter([("result".into(), json!("hot"))])));
    let sent = bench.peer.book().sent.clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["name"], "clean.execute_clean_step");
    let params = sent[0]["params"].as_object().unwrap();
    assert_eq!(params.keys().collect::<Vec<_>>(), ["clean_version", "node", "ports", "step"]);
    let step = json!({"interface": "deploy", "step": "burnin_cpu", "priority": 10, "args": {}});
    assert_eq!(params["step"], step);
    assert_eq!(params["clean_version"], json!({"generic_hardware_manager": "1.2"}));
}

#[tokio::test]
async fn the_agent_is_given_node_ports_and_arguments_and_asked_by_the_commands_id() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.call.step.args.insert("seconds".to_owned(), json!(7));
    let port = Port {
        id: PortId(uuid::Uuid::from_u128(5)),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(uuid::Uuid::nil()),
        address: Mac([2, 0, 0, 0, 0, 1]),
        wished: PortWished::default(),
        internal_info: Object::new(),
    };
    bench.call.machine.ports = vec![Arc::new(port)];
    bench.look().await;
    bench.act(false).await;
    let sent = bench.peer.book().sent[0]["params"].clone();
    assert_eq!(sent["node"]["uuid"], json!(uuid::Uuid::nil()));
    assert_eq!(sent["ports"].as_array().unwrap().len(), 1);
    assert_eq!(sent["ports"][0]["address"], "02:00:00:00:00:01");
    assert_eq!(sent["step"]["args"], json!({"seconds": 7}));
    bench.peer.ran("newer", "sync");
    assert!(matches!(bench.look().await, Turn::Agent { .. }), "another command has ended, ours runs");
}

#[tokio::test]
async fn volumes_that_nobody_wishes_for_are_not_made() {
    let mut bench = Bench::new("create_configuration").await;
    bench.call.step.interface = Interface::Raid;
    let (kind, why) = failure(bench.look().await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.contains("no target_raid_config: set one"), "{why}");
    assert!(!bench.peer.names().iter().any(|name| name.contains("execute")));
}

#[tokio::test]
async fn the_result_of_another_step_is_none_of_this_one() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.act(false).await;
    let echo = json!({"clean_result": "hot", "clean_step": {"interface": "deploy", "step": "burnin_disk"}});
    bench.peer.end(Status::Succeeded, echo, None);
    let Turn::Failed(failure) = bench.look().await else { panic!("it was believed") };
    assert!(failure.why.contains("another step, deploy.burnin_disk"), "{}", failure.why);
}

#[tokio::test]
async fn a_command_that_ended_at_once_still_goes_through_the_memo() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.peer.book().results.push(("execute_clean_step", Value::Null));
    bench.look().await;
    let turn = bench.act(false).await;
    assert_eq!(turn, Turn::LookIn { after: 0, memo: memo(&turn) });
    assert_eq!(bench.look().await, Turn::done());
}

#[tokio::test]
async fn an_agent_that_repeats_an_earlier_answer_has_not_done_the_step() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    let earlier = json!({
        "id": "id-0", "command_name": "get_clean_steps", "command_status": "SUCCEEDED", "command_error": null,
        "command_result": {}, "command_params": {},
    });
    bench.peer.next(Next::Answer(200, earlier));
    let (kind, why) = failure(bench.act(false).await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.contains("clean.execute_clean_step") && why.contains("get_clean_steps"), "{why}");
}

#[tokio::test]
async fn a_busy_agent_is_looked_at_again_and_the_step_counts_as_not_sent() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.peer.ran("other", "collect_system_logs");
    bench.peer.end(Status::Running, Value::Null, None);
    assert_eq!(bench.act(false).await, Turn::LookIn { after: BUSY_PAUSE, memo: Memo::new() });
    bench.peer.end(Status::Succeeded, Value::Null, None);
    assert_eq!(memo(&bench.look().await)["after"], "other");
}

#[tokio::test]
async fn a_lost_answer_is_made_up_by_the_list() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.peer.next(Next::TakenThenCut);
    assert_eq!(memo(&bench.act(false).await)["command"], "id-1");
    assert_eq!(bench.steps_sent(), 1);
}

#[tokio::test]
async fn what_was_not_taken_is_sent_again_after_a_silence() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.peer.next(Next::Cut);
    assert_eq!(failure(bench.act(false).await).0, FailureKind::Silent);
    assert_eq!(memo(&bench.act(true).await)["command"], "id-1");
    assert_eq!(bench.peer.book().commands.len(), 2);
}

#[tokio::test]
async fn after_a_cut_the_list_tells_whether_it_was_sent() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    let before = bench.call.clone();
    bench.act(false).await;
    bench.call = before;
    assert_eq!(memo(&bench.act(true).await)["command"], "id-1");
    assert_eq!(bench.steps_sent(), 1);
}

#[tokio::test]
async fn after_a_cut_a_list_without_the_known_id_is_another_boot() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.peer.book().commands.clear();
    assert_eq!(failure(bench.act(true).await).0, FailureKind::Lost);
    assert_eq!(bench.steps_sent(), 0);
}

#[tokio::test]
async fn with_a_poisoned_list_a_step_is_sent_after_a_command_known_to_have_ended_and_lost_after_a_cut() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.peer.book().poisoned = true;
    assert_eq!(memo(&bench.look().await)["after"], "id-1");
    assert_eq!(bench.peer.names(), ["poll.get_hardware_info"]);
    assert_eq!(failure(bench.act(true).await).0, FailureKind::Lost);
    assert_eq!(memo(&bench.act(false).await)["command"], "id-2");
    assert_eq!(bench.look().await, Turn::Agent { memo: bench.call.memo.clone() });
}

#[tokio::test]
async fn a_failed_command_fails_the_step_and_a_version_mismatch_says_so() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.act(false).await;
    let error = |text: &str| CommandError {
        kind: "ImageWriteError".to_owned(),
        code: 500,
        message: text.to_owned(),
        details: format!("token {} at http://u:pw@host/x", peer::TOKEN),
    };
    bench.peer.end(Status::Failed, Value::Null, Some(error("no")));
    let (kind, why) = failure(bench.look().await);
    assert_eq!(kind, FailureKind::Step);
    assert_eq!(why, "ImageWriteError: no: token ****** at http://******@host/x");
    bench.peer.end(Status::VersionMismatch, Value::Null, Some(error("old")));
    assert_eq!(failure(bench.look().await).0, FailureKind::Version);
    bench.peer.end(Status::Other("ODD".to_owned()), Value::Null, None);
    assert_eq!(failure(bench.look().await), (FailureKind::Step, "the agent says \"ODD\"".to_owned()));
}

#[tokio::test]
async fn an_unknown_command_a_wrong_token_and_another_certificate_are_another_boot() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.act(false).await;
    bench.peer.book().commands.clear();
    assert_eq!(failure(bench.look().await).0, FailureKind::Lost);

    let mut other = node(&bench.peer);
    other.agent.as_mut().unwrap().token = crate::base::secret::Secret::new("another");
    bench.call.machine.node = Arc::new(other);
    assert_eq!(failure(bench.look().await).0, FailureKind::Lost);

    let mut other = node(&bench.peer);
    let made = crate::net::tls::self_signed("127.0.0.1").unwrap();
    other.agent.as_mut().unwrap().verify_ca = Some(made.certificate);
    bench.call.machine.node = Arc::new(other);
    assert_eq!(failure(bench.look().await).0, FailureKind::Lost);
    assert_eq!(failure(bench.act(false).await).0, FailureKind::Lost);
    assert_eq!(bench.steps_sent(), 1);
}

#[tokio::test]
async fn an_agent_that_has_not_called_in_is_silent_before_and_lost_after_sending() {
    let mut bench = Bench::new("burnin_cpu").await;
    let mut bare = node(&bench.peer);
    bare.agent = None;
    bench.call.machine.node = Arc::new(bare);
    assert_eq!(failure(bench.look().await).0, FailureKind::Silent);
    assert_eq!(failure(bench.act(true).await).0, FailureKind::Lost);
    bench.call.memo = Object::from_iter([("command".into(), json!("id-1"))]);
    assert_eq!(failure(bench.look().await).0, FailureKind::Lost);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.look().await;
    bench.peer.next(Next::Answer(308, json!("elsewhere")));
    let (kind, why) = failure(bench.act(false).await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.contains("redirects (status 308)"), "{why}");
    assert_eq!(bench.steps_sent(), 1);
}

#[tokio::test]
async fn a_disk_writing_step_remembers_its_drives_and_is_not_begun_again_on_others() {
    let mut bench = Bench::new("erase_devices").await;
    let begun = memo(&bench.look().await);
    assert_eq!(begun["drives"], json!(["S1", "S2"]));
    assert_eq!(begun["after"], "id-1");
    assert_eq!(memo(&bench.act(false).await)["drives"], json!(["S1", "S2"]));

    bench.peer.end(Status::Succeeded, Value::Null, None);
    bench.call.memo = Object::from_iter([("drives".into(), begun["drives"].clone())]);
    bench.peer.book().results[0].1 = hardware(&["S2", "S1"]);
    assert!(matches!(bench.look().await, Turn::Act { .. }));

    bench.call.memo = Object::from_iter([("drives".into(), begun["drives"].clone())]);
    bench.peer.book().results[0].1 = hardware(&["S2", "S3"]);
    let (kind, why) = failure(bench.look().await);
    assert_eq!(kind, FailureKind::Step);
    assert!(why.contains("[S1, S2]") && why.contains("[S2, S3]"), "{why}");
    assert_eq!(bench.steps_sent(), 1);
}

#[tokio::test]
async fn a_step_that_destroys_is_refused_on_drives_that_were_not_seen_before() {
    let mut bench = Bench::new("erase_devices").await;
    let seen = |drives: &[&str]| {
        Some(DrivesSeen {
            at: Moment(0),
            drives: drives.iter().map(|&one| one.to_owned()).collect(),
            root: None,
        })
    };
    bench.change(|node| node.drives = seen(&["S1", "S9"]));
    let (kind, why) = failure(bench.look().await);
    assert_eq!(kind, FailureKind::Step);
    for part in ["gone: S9", "new: S2", "Before: [S1, S9]", "inspect the node again"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    bench.change(|node| drop(node.wished.driver_info.insert("disk_guard".into(), json!("False"))));
    assert_eq!(memo(&bench.look().await)["drives"], json!(["S1", "S2"]), "a person wants it so");
    bench.change(|node| {
        node.wished.driver_info.remove("disk_guard");
        node.drives = seen(&["S1", "S2"]);
    });
    assert!(matches!(bench.look().await, Turn::Act { .. }));
    assert_eq!(bench.steps_sent(), 0);
}

#[tokio::test]
async fn an_image_is_not_written_where_the_root_device_is_ambiguous() {
    let mut bench = Bench::new("write_image").await;
    bench.change(|node| {
        drop(node.wished.properties.insert("root_device".into(), json!({"name": "<in> /dev/"})));
    });
    let (_, why) = failure(bench.look().await);
    assert!(why.contains("2 drives fit") && why.contains("S1") && why.contains("S2"), "{why}");
    bench
        .change(|node| drop(node.wished.instance_info.insert("root_device".into(), json!({"serial": "S2"}))));
    let begun = memo(&bench.look().await);
    assert_eq!(begun["root"], json!({"hints": {"serial": "S2"}, "drive": "S2"}));
}

#[tokio::test]
async fn an_id_that_is_none_is_not_kept() {
    for id in [" ", "a b", "", &"x".repeat(65)] {
        let mut bench = Bench::new("burnin_cpu").await;
        bench.look().await;
        let reply = json!({"id": id, "command_name": "execute_clean_step", "command_status": "RUNNING"});
        bench.peer.next(Next::Answer(200, reply));
        assert_eq!(failure(bench.act(false).await).0, FailureKind::Silent, "{id:?}");
    }
}

#[tokio::test]
async fn the_verify_kind_has_no_agent() {
    let mut bench = Bench::new("burnin_cpu").await;
    bench.call.kind = Kind::Verify;
    assert_eq!(failure(bench.act(false).await).1, "the agent has no verify steps");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_answer_gives_a_turn(
        status in prop_oneof![Just(200u16), 200..599u16],
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            r#"\{"commands":\[[{}\[\]a-z",:]{0,30}\]\}"#.prop_map(String::into_bytes),
            r#"\{"id":"a","command_name":"b","command_status":"[A-Z]{0,9}","command_result":[\[\]{}0-9]{0,5}\}"#
                .prop_map(String::into_bytes),
        ],
        sent in any::<bool>(),
    ) {
        runtime().block_on(async {
            let mut bench = Bench::new("erase_devices").await;
            bench.peer.book().always = Some((status, body));
            if sent {
                bench.call.memo = Object::from_iter([("command".into(), json!("x"))]);
            }
            for again in [false, true] {
                bench.look().await;
                bench.act(again).await;
            }
            assert!(serde_json::to_vec(&bench.call.memo).unwrap().len() <= MEMO_LIMIT);
        });
    }
}

#[test]
fn what_agents_share_shows_no_secret() {
    let data = tempfile::tempdir().unwrap();
    let shown = format!("{:?}", agents(data.path()));
    assert!(shown.contains("http://10.0.0.1:6385"), "{shown}");
    assert_eq!(agents(data.path()).settings.command_timeout, Duration::from_mins(1));
}
