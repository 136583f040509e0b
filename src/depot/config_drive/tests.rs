use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

const OWNER: Owner<'static> = Owner { uuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", name: Some("n1") };

fn parse(argument: &Value) -> Result<Option<ConfigDrive>, ConfigDriveError> {
    ConfigDrive::parse(argument, &OWNER, Moment(0))
}

fn packed(bytes: &[u8]) -> String {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    STANDARD.encode(packer.finish().unwrap())
}

fn unpacked(drive: &ConfigDrive) -> Vec<u8> {
    let mut image = Vec::new();
    MultiGzDecoder::new(&STANDARD.decode(drive.text()).unwrap()[..]).read_to_end(&mut image).unwrap();
    image
}

fn built(argument: &Value) -> Vec<u8> {
    unpacked(&parse(argument).unwrap().unwrap())
}

fn holds(image: &[u8], text: &str) -> bool {
    image.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_object_becomes_a_labelled_volume_with_its_parts() {
    let image = built(&json!({
        "meta_data": {"hostname": "h1"},
        "network_data": {"links": []},
        "user_data": "#cloud-config\n",
        "vendor_data": {"v": 1},
    }));
    assert_eq!(&image[16 * 2048 + 40..16 * 2048 + 48], b"config-2");
    for text in [
        r#"{"hostname":"h1","name":"n1","uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#,
        r#"{"links":[]}"#,
        "#cloud-config\n",
        r#"{"v":1}"#,
        "meta_data.json",
        "network_data.json",
        "vendor_data2.json",
        "user_data",
        "2012-08-10",
        "latest",
    ] {
        assert!(holds(&image, text), "{text}");
    }
}

#[test]
fn names_that_are_given_win_and_what_is_empty_has_no_file() {
    let image =
        built(&json!({"meta_data": {"uuid": "mine", "name": "own"}, "network_data": {}, "user_data": ""}));
    assert!(holds(&image, r#"{"name":"own","uuid":"mine"}"#));
    assert!(!holds(&image, "network_data.json") && !holds(&image, "user_data"));
    let unnamed = Owner { name: None, ..OWNER };
    let drive = ConfigDrive::parse(&json!({"user_data": null}), &unnamed, Moment(0)).unwrap().unwrap();
    assert!(holds(&unpacked(&drive), r#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#));
}

#[test]
fn user_data_may_be_an_object_or_a_list() {
    assert!(holds(
        &built(&json!({"user_data": {"ignition": {"version": "3"}}})),
        r#"{"ignition":{"version":"3"}}"#
    ));
    assert!(holds(&built(&json!({"user_data": [1, "ä"]})), "[1,\"ä\"]"));
}

#[test]
fn the_same_request_gives_the_same_text() {
    let argument = json!({"meta_data": {"b": 1, "a": 2}});
    assert_eq!(parse(&argument).unwrap(), parse(&argument).unwrap());
}

#[test]
fn nothing_means_none() {
    for argument in [json!(null), json!(""), json!({})] {
        assert_eq!(parse(&argument).unwrap(), None);
    }
}

#[test]
fn urls_and_packed_images_are_kept() {
    let url = ConfigDrive::Url("https://host/drive?sig=x".into());
    assert_eq!(parse(&json!("https://host/drive?sig=x")).unwrap(), Some(url.clone()));
    assert_eq!(format!("{url:?}"), "Url(******)");
    let text = packed(b"an image");
    let (head, tail) = text.split_at(10);
    let inline = parse(&json!(format!("{head}\r\n \t{tail}\n"))).unwrap().unwrap();
    assert_eq!(inline, ConfigDrive::Inline(text.clone()));
    assert_eq!(format!("{inline:?}"), format!("Inline({} bytes)", text.len()));
}

#[test]
fn what_is_no_config_drive_is_refused_in_precise_words() {
    let refused = |argument: Value| parse(&argument).unwrap_err().to_string();
    assert_eq!(refused(json!(5)), "configdrive is neither an object nor a text");
    assert!(refused(json!({"metadata": {}})).starts_with("configdrive has the unknown key \"metadata\""));
    assert_eq!(refused(json!({"meta_data": "x"})), "configdrive meta_data is not an object");
    assert_eq!(refused(json!({"network_data": null})), "configdrive network_data is not an object");
    assert_eq!(
        refused(json!({"user_data": 7})),
        "configdrive user_data is not an object, a list, a text or null"
    );
    assert!(refused(json!("{\"a\": 1}")).contains("nor a base64 text"));
    assert!(refused(json!("abc")).contains("nor a base64 text"));
    assert!(refused(json!(STANDARD.encode("plain"))).contains("not gzipped"));
    assert!(refused(json!("http://host/a b")).contains("is not a URL"));
    for text in ["file:///etc/shadow", "ftp://host/drive", "x://", "://"] {
        assert!(refused(json!(text)).contains("begins with http:// or https://"), "{text}");
    }
    assert_eq!(refused(json!(packed(b""))), "configdrive is empty once unpacked");
    let mut cut = STANDARD.decode(packed(&[7; 1000])).unwrap();
    cut.truncate(cut.len() - 9);
    assert!(refused(json!(STANDARD.encode(cut))).contains("damaged"));
}

#[test]
fn sizes_are_bounded_before_and_after_unpacking() {
    let limit = usize::try_from(LIMIT).unwrap();
    assert!(parse(&json!(packed(&vec![0; limit]))).is_ok());
    assert!(matches!(parse(&json!(packed(&vec![0; limit + 1]))), Err(ConfigDriveError::TooLarge)));
    assert!(matches!(parse(&json!("A".repeat(MAX_TEXT + 1))), Err(ConfigDriveError::TooLarge)));
}

proptest! {
    #[test]
    fn any_text_is_kept_or_refused(text in ".{0,200}") {
        match parse(&json!(text)) {
            Ok(kept) => prop_assert!(kept.is_none_or(|drive| text.contains("://") || drive.text().starts_with("H4s"))),
            Err(why) => prop_assert!(!why.to_string().is_empty()),
        }
    }

    #[test]
    fn any_bytes_that_are_packed_come_through(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        let drive = parse(&json!(packed(&bytes))).unwrap().unwrap();
        prop_assert_eq!(unpacked(&drive), bytes);
    }

    #[test]
    fn damaged_gzip_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let text = STANDARD.encode([&[0x1F, 0x8B, 8][..], &bytes].concat());
        prop_assert!(parse(&json!(text)).map_or_else(|why| !why.to_string().is_empty(), |drive| drive.is_some()));
    }
}
