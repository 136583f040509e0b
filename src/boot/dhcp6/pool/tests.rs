//! Who gets which address, and who none.

use proptest::prelude::*;

use super::*;
use crate::base::moment::Moment;
use crate::model::boot::lease6::LeaseKey6;

fn holder(number: u8) -> Holder {
    Holder { client: Duid::of(&[0, 3, number]).unwrap(), association: 1 }
}

fn at(seconds: u64) -> Tick {
    Tick(Duration::from_secs(seconds))
}

fn term(now: u64) -> Term {
    Term { now: at(now), length: Duration::from_secs(100) }
}

/// An enrolled machine with an address of its maker.
fn known(number: u8) -> Asker {
    Asker { machine: Mac([0, 0x25, 0x90, 0, 0, number]), is_stranger: false, circuit: None }
}

fn stranger(number: u16) -> Asker {
    let [high, low] = number.to_be_bytes();
    Asker { machine: Mac([0, 0x1b, 0x21, 0, high, low]), is_stranger: true, circuit: None }
}

fn made_up(number: u16) -> Asker {
    let [high, low] = number.to_be_bytes();
    Asker { machine: Mac([0x52, 0x54, 0, 0, high, low]), is_stranger: true, circuit: None }
}

/// What the machine gets under the name of its hardware address.
fn ask(pool: &mut Pool, asker: Asker, association: u32, now: u64) -> Result<Ipv6Addr, NoAddress> {
    let holder = Holder { client: Duid::of_mac(asker.machine), association };
    let address = pool.choose(&asker, &holder, None, at(now))?;
    pool.grant(&asker, &holder, address, term(now));
    Ok(address)
}

fn pool(last: &str) -> Pool {
    Pool::new("fd00::1".parse().unwrap(), last.parse().unwrap())
}

fn give(pool: &mut Pool, number: u8, now: u64) -> Option<Ipv6Addr> {
    let address = pool.choose(&known(number), &holder(number), None, at(now)).ok()?;
    pool.grant(&known(number), &holder(number), address, term(now));
    Some(address)
}

#[test]
fn every_address_is_given_once_and_then_none() {
    let mut pool = pool("fd00::4");
    let given: BTreeSet<_> = (0..4).map(|number| give(&mut pool, number, 0).unwrap()).collect();
    assert_eq!(given.len(), 4);
    assert_eq!(give(&mut pool, 9, 0), None);
    assert_eq!(give(&mut pool, 2, 5), pool.held(&holder(2)));
}

#[test]
fn an_offer_is_the_same_again_without_a_note_of_it() {
    let large = Pool::new(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from(u128::MAX));
    let first = large.choose(&known(1), &holder(1), None, at(0));
    assert!(first.is_ok() && large.in_use() == 0);
    assert_eq!(large.choose(&known(1), &holder(1), None, at(0)), first);
    assert_ne!(large.choose(&known(2), &holder(2), None, at(0)), first);
}

#[test]
fn what_is_wanted_is_given_if_it_is_free() {
    let mut pool = pool("fd00::ff");
    let wanted = "fd00::42".parse().unwrap();
    assert_eq!(pool.choose(&known(1), &holder(1), Some(wanted), at(0)), Ok(wanted));
    pool.grant(&known(1), &holder(1), wanted, term(0));
    assert_ne!(pool.choose(&known(2), &holder(2), Some(wanted), at(0)), Ok(wanted));
    let foreign = "fd01::1".parse().unwrap();
    assert_ne!(pool.choose(&known(2), &holder(2), Some(foreign), at(0)), Ok(foreign));
}

#[test]
fn a_lease_is_written_when_it_is_new_and_when_half_of_it_is_gone() {
    let mut pool = pool("fd00::ff");
    let address = pool.choose(&known(1), &holder(1), None, at(0)).unwrap();
    let is_due = |pool: &mut Pool, now| pool.grant(&known(1), &holder(1), address, term(now)).is_due;
    assert!(is_due(&mut pool, 0));
    assert!(is_due(&mut pool, 1), "the disk has not said yes");
    pool.written(&holder(1), at(1));
    assert!(!is_due(&mut pool, 50));
    assert!(is_due(&mut pool, 51));
}

#[test]
fn a_lease_shows_who_asked_last_until_it_is_over() {
    let mut pool = pool("fd00::ff");
    let address = give(&mut pool, 1, 0).unwrap();
    assert_eq!(pool.mac_of(address), None, "its identifier has no hardware address");
    let who = Who { mac: Some(Mac([2, 0, 0, 0, 0, 1])), asked: "iPXE".into() };
    pool.note(&holder(1), who.clone());
    give(&mut pool, 1, 40);
    let held = Held { address, left: Duration::from_secs(80), who: who.clone(), holder: holder(1) };
    assert_eq!(pool.leases(at(60)), [held]);
    assert_eq!((pool.mac_of(address), pool.leases(at(140))), (who.mac, vec![]));
    assert_eq!(pool.decline(&known(1), &holder(1), address, at(41)), Some(Declined::PutAside));
    assert_eq!((pool.mac_of(address), pool.leases(at(42)), pool.room()), (None, vec![], (255, 1)));
}

