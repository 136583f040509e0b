use proptest::prelude::*;

use super::*;

const HTTP: &str = "http://host/images/disk.raw";

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("not an object: {value}") };
    map
}

fn checked(value: Value) -> Result<(), ImageError> {
    validate(&map(value), &Map::new())
}

fn handout(driver_info: &Map<String, Value>) -> Handout<'_> {
    Handout {
        node_uuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
        url: "http://172.31.99.1:6385/files/disk.raw",
        sha256: None,
        format: None,
        stream_raw: true,
        config_drive: None,
        boot_mode: "uefi",
        disk_label: None,
        driver_info,
    }
}

#[test]
fn sources_are_told_apart() {
    assert_eq!(Source::parse(HTTP), Ok(Source::Http(Url::parse(HTTP).unwrap())));
    assert_eq!(Source::parse("file:///var/a%20b.img"), Ok(Source::File("/var/a b.img".into())));
    assert_eq!(Source::parse("file:///var/../etc/x"), Ok(Source::File("/etc/x".into())));
    let refused = |text: &str| Source::parse(text).unwrap_err().to_string();
    assert!(refused("ftp://host/x").starts_with("image_source protocol ftp is not supported"));
    assert!(refused("oci://host/x").starts_with("image_source protocol oci is not supported"));
    assert!(refused("cafe0000-0000-4000-8000-000000000001").contains("is the id of an image service"));
    assert!(refused("glance://cafe").contains("is the id of an image service"));
    assert!(refused("disk.raw").starts_with("image_source \"disk.raw\" is not a URL"));
    for text in ["file://disk.raw", "file:///", "file:///folder/", "file:///a?b", "file:///a%00b"] {
        assert!(refused(text).contains("is not the URL of a local file"), "{text}");
    }
    assert!(!refused("http://user:secret@[::1/x").contains("secret"));
}

#[test]
fn the_checksum_rules_are_those_of_the_table() {
    let source = |more: Value| {
        let mut info = map(json!({"image_source": HTTP}));
        info.extend(map(more));
        checked(Value::Object(info))
    };
    assert_eq!(source(json!({})), Err(ImageError::ChecksumMissing));
    assert_eq!(source(json!({"image_checksum": ""})), Err(ImageError::ChecksumMissing));
    assert_eq!(source(json!({"image_checksum": null})), Err(ImageError::ChecksumMissing));
    assert_eq!(source(json!({"image_os_hash_algo": "sha256"})), Err(ImageError::ValueMissing));
    assert_eq!(source(json!({"image_os_hash_value": "ab"})), Err(ImageError::AlgoMissing));
    let half = json!({"image_os_hash_algo": "sha256", "image_checksum": "d41d8cd98f00b204e9800998ecf8427e"});
    assert_eq!(source(half), Err(ImageError::ValueMissing));
    for good in ["d41d8cd98f00b204e9800998ecf8427e", "nonsense", "http://host/SHA256SUMS"] {
        assert_eq!(source(json!({"image_checksum": good})), Ok(()));
    }
    assert_eq!(source(json!({"image_os_hash_algo": "sha3", "image_os_hash_value": "ab"})), Ok(()));
    assert_eq!(source(json!({"image_checksum": 5})), Err(ImageError::NotText("image_checksum")));
    assert_eq!(checked(json!({"image_source": "file:///var/disk.raw"})), Ok(()));
    assert_eq!(checked(json!({})), Err(ImageError::SourceMissing));
}

#[test]
fn the_length_of_a_checksum_tells_its_algorithm() {
    let plain = |value: &str| Checksum::Plain(value.into());
    assert_eq!(plain(&"a".repeat(32)).algorithm(), Some(Algorithm::Md5));
    assert_eq!(plain(&"a".repeat(64)).algorithm(), Some(Algorithm::Sha256));
    assert_eq!(plain(&"a".repeat(128)).algorithm(), Some(Algorithm::Sha512));
    assert_eq!(plain("http://host/sums").algorithm(), None);
    assert_eq!(plain("http://host/sums").value(), None);
    let pair = Checksum::Pair { algo: "sha512".into(), value: "ab".into() };
    assert_eq!((pair.algorithm(), pair.value()), (Some(Algorithm::Sha512), Some("ab")));
}

