//! The daemon against its own `OpenAPI` document, by schemathesis: whatever it makes up, each answer is one that the
//! document knows, and none is an error of the daemon's own.

use std::process::Command;

use crate::stage::daemon::Daemon;
use crate::stage::peers;

#[test]
fn schemathesis_finds_no_answer_that_the_document_does_not_know() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let mut run = Command::new(peers::folder().join("openapi/bin/schemathesis"));
    run.args(["run", &format!("{}/ferric/v1/openapi.json", daemon.url())])
        .args(["--header", "X-OpenStack-Ironic-API-Version: latest"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "12", "--seed", "7"])
        .args(["--checks", CHECKS, "--continue-on-failure", "--suppress-health-check", "all"])
        // What waits for a machine or goes on without an end is tried by other tests.
        .args(["--exclude-path-regex", "^/ferric/v1/nodes/|^/events|vendor_passthru"])
        .args(["--no-shrink", "--request-timeout", "30", "--no-color", "--workers", "1"])
        .current_dir(home.path())
        .env("HOME", home.path());
    let output = run.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

/// Nodes that schemathesis makes up are not there; this one is.
#[test]
fn what_a_plan_answers_is_what_the_document_says() {
    let daemon = Daemon::start();
    peers::python("plans", daemon.url(), &[]);
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
response_schema_conformance,response_headers_conformance,allow_header_conformance,unsupported_method";
