//! The Range header of a request for a file: what is sent lies inside the file.
#![no_main]

use ferric::net::files::range::Span;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &str)| {
    let (size, value) = input;
    match Span::of(value, size) {
        Span::Part { start, length } => {
            assert!(length > 0 && start.checked_add(length).is_some_and(|end| end <= size));
        }
        Span::Outside | Span::Whole => {}
    }
});
