//! A machine's serial line: what it said, and when.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

/// A file that QEMU writes what the machine says to, over all its lives.
#[derive(Debug)]
pub struct Serial {
    path: PathBuf,
    heard: Arc<Mutex<Vec<(Instant, String)>>>,
    stop: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Serial {
    pub fn listen(path: &Path) -> Self {
        File::options().create(true).append(true).open(path).unwrap();
        let (heard, stop) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicBool>::default());
        let (path_of, heard_by, told) = (path.to_owned(), heard.clone(), stop.clone());
        let listener = std::thread::spawn(move || {
            let (mut file, mut rest) = (File::open(path_of).unwrap(), Vec::new());
            while !told.load(Ordering::Relaxed) {
                file.read_to_end(&mut rest).unwrap();
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                    heard_by.lock().unwrap().push((Instant::now(), line));
                }
                std::thread::park_timeout(POLL);
            }
        });
        Self { path: path.to_owned(), heard, stop, listener: Some(listener) }
    }

    /// Lines so far.
    pub fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    /// When a line with this text came, from the line of this number on.
    pub fn heard(&self, text: &str, from: usize) -> Option<Instant> {
        self.line(text, from).map(|(at, _)| at)
    }

    /// That line, too.
    pub fn line(&self, text: &str, from: usize) -> Option<(Instant, String)> {
        let heard = self.heard.lock().unwrap();
        heard.iter().skip(from).find(|(_, line)| line.contains(text)).cloned()
    }

    /// The last lines, for when a test fails.
    pub fn last(&self, count: usize) -> String {
        let heard = self.heard.lock().unwrap();
        let from = heard.len().saturating_sub(count);
        heard[from..].iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            listener.join().ok(); // it only read
        }
        if std::thread::panicking() {
            eprintln!("--- {} said\n{}", self.path.display(), self.last(80));
        }
    }
}

const POLL: Duration = Duration::from_millis(50);
