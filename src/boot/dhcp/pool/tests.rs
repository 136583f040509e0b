//! What the addresses of a network go through.

mod declines;

use super::aside::Declined;
use super::*;
use crate::base::moment::Moment;

const NET: &str = "10.0.0.1/24";

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn pool(first: u8, last: u8) -> Pool {
    Pool::new(NET.parse().unwrap(), &[(address(first), address(last))], &[address(1)])
}

fn mac(last: u8) -> Mac {
    Mac([0, 0x25, 0x90, 0, 0, last])
}

fn asker(last: u8) -> Asker {
    Asker { mac: mac(last), is_stranger: false, circuit: None, host_name: None, asked: String::new() }
}

fn stranger(last: u8) -> Asker {
    Asker { is_stranger: true, ..asker(last) }
}

fn at(seconds: u64) -> Tick {
    Tick(Duration::from_secs(seconds))
}

fn lease(last: u8, address: Ipv4Addr) -> Lease {
    let key = LeaseKey { mac: mac(last), network: Ipv4Addr::new(10, 0, 0, 0) };
    Lease { key, address, length: 3600, granted: Moment(0), host_name: None }
}

fn leased(pool: &mut Pool, last: u8, now: Tick) -> Ipv4Addr {
    let chosen = pool.offer(&asker(last), None, now).unwrap();
    assert!(pool.hold(chosen.address, &asker(last), now));
    pool.grant(&lease(last, chosen.address), now);
    chosen.address
}

#[test]
fn a_machine_keeps_its_address_and_gets_it_again_after_its_lease() {
    let mut pool = pool(10, 50);
    let first = leased(&mut pool, 1, at(0));
    let again = pool.offer(&asker(1), Some(address(40)), at(10)).unwrap();
    assert_eq!(again, Chosen { address: first, is_fresh: false });
    assert_eq!(pool.left(mac(1), first, at(10)), Some(Duration::from_secs(3590)));
    let later = pool.offer(&asker(1), None, at(4000)).unwrap();
    assert_eq!(later, Chosen { address: first, is_fresh: true });
}

#[test]
fn an_address_is_its_lessees_until_the_lease_ends() {
    let mut pool = pool(10, 50);
    let first = leased(&mut pool, 1, at(0));
    assert_eq!((pool.lessee(first, at(3599)), pool.lessee(first, at(3600))), (Some(mac(1)), None));
    let offered = pool.offer(&asker(2), None, at(0)).unwrap().address;
    assert!(pool.hold(offered, &asker(2), at(0)));
    assert_eq!((pool.lessee(offered, at(0)), pool.mac_of(offered)), (None, Some(mac(2))), "an offer is none");
}

#[test]
fn ends_of_the_network_and_this_hosts_address_are_not_given() {
    let mut pool = pool(0, 3);
    assert_eq!(pool.size(), 2);
    let mut given: Vec<_> =
        (1..=2).map(|last| pool.offer(&asker(last), None, at(0)).unwrap().address).collect();
    given.sort();
    assert_eq!(given, [address(2), address(3)]);
    assert_eq!(pool.offer(&asker(3), None, at(0)), Err(NoAddress::Exhausted));
}

#[test]
fn an_offer_that_is_not_taken_up_is_free_again() {
    let mut pool = pool(10, 10);
    assert!(pool.offer(&asker(1), None, at(0)).unwrap().is_fresh);
    assert!(!pool.offer(&asker(1), None, at(1)).unwrap().is_fresh);
    assert_eq!(pool.offer(&asker(2), None, at(59)), Err(NoAddress::Exhausted));
    assert_eq!(pool.offer(&asker(2), None, at(62)).unwrap().address, address(10));
    assert_eq!(pool.known(mac(1)), None);
}

#[test]
fn an_ended_lease_is_given_to_another_only_when_nothing_else_is_free() {
    let mut pool = pool(10, 11);
    let first = leased(&mut pool, 1, at(0));
    let second = pool.offer(&asker(2), Some(first), at(4000)).unwrap().address;
    assert_ne!(first, second);
    let third = pool.offer(&asker(3), None, at(4001)).unwrap().address;
    assert_eq!(third, first);
    assert_eq!(pool.known(mac(1)), None);
    let key = LeaseKey { mac: mac(3), network: Ipv4Addr::new(10, 0, 0, 0) };
    assert_eq!(pool.before(&key, first), Some(LeaseKey { mac: mac(1), ..key }));
}

