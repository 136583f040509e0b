use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::base::time::Later;
use crate::net::files::serve_open;
use crate::net::http::{Request, Response};
use crate::net::server::limits::Limits;
use crate::net::server::{Service, serve};

/// A file whose bytes tell their place.
fn file(size: usize) -> (tempfile::NamedTempFile, Vec<u8>) {
    let bytes: Vec<u8> = (0..size).map(|at| u8::try_from((at / 7 + at / 4096) % 251).unwrap()).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    (file, bytes)
}

struct Files(std::path::PathBuf);

impl Service for Files {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move { serve_open(File::open(&self.0).unwrap(), request.method, &request.headers) })
    }
}

/// All that a server with this file answers to these requests, sent at once on one connection.
async fn talk(path: &std::path::Path, requests: &str) -> Vec<u8> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let service = Arc::new(Files(path.to_owned()));
    let server = tokio::spawn(serve(listener, service, Limits::default(), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    stop.cancel();
    server.await.unwrap();
    answer
}

/// The body of each answer, by the lengths in their heads.
fn bodies(mut answers: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(end) = answers.windows(4).position(|part| part == b"\r\n\r\n") {
        let head = std::str::from_utf8(&answers[..end]).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let body = &answers[end + 4..][..length.parse().unwrap()];
        all.push(body.to_vec());
        answers = &answers[end + 4 + body.len()..];
    }
    assert!(answers.is_empty(), "{} bytes too many", answers.len());
    all
}

#[tokio::test]
async fn whole_files_and_parts_of_them_come_over_one_connection() {
    let (file, bytes) = file(3_500_001);
    let get = "GET /a HTTP/1.1\r\nHost: a\r\n";
    let part = format!("{get}Range: bytes=1048000-2100000\r\n\r\n");
    let last = format!("{get}Connection: close\r\nRange: bytes=-10\r\n\r\n");
    let answers = talk(file.path(), &format!("{get}\r\n{part}{get}\r\n{last}")).await;
    let got = bodies(&answers);
    assert_eq!(got.len(), 4);
    assert!(got[0] == bytes && got[2] == bytes);
    assert!(got[1] == bytes[1_048_000..=2_100_000]);
    assert_eq!(got[3], bytes[bytes.len() - 10..]);
}

#[tokio::test]
async fn a_file_that_shrinks_cuts_the_connection() {
    let (file, bytes) = file(1 << 20);
    let ledger = Ledger::default();
    let mut body = Handover::new(Arc::new(file.reopen().unwrap()), 0, 1 << 20, ledger.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut sending = Sending::new(stream, ledger);
    let frame = std::future::poll_fn(|cx| body.poll_frame(cx)).await.unwrap().unwrap();
    file.as_file().set_len(1000).unwrap();
    let blank = frame.into_data().unwrap();
    assert_eq!(sending.write(&blank).await.unwrap(), 1000);
    let why = sending.write(&blank[1000..]).await.unwrap_err();
    assert_eq!(why.kind(), io::ErrorKind::UnexpectedEof);
    drop(sending);
    let mut got = Vec::new();
    { client }.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, bytes[..1000]);
}

#[tokio::test]
async fn other_bytes_pass_as_they_are() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut sending = Sending::new(stream, Ledger::default());
    sending.write_all(&[0; 64]).await.unwrap();
    let blank = sending.write(&BLANK[..10]).await.unwrap_err();
    assert!(blank.to_string().contains("stand for nothing"), "{blank}");
    drop(sending);
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, [0; 64]);
}

#[test]
fn what_is_warmed_is_there() {
    let (file, _) = file(300_000);
    let piece = Piece { file: Arc::new(file.reopen().unwrap()), offset: 0, length: 300_000 };
    piece.warm();
    assert!(piece.is_cached());
}
