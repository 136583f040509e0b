use serde_json::json;

use super::*;
use crate::cli::node::tests::{Answers, play};

fn node(state: &str, target: Option<&str>) -> Value {
    json!({"name": "n1", "provision_state": state, "target_provision_state": target, "power_state": "power on"})
}

#[tokio::test]
async fn each_change_is_a_line_until_no_target_is_left() {
    let mut cleaning = node("clean wait", Some("available"));
    cleaning["clean_step"] = json!({"interface": "deploy", "step": "erase_devices"});
    let mut waiting = cleaning.clone();
    waiting["driver_internal_info"] = json!({"waiting": {"why": "heartbeat", "from_whom": "agent 10.0.0.5",
        "since": "2026-11-20T19:47:03.271161"}});
    let looks = [cleaning.clone(), cleaning, waiting, node("available", None)];
    let (code, out, err) = play(&Answers::nodes(&looks), "wait n1").await;
    let expected = concat!(
        "     0s  n1  clean wait -> available  step deploy.erase_devices  power on\n",
        "     0s  n1  clean wait -> available  step deploy.erase_devices  power on  ",
        "waits for heartbeat, from agent 10.0.0.5, since 2026-11-20 19:47:03\n",
        "     1s  n1  available  power on\n",
    );
    assert_eq!((code, out.as_str(), err.as_str()), (0, expected, ""));
}

#[tokio::test]
async fn a_script_gets_the_node_at_its_end_and_the_progress_beside() {
    let end = node("available", None);
    let answers = Answers::nodes(&[node("cleaning", Some("available")), end.clone()]);
    let (code, out, err) = play(&answers, "wait n1 --json").await;
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()), (0, end));
    assert_eq!(err.lines().count(), 2, "{err}");
    assert_eq!(answers.asked()[0].path, "/v1/nodes/n1");
}

#[tokio::test]
async fn a_failed_state_ends_it_with_the_last_error() {
    let mut failed = node("deploy failed", Some("active"));
    failed["last_error"] = json!("wrong checksum");
    let (code, out, _) = play(&Answers::nodes(&[failed]), "wait n1").await;
    assert_eq!(code, 4);
    assert_eq!(out, "     0s  n1  deploy failed -> active  power on  last error: wrong checksum\n");
}

#[tokio::test]
async fn an_error_in_a_good_state_is_told_and_is_a_failure() {
    let mut verified = node("manageable", None);
    verified["last_error"] = json!("verification of node n1 failed in step management.check: boom");
    let looks = Answers::new([(202, ""), (200, &verified.to_string())]);
    let (code, out, _) = play(&looks, "manage n1 --wait").await;
    let told = "     0s  n1  manageable  power on  last error: verification of node n1 failed in step management.check: boom\n";
    assert_eq!((code, out.as_str()), (4, told));
}

#[tokio::test]
async fn power_is_work_that_is_waited_for() {
    let mut going = node("active", None);
    going["target_power_state"] = json!("power off");
    let mut held = node("active", None);
    held["power_state"] = json!("power off");
    let mut done = held.clone();
    held["reservation"] = json!("rack");
    let (code, out, _) = play(&Answers::nodes(&[going.clone(), held, done.clone()]), "wait n1").await;
    let told = "     0s  n1  active  power on -> off\n     0s  n1  active  power off  reserved by rack\n     \
                0s  n1  active  power off\n";
    assert_eq!((code, out.as_str()), (0, told));
    done["provision_state"] = json!("deploy failed");
    let (going, done) = (going.to_string(), done.to_string());
    let answers = Answers::new([(202, ""), (200, &going), (200, &done)]);
    assert_eq!(play(&answers, "power n1 off --wait").await.0, 0, "the node's state is another matter");
}

#[tokio::test]
async fn a_hold_waits_for_a_person() {
    let holding = node("clean hold", Some("manageable"));
    let (code, out, _) = play(&Answers::nodes(&vec![holding; 9]), "wait n1 --timeout 3").await;
    assert_eq!(code, 3);
    assert!(out.contains("waits for a person: `ferric node unhold n1` lets it go on"), "{out}");
}

#[tokio::test]
async fn a_wait_that_runs_out_says_where_it_stands() {
    let looks = vec![node("clean wait", Some("available")); 50];
    let (code, _, err) = play(&Answers::nodes(&looks), "wait n1 --timeout 10").await;
    assert_eq!(code, 3);
    assert_eq!(err, "ferric: n1: not done after 10s: clean wait -> available  power on\n");
}

#[tokio::test]
async fn several_nodes_are_followed_to_the_last() {
    let moving = || node("cleaning", Some("available"));
    let looks = [moving(), node("clean failed", Some("available")), moving(), node("available", None)];
    let answers = Answers::nodes(&looks);
    let (code, out, _) = play(&answers, "wait n1 n2").await;
    assert_eq!((code, out.lines().count(), answers.asked().len()), (4, 3, 4));
}

