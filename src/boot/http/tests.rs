use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::base::mac::Mac;
use crate::base::time::PausedClock;
use crate::boot::loops::{APART, Boot};
use crate::model::boot::loading::LoopLimit;
use crate::net::body::Body;

/// Gives a file, a script and an ISO; counts how often all of the script was given out.
#[derive(Debug)]
struct Few(tempfile::NamedTempFile, Arc<AtomicUsize>);

impl Library for Few {
    fn find<'a>(&'a self, asked: Asked<'a>) -> Later<'a, Result<Content, NotGiven>> {
        Box::pin(async move {
            match asked.name {
                "loader/a.efi" => Ok(Content::File(File::open(self.0.path()).unwrap())),
                "ipxe/a b" => {
                    let count = self.1.clone();
                    let given = Given::new(move || {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                    Ok(Content::Script(Script { text: b"#!ipxe\n".to_vec(), given }))
                }
                "iso/boot.iso" => {
                    Ok(Content::Source(Arc::new(Bytes { bytes: vec![7; 10], tag: "1".to_owned() })))
                }
                "/grub/grub.cfg" => Ok(Content::Text(b"exit".to_vec())),
                "trouble" => Err(NotGiven::Unreadable),
                _ => Err(NotGiven::Missing),
            }
        })
    }
}

#[derive(Debug)]
struct Next;

impl Service for Next {
    fn call(&self, _: Request) -> Later<'_, Response> {
        Box::pin(async { Response::empty(418) })
    }
}

fn files() -> BootFiles {
    counting(Arc::default())
}

fn counting(scripts: Arc<AtomicUsize>) -> BootFiles {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"0123456789").unwrap();
    BootFiles::new(Arc::new(Few(file, scripts)), Via::Http, Arc::new(Next))
}

async fn call(files: &BootFiles, method: Method, path: &str, range: Option<&str>) -> Response {
    let mut request = Request::made(method, path, Vec::new());
    if let Some(range) = range {
        request.headers.push("Range", range);
    }
    files.call(request).await
}

#[tokio::test]
async fn heads_say_what_uefi_needs() {
    let files = files();
    for (path, length, content_type) in [
        ("/boot/loader/a.efi", "10", "application/efi"),
        ("/boot/iso/boot.iso", "10", "application/vnd.efi-iso"),
        ("/boot/ipxe/a%20b", "7", "text/plain; charset=utf-8"),
        ("/grub/grub.cfg", "4", "text/plain; charset=utf-8"),
    ] {
        for method in [Method::Head, Method::Get] {
            let response = call(&files, method, path, None).await;
            let header = |name| response.headers.get(name);
            assert_eq!(response.status, 200, "{path}");
            assert_eq!(header("Content-Length"), Some(length), "{path}");
            assert_eq!(header("Content-Type"), Some(content_type), "{path}");
            assert_eq!(response.headers.all("Content-Type").count(), 1);
            assert!(header("ETag").is_some() && header("Accept-Ranges") == Some("bytes"), "{path}");
            assert_eq!(matches!(response.body, Body::Empty), method == Method::Head, "{path}");
        }
    }
}

#[tokio::test]
async fn parts_and_refusals_have_their_codes() {
    let files = files();
    let part = call(&files, Method::Get, "/boot/loader/a.efi", Some("bytes=2-4")).await;
    assert_eq!((part.status, part.headers.get("Content-Range")), (206, Some("bytes 2-4/10")));
    for (method, path, range, status) in [
        (Method::Get, "/boot/loader/a.efi", Some("bytes=10-"), 416),
        (Method::Post, "/boot/loader/a.efi", None, 405),
        (Method::Get, "/boot/other", None, 404),
        (Method::Get, "/boot/%ff", None, 404),
        (Method::Get, "/boot/trouble", None, 503),
        (Method::Get, "/boot/loops", None, 404),
        (Method::Get, "/v1/nodes", None, 418),
        (Method::Get, "/boot", None, 418),
    ] {
        assert_eq!(call(&files, method, path, range).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_operator_is_shown_boot_loops() {
    let limit = LoopLimit { boots: 1, within: Duration::from_mins(5) };
    let clock = Arc::new(PausedClock::new());
    let loops = Arc::new(Loops::new(limit, clock.clone()));
    let files = files().showing(loops.clone());
    for _ in 0..2 {
        clock.advance(APART);
        loops.note(Mac([2, 0, 0, 0, 0, 1]), Boot { node: None, starts: "disk", mark: 0 });
    }
    let response = call(&files, Method::Get, "/boot/loops", None).await;
    let Body::Bytes(bytes) = response.body else { panic!("no bytes") };
    let shown: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let row = shown.pointer("/boot_loops/0").unwrap();
    assert_eq!((row["address"].as_str(), row["boots"].as_u64()), (Some("02:00:00:00:00:01"), Some(2)));
    assert_eq!(row["starts"], "disk");
}

#[tokio::test]
async fn an_operator_begins_anew_with_a_machine() {
    let limit = LoopLimit { boots: 1, within: Duration::from_mins(5) };
    let loops = Arc::new(Loops::new(limit, Arc::new(PausedClock::new())));
    loops.note(Mac([2, 0, 0, 0, 0, 1]), Boot { node: None, starts: "disk", mark: 0 });
    let operators = files().showing(loops);
    for (path, status) in [
        ("/boot/loops/02-00-00-00-00-01", 204),
        ("/boot/loops/02:00:00:00:00:01", 404),
        ("/boot/loops/02", 400),
        ("/boot/loops", 405),
        ("/boot/loader/a.efi", 405),
    ] {
        assert_eq!(call(&operators, Method::Delete, path, None).await.status, status, "{path}");
    }
    let path = "/boot/loops/02-00-00-00-00-01";
    assert_eq!(
        call(&files(), Method::Delete, path, None).await.status,
        405,
        "the rack's door has no such thing"
    );
}

/// Takes in the body as a connection does, in one piece.
fn sent(response: Response) {
    if let Body::Source(stretch) = response.body {
        let mut bytes = vec![0; usize::try_from(stretch.length).unwrap()];
        stretch.source.read_exact_at(&mut bytes, stretch.start).unwrap();
    }
}

#[tokio::test]
async fn a_script_counts_as_given_when_all_of_it_is_sent() {
    let scripts = Arc::new(AtomicUsize::new(0));
    let files = counting(scripts.clone());
    for (method, range, given) in [
        (Method::Head, None, 0),
        (Method::Get, Some("bytes=0-2"), 0),
        (Method::Get, Some("bytes=-1"), 0),
        (Method::Get, None, 1),
    ] {
        let response = call(&files, method, "/boot/ipxe/a%20b", range).await;
        assert_eq!(scripts.load(Ordering::Relaxed), 0, "nothing is sent yet");
        sent(response);
        assert_eq!(scripts.load(Ordering::Relaxed), given, "{range:?}");
    }
}
