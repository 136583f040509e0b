//! The inventory that the simulated BMC holds of its machine (IPMI Platform Management FRU 1.0): the serial number, by
//! which discovery knows that BMC and machine belong together.

/// The line of the simulator's emulation file.
pub fn line(serial: &str) -> String {
    let data = [closed(vec![1, 0, 0, 0, 1, 0, 0]), closed(product(serial))].concat();
    let words: Vec<String> = data.iter().map(|byte| format!("{byte:#04x}")).collect();
    format!("mc_add_fru_data 0x20 0 {} data {}\n", data.len(), words.join(" "))
}

/// The product area but for its checksum: maker, name, part, version, serial number, asset tag, file.
fn product(serial: &str) -> Vec<u8> {
    let mut area = vec![1, 0, 0x19];
    for text in ["Ferric", "Reference", "", "", serial, "", ""] {
        area.push(0xc0 | u8::try_from(text.len()).unwrap());
        area.extend(text.as_bytes());
    }
    area.push(0xc1);
    area.resize((area.len() + 1).next_multiple_of(8) - 1, 0);
    area[1] = u8::try_from(area.len().div_ceil(8)).unwrap();
    area
}

/// With the byte that makes the sum zero.
fn closed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(sum.wrapping_neg());
    bytes
}
