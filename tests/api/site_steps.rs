//! The site's own steps: executables with manifests, called under a sandbox wherever drivers' steps are.

mod examples;
mod hostile;
mod hooks;
mod register;
mod written;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rack::Rack;

/// A folder of manifests and executables that anybody may read, and nobody but us write.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a manifest.
    pub(crate) fn manifest(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(format!("{name}.toml"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        self
    }

    /// Writes an executable of `sh`.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A step `vendor.NAME` for clean, on request, done by a script.
    pub(crate) fn step(&self, name: &str, more: &str, script: &str) -> &Self {
        let text = format!("interface='vendor'\nstep='{name}'\nkinds=['clean']\n");
        let again = if more.contains("again") { "" } else { "again='repeat'\n" };
        self.script(name, script);
        self.manifest(name, &format!("{text}{again}{more}"))
    }

    pub(crate) fn config(&self) -> String {
        format!("[steps]\ndirectory = '{}'\n", self.path().display())
    }

    pub(crate) async fn rack(&self) -> Rack {
        Rack::start_with(&self.config()).await
    }
}

/// A manageable node of the fake type.
pub(crate) async fn manageable(rack: &Rack, members: Value) -> String {
    let node = rack.node(members).await;
    rack.go(&node, "manage").await;
    node
}

/// Asks for a move with more than its name; the answer.
pub(crate) async fn ask(rack: &Rack, node: &str, body: Value) -> crate::rack::Answer {
    rack.call("PUT", &format!("/v1/nodes/{node}/states/provision"), "1.115", Some(&body)).await
}

/// Manual cleaning with this step; the state that it ends in, and its error.
pub(crate) async fn clean(rack: &Rack, node: &str, step: &str, args: Value) -> (String, String) {
    let step = json!({"interface": "vendor", "step": step, "args": args});
    let taken = ask(rack, node, json!({"target": "clean", "clean_steps": [step]})).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    rack.rest().await;
    told(rack, node).await
}

/// Where the node stands, and its error.
pub(crate) async fn told(rack: &Rack, node: &str) -> (String, String) {
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    (text("provision_state"), text("last_error"))
}

pub(crate) async fn history(rack: &Rack, node: &str) -> String {
    rack.get(&format!("/v1/nodes/{node}/history?detail=true")).await.body.to_string()
}
