//! HTTP without any library of ours: one request a connection.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

/// Asks `url` (no slash at its end) at the newest microversion; the status and the answer, null if it is not JSON.
pub fn ask(url: &str, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(u16, Value)> {
    let place = url.strip_prefix("http://").unwrap();
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nX-OpenStack-Ironic-API-Version: 1.115\r\n\
         Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, serde_json::from_str(body).unwrap_or(Value::Null)))
}

/// What a machine fetches from a URL without a query: the status and the bytes.
pub fn fetch(url: &str) -> std::io::Result<(u16, Vec<u8>)> {
    let (place, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, body))
}

/// A web server with one file, of which it gives half; the rest comes when the test says so.
#[derive(Debug)]
pub struct SlowShop {
    pub url: String,
    halves: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl SlowShop {
    pub fn open(content: Vec<u8>) -> Self {
        let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/image.raw", door.local_addr().unwrap());
        let ((tell, halves), (go_on, may_go_on)) = (mpsc::channel(), mpsc::channel());
        std::thread::spawn(move || {
            for stream in door.incoming().map_while(Result::ok) {
                // A client that hangs up is its own affair: the test sees what becomes of it.
                serve(stream, &content, &tell, &may_go_on).ok();
            }
        });
        Self { url, halves, go_on }
    }

    /// Waits until somebody has got the first half.
    pub fn wait_for_half(&self) {
        self.halves.recv_timeout(PATIENCE).expect("nobody fetches the image");
    }

    /// Whether somebody got a first half that nobody waited for.
    pub fn was_asked_again(&self) -> bool {
        self.halves.try_recv().is_ok()
    }

    /// Gives the rest.
    pub fn give_the_rest(&self) {
        self.go_on.send(()).unwrap();
    }
}

fn serve(
    mut stream: TcpStream,
    content: &[u8],
    half_given: &mpsc::Sender<()>,
    may_go_on: &mpsc::Receiver<()>,
) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let read = stream.read(&mut request)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n",
        content.len()
    )?;
    if request[..read].starts_with(b"GET ") {
        let (first, rest) = content.split_at(content.len() / 2);
        stream.write_all(first)?;
        half_given.send(()).ok(); // the test may be over
        may_go_on.recv_timeout(PATIENCE).ok();
        stream.write_all(rest)?;
    }
    Ok(())
}

const PATIENCE: Duration = Duration::from_mins(1);
