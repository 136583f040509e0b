//! How much of the host an executable may have, as whom, and that it can never get more.

use std::os::fd::RawFd;

use nix::sys::prctl::{set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, chown, close, getppid, setgroups, setresgid, setresuid};
use rustix::thread::{CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities};

use crate::driver::site::launcher::order::Order;

/// Sets them all.
pub fn set(order: &Order) -> Result<(), String> {
    umask(Mode::from_bits_truncate(0o077));
    close_others();
    // Best effort: the service manager may have kept the call from the daemon.
    rustix::process::nice(NICE).ok();
    become_user(order)?;
    for (what, most) in [
        (Resource::RLIMIT_AS, order.memory),
        (Resource::RLIMIT_NPROC, order.processes),
        (Resource::RLIMIT_FSIZE, order.file_size),
        (Resource::RLIMIT_CPU, order.time),
        (Resource::RLIMIT_NOFILE, FILES),
        (Resource::RLIMIT_CORE, 0),
    ] {
        setrlimit(what, most, most).map_err(|error| format!("{what:?} cannot be set: {error}"))?;
    }
    set_no_new_privs().map_err(|error| format!("no_new_privs cannot be set: {error}"))?;
    // The daemon's death is its own; one that was faster than this line is seen by the parent's being another.
    set_pdeathsig(Signal::SIGKILL)
        .map_err(|error| format!("its end with the daemon cannot be set: {error}"))?;
    if u32::try_from(getppid().as_raw()) == Ok(order.daemon) {
        Ok(())
    } else {
        Err("the daemon is gone".to_owned())
    }
}

/// Another user where that is possible, and no privileges in either case.
fn become_user(order: &Order) -> Result<(), String> {
    if let Some((user, group)) = order.user {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        let change = || {
            chown(&order.home, Some(user), Some(group))?;
            setgroups(&[])?;
            setresgid(group, group, group)?;
            setresuid(user, user, user)
        };
        change().map_err(|error| format!("user {user} cannot be become: {error}"))?;
    }
    clear_ambient_capability_set().map_err(|error| format!("privileges cannot be given up: {error}"))?;
    let none = CapabilitySet::empty();
    let all = CapabilitySets { effective: none, permitted: none, inheritable: none };
    // Where the service manager keeps this call from us there are none to inherit, and a program that is no root's gets
    // none without ambient ones.
    set_capabilities(None, all).ok();
    Ok(())
}

/// Nothing that the daemon has open: all of it is closed by `exec` anyway, unless somebody forgot to say so.
fn close_others() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers.collect::<Vec<_>>() {
        if number > 2 {
            close(number).ok();
        }
    }
}

/// It gives way to the daemon.
const NICE: i32 = 10;
/// Open files.
const FILES: u64 = 256;
