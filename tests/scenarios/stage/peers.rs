//! The stock clients, as `tests/run` installed them.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;

/// The `baremetal` command line against one API.
#[derive(Debug, Clone)]
pub struct Cli {
    url: String,
    login: Vec<(&'static str, String)>,
}

impl Cli {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), login: Vec::new() }
    }

    /// With a login: variables of the environment, as the stock clients read them.
    pub fn with(url: &str, login: &[(&'static str, &str)]) -> Self {
        let login = login.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { url: url.to_owned(), login }
    }

    /// Runs it; it must succeed. What it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, complained) = texts(&output);
        assert!(output.status.success(), "baremetal {arguments:?}: {}\n{said}\n{complained}", output.status);
        said
    }

    /// Runs it with `-f json`; what it printed, parsed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let said = self.ok(&[arguments, &["-f", "json"]].concat());
        serde_json::from_str(&said)
            .unwrap_or_else(|error| panic!("baremetal {arguments:?}: {error} in {said}"))
    }

    /// Runs it; it must fail. What it complained about.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, complained) = texts(&output);
        assert!(!output.status.success(), "baremetal {arguments:?} succeeded:\n{said}");
        complained
    }

    /// One field of one node.
    pub fn field(&self, node: &str, field: &str) -> Value {
        self.json(&["node", "show", node, "--fields", field])[field].clone()
    }

    /// The names of the nodes that a list with these options shows, in its order.
    pub fn names(&self, options: &[&str]) -> Vec<String> {
        let rows = self.json(&[&["node", "list"], options].concat());
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        peer("clients/bin/baremetal", &self.url).envs(self.login.clone()).args(arguments).output().unwrap()
    }
}

/// Runs `tests/scenarios/py/NAME.py` with the SDK; it must succeed. Its only line of output is parsed as JSON.
pub fn python(name: &str, url: &str, arguments: &[&str]) -> Value {
    python_as(name, url, &[], arguments)
}

/// The same with a login.
pub fn python_as(name: &str, url: &str, login: &[(&str, &str)], arguments: &[&str]) -> Value {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/py").join(name).with_extension("py");
    let output = peer("clients/bin/python", url)
        .envs(login.iter().copied())
        .arg("-B")
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    let (said, complained) = texts(&output);
    assert!(output.status.success(), "{name}.py {arguments:?}: {}\n{said}\n{complained}", output.status);
    if said.trim().is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{name}.py {arguments:?}: {error} in {said}"))
}

/// Where the peers are. A test never passes for want of them.
pub fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/peers");
    let folder = std::env::var_os("FERRIC_PEERS").map_or_else(own, PathBuf::from);
    assert!(folder.is_dir(), "no peers in {}: run tests/run, it installs them", folder.display());
    folder
}

fn peer(program: &str, url: &str) -> Command {
    let program = folder().join(program);
    assert!(program.exists(), "no {}: run tests/run, it installs the peers", program.display());
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).envs([
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/nonexistent"),
        ("LANG", "C.UTF-8"),
        ("NO_PROXY", "*"),
        ("OS_AUTH_TYPE", "none"),
        ("OS_ENDPOINT", url),
    ]);
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
