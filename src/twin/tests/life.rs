//! A server's life: boot, lookup, beats, commands, images, power.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::base::time::{RealClock, SharedClock};
use crate::net::http::Method;
use crate::twin::agent::hash::{Algorithm, hex};
use crate::twin::progress::{BootFrom, Power, Runs, Stage};
use crate::twin::rack::Rack;
use crate::twin::settings::Settings;
use crate::twin::steps::Site;
use crate::twin::tests::appliance::{Appliance, Commander, TOKEN};
use crate::wire::agent::command::Status;
use crate::wire::agent::inventory::Inventory;

pub(super) fn sha256(bytes: &[u8]) -> String {
    let mut digest = Algorithm::Sha256.start();
    digest.update(bytes);
    hex(digest)
}

pub(super) fn write_image(url: &str, bytes: &[u8], drive: Option<&str>) -> Value {
    let info = json!({"id": "image-1", "urls": [url], "disk_format": "raw", "os_hash_algo": "sha256",
        "os_hash_value": sha256(bytes)});
    let step = json!({"interface": "deploy", "step": "write_image",
        "args": {"image_info": info, "configdrive": drive}});
    json!({"step": step, "node": {}, "ports": [], "deploy_version": {"generic_hardware_manager": "1.2"}})
}

pub(super) fn image(size: usize) -> Vec<u8> {
    (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

pub(super) fn zeros(bytes: &[u8]) -> usize {
    bytes.chunks(4096).map(|chunk| chunk.iter().map(|byte| usize::from(*byte == 0)).sum::<usize>()).sum()
}

pub(super) fn clean(step: &str) -> Value {
    json!({"step": {"interface": "deploy", "step": step}, "node": {}, "ports": []})
}

#[tokio::test]
async fn a_server_looks_itself_up_until_it_is_known_and_then_beats() {
    let appliance = Appliance::start().await;
    appliance.desk.lock().unwrap().refuse = vec![404, 409, 409, 503];
    let (_place, server) = appliance.server(|_| {});
    assert_eq!(server.power(), Power::Off);
    server.power_on();
    let beat = appliance.last_beat().await;
    assert!(beat.agent_token.unwrap().matches(TOKEN));
    assert_eq!(beat.agent_version.as_deref(), Some("13.0.0"));
    assert!(beat.callback_url.starts_with("https://127.0.0.1:"));
    let seen = server.wait_for(|progress| progress.beats > 0).await;
    assert_eq!((seen.lookups, seen.boots, seen.stage), (5, 1, Stage::Serving));
    let lookups = std::mem::take(&mut appliance.desk.lock().unwrap().lookups);
    assert_eq!(lookups.len(), 5);
    for (query, version) in lookups {
        assert_eq!(query.emit(), "addresses=52%3A54%3A00%3Ae2%3Ae0%3A01");
        assert_eq!(version.as_deref(), Some("1.62"));
    }
    assert_eq!(appliance.desk.lock().unwrap().paths[..2], ["/", "/v1/lookup"]);
}

#[tokio::test]
async fn a_masked_token_locks_an_agent_down_that_has_none() {
    let appliance = Appliance::start().await;
    appliance.desk.lock().unwrap().masked = true;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let seen = server.wait_for(|progress| progress.stage == Stage::LockedDown).await;
    assert_eq!(seen.lockdowns, 1);
    server.plant_token(Some(crate::base::secret::Secret::new(TOKEN)));
    server.reboot().await;
    assert!(appliance.last_beat().await.agent_token.unwrap().matches(TOKEN));
}

#[tokio::test]
async fn a_server_that_boots_its_disk_runs_no_agent() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.boot_from(BootFrom::Disk);
    server.power_on();
    let seen = server.wait_for(|progress| progress.stage == Stage::Installed).await;
    assert_eq!((seen.boots, seen.lookups), (1, 0));
    server.power_off().await;
    assert_eq!(server.progress().stage, Stage::Off);
}

#[tokio::test]
async fn an_image_with_a_config_drive_is_on_the_disk_byte_for_byte() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    let bytes = image(1 << 20);
    let url = appliance.file("disk.raw", &bytes);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"config drive").unwrap();
    let drive = STANDARD.encode(gzip.finish().unwrap());
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    let result = commander.run("deploy.execute_deploy_step", write_image(&url, &bytes, Some(&drive))).await;
    assert_eq!(result.status, Status::Succeeded, "{:?}", result.error);
    let disk = std::fs::read(server.disk().path()).unwrap();
    assert_eq!(sha256(&disk[..bytes.len()]), sha256(&bytes));
    let start = usize::try_from(server.disk().drive_start()).unwrap();
    assert_eq!(&disk[start..start + 12], b"config drive");
    let seen = server.progress();
    assert_eq!(seen.runs("write_image"), Runs { begun: 1, finished: 1 });
    assert_eq!((seen.images, seen.image_bytes), (1, 1 << 20));
    let lookups = &appliance.desk.lock().unwrap().lookups;
    assert!(lookups.last().unwrap().0.node_uuid.is_some(), "an agent asks again before each image");
}

