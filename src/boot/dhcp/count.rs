//! What became of packets, counted.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident $name:literal),+ $(,)?) => {
        /// What can become of a packet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $event,)+
        }

        /// How often each has happened.
        #[derive(Debug, Default)]
        #[expect(non_snake_case, reason = "a counter bears the name of what it counts")]
        pub struct Counters {
            $($event: AtomicU64,)+
        }

        impl Counters {
            pub fn add(&self, event: Event) {
                let counter = match event {
                    $(Event::$event => &self.$event,)+
                };
                counter.fetch_add(1, Ordering::Relaxed);
            }

            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, self.$event.load(Ordering::Relaxed))),+]
            }
        }
    };
}

events! {
    Received "received",
    Offered "offers",
    Acknowledged "acks",
    Refused "naks",
    Declined "declines",
    Released "releases",
    /// No message, or a hostile one.
    Malformed "malformed",
    /// More came than is looked at.
    Limited "rate_limited",
    /// No address was left.
    Exhausted "pool_exhausted",
    /// From a relay whose network is not served.
    NoNetwork "unknown_relay",
    /// From a machine that this network does not serve.
    NotServed "not_served",
    /// Meant for another server, or nothing that is answered.
    NotForUs "not_for_us",
    /// Somebody else uses an address that was to be given.
    Conflict "conflicts",
    /// The lease could not be kept, so it was not given.
    NotKept "not_kept",
    /// The answer does not fit, or the socket refused it.
    NotSent "not_sent",
}
