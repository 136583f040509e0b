//! The codec against recorded traffic of the real agent (`tests/goldens/agent`).

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

use crate::base::secret::Secret;
use crate::wire::agent::answer::{self, Refusal};
use crate::wire::agent::beat::Heartbeat;
use crate::wire::agent::command::{CommandResult, Fault, Request, Status};
use crate::wire::agent::inventory::Inventory;
use crate::wire::agent::lookup::{LookupQuery, LookupReply};
use crate::wire::agent::path;
use crate::wire::agent::step::{StepEcho, StepKind, StepsReply};

const CALLS: &str = include_str!("../../../tests/goldens/agent/calls.json");

/// The recordings in which the agent is the server.
const SERVED: &[&str] = &[
    include_str!("../../../tests/goldens/agent/basics.json"),
    include_str!("../../../tests/goldens/agent/poisoned.json"),
    include_str!("../../../tests/goldens/agent/clean.json"),
    include_str!("../../../tests/goldens/agent/deploy.json"),
    include_str!("../../../tests/goldens/agent/steps.json"),
    include_str!("../../../tests/goldens/agent/image.json"),
    include_str!("../../../tests/goldens/agent/lean.json"),
];

fn exchanges(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["exchanges"].as_array().unwrap().clone()
}

fn served() -> Vec<Value> {
    SERVED.iter().flat_map(|text| exchanges(text)).collect()
}

fn path_of(exchange: &Value) -> &str {
    exchange["path"].as_str().unwrap()
}

fn status_of(exchange: &Value) -> u16 {
    u16::try_from(exchange["status"].as_u64().unwrap()).unwrap()
}

fn body_of(exchange: &Value) -> Vec<u8> {
    exchange["response_body"].to_string().into_bytes()
}

/// Every result that the agent gave, from single answers and from lists.
fn results() -> Vec<Value> {
    let mut results = Vec::new();
    for exchange in served() {
        let body = &exchange["response_body"];
        if body.get("command_status").is_some() {
            results.push(body.clone());
        }
        if let Some(list) =
            body.get("commands").and_then(Value::as_array).filter(|_| path_of(&exchange) != "/v1/")
        {
            results.extend(list.iter().cloned());
        }
    }
    results
}

#[test]
fn every_recorded_beat_is_read_and_written_alike() {
    let beats: Vec<Value> =
        exchanges(CALLS).into_iter().filter(|call| path_of(call).starts_with("/v1/heartbeat/")).collect();
    assert!(beats.len() >= 3);
    for call in beats {
        let body = &call["request_body"];
        let beat = Heartbeat::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(beat.callback_url, body["callback_url"]);
        assert!(beat.agent_token.as_ref().unwrap().matches(body["agent_token"].as_str().unwrap()));
        assert_eq!(beat.emit(), *body);
    }
}

#[test]
fn every_recorded_lookup_is_read_and_written_alike() {
    let lookups: Vec<Value> =
        exchanges(CALLS).into_iter().filter(|call| path_of(call).starts_with("/v1/lookup?")).collect();
    assert_eq!(lookups.len(), 2);
    for call in &lookups {
        let (_, query) = path_of(call).split_once('?').unwrap();
        let lookup = LookupQuery::parse(query).unwrap();
        assert_eq!(lookup.addresses.len(), 1);
        assert_eq!(lookup.emit(), query);
    }
    let with_uuid = LookupQuery::parse(path_of(&lookups[1]).split_once('?').unwrap().1).unwrap();
    assert_eq!(with_uuid.node_uuid.unwrap().to_string(), "1be26c0b-03f2-4d2e-ae87-c02d7f33c123");
}

#[test]
fn a_reply_that_the_agent_accepted_is_read() {
    let calls = exchanges(CALLS);
    let call = calls.iter().find(|call| path_of(call).starts_with("/v1/lookup?")).unwrap();
    let reply = LookupReply::parse(&body_of(call)).unwrap();
    assert_eq!(reply.config.heartbeat_timeout, 30);
    assert!(!reply.config.agent_md5_checksum_enable);
    assert_eq!(reply.config.agent_token.as_ref().unwrap().reveal().len(), 43);
    for (member, value) in call["response_body"]["config"].as_object().unwrap() {
        assert_eq!(reply.emit()["config"][member], *value, "{member}");
    }
}

#[test]
fn every_recorded_result_is_read_and_written_alike() {
    let results = results();
    assert!(results.len() > 60, "{}", results.len());
    for recorded in &results {
        let result = CommandResult::parse(recorded.to_string().as_bytes()).unwrap();
        assert_eq!(result.emit(), *recorded);
    }
    for word in ["RUNNING", "SUCCEEDED", "FAILED", "CLEAN_VERSION_MISMATCH"] {
        assert!(results.iter().any(|result| result["command_status"] == word), "{word}");
        assert!(!matches!(Status::parse(word), Status::Other(_)));
    }
}

