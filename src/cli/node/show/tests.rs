use std::fmt::Write;

use serde_json::json;

use super::*;

fn text(node: &Value, ports: &[Value]) -> String {
    let now = Moment(1_795_204_023_271_161);
    let mut text = String::new();
    for group in groups(View(node), ports, now).iter().filter(|group| !group.rows.is_empty()) {
        writeln!(text, "{}", group.title).unwrap();
        for (label, value, _) in &group.rows {
            writeln!(text, "  {label:<LABEL$}  {value}").unwrap();
        }
    }
    text
}

#[test]
fn a_waiting_node_is_shown_in_groups() {
    let node = json!({
        "uuid": "u-1", "name": "n1", "driver": "manual-management", "resource_class": "baremetal",
        "description": null, "provision_state": "clean wait", "target_provision_state": "available",
        "provision_updated_at": "2026-11-20T19:45:00+00:00", "power_state": "power on",
        "inspection_finished_at": "2026-11-20T19:40:00+00:00",
        "target_power_state": null, "maintenance": false, "fault": null, "reservation": null, "last_error": null,
        "clean_step": {"interface": "deploy", "step": "erase_devices"}, "deploy_step": {},
        "driver_internal_info": {
            "agent_url": "https://10.0.0.5:9999", "agent_version": "13.0.0",
            "agent_last_heartbeat": "2026-11-20T19:46:58.000000",
            "waiting": {"why": "heartbeat", "from_whom": "agent 10.0.0.5",
                "since": "2026-11-20T19:46:58.271161", "deadline_seconds": 1800,
                "trouble": {"since": "2026-11-20T19:46:03", "why": "connection\nrefused"}},
        },
        "instance_uuid": null, "instance_info": {}, "boot_interface": "ipxe", "deploy_interface": "direct",
        "driver_info": {"deploy_kernel": "http://files/kernel"}, "properties": {"cpus": 8}, "extra": {},
    });
    let ports = [json!({"address": "52:54:00:00:00:01", "pxe_enabled": true, "physical_network": "rack"})];
    let expected = "\
n1
  uuid                u-1
  driver              manual-management
  resource class      baremetal
State
  provision           clean wait -> available
  since               2026-11-20 19:45:00 (2m03s ago)
  inspected           2026-11-20 19:40:00 (7m03s ago)
  step                deploy.erase_devices
  waits for           heartbeat
    from              agent 10.0.0.5
    since             2026-11-20 19:46:58 (5s ago)
    at most           30m00s
    trouble           the agent calls but does not answer since 2026-11-20 19:46:03 (1m00s ago): connection refused
  power               on
Agent
  address             https://10.0.0.5:9999
  version             13.0.0
  last heartbeat      2026-11-20 19:46:58 (5s ago)
Interfaces
  boot                ipxe
  deploy              direct
Driver info
  deploy_kernel       http://files/kernel
Properties
  cpus                8
Ports
  52:54:00:00:00:01   boots, rack
";
    assert_eq!(text(&node, &ports), expected);
    let mut node = node;
    node["driver_internal_info"]["waiting"]["why"] = json!("the next look at the step");
    node["driver_internal_info"]["waiting"]["look_in_seconds"] = json!(20);
    let shown = text(&node, &ports);
    assert!(shown.contains("looks every       20s") && shown.contains("at most           30m00s"), "{shown}");
}

#[test]
fn what_people_have_set_is_shown_where_commands_send_one_to_look_for_it() {
    let node = json!({
        "name": "n1", "uuid": "u-1", "traits": ["CUSTOM_A", "HW_B"], "chassis_uuid": "c-1", "shard": "s2",
        "conductor_group": "row-4", "parent_node": "u-0", "owner": "p1", "lessee": "p2",
        "provision_state": "manageable", "power_state": "power off", "boot_mode": "uefi", "secure_boot": true,
        "console_enabled": true, "retired": true, "retired_reason": "old", "protected": true,
        "automated_clean": false, "disable_power_off": true, "allocation_uuid": "a-1",
        "target_raid_config": {"logical_disks": [
            {"size_gb": 100, "raid_level": "1", "is_root_volume": true},
            {"size_gb": "MAX", "raid_level": "5", "volume_name": "data"}]},
        "raid_config": {"logical_disks": [{"size_gb": 50, "raid_level": "JBOD"}], "last_updated": "x"},
    });
    let expected = "\
n1
  uuid                u-1
  owner               p1
  lessee              p2
  parent              u-0
  chassis             c-1
  shard               s2
  conductor group     row-4
  traits              CUSTOM_A, HW_B
State
  provision           manageable
  power               off
  boot mode           uefi
  secure boot         on
  console             open
Rules
  retired             yes: old
  protected           yes
  automated cleaning  off
  power off           disabled
Instance
  allocation          a-1
RAID
  target              RAID 1 of 100 GiB (root); RAID 5 of all that is free (data)
  is                  JBOD of 50 GiB
";
    assert_eq!(text(&node, &[]), expected);
}

#[test]
fn what_is_unset_or_as_it_is_by_default_has_no_line() {
    let node = json!({
        "name": "n1", "uuid": "u-1", "traits": [], "chassis_uuid": null, "shard": null, "conductor_group": "",
        "provision_state": "manageable", "boot_mode": null, "secure_boot": null, "console_enabled": false,
        "retired": false, "retired_reason": null, "protected": false, "protected_reason": null,
        "automated_clean": null, "disable_power_off": false, "target_raid_config": {}, "raid_config": {},
        "network_data": {},
    });
    assert_eq!(text(&node, &[]), "n1\n  uuid                u-1\nState\n  provision           manageable\n");
}

#[test]
fn a_node_that_holds_is_shown_with_what_lets_it_go_on() {
    let shown = text(&json!({"name": "n1", "provision_state": "deploy hold"}), &[]);
    assert!(shown.contains("waits for           a person: `ferric node unhold n1`"), "{shown}");
}

#[test]
fn a_failed_node_shows_its_error_in_red_and_its_instance() {
    let node = json!({"name": "n1", "provision_state": "deploy failed", "target_provision_state": "active",
        "last_error": "no\nroom", "instance_uuid": "i-1", "instance_info": {"image_source": "http://f/i"}});
    let expected = "\
State
  provision           deploy failed -> active
  last error          no room
Instance
  uuid                i-1
  image_source        http://f/i
";
    assert_eq!(text(&node, &[]), expected);
    let state = state(View(&node), Moment(0));
    assert!(state.iter().all(|(_, _, paint)| *paint == Paint::Bad));
}

#[test]
fn a_boot_loop_is_shown_with_what_ends_it() {
    let all = json!({"boot_loops": [
        {"address": "52:54:00:00:00:01", "node_uuid": "u-1", "starts": "agent", "boots": 11,
            "first_seconds_ago": 600, "last_seconds_ago": 5},
        {"address": "52:54:00:00:00:02", "node_uuid": "u-2", "starts": "disk", "boots": 11},
        {"address": "52:54:00:00:00:03", "node_uuid": null, "starts": "discovery", "boots": 11},
    ]});
    let rows = loop_rows(View(&json!({"uuid": "u-1"})), &all);
    let [(address, text, Paint::Bad)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(address, "52:54:00:00:00:01");
    assert!(text.starts_with("agent: 11 boots in 10m00s; ") && text.contains("ferric node power"), "{text}");
    assert!(loop_rows(View(&json!({"uuid": "u-3"})), &all).is_empty());
    assert!(loop_rows(View(&json!({})), &all).is_empty());
}