#[test]
fn the_way_of_the_download_is_checked() {
    let with = |source: &str, way: &str| {
        checked(json!({"image_source": source, "image_checksum": "x", "image_download_source": way}))
    };
    assert_eq!(with(HTTP, "http"), Ok(()));
    assert_eq!(with(HTTP, "swift"), Ok(()));
    assert_eq!(with("file:///var/x", "local"), Ok(()));
    assert_eq!(with(HTTP, "local"), Ok(()));
    assert_eq!(with(HTTP, "ftp"), Err(ImageError::DownloadSource("ftp".into())));
    let driver = map(json!({"image_download_source": "ftp"}));
    let info = map(json!({"image_source": HTTP, "image_checksum": "x"}));
    assert_eq!(validate(&info, &driver), Err(ImageError::DownloadSource("ftp".into())));
}

#[test]
fn proxies_have_a_web_scheme_or_none() {
    let with = |driver: Value| validate_proxies(&map(driver));
    assert_eq!(with(json!({"image_http_proxy": "proxy:3128", "image_https_proxy": "http://p"})), Ok(()));
    let refused = with(json!({"image_http_proxy": "socks://u:secret@p"})).unwrap_err();
    let text =
        "driver_info.image_http_proxy \"socks://p\" is not a proxy: its scheme is http, https or left out";
    assert_eq!(refused.to_string(), text);
    assert_eq!(with(json!({"image_no_proxy": "a.b, .c,10.0.0.0/8"})), Ok(()));
    assert_eq!(with(json!({"image_no_proxy": "*.b"})), Err(ImageError::NoProxy));
    assert_eq!(with(json!({"image_no_proxy": 1})), Err(ImageError::NoProxy));
}

#[test]
fn kind_of_image_follows_type_kernel_and_ramdisk() {
    let whole = |value: Value| is_whole_disk(&map(value));
    assert!(whole(json!({})));
    assert!(whole(json!({"image_type": "nonsense"})));
    assert!(whole(json!({"image_type": "whole-disk", "kernel": "k", "ramdisk": "r"})));
    assert!(!whole(json!({"image_type": "partition"})));
    assert!(!whole(json!({"kernel": "k"})));
    assert!(!whole(json!({"ramdisk": "r"})));
    assert!(whole(json!({"kernel": "", "ramdisk": null})));
}

#[test]
fn partition_sizes_show_when_the_image_is_prepared() {
    let image = |more: Value| {
        let mut info = map(json!({"image_source": HTTP, "image_checksum": "x", "image_type": "partition"}));
        info.extend(map(more));
        assert_eq!(validate(&info, &Map::new()), Ok(()));
        Image::parse(&info)
    };
    assert_eq!(image(json!({})), Err(ImageError::RootGbMissing));
    let refused = image(json!({"root_gb": "ten"})).unwrap_err().to_string();
    assert_eq!(refused, "instance_info.root_gb \"ten\" is not a whole number from 0 to 1073741824");
    assert!(image(json!({"root_gb": 10, "swap_mb": -1})).is_err());
    assert!(image(json!({"root_gb": u64::MAX})).is_err());
    assert!(image(json!({"root_gb": 10, "preserve_ephemeral": "perhaps"})).is_err());
    let layout = image(json!({"root_gb": "10", "ephemeral_gb": 2, "preserve_ephemeral": "Yes"}))
        .unwrap()
        .layout
        .unwrap();
    assert_eq!((layout.root_gb, layout.swap_mb, layout.ephemeral_gb), (10, 0, 2));
    assert_eq!((layout.ephemeral_format.as_deref(), layout.preserve_ephemeral), (Some("ext4"), true));
    let whole = map(json!({"image_source": HTTP, "image_checksum": "x", "swap_mb": "x"}));
    assert_eq!(Image::parse(&whole).unwrap().layout, None);
}

#[test]
fn a_whole_disk_is_told_as_the_agent_wants_it() {
    let sum = "dde40d123481e95ada32dc9e8ac06de0af1791b6d203be0f6eb12040ec9e66e5";
    let info = map(json!({
        "image_source": HTTP,
        "image_os_hash_algo": "sha256",
        "image_os_hash_value": sum,
        "image_disk_format": "raw",
        "image_container_format": "bare",
    }));
    let driver = Map::new();
    let told = image_info(&info, &Handout { config_drive: Some("H4sI"), ..handout(&driver) }).unwrap();
    let wanted = json!({
        "id": "disk.raw",
        "urls": ["http://172.31.99.1:6385/files/disk.raw"],
        "disk_format": "raw",
        "container_format": "bare",
        "stream_raw_images": true,
        "os_hash_algo": "sha256",
        "os_hash_value": sum,
        "node_uuid": "1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
        "configdrive": "H4sI",
    });
    assert_eq!(told, wanted);
}

