//! How many descriptors the process may have: each connection takes one, and a file that is sent another.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Takes as many as the system grants; how many there are then.
pub(super) fn descriptors() -> u64 {
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files is not known; the usual one is assumed");
            return USUAL;
        }
    };
    let wanted = hard.min(ENOUGH);
    if soft >= wanted {
        return soft;
    }
    match setrlimit(Resource::RLIMIT_NOFILE, wanted, hard) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::debug!(%error, soft, "the limit of open files cannot be raised");
            soft
        }
    }
}

/// What Linux gives a process that asks for nothing.
const USUAL: u64 = 1024;
/// More than all doors together take.
const ENOUGH: u64 = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_granted_are_taken() {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let taken = descriptors();
        assert!(taken >= hard.min(ENOUGH));
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, taken);
        assert_eq!(descriptors(), taken, "twice is the same");
    }
}
