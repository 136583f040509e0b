//! The password of a rescue: given, in a file, from a pipe, or asked for at the terminal, which does not show it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, stdin};
use std::path::{Path, PathBuf};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::base::secret::Secret;
use crate::cli::arguments::node::RescueArguments;
use crate::cli::fault::CliError;
use crate::cli::session::Session;

/// What the arguments say; a person at a terminal is asked twice.
pub fn password(session: &mut Session<'_, '_>, arguments: &RescueArguments) -> Result<Secret, CliError> {
    if let Some(password) = &arguments.rescue_password {
        return checked("--rescue-password", password.reveal());
    }
    match arguments.rescue_password_file.as_deref() {
        Some("-") => from_pipe(),
        Some(path) => {
            let wrong = |source| CliError::File { path: path.into(), source };
            first_line(path, BufReader::new(File::open(Path::new(path)).map_err(wrong)?))
        }
        None if !stdin().is_terminal() => from_pipe(),
        None => {
            let first = asked(session, "password for the rescue (it is not shown):")?;
            let second = asked(session, "the same once more:")?;
            if first.matches(second.reveal()) {
                return checked(STDIN, first.reveal());
            }
            Err(wrong(STDIN, "was given two different passwords"))
        }
    }
}

fn from_pipe() -> Result<Secret, CliError> {
    first_line(STDIN, stdin().lock())
}

/// A line of the terminal, whose echo is off meanwhile.
fn asked(session: &mut Session<'_, '_>, question: &str) -> Result<Secret, CliError> {
    session.console.note(question);
    let hidden = Hidden::begin();
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    drop(hidden);
    read.map_err(|source| CliError::File { path: STDIN.into(), source })?;
    Ok(Secret::new(line.trim_end_matches(['\n', '\r'])))
}

fn first_line(name: &str, from: impl BufRead) -> Result<Secret, CliError> {
    let mut line = String::new();
    let unreadable = |source: io::Error| CliError::File { path: name.into(), source };
    from.take(LARGEST).read_line(&mut line).map_err(unreadable)?;
    checked(name, line.trim_end_matches(['\n', '\r']))
}

fn checked(name: &str, text: &str) -> Result<Secret, CliError> {
    if text.trim().is_empty() {
        return Err(wrong(name, "has no password; is a variable of the shell not set?"));
    }
    Ok(Secret::new(text))
}

fn wrong(name: &str, why: &str) -> CliError {
    CliError::Content { path: PathBuf::from(name), why: why.to_owned() }
}

/// A terminal that does not show what is typed, until dropped.
struct Hidden {
    before: Termios,
}

impl Hidden {
    /// `None` if it will not be changed.
    fn begin() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        quiet.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(stdin(), SetArg::TCSAFLUSH, &quiet).ok()?;
        Some(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing put back.
        tcsetattr(stdin(), SetArg::TCSADRAIN, &self.before).ok();
    }
}

const STDIN: &str = "standard input";
/// Bytes that are read; the API takes no more than 512.
const LARGEST: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_with_its_blanks() {
        for (text, password) in [("pass word\nmore", "pass word"), (" x \r\n", " x "), ("bare", "bare")] {
            assert_eq!(first_line("f", text.as_bytes()).unwrap().reveal(), password);
        }
        for none in ["", "\n", "  \nx"] {
            let told = first_line("f", none.as_bytes()).unwrap_err().to_string();
            assert!(told.contains("f: has no password"), "{told}");
        }
    }
}
