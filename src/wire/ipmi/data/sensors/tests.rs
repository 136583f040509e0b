use proptest::prelude::*;

use super::*;

const FAN: &[u8] = &[
    0x03, 0x00, 0x51, 0x01, 0x30, 0x20, 0x00, 0x02, 0x1d, 0x01, 0x7f, 0x68, 0x04, 0x01, 0x95, 0x7a, 0x95,
    0x7a, 0x3f, 0x3f, 0x00, 0x12, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x3c, 0xff, 0x00,
    0xff, 0x00, 0xaa, 0xa0, 0x96, 0x02, 0x05, 0x0a, 0x02, 0x02, 0x00, 0x00, 0x00, 0xc5, b'F', b'a', b'n',
    b' ', b'1',
];

fn fan() -> Record {
    let record = Record::parse(FAN).unwrap();
    assert_eq!(record.emit(), FAN);
    record
}

fn reading_of(record: &Record, reading: Option<Reading>) -> (String, String) {
    let fields = Sighting::new(record, reading).fields().unwrap();
    (fields["Sensor Reading"].clone(), fields["Status"].clone())
}

#[test]
fn a_fan_that_turns_is_stuck_is_off_or_is_not_there() {
    let record = fan();
    let seen = |reading| reading_of(&record, reading);
    assert_eq!(seen(Some(Reading::new(0x39, 0))), ("5700 (+/- 0) RPM".into(), "ok".into()));
    assert_eq!(seen(Some(Reading::new(0, 2))), ("0 (+/- 0) RPM".into(), "cr".into()));
    assert_eq!(seen(Some(Reading::absent())), ("No Reading".into(), "ns".into()));
    assert_eq!(seen(Some(Reading::parse(&[0, 0x80]).unwrap())), ("Disabled".into(), "ns".into()));
    assert_eq!(seen(None), ("No Reading".into(), "ns".into()));
}

#[test]
fn a_nonlinear_sensor_needs_its_factors() {
    let mut bytes = FAN.to_vec();
    bytes[23] = 0x70;
    let record = Record::parse(&bytes).unwrap();
    let mut sighting = Sighting::new(&record, Some(Reading::new(2, 0)));
    assert_eq!(
        (sighting.fields().unwrap()["Sensor Reading"].as_str(), sighting.value()),
        ("No Reading", None)
    );
    sighting.factors = Some(Factors::of(50, 0, 0, 0));
    assert_eq!(sighting.fields().unwrap()["Sensor Reading"], "100 (+/- 0) RPM");
    assert_eq!(sighting.value(), Some(100.0));
}

#[test]
fn events_are_told_as_far_as_they_are_known() {
    let record = fan();
    let pending = Events::parse(&[0xc0, 0x01, 0x00]).unwrap();
    let enabled = Events::parse(&[0x40, 0x81, 0x02, 0x00, 0x00]).unwrap();
    let sighting =
        Sighting { pending: Some(&pending), enabled: Some(&enabled), ..Sighting::new(&record, None) };
    let fields = sighting.fields().unwrap();
    assert_eq!(fields["Assertion Events"], "lnc-");
    assert_eq!(
        (fields["Event Enable"].as_str(), fields["Assertions Enabled"].as_str()),
        ("Event Messages Disabled", "lnc- unc+ ucr+")
    );
    assert!(!fields.contains_key("Deassertion Events") && !fields.contains_key("Deassertions Enabled"));
}

#[test]
fn records_without_a_reading_are_left_out() {
    let other = Record { id: 1, body: Body::Other { kind: 0xc0, rest: Vec::new() } };
    assert!(table([Sighting::new(&other, None)]).is_empty());
    let fan = fan();
    let table = table([Sighting::new(&fan, None)]);
    assert_eq!(table["Fan"].keys().collect::<Vec<_>>(), ["Fan 1 (0x2)"]);
}

proptest! {
    #[test]
    fn any_record_and_reading_have_fields(
        changes in proptest::collection::vec((5..53_usize, any::<u8>()), 0..30),
        kind in 1..3_u8,
        reading: [u8; 4],
        events in proptest::collection::vec(any::<u8>(), 1..6),
        factors: Option<[u8; 6]>,
    ) {
        let mut bytes = FAN.to_vec();
        bytes[3] = kind;
        for (place, byte) in changes {
            bytes[place] = byte;
        }
        let record = Record::parse(&bytes).unwrap();
        let events = Events::parse(&events).unwrap();
        let sighting = Sighting {
            record: &record,
            reading: Reading::parse(&reading).ok(),
            factors: factors.map(Factors),
            pending: Some(&events),
            enabled: Some(&events),
        };
        let fields = sighting.fields().unwrap();
        prop_assert!(fields.contains_key("Sensor Reading"));
        prop_assert!(sighting.value().is_none_or(f64::is_finite));
    }
}
