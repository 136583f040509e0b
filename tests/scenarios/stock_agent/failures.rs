//! Work that fails on the machine, or that somebody ends.

use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::deploy::quick;
use crate::stock_agent::http::SlowShop;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

#[test]
fn a_step_that_fails_on_the_machine_is_named_with_what_the_agent_said() {
    let config = "[conductor]\n\
                  clean_step_priority_override = ['deploy.site_fail:99', 'deploy.site_quick:0']\n\
                  [deploy]\nerase_devices_metadata_priority = 0";
    let rig = Rig::new(Machine::new(MAC), config, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    let told = rig.until_failed("clean failed");
    assert!(told.contains("n1") && told.contains("deploy.site_fail"), "{told}");
    assert!(told.contains("the step was asked to fail"), "{told}");
    let node = rig.node();
    assert_eq!((&node["maintenance"], &node["fault"]), (&json!(true), &json!("clean failure")));
    assert_eq!(rig.machine().steps(), ["site_fail"]);
    assert!(rig.daemon.data().join("logs").read_dir().unwrap().next().is_some(), "no logs were kept");
}

#[test]
fn a_user_aborts_a_deployment_while_the_image_is_written_and_deploys_again() {
    let rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(4 << 20);
    let shop = SlowShop::open(image.content.clone());
    let mut order = image.order();
    order["image_source"] = json!(shop.url);
    rig.instance(&order);
    rig.provision(&json!({"target": "active"}));
    shop.wait_for_half();
    rig.provision(&json!({"target": "abort"}));
    let told = rig.until_failed("deploy failed");
    assert!(told.contains("n1") && told.contains("aborted") && told.contains("deploy.write_image"), "{told}");
    assert_eq!(rig.node()["power_state"], "power off");
    rig.wait("power cut", |rig| !rig.machine().is_on());

    rig.instance(&image.order());
    rig.provision(&json!({"target": "active"}));
    rig.until("active");
    rig.assert_disk(&image.content);
}

#[test]
fn a_user_ends_a_deployment_whose_image_is_being_fetched_and_the_machine_is_never_switched_on() {
    let rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(4 << 20);
    for (target, state) in [("abort", "deploy failed"), ("deleted", "available")] {
        let shop = SlowShop::open(image.content.clone());
        let mut order = image.order();
        (order["image_source"], order["image_download_source"]) = (json!(shop.url), json!("local"));
        rig.instance(&order);
        rig.provision(&json!({"target": "active"}));
        shop.wait_for_half();
        rig.wait("the download", |rig| rig.node()["provision_state"] == "wait call-back");
        rig.provision(&json!({"target": target}));
        rig.wait(state, |rig| rig.node()["provision_state"] == state);
        let cache = rig.daemon.data().join("cache");
        rig.wait("end of the download", |_| std::fs::read_dir(&cache).unwrap().next().is_none());
        assert_eq!(rig.machine().boots(), 0, "{target}");
    }
}
