//! A server whose pages are short: what is listed is whole all the same.

use serde_json::json;

use crate::stage::daemon::Daemon;
use crate::stage::ferric::Ferric;

#[test]
fn what_is_listed_below_something_is_whole_however_short_the_pages_are() {
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), "[api]\nmax_limit = 3\n").unwrap();
    let daemon = Daemon::start_with(&["--config", config.path().to_str().unwrap()]);
    let ferric = Ferric::at(&daemon);
    let chassis = ferric.json(&["chassis", "create"])["uuid"].as_str().unwrap().to_owned();
    for node in 1..=5 {
        let name = format!("n{node}");
        let set = format!("chassis_uuid={chassis}");
        ferric.ok(&["node", "create", &name, "--driver", "fake-hardware", "--set", &set]);
    }
    for port in 1..=5 {
        ferric.ok(&["port", "create", &format!("52:54:00:00:00:{port:02x}"), "--node", "n1"]);
    }
    ferric.ok(&["portgroup", "create", "g1", "--node", "n1"]);
    let group = ferric.json(&["portgroup", "show", "g1"])["uuid"].as_str().unwrap().to_owned();
    for port in 6..=9 {
        let mac = format!("52:54:00:00:00:{port:02x}");
        ferric.ok(&["port", "create", &mac, "--node", "n1", "--portgroup", &group]);
    }
    for (words, key, count) in [
        (&["chassis", "nodes", chassis.as_str()][..], "nodes", 5),
        (&["portgroup", "ports", "g1"], "ports", 4),
    ] {
        let whole = ferric.json(words);
        assert_eq!(whole[key].as_array().unwrap().len(), count, "{words:?}: {whole}");
        assert_eq!(whole.get("next"), None, "{words:?}");
        assert_eq!(ferric.ok(words).lines().count(), count + 1, "{words:?}");
    }
    let shown = ferric.ok(&["node", "show", "n1"]);
    assert_eq!(shown.matches("52:54:00:00:00:").count(), 9, "{shown}");
    for reason in 1..=4 {
        ferric.ok(&["node", "maintenance", "n1", "on", "--reason", &format!("r{reason}")]);
    }
    let history = ferric.json(&["node", "history", "n1"]);
    let entries = history["history"].as_array().unwrap();
    assert!(entries.len() > 3 && history.get("next").is_none(), "{history}");
    let deeds = ferric.json(&["audit", "--limit", "10"]);
    assert_eq!(deeds["audit"].as_array().unwrap().len(), 10, "{deeds}");
    assert_eq!(deeds["audit"][0]["request"], json!("PUT /v1/nodes/n1/maintenance"), "{deeds}");
    assert_eq!(ferric.told(&["audit", "--limit", "7"]).out.lines().count(), 8);
}
