//! A heartbeat's body: read without a panic, and what was read is written alike.
#![no_main]

use ferric::wire::agent::beat::Heartbeat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(beat) = Heartbeat::parse(bytes) {
        assert_eq!(Heartbeat::from_value(beat.emit()).ok(), Some(beat));
    }
});