#[test]
fn what_is_over_is_free_again() {
    let mut pool = pool("fd00::1");
    give(&mut pool, 1, 0).unwrap();
    assert_eq!(pool.sweep(at(99)), []);
    assert_eq!(pool.sweep(at(100)), [holder(1)]);
    let address = give(&mut pool, 2, 100).unwrap();
    assert!(!pool.release(&holder(1), address) && pool.release(&holder(2), address));
    assert_eq!(give(&mut pool, 3, 101), Some(address));
    assert_eq!(pool.decline(&known(3), &holder(3), address, at(102)), Some(Declined::PutAside));
    assert_eq!(give(&mut pool, 3, 103), None, "somebody else uses it");
    assert_eq!(pool.sweep(at(702)), [], "nobody's lease ended");
    assert_eq!(give(&mut pool, 3, 703), Some(address));
}

#[test]
fn strangers_leave_room_for_those_that_are_enrolled() {
    let mut pool = pool("fd00::ffff");
    for number in 0..MOST_STRANGERS {
        ask(&mut pool, stranger(u16::try_from(number).unwrap()), 1, 0).unwrap();
    }
    assert_eq!(ask(&mut pool, stranger(u16::MAX), 1, 0), Err(NoAddress::Share));
    assert!(pool.choose(&known(2), &holder(2), None, at(0)).is_ok());
    let ended =
        (0..).map_while(|_| Some(pool.sweep(at(100))).filter(|ended| !ended.is_empty())).flatten().count();
    assert_eq!((ended, pool.in_use(), pool.share.taken()), (MOST_STRANGERS, 0, 0));
    assert!(pool.by_machine.is_empty());
}

#[test]
fn strangers_leave_a_quarter_of_a_small_range() {
    let mut pool = pool("fd00::8");
    assert_eq!((0..20).filter_map(|number| ask(&mut pool, stranger(number), 1, 0).ok()).count(), 6);
    assert!(give(&mut pool, 30, 0).is_some() && give(&mut pool, 31, 0).is_some());
    assert_eq!(give(&mut pool, 32, 0), None);
}

#[test]
fn one_machine_with_many_names_gets_its_own_addresses_again() {
    let mut pool = pool("fd00::100");
    let own: BTreeSet<_> =
        (0..300).map(|number| ask(&mut pool, stranger(1), number, number.into()).unwrap()).collect();
    assert_eq!((own.len(), pool.in_use()), (OF_MACHINE, OF_MACHINE));
    let late = Holder { client: Duid::of_mac(stranger(1).machine), association: 999 };
    let again = pool.choose(&stranger(1), &late, None, at(300)).unwrap();
    let granted = pool.grant(&stranger(1), &late, again, term(300));
    let ended = granted.ended.unwrap();
    assert_eq!((ended.association, pool.held(&ended), granted.is_due), (292, None, true));
    assert!(ask(&mut pool, stranger(2), 1, 300).is_ok_and(|other| !own.contains(&other)));
}

#[test]
fn one_message_takes_nothing_from_itself() {
    let mut pool = pool("fd00::100");
    let given: Vec<_> = (0..9).map(|number| ask(&mut pool, stranger(1), number, 5)).collect();
    assert!(given[..8].iter().all(Result::is_ok), "{given:?}");
    assert_eq!(given[8], Err(NoAddress::Machine));
}

#[test]
fn a_machine_goes_on_under_a_new_name_when_nothing_is_left() {
    let mut pool = pool("fd00::2");
    let first = ask(&mut pool, known(1), 1, 0).unwrap();
    ask(&mut pool, known(2), 1, 0).unwrap();
    assert_eq!(ask(&mut pool, known(3), 1, 1), Err(NoAddress::Exhausted));
    assert_eq!(ask(&mut pool, known(1), 2, 1), Ok(first));
}

#[test]
fn made_up_machines_and_one_port_leave_a_quarter_of_the_share_to_others() {
    let mut pool = pool("fd00::100");
    let taken = (0..300).filter(|number| ask(&mut pool, made_up(*number), 1, 0).is_ok()).count();
    assert_eq!((taken, pool.share.most()), (144, 192));
    assert_eq!(ask(&mut pool, made_up(999), 1, 0), Err(NoAddress::Kind));
    assert!(ask(&mut pool, stranger(1), 1, 0).is_ok());
    let at_port = |number| Asker { circuit: Some(7), ..stranger(number) };
    let taken = (100..400).filter(|number| ask(&mut pool, at_port(*number), 1, 0).is_ok()).count();
    assert_eq!(taken, 192 - 144 - 1, "the share is used up first");
    assert_eq!(ask(&mut pool, stranger(2), 1, 0), Err(NoAddress::Share));
    assert!(ask(&mut pool, known(1), 1, 0).is_ok());
}

