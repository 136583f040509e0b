//! An HTTP server with one small image, for BMCs that fetch what they are told to insert.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Runs as long as the test process.
#[derive(Debug)]
pub struct ImageServer {
    host: String,
    fetched: Arc<AtomicUsize>,
}

impl ImageServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let fetched = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fetched);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut head = [0; 4096];
                let asked = stream.read(&mut head).unwrap_or(0);
                let is_image = String::from_utf8_lossy(&head[..asked]).contains(" /boot.iso ");
                count.fetch_add(usize::from(is_image), Ordering::Relaxed);
                let (status, body) = if is_image { ("200 OK", IMAGE) } else { ("404 Not Found", "") };
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                stream.write_all(format!("{head}{body}").as_bytes()).ok(); // a client may go early
            }
        });
        Self { host, fetched }
    }

    /// The image that is there.
    pub fn image(&self) -> String {
        format!("{}/boot.iso", self.host)
    }

    /// One that is not.
    pub fn no_image(&self) -> String {
        format!("{}/none.iso", self.host)
    }

    /// How often the image was asked for.
    pub fn fetched(&self) -> usize {
        self.fetched.load(Ordering::Relaxed)
    }
}

/// What is in the image.
pub const IMAGE: &str = "image";