#[tokio::test]
async fn erasing_leaves_zeros() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    std::fs::write(server.disk().path(), vec![7; 4 << 20]).unwrap();
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    commander.run("clean.execute_clean_step", clean("erase_devices_metadata")).await;
    let disk = std::fs::read(server.disk().path()).unwrap();
    assert_eq!(zeros(&disk), 2 << 20);
    commander.run("clean.execute_clean_step", clean("erase_devices")).await;
    assert!(std::fs::read(server.disk().path()).unwrap().iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn an_asynchronous_command_ends_with_a_beat_and_refuses_a_second() {
    let appliance = Appliance::start().await;
    let slow = Duration::from_millis(200);
    let (_place, server) = appliance.server(|settings| settings.site = Some(Site::sample("Site", "s", slow)));
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    let heard = appliance.beats.borrow().len();
    let answer = commander.send("clean.execute_clean_step", clean("s_slow"), false).await.unwrap();
    assert_eq!(answer.status, 200);
    let busy = commander.send("standby.sync", json!({}), true).await.unwrap();
    assert_eq!(busy.status, 409);
    let mut beats = appliance.beats.subscribe();
    beats.wait_for(|beats| beats.len() > heard).await.unwrap();
    let list = commander.list().await.unwrap();
    let list = crate::wire::agent::answer::list(list.status, &list.body).unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].status, Status::Succeeded);
    assert_eq!(list[0].result["clean_result"], json!({"slept": true}));
}

#[tokio::test]
async fn power_off_by_the_agent_is_the_end_of_it() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let beat = appliance.last_beat().await;
    let commander = Commander::of(&beat);
    let answer = commander.send("standby.power_off", json!({}), false).await.unwrap();
    assert_eq!(answer.status, 200);
    server.wait_for(|progress| progress.power == Power::Off).await;
    assert!(commander.ask(Method::Get, "/", "").await.is_err());
    server.power_off().await;
    assert_eq!(server.progress().boots, 1);
}

#[tokio::test]
async fn run_image_boots_what_the_harness_says() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.boot_from(BootFrom::Disk);
    commander.send("standby.run_image", json!({}), false).await.unwrap();
    let seen = server.wait_for(|progress| progress.stage == Stage::Installed).await;
    assert_eq!((seen.power, seen.boots), (Power::On, 2));
}

#[tokio::test]
async fn lockdown_is_answered_and_then_nobody_is_there() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    assert_eq!(commander.run("system.lockdown", json!({})).await.status, Status::Succeeded);
    assert_eq!(server.progress().lockdowns, 1);
    assert!(commander.ask(Method::Get, "/", "").await.is_err());
}

#[tokio::test]
async fn the_inventory_names_the_disk_and_the_logs_are_an_archive() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    let result = commander.run("poll.get_hardware_info", json!({})).await;
    let inventory = Inventory::from_value(result.result).unwrap();
    assert_eq!(inventory.disks[0]["serial"], "TWIN-t1");
    assert_eq!(inventory.disks[0]["size"], 4_u64 << 20);
    let logs = commander.run("log.collect_system_logs", json!({})).await.result;
    assert!(STANDARD.decode(logs["system_logs"].as_str().unwrap()).unwrap().starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn nothing_reaches_the_disk_once_the_power_is_off() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|settings| settings.write_pause = Duration::from_millis(2));
    let bytes = image(3 << 20);
    let url = appliance.file("disk.raw", &bytes);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    commander.send("deploy.execute_deploy_step", write_image(&url, &bytes, None), false).await.unwrap();
    server.wait_for(|progress| progress.image_bytes > 0).await;
    server.power_off().await;
    let written = server.progress().image_bytes;
    assert!(written < 3 << 20, "{written}");
    let disk = std::fs::read(server.disk().path()).unwrap();
    let end = usize::try_from(written).unwrap();
    assert_eq!(disk[..end], bytes[..end]);
    assert!(disk[end..].iter().all(|byte| *byte == 0));
    assert_eq!(server.progress().doing, None);
}

#[tokio::test]
async fn a_rack_boots_whole_and_falls_whole() {
    let appliance = Appliance::start().await;
    let (place, one) = appliance.server(|_| {});
    let model =
        Settings { name: "r".to_owned(), directory: place.path().to_owned(), ..one.settings().clone() };
    let rack = Rack::new(3, &model, &(Arc::new(RealClock::new()) as SharedClock)).unwrap();
    appliance.desk.lock().unwrap().generous = true;
    for server in rack.servers() {
        server.power_on();
        server.power_on();
    }
    for server in rack.servers() {
        let seen = server.wait_for(|progress| progress.beats > 0).await;
        assert_eq!(seen.boots, 1);
    }
    let mut places: Vec<String> =
        appliance.beats.borrow().iter().map(|beat| beat.callback_url.clone()).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 3);
    rack.power_off().await;
    assert!(rack.servers().iter().all(|server| server.power() == Power::Off));
    assert!(rack.server("r-2").is_some() && rack.server("r-4").is_none());
}
