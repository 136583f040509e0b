//! What declining can put aside, and what it cannot.

use std::time::Duration;

use super::*;

/// The machine takes an address and declines it at once.
fn declines(pool: &mut Pool, who: &Asker, now: Tick) -> (Ipv4Addr, Option<Declined>) {
    let chosen = pool.offer(who, None, now).unwrap();
    assert!(chosen.is_fresh, "each is looked for before it is offered");
    assert!(pool.hold(chosen.address, who, now));
    let lease = lease(0, chosen.address);
    assert!(pool.grant(&Lease { key: LeaseKey { mac: who.mac, ..lease.key }, ..lease }, now));
    (chosen.address, pool.decline(who.mac, who.circuit, chosen.address, now))
}

#[test]
fn only_the_lessee_declines_and_only_at_once() {
    let mut pool = pool(10, 50);
    let offered = pool.offer(&asker(1), None, at(0)).unwrap().address;
    assert_eq!(pool.decline(mac(1), None, offered, at(0)), None, "it is only offered");
    let leased = leased(&mut pool, 1, at(0));
    assert_eq!(pool.decline(mac(2), None, leased, at(1)), None, "it is another's");
    assert_eq!(pool.decline(mac(1), None, leased, at(60)), None, "that was long ago");
    pool.told(leased, at(100));
    assert_eq!(pool.decline(mac(1), None, leased, at(101)), Some(Declined::PutAside));
    assert_eq!(pool.decline(mac(1), None, leased, at(101)), None, "it has it no longer");
    pool.recall(&lease(3, address(40)), Duration::from_hours(1), false, at(200));
    assert_eq!(pool.decline(mac(3), None, address(40), at(201)), None, "nobody was told since the start");
}

#[test]
fn one_machine_has_three_addresses_put_aside_within_ten_minutes() {
    for is_stranger in [false, true] {
        let mut pool = pool(10, 109).sharing();
        let who = Asker { is_stranger, ..asker(1) };
        let became: Vec<_> = (0..50).map(|second| declines(&mut pool, &who, at(second)).1.unwrap()).collect();
        assert_eq!(became.iter().filter(|one| **one == Declined::PutAside).count(), 3);
        assert_eq!((pool.put_aside(), pool.used()), (3, (0, 3)));
        assert_eq!(declines(&mut pool, &who, at(600)).1, Some(Declined::PutAside), "its first is long ago");
        assert_eq!(declines(&mut pool, &who, at(600)).1, Some(Declined::Freed));
    }
}

#[test]
fn one_port_has_eight_addresses_put_aside_whatever_the_machines_are() {
    let mut pool = pool(10, 109).sharing();
    let at_port = |last, circuit| Asker { circuit: Some(circuit), ..stranger(last) };
    let became: Vec<_> =
        (0..30).map(|last| declines(&mut pool, &at_port(last, 7), at(1)).1.unwrap()).collect();
    assert_eq!(became.iter().filter(|one| **one == Declined::PutAside).count(), 8);
    assert_eq!(declines(&mut pool, &at_port(31, 8), at(2)).1, Some(Declined::PutAside), "of another port");
}

#[test]
fn strangers_have_a_quarter_put_aside_and_the_oldest_comes_back() {
    let mut pool = pool(10, 109).sharing();
    let aside: Vec<_> = (0..100).map(|last| declines(&mut pool, &stranger(last), at(last.into()))).collect();
    assert!(aside.iter().all(|(_, became)| *became == Some(Declined::PutAside)));
    assert_eq!(pool.put_aside(), 25);
    for (address, _) in &aside[75..] {
        assert!(!pool.can_have(mac(200), *address, at(100)), "{address} is among the last");
    }
    // Enrolled machines do not lose what they found out to a flood of strangers.
    let real = declines(&mut pool, &asker(201), at(101)).0;
    for last in 102..150 {
        declines(&mut pool, &stranger(last), at(last.into()));
    }
    assert_eq!(pool.put_aside(), 26);
    assert!(!pool.can_have(mac(200), real, at(150)));
    pool.settle(at(1000));
    assert_eq!(pool.put_aside(), 0);
}

#[test]
fn what_comes_back_early_is_looked_for_before_it_is_offered() {
    let mut pool = pool(10, 13);
    let first = declines(&mut pool, &stranger(1), at(0)).0;
    declines(&mut pool, &stranger(2), at(1));
    let chosen = pool.offer(&asker(3), Some(first), at(2)).unwrap();
    assert_eq!(chosen, Chosen { address: first, is_fresh: true });
}
