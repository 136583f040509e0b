//! The areas of an inventory: chassis, board, product. Wrong checksums and cut areas are noted, not refused, since
//! BMCs with them are in use; the internal and the multi-record area are not read.

use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::data::text;
use crate::wire::ipmi::fault::WireError;

/// An inventory, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// Chassis.
    pub chassis: Option<Chassis>,
    /// Board.
    pub board: Option<Board>,
    /// Product.
    pub product: Option<Product>,
    /// What was wrong with it.
    pub notes: Vec<Note>,
}

/// Something wrong that did not stop us from reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The header's checksum is wrong.
    HeaderChecksum,
    /// An area's checksum is wrong.
    Checksum(Area),
    /// An area ends before its length.
    Cut(Area),
    /// An area could not be read at all.
    Unreadable(Area),
}

/// An area that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Chassis.
    Chassis,
    /// Board.
    Board,
    /// Product.
    Product,
}

/// Chassis area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chassis {
    /// SMBIOS chassis type.
    pub kind: u8,
    /// Part number.
    pub part: String,
    /// Serial number.
    pub serial: String,
    /// The maker's own fields.
    pub custom: Vec<String>,
}

/// Board area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    /// Language code; 0 and 25 are English.
    pub language: u8,
    /// When it was made, in minutes since 1996-01-01; 0 is not said.
    pub made: u32,
    /// Maker.
    pub maker: String,
    /// Product name.
    pub product: String,
    /// Serial number.
    pub serial: String,
    /// Part number.
    pub part: String,
    /// FRU file id.
    pub file: String,
    /// The maker's own fields.
    pub custom: Vec<String>,
}

impl Board {
    /// When it was made, in seconds since 1970; a time within the first week of 1996 means that nobody set it.
    pub fn made_at(&self) -> Option<u64> {
        (self.made >= FIRST_WEEK).then(|| EPOCH_1996 + u64::from(self.made) * 60)
    }
}

/// Product area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// Language code.
    pub language: u8,
    /// Maker.
    pub maker: String,
    /// Product name.
    pub name: String,
    /// Part or model number.
    pub part: String,
    /// Version.
    pub version: String,
    /// Serial number.
    pub serial: String,
    /// Asset tag.
    pub asset: String,
    /// FRU file id.
    pub file: String,
    /// The maker's own fields.
    pub custom: Vec<String>,
}

/// Where areas begin, in bytes; 0 is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Chassis.
    pub chassis: u16,
    /// Board.
    pub board: u16,
    /// Product.
    pub product: u16,
    /// Multi-record area.
    pub multi: u16,
    /// Whether the checksum holds.
    pub is_sound: bool,
}

impl Header {
    /// Eight bytes.
    ///
    /// # Errors
    /// [`WireError`] when it is short or of another format.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("FRU header", data);
        let [version, _, chassis, board, product, multi, _, _] = bytes.array::<8>(0)?;
        if version & 0x0f != FORMAT {
            return Err(WireError::Marker { what: "FRU header", got: version, want: FORMAT });
        }
        let [chassis, board, product, multi] = [chassis, board, product, multi].map(|at| u16::from(at) * 8);
        Ok(Self { chassis, board, product, multi, is_sound: sums_to_zero(data.get(..8).unwrap_or_default()) })
    }

    /// The areas that are there, and where.
    pub fn areas(self) -> impl Iterator<Item = (Area, u16)> {
        let all = [(Area::Chassis, self.chassis), (Area::Board, self.board), (Area::Product, self.product)];
        all.into_iter().filter(|(_, at)| *at != 0)
    }
}

impl Inventory {
    /// Reads a whole inventory from its header on.
    ///
    /// # Errors
    /// [`WireError`] when the header cannot be read.
    pub fn parse(image: &[u8]) -> Result<Self, WireError> {
        let header = Header::parse(image)?;
        let mut inventory = Self::default();
        if !header.is_sound {
            inventory.notes.push(Note::HeaderChecksum);
        }
        for (area, at) in header.areas() {
            let bytes = image.get(usize::from(at)..).unwrap_or_default();
            inventory.read(area, bytes);
        }
        Ok(inventory)
    }

    /// Reads one area from its first byte on; what follows it does not matter.
    pub fn read(&mut self, area: Area, bytes: &[u8]) {
        let Some(length) = area_length(bytes).filter(|length| *length > 0) else {
            self.notes.push(Note::Unreadable(area));
            return;
        };
        let whole = bytes.get(..length).unwrap_or(bytes);
        if whole.len() < length {
            self.notes.push(Note::Cut(area));
        } else if !sums_to_zero(whole) {
            self.notes.push(Note::Checksum(area));
        }
        match area {
            Area::Chassis => self.chassis = Some(Chassis::read(whole)),
            Area::Board => self.board = Some(Board::read(whole)),
            Area::Product => self.product = Some(Product::read(whole)),
        }
    }

