//! Reads the files of an ISO 9660 image (ECMA-119): those of a config drive, which may come from anybody.
//!
//! Names are the Joliet ones where there are any, as genisoimage and our own writer make them, else the primary ones in
//! lower case. Nothing is followed beyond the image, and what is read is bounded.

/// Why an image cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("it is no ISO 9660 image")]
    Foreign,
    #[error("the ISO 9660 image is damaged")]
    Damaged,
    #[error("it holds more than {MOST_FILES} files, or more than {MOST_BYTES} bytes in them")]
    Large,
}

/// Path (with `/`) and content of each file.
pub fn files(image: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    let volume = volume(image)?;
    let mut found = Found { image, is_joliet: volume.is_joliet, files: Vec::new(), bytes: 0, folders: 0 };
    found.folder(volume.root, "", 0)?;
    Ok(found.files)
}

/// Where something is: first block, and bytes.
#[derive(Debug, Clone, Copy)]
struct Extent {
    block: u32,
    size: u32,
}

struct Volume {
    root: Extent,
    is_joliet: bool,
}

/// The Joliet descriptor if there is one, else the primary one.
fn volume(image: &[u8]) -> Result<Volume, ReadError> {
    let mut primary = None;
    for number in 16..16 + MOST_DESCRIPTORS {
        let Some(block) = block(image, number) else { break };
        let [kind, b'C', b'D', b'0', b'0', b'1', ..] = block else { break };
        let root = || block.get(156..190).and_then(record).map(|record| record.extent);
        let is_joliet = matches!(block.get(88..91), Some(b"%/@" | b"%/C" | b"%/E"));
        match (*kind, is_joliet) {
            (1, _) if primary.is_none() => primary = root(),
            (2, true) => {
                return Ok(Volume { root: root().ok_or(ReadError::Damaged)?, is_joliet: true });
            }
            (255, _) => break,
            _ => {}
        }
    }
    primary.map(|root| Volume { root, is_joliet: false }).ok_or(ReadError::Foreign)
}

/// What was found so far.
struct Found<'a> {
    image: &'a [u8],
    is_joliet: bool,
    files: Vec<(String, Vec<u8>)>,
    bytes: usize,
    folders: usize,
}

impl Found<'_> {
    fn folder(&mut self, at: Extent, path: &str, depth: usize) -> Result<(), ReadError> {
        self.folders += 1;
        if depth > DEEPEST || self.folders > MOST_FILES {
            return Err(ReadError::Large);
        }
        let image = self.image;
        for block in content(image, at)?.chunks(BLOCK) {
            let mut rest = block;
            while let Some(length) =
                rest.first().map(|length| usize::from(*length)).filter(|length| *length > 0)
            {
                let (bytes, after) = rest.split_at_checked(length).ok_or(ReadError::Damaged)?;
                rest = after;
                let record = record(bytes).ok_or(ReadError::Damaged)?;
                // The folder itself and the one above it.
                if matches!(record.name, [0 | 1]) {
                    continue;
                }
                let name = self.name(record.name);
                let path = if path.is_empty() { name } else { format!("{path}/{name}") };
                if record.is_folder {
                    self.folder(record.extent, &path, depth + 1)?;
                } else {
                    self.file(record.extent, path)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, at: Extent, path: String) -> Result<(), ReadError> {
        let bytes = content(self.image, at)?;
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.files.len() >= MOST_FILES || self.bytes > MOST_BYTES {
            return Err(ReadError::Large);
        }
        self.files.push((path, bytes.to_vec()));
        Ok(())
    }

    /// Without the version number.
    fn name(&self, bytes: &[u8]) -> String {
        let name = if self.is_joliet {
            let units = bytes.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        } else {
            String::from_utf8_lossy(bytes).to_ascii_lowercase()
        };
        let bare = name.rsplit_once(';').map_or(name.as_str(), |(bare, _)| bare);
        bare.trim_end_matches('.').to_owned()
    }
}

/// A directory record.
struct Record<'a> {
    extent: Extent,
    is_folder: bool,
    name: &'a [u8],
}

fn record(bytes: &[u8]) -> Option<Record<'_>> {
    let little = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let (flags, length) = (*bytes.get(25)?, usize::from(*bytes.get(32)?));
    let name = bytes.get(33..)?.get(..length)?;
    let extent = Extent { block: little(2)?, size: little(10)? };
    Some(Record { extent, is_folder: flags & 2 != 0, name })
}

