//! A UDP payload to the IPMI port, and what lies in it.
#![no_main]

use ferric::wire::ipmi::crypto::Key;
use ferric::wire::ipmi::guard::Guard;
use ferric::wire::ipmi::message::{Checks, Request, Response};
use ferric::wire::ipmi::packet::Packet;
use ferric::wire::ipmi::rakp::{OpenRequest, OpenResponse, Rakp1, Rakp2, Rakp3, Rakp4};
use ferric::wire::ipmi::sol::SolPacket;
use ferric::wire::ipmi::suite::SUITES;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    contents(bytes);
    match Packet::parse(bytes) {
        Ok(Packet::V15(packet)) => contents(packet.message),
        Ok(Packet::V20(packet)) => {
            contents(packet.body);
            for suite in SUITES {
                let guard = Guard::new(*suite, &Key::new(&[1; 20]), &Key::new(b"password"));
                if let Ok(plain) = guard.open(&packet) {
                    contents(&plain);
                }
            }
        }
        Ok(Packet::Ping(_) | Packet::Pong(_)) | Err(_) => {}
    }
});

fn contents(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        assert_eq!(request.emit(), bytes);
    }
    if let Ok(response) = Response::parse(bytes, Checks::Strict) {
        assert_eq!(response.emit(), bytes);
    }
    OpenRequest::parse(bytes).ok();
    OpenResponse::parse(bytes).ok();
    Rakp1::parse(bytes).ok();
    Rakp2::parse(bytes).ok();
    Rakp3::parse(bytes).ok();
    Rakp4::parse(bytes).ok();
    SolPacket::parse(bytes).ok();
}
