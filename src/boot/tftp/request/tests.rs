use proptest::prelude::*;

use super::*;

/// The second request of OVMF 2022.11 (recorded, `i-ovmf-window`).
const OVMF: &[u8] = b"\0\x01snponly.efi\0octet\0blksize\x001468\0windowsize\x004\0";

fn options(tail: &str) -> Vec<(String, u64)> {
    let bytes = [b"\0\x01f\0octet\0", tail.as_bytes()].concat();
    let wishes = Request::parse(&bytes).unwrap().wishes;
    wishes.into_iter().map(|wish| (wish.spelled, wish.option.value)).collect()
}

fn pairs(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn a_recorded_request_is_read() {
    let request = Request::parse(OVMF).unwrap();
    assert_eq!((request.name.as_str(), request.mode), ("snponly.efi", Mode::Octet));
    assert_eq!(options("blksize\x001468\0windowsize\x004\0"), pairs(&[("blksize", 1468), ("windowsize", 4)]));
}

#[test]
fn no_prefix_of_it_is_more_than_a_request() {
    for end in 0..OVMF.len() {
        if let Ok(request) = Request::parse(&OVMF[..end]) {
            assert_eq!(request.name, "snponly.efi");
            assert!(request.wishes.len() < 2);
        }
    }
}

#[test]
fn options_that_make_no_sense_are_as_if_they_were_not_asked() {
    for tail in [
        "blksize\0many\0",
        "blksize\x007\0",
        "blksize\x0065465\0",
        "blksize\0+512\0",
        "blksize\0\0",
        "timeout\x000\0",
        "timeout\x0031\0",
        "windowsize\x000\0",
        "windowsize\x0099999999999999999999999\0",
        "multicast\x001\0",
        "utimeout\x001000\0",
        "windowwait\x001\0",
        "blksize\x001024",
        "blksize",
        "\0\0\0\0",
    ] {
        assert_eq!(options(tail), [], "{tail:?}");
    }
    assert_eq!(options("multicast\0\0TSize\x000\0"), pairs(&[("TSize", 0)]));
}

#[test]
fn of_two_the_first_counts() {
    assert_eq!(options("blksize\x001024\0BLKSIZE\x002048\0"), pairs(&[("blksize", 1024)]));
}

#[test]
fn what_is_no_read_request_is_told_apart() {
    assert_eq!(Request::parse(b""), Err(Odd::NoRequest));
    assert_eq!(Request::parse(b"\0\x04\0\x01"), Err(Odd::NoRequest));
    assert_eq!(Request::parse(b"\0\x02f\0octet\0"), Err(Odd::Write));
    assert_eq!(Request::parse(b"\0\x01f\0mail\0"), Err(Odd::Mode));
    assert_eq!(Request::parse(b"\0\x01\xff\0octet\0"), Err(Odd::Name));
    assert_eq!(Request::parse(b"\0\x01f\0NETASCII\0").unwrap().mode, Mode::Netascii);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..1500), rrq: bool) {
        if rrq && bytes.len() > 1 {
            bytes[..2].copy_from_slice(&[0, 1]);
        }
        if let Ok(request) = Request::parse(&bytes) {
            prop_assert!(request.wishes.len() <= 4);
        }
    }

    #[test]
    fn what_is_asked_is_read(name in "[^\0]{0,300}", blksize in 8..=65464_u64, window in 1..=65535_u64) {
        let bytes = format!("\0\x01{name}\0octet\0BlkSize\0{blksize}\0windowsize\0{window}\0");
        let request = Request::parse(bytes.as_bytes()).unwrap();
        let read: Vec<u64> = request.wishes.iter().map(|wish| wish.option.value).collect();
        prop_assert_eq!((request.name, read), (name, vec![blksize, window]));
    }
}
