//! Sessions whose nodes are gone, have changed, or share a BMC.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Pages, bmc, node, rack};
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::driver::bmc::Ground;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::model::bmc::{Fact, Session};
use crate::model::node::Node;

/// A BMC with sessions, and a rack of the daemon that writes down what it learns.
struct Rig {
    url: String,
    /// Methods with paths, as asked.
    asked: Arc<Mutex<Vec<String>>>,
    pages: Arc<Pages>,
}

impl Rig {
    async fn new() -> Self {
        let (asked, mut opened) = (Arc::new(Mutex::new(Vec::new())), 0);
        let log = Arc::clone(&asked);
        let url = bmc(move |request| {
            let words: Vec<&str> = request.split(' ').take(2).collect();
            log.lock().unwrap().push(words.join(" "));
            match words[0] {
                "POST" => {
                    opened += 1;
                    (201, format!("X-Auth-Token: t{opened}\r\nLocation: /s/{opened}\r\n"), json!({}))
                }
                "DELETE" => (204, String::new(), Value::Null),
                _ => (200, String::new(), json!({"PowerState": "On"})),
            }
        });
        Self { url: url.await, asked, pages: Arc::default() }
    }

    /// As after a start.
    fn rack(&self) -> Arc<RedfishRack> {
        let ground = rack().ground.clone();
        Arc::new(RedfishRack::new(Ground { notebook: self.pages.clone(), ..ground }))
    }

    fn node(&self, number: u128, user: &str, password: &str) -> Node {
        let info = json!({"redfish_address": self.url, "redfish_username": user, "redfish_password": password,
            "redfish_system_id": "/redfish/v1/Systems/1"});
        Node { id: NodeId(uuid::Uuid::from_u128(number)), ..node(info) }
    }

    fn count(&self, method: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.starts_with(method)).count()
    }

    /// What the last session opened would be in a record.
    fn session(&self) -> Session {
        let facts = self.pages.0.lock().unwrap();
        let opened = facts.iter().rev().find_map(|fact| {
            let Fact::SessionOpened { token, path, print } = fact else { return None };
            Some((token.clone(), path.clone(), print.clone()))
        });
        let (token, path, print) = opened.unwrap();
        Session { token, path, opened: Moment(0), print }
    }

    fn closed(&self) -> usize {
        self.pages.0.lock().unwrap().iter().filter(|fact| **fact == Fact::SessionClosed).count()
    }
}

async fn read(rack: &Arc<RedfishRack>, node: &Node) {
    Server::of(rack, node).unwrap().system().await.unwrap();
}

fn all(nodes: &[&Node]) -> Vec<Arc<Node>> {
    nodes.iter().map(|node| Arc::new((*node).clone())).collect()
}

#[tokio::test]
async fn after_a_restart_every_node_of_the_account_finds_the_session() {
    let rig = Rig::new().await;
    let (mut one, two) = (rig.node(1, "admin", "a"), rig.node(2, "admin", "a"));
    read(&rig.rack(), &one).await;
    one.bmc.session = Some(rig.session());
    let rack = rig.rack();
    rack.recall(&all(&[&one, &two]));
    read(&rack, &two).await;
    read(&rack, &one).await;
    assert_eq!((rig.count("POST"), rig.count("DELETE")), (1, 0));
    rack.close().await;
    assert_eq!(rig.count("DELETE /s/1"), 1);
}

#[tokio::test]
async fn a_session_ends_with_the_last_node_that_uses_it() {
    let rig = Rig::new().await;
    let (one, two) = (rig.node(1, "admin", "a"), rig.node(2, "admin", "a"));
    let rack = rig.rack();
    read(&rack, &one).await;
    rack.close_left(&all(&[&one, &two])).await;
    rack.close_left(&all(&[&two])).await;
    assert_eq!(rig.count("DELETE"), 0, "the other node's from now on");
    assert!(matches!(rig.pages.0.lock().unwrap().last(), Some(Fact::SessionOpened { .. })));
    read(&rack, &two).await;
    rack.close_left(&[]).await;
    rack.close_left(&[]).await;
    assert_eq!((rig.count("POST"), rig.count("DELETE /s/1")), (1, 1));
}

#[tokio::test]
async fn other_credentials_end_the_session() {
    for (user, password) in [("root", "a"), ("admin", "b")] {
        let rig = Rig::new().await;
        let (mut before, now) = (rig.node(1, "admin", "a"), rig.node(1, user, password));
        let rack = rig.rack();
        read(&rack, &before).await;
        before.bmc.session = Some(rig.session());
        read(&rack, &now).await;
        let now = Node { bmc: before.bmc.clone(), ..now };
        rack.close_left(&all(&[&now])).await;
        assert_eq!((rig.count("DELETE /s/1"), rig.count("DELETE")), (1, 1), "{user} {password}");
        // The same, where the daemon was killed before it came to that.
        let rack = rig.rack();
        rack.recall(&all(&[&now]));
        rack.close_left(&all(&[&now])).await;
        assert_eq!(rig.count("DELETE /s/1"), 2, "{user} {password}");
        assert_eq!(rig.closed(), 2, "the record named it");
    }
}

#[tokio::test]
async fn a_node_that_turns_to_basic_leaves_no_session() {
    let rig = Rig::new().await;
    let mut node = rig.node(1, "admin", "a");
    let rack = rig.rack();
    read(&rack, &node).await;
    node.wished.driver_info.insert("redfish_auth_type".to_owned(), json!("basic"));
    rack.close_left(&all(&[&node])).await;
    assert_eq!(rig.count("DELETE /s/1"), 1);
}

#[tokio::test]
async fn a_session_that_could_not_be_closed_is_used_again() {
    let rig = Rig::new().await;
    let node = rig.node(1, "admin", "a");
    let rack = rig.rack();
    read(&rack, &node).await;
    let line = rack.governor().lines().pop().unwrap();
    line.session().known().closer = None;
    drop(line);
    rack.tidy(std::time::Duration::ZERO).await;
    assert_eq!((rig.count("DELETE"), rack.governor().lines().len()), (0, 0));
    read(&rack, &node).await;
    assert_eq!(rig.count("POST"), 1);
    assert!(rig.session().token.matches(Secret::new("t1").reveal()));
}
