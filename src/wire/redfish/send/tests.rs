//! Bodies to the letter, and secrets that are not shown.

use serde_json::json;

use super::*;

#[test]
fn resets_name_their_type() {
    for kind in ResetType::ALL {
        assert_eq!(reset(Some(*kind)).value(), &json!({ "ResetType": kind.as_str() }));
    }
    assert_eq!(reset(None), Body::empty());
}

#[test]
fn every_word_is_sent_as_it_is_spelled() {
    for target in Target::ALL {
        let body = boot(&BootPatch { target: Some(*target), ..BootPatch::default() });
        assert_eq!(body.value(), &json!({"Boot": {"BootSourceOverrideTarget": target.as_str()}}));
    }
    for enabled in Override::ALL {
        let body = boot(&BootPatch { enabled: Some(*enabled), ..BootPatch::default() });
        assert_eq!(body.value(), &json!({"Boot": {"BootSourceOverrideEnabled": enabled.as_str()}}));
    }
    for mode in Mode::ALL {
        let body = boot(&BootPatch { mode: Some(*mode), ..BootPatch::default() });
        assert_eq!(body.value(), &json!({"Boot": {"BootSourceOverrideMode": mode.as_str()}}));
    }
    for led in Led::ALL {
        assert_eq!(indicator_led(*led).value(), &json!({ "IndicatorLED": led.as_str() }));
    }
    for kind in ResetKeys::ALL {
        assert_eq!(reset_keys(*kind).value(), &json!({ "ResetKeysType": kind.as_str() }));
    }
    for transfer in Transfer::ALL {
        let ask = InsertMedia { transfer: Some(*transfer), ..InsertMedia::default() };
        assert_eq!(insert_media(&ask).value()["TransferProtocolType"], transfer.as_str());
    }
    for kind in EventType::ALL {
        let ask = Subscribe { event_types: vec![*kind], ..Subscribe::default() };
        assert_eq!(subscription(&ask).value()["EventTypes"], json!([kind.as_str()]));
    }
}

#[test]
fn a_boot_patch_has_what_was_asked_and_no_more() {
    let patch = BootPatch {
        target: Some(Target::UefiHttp),
        enabled: Some(Override::Once),
        mode: Some(Mode::Uefi),
        http_uri: Some(Some("http://boot/x.efi".to_owned())),
    };
    let all = json!({"Boot": {"BootSourceOverrideTarget": "UefiHttp", "BootSourceOverrideEnabled": "Once",
        "BootSourceOverrideMode": "UEFI", "HttpBootUri": "http://boot/x.efi"}});
    assert_eq!(boot(&patch).value(), &all);
    let cleared = BootPatch { http_uri: Some(None), ..BootPatch::default() };
    assert_eq!(boot(&cleared).value(), &json!({"Boot": {"HttpBootUri": null}}));
}

#[test]
fn media_leave_out_what_is_not_asked() {
    let mut ask = InsertMedia { image: "http://a/b.iso".to_owned(), ..InsertMedia::default() };
    assert_eq!(insert_media(&ask).value(), &json!({"Image": "http://a/b.iso"}));
    ask.inserted = Some(true);
    ask.write_protected = Some(true);
    ask.user_name = Some("none".to_owned());
    ask.password = Some(Secret::new("none"));
    ask.stream = true;
    let full = json!({"Image": "http://a/b.iso", "Inserted": true, "WriteProtected": true, "UserName": "none",
        "Password": "none", "TransferMethod": "Stream"});
    assert_eq!(insert_media(&ask).value(), &full);
    assert_eq!(eject_patch().value(), &json!({"Image": null, "Inserted": false}));
}

#[test]
fn small_bodies_are_exact() {
    assert_eq!(secure_boot(true).value(), &json!({"SecureBootEnable": true}));
    assert_eq!(location_indicator(false).value(), &json!({"LocationIndicatorActive": false}));
    let date = "2026-11-20T10:00:00+00:00";
    assert_eq!(clock(Some(date), None).value(), &json!({ "DateTime": date }));
    assert_eq!(clock(None, Some("+00:00")).value(), &json!({"DateTimeLocalOffset": "+00:00"}));
    let ask = Subscribe {
        destination: "https://me/events".to_owned(),
        event_types: vec![EventType::Alert],
        ..Subscribe::default()
    };
    let body = json!({"Destination": "https://me/events", "Protocol": "Redfish", "Context": "",
        "EventTypes": ["Alert"]});
    assert_eq!(subscription(&ask).value(), &body);
    assert!(
        idrac_boot_device("VCD-DVD", true).value()["ImportBuffer"].as_str().unwrap().contains("Enabled<")
    );
    assert_eq!(clear_job_queue().value(), &json!({"JobID": "JID_CLEARALL"}));
}

#[test]
fn secrets_are_not_shown() {
    let body = log_in("root", &Secret::new("hunter2"));
    assert_eq!(body.value(), &json!({"UserName": "root", "Password": "hunter2"}));
    assert_eq!(format!("{body:?}"), r#"Body({"Password":"******","UserName":"root"})"#);
    let ask = InsertMedia { image: "https://u:p@h/x.iso?sig=s3".to_owned(), ..InsertMedia::default() };
    assert_eq!(insert_media(&ask).shown(), json!({"Image": "https://h/x.iso"}));
    let headers = vec![json!({"Authorization": "Bearer s3"})];
    let ask = Subscribe { http_headers: Some(headers), ..Subscribe::default() };
    assert!(!format!("{:?}", subscription(&ask)).contains("s3"));
}

#[test]
fn the_scheme_names_the_transfer() {
    assert_eq!(Transfer::of_url("HTTPS://x"), Some(Transfer::Https));
    assert_eq!(Transfer::of_url("smb://x"), Some(Transfer::Cifs));
    assert_eq!(Transfer::of_url("x"), None);
}

#[test]
fn messages_come_from_the_registry() {
    let message = shape::base_message("PropertyUnknown", &["Foo".to_owned()]).unwrap();
    assert_eq!(message["MessageId"], "Base.1.16.0.PropertyUnknown");
    assert!(message["Message"].as_str().unwrap().contains("Foo"));
    assert!(shape::base_message("ActionParameterMissing", &[]).is_some());
    assert_eq!(shape::base_message("NoSuchThing", &[]), None);
}
