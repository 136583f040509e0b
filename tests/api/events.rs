//! The stream of what changes, over a socket as clients have it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::rack::Rack;

/// A client of the stream.
struct Stream {
    lines: Lines<BufReader<OwnedReadHalf>>,
    status: u16,
    head: Vec<String>,
    _open: OwnedWriteHalf,
}

/// What a client reads: number, name, data.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: u64,
    name: String,
    data: Value,
}

impl Event {
    fn payload(&self) -> &Value {
        &self.data["payload"]["ironic_object.data"]
    }
}

impl Stream {
    async fn open(rack: &Rack, query: &str, headers: &str) -> Self {
        let socket = TcpStream::connect(rack.address()).await.unwrap();
        let (from, mut to) = socket.into_split();
        let request = format!("GET /events{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        to.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Self { lines: BufReader::new(from).lines(), status: 0, head: Vec::new(), _open: to };
        loop {
            let line = stream.line().await.unwrap();
            if line.is_empty() {
                break;
            }
            stream.head.push(line.to_lowercase());
        }
        stream.status = stream.head[0].split(' ').nth(1).unwrap().parse().unwrap();
        stream
    }

    async fn line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line());
        line.await.expect("the stream is silent").unwrap()
    }

    /// The next event; none if the stream ends.
    async fn next(&mut self) -> Option<Event> {
        let mut event = Event { id: 0, name: String::new(), data: Value::Null };
        loop {
            let line = self.line().await?;
            if line.is_empty() && !event.name.is_empty() {
                return Some(event);
            }
            match line.split_once(": ") {
                Some(("id", id)) => event.id = id.parse().unwrap(),
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ => {}
            }
        }
    }

    async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.next().await.expect("the stream ended"));
        }
        events
    }

    /// All from the beginning up to and with the last of these names: a node is seen at rest a moment before that is told.
    async fn until(rack: &Rack, name: &str, count: usize) -> Vec<Event> {
        let mut stream = Self::open(rack, "?since=0", "").await;
        let mut events: Vec<Event> = Vec::new();
        while events.iter().filter(|event| event.name.ends_with(name)).count() < count {
            events.push(stream.next().await.expect("the stream ended"));
        }
        events
    }

    /// All that is kept after `since`.
    async fn all(rack: &Rack, since: u64) -> Vec<Event> {
        let mut stream = Self::open(rack, &format!("?since={since}&follow=false"), "").await;
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event);
        }
        events
    }
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.strip_prefix("baremetal.").unwrap()).collect()
}

async fn patch(rack: &Rack, node: &str, path: &str, value: Value) {
    let operations = json!([{"op": "add", "path": path, "value": value}]);
    let done = rack.call("PATCH", &format!("/v1/nodes/{node}"), "1.115", Some(&operations)).await;
    assert_eq!(done.status, 200, "{done:?}");
}

#[tokio::test]
async fn each_change_is_one_event_with_the_references_payload() {
    let rack = Rack::start().await;
    let mut stream = Stream::open(&rack, "", "Accept: text/event-stream\r\n").await;
    assert_eq!(stream.status, 200);
    assert!(stream.head.contains(&"content-type: text/event-stream".to_owned()), "{:?}", stream.head);
    let info = json!({"name": "n1", "driver_info": {"ipmi_password": "hunter2"}});
    let node = rack.node(info).await;
    let port = rack.port(&node, "52:54:00:00:00:01").await;
    patch(&rack, &node, "/extra/row", json!("a")).await;
    let reason = json!({"reason": "fan"});
    rack.call("PUT", &format!("/v1/nodes/{node}/maintenance"), "1.115", Some(&reason)).await;
    rack.call("DELETE", &format!("/v1/nodes/{node}"), "1.115", None).await;
    let events = stream.take(12).await;
    let actions =
        ["node.create", "port.create", "node.update", "node.maintenance_set", "port.delete", "node.delete"];
    let wanted: Vec<String> =
        actions.iter().flat_map(|action| ["start", "end"].map(|part| format!("{action}.{part}"))).collect();
    assert_eq!(names(&events), wanted);
    let numbers: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 12).collect::<Vec<_>>());
    for event in &events {
        assert_eq!(event.data["event_type"], event.name);
        assert_eq!(event.data["sequence"], event.id);
        assert_eq!(event.data["publisher_id"], "ironic-api.rack0");
        assert_eq!(event.data["priority"], "info");
        assert_eq!(event.data["payload"]["ironic_object.namespace"], "ironic");
        assert!(!event.data.to_string().contains("hunter2"));
    }
    assert_eq!(events[0].payload()["driver_info"]["ipmi_password"], "******");
    assert_eq!(events[3].payload()["uuid"], port);
    assert_eq!(events[3].payload()["node_uuid"], node);
    assert_eq!(events[5].payload()["extra"]["row"], "a");
    assert_eq!(events[6].payload()["maintenance_reason"], Value::Null);
    assert_eq!(events[7].payload()["maintenance_reason"], "fan");
}

