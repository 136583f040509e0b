//! Reads the Joliet tree of an ISO 9660 image, as an operating system does.

use std::collections::BTreeMap;

/// Every file by its path.
pub fn files(image: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let descriptor = (16..32).map(|sector| &image[sector * SECTOR..(sector + 1) * SECTOR]);
    let joliet = descriptor
        .take_while(|one| one[0] != 255)
        .find(|one| one[0] == 2 && &one[1..6] == b"CD001")
        .expect("no Joliet volume");
    let mut found = BTreeMap::new();
    walk(image, &joliet[156..190], "", &mut found);
    found
}

/// The volume's label, as `blkid` shows it.
pub fn label(image: &[u8]) -> String {
    let primary = &image[16 * SECTOR..17 * SECTOR];
    String::from_utf8_lossy(&primary[40..72]).trim_end().to_owned()
}

fn walk(image: &[u8], folder: &[u8], path: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    let content = content(image, folder);
    let mut at = 0;
    while at < content.len() {
        let length = usize::from(content[at]);
        if length == 0 {
            at = (at / SECTOR + 1) * SECTOR;
            continue;
        }
        let record = &content[at..at + length];
        at += length;
        let name = &record[33..33 + usize::from(record[32])];
        if name.len() == 1 {
            continue; // itself and its parent
        }
        let letters: Vec<u16> = name.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        let name = format!("{path}{}", String::from_utf16(&letters).unwrap().trim_end_matches(";1"));
        if record[25] & 2 != 0 {
            walk(image, record, &format!("{name}/"), found);
        } else {
            found.insert(name, self::content(image, record).to_vec());
        }
    }
}

fn content<'a>(image: &'a [u8], record: &[u8]) -> &'a [u8] {
    let number = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap()) as usize;
    &image[number(2) * SECTOR..number(2) * SECTOR + number(10)]
}

const SECTOR: usize = 2048;
