//! The codecs against recorded commands (`tests/goldens/ipmi-data`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::data::boot::BootOption;
use crate::wire::ipmi::data::boot::Device;
use crate::wire::ipmi::data::boot::Flags;
use crate::wire::ipmi::data::boot::clear_acknowledge;
use crate::wire::ipmi::data::boot::no_timeout;
use crate::wire::ipmi::data::chassis;
use crate::wire::ipmi::data::convert::fixed;
use crate::wire::ipmi::data::dcmi::PowerReading;
use crate::wire::ipmi::data::device::DeviceId;
use crate::wire::ipmi::data::fru;
use crate::wire::ipmi::data::guid::Guid;
use crate::wire::ipmi::data::reading::Events;
use crate::wire::ipmi::data::reading::Limit;
use crate::wire::ipmi::data::reading::Reading;
use crate::wire::ipmi::data::reading::Thresholds;
use crate::wire::ipmi::data::sdr;
use crate::wire::ipmi::data::sdr::record::Body;
use crate::wire::ipmi::data::sdr::record::Record;
use crate::wire::ipmi::data::sel;
use crate::wire::ipmi::data::sensors::Fields;
use crate::wire::ipmi::data::sensors::Sighting;
use crate::wire::ipmi::data::sensors::Table;
use crate::wire::ipmi::data::sensors::table;

macro_rules! golden {
    ($name:literal) => {
        Session::of(include_str!(concat!("../../../../tests/goldens/ipmi-data/", $name, ".json")))
    };
}

/// A recorded command's exchanges and what its client printed.
struct Session {
    stdout: String,
    exchanges: Vec<Exchange>,
}

#[derive(Clone)]
struct Exchange {
    ask: Ask,
    code: u8,
    data: Vec<u8>,
}