#[test]
fn the_row_of_a_machine_that_moved_on_is_not_taken_for_its_old_address() {
    let mut pool = pool(10, 11);
    let first = leased(&mut pool, 1, at(0));
    pool.quarantine(first, at(1));
    let second = leased(&mut pool, 1, at(2));
    assert_ne!(first, second);
    let key = LeaseKey { mac: mac(2), network: Ipv4Addr::new(10, 0, 0, 0) };
    assert_eq!(pool.before(&key, first), None);
    assert_eq!(pool.before(&key, second).map(|key| key.mac), Some(mac(1)));
}

#[test]
fn strangers_leave_a_quarter_to_those_who_are_enrolled() {
    let mut pool = pool(10, 17).sharing();
    for last in 1..=6 {
        pool.offer(&stranger(last), None, at(0)).unwrap();
    }
    assert_eq!(pool.offer(&stranger(7), None, at(0)), Err(NoAddress::Share));
    assert!(pool.offer(&stranger(3), None, at(0)).is_ok());
    assert!(pool.offer(&asker(100), None, at(0)).is_ok());
    assert!(pool.offer(&asker(101), None, at(0)).is_ok());
    assert!(pool.offer(&stranger(7), None, at(61)).is_ok());
}

#[test]
fn a_real_machine_gets_an_address_in_a_flood_of_made_up_ones() {
    for made_up in [0x02, 0x00] {
        let mut pool = pool(10, 49).sharing();
        let mut number = 0_u32;
        let mut flood = |pool: &mut Pool, now| {
            for _ in 0..5000 {
                number += 1;
                let [a, b, c, d] = number.to_be_bytes();
                let who = Asker { mac: Mac([made_up, 0x11, a, b, c, d]), ..stranger(0) };
                pool.offer(&who, None, now).ok();
            }
        };
        flood(&mut pool, at(1));
        let first = pool.offer(&stranger(1), None, at(2)).map(|chosen| chosen.address);
        assert_eq!(first.is_ok(), made_up == 0x02, "a maker's address goes before made-up ones");
        flood(&mut pool, at(2));
        let chosen = pool.offer(&stranger(1), None, at(5)).unwrap();
        flood(&mut pool, at(6));
        assert!(pool.can_have(mac(1), chosen.address, at(7)), "nobody of the flood takes its place");
        assert!(
            pool.hold(chosen.address, &stranger(1), at(7)) && pool.grant(&lease(1, chosen.address), at(7))
        );
        assert_eq!(pool.used().0, 30);
    }
}

#[test]
fn leases_of_made_up_addresses_leave_some_for_real_machines() {
    let mut pool = pool(10, 49).sharing();
    let mut count = 0;
    for last in 0..100 {
        let mac = Mac([2, 0, 0, 0, 0, last]);
        let who = Asker { mac, ..stranger(0) };
        let Ok(chosen) = pool.offer(&who, None, at(0)) else { continue };
        assert!(pool.hold(chosen.address, &who, at(0)));
        let lease = lease(0, chosen.address);
        assert!(pool.grant(&Lease { key: LeaseKey { mac, ..lease.key }, ..lease }, at(0)));
        count += 1;
    }
    assert_eq!(count, 23, "three quarters of thirty");
    assert!(pool.offer(&stranger(1), None, at(0)).is_ok());
}

#[test]
fn declining_does_not_let_strangers_out_of_their_share() {
    let mut pool = pool(10, 17).sharing();
    for last in 1..=6 {
        let chosen = pool.offer(&stranger(last), None, at(0)).unwrap();
        pool.quarantine(chosen.address, at(0));
    }
    assert_eq!(pool.offer(&stranger(7), None, at(61)), Err(NoAddress::Share));
    assert!(pool.offer(&asker(100), None, at(61)).is_ok());
    assert_eq!(pool.used(), (1, 6));
    assert!(pool.offer(&stranger(7), None, at(700)).is_ok());
}

