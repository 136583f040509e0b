//! Messages of DHCPv6 and router solicitations: what a network answers is bounded by what was asked.
//!
//! Before each message stand a byte that says how it comes, one for the time that passes, and its length in two.
#![no_main]

use std::net::Ipv6Addr;
use std::time::Duration;

use ferric::base::duid::Duid;
use ferric::base::mac::Mac;
use ferric::base::moment::Moment;
use ferric::base::time::Tick;
use ferric::boot::dhcp::client::boots;
use ferric::boot::dhcp6::client::client;
use ferric::boot::dhcp6::pool::{Asker, Pool, stand_in};
use ferric::boot::dhcp6::rules::{Asked, Rules};
use ferric::model::boot::lease6::LeaseChange6;
use ferric::wire::dhcp6::LONGEST;
use ferric::wire::dhcp6::relay::{Envelope, MOST_HOPS};
use ferric::wire::dhcp6::reply::Boot;
use ferric::wire::ra::solicitation;
use libfuzzer_sys::fuzz_target;

fn rules(known_only: bool) -> Rules {
    Rules {
        server: Duid::of_mac(Mac([0x52, 0x54, 0, 0xbc, 0xff, 0])),
        prefix: "fd00:bc:5::/64".parse().unwrap(),
        length: 7200,
        known_only,
        dns: vec!["fd00:bc:5::1".parse().unwrap()],
    }
}

fn take(rules: &Rules, pool: &mut Pool, way: u8, now: Tick, bytes: &[u8]) {
    let from = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x5054, 0x00ff, 0xfebc, u16::from(way));
    solicitation(bytes, from).ok();
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    assert!(envelope.hops.len() <= MOST_HOPS);
    let sender = Mac([0x52, 0x54, 0, 0xbc, 0, way]);
    let client = client(&envelope, sender);
    client.as_ref().and_then(boots);
    let mac = client.as_ref().map(|client| client.mac);
    let of_name = || envelope.message.client.as_ref().map_or(sender, stand_in);
    let circuit = envelope.port().map(|(_, port)| u64::try_from(port.len()).unwrap());
    let asker = Asker { machine: mac.unwrap_or_else(of_name), is_stranger: way & 2 != 0, circuit };
    let boot = Boot { url: "http://[fd00:bc:5::1]/boot/loader/ipxe.efi".to_owned(), is_http: true };
    let asked = Asked {
        message: &envelope.message,
        is_unicast: way & 1 != 0,
        asker,
        mac,
        boot: (way & 4 != 0).then_some(boot),
        now,
        wall: Moment(1),
    };
    let Ok(answer) = rules.answer(pool, &asked) else { return };
    let asked = envelope.message.associations.len() + envelope.message.unserved.len();
    let changes = &answer.changes;
    // A machine with many names loses an address for each that it gets.
    assert!(changes.len() <= 2 * asked);
    for change in changes {
        if let LeaseChange6::Given(lease) = change {
            assert!(rules.prefix.contains(&lease.address));
        }
    }
    // Each association that was asked for costs an address and a status at the most, each relay its header.
    let sent = envelope.wrap(answer.reply.emit());
    assert!(sent.len() <= 2 * bytes.len() + 64 * asked + 512, "{} for {}", sent.len(), bytes.len());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, mut rest)) = bytes.split_first() else { return };
    let rules = rules(mode & 1 != 0);
    let last = if mode & 2 == 0 { "fd00:bc:5::103" } else { "fd00:bc:5::ffff:ffff" };
    let mut pool = Pool::new("fd00:bc:5::100".parse().unwrap(), last.parse().unwrap());
    let mut now = Tick(Duration::ZERO);
    while let Some(([way, wait, high, low], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len()).min(LONGEST);
        let (message, after) = after.split_at(length);
        now = now.after(Duration::from_secs(u64::from(*wait) * 60));
        pool.sweep(now);
        take(&rules, &mut pool, *way, now, message);
        assert_eq!(pool.leases(now).len() + pool.room().1, pool.in_use());
        rest = after;
    }
});
