use proptest::prelude::*;

use super::*;

/// A compact record as `ipmi_sim` holds it.
const COMPACT_BYTES: &[u8] = &[
    0x0a, 0x00, 0x51, 0x02, 0x27, 0x20, 0x00, 0x10, 0x0a, 0x01, 0x03, 0x40, 0x08, 0x6f, 0xff, 0x00, 0xff,
    0x00, 0xff, 0x00, 0xc0, 0x00, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0xcc, b'P', b'S', b'U', b' ', b'1', b' ',
    b'S', b't', b'a', b't', b'u', b's',
];

#[test]
fn a_compact_record_there_and_back() {
    let record = Record::parse(COMPACT_BYTES).unwrap();
    let (sensor, name) = record.sensor().unwrap();
    assert_eq!((sensor.owner.number, sensor.owner.is_bmc(), name), (0x10, true, "PSU 1 Status"));
    assert!(!sensor.is_threshold());
    assert_eq!(record.emit(), COMPACT_BYTES);
}

#[test]
fn a_record_that_claims_more_than_it_has_is_read() {
    let cut = &COMPACT_BYTES[..COMPACT_BYTES.len() - 7];
    let record = Record::parse(cut).unwrap();
    assert_eq!(record.sensor().unwrap().1, "PSU 1");
    let trailing = [COMPACT_BYTES, b"more"].concat();
    assert_eq!(Record::parse(&trailing), Record::parse(COMPACT_BYTES));
}

#[test]
fn what_cannot_be_read_is_kept() {
    let record = Record::parse(&COMPACT_BYTES[..20]).unwrap();
    let Body::Other { kind: 2, rest } = &record.body else { panic!("{record:?}") };
    assert_eq!(rest.as_slice(), &COMPACT_BYTES[5..20]);
    let oem = [7, 0, 0x51, 0xc0, 3, 1, 2, 3];
    let record = Record::parse(&oem).unwrap();
    assert_eq!(record.body, Body::Other { kind: 0xc0, rest: vec![1, 2, 3] });
    assert_eq!(record.emit(), oem);
}

#[test]
fn every_prefix_is_an_error_or_a_record() {
    for length in 0..COMPACT_BYTES.len() {
        assert_eq!(Record::parse(&COMPACT_BYTES[..length]).is_err(), length < HEADER, "{length}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_a_record(
        kind in prop_oneof![Just(1_u8), Just(2), Just(3), Just(0x11), Just(0x12), any::<u8>()],
        rest in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut data = vec![1, 0, VERSION, kind, short_length(rest.len())];
        data.extend(rest);
        let record = Record::parse(&data).unwrap();
        let again = Record::parse(&record.emit()).unwrap();
        prop_assert_eq!(again.id, 1);
        prop_assert_eq!(again.emit(), record.emit());
    }
}
