//! An image's content: its kind, its tables, what it unpacks to.
#![no_main]

use std::io::Read;
use std::sync::Arc;

use ferric::depot::format;
use ferric::depot::stream::qcow2::Qcow2;
use ferric::depot::stream::unpack;
use ferric::net::source::{Bytes, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let source: Arc<dyn Source> = Arc::new(Bytes { bytes: bytes.to_vec(), tag: String::new() });
    if let Ok(view) = Qcow2::open(Arc::clone(&source)) {
        let mut out = vec![0; 64 << 10];
        for offset in [0, 1 << 20, view.size().saturating_sub(64 << 10)] {
            view.read_exact_at(&mut out, offset).ok();
        }
    }
    if let Ok(found) = format::inspect(&*source)
        && found.is_packed()
    {
        std::io::copy(&mut unpack::reader(source, found).take(16 << 20), &mut std::io::sink()).ok();
    }
});