#[tokio::test]
async fn a_pipeline_is_told_state_by_state_and_power_from_start_to_end() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    let before = Stream::all(&rack, 0).await.last().unwrap().id;
    let power = json!({"target": "power on"});
    rack.call("PUT", &format!("/v1/nodes/{node}/states/power"), "1.115", Some(&power)).await;
    let events = Stream::until(&rack, "power_set.end", 1).await;
    let states: Vec<String> = events
        .iter()
        .filter(|event| event.name.contains("provision_set"))
        .map(|event| {
            let (payload, status) = (event.payload(), event.name.rsplit('.').next().unwrap());
            format!(
                "{status} {} {} {}",
                payload["previous_provision_state"].as_str().unwrap(),
                payload["event"].as_str().unwrap(),
                payload["provision_state"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(states, ["start enroll manage verifying", "end verifying done manageable"]);
    let after: Vec<&Event> = events.iter().filter(|event| event.id > before).collect();
    let powers: Vec<&str> =
        after.iter().map(|event| event.name.as_str()).filter(|name| name.contains("power")).collect();
    assert_eq!(powers, ["baremetal.node.power_set.start", "baremetal.node.power_set.end"]);
}

#[tokio::test]
async fn a_refused_request_is_told_to_nobody() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let before = Stream::all(&rack, 0).await;
    let wrong = json!([{"op": "replace", "path": "/driver", "value": "none-such"}]);
    let refused = rack.call("PATCH", &format!("/v1/nodes/{node}"), "1.115", Some(&wrong)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let same = json!([{"op": "replace", "path": "/name", "value": "n1"}]);
    rack.call("PATCH", &format!("/v1/nodes/{node}"), "1.115", Some(&same)).await;
    assert_eq!(Stream::all(&rack, 0).await, before);
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_off_also_over_a_restart() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for turn in 0..10 {
        patch(&rack, &node, "/extra/turn", json!(turn)).await;
    }
    let all = Stream::all(&rack, 0).await;
    assert_eq!(all.len(), 22);
    let header = format!("Last-Event-ID: {}\r\n", all[15].id);
    // What was seen wins over the address.
    let rest = Stream::open(&rack, "?since=0", &header).await.take(6).await;
    assert_eq!(rest, all[16..]);
    let rack = rack.restarted().await;
    assert_eq!(Stream::all(&rack, all[4].id).await, all[5..]);
    let mut stream = Stream::open(&rack, &format!("?since={}", all[20].id), "").await;
    patch(&rack, &node, "/extra/turn", json!("new")).await;
    let last = stream.take(2).await;
    assert_eq!(last[0], all[21]);
    assert_eq!((last[1].id, &last[1].payload()["extra"]["turn"]), (all[21].id + 1, &json!("new")));
}

#[tokio::test]
async fn a_number_that_was_never_given_is_told_as_a_gap() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let mut stream = Stream::open(&rack, "?since=4000", "").await;
    let gap = stream.next().await.unwrap();
    assert_eq!((gap.name.as_str(), gap.id, &gap.data["since"]), ("gap", 2, &json!(4000)));
    patch(&rack, &node, "/extra/a", json!(1)).await;
    assert_eq!(stream.next().await.unwrap().id, 3);
}

#[tokio::test]
async fn filters_choose_by_node_and_by_kind() {
    let rack = Rack::start().await;
    let one = rack.node(json!({"name": "n1"})).await;
    let two = rack.node(json!({"name": "n2"})).await;
    let mut of_two = Stream::open(&rack, "?node=n2&since=0", "").await;
    let mut ports = Stream::open(&rack, "?kind=port,node.maintenance_set", "").await;
    rack.port(&one, "52:54:00:00:00:01").await;
    rack.port(&two, "52:54:00:00:00:02").await;
    rack.call("PUT", &format!("/v1/nodes/{one}/maintenance"), "1.115", Some(&json!({}))).await;
    let ended = async |stream: &mut Stream, count: usize| {
        let events = stream.take(2 * count).await;
        let names: Vec<String> = names(&events).iter().map(|name| (*name).to_owned()).collect();
        names.into_iter().filter(|name| name.rsplit('.').next() == Some("end")).collect::<Vec<_>>()
    };
    assert_eq!(ended(&mut of_two, 2).await, ["node.create.end", "port.create.end"]);
    assert_eq!(
        ended(&mut ports, 3).await,
        ["port.create.end", "port.create.end", "node.maintenance_set.end"]
    );
}

#[tokio::test]
async fn wrong_questions_are_refused_and_take_no_seat() {
    let rack = Rack::start().await;
    for (query, status) in [
        ("?since=x", 400),
        ("?since=-1", 400),
        ("?kind=Node", 400),
        ("?kind=", 400),
        ("?node=nobody", 404),
        ("?follow=perhaps", 400),
        ("?other=1", 400),
    ] {
        assert_eq!(Stream::open(&rack, query, "").await.status, status, "{query}");
    }
    let wrong = "Last-Event-ID: abc\r\n";
    assert_eq!(Stream::open(&rack, "", wrong).await.status, 400);
    for (method, path, status) in
        [("POST", "/events", 404), ("PUT", "/events", 405), ("GET", "/v1/events", 405)]
    {
        let answer = rack.call(method, path, "1.115", None).await;
        assert_ne!(answer.status, 200, "{method} {path}");
        assert!(answer.status == status || method == "POST", "{method} {path}: {answer:?}");
    }
    let at_rack = rack.by_rack("GET", "/events", "1.115", None).await;
    assert_eq!(at_rack.status, 404);
}

#[tokio::test]
async fn heartbeats_of_nothing_new_make_no_event() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    rack.until_modes(&node).await;
    // The record is shown a moment before its events are.
    Stream::until(&rack, "node.update.end", 1).await;
    let before = Stream::all(&rack, 0).await.len();
    for _ in 0..3 {
        rack.get(&format!("/v1/nodes/{node}/management/boot_device")).await;
        rack.get(&format!("/v1/nodes/validate?node={node}")).await;
    }
    assert_eq!(Stream::all(&rack, 0).await.len(), before);
}

#[tokio::test]
async fn things_and_rules_have_events_as_nodes_do() {
    let rack = Rack::start().await;
    let body = json!({"description": "row 1"});
    let made = rack.call("POST", "/v1/chassis", "1.115", Some(&body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/v1/chassis/{}", made.body["uuid"].as_str().unwrap());
    let operations = json!([{"op": "replace", "path": "/description", "value": "row 2"}]);
    assert_eq!(rack.call("PATCH", &path, "1.115", Some(&operations)).await.status, 200);
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 204);
    let rule = json!({"actions": [{"op": "fail", "args": {"msg": "no"}}], "priority": 1});
    let made = rack.call("POST", "/v1/inspection_rules", "1.115", Some(&rule)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let events = Stream::all(&rack, 0).await;
    let wanted: Vec<String> = ["chassis.create", "chassis.update", "chassis.delete", "inspectionrule.create"]
        .iter()
        .flat_map(|action| ["start", "end"].map(|part| format!("{action}.{part}")))
        .collect();
    assert_eq!(names(&events), wanted);
    assert_eq!(events[3].payload()["description"], "row 2");
    assert_eq!(events[0].data["payload"]["ironic_object.name"], "ChassisCRUDPayload");
    assert_eq!(events[7].payload()["priority"], 1);
}

#[tokio::test]
async fn what_a_state_refuses_was_begun_and_is_an_error() {
    let rack = Rack::start().await;
    let node =
        rack.node(json!({"name": "n1", "instance_uuid": "11111111-2222-4333-8444-555555555555"})).await;
    let before = Stream::all(&rack, 0).await.last().unwrap().id;
    let refused = rack.call("DELETE", &format!("/v1/nodes/{node}"), "1.115", None).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let events = Stream::all(&rack, before).await;
    assert_eq!(names(&events), ["node.delete.start", "node.delete.error"]);
    assert_eq!(events[1].data["priority"], "error");
    assert_eq!(events[1].payload()["uuid"], node);
    let gone = rack.call("DELETE", "/v1/chassis/11111111-2222-4333-8444-555555555555", "1.115", None).await;
    assert_eq!(gone.status, 404);
    assert_eq!(Stream::all(&rack, before).await, events, "what is not there is told to nobody");
}

#[tokio::test]
async fn who_is_not_concerned_is_told_how_far_it_has_come() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for turn in 0..5 {
        patch(&rack, &node, "/extra/turn", json!(turn)).await;
    }
    let mut stream = Stream::open(&rack, "?since=0&kind=chassis&follow=false", "").await;
    let mut lines = Vec::new();
    while let Some(line) = stream.line().await {
        lines.push(line);
    }
    assert!(lines.contains(&"id: 12".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("data")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_hears_of_what_it_could_see_and_of_nothing_else() {
    let rack = Rack::start_with("[auth]\nstrategy = \"token\"\n").await;
    let door = rack.door();
    let first = rack.first_token().unwrap();
    let mut tokens = std::collections::HashMap::new();
    for project in ["a", "b", "c", "d"] {
        let body = json!({"name": project, "role": "reader", "project": project}).to_string().into_bytes();
        let mut asked = crate::rack::request("POST", "/ferric/v1/tokens", "1.115", body);
        asked.headers.push("X-Auth-Token", first.clone());
        let made = crate::rack::answered(&door, asked).await;
        tokens.insert(project, made.body["token"].as_str().unwrap().to_owned());
    }
    let node =
        rack.node(json!({"name": "n1", "owner": "a", "lessee": "b", "driver_info": {"k": "v1"}})).await;
    rack.port(&node, "52:54:00:00:00:01").await;
    let other = rack.node(json!({"name": "n2", "owner": "c"})).await;
    patch(&rack, &node, "/lessee", json!("d")).await;
    rack.call("POST", "/v1/chassis", "1.115", Some(&json!({}))).await;
    let heard = async |project: &str, query: &str| {
        let header = format!("X-Auth-Token: {}\r\n", tokens[project]);
        let mut stream = Stream::open(&rack, &format!("?since=0&follow=false{query}"), &header).await;
        assert_eq!(stream.status, 200, "{:?}", stream.head);
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event);
        }
        events
    };
    let of = |actions: &[&str]| -> Vec<String> {
        actions.iter().flat_map(|action| ["start", "end"].map(|part| format!("{action}.{part}"))).collect()
    };
    let owner = heard("a", "").await;
    assert_eq!(names(&owner), of(&["node.create", "port.create", "node.update"]));
    assert_eq!(owner[1].payload()["driver_info"]["k"], "v1");
    let lessee = heard("b", "").await;
    assert_eq!(names(&lessee), of(&["node.create", "port.create"]), "until it is another's");
    assert!(lessee.iter().all(|event| !event.data.to_string().contains("v1")), "{lessee:?}");
    assert_eq!(lessee[1].id, owner[1].id);
    assert!(lessee[1].payload()["driver_info"]["content"].as_str().unwrap().starts_with("** Redacted"));
    assert_eq!(names(&heard("c", "").await), of(&["node.create"]));
    assert_eq!(heard("c", &format!("&node={node}")).await, []);
    assert_eq!(names(&heard("d", "").await), of(&["node.update"]));
    let header = format!("X-Auth-Token: {}\r\n", tokens["c"]);
    assert_eq!(Stream::open(&rack, "?node=n1", &header).await.status, 404);
    assert_eq!(Stream::open(&rack, &format!("?node={other}"), &header).await.status, 200);
    assert_eq!(Stream::open(&rack, "", "").await.status, 401);
}

#[tokio::test]
async fn what_ends_in_the_commit_that_begins_it_is_told_move_by_move() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    for target in ["adopt", "deleted"] {
        rack.go(&node, target).await;
    }
    let events = Stream::until(&rack, "provision_set.end", 3).await;
    let moves: Vec<String> = events
        .iter()
        .filter(|event| event.name.contains("provision_set"))
        .skip(2)
        .map(|event| {
            let (payload, status) = (event.payload(), event.name.rsplit('.').next().unwrap());
            let text = |name: &str| payload[name].as_str().unwrap().to_owned();
            let (from, to) = (text("previous_provision_state"), text("provision_state"));
            format!("{status} {from} {} {to}", text("event"))
        })
        .collect();
    assert_eq!(
        moves,
        [
            "start manageable adopt adopting",
            "end adopting done active",
            "start active delete deleting",
            "success deleting clean cleaning",
            "end cleaning done available"
        ]
    );
}
