//! What a request would lead to, told without making it.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

async fn plan(rack: &Rack, node: &str, body: Value) -> Answer {
    rack.call("POST", &format!("/ferric/v1/nodes/{node}/plan"), "1.115", Some(&body)).await
}

async fn provision(rack: &Rack, node: &str, body: Value) -> Answer {
    rack.call("PUT", &format!("/v1/nodes/{node}/states/provision"), "1.115", Some(&body)).await
}

fn steps(answer: &Answer) -> Vec<String> {
    let runs = answer.body["runs"].as_array().unwrap();
    runs.iter()
        .flat_map(|run| run["steps"].as_array().unwrap())
        .filter(|step| step["shown"] == true)
        .map(|step| format!("{}.{}", step["interface"].as_str().unwrap(), step["step"].as_str().unwrap()))
        .collect()
}

/// Steps that have begun since so many entries of the history.
async fn begun(rack: &Rack, node: &str, since: usize) -> Vec<String> {
    let history = rack.get(&format!("/v1/nodes/{node}/history?detail=true&limit=1000")).await.body;
    let names = history["history"].as_array().unwrap().iter().skip(since).filter_map(|one| {
        let (_, step) = one["event"].as_str()?.strip_suffix(" begins")?.split_once(" step ")?;
        Some(step.to_owned())
    });
    names.collect()
}

