//! Those who watch `/events`, for the benchmark.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use thread_priority::NormalThreadSchedulePolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

/// One who reads each event.
pub(crate) struct Watcher {
    lines: BufReader<TcpStream>,
}

impl Watcher {
    pub(crate) fn open(address: &str) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(request(address).as_bytes()).unwrap();
        let mut lines = BufReader::new(socket);
        // The greeting comes once the place in the feed is taken.
        let mut line = String::new();
        while !line.starts_with("retry") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0);
        }
        Self { lines }
    }

    /// Milliseconds from the event's own moment to now.
    pub(crate) fn next_after_its_change(&mut self) -> f64 {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the stream ended");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let event: Value = serde_json::from_str(data).unwrap();
            // A change is told as start and end, both in its commit.
            if event["event_type"].as_str().is_some_and(|name| name.rsplit('.').next() == Some("start")) {
                continue;
            }
            let at: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
            return (now - at.as_microsecond() as f64 / 1e6) * 1000.0;
        }
    }
}

/// Many who read and throw away, on one thread that gives way to all others.
pub(crate) struct Crowd {
    leave: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Crowd {
    pub(crate) fn open(address: &str, count: usize) -> Self {
        let (leave, left) = oneshot::channel();
        let (ready, there) = std::sync::mpsc::channel();
        let address = address.to_owned();
        let thread = std::thread::spawn(move || {
            // They stand for other machines: what they do is not to be paid by the appliance's processors.
            thread_priority::set_thread_priority_and_policy(
                thread_priority::thread_native_id(),
                thread_priority::ThreadPriority::Min,
                thread_priority::ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
            )
            .unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut watchers = tokio::task::JoinSet::new();
                for _ in 0..count {
                    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
                    socket.write_all(request(&address).as_bytes()).await.unwrap();
                    let mut bytes = vec![0; 16 << 10];
                    assert!(socket.read(&mut bytes).await.unwrap() > 0);
                    watchers.spawn(async move {
                        while socket.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
                    });
                }
                ready.send(()).unwrap();
                left.await.ok();
                assert_eq!(watchers.len(), count, "some were cut");
            });
        });
        there.recv().unwrap();
        Self { leave, thread }
    }

    pub(crate) fn close(self) {
        self.leave.send(()).ok();
        self.thread.join().unwrap();
        // The daemon sees that they are gone.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

fn request(address: &str) -> String {
    format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n")
}

/// A thousand sockets here and as many in the daemon, which inherits the limit.
pub(crate) fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(8192, |most| most.min(8192));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).unwrap();
}
