//! A twin is asked what the real agent was asked, and must answer alike.
//!
//! Left out of the comparison, and why: ids, times and tokens (each boot's own); free texts (ours); whether an
//! asynchronous command is still running or already done (timing). Recordings of what a twin has no part in
//! (partition tools, qcow2) are not asked.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::net::http::{Headers, Method};
use crate::twin::steps::Site;
use crate::twin::tests::appliance::{Appliance, Commander, TOKEN};

const CALLS: &str = include_str!("../../../tests/goldens/agent/calls.json");
const BASICS: &str = include_str!("../../../tests/goldens/agent/basics.json");
const POISONED: &str = include_str!("../../../tests/goldens/agent/poisoned.json");
const CLEAN: &str = include_str!("../../../tests/goldens/agent/clean.json");
const DEPLOY: &str = include_str!("../../../tests/goldens/agent/deploy.json");
const STEPS: &str = include_str!("../../../tests/goldens/agent/steps.json");
const IMAGE: &str = include_str!("../../../tests/goldens/agent/image.json");

/// The exchanges of a recording up to the first whose label starts with `until`.
fn exchanges(text: &str, until: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    let all = file["exchanges"].as_array().unwrap().clone();
    let wanted = |exchange: &Value| !exchange["label"].as_str().unwrap_or_default().starts_with(until);
    let taken: Vec<Value> =
        all.iter().take_while(|exchange| until.is_empty() || wanted(exchange)).cloned().collect();
    assert!(!taken.is_empty() && (until.is_empty() || taken.len() < all.len()));
    taken
}

/// The recorded path with this twin's token in place of the recorded one.
fn path_of(exchange: &Value, last_id: &str) -> String {
    let path = exchange["path"].as_str().unwrap();
    let path = match path.split_once("agent_token=") {
        Some((start, token)) if token.len() == TOKEN.len() => format!("{start}agent_token={TOKEN}"),
        _ => path.to_owned(),
    };
    match path.strip_prefix("/v1/commands/").and_then(|rest| rest.split_once('?')) {
        Some((id, query)) if id.len() == 36 => format!("/v1/commands/{last_id}?{query}"),
        _ => path,
    }
}

/// Replaces what differs from boot to boot, and free texts, by what they are.
fn normal(value: &Value, key: &str) -> Value {
    match (key, value) {
        ("id", Value::String(text)) if text.len() == 36 => json!("ID"),
        ("started_at", Value::Number(_)) => json!("TIME"),
        ("description", Value::String(_)) => json!("TEXT"),
        ("href" | "location", Value::String(text)) => json!(without_host(text)),
        ("system_logs", Value::String(_)) => json!("LOGS"),
        ("faultstring", Value::String(text)) => json!(without_prose(text)),
        ("result", Value::String(text)) => json!(text.split("device").next()),
        (_, Value::Object(map)) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), normal(value, key))).collect())
        }
        (_, Value::Array(list)) => list.iter().map(|value| normal(value, "")).collect(),
        _ => value.clone(),
    }
}

fn without_host(url: &str) -> String {
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    match path.split_once("agent_token=") {
        Some((start, _)) => format!("{start}agent_token=T"),
        None => path.to_owned(),
    }
}

/// These faults go on in the agent's own prose.
fn without_prose(text: &str) -> &str {
    let starts = [
        "404 Not Found",
        "400 Bad Request: Failed to decode JSON object",
        "Invalid command parameters: Image checksum",
        "Invalid command: ",
    ];
    starts
        .iter()
        .find(|start| text.starts_with(**start) && !text.contains("Unknown command"))
        .unwrap_or(&text)
}

/// The headers that a client may act on.
fn headers(headers: &[(String, String)]) -> Map<String, Value> {
    let kept = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value)));
    kept.filter(|(name, _)| ["content-type", "location", "allow"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), normal(&value, &name)))
        .collect()
}

fn sent_headers(sent: &Headers) -> Map<String, Value> {
    headers(&sent.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>())
}

fn recorded_headers(exchange: &Value) -> Map<String, Value> {
    let pairs: Vec<(String, String)> = serde_json::from_value(exchange["response_headers"].clone()).unwrap();
    headers(&pairs)
}

