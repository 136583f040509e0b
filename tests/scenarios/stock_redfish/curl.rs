//! The same controllers through plain curl: a session, every link followed, entity tags, and what is refused.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::profile::Profile;
use serde_json::Value;
use serde_json::json;

use super::Rig;

#[test]
fn a_person_with_curl_follows_every_link_of_every_maker() {
    for profile in Profile::ALL {
        let rig = Rig::start(*profile);
        let curl = Curl::of(&rig);
        let session = curl.log_in();
        let seen = curl.walk(&session);
        assert!(seen.len() >= 120, "{profile:?} shows {} resources", seen.len());
        for (path, resource) in &seen {
            assert!(resource["@odata.type"].is_string(), "{profile:?} {path} has no type: {resource}");
            let own = resource["@odata.id"].as_str().unwrap_or_default();
            assert_eq!(own.trim_end_matches('/'), path.trim_end_matches('/'), "{profile:?}");
        }
        curl.log_out(&session);
        assert_eq!(rig.bmc().sessions(), 0, "{profile:?} has a session left");
    }
}

#[test]
fn a_person_with_curl_is_refused_what_the_standard_refuses() {
    let rig = Rig::start(Profile::Generic);
    let curl = Curl::of(&rig);
    let system = rig.bmc().system_path();
    assert_eq!(curl.ask(&["/redfish/v1/"]).status, 200);
    assert_eq!(curl.ask(&[&system]).status, 401);
    assert_eq!(curl.ask(&["--user", "admin:mistyped", &system]).status, 401);
    assert_eq!(curl.ask(&["--user", "admin:twin-password", "/redfish/v1/Nowhere"]).status, 404);
    let patch = |tag: &str| {
        let tag = format!("If-Match: {tag}");
        let body = json!({"Boot": {"BootSourceOverrideTarget": "Pxe"}}).to_string();
        let account = ["--user", "admin:twin-password", "--request", "PATCH"];
        curl.ask(&[&account[..], &["--header", &tag, "--header", JSON, "--data", &body, &system]].concat())
    };
    let first = curl.ask(&["--user", "admin:twin-password", &system]).headers["etag"].clone();
    assert!(matches!(patch(&first).status, 200 | 204));
    assert_eq!(patch(&first).status, 412);
}

/// curl, which trusts this controller's certificate only.
struct Curl<'a> {
    bmc: &'a Bmc,
    authority: PathBuf,
}

/// One answer; header names are in lower case.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
}

/// The header that bears a session's token, and where the session is.
struct Session {
    header: String,
    path: String,
}

impl<'a> Curl<'a> {
    fn of(rig: &'a Rig) -> Self {
        let authority = rig.home().join("controller.pem");
        fs::write(&authority, rig.bmc().certificate()).unwrap();
        Self { bmc: rig.bmc(), authority }
    }

    /// One request; the path is the last word.
    fn ask(&self, words: &[&str]) -> Answer {
        let (path, options) = words.split_last().unwrap();
        let said = self.run(&[options, &["--dump-header", "-", "--output", "/dev/null"]].concat(), &[*path]);
        let head = said.rsplit("HTTP/1.1 ").next().unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').next().unwrap().parse().unwrap();
        let pairs = lines.filter_map(|line| line.split_once(": "));
        let headers = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Answer { status, headers }
    }

    fn log_in(&self) -> Session {
        let body = json!({"UserName": "admin", "Password": "twin-password"}).to_string();
        let made = self.ask(&["--header", JSON, "--data", &body, "/redfish/v1/SessionService/Sessions"]);
        assert_eq!(made.status, 201, "{made:?}");
        let token = &made.headers["x-auth-token"];
        let path = made.headers["location"].replace(&self.bmc.url(), "");
        Session { header: format!("X-Auth-Token: {token}"), path }
    }

    fn log_out(&self, session: &Session) {
        let ended = self.ask(&["--request", "DELETE", "--header", &session.header, &session.path]);
        assert!(matches!(ended.status, 200 | 204), "{ended:?}");
        let late = self.ask(&["--header", &session.header, "/redfish/v1/Systems"]);
        assert_eq!(late.status, 401, "a session that has ended");
    }

    /// Every resource that a link leads to, from the root on; one call of curl for all links of equal depth.
    fn walk(&self, session: &Session) -> BTreeMap<String, Value> {
        let mut seen = BTreeMap::new();
        let mut next = BTreeSet::from(["/redfish/v1/".to_owned()]);
        while !next.is_empty() {
            let paths: Vec<&str> = next.iter().map(String::as_str).collect();
            let said = self.run(&["--fail", "--fail-early", "--header", &session.header], &paths);
            let bodies: Vec<Value> =
                serde_json::Deserializer::from_str(&said).into_iter().collect::<Result<_, _>>().unwrap();
            assert_eq!(bodies.len(), next.len(), "answers to {next:?}");
            seen.extend(next.into_iter().zip(bodies.iter().cloned()));
            let mut found = BTreeSet::new();
            for body in &bodies {
                links(body, &mut found);
            }
            let known = |path: &String| {
                seen.keys().any(|known: &String| known.trim_end_matches('/') == path.trim_end_matches('/'))
            };
            next = found.into_iter().filter(|path| !known(path)).collect();
        }
        seen
    }

    /// What curl printed; it must succeed.
    fn run(&self, options: &[&str], paths: &[&str]) -> String {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--noproxy", "*", "--cacert"])
            .arg(&self.authority)
            .args(options)
            .args(paths.iter().map(|path| format!("{}{path}", self.bmc.url())))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "curl {options:?} {paths:?}: {complained}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Where the links of a resource lead, members of the resource itself left out.
fn links(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let link = members.get("@odata.id").and_then(Value::as_str);
            found.extend(link.filter(|link| !link.contains('#') && !link.ends_with(DEAD)).map(str::to_owned));
            members.values().for_each(|member| links(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| links(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Supermicro's habit, which the twin has: a link that leads nowhere.
const DEAD: &str = "/Oem/Supermicro/RADIUS";
const JSON: &str = "Content-Type: application/json";
