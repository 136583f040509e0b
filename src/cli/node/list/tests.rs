use clap::Parser;

use super::*;
use crate::cli::arguments::node::NodeCommand;
use crate::cli::arguments::{Arguments, Command};
use crate::cli::node::tests::{Answers, play};

fn shown(nodes: &[Value], columns: &Columns, width: Option<u16>) -> String {
    lines(nodes, columns, width).into_iter().map(|(line, _)| line + "\n").collect()
}

fn rack() -> Vec<Value> {
    vec![
        json!({"name": "n1", "uuid": "u-1", "provision_state": "clean wait", "power_state": "power on",
            "target_provision_state": "available", "maintenance": false,
            "clean_step": {"interface": "deploy", "step": "erase_devices"}, "last_error": null,
            "driver_internal_info": {"waiting": {"why": "first heartbeat of the ramdisk", "from_whom": "the agent",
                "since": "2026-11-20T19:47:03.000000", "deadline_seconds": 1800, "then": "it fails"}}}),
        json!({"name": null, "uuid": "u-2", "provision_state": "deploy failed", "power_state": "power off",
            "target_provision_state": "active", "maintenance": true, "fault": "clean failure",
            "last_error": "image checksum\ndoes not match: expected aaaa, found bbbb"}),
    ]
}

#[test]
fn the_usual_columns() {
    let expected = "\
name  uuid  state          target     power  maintenance         step                  waits for                       last error
n1    u-1   clean wait     available  on                         deploy.erase_devices  first heartbeat of the ramdisk
      u-2   deploy failed  active     off    yes: clean failure                                                        image checksum does not match: expected aaaa, found bbbb
";
    assert_eq!(shown(&rack(), &Columns::Usual, None), expected);
}

#[test]
fn the_last_error_is_cut_at_the_width() {
    let text = shown(&rack(), &Columns::Usual, Some(150));
    assert!(text.lines().all(|line| line.chars().count() <= 150), "{text}");
    assert!(text.contains("image checksum"), "{text}");
}

#[test]
fn on_a_terminal_columns_that_say_nothing_are_left_out() {
    let rack = [json!({"name": "n1", "uuid": "u-1", "provision_state": "active", "power_state": "power on"})];
    assert_eq!(
        shown(&rack, &Columns::Usual, Some(80)),
        "name  uuid  state   power\nn1    u-1   active  on\n"
    );
    let header = "name  uuid  state  target  power  maintenance  step  waits for  last error\n";
    assert_eq!(shown(&[], &Columns::Usual, Some(80)), header);
}

#[test]
fn what_a_node_waits_for_is_told_in_a_word() {
    let waits = |state: &str, more: Value| {
        let waiting = json!({"why": "the agent to finish the step", "from_whom": "the agent", "since": ""});
        let mut node = json!({"provision_state": state, "driver_internal_info": {"waiting": waiting}});
        node["driver_internal_info"]["waiting"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        View(&node).awaits()
    };
    assert_eq!(waits("deploy hold", json!({})), "a person: unhold");
    assert_eq!(waits("clean wait", json!({})), "the agent to finish the step");
    let trouble = json!({"trouble": {"since": "2026-11-20T19:47:03.000000", "why": "refused"}});
    assert_eq!(waits("clean wait", trouble), "the agent to finish the step (no answer)");
    assert_eq!(View(&json!({"provision_state": "active"})).awaits(), "");
}

#[test]
fn fields_that_are_named_are_the_columns() {
    let columns = Columns::Named(vec!["uuid".into(), "clean_step".into()]);
    let expected = "\
uuid  clean_step
u-1   {\"interface\":\"deploy\",\"step\":\"erase_devices\"}
u-2
";
    assert_eq!(shown(&rack(), &columns, None), expected);
}

#[test]
fn filters_become_the_query() {
    let arguments = ListArguments {
        state: Some("clean failed".into()),
        maintenance: Some(true),
        sort: Some("name:desc".into()),
        ..ListArguments::default()
    };
    let expected = [
        ("detail", "true"),
        ("sort_key", "name"),
        ("sort_dir", "desc"),
        ("provision_state", "clean failed"),
        ("maintenance", "true"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(query(&arguments, None, filters(&arguments)), expected);
}

#[test]
fn every_filter_of_the_command_is_one_of_the_api() {
    let line = "--resource-class gpu --owner p1 --lessee p2 --retired=false --fault x --unassociated \
                --conductor-group= --chassis c --description-contains fan --shard a,b --sharded --instance web \
                --include-children";
    let expected = [
        ("fault", "x"),
        ("resource_class", "gpu"),
        ("owner", "p1"),
        ("lessee", "p2"),
        ("instance_name", "web"),
        ("associated", "false"),
        ("retired", "false"),
        ("shard", "a,b"),
        ("sharded", "true"),
        ("conductor_group", ""),
        ("chassis_uuid", "c"),
        ("description_contains", "fan"),
        ("include_children", "true"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(filters(&typed(line)), expected);
    let uuid = "3a9f5c7e-0000-4000-8000-00000000000b";
    let line = format!("--instance {uuid} --associated --parent-node n1");
    let expected = [("instance_uuid", uuid), ("associated", "true"), ("parent_node", "n1")];
    assert_eq!(filters(&typed(&line)), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

fn typed(line: &str) -> ListArguments {
    let words = ["ferric", "node", "list"].into_iter().chain(line.split_whitespace());
    let Command::Node(node) = Arguments::try_parse_from(words).unwrap().command else { panic!("{line}") };
    let NodeCommand::List(arguments) = node.command else { panic!("{line}") };
    *arguments
}

#[test]
fn a_long_list_has_more_columns_and_asks_for_them() {
    let columns = Columns::Long;
    assert!(columns.fields(false).unwrap().ends_with(",last_error,driver,resource_class,instance_uuid,\
        instance_name,owner,lessee,retired,protected,shard,conductor_group,chassis_uuid,parent_node,traits,description"));
    assert_eq!(columns.fields(true), None);
    let node = [json!({"name": "n1", "uuid": "u-1", "provision_state": "active", "power_state": "power on",
        "driver": "d", "retired": false, "protected": true, "traits": ["A", "B"], "owner": null})];
    let expected = "name  uuid  state   power  driver  protected  traits\nn1    u-1   active  on     d       yes        A, B\n";
    assert_eq!(shown(&node, &columns, Some(90)), expected);
}

#[tokio::test]
async fn an_empty_rack_is_told_otherwise_than_filters_that_leave_nothing() {
    let none = (200, r#"{"nodes": []}"#);
    let answers = Answers::new([none, none, none]);
    let told = "ferric: no nodes; `ferric node create` adds one\n";
    assert_eq!(play(&answers, "list").await.2, told);
    assert_eq!(play(&answers, "list --include-children").await.2, told);
    assert_eq!(play(&answers, "list --owner p1").await.2, "ferric: no nodes match\n");
}

#[tokio::test]
async fn children_are_listed_with_their_names() {
    let child = r#"{"nodes": [{"uuid": "u-2", "name": "card", "provision_state": "enroll"}]}"#;
    let answers =
        Answers::new([(200, r#"{"children": ["u-2"]}"#), (200, child), (200, r#"{"children": []}"#)]);
    let (code, out, _) = play(&answers, "children n1").await;
    assert!(code == 0 && out.contains("card  u-2   enroll"), "{out}");
    assert!(answers.asked()[1].path.ends_with("&parent_node=n1"), "{:?}", answers.asked());
    assert_eq!(play(&answers, "children n1").await.2, "ferric: no nodes are inside n1\n");
}
