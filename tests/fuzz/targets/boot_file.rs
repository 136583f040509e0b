//! The head of what shall be a kernel or a ramdisk, and the words that a kernel is given.
#![no_main]

use ferric::wire::boot_file::{BootFile, HEAD};
use ferric::wire::cmdline::{Cmdline, LONGEST};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    BootFile::of(bytes.get(..HEAD).unwrap_or(bytes));
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(words) = Cmdline::parse(text) else { return };
    // Quotes around a value that is empty make it longer.
    let written = words.to_string();
    if written.len() <= LONGEST {
        let read = Cmdline::parse(&written);
        assert_eq!(read.as_ref().map(Cmdline::words), Ok(words.words()), "what is written is read alike");
    }
});
