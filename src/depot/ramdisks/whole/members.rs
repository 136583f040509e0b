//! The members of archives, as they come out of a reader: nothing of them is kept.

use std::io::{self, Read};

use crate::depot::ramdisks::whole::Broken;
use crate::wire::cpio::{self, Member};

/// What was in the archives.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// There is an `init` at the top.
    pub has_init: bool,
    /// The processor of the first program, as ELF numbers it.
    machine: Option<u16>,
}

impl Seen {
    /// For which other machines its programs are, if they cannot run on those of `arch`.
    pub(super) fn foreign(self, arch: &str) -> Option<&'static str> {
        let found =
            MACHINES.iter().find(|(machine, _)| Some(*machine) == self.machine).map(|(_, name)| *name)?;
        let is_known = MACHINES.iter().any(|(_, name)| *name == arch);
        // A kernel of 64 bits runs programs of 32.
        let runs = found == arch || (found == "i386" && arch == "x86_64");
        (is_known && !runs).then_some(found)
    }

    fn member(&mut self, name: &[u8], head: &[u8]) {
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        let name = name.strip_prefix(b"./").or_else(|| name.strip_prefix(b"/")).unwrap_or(name);
        self.has_init |= name == b"init";
        let is_program =
            name.starts_with(b"bin/") || name.starts_with(b"usr/bin/") || name.starts_with(b"sbin/");
        if let (true, None, [0x7F, b'E', b'L', b'F', .., low, high]) = (is_program, self.machine, head) {
            self.machine = Some(u16::from_le_bytes([*low, *high]));
        }
    }
}

/// A walk over archives.
pub(super) struct Walk<'a, R> {
    reader: R,
    /// What a reader that fails is told as.
    failed: fn(io::Error) -> Broken,
    seen: &'a mut Seen,
    /// Bytes so far.
    place: u64,
}

impl<'a, R: Read> Walk<'a, R> {
    pub(super) fn new(reader: R, failed: fn(io::Error) -> Broken, seen: &'a mut Seen) -> Self {
        Self { reader, failed, seen, place: 0 }
    }

    /// One archive; `from` is where it begins, for what is said of it. How many bytes it has.
    pub(super) fn archive(&mut self, from: u64) -> Result<u64, Broken> {
        let mut header = [0; cpio::HEADER];
        self.exactly(&mut header)?;
        self.rest_of_archive(header, from)?;
        Ok(self.place)
    }

    /// Archives to the end of what is read, zeros between them; there is one at the least.
    pub(super) fn archives(&mut self) -> Result<(), Broken> {
        let mut header = [0; cpio::HEADER];
        self.exactly(header.get_mut(..6).unwrap_or_default())?;
        if !cpio::is_archive(&header) {
            return Err(Broken::NoArchive);
        }
        self.exactly(header.get_mut(6..).unwrap_or_default())?;
        self.rest_of_archive(header, 0)?;
        while let Some(first) = self.next()? {
            let at = self.place - 1;
            let mut header = [first; cpio::HEADER];
            self.exactly(header.get_mut(1..).unwrap_or_default())?;
            if !cpio::is_archive(&header) {
                return Err(Broken::Behind { at });
            }
            self.rest_of_archive(header, 0)?;
        }
        Ok(())
    }

    /// What comes after the header of its first member, to the end of its last.
    fn rest_of_archive(&mut self, mut header: [u8; cpio::HEADER], from: u64) -> Result<(), Broken> {
        loop {
            let at = from.saturating_add(self.place).saturating_sub(cpio::HEADER_LENGTH);
            let member = Member::parse(&header).ok_or(Broken::Behind { at })?;
            if self.member(member)? {
                return Ok(());
            }
            self.exactly(&mut header)?;
        }
    }

    /// A member behind its header; true if it is the last.
    fn member(&mut self, member: Member) -> Result<bool, Broken> {
        let mut name = [0; NAME];
        let kept = NAME.min(usize::try_from(member.name).unwrap_or(NAME));
        let name = name.get_mut(..kept).unwrap_or_default();
        self.exactly(name)?;
        self.skip(member.name.saturating_sub(u64::try_from(kept).unwrap_or(0)))?;
        let is_last = name == cpio::LAST;
        self.pad(cpio::HEADER_LENGTH.saturating_add(member.name), is_last)?;
        let mut head = [0; ELF];
        let count = ELF.min(usize::try_from(member.content).unwrap_or(ELF));
        let head = head.get_mut(..count).unwrap_or_default();
        self.exactly(head)?;
        self.skip(member.content.saturating_sub(u64::try_from(count).unwrap_or(0)))?;
        self.pad(member.content, is_last)?;
        self.seen.member(name, head);
        Ok(is_last)
    }

    /// The first byte that is not zero.
    fn next(&mut self) -> Result<Option<u8>, Broken> {
        let mut byte = [0];
        while self.some(&mut byte)? == 1 {
            let [byte] = byte;
            if byte != 0 {
                return Ok(Some(byte));
            }
        }
        Ok(None)
    }

    /// The zeros that fill up to four bytes; behind the very last member nobody misses them.
    fn pad(&mut self, length: u64, is_last: bool) -> Result<(), Broken> {
        let count = length.next_multiple_of(cpio::ALIGNMENT) - length;
        match self.skip(count) {
            Err(Broken::Ends) if is_last => Ok(()),
            outcome => outcome,
        }
    }

    fn skip(&mut self, count: u64) -> Result<(), Broken> {
        let skipped = io::copy(&mut (&mut self.reader).take(count), &mut io::sink()).map_err(self.failed)?;
        self.place = self.place.saturating_add(skipped);
        if skipped == count { Ok(()) } else { Err(Broken::Ends) }
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), Broken> {
        if self.some(bytes)? == bytes.len() { Ok(()) } else { Err(Broken::Ends) }
    }

    /// As many bytes as there are.
    fn some(&mut self, bytes: &mut [u8]) -> Result<usize, Broken> {
        let mut count = 0;
        while let Some(rest) = bytes.get_mut(count..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err((self.failed)(why)),
            }
        }
        self.place = self.place.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

/// Processors by their numbers in ELF (`e_machine`).
const MACHINES: &[(u16, &str)] = &[(3, "i386"), (62, "x86_64"), (183, "aarch64")];
/// Bytes of a program up to the number of its processor.
const ELF: usize = 20;
/// Bytes of a name that are looked at.
const NAME: usize = 16;
