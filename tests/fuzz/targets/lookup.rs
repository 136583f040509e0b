//! A lookup's query.
#![no_main]

use ferric::wire::agent::lookup::LookupQuery;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    LookupQuery::parse(query).ok();
});
