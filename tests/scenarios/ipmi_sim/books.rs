//! What a BMC keeps: sensors, event log, inventory; its own and that of a controller behind it.

use serde_json::json;

use crate::ipmi_sim::rig::Sim;
use crate::ipmi_sim::rig::enrolled;
use crate::ipmi_sim::rig::page;
use crate::stock_agent::http::ask;

#[test]
fn sensors_events_and_inventory_are_read() {
    let sim = Sim::start();
    let daemon = enrolled(sim.port, &json!({}));
    let sensors = page(&daemon, "sensors");
    let temperature = &sensors["sensors"]["Temperature"]["DJTemp (0x1)"];
    let printed = sim.ipmitool(&["sdr", "-v"]);
    for (field, value) in temperature.as_object().unwrap() {
        let value = value.as_str().unwrap();
        let line = printed.lines().find(|line| line.trim_start().starts_with(field.as_str()));
        assert!(line.is_some_and(|line| line.contains(value)), "{field}: {value} against {line:?}");
    }
    assert!(temperature["Sensor Reading"].as_str().unwrap().contains("degrees C"), "{sensors}");
    let log = page(&daemon, "sel");
    assert_eq!(log["complete"], true);
    let first = &log["entries"][0];
    assert_eq!((&first["sensor"], &first["asserted"]), (&json!("Temperature #0x01"), &json!(true)));
    assert!(sim.ipmitool(&["sel", "list"]).contains(first["event"].as_str().unwrap()), "{log}");
    let inventory = page(&daemon, "fru");
    assert_eq!(inventory["product"]["serial_number"], "SN4711", "{inventory}");
    assert_eq!(inventory["board"]["part_number"], "P-1", "{inventory}");
    let (status, said) = ask(daemon.url(), "GET", "/ferric/v1/nodes/n1/power_reading", None).unwrap();
    assert!(status >= 400 && said.to_string().contains("invalid command"), "it has no DCMI: {said}");
}

#[test]
fn a_controller_behind_the_bmc_is_asked_over_the_bridge() {
    let sim = Sim::start();
    let way = json!({"ipmi_bridging": "single", "ipmi_target_channel": 0, "ipmi_target_address": 0x30});
    let daemon = enrolled(sim.port, &way);
    let log = page(&daemon, "sel");
    assert_eq!(log["entries"][0]["sensor"], "Fan #0x02", "the other's log: {log}");
    drop(daemon);
    let way = json!({"ipmi_bridging": "single", "ipmi_target_channel": 0, "ipmi_target_address": 0x42});
    let daemon = enrolled(sim.port, &way);
    let (status, said) = ask(daemon.url(), "GET", "/ferric/v1/nodes/n1/sel", None).unwrap();
    assert!(status >= 400 && said.to_string().contains("NAK"), "{said}");
}