fn content(image: &[u8], at: Extent) -> Result<&[u8], ReadError> {
    let damaged = |_| ReadError::Damaged;
    let start = usize::try_from(at.block).map_err(damaged)?.checked_mul(BLOCK).ok_or(ReadError::Damaged)?;
    let size = usize::try_from(at.size).map_err(damaged)?;
    image.get(start..).and_then(|rest| rest.get(..size)).ok_or(ReadError::Damaged)
}

fn block(image: &[u8], number: usize) -> Option<&[u8]> {
    image.get(number.checked_mul(BLOCK)?..)?.get(..BLOCK)
}

const BLOCK: usize = 2048;
/// Descriptors before the one that ends them.
const MOST_DESCRIPTORS: usize = 16;
/// Folders in folders, as the standard has it.
const DEEPEST: usize = 8;
const MOST_FILES: usize = 256;
const MOST_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::moment::Moment;
    use crate::depot::iso9660::write;

    fn image() -> Vec<u8> {
        let files: [(&str, &[u8]); 3] = [
            ("openstack/latest/meta_data.json", b"{}"),
            ("openstack/latest/user_data", b"#cloud-config\n"),
            ("openstack/2012-08-10/meta_data.json", b"{}"),
        ];
        write("config-2", &files, Moment(0)).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let mut found = files(&image()).unwrap();
        found.sort();
        let wanted: [(&str, &[u8]); 3] = [
            ("openstack/2012-08-10/meta_data.json", b"{}"),
            ("openstack/latest/meta_data.json", b"{}"),
            ("openstack/latest/user_data", b"#cloud-config\n"),
        ];
        assert_eq!(found, wanted.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())));
    }

    #[test]
    fn without_joliet_the_primary_names_are_read() {
        let mut image = image();
        let supplementary = (17..32).find(|number| image[number * BLOCK] == 2).unwrap();
        image[supplementary * BLOCK] = 3;
        let paths: Vec<_> = files(&image).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths.len(), 3);
        assert!(paths.iter().all(|path| path.starts_with("openstac")), "{paths:?}");
    }

    #[test]
    fn what_is_no_image_or_leads_out_of_it_is_refused() {
        assert_eq!(files(b""), Err(ReadError::Foreign));
        assert_eq!(files(&vec![0; 64 << 10]), Err(ReadError::Foreign));
        let whole = image();
        assert_eq!(files(&whole[..whole.len() - BLOCK]), Err(ReadError::Damaged));
        let mut round = whole;
        let supplementary = (17..32).find(|number| round[number * BLOCK] == 2).unwrap();
        let root = supplementary * BLOCK + 156;
        let at = u32::from_le_bytes(round[root + 2..root + 6].try_into().unwrap());
        // The first entry after the two of its own leads back to the root.
        let first = usize::try_from(at).unwrap() * BLOCK;
        let own = usize::from(round[first]);
        let entry = first + own + usize::from(round[first + own]);
        round[entry + 2..entry + 6].copy_from_slice(&at.to_le_bytes());
        assert_eq!(files(&round), Err(ReadError::Large));
    }

    proptest! {
        #[test]
        fn no_damage_is_a_panic(at in 0_usize..60_000, byte: u8) {
            let mut image = image();
            if let Some(place) = image.get_mut(at) {
                *place = byte;
            }
            files(&image).ok();
        }
    }
}
