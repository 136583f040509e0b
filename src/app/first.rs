//! What is printed once, at the start that makes it: who vouches for this host, and how to get in.

use std::io::Write;

use crate::app::certificates::Made;

/// Tells of a new certificate authority.
pub(super) fn authority(made: &Made, out: &mut dyn Write) {
    let Made { path, fingerprint, .. } = made;
    let path = path.display();
    // A closed standard output is no reason to stop a daemon: both can be read from the file.
    writeln!(
        out,
        "ferric: this host has made its certificate authority; clients believe it by {path}\n\
         ferric: SHA-256 of that certificate: {fingerprint}"
    )
    .ok();
}