async fn entries(rack: &Rack, node: &str) -> usize {
    let history = rack.get(&format!("/v1/nodes/{node}/history?detail=true&limit=1000")).await.body;
    history["history"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_what_is_done() {
    let rack = Rack::start().await;
    let id = rack.node(json!({"name": "n1"})).await;
    rack.go("n1", "manage").await;
    rack.until_modes(&id).await;
    rack.until(&id, "manageable").await;
    let wished = json!([{"interface": "deploy", "step": "fake_done"}, {"interface": "vendor", "step": "log_passthrough"}]);
    let added = json!([{"interface": "deploy", "step": "fake_done", "args": {}, "priority": 50}]);
    for (asked, body, ends) in [
        (
            json!({"action": "clean", "steps": wished}),
            json!({"target": "clean", "clean_steps": wished}),
            "manageable",
        ),
        (json!({"action": "clean"}), json!({"target": "provide"}), "available"),
        (
            json!({"action": "deploy", "steps": added}),
            json!({"target": "active", "deploy_steps": added}),
            "active",
        ),
        (
            json!({"action": "service", "steps": wished}),
            json!({"target": "service", "service_steps": wished}),
            "active",
        ),
        (json!({"action": "undeploy"}), json!({"target": "deleted"}), "available"),
    ] {
        let (before, since) = (rack.get("/v1/nodes/n1").await.body, entries(&rack, "n1").await);
        let told = plan(&rack, "n1", asked.clone()).await;
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!((&told.body["refused"], &told.body["fails"]), (&json!([]), &Value::Null), "{asked}");
        assert_eq!(told.body["runs"].as_array().unwrap().last().unwrap()["ends_in"], ends, "{told:?}");
        assert_eq!(rack.get("/v1/nodes/n1").await.body, before, "{asked}: nothing is touched");
        assert_eq!(entries(&rack, "n1").await, since, "{asked}: nothing is written");
        assert_eq!(provision(&rack, "n1", body).await.status, 202);
        rack.rest().await;
        rack.until(&id, ends).await;
        assert_eq!(begun(&rack, "n1", since).await, steps(&told), "{asked}");
    }
    let again = plan(&rack, "n1", json!({"action": "deploy", "steps": added})).await.body;
    let done = again["runs"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["step"] == "fake_done")
        .unwrap();
    assert_eq!(done["expected"]["of"], "this node", "{again}");
    assert_eq!(done["origin"]["kind"], "request");
    assert_eq!(again["runs"][0]["expected"]["runs"], 1, "{again}");
    rack.node(json!({"name": "n2"})).await;
    let other = plan(&rack, "n2", json!({"action": "deploy", "steps": added})).await.body;
    assert_eq!(other["runs"][0]["expected"]["of"], "other nodes", "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_told_in_the_words_of_the_refusal() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let asked = plan(&rack, "n1", json!({"action": "deploy"})).await;
    let refused = provision(&rack, "n1", json!({"target": "active"})).await;
    assert_eq!((asked.status, refused.status), (200, 400));
    assert_eq!(asked.body["refused"], json!([refused.inner()["faultstring"]]), "{asked:?}");
    assert!(steps(&asked).contains(&"deploy.deploy".to_owned()), "what it would be otherwise: {asked:?}");
    rack.call("PUT", "/v1/nodes/n1/maintenance", "1.115", Some(&json!({}))).await;
    let asked = plan(&rack, "n1", json!({"action": "rebuild"})).await;
    let refused = provision(&rack, "n1", json!({"target": "rebuild"})).await;
    assert_eq!(asked.body["refused"][0], refused.inner()["faultstring"], "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for body in [
        json!({}),
        json!({"action": 1}),
        json!({"action": "explode"}),
        json!({"action": "deploy", "steps": "all"}),
        json!({"action": "deploy", "steps": [{"step": "x"}]}),
        json!({"action": "undeploy", "steps": [{"interface": "deploy", "step": "x", "args": {}, "priority": 1}]}),
        json!({"action": "deploy", "disable_ramdisk": true}),
        json!({"action": "service"}),
        json!({"action": "deploy", "color": "red"}),
        json!([]),
    ] {
        let answer = plan(&rack, "n1", body.clone()).await;
        assert_eq!(answer.status, 400, "{body} {answer:?}");
    }
    assert_eq!(plan(&rack, "n2", json!({"action": "deploy"})).await.status, 404);
    assert_eq!(plan(&rack, "n1", json!({"action": "clean", "runbook": "none"})).await.status, 404);
    assert_eq!(rack.call("GET", "/ferric/v1/nodes/n1/plan", "1.115", None).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runbook_is_named_and_secret_arguments_are_not_shown() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let step = json!({"interface": "deploy", "step": "fake_fail", "args": {"error": "x"}, "order": 1});
    let body = json!({"name": "CUSTOM_A", "steps": [step]});
    assert_eq!(rack.call("POST", "/v1/runbooks", "1.115", Some(&body)).await.status, 201);
    let traits = json!({"traits": ["CUSTOM_A"]});
    for path in ["/v1/runbooks/CUSTOM_A/traits", "/v1/nodes/n1/traits"] {
        let set = rack.call("PUT", path, "1.115", Some(&traits)).await;
        assert!(set.status < 300, "{path} {set:?}");
    }
    let told = plan(&rack, "n1", json!({"action": "clean", "runbook": "CUSTOM_A"})).await;
    let origin = &told.body["runs"][0]["steps"][0]["origin"];
    assert_eq!((&origin["kind"], &origin["name"]), (&json!("runbook"), &json!("CUSTOM_A")), "{told:?}");
    let secret = json!([{"interface": "bios", "step": "apply_configuration", "args": {"settings": [], "password": "hunter2"}}]);
    let told = plan(&rack, "n1", json!({"action": "clean", "steps": secret})).await;
    assert!(!told.body.to_string().contains("hunter2"), "{told:?}");
    assert!(told.body["fails"].as_str().unwrap().contains("unknown argument"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sites_own_steps_take_the_place_of_an_image_on_a_custom_agent() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1", "deploy_interface": "custom-agent"})).await;
    let own = json!([{"interface": "deploy", "step": "install_site_os", "args": {}, "priority": 75}]);
    let told = plan(&rack, "n1", json!({"action": "deploy", "steps": own})).await;
    let expected = [
        "deploy.deploy",
        "deploy.install_site_os",
        "deploy.prepare_instance_boot",
        "deploy.tear_down_agent",
        "deploy.switch_to_tenant_network",
        "deploy.boot_instance",
    ];
    assert_eq!(steps(&told), expected, "{told:?}");
}