#[test]
fn what_is_reserved_is_given_to_nobody_else() {
    let mut pool = pool(10, 11);
    pool.reserve(mac(1), address(10));
    pool.reserve(mac(2), address(99));
    assert_eq!(pool.size(), 1);
    assert_eq!(leased(&mut pool, 3, at(0)), address(11));
    assert_eq!(pool.offer(&asker(4), None, at(0)), Err(NoAddress::Exhausted));
    assert_eq!(leased(&mut pool, 1, at(0)), address(10));
    assert_eq!(leased(&mut pool, 2, at(0)), address(99));
    assert!(!pool.can_have(mac(4), address(10), at(0)));
    assert!(pool.can_have(mac(2), address(99), at(5000)));
    assert_eq!(pool.offer(&asker(4), None, at(5000)).unwrap().address, address(11));
    assert_eq!(pool.offer(&asker(5), None, at(5000)), Err(NoAddress::Exhausted));
}

#[test]
fn a_released_address_is_free_for_others_and_remembered() {
    let mut pool = pool(10, 10);
    let given = leased(&mut pool, 1, at(0));
    assert!(!pool.release(mac(2), given, at(1)));
    assert!(pool.release(mac(1), given, at(1)));
    assert_eq!(pool.left(mac(1), given, at(1)), None);
    assert_eq!(pool.known(mac(1)), Some(given));
    assert_eq!(pool.offer(&asker(2), None, at(2)).unwrap().address, given);
}

#[test]
fn leases_that_were_kept_go_on_for_as_long_as_they_may() {
    let mut pool = pool(10, 11);
    let hour = Duration::from_hours(1);
    pool.recall(&lease(1, address(10)), hour, false, at(100));
    // Both rows name one address: the first is as good as the second.
    pool.recall(&lease(2, address(10)), hour, false, at(100));
    // Outside of the pool by now.
    pool.recall(&lease(3, address(200)), hour, false, at(100));
    assert_eq!(pool.left(mac(1), address(10), at(100)), Some(Duration::from_hours(1)));
    assert_eq!(pool.leases(at(100)).len(), 1);
    assert!(!pool.can_have(mac(3), address(200), at(100)));
    // One that is over is remembered for its machine, and another may have it.
    pool.recall(&lease(4, address(11)), Duration::ZERO, false, at(100));
    pool.settle(at(100));
    assert_eq!((pool.leases(at(100)).len(), pool.known(mac(4))), (1, Some(address(11))));
    assert_eq!(pool.offer(&asker(5), None, at(100)).unwrap().address, address(11));
}

#[test]
fn every_address_is_in_one_place_whatever_happens() {
    let mut pool = pool(10, 20).sharing();
    pool.reserve(mac(3), address(12));
    let mut seed: u32 = 1;
    for step in 0..20_000_u64 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = seed.to_be_bytes();
        let (one, place, now) = (a % 20, address(10 + c % 11), at(step * 7));
        let who = Asker { is_stranger: one % 2 == 0, ..asker(one) };
        match b % 5 {
            0 => drop(pool.offer(&who, Some(place), now)),
            1 if pool.can_have(who.mac, place, now) && pool.hold(place, &who, now) => {
                pool.grant(&lease(one, place), now);
            }
            2 => drop(pool.release(who.mac, place, now)),
            3 if c & 1 == 0 => pool.quarantine(place, now),
            3 => drop(pool.decline(who.mac, None, place, now)),
            _ => pool.settle(now),
        }
        let slots = pool.slots.len();
        assert_eq!(pool.free.iter().filter(|free| pool.slots.contains_key(free)).count(), 0);
        assert_eq!(pool.due.len() + pool.old.len(), slots);
        assert!(pool.free.len() + slots >= pool.size && pool.free.len() + slots <= pool.size + 1);
        assert_eq!(pool.share.taken(), pool.slots.values().filter(|slot| slot.stranger.is_some()).count());
        assert!(pool.share.taken() <= pool.share.most());
        let is_aside = |slot: &&Slot| slot.state == State::Quarantined;
        assert_eq!(pool.put_aside(), pool.slots.values().filter(is_aside).count());
        for (mac, address) in &pool.by_mac {
            assert_eq!(pool.slots.get(address).map(|slot| slot.mac), Some(*mac));
        }
    }
}