#[test]
fn every_recorded_command_is_read_and_written_alike() {
    let mut seen = 0;
    for exchange in served() {
        let body = &exchange["request_body"];
        if exchange["method"] != "POST" || body.get("name").is_none() {
            continue;
        }
        match Request::parse(body.to_string().as_bytes()) {
            Ok(request) => assert_eq!(request.emit(), *body),
            Err(error) => assert_eq!(status_of(&exchange), 400, "{error}"),
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn every_recorded_refusal_has_its_class() {
    for exchange in served() {
        let status = status_of(&exchange);
        if status == 200 {
            continue;
        }
        let label = &exchange["label"];
        let refusal = answer::result(status, &body_of(&exchange)).unwrap_err();
        let fits = match status {
            308 => refusal == Refusal::Redirected(308),
            400 | 405 => matches!(refusal, Refusal::BadRequest(_)),
            401 => refusal == Refusal::WrongToken,
            404 => matches!(refusal, Refusal::Unknown(_)),
            409 => matches!(refusal, Refusal::Busy(_)),
            500 => matches!(refusal, Refusal::Broken { status: 500, .. }),
            _ => false,
        };
        assert!(fits, "{label}: {refusal}");
        if status != 308 {
            let fault = Fault::from_value(exchange["response_body"].clone()).unwrap();
            assert_eq!(fault.emit(), exchange["response_body"]);
        }
    }
}

#[test]
fn every_recorded_list_is_read() {
    let lists: Vec<Value> = served()
        .into_iter()
        .filter(|call| path_of(call).starts_with("/v1/commands/?agent_token=") && status_of(call) == 200)
        .collect();
    assert!(lists.len() > 20);
    for call in lists {
        let list = answer::list(200, &body_of(&call)).unwrap_or_else(|error| panic!("{call}: {error}"));
        assert_eq!(CommandResult::emit_list(&list), call["response_body"]);
    }
}

#[test]
fn every_recorded_step_list_is_read_and_written_alike() {
    let mut seen = 0;
    for recorded in results() {
        for kind in StepKind::ALL {
            if kind.list_command().ends_with(recorded["command_name"].as_str().unwrap()) {
                let reply = StepsReply::from_value(kind, recorded["command_result"].clone()).unwrap();
                assert!(reply.steps().count() >= 6);
                assert_eq!(reply.versions["generic_hardware_manager"], "1.2");
                assert_eq!(reply.emit(kind), recorded["command_result"]);
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn every_recorded_step_echo_is_read_and_written_alike() {
    let mut seen = 0;
    for recorded in results() {
        for kind in StepKind::ALL {
            if recorded["command_name"] == *kind.run_name() && recorded["command_status"] == "SUCCEEDED" {
                let echo = StepEcho::from_value(kind, recorded["command_result"].clone()).unwrap();
                assert_eq!(echo.emit(kind), recorded["command_result"]);
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn the_recorded_inventories_have_one_disk_each() {
    let inventories: Vec<Inventory> = results()
        .into_iter()
        .filter(|result| result["command_name"] == "get_hardware_info")
        .map(|result| Inventory::from_value(result["command_result"].clone()).unwrap())
        .collect();
    assert!(inventories.len() >= 2);
    for inventory in inventories {
        assert_eq!(inventory.disks.len(), 1);
        assert_eq!(inventory.disks[0]["size"], 4_u64 << 30);
        assert_eq!(inventory.disks[0]["serial"], "E2EDISK0");
    }
}

#[test]
fn paths_are_those_that_the_agent_was_asked_with() {
    let token = Secret::new("QIZ0gpvDUhsnEjDARSWgnfq2JG1oCPnGorMaHrBDWJA");
    let asked: Vec<String> =
        exchanges(SERVED[0]).iter().map(|exchange| path_of(exchange).to_owned()).collect();
    assert!(asked.contains(&path::list(&token)));
    assert!(asked.contains(&path::run(&token, true)));
    assert!(asked.contains(&path::one("nope", &token, false)));
    assert!(asked.contains(&path::STATUS.to_owned()));
}

/// Any JSON, up to a few levels deep, with the protocol's own member names among the others.
fn any_json() -> impl Strategy<Value = Value> {
    let names = "id|name|params|node|config|commands|command_status|command_name|command_error|command_result|\
                 clean_steps|clean_step|hardware_manager_version|interface|step|priority|argsinfo|disks|\
                 faultstring|callback_url|agent_token|heartbeat_timeout|[a-z]{1,3}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(names, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_without_a_panic(value in any_json()) {
        let bytes = value.to_string().into_bytes();
        Heartbeat::parse(&bytes).ok();
        LookupReply::parse(&bytes).ok();
        Request::parse(&bytes).ok();
        CommandResult::parse_list(&bytes).ok();
        answer::result(200, &bytes).ok();
        answer::result(500, &bytes).ok();
        Inventory::from_value(value.clone()).ok();
        for kind in StepKind::ALL {
            StepsReply::from_value(kind, value.clone()).ok();
            StepEcho::from_value(kind, value.clone()).ok();
        }
        if let Ok(result) = CommandResult::from_value(value) {
            prop_assert_eq!(CommandResult::from_value(result.emit()), Ok(result));
        }
    }
}
