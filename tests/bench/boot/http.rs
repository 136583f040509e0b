//! HTTP beside nginx: 48 clients at once that fetch a file of 64 MiB each, over loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::measure::{Round, Server, compare, install, noise};
use crate::serving::Ours;

pub fn run() {
    install("nginx", "nginx-light");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), noise(SIZE)).unwrap();
    let ours = Ours::start(folder.path());
    let (nginx, theirs) = nginx(folder.path());
    compare("http_48_clients", "nginx", |is_ours| {
        let (server, address) = if is_ours { (&ours.server, ours.http) } else { (&nginx, theirs) };
        Round::take(server, || fetch_many(address))
    });
}

fn nginx(folder: &Path) -> (Server, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (home, config) = (folder.display(), folder.join("nginx.conf"));
    let text = format!(
        "daemon off; worker_processes auto; user root; pid {home}/nginx.pid; error_log /dev/null;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on;\n\
         server {{ listen {address}; root {home}; }} }}\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-e").arg("/dev/null").arg("-c").arg(config).stdout(Stdio::null());
    let server = Server::start(&mut command);
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "nginx does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    (server, address)
}

fn fetch_many(address: SocketAddr) -> u64 {
    let clients: Vec<_> = (0..CLIENTS).map(|_| std::thread::spawn(move || fetch(address))).collect();
    clients.into_iter().map(|client| client.join().unwrap()).sum()
}

/// Fetches the file; its bytes.
fn fetch(address: SocketAddr) -> u64 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream.write_all(b"GET /file HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = vec![0; 256 << 10];
    let mut read = stream.read(&mut bytes).unwrap();
    while !bytes[..read].windows(4).any(|end| end == b"\r\n\r\n") {
        read += stream.read(&mut bytes[read..]).unwrap();
    }
    let head = bytes[..read].windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert!(bytes.starts_with(b"HTTP/1.1 200"));
    let mut body = read - head;
    loop {
        match stream.read(&mut bytes).unwrap() {
            0 => break,
            more => body += more,
        }
    }
    assert_eq!(body, SIZE);
    u64::try_from(body).unwrap()
}

const SIZE: usize = 64 << 20;
const CLIENTS: usize = 48;
