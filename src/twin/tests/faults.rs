//! What goes wrong on demand goes wrong so, and only so often.

use std::time::Duration;

use serde_json::json;

use crate::net::client::outgoing::ClientError;
use crate::net::http::Method;
use crate::twin::fault::Fault;
use crate::twin::progress::{Runs, Stage};
use crate::twin::tests::appliance::{Appliance, Commander};
use crate::twin::tests::life::{clean, image, sha256, write_image, zeros};
use crate::wire::agent::command::Status;

#[tokio::test]
async fn a_lost_answer_is_for_work_that_was_done() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::LoseAnswers(1));
    let lost = commander.send("standby.sync", json!({}), true).await.unwrap_err();
    assert!(lost.sent(), "{lost}");
    assert_eq!(server.progress().commands, ["standby.sync"]);
    assert_eq!(commander.run("standby.sync", json!({})).await.status, Status::Succeeded);
}

#[tokio::test]
async fn a_reboot_in_a_step_loses_it_and_the_list() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    let bytes = image(1 << 20);
    let url = appliance.file("disk.raw", &bytes);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::RebootIn("write_image".to_owned()));
    commander.send("deploy.execute_deploy_step", write_image(&url, &bytes, None), false).await.ok();
    server.wait_for(|progress| progress.boots == 2).await;
    assert_eq!(server.progress().runs("write_image"), Runs { begun: 1, finished: 0 });
    let written = server.progress().image_bytes;
    assert!(written > 0 && written < 1 << 20, "{written}");
    let commander = Commander::of(&appliance.fresh_boot(&server).await);
    assert_eq!(commander.list().await.unwrap().body, br#"{"commands":[]}"#);
    let result = commander.run("deploy.execute_deploy_step", write_image(&url, &bytes, None)).await;
    assert_eq!(result.status, Status::Succeeded, "{:?}", result.error);
    assert_eq!(server.progress().runs("write_image"), Runs { begun: 2, finished: 1 });
}

#[tokio::test]
async fn a_reboot_while_erasing_leaves_half_of_it() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    std::fs::write(server.disk().path(), vec![7; 4 << 20]).unwrap();
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::RebootIn("erase_devices".to_owned()));
    commander.send("clean.execute_clean_step", clean("erase_devices"), false).await.ok();
    server.wait_for(|progress| progress.boots == 2).await;
    let disk = std::fs::read(server.disk().path()).unwrap();
    assert_eq!(zeros(&disk), 2 << 20);
}

#[tokio::test]
async fn a_damaged_download_fails_and_is_tried_again() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|settings| settings.download_retries = 1);
    let bytes = image(300_000);
    let url = appliance.file("disk.raw", &bytes);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::CorruptDownloads(2));
    let result = commander.run("deploy.execute_deploy_step", write_image(&url, &bytes, None)).await;
    let error = result.error.unwrap();
    assert_eq!(error.kind, "ImageChecksumError");
    assert!(error.details.contains(&format!("image checksum: {}", sha256(&bytes))), "{}", error.details);
    server.fail(Fault::CorruptDownloads(1));
    let result = commander.run("deploy.execute_deploy_step", write_image(&url, &bytes, None)).await;
    assert_eq!(result.status, Status::Succeeded);
}

#[tokio::test]
async fn a_damaged_disk_is_noticed_by_nobody_but_the_reader() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    let bytes = image(1000);
    let url = appliance.file("disk.raw", &bytes);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::CorruptDisk(1));
    let result = commander.run("deploy.execute_deploy_step", write_image(&url, &bytes, None)).await;
    assert_eq!(result.status, Status::Succeeded);
    assert_ne!(std::fs::read(server.disk().path()).unwrap()[..1000], bytes);
}

#[tokio::test]
async fn images_that_do_not_fit_or_are_not_there_fail_at_once() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    let bytes = image(5 << 20);
    let url = appliance.file("disk.raw", &bytes);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    let result = commander.run("deploy.execute_deploy_step", write_image(&url, &bytes, None)).await;
    assert_eq!(result.error.unwrap().kind, "ImageWriteError");
    let missing = format!("{}/missing", appliance.url);
    let result = commander.run("deploy.execute_deploy_step", write_image(&missing, &bytes, None)).await;
    let error = result.error.unwrap();
    assert_eq!(error.kind, "ImageDownloadFatalError");
    assert!(error.details.contains("status code 404"));
}

