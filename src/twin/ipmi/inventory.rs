//! The inventories: the server's own and two power supplies'.

use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::settings::Settings;
use crate::wire::ipmi::data::fru::area::{Board, Chassis, Inventory, Product};

/// The image of this FRU id.
pub fn image(id: u8, serial: &str, settings: &Settings) -> Option<Vec<u8>> {
    match id {
        0 => Some(server(serial, settings).emit()),
        1 | 2 => Some(supply(serial, id).emit()),
        _ => None,
    }
}

fn server(serial: &str, settings: &Settings) -> Inventory {
    let noise = settings.has(Quirk::FruNoise);
    let (maker, model) = &settings.product;
    let part = if noise { "\u{01}\u{02}TW-1\u{ff}\u{ff}" } else { "TW-1" };
    let serial = if noise { format!("{serial}\0\0") } else { serial.to_owned() };
    let chassis =
        Chassis { kind: RACK_MOUNT, part: part.to_owned(), serial: serial.clone(), custom: Vec::new() };
    let board = Board {
        language: 0,
        made: if noise { 7 } else { MADE },
        maker: maker.clone(),
        product: format!("{model} Board"),
        serial: format!("B-{serial}"),
        part: part.to_owned(),
        file: String::new(),
        custom: vec!["revision A".to_owned()],
    };
    let product = Product {
        language: 0,
        maker: maker.clone(),
        name: model.clone(),
        part: part.to_owned(),
        version: "1.0".to_owned(),
        serial,
        asset: "none".to_owned(),
        file: String::new(),
        custom: Vec::new(),
    };
    Inventory { chassis: Some(chassis), board: Some(board), product: Some(product), notes: Vec::new() }
}

fn supply(serial: &str, number: u8) -> Inventory {
    let product = Product {
        language: 0,
        maker: "Ferric".to_owned(),
        name: "Power Supply 800 W".to_owned(),
        part: "TW-PS800".to_owned(),
        version: "A".to_owned(),
        serial: format!("PS{number}-{serial}"),
        asset: String::new(),
        file: String::new(),
        custom: Vec::new(),
    };
    Inventory { product: Some(product), ..Inventory::default() }
}

/// SMBIOS: rack mount chassis.
const RACK_MOUNT: u8 = 0x17;
/// 2026-01-01, in minutes since 1996-01-01.
const MADE: u32 = 10_958 * 24 * 60;
