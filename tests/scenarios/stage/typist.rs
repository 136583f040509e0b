//! A person at a terminal: types into a program and reads what it shows.

use std::io::Read;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;

use crate::stage::peer_process::until;

/// A program on a terminal of its own, which util-linux's `script` makes.
#[derive(Debug)]
pub struct Typist {
    child: Child,
    keys: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
    /// How much of it was read.
    read: usize,
}

impl Typist {
    /// Starts a command line of the shell.
    pub fn at(command: &str) -> Self {
        let mut child = Command::new("script")
            .args(["-qec", command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let shown = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut some) {
                all.lock().unwrap().extend_from_slice(&some[..length]);
            }
        });
        Self { child, keys, shown, read: 0 }
    }

    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until these words are shown, after those that were read before.
    pub fn reads(&mut self, words: &str) {
        let mut end = None;
        until(&format!("{words:?} on the terminal"), || {
            let shown = self.shown();
            end = shown[self.read..].find(words).map(|at| self.read + at + words.len());
            end.is_some() || !self.runs()
        });
        self.read = end.unwrap_or_else(|| panic!("it ended before {words:?}:\n{}", self.shown()));
    }

    /// Waits until the program has ended, which it must have done well.
    pub fn leaves(mut self) {
        until("the end of the program", || !self.runs());
        assert!(self.child.wait().unwrap().success(), "{}", self.shown());
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// One character a byte, so that places stay where they are.
    fn shown(&self) -> String {
        let bytes = self.shown.lock().unwrap();
        bytes.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
    }
}