#[tokio::test]
async fn a_poisoned_list_stays_so_until_the_next_boot() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::Poison);
    assert_eq!(commander.list().await.unwrap().status, 500);
    server.clear_faults();
    assert_eq!(commander.list().await.unwrap().status, 500);
    assert_eq!(commander.run("standby.sync", json!({})).await.status, Status::Succeeded);
    let commander = Commander::of(&appliance.fresh_boot(&server).await);
    assert_eq!(commander.list().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_deaf_agent_refuses_and_comes_back_at_the_same_place() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::Deaf);
    while !matches!(commander.list().await, Err(ClientError::Unreachable { .. })) {
        tokio::task::yield_now().await;
    }
    server.clear_faults();
    while commander.list().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(commander.list().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_mute_agent_takes_requests_and_does_nothing() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::Mute);
    let asked =
        tokio::time::timeout(Duration::from_millis(100), commander.send("standby.sync", json!({}), true));
    assert!(asked.await.is_err());
    assert_eq!(server.progress().commands, [""; 0]);
    server.clear_faults();
    assert_eq!(commander.list().await.unwrap().status, 200);
}

#[tokio::test]
async fn another_certificate_is_served_and_announced() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|settings| settings.beat_scale = 0.0001);
    server.power_on();
    let beat = appliance.last_beat().await;
    server.fail(Fault::NewCertificate);
    let old = beat.agent_verify_ca.clone();
    let mut beats = appliance.beats.subscribe();
    let found = beats.wait_for(|beats| beats.last().unwrap().agent_verify_ca != old).await.unwrap();
    let renewed = found.last().unwrap().clone();
    drop(found);
    assert_eq!(renewed.callback_url, beat.callback_url);
    while Commander::of(&renewed).ask(Method::Get, "/", "").await.is_err() {
        tokio::task::yield_now().await;
    }
    let stale = Commander::of(&beat).ask(Method::Get, "/", "").await;
    assert!(matches!(stale, Err(ClientError::WrongCertificate { .. })), "{stale:?}");
}

#[tokio::test]
async fn a_silent_agent_still_answers_and_a_dead_one_does_not() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|settings| settings.beat_scale = 0.0001);
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::Silence);
    server.fail(Fault::DieAfter(1));
    assert_eq!(commander.run("standby.sync", json!({})).await.status, Status::Succeeded);
    assert!(commander.send("standby.sync", json!({}), true).await.is_err());
    let seen = server.wait_for(|progress| progress.stage == Stage::Dead).await;
    assert_eq!(seen.commands.len(), 1);
    assert!(commander.list().await.is_err());
}

#[tokio::test]
async fn slow_answers_and_late_boots_wait_on_the_clock() {
    let appliance = Appliance::start().await;
    let place = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(crate::base::time::PausedClock::new());
    let mac = "52:54:00:e2:e0:01".parse().unwrap();
    let mut settings = crate::twin::settings::Settings::new("t1", mac, place.path(), &appliance.url);
    settings.disk_size = 1 << 20;
    settings.boot_time = Duration::from_mins(1);
    let server = crate::twin::server::Server::new(settings, clock.clone()).unwrap();
    server.fail(Fault::LateBoot(Duration::from_hours(1)));
    server.power_on();
    clock.advance(Duration::from_mins(59));
    tokio::task::yield_now().await;
    assert_eq!(server.progress().stage, Stage::Booting);
    let started = async {
        loop {
            clock.advance(Duration::from_mins(2));
            tokio::task::yield_now().await;
            if server.progress().stage == Stage::Serving {
                break;
            }
        }
    };
    started.await;
    let commander = Commander::of(&appliance.last_beat().await);
    server.fail(Fault::Slow(Duration::from_secs(3)));
    let asked = commander.list();
    let waited = async {
        loop {
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        answer = asked => assert_eq!(answer.unwrap().status, 200),
        () = waited => {}
    }
}

#[tokio::test]
async fn a_rescue_leaves_the_password_and_no_agent_and_may_fail_as_the_real_one_does() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.power_on();
    let commander = Commander::of(&appliance.last_beat().await);
    let params = json!({"rescue_password": "$5$salt$hash", "hashed": true});
    server.fail(Fault::NoRescue);
    let refused = commander.send("rescue.finalize_rescue", params.clone(), false).await.unwrap();
    assert_eq!((refused.status, server.progress().rescue), (500, None));
    server.reboot().await;
    let commander = Commander::of(&appliance.fresh_boot(&server).await);
    let done = commander.run("rescue.finalize_rescue", params).await;
    assert_eq!(done.status, Status::Succeeded, "{:?}", done.error);
    let seen = server.wait_for(|progress| progress.stage == Stage::Rescued).await;
    let rescue = seen.rescue.unwrap();
    assert!(rescue.hashed && rescue.password.matches("$5$salt$hash"));
    assert_eq!(seen.power, crate::twin::progress::Power::On);
    assert!(commander.list().await.is_err(), "the agent has ended");
}