#[tokio::test]
async fn a_daemon_that_restarts_is_waited_for() {
    let moving = node("cleaning", Some("available")).to_string();
    let good = node("available", None).to_string();
    let looks = [(200, &*moving), (200, &*moving), (0, ""), (0, ""), (503, ""), (200, &*good)];
    let (code, _, err) = play(&Answers::new(looks), "wait n1").await;
    assert_eq!(code, 0);
    assert_eq!(err, "ferric: no answer from http://api for 0s; still trying\n");
}

#[tokio::test]
async fn silence_counts_from_the_last_answer() {
    let moving = node("cleaning", Some("available")).to_string();
    let good = node("available", None).to_string();
    let looks = std::iter::repeat_n((200, &*moving), 12).chain([(0, ""), (200, &*good)]);
    let looks: Vec<_> = looks.collect();
    let answers = Answers::new::<14>(looks.try_into().unwrap());
    let (code, out, err) = play(&answers, "wait n1").await;
    assert_eq!(code, 0);
    assert_eq!(err, "ferric: no answer from http://api for 2s; still trying\n");
    assert!(out.contains("    21s  n1  available"), "{out}");
}

#[tokio::test]
async fn an_api_that_never_answered_is_not_waited_for() {
    let answers = Answers::new([]);
    let (code, _, err) = play(&answers, "wait n1").await;
    assert_eq!((code, answers.asked().len()), (1, 1));
    assert!(err.contains("cannot wait: no answer from http://api: connection refused"), "{err}");
    let answers = Answers::new([(503, "")]);
    assert_eq!((play(&answers, "wait n1").await.0, answers.asked().len()), (1, 1));
}

#[tokio::test]
async fn an_answer_to_the_order_is_an_answer() {
    let good = node("manageable", None).to_string();
    let (code, _, err) = play(&Answers::new([(202, ""), (0, ""), (200, &good)]), "manage n1 --wait").await;
    assert_eq!(code, 0, "{err}");
}

#[tokio::test]
async fn a_daemon_that_stays_away_is_given_up() {
    let moving = node("cleaning", Some("available")).to_string();
    let answers = Answers::new([(200, &moving)]);
    let (code, _, err) = play(&answers, "wait n1").await;
    assert_eq!((code, answers.asked().len()), (1, 42));
    assert!(err.contains("cannot wait: no answer from http://api: connection refused"), "{err}");
}

#[tokio::test]
async fn a_node_that_does_not_exist_is_an_error_at_once() {
    let answers = Answers::new([(404, r#"{"error_message": "{\"faultstring\": \"Node n1 not found\"}"}"#)]);
    let (code, _, err) = play(&answers, "wait n1").await;
    assert_eq!(code, 1);
    assert_eq!(err, "ferric: n1: cannot wait: Node n1 not found (`ferric node list` shows what there is)\n");
}

#[test]
fn each_goal_knows_its_end() {
    let states =
        |names: &[&str]| Goal::for_states(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    let mut fell_back = node("enroll", None);
    fell_back["last_error"] = json!("BMC is silent");
    let mut erred = node("manageable", None);
    erred["last_error"] = json!("a step failed");
    let mut aside = node("clean failed", Some("available"));
    aside["target_power_state"] = json!("power on");
    let verdicts = [
        (Goal::Idle, erred.clone(), Some(Exit::Failed)),
        (Goal::End("manageable"), erred.clone(), Some(Exit::Failed)),
        (Goal::AnyEnd, erred.clone(), Some(Exit::Done)),
        (Goal::Aside, erred, Some(Exit::Failed)),
        (Goal::Aside, aside.clone(), None),
        (Goal::Idle, aside, None),
        (Goal::Aside, node("clean failed", Some("available")), Some(Exit::Done)),
        (Goal::Idle, node("available", None), Some(Exit::Done)),
        (Goal::Idle, node("cleaning", Some("available")), None),
        (Goal::Idle, node("clean hold", Some("available")), None),
        (Goal::Idle, node("clean failed", Some("available")), Some(Exit::Failed)),
        (Goal::Idle, node("error", None), Some(Exit::Failed)),
        (Goal::Idle, fell_back.clone(), Some(Exit::Failed)),
        (Goal::End("manageable"), fell_back, Some(Exit::Failed)),
        (Goal::End("manageable"), node("manageable", None), Some(Exit::Done)),
        (Goal::End("manageable"), node("verifying", Some("manageable")), None),
        (Goal::AnyEnd, node("clean failed", Some("available")), Some(Exit::Done)),
        (Goal::AnyEnd, node("clean wait", Some("available")), None),
        (states(&["active", "clean wait"]), node("clean wait", Some("available")), Some(Exit::Done)),
        (states(&["active"]), node("available", None), None),
        (states(&["active"]), node("deploy failed", Some("active")), Some(Exit::Failed)),
        (states(&["deploy failed"]), node("deploy failed", Some("active")), Some(Exit::Done)),
        (states(&[]), node("available", None), Some(Exit::Done)),
    ];
    for (goal, node, expected) in verdicts {
        assert_eq!(goal.verdict(View(&node)), expected, "{goal:?} {node}");
    }
}
