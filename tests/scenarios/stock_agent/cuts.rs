//! The daemon or the machine is cut off in the middle of a step.

use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::deploy::quick;
use crate::stock_agent::http::SlowShop;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

/// Only the steps that a test needs.
const SLOW_ONLY: &str = "[conductor]\n\
    clean_step_priority_override = ['deploy.site_slow:50', 'deploy.site_quick:0', 'deploy.site_reboot:0']\n\
    [deploy]\nerase_devices_metadata_priority = 0\nerase_devices_priority = 0";
const ERASE_ONLY: &str = "[conductor]\n\
    clean_step_priority_override = ['deploy.site_quick:0', 'deploy.site_reboot:0']\n\
    [deploy]\nerase_devices_metadata_priority = 0";

#[test]
fn the_daemon_is_killed_while_a_slow_clean_step_runs() {
    let mut rig = Rig::new(Machine::new(MAC).with("SITE_SLOW", "4"), SLOW_ONLY, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    rig.until_step_runs("site_slow", 1);
    rig.kill_daemon();
    rig.restart_daemon();
    rig.until("available");
    assert_eq!(rig.machine().steps(), ["site_slow"], "it ran once");
    assert_eq!(rig.machine().boots(), 1);
    assert_eq!(rig.node()["last_error"], Value::Null);
}

#[test]
fn the_daemon_is_killed_while_the_image_is_written() {
    let mut rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(8 << 20);
    let shop = SlowShop::open(image.content.clone());
    let mut order = image.order();
    order["image_source"] = json!(shop.url);
    rig.instance(&order);
    rig.provision(&json!({"target": "active"}));
    shop.wait_for_half();
    rig.kill_daemon();
    rig.restart_daemon();
    shop.give_the_rest();
    rig.until("active");
    rig.assert_disk(&image.content);
    assert_eq!(rig.machine().steps(), ["write_image", "site_quick"], "the image was written once");
    assert_eq!(rig.node()["last_error"], Value::Null);
}

#[test]
fn the_daemon_is_killed_while_it_fetches_the_image_and_switches_on_when_it_has_all_of_it() {
    let mut rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(8 << 20);
    let shop = SlowShop::open(image.content.clone());
    let mut order = image.order();
    (order["image_source"], order["image_download_source"]) = (json!(shop.url), json!("local"));
    rig.instance(&order);
    rig.provision(&json!({"target": "active"}));
    shop.wait_for_half();
    rig.kill_daemon();
    rig.restart_daemon();
    shop.give_the_rest();
    shop.wait_for_half();
    rig.wait("half of the image", |rig| {
        let node = rig.node();
        let told = node["driver_internal_info"]["waiting"]["from_whom"].as_str().unwrap_or_default();
        told == "the image (downloading: 4.0 MiB of 8.0 MiB)" && node["provision_state"] == "wait call-back"
    });
    assert_eq!((rig.node()["power_state"].clone(), rig.machine().boots()), (json!("power off"), 0));
    shop.give_the_rest();
    rig.until("active");
    rig.assert_disk(&image.content);
    assert_eq!(rig.node()["last_error"], Value::Null);
    assert!(!shop.was_asked_again(), "it was fetched once");
}

#[test]
fn the_daemon_is_killed_while_it_gives_out_the_image_itself() {
    // The stock agent asks ten times, ten seconds apart; here the seconds are shorter.
    let machine = Machine::new(MAC).with("AGENT_CONF", "image_download_connection_retries = 20");
    let mut rig = Rig::new(machine, "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.random_image(192 << 20);
    rig.instance(&image.order());
    rig.provision(&json!({"target": "active"}));
    rig.wait("first bytes on the disk", Rig::disk_has_begun);
    rig.kill_daemon();
    rig.restart_daemon();
    rig.until("active");
    rig.assert_disk(&image.content);
    assert_eq!(rig.machine().steps(), ["write_image", "site_quick"], "it was one step all the time");
    assert!(rig.machine().log().contains("Image download failed, "), "the kill came too late");
}

#[test]
fn a_server_that_reboots_while_its_disk_is_erased_begins_the_step_again() {
    let rig = Rig::new(Machine::new(MAC).with("SITE_ERASE", "300"), ERASE_ONLY, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    rig.until_step_runs("erase_devices", 1);
    let mut machine = rig.machine();
    machine.power_off();
    machine.set("SITE_ERASE", "0");
    machine.power_on(&rig.rack);
    drop(machine);
    rig.until("available");
    assert_eq!(rig.machine().steps(), ["erase_devices", "erase_devices"]);
    let history = rig.history();
    let lost = history.iter().filter(|event| event.starts_with("step deploy.erase_devices was lost")).count();
    assert_eq!(lost, 1, "{history:#?}");
}

#[test]
fn a_server_that_reboots_in_a_step_of_the_site_is_left_to_a_person() {
    let rig = Rig::new(Machine::new(MAC).with("SITE_SLOW", "300"), SLOW_ONLY, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    rig.until_step_runs("site_slow", 1);
    rig.reboot_machine();
    let told = rig.until_failed("clean failed");
    assert!(told.contains("n1") && told.contains("deploy.site_slow") && told.contains("rebooted"), "{told}");
    assert_eq!(rig.machine().steps(), ["site_slow"], "nobody knows whether it may run twice");
    assert_eq!(rig.node()["maintenance"], true);
}

#[test]
fn a_server_that_reboots_in_a_site_step_of_its_deployment_is_left_to_a_person() {
    let rig = Rig::by_steps_alone(Machine::new(MAC).with("SITE_SLOW", "300"));
    let slow = json!({"interface": "deploy", "step": "site_slow", "priority": 80, "args": {}});
    rig.provision(&json!({"target": "active", "deploy_steps": [slow]}));
    rig.until_step_runs("site_slow", 1);
    rig.reboot_machine();
    let told = rig.until_failed("deploy failed");
    assert!(told.contains("n1") && told.contains("deploy.site_slow") && told.contains("rebooted"), "{told}");
    assert!(told.contains("deploy it again"), "{told}");
    assert_eq!(rig.machine().steps(), ["site_slow"], "nothing after it was begun");
    assert_eq!(rig.node()["power_state"], "power off");
}

#[test]
fn a_server_that_reboots_in_a_site_step_of_its_service_is_left_to_a_person() {
    let rig = Rig::in_use(Machine::new(MAC).with("SITE_SLOW", "300"), "");
    let steps = ["site_slow", "site_quick"].map(|step| json!({"interface": "deploy", "step": step}));
    rig.provision(&json!({"target": "service", "service_steps": steps}));
    rig.until_step_runs("site_slow", 1);
    rig.reboot_machine();
    let told = rig.until_failed("service failed");
    assert!(told.contains("n1") && told.contains("deploy.site_slow") && told.contains("rebooted"), "{told}");
    assert_eq!(rig.machine().steps(), ["site_slow"], "nothing after it was begun");
    let node = rig.node();
    assert_eq!((&node["maintenance"], &node["fault"]), (&json!(true), &json!("service failure")));
}

mod e2e {
    use std::time::Duration;

    use super::*;

    #[test]
    #[ignore = "some twenty kills: run by tests/run e2e"]
    fn the_daemon_is_killed_again_and_again_while_a_server_is_cleaned_and_gets_its_image() {
        let machine = Machine::new(MAC).with("AGENT_CONF", "image_download_connection_retries = 20");
        let mut rig = Rig::new(machine, "", &json!({"driver_info": {"deploy_forces_oob_reboot": true}}));
        let image = rig.image(8 << 20);
        rig.instance(&image.order());
        let mut kills = 0;
        for (target, end) in [("provide", "available"), ("active", "active")] {
            rig.provision(&json!({"target": target}));
            while rig.node()["provision_state"] != end {
                // Lives of 0.4 to 1.3 s, so that the kills fall everywhere; a fake machine needs one to be off and on again.
                std::thread::park_timeout(Duration::from_millis(400 + kills * 170 % 900));
                rig.kill_daemon();
                rig.restart_daemon();
                kills += 1;
                let node = rig.node();
                assert_eq!(node["last_error"], Value::Null, "{node:#}");
                assert!(kills < 120, "{node:#}");
            }
        }
        rig.assert_disk(&image.content);
        let cleaned = ["erase_devices_metadata", "site_quick", "site_reboot", "erase_devices"];
        assert_eq!(rig.machine().steps()[..4], cleaned);
        assert_eq!(rig.machine().steps()[4..], ["write_image", "site_quick"]);
        assert_eq!(rig.machine().boots(), 4, "two to clean, the ramdisk, the disk; {kills} kills");
        eprintln!("{kills} kills");
    }

    #[test]
    #[ignore = "four boots, half a minute: run by tests/run e2e"]
    fn a_server_that_reboots_in_the_same_step_again_and_again_is_given_up() {
        let rig = Rig::new(Machine::new(MAC).with("SITE_ERASE", "300"), ERASE_ONLY, &json!({}));
        rig.provision(&json!({"target": "provide"}));
        for time in 1..=4 {
            rig.until_step_runs("erase_devices", time);
            let mut machine = rig.machine();
            machine.power_off();
            machine.power_on(&rig.rack);
        }
        let told = rig.until_failed("clean failed");
        assert!(told.contains("deploy.erase_devices") && told.contains("lost 3 times"), "{told}");
        assert_eq!(rig.machine().steps(), ["erase_devices"; 4]);
    }
}
