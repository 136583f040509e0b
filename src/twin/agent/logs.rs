//! The agent's logs: one small text in a tar archive, gzipped, in base64.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::twin::machine::Machine;

/// What `collect_system_logs` gives. `Err` tells why there is nothing.
pub(super) fn collected(machine: &Machine) -> Result<String, String> {
    let progress = machine.server.progress();
    let mut text = format!("server {} boot {}\n", machine.settings().name, progress.boots);
    for command in &progress.commands {
        text.push_str(command);
        text.push('\n');
    }
    packed("journal", text.as_bytes()).map_err(|error| error.to_string())
}

fn packed(name: &str, content: &[u8]) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&archive(name, content))?;
    Ok(STANDARD.encode(gzip.finish()?))
}

/// One file as a tar archive (POSIX.1-1988 ustar).
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = header(name, content.len(), CHECKSUM_BLANK);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header = self::header(name, content.len(), &format!("{sum:06o}\0 "));
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    header
}

/// The header block with these eight characters as its checksum.
fn header(name: &str, size: usize, checksum: &str) -> Vec<u8> {
    let mut block = Vec::with_capacity(BLOCK);
    let mut field = |text: &str, width: usize| {
        block.extend(text.bytes().chain(std::iter::repeat(0)).take(width));
    };
    field(name, 100);
    field("0000644", 8);
    field("0000000", 8);
    field("0000000", 8);
    field(&format!("{size:011o}"), 12);
    field("00000000000", 12);
    field(checksum, 8);
    field("0", 1);
    field("", 100);
    field("ustar", 6);
    field("00", 2);
    field("", BLOCK - 265);
    block
}

/// The checksum is taken with its own field full of spaces.
const CHECKSUM_BLANK: &str = "        ";

const BLOCK: usize = 512;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_archive_holds_its_file() {
        let bytes = archive("journal", b"hello");
        assert_eq!(bytes.len(), 4 * BLOCK);
        assert_eq!(&bytes[..8], b"journal\0");
        assert_eq!(&bytes[257..263], b"ustar\0");
        assert_eq!(&bytes[BLOCK..BLOCK + 5], b"hello");
        let sum: u32 = bytes[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
        let kept: u32 = bytes[148..156].iter().map(|byte| u32::from(*byte)).sum();
        let told = u32::from_str_radix(std::str::from_utf8(&bytes[148..154]).unwrap(), 8).unwrap();
        assert_eq!(told, sum - kept + 8 * 32);
    }

    #[test]
    fn it_is_base64_of_gzip() {
        let packed = STANDARD.decode(packed("a", b"b").unwrap()).unwrap();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, archive("a", b"b"));
    }
}
