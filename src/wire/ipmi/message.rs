//! IPMI messages: requests, responses and their two checksums (IPMI 2.0 13.8).

use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::status::Completion;

/// A request as it stands in a packet, or in another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who is asked: 20h is the BMC.
    pub responder: u8,
    /// Even; the answer's is one more.
    pub netfn: u8,
    /// The LUN that is asked.
    pub lun: u8,
    /// Who asks: 81h is a remote console.
    pub requester: u8,
    pub requester_lun: u8,
    /// Six bits.
    pub sequence: u8,
    pub command: u8,
    pub data: &'a [u8],
}

impl<'a> Request<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (fields, rest) = Fields::parse("IPMI request", bytes, Checks::Strict)?;
        let [responder, netfn, requester, sequence, command] = fields.bytes;
        Ok(Self {
            responder,
            netfn: netfn >> 2,
            lun: netfn & 3,
            requester,
            requester_lun: sequence & 3,
            sequence: sequence >> 2,
            command,
            data: rest,
        })
    }

    pub fn emit(&self) -> Vec<u8> {
        let second = [self.requester, self.sequence << 2 | self.requester_lun & 3, self.command];
        emit([self.responder, self.netfn << 2 | self.lun & 3], second, None, self.data)
    }

    /// The answer's fields but for code and data.
    pub fn answer(&self, completion: Completion, data: &'a [u8]) -> Response<'a> {
        Response {
            requester: self.requester,
            netfn: self.netfn | 1,
            lun: self.requester_lun,
            responder: self.responder,
            responder_lun: self.lun,
            sequence: self.sequence,
            command: self.command,
            completion,
            data,
        }
    }
}

/// An answer as it stands in a packet, or in another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    pub requester: u8,
    /// Odd: the request's and one more.
    pub netfn: u8,
    /// The requester's LUN.
    pub lun: u8,
    pub responder: u8,
    pub responder_lun: u8,
    pub sequence: u8,
    pub command: u8,
    pub completion: Completion,
    pub data: &'a [u8],
}

/// Whether checksums matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checks {
    Strict,
    /// For packets whose authentication code was verified: some BMCs (Supermicro X9) send wrong checksums.
    Waived,
}

impl<'a> Response<'a> {
    pub fn parse(bytes: &'a [u8], checks: Checks) -> Result<Self, WireError> {
        let (fields, rest) = Fields::parse("IPMI response", bytes, checks)?;
        let [requester, netfn, responder, sequence, command] = fields.bytes;
        let (completion, data) = rest.split_first().ok_or(WireError::Short("IPMI response"))?;
        Ok(Self {
            requester,
            netfn: netfn >> 2,
            lun: netfn & 3,
            responder,
            responder_lun: sequence & 3,
            sequence: sequence >> 2,
            command,
            completion: Completion(*completion),
            data,
        })
    }

    pub fn emit(&self) -> Vec<u8> {
        let second = [self.responder, self.sequence << 2 | self.responder_lun & 3, self.command];
        emit([self.requester, self.netfn << 2 | self.lun & 3], second, Some(self.completion), self.data)
    }
}

/// The five bytes that requests and responses have in the same places.
struct Fields {
    bytes: [u8; 5],
}

impl Fields {
    fn parse<'a>(what: &'static str, bytes: &'a [u8], checks: Checks) -> Result<(Self, &'a [u8]), WireError> {
        let mut reader = Reader::new(what, bytes);
        let [address, netfn, head_sum, other, sequence, command] = reader.array()?;
        let (body_sum, data) = reader.rest().split_last().ok_or(WireError::Short(what))?;
        let wanted = checksum([other, sequence, command].iter().chain(data));
        if checks == Checks::Strict && (checksum(&[address, netfn]) != head_sum || wanted != *body_sum) {
            return Err(WireError::Checksum(what));
        }
        Ok((Self { bytes: [address, netfn, other, sequence, command] }, data))
    }
}

fn emit(first: [u8; 2], second: [u8; 3], completion: Option<Completion>, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + data.len());
    out.extend(first);
    out.push(checksum(&first));
    out.extend(second);
    out.extend(completion.map(|code| code.0));
    out.extend(data);
    out.push(checksum(out.get(3..).unwrap_or_default()));
    out
}

/// The two's complement of the sum.
pub fn checksum<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> u8 {
    bytes.into_iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}

/// The BMC's address.
pub const BMC: u8 = 0x20;
/// A remote console's software id.
pub const CONSOLE: u8 = 0x81;
/// How many numbers requests go round.
pub const SEQUENCES: u8 = 64;
