//! Storage commands: sensor data records, event log, inventories (IPMI 2.0 31, 33, 34).

use crate::twin::ipmi::catalog::EVENT_LOG;
use crate::twin::ipmi::inventory::image;
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::station::{Answer, Asked, Station};
use crate::twin::ipmi::turn::Now;
use crate::wire::ipmi::data::fru;
use crate::wire::ipmi::data::sdr::{END, Piece, RepositoryInfo};
use crate::wire::ipmi::data::sel::{self, Clear, EntryAsk, LogInfo};
use crate::wire::ipmi::status::Completion;

pub fn answer(station: &mut Station, asked: &Asked<'_>) -> Answer {
    let (data, now) = (asked.request.data, asked.now);
    match asked.request.command {
        fru::INFO => inventory_info(station, data),
        fru::READ => inventory_piece(station, data),
        SDR_INFO => Ok(repository(station).emit()),
        SDR_RESERVE => Ok(reserve(&mut station.reservations.0)),
        SDR_GET => record(station, data),
        SDR_TIME | sel::TIME => Ok(now.wall.to_le_bytes().to_vec()),
        sel::INFO => Ok(log_info(station).emit()),
        sel::RESERVE => Ok(reserve(&mut station.reservations.1)),
        sel::ENTRY => entry(station, data),
        SEL_DELETE => delete(station, data, now),
        sel::CLEAR => clear(station, data, now),
        SET_SEL_TIME => Ok(Vec::new()),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

fn repository(station: &Station) -> RepositoryInfo {
    let count = u16::try_from(station.records.len()).unwrap_or(u16::MAX);
    let extra = if station.settings.has(Quirk::RecordCount) { 3 } else { 0 };
    let flags = RESERVE_SUPPORTED;
    RepositoryInfo {
        version: 0x51,
        count: count.saturating_add(extra),
        free: 0,
        changed: (MADE, MADE),
        flags,
    }
}

fn reserve(last: &mut u16) -> Vec<u8> {
    *last = last.wrapping_add(1).max(1);
    last.to_le_bytes().to_vec()
}

fn record(station: &Station, data: &[u8]) -> Answer {
    let piece = Piece::parse(data).map_err(|_| Completion::LENGTH)?;
    let settings = &station.settings;
    let partial = piece.offset != 0 || piece.reservation != 0;
    if partial && (piece.reservation != station.reservations.0 || settings.has(Quirk::NoReservation)) {
        return Err(Completion::RESERVATION);
    }
    let last = station.records.len();
    let place = match piece.record {
        0 => 0,
        END => last.saturating_sub(1),
        id => usize::from(id) - 1,
    };
    let mut record = station.records.get(place).ok_or(Completion::NOT_PRESENT)?.clone();
    if settings.has(Quirk::RecordLength) {
        alter(&mut record, 4, |length| length.wrapping_add(5));
    }
    if settings.has(Quirk::RecordId) {
        alter(&mut record, 0, |id| id ^ 0x55);
    }
    if usize::from(piece.offset) > record.len() {
        return Err(OUT_OF_RANGE);
    }
    let after = u16::try_from(place + 2).unwrap_or(END);
    let looped = if settings.has(Quirk::RecordsLoop) { 1 } else { END };
    let next = if place + 1 < last { after } else { looped };
    let mut out = next.to_le_bytes().to_vec();
    out.extend(piece.of(&record));
    if out.len() > LONGEST { Err(TOO_MUCH) } else { Ok(out) }
}

fn alter(record: &mut [u8], place: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(byte) = record.get_mut(place) {
        *byte = change(*byte);
    }
}

fn log_info(station: &Station) -> LogInfo {
    let log = &station.log;
    let flags = DELETE_SUPPORTED | RESERVE_SUPPORTED | if log.overflowed { 0x80 } else { 0 };
    LogInfo { version: 0x51, count: log.count(), free: log.free(), changed: (log.added, log.erased), flags }
}

fn entry(station: &Station, data: &[u8]) -> Answer {
    let asked = EntryAsk::parse(data).map_err(|_| Completion::LENGTH)?;
    let [_, _, _, _, offset, count, ..] = data else { return Err(Completion::LENGTH) };
    let (next, entry) = station.log.entry(asked.entry).ok_or(Completion::NOT_PRESENT)?;
    let bytes = entry.emit();
    let piece = Piece { reservation: 0, record: 0, offset: *offset, count: *count };
    let mut out = next.to_le_bytes().to_vec();
    out.extend(piece.of(&bytes));
    Ok(out)
}

fn delete(station: &mut Station, data: &[u8], now: Now) -> Answer {
    let asked = EntryAsk::parse(data).map_err(|_| Completion::LENGTH)?;
    if asked.reservation != 0 && asked.reservation != station.reservations.1 {
        return Err(Completion::RESERVATION);
    }
    if station.log.remove(asked.entry, now.wall) {
        Ok(asked.entry.to_le_bytes().to_vec())
    } else {
        Err(Completion::NOT_PRESENT)
    }
}

fn clear(station: &mut Station, data: &[u8], now: Now) -> Answer {
    let asked = Clear::parse(data).map_err(|_| Completion::INVALID_FIELD)?;
    if asked.reservation != station.reservations.1 {
        return Err(Completion::RESERVATION);
    }
    if asked.begin {
        station.log.clear(EVENT_LOG, now.wall);
    }
    Ok(vec![DONE])
}

fn inventory_info(station: &Station, data: &[u8]) -> Answer {
    let [id, ..] = data else { return Err(Completion::LENGTH) };
    let image = image(*id, &station.serial, &station.settings).ok_or(Completion::NOT_PRESENT)?;
    let size = u16::try_from(image.len()).unwrap_or(u16::MAX);
    Ok(fru::InventoryInfo { size, by_words: false }.emit())
}

fn inventory_piece(station: &Station, data: &[u8]) -> Answer {
    let piece = fru::Piece::parse(data).map_err(|_| Completion::LENGTH)?;
    let image = image(piece.fru, &station.serial, &station.settings).ok_or(Completion::NOT_PRESENT)?;
    let rest = image.get(usize::from(piece.offset)..).ok_or(OUT_OF_RANGE)?;
    if usize::from(piece.count) > LONGEST {
        return Err(TOO_MUCH);
    }
    let bytes = rest.get(..usize::from(piece.count)).unwrap_or(rest);
    let mut out = vec![u8::try_from(bytes.len()).unwrap_or(0)];
    out.extend(bytes);
    Ok(out)
}

const SDR_INFO: u8 = 0x20;
const SDR_RESERVE: u8 = 0x22;
const SDR_GET: u8 = 0x23;
const SDR_TIME: u8 = 0x28;
const SEL_DELETE: u8 = 0x46;
const SET_SEL_TIME: u8 = 0x49;
const RESERVE_SUPPORTED: u8 = 0x02;
const DELETE_SUPPORTED: u8 = 0x08;
const DONE: u8 = 1;
/// When the records were made: 2026-01-01; they never change.
const MADE: u32 = 1_767_225_600;
/// Bytes of data in one answer.
const LONGEST: usize = 96;
const TOO_MUCH: Completion = Completion(0xca);
const OUT_OF_RANGE: Completion = Completion(0xc9);