    /// The inventory's bytes: areas in order, each a multiple of eight bytes, texts as Latin-1.
    pub fn emit(&self) -> Vec<u8> {
        let areas = [
            self.chassis.as_ref().map(Chassis::emit),
            self.board.as_ref().map(Board::emit),
            self.product.as_ref().map(Product::emit),
        ];
        let mut header = vec![FORMAT, 0];
        let mut body = Vec::new();
        for area in areas {
            let at = u8::try_from((body.len() + 8) / 8).unwrap_or(0);
            header.push(if area.is_some() { at } else { 0 });
            body.extend(area.into_iter().flatten());
        }
        header.extend([0, 0]);
        header.push(checksum(&header));
        header.extend(body);
        header
    }
}

impl Chassis {
    fn read(bytes: &[u8]) -> Self {
        let mut fields = Fields::new(bytes, 3);
        Self {
            kind: bytes.get(2).copied().unwrap_or(0),
            part: fields.take(),
            serial: fields.take(),
            custom: fields.rest(),
        }
    }

    fn emit(&self) -> Vec<u8> {
        let fields = [&self.part, &self.serial];
        area_bytes(&[self.kind], fields.into_iter().chain(&self.custom))
    }
}

impl Board {
    fn read(bytes: &[u8]) -> Self {
        let mut fields = Fields::new(bytes, 6);
        Self {
            language: bytes.get(2).copied().unwrap_or(0),
            made: Bytes::new("board area", bytes).triple(3).unwrap_or(0),
            maker: fields.take(),
            product: fields.take(),
            serial: fields.take(),
            part: fields.take(),
            file: fields.take(),
            custom: fields.rest(),
        }
    }

    fn emit(&self) -> Vec<u8> {
        let [low, middle, high, _] = self.made.to_le_bytes();
        let fields = [&self.maker, &self.product, &self.serial, &self.part, &self.file];
        area_bytes(&[self.language, low, middle, high], fields.into_iter().chain(&self.custom))
    }
}

impl Product {
    fn read(bytes: &[u8]) -> Self {
        let mut fields = Fields::new(bytes, 3);
        Self {
            language: bytes.get(2).copied().unwrap_or(0),
            maker: fields.take(),
            name: fields.take(),
            part: fields.take(),
            version: fields.take(),
            serial: fields.take(),
            asset: fields.take(),
            file: fields.take(),
            custom: fields.rest(),
        }
    }

    fn emit(&self) -> Vec<u8> {
        let fields =
            [&self.maker, &self.name, &self.part, &self.version, &self.serial, &self.asset, &self.file];
        area_bytes(&[self.language], fields.into_iter().chain(&self.custom))
    }
}

/// Fields one after the other, up to the end mark or the end of the bytes.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn new(area: &'a [u8], at: usize) -> Self {
        Self { rest: area.get(at..).unwrap_or_default() }
    }

    fn next(&mut self) -> Option<String> {
        let (&kind, rest) = self.rest.split_first().filter(|(kind, _)| **kind != END)?;
        let length = usize::from(kind & 0x3f).min(rest.len());
        let (text, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text::field(kind, text).trim().to_owned())
    }

    fn take(&mut self) -> String {
        self.next().unwrap_or_default()
    }

    /// The maker's own fields; the byte left for the checksum may look like one more, so empty ones are dropped.
    fn rest(&mut self) -> Vec<String> {
        let fields = std::iter::from_fn(|| self.next()).take(MOST_CUSTOM);
        fields.filter(|field| !field.is_empty()).collect()
    }
}

/// An area's length in bytes, as its second byte says.
pub fn area_length(bytes: &[u8]) -> Option<usize> {
    let [version, length, ..] = bytes else { return None };
    (version & 0x0f == FORMAT).then_some(usize::from(*length) * 8)
}

fn area_bytes<'a>(fixed: &[u8], fields: impl Iterator<Item = &'a String>) -> Vec<u8> {
    let mut out = vec![FORMAT, 0];
    out.extend(fixed);
    for field in fields {
        match text::emit_latin1(field).as_slice() {
            [END, only] => out.extend([0xc2, *only, b' ']),
            bytes => out.extend(bytes),
        }
    }
    out.push(END);
    out.resize((out.len() + 1).next_multiple_of(8) - 1, 0);
    let eighths = u8::try_from((out.len() + 1) / 8).unwrap_or(u8::MAX);
    if let Some(length) = out.get_mut(1) {
        *length = eighths;
    }
    out.push(checksum(&out));
    out
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}

fn sums_to_zero(bytes: &[u8]) -> bool {
    checksum(bytes) == 0
}

const FORMAT: u8 = 0x01;
/// End of fields; so a text of one Latin-1 character is written as two.
const END: u8 = 0xc1;
/// More fields than an area of 2040 bytes needs.
const MOST_CUSTOM: usize = 64;
/// 1996-01-01 in seconds since 1970.
const EPOCH_1996: u64 = 820_454_400;
/// Minutes of a week: a board made so early has a date that nobody set.
const FIRST_WEEK: u32 = 7 * 24 * 60;

#[cfg(test)]
mod tests;