/// Without what depends on whether an asynchronous command was quicker than its answer.
fn settled(body: &Value, command: &Value) -> Value {
    let mut body = normal(body, "");
    let asynchronous = command["name"].as_str().is_some_and(|name| name.contains("execute_"));
    if asynchronous && body.get("command_status").is_some() {
        for member in ["command_status", "command_result", "command_error"] {
            body[member] = json!("LATER");
        }
    }
    body
}

struct Replay {
    commander: Commander,
    last_id: String,
}

impl Replay {
    /// Asks what was asked and compares; returns how many were compared.
    async fn run(&mut self, exchanges: &[Value], skip: &[&str]) -> usize {
        let mut compared = 0;
        for exchange in exchanges {
            let label = exchange["label"].as_str().unwrap();
            if !skip.iter().any(|skipped| label.starts_with(skipped)) {
                self.one(exchange, label).await;
                compared += 1;
            }
        }
        compared
    }

    async fn one(&mut self, exchange: &Value, label: &str) {
        let method = Method::of(exchange["method"].as_str().unwrap());
        let body = &exchange["request_body"];
        let body = match body.as_str() {
            Some(text) => text.to_owned(),
            None if body.is_null() => String::new(),
            None => body.to_string(),
        };
        let ended = label.ends_with("(list after it ended)");
        if ended {
            self.join().await;
        }
        let answer = self.commander.ask(method, &path_of(exchange, &self.last_id), &body).await.unwrap();
        let status = u16::try_from(exchange["status"].as_u64().unwrap()).unwrap();
        assert_eq!(answer.status, status, "{label}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(sent_headers(&answer.headers), recorded_headers(exchange), "{label}");
        if status == 308 {
            return;
        }
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
        if let Some(id) = body["id"].as_str().filter(|id| id.len() == 36) {
            id.clone_into(&mut self.last_id);
        }
        // The recording keeps the last entry only where it was a look at a command's end.
        if ended && let Some(list) = body["commands"].as_array_mut() {
            list.drain(..list.len() - 1);
        }
        let command = &exchange["request_body"];
        assert_eq!(settled(&body, command), settled(&exchange["response_body"], command), "{label}");
    }

    async fn join(&self) {
        let path = format!("/v1/commands/{}?wait=true&agent_token={TOKEN}", self.last_id);
        self.commander.ask(Method::Get, &path, "").await.unwrap();
    }
}

async fn replay(site: Option<Site>) -> (impl Sized, Replay) {
    let appliance = Appliance::start().await;
    let (place, server) = appliance.server(|settings| {
        settings.site = site;
        // So slow that a command that is to be running still runs when the next request comes.
        settings.pace = 0.5;
    });
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    ((appliance, place, server), Replay { commander, last_id: String::new() })
}

#[tokio::test]
async fn basics_and_errors_are_answered_as_recorded() {
    let (_alive, mut replay) = replay(None).await;
    let compared = replay.run(&exchanges(BASICS, "hardware info"), &[]).await;
    assert_eq!(compared, 22);
}

#[tokio::test]
async fn the_inventory_has_the_recorded_members() {
    let (_alive, replay) = replay(None).await;
    let recorded = exchanges(BASICS, "").pop().unwrap();
    let result = replay.commander.run("poll.get_hardware_info", json!({})).await.result;
    let recorded = &recorded["response_body"]["command_result"];
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&result), names(recorded));
    for list in ["interfaces", "disks"] {
        assert_eq!(names(&result[list][0]), names(&recorded[list][0]), "{list}");
    }
}

#[tokio::test]
async fn a_poisoned_list_and_redirects_are_answered_as_recorded() {
    let (_alive, mut replay) = replay(None).await;
    let poisoning = replay.commander.send("standby.sync", json!({"x": 1}), true).await.unwrap();
    assert_eq!(poisoning.status, 500);
    assert_eq!(replay.run(&exchanges(POISONED, ""), &[]).await, 4);
}

