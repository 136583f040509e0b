use std::fs;

use super::*;
use crate::base::time::{Clock, PausedClock};
use crate::config::Given;
use crate::net::tls::self_signed;

struct Site {
    home: tempfile::TempDir,
    clock: Arc<PausedClock>,
}

impl Site {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), clock: Arc::new(PausedClock::new()) }
    }

    fn config(&self, lines: &str) -> Config {
        let file = self.home.path().join("ferric.toml");
        fs::write(&file, lines).unwrap();
        let given = Given { file: Some(file), data: Some(self.home.path().to_owned()), ..Given::default() };
        Config::load(&given, "rack7".to_owned()).unwrap()
    }

    fn open(&self, lines: &str) -> Result<Certificates, CertificateError> {
        let clock: SharedClock = self.clock.clone();
        Certificates::open(&self.config(lines), &clock)
    }

    /// Puts a fresh pair where the configuration of `FILES` has it.
    fn put(&self) {
        let made = self_signed("rack7").unwrap();
        fs::write(self.home.path().join("c.pem"), made.certificate).unwrap();
        fs::write(self.home.path().join("k.pem"), made.key.reveal()).unwrap();
    }

    fn files(&self) -> String {
        let home = self.home.path().display();
        format!("[api]\ntls_certificate = \"{home}/c.pem\"\ntls_key = \"{home}/k.pem\"\n")
    }
}

/// Whether a door shows another certificate than before.
struct Watch(ServerTls, Option<usize>);

impl Watch {
    fn of(all: &Certificates) -> Self {
        let mut watch = Self(all.operator.clone().unwrap(), None);
        watch.is_new();
        watch
    }

    fn is_new(&mut self) -> bool {
        let now = Some(self.0.current_address());
        std::mem::replace(&mut self.1, now) != now
    }
}

#[test]
fn files_are_read_again_once_they_have_settled_and_at_once_when_it_is_asked_for() {
    let site = Site::new();
    site.put();
    let all = site.open(&site.files()).unwrap();
    let mut watch = Watch::of(&all);
    all.renew(true);
    assert!(!watch.is_new(), "nothing has changed");
    site.put();
    all.renew(false);
    assert!(!watch.is_new(), "the other file may still be on its way");
    all.renew(false);
    assert!(watch.is_new());
    site.put();
    all.renew(true);
    assert!(watch.is_new());
}

#[test]
fn one_that_has_ended_replaces_none_and_is_told() {
    let site = Site::new();
    site.put();
    let all = site.open(&site.files()).unwrap();
    let mut watch = Watch::of(&all);
    assert_eq!((all.ends().len(), all.ended().len()), (1, 0));
    let end_with = |year| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["rack7".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        fs::write(site.home.path().join("c.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(site.home.path().join("k.pem"), key.serialize_pem()).unwrap();
    };
    end_with(2001);
    all.renew(true);
    assert!(!watch.is_new() && all.ended().is_empty(), "the door keeps the one that is good");
    let late = site.open(&site.files()).unwrap();
    assert_eq!(late.ended()[0].0, "operator", "a start takes it, and /readyz tells");
    end_with(2600);
    late.renew(true);
    assert!(late.ended().is_empty());
}

#[test]
fn bad_new_files_change_nothing_and_good_ones_after_them_do() {
    let site = Site::new();
    site.put();
    let all = site.open(&site.files()).unwrap();
    let mut watch = Watch::of(&all);
    for bad in ["", "garbage"] {
        fs::write(site.home.path().join("c.pem"), bad).unwrap();
        all.renew(true);
        assert!(!watch.is_new(), "{bad:?}");
    }
    fs::remove_file(site.home.path().join("k.pem")).unwrap();
    all.renew(true);
    assert!(!watch.is_new());
    site.put();
    all.renew(true);
    assert!(watch.is_new());
}

#[test]
fn our_own_certificate_is_issued_anew_long_before_it_ends() {
    let site = Site::new();
    let all = site.open("[api]\nenable_ssl_api = true\n").unwrap();
    let mut watch = Watch::of(&all);
    site.clock.advance(Duration::from_hours(29 * 24));
    all.renew(false);
    assert!(!watch.is_new());
    site.clock.advance(Duration::from_hours(25));
    all.renew(false);
    assert!(watch.is_new());
    all.renew(false);
    assert!(!watch.is_new(), "once is enough");
    assert!(site.clock.wall() > Moment::default());
}

#[test]
fn files_that_cannot_be_used_at_the_start_are_named() {
    let site = Site::new();
    let error = site.open(&site.files()).unwrap_err();
    assert!(error.to_string().contains("c.pem cannot be read"), "{error}");
    site.put();
    fs::write(site.home.path().join("k.pem"), "x").unwrap();
    let error = site.open(&site.files()).unwrap_err();
    assert!(error.to_string().contains("k.pem cannot be used"), "{error}");
    assert!(!site.home.path().join("tls").exists(), "no authority is made where none is needed");
}

#[test]
fn agents_are_given_the_sites_authority_or_ours() {
    let site = Site::new();
    site.put();
    let none = site.open(&site.files()).unwrap();
    assert_eq!(none.for_agents(None).unwrap(), None);
    let path = site.home.path().join("c.pem");
    assert_eq!(none.for_agents(Some(&path)).unwrap(), fs::read_to_string(&path).ok());
    let error = none.for_agents(Some(&site.home.path().join("k.pem"))).unwrap_err();
    assert!(error.to_string().contains("api_ca_file"), "{error}");
    let own = site.open("[boot]\nhttps_listen = \"127.0.0.1:0\"\n").unwrap();
    assert_eq!(own.for_agents(None).unwrap(), own.authority().map(|made| made.pem));
}

#[test]
fn a_key_that_everybody_may_read_is_told_until_it_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.put();
    let key = site.home.path().join("k.pem");
    let said = |all: &Certificates| {
        let doors = all.doors.lock().unwrap();
        let Origin::Files { exposed, .. } = &doors[0].from else { panic!("files") };
        *exposed
    };
    for (mode, told) in [(0o644, true), (0o640, false), (0o600, false), (0o602, true)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let all = site.open(&site.files()).unwrap();
        assert_eq!(said(&all).is_some(), told, "{mode:o}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        all.renew(false);
        assert!(said(&all).is_some(), "it is seen while the daemon runs");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        all.renew(false);
        assert_eq!(said(&all), None);
    }
}

#[test]
fn every_door_tells_until_when_its_certificate_is_good() {
    let site = Site::new();
    site.put();
    let all = site.open(&site.files()).unwrap();
    assert_eq!(all.expiries(), all.ends());
    let own = site.open("[api]\nenable_ssl_api = true\n").unwrap();
    let expiries = own.expiries();
    let days = expiries[0].1.seconds_since(site.clock.wall()) / (24 * 3600);
    assert!(expiries[0].0 == "operator" && (89..=90).contains(&days), "{expiries:?}");
    assert_eq!(own.ended(), []);
}
