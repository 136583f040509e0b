//! What is asked of the agent beside steps: which steps it has, its logs, whether it is there.

use serde_json::json;

use super::*;
use crate::driver::agent::alive::is_alive;
use crate::driver::agent::power::AgentPower;
use crate::driver::agent::{logs, steps};
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::model::bmc::power::{Power, PowerWish};

fn machine(peer: &Peer) -> Machine {
    Machine { node: Arc::new(node(peer)), ports: Vec::new() }
}

/// A reply as it was recorded from the real agent, shortened to one step of each kind.
fn reply() -> Value {
    json!({
        "clean_steps": {"GenericHardwareManager": [
            {"step": "erase_devices", "priority": 10, "interface": "deploy", "reboot_requested": false, "abortable": true},
            {"step": "create_configuration", "priority": 0, "interface": "raid", "reboot_requested": true},
            {"step": "clean_uefi_nvram", "priority": 0, "interface": "deploy", "reboot_requested": false, "argsinfo": {
                "match_patterns": {"description": "patterns", "required": false}}},
            {"step": "odd", "priority": 0, "interface": "kitchen", "reboot_requested": false},
        ]},
        "hardware_manager_version": {"generic_hardware_manager": "1.2"},
    })
}

#[tokio::test]
async fn the_steps_come_with_versions_and_the_last_command() {
    let data = tempfile::tempdir().unwrap();
    let peer = Peer::start().await;
    peer.book().results.push(("get_clean_steps", reply()));
    let found = steps::fetch(&agents(data.path()), &machine(&peer), Kind::Clean).await.unwrap();
    assert_eq!(found.last_command.as_deref(), Some("id-0"));
    assert_eq!(found.versions, Object::from_iter([("generic_hardware_manager".into(), json!("1.2"))]));
    let shape: Vec<_> = found
        .steps
        .iter()
        .map(|one| (one.step.as_str(), one.again, one.abortable, one.reboot_requested))
        .collect();
    assert_eq!(
        shape,
        [
            ("erase_devices", Again::Repeat, true, false),
            ("create_configuration", Again::Never, false, true),
            ("clean_uefi_nvram", Again::Repeat, false, false),
        ]
    );
    assert_eq!(found.steps[2].known, ["match_patterns"]);
    assert!(found.steps[2].required.is_empty());
    let sent = peer.book().sent.clone();
    assert_eq!(sent[0]["params"].as_object().unwrap().keys().collect::<Vec<_>>(), ["node", "ports"]);
}

#[tokio::test]
async fn an_answer_that_is_no_list_of_steps_is_an_error_and_a_busy_agent_is_silent() {
    let data = tempfile::tempdir().unwrap();
    let peer = Peer::start().await;
    let agents = agents(data.path());
    peer.book().results.push(("get_deploy_steps", json!({"deploy_steps": []})));
    let error = steps::fetch(&agents, &machine(&peer), Kind::Deploy).await.unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    peer.ran("1", "slow");
    peer.end(Status::Running, Value::Null, None);
    let error = steps::fetch(&agents, &machine(&peer), Kind::Clean).await.unwrap_err();
    assert!(matches!(error, DriverError::Silent { .. }), "{error}");
    assert_eq!(steps::fetch(&agents, &machine(&peer), Kind::Verify).await.unwrap().steps, []);
}

#[tokio::test]
async fn logs_come_as_bytes() {
    let data = tempfile::tempdir().unwrap();
    let peer = Peer::start().await;
    let agents = agents(data.path());
    peer.book().results.push(("collect_system_logs", json!({"system_logs": "H4sI"})));
    assert_eq!(logs::collect(&agents, &node(&peer)).await.unwrap(), [0x1F, 0x8B, 0x08]);
    peer.book().results.pop();
    peer.book().results.push(("collect_system_logs", json!({"system_logs": "no!"})));
    let error = logs::collect(&agents, &node(&peer)).await.unwrap_err();
    assert_eq!(error.to_string(), "collecting the agent's logs failed: its logs are not base64");
}

#[tokio::test]
async fn an_agent_is_alive_if_it_answers_as_itself() {
    let data = tempfile::tempdir().unwrap();
    let peer = Peer::start().await;
    let agents = agents(data.path());
    let mut node = node(&peer);
    assert!(is_alive(&agents, &node).await);
    peer.book().poisoned = true;
    assert!(is_alive(&agents, &node).await);
    node.agent.as_mut().unwrap().token = crate::base::secret::Secret::new("other");
    assert!(!is_alive(&agents, &node).await);
    node.agent.as_mut().unwrap().url = Some("https://127.0.0.1:1".to_owned());
    assert!(!is_alive(&agents, &node).await);
    node.agent = None;
    assert!(!is_alive(&agents, &node).await);
}

#[tokio::test]
async fn a_machine_is_switched_off_by_its_agent_and_not_on() {
    let data = tempfile::tempdir().unwrap();
    let peer = Peer::start().await;
    let power = AgentPower::new(agents(data.path()), node(&peer));
    assert_eq!(power.state().await, Ok(Power::On));
    let limit = Duration::from_secs(10);
    assert_eq!(power.set(PowerWish::Off, limit).await, Ok(Power::On), "the agent is still there");
    assert_eq!(peer.names(), ["standby.power_off"]);
    let error = power.set(PowerWish::On, limit).await.unwrap_err();
    assert_eq!(error.to_string(), "power interface agent does not support power on");
    drop(peer);
    assert!(matches!(power.set(PowerWish::Off, limit).await, Err(DriverError::Silent { .. })));
}

#[tokio::test]
async fn each_kind_of_work_has_steps_of_its_own_also_such_as_have_priority_0() {
    for (kind, word, list) in [
        (Kind::Clean, "clean", "get_clean_steps"),
        (Kind::Deploy, "deploy", "get_deploy_steps"),
        (Kind::Service, "service", "get_service_steps"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let peer = Peer::start().await;
        let one =
            json!({"step": "burnin_cpu", "priority": 0, "interface": "deploy", "reboot_requested": false});
        let told = json!({format!("{word}_steps"): {"M": [one]}, "hardware_manager_version": {"m": "1"}});
        peer.book().results.push((list, told));
        let agents = agents(data.path());
        let found = steps::fetch(&agents, &machine(&peer), kind).await.unwrap();
        assert_eq!(
            found.steps.iter().map(|one| (one.step.as_str(), one.priority)).collect::<Vec<_>>(),
            [("burnin_cpu", 0)]
        );
        assert_eq!(peer.names(), [format!("{word}.{list}")]);

        let work = InBandStep::new(agents);
        let mut call = call(node(&peer), kind, "burnin_cpu");
        call.memo = memo(&work.look(&call).await);
        work.act(&call, false).await;
        let sent = peer.book().sent.last().cloned().unwrap();
        assert_eq!(sent["name"], format!("{word}.execute_{word}_step"));
        assert_eq!(sent["params"][format!("{word}_version")], json!({"generic_hardware_manager": "1.2"}));
    }
}
