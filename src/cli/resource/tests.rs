use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::cli::arguments::{Arguments, Command};
use crate::cli::node::tests::{Answers, Hasty};
use crate::cli::session::Payload;
use crate::net::http::Method;

fn read(line: &str) -> Ask {
    let words = std::iter::once("ferric").chain(line.split(' '));
    let Command::Resource(ask) = Arguments::try_parse_from(words).unwrap().command else { panic!("{line}") };
    ask
}

/// Runs a command line against prepared answers; returns exit code, output and notes.
async fn play(answers: &Answers, line: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ask = read(line);
    let mut console = Console::plain(&mut out, &mut err);
    let (clock, console) = (Hasty::default(), &mut console);
    let json = ask.json;
    let mut session = Session { link: answers, console, clock: &clock, url: "http://api", json, heard: None };
    let code = answer(&mut session, &ask).await.code();
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn asked(answers: &Answers) -> Vec<(Method, String, Value)> {
    let json = |body| if let Payload::Json(value) = body { value } else { Value::Null };
    answers.asked().into_iter().map(|request| (request.method, request.path, json(request.body))).collect()
}

const NODE: &str = r#"{"uuid": "3a9f5c7e-0000-4000-8000-000000000001"}"#;
const PORT: &str = r#"{"uuid": "u-1", "name": "p1", "address": "52:54:00:00:00:01"}"#;

#[tokio::test]
async fn a_port_is_made_of_what_was_given_and_its_node_is_looked_up() {
    let answers = Answers::new([(200, NODE), (201, PORT)]);
    let line = "port create 52:54:00:AB:00:01 --node n1 --name 17 --pxe-enabled=false --link port_id=Eth1 \
                --link switch_id=00:00:00:00:00:01 --extra rack=4 --set physical_network=17";
    let (code, out, err) = play(&answers, line).await;
    assert_eq!((code, out.as_str(), err.as_str()), (0, "port p1 created as u-1\n", ""));
    let body = json!({
        "address": "52:54:00:ab:00:01", "node_uuid": "3a9f5c7e-0000-4000-8000-000000000001", "name": "17",
        "pxe_enabled": false, "local_link_connection": {"port_id": "Eth1", "switch_id": "00:00:00:00:00:01"},
        "extra": {"rack": 4}, "physical_network": "17",
    });
    let expected = [
        (Method::Get, "/v1/nodes/n1?fields=uuid".to_owned(), Value::Null),
        (Method::Post, "/v1/ports".to_owned(), body),
    ];
    assert_eq!(asked(&answers), expected);
}

#[tokio::test]
async fn fields_are_set_by_one_patch_texts_stay_texts_and_names_are_looked_up() {
    let answers = Answers::new([(200, NODE), (200, PORT)]);
    let line = "port set p1 name=17 extra.rack=4 pxe_enabled=false portgroup_uuid=bond0";
    let (code, out, _) = play(&answers, line).await;
    assert_eq!((code, out.as_str()), (0, "p1: 4 fields set\n"));
    let patch = json!([
        {"op": "add", "path": "/name", "value": "17"},
        {"op": "add", "path": "/extra/rack", "value": 4},
        {"op": "add", "path": "/pxe_enabled", "value": false},
        {"op": "add", "path": "/portgroup_uuid", "value": "3a9f5c7e-0000-4000-8000-000000000001"},
    ]);
    let expected = [
        (Method::Get, "/v1/portgroups/bond0?fields=uuid".to_owned(), Value::Null),
        (Method::Patch, "/v1/ports/p1".to_owned(), patch),
    ];
    assert_eq!(asked(&answers), expected);
}

#[tokio::test]
async fn a_field_that_is_set_twice_is_a_usage_error_and_nothing_is_asked() {
    for (line, told) in [
        ("port set p1 name=a name=b", "port p1: cannot set: name is set twice"),
        (
            "port create 52:54:00:00:00:01 --node n1 --name a --set name=b",
            "cannot create port: name is set twice",
        ),
        ("rule create --file /nonexistent/x", "cannot create rule: cannot read /nonexistent/x"),
        ("template create CUSTOM_A --steps [1", "is not JSON"),
        ("rule create --file []", "is not a JSON object of fields"),
    ] {
        let answers = Answers::new([]);
        let (code, _, err) = play(&answers, line).await;
        assert_eq!((code, answers.asked().len()), (2, 0), "{line}");
        assert!(err.contains(told), "{line}: {err}");
    }
}

#[tokio::test]
async fn a_list_follows_its_pages_and_asks_for_what_it_shows() {
    let first =
        r#"{"ports": [{"uuid": "u-1", "address": "a1"}], "next": "http://x/v1/ports?limit=1&marker=u-1"}"#;
    let second = r#"{"ports": [{"uuid": "u-2", "name": "p2", "address": "a2"}]}"#;
    let answers = Answers::new([(200, first), (200, second)]);
    let (code, out, _) = play(&answers, "port list --node n1 --sort address:desc").await;
    let table = "uuid  name  address  node_uuid  pxe_enabled\nu-1         a1\nu-2   p2    a2\n";
    assert_eq!((code, out.as_str()), (0, table));
    let query =
        "fields=uuid%2Cname%2Caddress%2Cnode_uuid%2Cpxe_enabled&node=n1&sort_key=address&sort_dir=desc";
    let paths: Vec<String> = asked(&answers).into_iter().map(|(_, path, _)| path).collect();
    assert_eq!(
        paths,
        [format!("/v1/ports?limit=1000&{query}"), format!("/v1/ports?limit=1000&{query}&marker=u-1")]
    );
}

#[tokio::test]
async fn a_script_gets_all_fields_in_one_document_and_no_more_rows_than_it_wants() {
    let page = r#"{"ports": [{"uuid": "u-1"}, {"uuid": "u-2"}], "next": "http://x/v1/ports?marker=u-2"}"#;
    let answers = Answers::new([(200, page)]);
    let (code, out, _) = play(&answers, "port list --limit 2 --json").await;
    assert_eq!((code, out.as_str()), (0, "{\"ports\":[{\"uuid\":\"u-1\"},{\"uuid\":\"u-2\"}]}\n"));
    assert_eq!(asked(&answers)[0].1, "/v1/ports?limit=2&detail=true");
}

#[tokio::test]
async fn an_empty_list_says_how_to_fill_it() {
    let answers = Answers::new([(200, r#"{"chassis": []}"#)]);
    let (code, out, err) = play(&answers, "chassis list").await;
    assert_eq!((code, out.as_str()), (0, "uuid  description\n"));
    assert_eq!(err, "ferric: no chassis match; `ferric chassis create` makes one\n");
}

#[tokio::test]
async fn several_are_deleted_and_each_is_told() {
    let gone = r#"{"error_message": "{\"faultstring\": \"Portgroup p2 could not be found\"}"}"#;
    let answers = Answers::new([(204, ""), (404, gone), (204, "")]);
    let (code, out, err) = play(&answers, "portgroup delete p1 p2 p3").await;
    assert_eq!((code, out.as_str()), (1, "p1: deleted\np3: deleted\n"));
    assert!(err.starts_with("ferric: portgroup p2: cannot delete: Portgroup p2 could not be found"), "{err}");
    assert_eq!(asked(&answers).len(), 3);
}

#[tokio::test]
async fn a_port_is_deleted_by_its_name_too() {
    let answers = Answers::new([(200, NODE), (204, "")]);
    let (code, out, _) = play(&answers, "port delete p1").await;
    assert_eq!((code, out.as_str()), (0, "p1: deleted\n"));
    let expected = [
        (Method::Get, "/v1/ports/p1?fields=uuid".to_owned(), Value::Null),
        (Method::Delete, "/v1/ports/3a9f5c7e-0000-4000-8000-000000000001".to_owned(), Value::Null),
    ];
    assert_eq!(asked(&answers), expected);
}

#[tokio::test]
async fn one_is_shown_a_line_a_field() {
    let one = r#"{"uuid": "u-1", "name": "p1", "extra": {"rack": 4}, "pxe_enabled": true, "links": [], "address": "a"}"#;
    let answers = Answers::new([(200, one)]);
    let (_, out, _) = play(&answers, "port show p1").await;
    let expected = "port p1\n  uuid         u-1\n  name         p1\n  address      a\n  pxe_enabled  true\n  extra.rack   4\n";
    assert_eq!(out, expected);
}

#[tokio::test]
async fn an_allocation_is_waited_for_and_its_failure_is_told() {
    let state = |state: &str| {
        json!({"uuid": "u-1", "name": "web", "state": state, "node_uuid": "u-n", "last_error": "no node fits"}).to_string()
    };
    let (busy, good, bad) = (state("allocating"), state("active"), state("error"));
    let line = "allocation create web --resource-class c --wait";
    let answers = Answers::new([(201, &busy), (200, &busy), (200, &good)]);
    let (code, out, _) = play(&answers, line).await;
    assert_eq!((code, out.as_str()), (0, "allocation web is active: node u-n\n"));
    let answers = Answers::new([(201, &busy), (200, &bad)]);
    let (code, out, err) = play(&answers, line).await;
    assert_eq!((code, out.as_str()), (4, ""));
    assert!(err.contains("web: error: no node fits (`ferric allocation delete web`"), "{err}");
    let answers = Answers::new([(201, &busy), (200, &busy), (200, &busy), (200, &busy), (200, &busy)]);
    let (code, _, err) = play(&answers, &format!("{line} 1")).await;
    assert_eq!(code, 3);
    assert!(err.contains("still allocating after 1 s"), "{err}");
}

#[tokio::test]
async fn traits_are_added_one_by_one_and_set_together() {
    let answers = Answers::new([(204, ""), (204, ""), (204, "")]);
    let (_, out, _) = play(&answers, "runbook trait add wipe CUSTOM_A CUSTOM_B").await;
    assert_eq!(out, "wipe: CUSTOM_A added\nwipe: CUSTOM_B added\n");
    play(&answers, "runbook trait set wipe CUSTOM_A CUSTOM_B").await;
    let expected = [
        (Method::Put, "/v1/runbooks/wipe/traits/CUSTOM_A".to_owned(), Value::Null),
        (Method::Put, "/v1/runbooks/wipe/traits/CUSTOM_B".to_owned(), Value::Null),
        (Method::Put, "/v1/runbooks/wipe/traits".to_owned(), json!({"traits": ["CUSTOM_A", "CUSTOM_B"]})),
    ];
    assert_eq!(asked(&answers), expected);
}

#[tokio::test]
async fn a_trait_that_is_missing_keeps_no_other_from_being_removed() {
    let gone = r#"{"error_message": "{\"faultstring\": \"runbook wipe does not have a trait\"}"}"#;
    let answers = Answers::new([(204, ""), (404, gone), (200, NODE), (204, "")]);
    let (code, out, err) = play(&answers, "runbook trait remove wipe CUSTOM_A CUSTOM_B CUSTOM_C").await;
    assert_eq!((code, out.as_str()), (1, "wipe: CUSTOM_A removed\nwipe: CUSTOM_C removed\n"));
    assert!(err.contains("(`ferric runbook trait list wipe` shows what there is)"), "{err}");
    let answers = Answers::new([(404, gone), (404, gone)]);
    let (_, _, err) = play(&answers, "runbook trait remove wipe CUSTOM_A").await;
    assert!(err.contains("(`ferric runbook list` shows what there is)"), "{err}");
}

#[tokio::test]
async fn what_is_below_a_resource_is_listed_with_all_its_pages() {
    let first = r#"{"nodes": [{"name": "n1"}], "next": "http://x/v1/nodes?chassis=c&limit=1&marker=u-1"}"#;
    let second = r#"{"nodes": [{"name": "n2"}], "next": "http://x/v1/nodes?chassis=c&limit=1&marker=u-2"}"#;
    let last = r#"{"nodes": [{"name": "n3"}]}"#;
    let pages = [(200, first), (200, second), (200, last)];
    let answers = Answers::new(pages);
    let (code, out, _) = play(&answers, "chassis nodes c").await;
    assert_eq!((code, out.lines().count()), (0, 4), "{out}");
    let query = "/v1/chassis/c/nodes?fields=uuid,name,provision_state,power_state";
    let paths: Vec<String> = asked(&answers).into_iter().map(|(_, path, _)| path).collect();
    assert_eq!(paths, [query.to_owned(), format!("{query}&marker=u-1"), format!("{query}&marker=u-2")]);
    let (_, out, _) = play(&Answers::new(pages), "chassis nodes c --json").await;
    assert_eq!(out, "{\"nodes\":[{\"name\":\"n1\"},{\"name\":\"n2\"},{\"name\":\"n3\"}]}\n");
}

#[tokio::test]
async fn an_address_that_nobody_has_is_said_so() {
    let answers = Answers::new([(200, r#"{"ports": []}"#)]);
    let (code, _, err) = play(&answers, "port show 52:54:00:00:00:ab").await;
    assert_eq!(code, 1);
    assert!(err.contains("no port has this address (`ferric port list` shows"), "{err}");
}

#[tokio::test]
async fn lists_in_a_cell_are_texts_with_commas() {
    let page = r#"{"drivers": [{"name": "fake", "hosts": ["a", "b"]}]}"#;
    let (_, out, _) = play(&Answers::new([(200, page)]), "driver list").await;
    assert!(out.contains("a, b"), "{out}");
}

#[tokio::test]
async fn a_vendor_method_is_called_as_asked_and_answers_json() {
    let answers = Answers::new([(200, "[1]"), (202, "")]);
    let (_, out, _) = play(&answers, "driver vendor call fake a/b --http-method GET").await;
    assert_eq!(out, "[\n  1\n]\n");
    let (_, out, _) = play(&answers, "driver vendor call fake m x=1").await;
    assert_eq!(out, "fake: begun; it answers nothing\n");
    let expected = [
        (Method::Get, "/v1/drivers/fake/vendor_passthru/a%2Fb".to_owned(), Value::Null),
        (Method::Post, "/v1/drivers/fake/vendor_passthru/m".to_owned(), json!({"x": 1})),
    ];
    assert_eq!(asked(&answers), expected);
}

#[tokio::test]
async fn a_file_says_all_and_the_command_line_wins_over_it() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, br#"{"priority": 1, "actions": [{"op": "fail"}]}"#).unwrap();
    let answers = Answers::new([(201, r#"{"uuid": "u-1"}"#)]);
    let (code, out, _) =
        play(&answers, &format!("rule create --file {} --priority 5", file.path().display())).await;
    assert_eq!((code, out.as_str()), (0, "rule created u-1\n"));
    assert_eq!(asked(&answers)[0].2, json!({"priority": 5, "actions": [{"op": "fail"}]}));
}

#[test]
fn what_is_needed_is_asked_for_and_wrong_words_are_usage_errors() {
    for line in [
        "port create 52:54:00:00:00:01",
        "port create --node n1",
        "port create 52:54 --node n1",
        "port list --long --fields a",
        "port list --limit 0",
        "port set p1",
        "port set p1 a",
        "port delete",
        "port show",
        "port",
        "volume",
        "volume target create --node n1 --volume-type iscsi --volume-id a --boot-index -1",
        "template create CUSTOM_A",
        "allocation list --state lost",
        "driver create d",
        "driver delete d",
        "shard show a",
        "runbook trait add wipe",
        "driver vendor call d m --http-method HEAD",
    ] {
        let words = std::iter::once("ferric").chain(line.split(' '));
        assert_eq!(Arguments::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
    }
    for line in ["template set t --steps []", "volume connector list --node n", "rule create --file {}"] {
        read(line);
    }
}

#[test]
fn address_and_json_may_stand_anywhere() {
    for line in ["port list --url http://a --json", "port --url http://a --json list"] {
        let ask = read(line);
        assert!(ask.json && ask.url == "http://a", "{line}");
    }
    let ask = read("volume connector --url http://a list --json");
    assert!(ask.json && ask.url == "http://a");
}
