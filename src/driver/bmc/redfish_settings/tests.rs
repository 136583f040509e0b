use serde_json::json;

use super::*;

fn parse(info: Value) -> Result<RedfishSettings, String> {
    let Value::Object(info) = info else { panic!("an object") };
    RedfishSettings::parse(&info, &RedfishDefaults::default()).map_err(|error| error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn with(key: &str, value: Value) -> Result<RedfishSettings, String> {
    parse(json!({"redfish_address": "bmc", key: value}))
}

#[test]
fn addresses_are_taken_in_every_form() {
    for (given, origin, root) in [
        ("10.0.0.1", "https://10.0.0.1:443", "/redfish/v1/"),
        ("http://BMC.example:8000/", "http://bmc.example:8000", "/redfish/v1/"),
        ("fd00::1", "https://[fd00::1]:443", "/redfish/v1/"),
        ("[fd00::1]:8443/other/v1", "https://[fd00::1]:8443", "/other/v1/"),
        ("https://bmc/redfish/v1/", "https://bmc:443", "/redfish/v1/"),
    ] {
        let settings = with("redfish_address", json!(given)).unwrap();
        assert_eq!((settings.origin().as_str(), settings.root.as_str()), (origin, root), "{given}");
    }
    for wrong in [
        json!("bmc:0"),
        json!("http://bmc:0"),
        json!("ftp://bmc"),
        json!("https://"),
        json!("http://b?x=1"),
        json!("a b"),
        json!(7),
    ] {
        assert!(with("redfish_address", wrong.clone()).unwrap_err().contains("redfish_address"), "{wrong}");
    }
    assert_eq!(parse(json!({})).unwrap_err(), "missing in the node's driver_info: redfish_address");
    assert_eq!(with("redfish_address", json!("")).unwrap_err(), parse(json!({})).unwrap_err());
}

#[test]
fn credentials_come_from_keys_or_address_and_are_not_shown() {
    let settings = with("redfish_address", json!("https://ad%40min:hunter2@bmc")).unwrap();
    assert_eq!(settings.username.as_deref(), Some("ad@min"));
    assert!(settings.password.as_ref().unwrap().matches("hunter2"));
    assert!(!format!("{settings:?} {}", settings.key()).contains("hunter2"));
    let prints = PrintKey::new(Secret::new("k"));
    let other = with("redfish_password", json!("x")).unwrap();
    assert_ne!(settings.print(&prints), other.print(&prints));
    assert_eq!(with("redfish_password", json!(12345)).unwrap().password, Some(Secret::new("12345")));
}

#[test]
fn certificates_are_trusted_as_the_node_says() {
    let trust = |value: Value| with("redfish_verify_ca", value).map(|settings| settings.trust);
    assert_eq!(with("x", json!(1)).unwrap().trust, Trust::System);
    for (value, expected) in [
        (json!(true), Trust::System),
        (json!("yes"), Trust::System),
        (json!(false), Trust::Anybody),
        (json!("False"), Trust::Anybody),
        (json!("/"), Trust::Authorities("/".into())),
        (json!(1), Trust::System),
        (json!(0), Trust::Anybody),
    ] {
        assert_eq!(trust(value).unwrap(), expected);
    }
    for wrong in [json!("/no/such/file"), json!(2), json!(0.5), json!({})] {
        assert!(trust(wrong).unwrap_err().contains("redfish_verify_ca"));
    }
    let hex = "AB".repeat(32);
    let pin = with("redfish_tls_pin", json!(hex)).unwrap().trust;
    assert_eq!(pin, Trust::Pinned("ab".repeat(32)));
    for (key, value) in [("redfish_tls_pin", json!(hex)), ("redfish_tls_trust_first", json!(true))] {
        let error = parse(json!({"redfish_address": "http://bmc", key: value})).unwrap_err();
        assert!(error.contains(key) && error.contains("https://"), "{error}");
    }
    assert!(with("redfish_tls_pin", json!("abcd")).unwrap_err().contains("64 hex digits"));
    assert_eq!(with("redfish_tls_trust_first", json!("true")).unwrap().trust, Trust::FirstSeen);
}

#[test]
fn a_system_is_a_path_and_leads_nowhere_else() {
    for id in [
        "http://127.0.0.1:38331/redfish/v1/Systems/1",
        "https://bmc/redfish/v1/Systems/1",
        "//127.0.0.1:38331/redfish/v1/Systems/1",
        " //bmc/redfish/v1/Systems/1",
        "javascript:alert(1)",
    ] {
        assert!(with("redfish_system_id", json!(id)).unwrap_err().contains("redfish_system_id"), "{id}");
    }
    let odd = with("redfish_system_id", json!("/\\\\127.0.0.1/x")).unwrap().system_id;
    assert_eq!(odd.as_deref(), Some("/%5C%5C127.0.0.1/x"));
}

#[test]
fn what_rustls_cannot_do_is_said() {
    let old = with("redfish_tls_minimum_version", json!("1.1")).unwrap_err();
    assert!(old.contains("rustls") && old.contains("1.2 or 1.3"), "{old}");
    assert_eq!(with("redfish_tls_minimum_version", json!(1.3)).unwrap().tls_minimum, TlsVersion::V1_3);
    let ciphers = with("redfish_tls_ciphers", json!("HIGH:!aNULL")).unwrap_err();
    assert!(ciphers.contains("rustls") && !ciphers.contains("HIGH"), "{ciphers}");
}

#[test]
fn the_other_keys_have_defaults_and_bounds() {
    let plain = with("x", json!(1)).unwrap();
    assert_eq!(
        (plain.auth, plain.media_transport, plain.system_id, plain.external_http_url),
        (Auth::Auto, None, None, None)
    );
    assert!(!plain.config_via_removable);
    assert_eq!(with("redfish_auth_type", json!("basic")).unwrap().auth, Auth::Basic);
    assert_eq!(
        with("vmedia_transport_protocol", json!("CIFS")).unwrap().media_transport,
        Some(MediaTransport::Cifs)
    );
    let url = with("external_http_url", json!("http://10.0.0.1/ferric")).unwrap().external_http_url;
    assert_eq!(url.as_deref(), Some("http://10.0.0.1/ferric"));
    assert!(with("config_via_floppy", json!("on")).unwrap().config_via_removable);
    let wait = with("firmware_update_unresponsive_bmc_wait", json!("300")).unwrap();
    assert_eq!(wait.firmware_update_unresponsive_bmc_wait, Duration::from_mins(5));
    let system = with("redfish_system_id", json!("/redfish/v1/Systems/a b")).unwrap();
    assert_eq!(system.system_id.as_deref(), Some("/redfish/v1/Systems/a%20b"));
    for (key, value) in [
        ("redfish_auth_type", json!("digest")),
        ("redfish_system_id", json!(1)),
        ("vmedia_transport_protocol", json!("FTP")),
        ("external_http_url", json!("ftp://10.0.0.1")),
        ("external_http_url", json!("10.0.0.1/images")),
        ("redfish_http_boot_url", json!("tftp://10.0.0.1/x.efi")),
        ("config_via_removable", json!("maybe")),
        ("firmware_update_unresponsive_bmc_wait", json!(-1)),
        ("redfish_username", json!(["a"])),
    ] {
        assert!(with(key, value).unwrap_err().contains(key), "{key}");
    }
}