#[test]
fn a_file_without_checksum_is_told_with_the_computed_one() {
    let info = map(json!({"image_source": "file:///var/disk.qcow2"}));
    let driver = Map::new();
    assert_eq!(image_info(&info, &handout(&driver)), Err(ImageError::HashUnknown));
    let known = Handout { sha256: Some("ab"), format: Some("qcow2"), ..handout(&driver) };
    let told = image_info(&info, &known).unwrap();
    assert_eq!((&told["os_hash_algo"], &told["os_hash_value"]), (&json!("sha256"), &json!("ab")));
    assert_eq!((&told["id"], &told["disk_format"]), (&json!("disk.qcow2"), &json!("qcow2")));
    assert_eq!(told["container_format"], Value::Null);
}

#[test]
fn partitions_proxies_and_credentials_are_told() {
    let info = map(json!({
        "image_source": HTTP, "image_checksum": "sum", "kernel": "k", "root_gb": 4,
        "image_request_authorization_secret": "Bearer x",
    }));
    let driver = map(json!({"image_https_proxy": "http://p", "image_no_proxy": "a"}));
    let told = image_info(&info, &Handout { disk_label: Some("gpt"), ..handout(&driver) }).unwrap();
    for (key, value) in [
        ("checksum", json!("sum")),
        ("image_type", json!("partition")),
        ("kernel", json!("k")),
        ("ramdisk", Value::Null),
        ("root_gb", json!(4)),
        ("root_mb", json!(4096)),
        ("swap_mb", json!(0)),
        ("ephemeral_mb", json!(0)),
        ("ephemeral_format", Value::Null),
        ("preserve_ephemeral", json!(false)),
        ("deploy_boot_mode", json!("uefi")),
        ("boot_option", json!("local")),
        ("disk_label", json!("gpt")),
        ("configdrive", Value::Null),
        ("proxies", json!({"https": "http://p"})),
        ("no_proxy", json!("a")),
        ("image_request_authorization", json!("QmVhcmVyIHg=")),
    ] {
        assert_eq!(told.get(key), Some(&value), "{key}");
    }
    assert!(told.get("os_hash_algo").is_none());
}

#[test]
fn addresses_are_shown_without_credentials() {
    assert_eq!(without_secrets("http://u:p@h:1/a/b?t=1#f"), "http://h:1/a/b");
    assert_eq!(without_secrets("http://u:p@h"), "http://h");
    assert_eq!(without_secrets("word?x"), "word");
    let source = Source::parse("http://u:secret@h/disk.raw?key=secret").unwrap();
    assert_eq!(format!("{source:?}"), "Http(http://h/disk.raw)");
    let driver = map(json!({"image_http_proxy": "http://u:secret@p"}));
    let told = Handout { url: "http://u:secret@h", config_drive: Some("secret"), ..handout(&driver) };
    assert!(!format!("{told:?}").contains("secret"));
}

proptest! {
    #[test]
    fn any_source_is_read_or_refused(text in "(file|http|https|ftp|)(:|://|:///)?.{0,60}") {
        match Source::parse(&text) {
            Ok(Source::File(path)) => prop_assert!(path.is_absolute()),
            Ok(Source::Http(url)) => prop_assert!(url.has_host()),
            Err(why) => prop_assert!(!why.to_string().is_empty()),
        }
    }
}

#[test]
fn an_algorithm_that_is_unknown_here_is_refused_where_this_host_compares_and_known_ones_have_no_case() {
    let refused = |algo: &str, way: &str| {
        let instance = json!({
            "image_source": "http://host/disk.img", "image_os_hash_algo": algo, "image_os_hash_value": "ab",
            "image_download_source": way,
        });
        validate(instance.as_object().unwrap(), &Map::new()).err().map(|error| error.to_string())
    };
    assert!(refused("sha1", "local").unwrap().contains("\"sha1\" is not one of md5, sha256, sha512"));
    assert_eq!((refused("sha1", "http"), refused("SHA256", "local")), (None, None));
    assert_eq!(Algorithm::parse("Sha512"), Some(Algorithm::Sha512));
}