fn bytes_of(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Session {
    fn of(text: &str) -> Self {
        let file: Value = serde_json::from_str(text).unwrap();
        let exchanges = file["exchanges"].as_array().unwrap().iter().map(|one| Exchange {
            ask: Ask::new(
                bytes_of(&one["netfn"])[0],
                bytes_of(&one["command"])[0],
                bytes_of(&one["request"]),
            ),
            code: bytes_of(&one["code"])[0],
            data: bytes_of(&one["data"]),
        });
        Self { stdout: file["stdout"].as_str().unwrap().to_owned(), exchanges: exchanges.collect() }
    }

    /// The answer to a request that was recorded.
    fn answer(&self, ask: &Ask) -> &Exchange {
        self.exchanges.iter().rfind(|one| one.ask == *ask).unwrap_or_else(|| panic!("{ask:02x?}"))
    }

    fn good(&self, ask: &Ask) -> &[u8] {
        let found = self.answer(ask);
        assert_eq!(found.code, 0);
        &found.data
    }

    /// The repository's records, put together from the pieces that were read, and the next of each.
    fn repository(&self) -> Vec<(u16, Vec<u8>)> {
        let mut records: Vec<(u16, Vec<u8>)> = Vec::new();
        for one in self.exchanges.iter().filter(|one| (one.ask.netfn, one.ask.command) == (0x0a, 0x23)) {
            let piece = sdr::Piece::parse(&one.ask.data).unwrap();
            if piece.offset == 0 {
                records.push((u16::from_le_bytes([one.data[0], one.data[1]]), one.data[2..].to_vec()));
            } else {
                records.last_mut().unwrap().1.extend(&one.data[2..]);
            }
        }
        records
    }

    /// Our own walk through that repository.
    fn records(&self) -> Vec<Record> {
        let repository = self.repository();
        let mut walk = sdr::walk::Walk::new(sdr::Holder::Repository, 13);
        while let Some(ask) = walk.ask() {
            let Ok(piece) = sdr::Piece::parse(&ask.data) else {
                walk.take(0, &[3, 0]);
                continue;
            };
            let id_of = |bytes: &[u8]| u16::from_le_bytes([bytes[0], bytes[1]]);
            let found =
                repository.iter().find(|(_, bytes)| piece.record == 0 || id_of(bytes) == piece.record);
            let (next, bytes) = found.unwrap();
            let mut data = next.to_le_bytes().to_vec();
            data.extend(piece.of(bytes));
            walk.take(0, &data);
        }
        assert_eq!(walk.end(), Some(sdr::walk::End::Marked));
        walk.into_records()
    }

    fn reading(&self, record: &Record) -> Option<Reading> {
        let (sensor, _) = record.sensor()?;
        let found = self.answer(&Reading::ask(sensor.owner.number, sensor.owner.lun()));
        (found.code == 0).then(|| Reading::parse(&found.data).unwrap())
    }
}

/// What the reference makes of a print.
fn reference_view(stdout: &str) -> Table {
    let mut table = Table::new();
    for block in stdout.split("\n\n") {
        let lines = block.lines().map(|line| line.split(':').map(str::trim).collect::<Vec<_>>());
        let pairs = lines.filter(|parts| parts.len() == 2);
        let fields: Fields = pairs.map(|parts| (parts[0].to_owned(), parts[1].to_owned())).collect();
        let Some(id) = fields.get("Sensor ID") else { continue };
        let kinds = ["Sensor Type (Analog)", "Sensor Type (Discrete)", "Sensor Type (Threshold)"];
        let kind = kinds.iter().find_map(|kind| fields.get(*kind)).unwrap();
        let kind = kind.split(' ').next().unwrap().to_owned();
        table.entry(kind).or_default().insert(id.clone(), fields.clone());
    }
    table
}

#[test]
fn the_sensor_view_is_the_references() {
    let session = golden!("sim-21-sdr-v");
    let records = session.records();
    assert_eq!(records.len(), 13);
    let number = |record: &Record| record.sensor().map(|(sensor, _)| sensor.owner.number);
    let enabled: BTreeMap<u8, Events> = records
        .iter()
        .filter_map(number)
        .map(|number| (number, Events::parse(session.good(&Events::ask_enabled(number, 0))).unwrap()))
        .collect();
    let seen = records.iter().map(|record| Sighting {
        enabled: number(record).and_then(|number| enabled.get(&number)),
        ..Sighting::new(record, session.reading(record))
    });
    let (ours, theirs) = (table(seen), reference_view(&session.stdout));
    assert_eq!(theirs.values().map(BTreeMap::len).sum::<usize>(), 10);
    for (kind, sensors) in &theirs {
        for (id, fields) in sensors {
            assert_eq!(&ours[kind][id], fields, "{kind} {id}");
        }
    }
    assert_eq!(ours, theirs);
}

#[test]
fn records_are_written_as_they_were_read() {
    for session in [golden!("sim-20-sdr-list"), golden!("sim-21-sdr-v"), golden!("sim-22-sensor")] {
        let repository = session.repository();
        assert_eq!(repository.len(), 13);
        for (record, (_, bytes)) in session.records().iter().zip(&repository) {
            assert_eq!(record.emit(), *bytes);
            for length in 0..bytes.len() {
                assert_eq!(Record::parse(&bytes[..length]).is_err(), length < 5);
            }
        }
    }
    let kinds = |body: &Body| match body {
        Body::Full(_) => 1,
        Body::Compact(_) => 2,
        Body::EventOnly(_) => 3,
        Body::FruLocator(_) => 0x11,
        Body::McLocator(_) => 0x12,
        Body::Other { .. } => 0,
    };
    let kinds: Vec<i32> =
        golden!("sim-21-sdr-v").records().iter().map(|record| kinds(&record.body)).collect();
    assert_eq!(kinds, [0x12, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 0x11]);
}

#[test]
fn values_and_thresholds_are_those_that_were_printed() {
    let session = golden!("sim-22-sensor");
    let mut compared = 0;
    for record in session.records() {
        let Some((sensor, name)) = record.sensor() else { continue };
        let line = session.stdout.lines().find(|line| line.starts_with(name)).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Body::Full(full) = &record.body else { continue };
        let value = Sighting::new(&record, session.reading(&record)).value().unwrap();
        assert_eq!((cells[1], cells[2]), (fixed(value, 3).as_str(), sensor.units.text().as_str()));
        let found = session.answer(&Thresholds::ask(sensor.owner.number, 0));
        let order = [2, 1, 0, 3, 4, 5].map(|place: usize| Limit::ALL[place]);
        for (limit, cell) in order.into_iter().zip(&cells[4..]) {
            let raw = Thresholds::parse(&found.data).ok().and_then(|thresholds| thresholds.raw(limit));
            let shown = raw.map_or("na".to_owned(), |raw| fixed(full.scale().value(raw), 3));
            assert_eq!(shown, *cell, "{name} {limit:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 8 * 6);
}

#[test]
fn the_event_log_is_read() {
    let session = golden!("sim-19-sel-list");
    let info = sel::LogInfo::parse(session.good(&sel::LogInfo::ask())).unwrap();
    let mut walk = sel::walk::Walk::new(100);
    while let Some(ask) = walk.ask() {
        walk.take(0, session.good(&ask));
    }
    assert_eq!((walk.end(), walk.entries().len()), (Some(sel::walk::End::Marked), usize::from(info.count)));
    for (entry, line) in walk.entries().iter().zip(session.stdout.lines()) {
        let sel::entry::Body::Event(event) = entry.body else { panic!("{entry:?}") };
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!((cells[3], cells[4]), (event.sensor().as_str(), event.text().as_str()));
        assert_eq!(cells[2].parse(), Ok(event.at.raw()));
        assert!(!event.is_deasserted());
    }
}

#[test]
fn the_log_is_cleared_as_recorded() {
    let session = golden!("sim-24-sel-clear");
    assert_eq!(session.good(&sel::ask_reserve()), [1, 0]);
    let done = session.good(&sel::Clear { reservation: 1, begin: true }.ask());
    assert_eq!(sel::Clear::is_done(done), Ok(true));
}

#[test]
fn the_inventory_is_read() {
    let session = golden!("sim-23-fru");
    let mut image = vec![0_u8; 256];
    for one in session.exchanges.iter().filter(|one| one.ask.command == fru::READ) {
        let at = usize::from(fru::Piece::parse(&one.ask.data).unwrap().offset);
        image[at..at + one.data.len() - 1].copy_from_slice(&one.data[1..]);
    }
    let mut walk = fru::walk::Walk::new(0);
    while let Some(ask) = walk.ask() {
        let Ok(piece) = fru::Piece::parse(&ask.data) else {
            walk.take(0, session.good(&ask));
            continue;
        };
        let at = usize::from(piece.offset);
        let mut data = vec![piece.count];
        data.extend(&image[at..at + usize::from(piece.count)]);
        walk.take(0, &data);
    }
    let inventory = walk.into_inventory();
    assert_eq!(Ok(&inventory), fru::area::Inventory::parse(&image).as_ref());
    assert!(inventory.notes.is_empty());
    let (chassis, board) = (inventory.chassis.unwrap(), inventory.board.unwrap());
    assert_eq!(
        (chassis.kind, chassis.part.as_str(), chassis.serial.as_str()),
        (0x17, "CH-PART-01", "CHSER0001")
    );
    let made = jiff::Timestamp::from_second(i64::try_from(board.made_at().unwrap()).unwrap()).unwrap();
    assert_eq!(made.to_string(), "2026-03-01T00:00:00Z");
    assert_eq!(
        [board.maker, board.product, board.serial, board.part],
        ["Lab Maker", "Lab Board", "12345-6789", "BP-77"]
    );
    let product = inventory.product.unwrap();
    assert_eq!([product.maker, product.name, product.part], ["Lab Maker", "Edge Node 1", "EN1-000"]);
    assert_eq!([product.version, product.serial, product.asset], ["1.0", "PSER0042", "asset 7"]);
    assert!(product.custom.is_empty() && product.file.is_empty());
}

#[test]
fn boot_devices_are_set_as_recorded() {
    let cases = [
        (golden!("sim-09-bootdev-pxe"), Device::Pxe, false, false),
        (golden!("sim-10-bootdev-disk-persistent"), Device::Disk, true, false),
        (golden!("sim-11-bootdev-cdrom-efi"), Device::Cdrom, false, true),
        (golden!("sim-12-bootdev-pxe-efi-persistent"), Device::Pxe, true, true),
    ];
    for (session, device, persistent, efi) in cases {
        let option = BootOption::Flags(Flags::new(device.code(efi, false), persistent, efi));
        assert_eq!(session.good(&option.set()), b"");
        assert_eq!(session.good(&clear_acknowledge()), b"");
        assert_eq!(session.answer(&BootOption::SetInProgress(1).set()).code, 0xcc);
    }
    assert_eq!(golden!("sim-15-reference-raw-efi").good(&no_timeout()), b"");
    let option = BootOption::Flags(Flags::new(Device::Pxe.code(true, false), false, true));
    assert_eq!(golden!("sim-16-reference-raw-efi-2").good(&option.set()), b"");
}

#[test]
fn boot_flags_are_read_back() {
    let read = |session: Session| {
        let data = session.good(&BootOption::get(5)).to_vec();
        let option = BootOption::parse_answer(&data).unwrap();
        assert_eq!(option.emit_answer(), data);
        let BootOption::Flags(flags) = option else { panic!("{option:?}") };
        (flags.device(), flags.is_valid(), flags.is_persistent(), flags.is_efi())
    };
    assert_eq!(read(golden!("sim-14-bootparam-get-5")), (Some(Device::Pxe), false, false, false));
    assert_eq!(read(golden!("std-04-suite17-bootparam")), (Some(Device::Pxe), true, true, true));
    assert!(read(golden!("vbmc-09-bootparam")).1);
}

#[test]
fn what_the_controller_says_of_itself() {
    for session in [golden!("sim-17-mc-info"), golden!("vbmc-11-mc-info")] {
        let data = session.good(&DeviceId::ask());
        let device = DeviceId::parse(data).unwrap();
        assert!(
            data.starts_with(&device.emit()),
            "virtualbmc adds three bytes, too few for the auxiliary revision"
        );
        let field = |name: &str| {
            let line = session.stdout.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once(':').unwrap().1.trim().to_owned()
        };
        assert_eq!(field("Firmware Revision"), device.firmware.to_string());
        assert_eq!(field("IPMI Version"), device.version());
        assert_eq!(field("Manufacturer ID"), device.manufacturer.to_string());
        assert_eq!(field("Manufacturer Name"), device.manufacturer_name().unwrap());
    }
    let session = golden!("sim-18-mc-guid");
    let guid = Guid::parse(session.good(&Guid::ask())).unwrap();
    assert!(session.stdout.contains(&guid.ipmi().to_string()));
}

#[test]
fn chassis_commands_are_as_recorded() {
    let session = golden!("sim-02-chassis-status");
    let data = session.good(&chassis::Status::ask());
    let status = chassis::Status::parse(data).unwrap();
    assert_eq!(status.emit(), data);
    let word = if status.is_on() { "System Power         : on" } else { "System Power         : off" };
    assert!(session.stdout.contains(word), "{}", session.stdout);
    assert_eq!(golden!("sim-25-identify").answer(&chassis::Identify::Seconds(15).ask()).code, 0);
    assert_eq!(golden!("sim-26-identify-force").answer(&chassis::Identify::Indefinite.ask()).code, 0);
}

#[test]
fn power_is_read_where_dcmi_is_spoken() {
    assert_eq!(golden!("sim-27-dcmi-power").answer(&PowerReading::ask()).code, 0xc1);
    let session = golden!("std-06-suite17-dcmi-power");
    let data = session.good(&PowerReading::ask());
    let reading = PowerReading::parse(data).unwrap();
    assert_eq!((reading.emit().as_slice(), reading.current, reading.is_measuring), (data, 132, true));
}