#[tokio::test]
async fn cleaning_is_answered_as_recorded() {
    let (_alive, mut replay) = replay(None).await;
    let compared = replay.run(&exchanges(CLEAN, "prepare_image: wrong checksum"), &[]).await;
    assert_eq!(compared, 9);
    let rest = exchanges(CLEAN, "");
    assert_eq!(replay.run(&rest[15..], &["prepare_image"]).await, 3);
}

#[tokio::test]
async fn a_deployment_is_answered_as_recorded() {
    let (_alive, mut replay) = replay(None).await;
    // The recorded disk had no partitions that the tool found; the list is long and repeats the rest.
    let skip = ["prepare_image", "partition uuids", "list", "bootloader", "logs"];
    assert_eq!(replay.run(&exchanges(DEPLOY, "power off"), &skip).await, 5);
}

#[tokio::test]
async fn two_hardware_managers_are_answered_as_recorded() {
    let site = Site::sample("E2EHardwareManager", "e2e", Duration::from_secs(1));
    let (_alive, mut replay) = replay(Some(site)).await;
    let skip = ["list with many entries", "hardware info"];
    let compared = replay.run(&exchanges(STEPS, "prepare_image"), &skip).await;
    assert_eq!(compared, 25);
}

#[tokio::test]
async fn lockdown_is_answered_as_recorded() {
    let (_alive, mut replay) = replay(None).await;
    let lockdown: Vec<Value> =
        exchanges(IMAGE, "").into_iter().filter(|exchange| exchange["label"] == "lockdown").collect();
    assert_eq!(replay.run(&lockdown, &[]).await, 1);
}

/// Asks for an image as recorded, from the stand-in's files, and compares how the command ended.
async fn image_ends_as_recorded(text: &str, label: &str, bytes: &[u8], right: bool) {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|settings| settings.download_retries = 1);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    let all = exchanges(text, "");
    let at = all.iter().position(|exchange| exchange["label"] == label).unwrap();
    let mut params = all[at]["request_body"]["params"].clone();
    params["image_info"]["urls"] = json!([appliance.file("disk.raw", bytes)]);
    if right {
        params["image_info"]["os_hash_value"] = json!(crate::twin::tests::life::sha256(bytes));
    }
    let result = commander.run("standby.prepare_image", params).await.emit();
    let recorded = &all[at + 1]["response_body"]["commands"][0];
    let mut result = normal(&result, "");
    let mut recorded = normal(recorded, "");
    for value in [&mut result, &mut recorded] {
        if let Some(details) = value.pointer_mut("/command_error/details") {
            *details = json!(details.as_str().unwrap().split("image ID").next());
        }
    }
    assert_eq!(result, recorded, "{label}");
}

#[tokio::test]
async fn images_end_as_recorded() {
    image_ends_as_recorded(CLEAN, "prepare_image: wrong checksum", b"some bytes", false).await;
    image_ends_as_recorded(CLEAN, "prepare_image: raw, streamed", b"some bytes", true).await;
    image_ends_as_recorded(IMAGE, "prepare_image into a file, raw stream", b"some bytes", true).await;
}

#[tokio::test]
async fn the_appliance_is_asked_as_recorded() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let beat = appliance.last_beat().await.emit();
    let asked = std::mem::take(&mut appliance.desk.lock().unwrap().calls);
    let recorded = exchanges(CALLS, "");
    for (call, recorded) in asked.iter().zip(&recorded[..4]) {
        let header = |wanted: &str| {
            let headers: Vec<(String, String)> =
                serde_json::from_value(recorded["request_headers"].clone()).unwrap();
            headers.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let [method, path, version, kind] = call;
        assert_eq!(method.as_deref(), recorded["method"].as_str());
        let wanted = recorded["path"].as_str().unwrap().split('?').next().unwrap();
        let stem =
            |path: &str| path.strip_prefix("/v1/heartbeat/").map_or(path.to_owned(), |_| "beat".to_owned());
        assert_eq!(stem(path.as_ref().unwrap()), stem(wanted));
        assert_eq!(*version, header("X-OpenStack-Ironic-API-Version"), "{wanted}");
        if let Some(recorded) = header("Content-Type") {
            assert_eq!(kind.as_ref(), Some(&recorded), "{wanted}");
        }
    }
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&beat), names(&recorded[3]["request_body"]));
}
