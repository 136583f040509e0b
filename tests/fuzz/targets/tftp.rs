//! A transfer that a hostile client asks for and answers: what it costs is bounded, and it ends.
//!
//! First the request with its length in two bytes before it; then turns: milliseconds in two bytes, a packet's length in
//! one, the packet.
#![no_main]

use std::time::Duration;

use ferric::base::time::Tick;
use ferric::boot::tftp::netascii;
use ferric::boot::tftp::request::Request;
use ferric::boot::tftp::terms::{Limits, Terms, WINDOW};
use ferric::boot::tftp::transfer::{Next, Transfer};
use libfuzzer_sys::fuzz_target;
use tftpd::Packet;

const LIMITS: Limits = Limits { blksize: 1468, windowsize: 64 };

/// A transfer, and what went out of it.
struct Sent {
    transfer: Transfer,
    window: u64,
    last: u64,
    datagrams: u64,
}

impl Sent {
    /// Sends what is to be sent now: no more than a window.
    fn send(&mut self, now: Tick) -> bool {
        for _ in 0..3 {
            match self.transfer.next() {
                Next::Over(_) => return false,
                Next::Wait => return true,
                Next::Offer => {
                    self.transfer.offered(now);
                    self.datagrams += 1;
                }
                Next::Blocks { first, most } => {
                    assert!(first > self.transfer.acked(), "what is confirmed is not sent again");
                    assert!(most <= self.window && first + most - 1 <= self.last);
                    assert!(first + most - 1 <= self.transfer.acked() + self.window);
                    self.transfer.sent(most, now);
                    self.datagrams += most;
                }
            }
        }
        panic!("it sends on and on");
    }
}

fn begin(request: &[u8]) -> Option<Sent> {
    let request = Request::parse(request).ok()?;
    let terms = Terms::settle(request.wishes, LIMITS);
    assert!(u32::from(terms.blksize) * u32::from(terms.windowsize) <= WINDOW);
    let oack = terms.oack(Some(1 << 20));
    assert!(oack.as_ref().is_none_or(|oack| oack.len() <= 512), "an answer is no larger than a block");
    let mut transfer = Transfer::new(&terms, oack.is_some(), Tick::default());
    let last = 1 + (1 << 20) / u64::from(terms.blksize);
    transfer.ends_with(last);
    Some(Sent { transfer, window: terms.windowsize.into(), last, datagrams: 0 })
}

fuzz_target!(|bytes: &[u8]| {
    let Some(([high, low], rest)) = bytes.split_first_chunk() else { return };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let (request, mut rest) = rest.split_at(length);
    let mut text = Vec::new();
    netascii::encode(request, &mut text);
    assert!(text.len() <= 2 * request.len());
    let Some(mut sent) = begin(request) else { return };
    let (mut now, mut turns) = (Tick::default(), 0);
    let mut lives = sent.send(now);
    while let Some(([high, low, length], after)) = rest.split_first_chunk()
        && lives
    {
        let (packet, after) = after.split_at(usize::from(*length).min(after.len()));
        now = now.after(Duration::from_millis(u16::from_be_bytes([*high, *low]).into()));
        sent.transfer.wake(now);
        lives = sent.send(now);
        if let Ok(packet) = Packet::deserialize(packet) {
            sent.transfer.hear(&packet, now);
        } else if Request::parse(packet).is_ok() {
            sent.transfer.asked_again(now);
        }
        lives = lives && sent.send(now);
        turns += 2;
        rest = after;
    }
    assert!(
        sent.datagrams <= (turns + 1) * sent.window.max(1) + turns + 1,
        "a packet brings a window at the most"
    );
    // Nobody says anything any more.
    let silent = now;
    while lives {
        now = now.max(sent.transfer.due());
        assert!(now.since(silent) <= Duration::from_secs(120), "who fell silent is given up");
        sent.transfer.wake(now);
        lives = sent.send(now);
    }
});
