//! What an agent must not do; the test is the agent.

use ferric::net::tls::self_signed;
use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::http;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

#[test]
fn an_agent_that_calls_without_tls_from_elsewhere_or_with_a_wrong_token_is_refused_and_nothing_changes() {
    let rig = Rig::new(Machine::new(MAC), "", &json!({}));
    rig.machine().never_boots();
    rig.provision(&json!({"target": "provide"}));
    rig.until("clean wait");
    let (status, found) = http::ask(&rig.rack, "GET", &format!("/v1/lookup?addresses={MAC}"), None).unwrap();
    assert_eq!(status, 200, "{found}");
    let token = found["config"]["agent_token"].as_str().unwrap().to_owned();
    let before = rig.node();
    // Nobody answers at the address.
    let certificate = self_signed("127.0.0.1").unwrap().certificate;
    let beat = |url: &str, token: &str| {
        let body = json!({"callback_url": url, "agent_token": token, "agent_version": "13.0.0", "agent_verify_ca": certificate});
        http::ask(&rig.rack, "POST", &format!("/v1/heartbeat/{}", rig.node), Some(&body)).unwrap()
    };
    for (url, token, word) in [
        ("http://127.0.0.1:9999", token.as_str(), "TLS"),
        ("https://192.0.2.66:9999", &token, "192.0.2.66"),
        ("https://169.254.169.254:9999", &token, "169.254.169.254"),
        ("https://bmc.example:9999", &token, "IP address"),
        ("https://127.0.0.1:9999/v1/", &token, "host and a port only"),
        ("https://127.0.0.1:9999", "a-token-of-somebody-else-with-43-characters", "agent_token"),
        ("https://127.0.0.1:9999", "", "agent_token"),
    ] {
        let (status, said) = beat(url, token);
        assert_eq!(status, 400, "{url}: {said}");
        assert!(said.to_string().contains(word), "{url}: {said}");
        assert!(!said.to_string().contains(found["config"]["agent_token"].as_str().unwrap()), "{said}");
    }
    assert_eq!(rig.node(), before, "nothing has changed");
    assert!(!rig.daemon.log().contains(&token), "the token is in the log");

    let (status, said) = beat("https://127.0.0.1:9999", &token);
    assert_eq!((status, said), (202, Value::Null), "the right one is taken");
}
