//! Files over HTTP: ranges, conditions, and every way out of the root that we know of.

use std::os::unix::fs::symlink;

use http_body_util::BodyExt;
use tempfile::TempDir;

use super::*;
use crate::net::body::Outflow;

const SIZE: u64 = 300_000;

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// A root with a file, a folder, links and a FIFO; and a secret beside the root.
fn site() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    std::fs::create_dir_all(root.join("sub")).unwrap();
    std::fs::create_dir_all(outer.path().join("root-twin")).unwrap();
    std::fs::write(root.join("image"), content()).unwrap();
    std::fs::write(root.join("empty"), "").unwrap();
    std::fs::write(root.join("sub/a b%c"), "inner").unwrap();
    std::fs::write(outer.path().join("secret"), "secret").unwrap();
    std::fs::write(outer.path().join("root-twin/secret"), "secret").unwrap();
    symlink("sub/a b%c", root.join("near")).unwrap();
    symlink(root.join("sub"), root.join("folder")).unwrap();
    symlink("../secret", root.join("far")).unwrap();
    symlink(outer.path(), root.join("out")).unwrap();
    symlink("../root-twin/secret", root.join("twin")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    (outer, root)
}

struct Got {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_default()
    }
}

async fn ask(root: &Path, name: &str, method: Method, lines: &[(&str, &str)]) -> Got {
    let mut headers = Headers::new();
    for (name, value) in lines {
        headers.push(*name, *value);
    }
    let Response { status, headers, body } = serve_file(root, name, method, &headers).await;
    let body = Outflow::from(body).collect().await.unwrap().to_bytes().to_vec();
    Got { status, headers, body }
}

async fn get(root: &Path, name: &str, lines: &[(&str, &str)]) -> Got {
    ask(root, name, Method::Get, lines).await
}

#[tokio::test]
async fn a_whole_file_comes_with_its_description() {
    let (_outer, root) = site();
    let got = get(&root, "image", &[]).await;
    assert_eq!((got.status, got.header("content-length")), (200, "300000"));
    assert_eq!(got.header("accept-ranges"), "bytes");
    assert!(got.header("etag").starts_with('"') && got.header("etag").ends_with('"'));
    assert!(got.header("last-modified").ends_with(" GMT"), "{}", got.header("last-modified"));
    assert!(got.body == content());
    let head = ask(&root, "image", Method::Head, &[("Range", "bytes=0-1")]).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "300000", 0));
    assert_eq!(head.header("etag"), got.header("etag"));
    assert_eq!(get(&root, "empty", &[]).await.body, b"");
}

#[tokio::test]
async fn ranges_give_parts_and_say_which() {
    let (_outer, root) = site();
    for (range, start, end) in [
        ("bytes=0-0", 0, 0),
        ("bytes=1000-200000", 1000, 200_000),
        ("bytes=131072-", 131_072, 299_999),
        ("bytes=-1", 299_999, 299_999),
        ("bytes=299999-400000", 299_999, 299_999),
    ] {
        let got = get(&root, "image", &[("Range", range)]).await;
        assert_eq!(got.status, 206, "{range}");
        assert_eq!(got.header("content-range"), format!("bytes {start}-{end}/300000"));
        assert_eq!(got.header("content-length"), (end - start + 1).to_string());
        assert!(got.body == content()[start..=end], "{range}");
    }
    for range in ["bytes=0-1,5-6", "bytes=9-1", "lines=1-2", "bytes=x"] {
        let got = get(&root, "image", &[("Range", range)]).await;
        assert_eq!((got.status, got.body.len()), (200, 300_000), "{range}");
    }
    for (name, range, size) in [("image", "bytes=300000-", 300_000), ("empty", "bytes=0-", 0)] {
        let got = get(&root, name, &[("Range", range)]).await;
        assert_eq!((got.status, got.body.len()), (416, 0));
        assert_eq!(got.header("content-range"), format!("bytes */{size}"));
    }
}

