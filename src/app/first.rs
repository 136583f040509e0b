//! What is printed once, at the start that makes it: who vouches for this host, and how to get in.

use std::io::{self, Write};

use crate::app::certificates::Made;

/// Tells of a certificate authority: where it is, its fingerprint, and itself, to be carried to where the clients are.
pub(super) fn authority(made: &Made, out: &mut dyn Write) -> io::Result<()> {
    let Made { path, fingerprint, pem, .. } = made;
    writeln!(
        out,
        "ferric: this host has its own certificate authority; clients believe it by --ca {} or a copy of it:\n{}\n\
         ferric: SHA-256 of that certificate: {fingerprint}",
        path.display(),
        pem.trim_end(),
    )
}
