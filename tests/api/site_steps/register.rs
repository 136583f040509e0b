//! A register as sites have one: a small server of HTTP that remembers what it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) servers: BTreeMap<String, Value>,
    pub(super) events: Vec<Value>,
    pub(super) puts: usize,
}

pub(super) struct Register {
    pub(super) url: String,
    pub(super) told: Arc<Mutex<Told>>,
}

pub(super) const PASSWORD: &str = "opensesame-77";

impl Register {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::<Mutex<Told>>::default();
        let kept = told.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(&stream, &kept);
            }
        });
        Self { url, told }
    }
}

fn answer(stream: &TcpStream, told: &Mutex<Told>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length, mut known) = (String::new(), 0, false);
    reader.read_line(&mut line).unwrap();
    let asked: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let header = line.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        known |= header == format!("authorization: bearer {PASSWORD}");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, said) = if known { act(&asked, &body, told) } else { (401, String::new()) };
    let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", said.len());
    (&mut &*stream).write_all((head + &said).as_bytes()).ok();
}

fn act(asked: &[String], body: &[u8], told: &Mutex<Told>) -> (u16, String) {
    let mut told = told.lock().unwrap();
    match asked[0].as_str() {
        "GET" => match told.servers.get(&asked[1]) {
            Some(found) => (200, found.to_string()),
            None => (404, String::new()),
        },
        "PUT" => {
            told.puts += 1;
            told.servers.insert(asked[1].clone(), serde_json::from_slice(body).unwrap());
            (200, String::new())
        }
        _ => {
            told.events.push(serde_json::from_slice(body).unwrap());
            (200, String::new())
        }
    }
}
