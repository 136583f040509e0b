//! The server against raw sockets, friendly and hostile.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::*;
use crate::net::sample::{LIMIT, Running, Sample, one, rest};

const SHORT: Duration = Duration::from_millis(80);

/// How long a test waits for what comes at once, before it fails.
const GUARD: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_request_is_handed_over_raw_and_answered() {
    let server = Running::plain(Limits::default()).await;
    let ask = "PUT /a%2Fb/?x=%20&y HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody";
    let answer = server.talk(ask.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nPUT /a%2Fb/ ?x=%20&y body"), "{answer}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Running::plain(Limits::default()).await;
    let ask = "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab\
               GET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = server.talk(ask.as_bytes()).await;
    let place = |text| answer.find(text).unwrap_or_else(|| panic!("{text} in {answer}"));
    assert!(place("POST /1 ? ab") < place("GET /2 ?"));
    assert!(place("GET /2 ?") < place("GET /3 ?"));
    assert_eq!(answer.matches("200 OK").count(), 3);
}

#[tokio::test]
async fn an_old_client_gets_its_answer_and_a_close() {
    let server = Running::plain(Limits::default()).await;
    let answer = server.talk(b"GET /old HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK") && answer.ends_with("GET /old ? "), "{answer}");
}

#[tokio::test]
async fn garbage_is_answered_400_and_closed() {
    let server = Running::plain(Limits::default()).await;
    for ask in [
        "\0\u{1}\u{2}\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: gzip\r\n\r\n",
    ] {
        let answer = server.talk(ask.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{ask:?}: {answer}");
    }
    assert!(server.talk(CLOSING).await.contains("200 OK"));
}

#[tokio::test]
async fn a_head_over_the_limit_is_answered_431() {
    let server = Running::plain(Limits { head_size: 8192, ..Limits::default() }).await;
    let long = format!("GET / HTTP/1.1\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    assert!(server.talk(long.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    assert!(server.talk(many.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    let endless = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    assert!(server.talk(endless.as_bytes()).await.starts_with("HTTP/1.1 4"));
}

#[tokio::test]
async fn a_client_that_is_slow_with_its_head_is_cut() {
    let server = Running::plain(Limits { head: SHORT, ..Limits::default() }).await;
    assert_eq!(server.talk(b"").await, "");
    assert_eq!(server.talk(b"GET / HTTP/1.1\r\nHo").await, "");
    let idle = server.talk(b"GET /first HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(idle.ends_with("GET /first ? "), "{idle}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not() {
    let server = Running::plain(Limits::default()).await;
    let large = "x".repeat(LIMIT + 1);
    let declared = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{large}",
        large.len()
    );
    assert!(server.talk(declared.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    assert!(server.talk(chunked.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    let fits = format!("POST / HTTP/1.0\r\nContent-Length: {LIMIT}\r\n\r\n{}", "x".repeat(LIMIT));
    assert!(server.talk(fits.as_bytes()).await.contains("200 OK"));
}

#[tokio::test]
async fn a_body_of_any_size_can_be_read_part_by_part_and_the_connection_goes_on() {
    let server = Running::plain(Limits::default()).await;
    let large = "x".repeat(3 << 20);
    let ask = format!(
        "PUT /parts HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{large}\
         PUT /parts HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        large.len()
    );
    let answer = server.talk(ask.as_bytes()).await;
    assert!(answer.contains("3145728 bytes") && answer.ends_with("0 bytes"), "{answer}");
}

#[tokio::test]
async fn who_sends_half_a_body_in_parts_and_stops_is_told() {
    let server = Running::plain(Limits { body: SHORT, ..Limits::default() }).await;
    let answer = server.talk(b"PUT /parts HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.ends_with("too slow after 4"), "{answer}");
}

#[tokio::test]
async fn a_refused_upload_does_not_lose_its_answer() {
    let server = Running::plain(Limits::default()).await;
    let large = "x".repeat(4 << 20);
    let ask = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{large}", large.len());
    assert!(server.talk(ask.as_bytes()).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_connection_outlives_an_answer_to_an_unread_body() {
    let server = Running::plain(Limits::default()).await;
    let mut stream = server.raw(b"").await;
    for round in 0..200 {
        stream.write_all(b"PUT /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n").await.unwrap();
        // The head is alone in the first packet, and is looked at before the rest comes.
        server.service.entered.notified().await;
        stream.write_all(&[b'x'; 1000]).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&[b'x'; 3000]).await.unwrap();
        let refused = one(&mut stream, "unread").await;
        assert!(refused.starts_with("HTTP/1.1 405 ") && !refused.contains("close"), "{round}: {refused}");
        stream.write_all(OPEN).await.unwrap();
        assert!(one(&mut stream, "GET / ? ").await.starts_with("HTTP/1.1 200 OK"), "{round}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_with_its_answer_says_so() {
    let server = Running::plain(Limits::default()).await;
    let long = format!("Content-Length: {}", 1 << 20);
    for line in [long.as_str(), "Content-Length: 4\r\nExpect: 100-continue", "Content-Length: 4"] {
        let answer =
            server.talk(format!("PUT /unread HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n").as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nConnection: close\r\n"),
            "{answer}"
        );
        assert!(!answer.contains("100 Continue"), "{answer}");
    }
    let large = format!("POST / HTTP/1.1\r\nHost: h\r\n{long}\r\n\r\n");
    let answer = server.talk(large.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\r\nConnection: close\r\n"), "{answer}");
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = Running::plain(Limits::default()).await;
    for lines in ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n", "Host: a/b\r\n"] {
        let ask = format!("GET / HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        let answer = server.talk(ask.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lines:?}: {answer}");
    }
    for lines in ["Host:\r\n", "host: [fe80::1]:6385\r\n"] {
        let ask = format!("GET / HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        assert!(server.talk(ask.as_bytes()).await.starts_with("HTTP/1.1 200 "), "{lines:?}");
    }
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let server = Running::plain(Limits { body: SHORT, ..Limits::default() }).await;
    let answer = server.talk(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_breaks_off_harms_nobody() {
    let server = Running::plain(Limits::default()).await;
    let mut stream = server.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf").await;
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    drop(server.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf").await);
    assert!(server.talk(CLOSING).await.contains("200 OK"));
}

#[tokio::test]
async fn who_closes_its_side_after_a_request_is_answered_and_closed() {
    let server = Running::plain(Limits { connections: 1, ..Limits::default() }).await;
    for (ask, end) in [(OPEN, "GET / ? "), (WAITING, "released")] {
        let mut stream = server.raw(ask).await;
        stream.shutdown().await.unwrap();
        if end == "released" {
            server.service.entered.notified().await;
            server.service.release.notify_one();
        }
        let answer = timeout(GUARD, rest(&mut stream)).await.unwrap();
        assert!(answer.contains("200 OK") && answer.ends_with(end), "{answer}");
    }
    let mut silent = server.raw(b"GET / HTTP/1.1\r\nHo").await;
    silent.shutdown().await.unwrap();
    assert!(!timeout(GUARD, rest(&mut silent)).await.unwrap().contains("200 OK"));
    assert!(
        timeout(GUARD, server.talk(CLOSING)).await.unwrap().contains("200 OK"),
        "its place is free again"
    );
}

#[tokio::test]
async fn a_client_that_waits_for_100_is_told_to_go_on() {
    let server = Running::plain(Limits::default()).await;
    let mut stream =
        server.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n").await;
    one(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"ab").await.unwrap();
    assert!(one(&mut stream, "POST / ? ab").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn who_waits_for_its_client_makes_room_for_a_request() {
    let half: &[u8] = b"GET / HTTP/1.1\r\nHo";
    let bodiless: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf";
    for (kind, opening) in
        [("silent", &b""[..]), ("half a head", half), ("idle", OPEN), ("half a body", bodiless)]
    {
        let server = Running::plain(Limits { connections: 3, ..Limits::default() }).await;
        let mut busy = server.raw(WAITING).await;
        server.service.entered.notified().await;
        let mut held = Vec::new();
        for _ in 0..6 {
            let mut stream = server.raw(opening).await;
            if kind == "idle" {
                one(&mut stream, "GET / ? ").await;
            }
            held.push(stream);
        }
        let answer =
            timeout(GUARD, server.talk(CLOSING)).await.unwrap_or_else(|_| panic!("{kind} holds the door"));
        assert!(answer.contains("200 OK"), "{kind}: {answer}");
        server.service.release.notify_one();
        assert!(one(&mut busy, "released").await.contains("200 OK"), "{kind}");
    }
}

#[tokio::test]
async fn an_answer_on_its_way_is_not_cut_for_another_request() {
    let server = Running::plain(Limits { connections: 1, ..Limits::default() }).await;
    let mut slow = server.raw(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut byte = [0];
    slow.read_exact(&mut byte).await.unwrap();
    let mut second = server.raw(CLOSING).await;
    // All that is sent comes through: the second one waits for the rest of it, not the other way round.
    let head = "HTTP/1.1 200 OK";
    let (mut count, mut bytes) = (1, vec![0; 1 << 20]);
    while count <= 64 << 20 {
        let more = timeout(GUARD, slow.read(&mut bytes)).await.unwrap().unwrap();
        assert!(more > 0, "cut after {count}");
        count += more;
    }
    assert!(timeout(GUARD, rest(&mut second)).await.unwrap().starts_with(head));
}

#[tokio::test]
async fn a_server_that_serves_every_one_lets_the_next_one_wait() {
    let server = Running::plain(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = server.raw(WAITING).await;
    server.service.entered.notified().await;
    let mut second = server.raw(CLOSING).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let early = second.try_read(&mut [0; 16]).unwrap_err();
    assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock);
    server.service.release.notify_one();
    assert!(one(&mut first, "released").await.contains("200 OK"));
    // The first one stays connected: it is idle now, and makes room.
    assert!(timeout(GUARD, rest(&mut second)).await.unwrap().contains("200 OK"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_in_is_cut() {
    let limits = Limits { connections: 1, stall: SHORT, ..Limits::default() };
    let server = Running::plain(limits).await;
    let greedy = server.raw(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(server.talk(CLOSING).await.contains("200 OK"));
    drop(greedy);
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let server = Running::plain(Limits::default()).await;
    let mut other = server.raw(OPEN).await;
    one(&mut other, "GET / ? ").await;
    assert_eq!(server.talk(b"GET /panic HTTP/1.1\r\nHost: h\r\n\r\n").await, "");
    other.write_all(CLOSING).await.unwrap();
    assert!(rest(&mut other).await.contains("200 OK"));
    assert!(server.talk(CLOSING).await.contains("200 OK"));
}

#[tokio::test]
async fn a_header_that_would_split_the_answer_is_a_500() {
    let server = Running::plain(Limits::default()).await;
    let answer = server.talk(b"GET /split HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 500 ") && !answer.contains("X-Other"), "{answer}");
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_closes_the_rest() {
    let server = Running::plain(Limits::default()).await;
    let mut idle = server.raw(OPEN).await;
    one(&mut idle, "GET / ? ").await;
    let mut silent = server.raw(b"").await;
    let mut busy = server.raw(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await;
    server.service.entered.notified().await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    // Not yet accepted or accepted and closed: both are an end.
    let mut byte = [0; 1];
    assert!(!matches!(AsyncReadExt::read(&mut silent, &mut byte).await, Ok(1..)));
    server.service.release.notify_one();
    assert!(rest(&mut busy).await.ends_with("released"));
    drop(busy);
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_never_asked_does_not_hold_up_a_stop() {
    let long = Duration::from_hours(1);
    let server = Running::plain(Limits { head: long, drain: long, ..Limits::default() }).await;
    let silent = server.raw(b"").await;
    // Connections are accepted in order, so the silent one is in when this one is answered.
    assert!(server.talk(CLOSING).await.contains("200 OK"));
    server.stop.cancel();
    timeout(GUARD, server.task).await.unwrap().unwrap();
    drop(silent);
}

#[tokio::test]
async fn an_answer_without_a_body_claims_none() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("image"), "12345").unwrap();
    let sample = Sample { root: root.path().to_owned(), ..Sample::default() };
    let server = Running::with(Limits::default(), sample).await;
    let ask = "GET /file/image HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n";
    let answer = server.talk(ask.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 304 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.contains("\r\nETag: ") || answer.contains("\r\nEtag: "), "{answer}");
    assert!(!answer.contains("Content-Length"), "{answer}");
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_at_the_end_of_the_drain() {
    let server = Running::plain(Limits { drain: SHORT, ..Limits::default() }).await;
    let mut busy = server.raw(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await;
    server.service.entered.notified().await;
    server.stop.cancel();
    server.task.await.unwrap();
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn a_head_of_a_file_has_its_length_and_no_body() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("image"), vec![7; 300_000]).unwrap();
    let sample = Sample { root: root.path().to_owned(), ..Sample::default() };
    let server = Running::with(Limits::default(), sample).await;
    let ask = "HEAD /file/image HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = server.talk(ask.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Length: 300000\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let echo = server.talk(b"HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(echo.contains("\r\nContent-Length: 10\r\n") && echo.ends_with("\r\n\r\n"), "{echo}");
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_cuts_the_connection() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("image");
    std::fs::write(&path, vec![7; 10]).unwrap();
    let range = crate::net::body::FileRange::new(std::fs::File::open(&path).unwrap(), 0, 11);
    let mut flow = Outflow::from(Body::File(range));
    let chunk = poll_fn(|cx| hyper::body::Body::poll_frame(Pin::new(&mut flow), cx)).await;
    assert_eq!(chunk.unwrap().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

const OPEN: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const CLOSING: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const WAITING: &[u8] = b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n";
