//! Our own command line as a person or a script uses it: the real binary, its output and its exit code.

use std::process::{Command, Output};

use serde_json::Value;

use crate::stage::daemon::Daemon;

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `ferric` with an empty environment, at one API.
#[derive(Debug)]
pub struct Ferric(String);

impl Ferric {
    pub fn at(daemon: &Daemon) -> Self {
        Self(daemon.url().to_owned())
    }

    pub fn told(&self, arguments: &[&str]) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
        told(&command.env_clear().env("FERRIC_URL", &self.0).args(arguments).output().unwrap())
    }

    /// What a command that succeeds prints.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let told = self.told(arguments);
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{arguments:?}: {told:?}");
        told.out
    }

    /// The same as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let out = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    /// Why a command is refused by the API.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let told = self.told(arguments);
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{arguments:?}: {told:?}");
        told.err
    }
}

pub fn told(output: &Output) -> Told {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Told { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}
