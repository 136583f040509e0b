//! Manifests that are not taken, and the folder read again.

use serde_json::json;

use crate::site_steps::{Folder, clean, manageable};

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_manifest_keeps_no_other_from_being_taken_and_a_reload_takes_the_mended_one() {
    let folder = Folder::new();
    folder.step("good", "", r#"echo '{"turn": "done"}'"#);
    folder.script("bad", r#"echo '{"turn": "done"}'"#);
    folder.manifest("bad", "interface='vendor'\nstep='bad'\nkinds=['clean']\nagian='repeat'");
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    assert_eq!(clean(&rack, &node, "good", json!({})).await.0, "manageable");
    let (state, why) = clean(&rack, &node, "bad", json!({})).await;
    assert!(state == "clean failed" && why.contains("vendor.bad"), "{state} {why}");
    folder.manifest("bad", "interface='vendor'\nstep='bad'\nkinds=['clean']\nagain='repeat'");
    rack.reload().await;
    rack.go(&node, "manage").await;
    assert_eq!(clean(&rack, &node, "bad", json!({})).await, ("manageable".to_owned(), String::new()));
}