#[test]
fn declines_put_few_addresses_aside() {
    let mut pool = pool("fd00::100");
    let mut decline = |asker: Asker, now: u64| {
        let address = ask(&mut pool, asker, 1, now).unwrap();
        let holder = Holder { client: Duid::of_mac(asker.machine), association: 1 };
        let declined = pool.decline(&asker, &holder, address, at(now + 1));
        (declined, pool.room().1)
    };
    for number in 0..60_u64 {
        let (declined, aside) = decline(stranger(1), number);
        let is_bounded = number >= 3;
        assert_eq!(declined, Some(if is_bounded { Declined::Freed } else { Declined::PutAside }));
        assert!(aside <= 3, "{aside}");
    }
    for number in 2..200 {
        decline(stranger(number), 60);
    }
    let (declined, aside) = decline(stranger(999), 61);
    assert_eq!((declined, aside), (Some(Declined::PutAside), 64), "a quarter, and the oldest came back");
    let port = Asker { circuit: Some(7), ..stranger(0) };
    let of_port = (300..320).filter(|number| {
        decline(Asker { machine: stranger(*number).machine, ..port }, 62).0 == Some(Declined::PutAside)
    });
    assert_eq!(of_port.count(), 8);
}

#[test]
fn an_address_that_was_given_long_ago_is_not_put_aside() {
    let mut pool = pool("fd00::100");
    let address = give(&mut pool, 1, 0).unwrap();
    assert_eq!(pool.decline(&known(1), &holder(2), address, at(1)), None, "it is not his");
    assert_eq!(pool.decline(&known(1), &holder(1), address, at(61)), Some(Declined::Freed));
    assert!(pool.is_free(address));
}

#[test]
fn what_this_host_has_is_given_to_nobody() {
    let mut pool = pool("fd00::3");
    pool.keep_out(["fd00::2".parse().unwrap(), "fd01::1".parse().unwrap()].into_iter());
    assert_eq!(pool.room(), (2, 0));
    let own = "fd00::2".parse().unwrap();
    assert_ne!(pool.choose(&known(1), &holder(1), Some(own), at(0)), Ok(own));
    let given: BTreeSet<_> = (0..9).filter_map(|number| give(&mut pool, number, 0)).collect();
    assert_eq!(given, ["fd00::1", "fd00::3"].map(|text| text.parse().unwrap()).into());
}

#[test]
fn a_lease_that_was_kept_shows_the_address_that_asked() {
    let mut pool = pool("fd00::100");
    let named = Mac([2, 2, 2, 2, 2, 2]);
    let key = LeaseKey6 { network: "fd00::".parse().unwrap(), association: 1, client: Duid::of_mac(named) };
    let asked = Mac([0x52, 0x54, 0, 0, 0, 1]);
    let address = "fd00::42".parse().unwrap();
    let lease = Lease6 { key, address, length: 100, granted: Moment(1), is_stranger: true, mac: Some(asked) };
    pool.recall(&lease, at(5));
    assert_eq!((pool.mac_of(address), pool.share.taken()), (Some(asked), 1));
    let moved = Lease6 { address: "fd09::1".parse().unwrap(), ..lease.clone() };
    let mut other = Pool::new("fd00::1".parse().unwrap(), "fd00::9".parse().unwrap());
    other.recall(&moved, at(5));
    assert_eq!(other.in_use(), 0, "it is of no range any more");
    other.recall(&Lease6 { address: "fd00::2".parse().unwrap(), mac: None, ..lease }, at(5));
    assert_eq!(other.mac_of("fd00::2".parse().unwrap()), Some(named), "from before it was kept");
}

#[test]
fn what_is_told_is_why_there_is_none() {
    let mut pool = pool("fd00::4");
    for number in 0..3 {
        ask(&mut pool, stranger(number), 1, 0).unwrap();
    }
    assert!(pool.why_none(NoAddress::Share).contains("have 3 of 4, which is their share: enrol"));
    assert!(pool.why_none(NoAddress::Exhausted).contains("3 of 4 addresses are taken, 0 of them"));
    assert!(pool.why_none(NoAddress::Kind).contains("three quarters"));
    assert!(pool.why_none(NoAddress::Machine).contains("more than 1 at once"));
}

proptest! {
    #[test]
    fn no_address_has_two_holders(moves in prop::collection::vec((0_u8..12, 0_u8..4, 0_u64..40), 0..80)) {
        let mut pool = pool("fd00::8");
        let mut now = 0;
        for (number, what, later) in moves {
            now += later;
            pool.sweep(at(now));
            let held = pool.held(&holder(number));
            match (what, held) {
                (0, Some(address)) => prop_assert!(pool.release(&holder(number), address)),
                (1, Some(address)) => {
                    prop_assert!(pool.decline(&known(number), &holder(number), address, at(now)).is_some());
                }
                _ => { give(&mut pool, number, now); }
            }
            let of_machines: usize = pool.by_machine.values().map(BTreeSet::len).sum();
            prop_assert_eq!(of_machines, pool.by_holder.len());
            let leased = pool.slots.values().filter(|slot| slot.lease.is_some()).count();
            prop_assert_eq!(leased, pool.by_holder.len());
            prop_assert_eq!(pool.due.len(), pool.slots.len());
            prop_assert!(pool.slots.len() <= 8);
        }
    }
}
