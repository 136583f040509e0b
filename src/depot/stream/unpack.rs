//! What gzip, xz and zstd files hold, from begin to end.
//!
//! All members, streams and frames are read; zeros behind them are padding, other bytes behind them an error, as is a
//! file that ends too early. Checksums inside are checked. Memory: what the file's own dictionary takes, which is
//! refused over [`DICTIONARY`] (xz) and [`WINDOW`] (zstd), and 128 KiB.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::depot::cache::progress::Progress;
use crate::depot::format::Format;
use crate::depot::stream::StreamError;
use crate::depot::stream::spill::fill;
use crate::net::source::Source;

/// A reader of what a packed image holds; of any other, of the image itself.
pub fn reader(source: Arc<dyn Source>, format: Format) -> Box<dyn Read + Send> {
    let packed = BufReader::with_capacity(BUFFER, Sequence { source, place: 0 });
    match format {
        Format::Gzip => Box::new(Gzip::Member(Box::new(GzDecoder::new(packed)))),
        Format::Xz => Box::new(Xz(XzReader::new_mem_limit(packed, true, XZ_MEMORY))),
        Format::Zstd => Box::new(Zstd::Between(packed, Box::new(decoder()))),
        Format::Raw | Format::Mbr | Format::Gpt | Format::Qcow2 | Format::Iso => Box::new(packed),
    }
}

/// Bytes that a packed image holds, if they are `limit` at the most. Reads it to its end.
pub fn measure(
    source: Arc<dyn Source>,
    format: Format,
    limit: u64,
    progress: &Progress,
) -> Result<u64, StreamError> {
    let (mut reader, mut size) = (reader(source, format), 0_u64);
    let mut buffer = vec![0; BUFFER];
    while size <= limit {
        progress.go_on()?;
        let count = fill(&mut *reader, &mut buffer)?;
        size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        progress.reach(size);
        if count < BUFFER {
            break;
        }
    }
    if size > limit { Err(StreamError::TooLarge { limit }) } else { Ok(size) }
}

/// A source from its begin.
struct Sequence {
    source: Arc<dyn Source>,
    place: u64,
}

impl Read for Sequence {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.source.size().saturating_sub(self.place)).unwrap_or(usize::MAX);
        let count = left.min(bytes.len());
        let out = bytes.get_mut(..count).unwrap_or_default();
        if !out.is_empty() {
            self.source.read_exact_at(out, self.place)?;
        }
        self.place = self.place.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

type Packed = BufReader<Sequence>;

/// The members of a gzip file.
enum Gzip {
    Member(Box<GzDecoder<Packed>>),
    Over,
}

impl Read for Gzip {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while let Self::Member(member) = self {
            let count = member.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            let Self::Member(member) = std::mem::replace(self, Self::Over) else { break };
            let mut packed = member.into_inner();
            if packed.fill_buf()?.first() == Some(&GZIP) {
                *self = Self::Member(Box::new(GzDecoder::new(packed)));
            } else {
                padding(&mut packed)?;
            }
        }
        Ok(0)
    }
}

/// The streams of an xz file.
struct Xz(XzReader<Packed>);

impl Read for Xz {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).map_err(|error| {
            if error.kind() != io::ErrorKind::OutOfMemory {
                return error;
            }
            too_much("dictionary", DICTIONARY, "pack it anew with xz -9 or less")
        })
    }
}

/// The frames of a zstd file.
enum Zstd {
    Between(Packed, Box<FrameDecoder>),
    Frame(StreamingDecoder<Mended, Box<FrameDecoder>>, u64),
    Over,
}

/// What follows four bytes that were looked at already.
type Mended = io::Chain<io::Cursor<[u8; 4]>, Packed>;

impl Read for Zstd {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            *self = match std::mem::replace(self, Self::Over) {
                Self::Over => return Ok(0),
                Self::Between(packed, decoder) => Self::next(packed, decoder)?,
                Self::Frame(mut frame, done) => {
                    let count = frame.read(bytes)?;
                    if count > 0 || bytes.is_empty() {
                        let done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                        *self = Self::Frame(frame, done);
                        return Ok(count);
                    }
                    let (rest, decoder) = frame.into_parts();
                    checked(&decoder, done)?;
                    Self::Between(rest.into_inner().1, decoder)
                }
            }
        }
    }
}

impl Zstd {
    /// The next frame, behind all that are to be skipped.
    fn next(mut packed: Packed, mut decoder: Box<FrameDecoder>) -> io::Result<Self> {
        loop {
            match packed.fill_buf()?.first() {
                None => return Ok(Self::Over),
                Some(0) => return padding(&mut packed).map(|()| Self::Over),
                Some(_) => {}
            }
            let mut magic = [0; 4];
            packed.read_exact(&mut magic)?;
            if matches!(magic, [0x50..=0x5F, 0x2A, 0x4D, 0x18]) {
                let mut length = [0; 4];
                packed.read_exact(&mut length)?;
                let length = u64::from(u32::from_le_bytes(length));
                if io::copy(&mut Read::by_ref(&mut packed).take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            let rest = io::Cursor::new(magic).chain(packed);
            decoder.set_max_window_size(WINDOW);
            return StreamingDecoder::new_with_decoder(rest, decoder)
                .map(|frame| Self::Frame(frame, 0))
                .map_err(|error| refused(&error));
        }
    }
}

fn decoder() -> FrameDecoder {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    decoder
}

/// Whether a frame held what it said.
fn checked(decoder: &FrameDecoder, done: u64) -> io::Result<()> {
    let said = decoder.content_size();
    let is_short = said != 0 && said != done;
    let (wanted, found) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
    if is_short || wanted.is_some_and(|wanted| found != Some(wanted)) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its zstd data is damaged: a checksum is wrong",
        ));
    }
    Ok(())
}

fn refused(error: &FrameDecoderError) -> io::Error {
    if matches!(error, FrameDecoderError::WindowSizeTooBig { .. }) {
        return too_much("window", WINDOW, "pack it anew with zstd -19 or less, and without --long");
    }
    if let FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)) = error {
        return garbage();
    }
    io::Error::new(io::ErrorKind::InvalidData, format!("its zstd data is damaged: {error}"))
}

/// Only zeros may follow.
fn padding(packed: &mut Packed) -> io::Result<()> {
    loop {
        let rest = packed.fill_buf()?;
        if rest.is_empty() {
            return Ok(());
        }
        if rest.iter().any(|byte| *byte != 0) {
            return Err(garbage());
        }
        let count = rest.len();
        packed.consume(count);
    }
}

fn garbage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "there is something else behind its packed data")
}

fn too_much(what: &str, most: u64, remedy: &str) -> io::Error {
    let most = most >> 20;
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("its {what} takes more than {most} MiB of memory: {remedy}"),
    )
}

/// The largest dictionary of xz: that of `xz -9`.
pub const DICTIONARY: u64 = 64 << 20;
/// The largest window of zstd: that of `zstd --ultra -20`.
pub const WINDOW: u64 = 32 << 20;
/// KiB that the xz decoder may take in all; `xz -9` says 65 MiB of itself.
const XZ_MEMORY: u32 = 65 << 10;
/// How a member of a gzip file begins.
const GZIP: u8 = 0x1F;
/// Bytes read at once.
const BUFFER: usize = 128 << 10;
