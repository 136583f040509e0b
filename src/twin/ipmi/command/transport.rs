//! LAN and SOL parameters (IPMI 2.0 23, 26).

use std::net::Ipv4Addr;

use crate::base::mac::Mac;
use crate::twin::ipmi::station::{Answer, Asked, Station};
use crate::wire::ipmi::data::lanparam::{COMMAND, Setting, Source};
use crate::wire::ipmi::status::Completion;
use crate::wire::ipmi::suite::Suite;

pub fn answer(station: &Station, asked: &Asked<'_>) -> Answer {
    let [channel, parameter, ..] = asked.request.data else { return Err(Completion::LENGTH) };
    match asked.request.command {
        COMMAND if !matches!(channel & 0x0f, 1 | 0x0e) => Err(Completion::INVALID_FIELD),
        COMMAND if channel & REVISION_ONLY != 0 => Ok(vec![REVISION]),
        COMMAND => lan(station, *parameter),
        SOL_GET => sol(station, *parameter),
        SOL_SET => Ok(Vec::new()),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

fn lan(station: &Station, parameter: u8) -> Answer {
    let [.., d, e, f] = station.guid;
    let mac = Mac([0x02, 0x54, 0x57, d, e, f]);
    let typed = match parameter {
        3 => Setting::Address(Ipv4Addr::LOCALHOST),
        4 => Setting::Source(Source::Static),
        5 => Setting::Mac(mac),
        6 => Setting::Mask(Ipv4Addr::new(255, 0, 0, 0)),
        12 => Setting::Gateway(Ipv4Addr::UNSPECIFIED),
        20 => Setting::Vlan(None),
        _ => return plain(station, parameter),
    };
    Ok(typed.emit())
}

fn plain(station: &Station, parameter: u8) -> Answer {
    let mut suites: Vec<u8> = station.settings.suites.clone();
    suites.retain(|id| Suite::find(*id).is_some());
    suites.sort_unstable();
    suites.truncate(16);
    let mut out = vec![REVISION];
    match parameter {
        0 | 11 | 17 | 21 => out.push(0),
        1 => out.push(0x15),
        2 => out.extend([0x15; 5]),
        7 => out.extend([64, 0x40, 0x10]),
        10 => out.push(0x03),
        13 | 15 => out.extend([0; 6]),
        14 => out.extend([0; 4]),
        16 => out.extend([0; 18]),
        22 => out.push(u8::try_from(suites.len()).unwrap_or(0)),
        23 => {
            suites.resize(16, 0);
            out.push(0);
            out.extend(suites);
        }
        24 => {
            out.push(0);
            out.extend([0x44; 8]);
        }
        _ => return Err(UNSUPPORTED),
    }
    Ok(out)
}

fn sol(station: &Station, parameter: u8) -> Answer {
    let [low, high] = station.port.to_le_bytes();
    let mut out = vec![REVISION];
    match parameter {
        0 => out.push(0),
        1 | 7 => out.push(1),
        2 => out.push(0xc2),
        3 => out.extend([12, 96]),
        4 => out.extend([7, 50]),
        5 | 6 => out.push(0x0a),
        8 => out.extend([low, high]),
        _ => return Err(UNSUPPORTED),
    }
    Ok(out)
}

const SOL_SET: u8 = 0x21;
const SOL_GET: u8 = 0x22;
const REVISION: u8 = 0x11;
const REVISION_ONLY: u8 = 0x80;
const UNSUPPORTED: Completion = Completion(0x80);
