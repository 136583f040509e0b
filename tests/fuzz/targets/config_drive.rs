//! The `configdrive` argument of a deploy request.
#![no_main]

use ferric::base::moment::Moment;
use ferric::depot::config_drive::{ConfigDrive, Owner};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(argument) = serde_json::from_slice(bytes) {
        let owner = Owner { uuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", name: None };
        ConfigDrive::parse(&argument, &owner, Moment(0)).ok();
    }
});
