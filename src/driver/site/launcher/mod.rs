//! What this program does when it is started for an executable of the site: it gives up all that the executable is not
//! to have, and then becomes it. A program of its own, since between `fork` and `exec` nothing of this could be done
//! safely.
//!
//! - `order`    what it is told, by the daemon
//! - `limits`   how much of the host: memory, processes, files, time; which user; no privileges, now or later
//! - `files`    which files (Landlock)
//! - `fence`    which system calls (seccomp): no sockets, no way out of its group, no looks into other processes

pub mod fence;
pub mod files;
pub mod limits;
pub mod order;

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::driver::site::launcher::order::{COMMAND, Order};

/// Becomes the executable if this process was started for one; returns only if that cannot be, or if it was not.
pub fn called() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()?.to_str() != Some(COMMAND) {
        return None;
    }
    let told = words.next().and_then(|word| word.into_string().ok()).unwrap_or_default();
    let why = match serde_json::from_str::<Order>(&told) {
        Ok(order) => launch(&order),
        Err(error) => format!("this is for the daemon to call: {error}"),
    };
    writeln!(std::io::stderr(), "ferric: {why}").ok();
    Some(ExitCode::from(CANNOT))
}

/// Gives up what is not to be had, and becomes the executable; why that cannot be.
fn launch(order: &Order) -> String {
    let given_up = limits::set(order).and_then(|()| files::shut(order)).and_then(|()| fence::raise(order));
    if let Err(why) = given_up {
        return why;
    }
    let error = Command::new(&order.executable).exec();
    format!("{} cannot be run: {error}", order.executable.display())
}

/// As a shell says it.
const CANNOT: u8 = 126;