#[tokio::test]
async fn another_version_than_the_wanted_one_is_not_sent() {
    let (_outer, root) = site();
    let first = get(&root, "image", &[]).await;
    let (tag, date) = (first.header("etag"), first.header("last-modified"));
    for (name, value, status) in [
        ("If-Match", tag.to_owned(), 200),
        ("If-Match", format!("\"other\", {tag}"), 200),
        ("If-Match", "*".to_owned(), 200),
        ("If-Match", format!("W/{tag}"), 412),
        ("If-Match", "\"other\"".to_owned(), 412),
        ("If-Unmodified-Since", date.to_owned(), 200),
        ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:01 GMT".to_owned(), 412),
        ("If-Unmodified-Since", "nonsense".to_owned(), 200),
    ] {
        let got = get(&root, "image", &[(name, &value), ("Range", "bytes=0-")]).await;
        let status = if status == 200 { 206 } else { status };
        assert_eq!(got.status, status, "{name}: {value}");
    }
    let both = [("If-Match", "\"other\""), ("If-None-Match", tag)];
    assert_eq!(get(&root, "image", &both).await.status, 412);
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let (_outer, root) = site();
    let first = get(&root, "image", &[]).await;
    let (tag, date) = (first.header("etag"), first.header("last-modified"));
    for (name, value, status) in [
        ("If-None-Match", tag.to_owned(), 304),
        ("If-None-Match", format!("W/{tag}"), 304),
        ("If-None-Match", format!("\"other\", {tag}"), 304),
        ("If-None-Match", "*".to_owned(), 304),
        ("If-None-Match", "\"other\"".to_owned(), 200),
        ("If-None-Match", tag.trim_matches('"').to_owned(), 200),
        ("If-Modified-Since", date.to_owned(), 304),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:01 GMT".to_owned(), 200),
        ("If-Modified-Since", "nonsense".to_owned(), 200),
    ] {
        let got = get(&root, "image", &[(name, &value)]).await;
        assert_eq!(got.status, status, "{name}: {value}");
        assert_eq!(got.header("etag"), tag);
        assert_eq!(got.body.is_empty(), status == 304);
    }
    let both = [("If-None-Match", "\"other\""), ("If-Modified-Since", date)];
    assert_eq!(get(&root, "image", &both).await.status, 200);
}

#[tokio::test]
async fn a_range_of_another_version_is_the_whole_of_this_one() {
    let (_outer, root) = site();
    let first = get(&root, "image", &[]).await;
    let (tag, date) = (first.header("etag"), first.header("last-modified"));
    let weak = format!("W/{tag}");
    for (condition, status) in [(tag, 206), (&weak, 200), ("\"other\"", 200), (date, 200)] {
        let got = get(&root, "image", &[("Range", "bytes=0-4"), ("If-Range", condition)]).await;
        assert_eq!(got.status, status, "{condition}");
    }
    std::fs::write(root.join("fresh"), content()).unwrap();
    std::fs::rename(root.join("fresh"), root.join("image")).unwrap();
    assert_ne!(get(&root, "image", &[]).await.header("etag"), tag);
}

#[tokio::test]
async fn names_are_decoded_once_and_links_inside_are_followed() {
    let (_outer, root) = site();
    // The last leads out of the root and back in: what counts is where the file really is.
    for name in
        ["sub/a%20b%25c", "/sub/a%20b%25c", "near", "folder/a%20b%25c", "%73ub/a%20b%25c", "out/root/near"]
    {
        let got = get(&root, name, &[]).await;
        assert_eq!((got.status, got.body.as_slice()), (200, &b"inner"[..]), "{name}");
    }
}

#[tokio::test]
async fn no_name_leads_out_of_the_root_or_shows_where_it_is() {
    let (outer, root) = site();
    let absolute = outer.path().join("secret").display().to_string();
    for name in [
        "../secret",
        "sub/../../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "%2e%2e%2fsecret",
        "..%252fsecret",
        "sub/..",
        "sub/../image",
        "./image",
        "sub/./a%20b%25c",
        "far",
        "out/secret",
        "twin",
        "//image",
        "sub//a%20b%25c",
        "image/",
        "image%00",
        "image%00.txt",
        "image%",
        "image%2",
        "image%zz",
        "%2Fetc%2Fpasswd",
        "/",
        "",
        ".",
        "..",
        "sub",
        "sub/",
        "folder",
        "fifo",
        "loop",
        "image/x",
        "missing",
        "%ff%fe",
        "..\\secret",
        "%5c..%5csecret",
        "....//secret",
        "\u{fe52}\u{fe52}/secret",
        &absolute,
        &format!("/{absolute}"),
        &"x".repeat(300),
        &"x/".repeat(3000),
    ] {
        let got = get(&root, name, &[]).await;
        assert_eq!(got.status, 404, "{name}");
        assert!(got.body == b"no such file\n", "{name}");
    }
    assert_eq!(get(&root.join("nowhere"), "image", &[]).await.status, 404);
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    let (_outer, root) = site();
    for method in [Method::Put, Method::Post, Method::Delete, Method::Options, Method::Other] {
        let got = ask(&root, "image", method, &[]).await;
        assert_eq!((got.status, got.header("allow")), (405, "GET, HEAD"));
    }
}

#[test]
fn trouble_of_ours_is_told_apart_from_missing_files() {
    use nix::errno::Errno;
    for (errno, status) in
        [(Errno::ENOENT, 404), (Errno::ENOTDIR, 404), (Errno::EXDEV, 404), (Errno::ELOOP, 404)]
    {
        assert_eq!(status_of(&errno.into()), status);
    }
    assert_eq!(status_of(&Errno::EACCES.into()), 403);
    assert_eq!(status_of(&Errno::EMFILE.into()), 503);
    assert_eq!(refused(&Errno::EACCES.into()).status, 403);
}

proptest::proptest! {
    #[test]
    fn a_name_becomes_plain_segments_or_nothing(raw in "(\\.|/|%2e|%2F|%00|%|[a-z]|\\PC){0,12}") {
        if let Some(path) = segments(&raw) {
            let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            proptest::prop_assert!(plain && path.components().count() > 0, "{path:?}");
        }
    }
}
