//! Options granted: what of a client's wishes a transfer keeps to (RFC 2347).

use std::time::Duration;

use tftpd::{Opcode, OptionType};

use crate::boot::tftp::request::Wish;

/// What a transfer keeps to.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Bytes in a block.
    pub blksize: u16,
    /// Blocks in a window.
    pub windowsize: u16,
    /// How long the client wants us to wait before we repeat, at the most.
    pub timeout: Option<Duration>,
    granted: Vec<Wish>,
}

/// How far wishes are granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub blksize: u16,
    pub windowsize: u16,
}

impl Terms {
    /// Grants what is asked, or less. No window holds more than [`WINDOW`] bytes, so that no wish costs memory.
    pub fn settle(wishes: Vec<Wish>, limits: Limits) -> Self {
        let mut terms = Self { blksize: BLKSIZE, windowsize: 1, timeout: None, granted: wishes };
        for wish in &mut terms.granted {
            match wish.option.option {
                OptionType::BlockSize => {
                    terms.blksize = least(wish.option.value, limits.blksize.max(BLKSIZE));
                    wish.option.value = terms.blksize.into();
                }
                OptionType::WindowSize => terms.windowsize = least(wish.option.value, limits.windowsize),
                OptionType::Timeout => terms.timeout = Some(Duration::from_secs(wish.option.value)),
                OptionType::TransferSize | OptionType::UTimeout | OptionType::WindowWait => {}
            }
        }
        let room = WINDOW / u32::from(terms.blksize.max(1));
        terms.windowsize = terms.windowsize.min(u16::try_from(room).unwrap_or(u16::MAX)).max(1);
        terms
    }

    /// The answer that says what is granted; `None` if there is nothing to say, and data comes at once.
    ///
    /// Without a `size` none is told: that of text is known only at its end. None is told of an empty file either, for
    /// curl takes it for a failure (recorded, `f-curl-empty`).
    pub fn oack(&self, size: Option<u64>) -> Option<Vec<u8>> {
        let mut out = Opcode::Oack.as_bytes().to_vec();
        for wish in &self.granted {
            let value = match wish.option.option {
                OptionType::TransferSize => size.filter(|size| *size > 0),
                OptionType::WindowSize => Some(self.windowsize.into()),
                OptionType::BlockSize
                | OptionType::Timeout
                | OptionType::UTimeout
                | OptionType::WindowWait => Some(wish.option.value),
            };
            if let Some(value) = value {
                out.extend(wish.spelled.as_bytes());
                out.push(0);
                out.extend(value.to_string().as_bytes());
                out.push(0);
            }
        }
        (out.len() > Opcode::Oack.as_bytes().len()).then_some(out)
    }
}

fn least(asked: u64, limit: u16) -> u16 {
    u16::try_from(asked).unwrap_or(u16::MAX).min(limit)
}

/// Bytes in a block unless asked otherwise (RFC 1350 2). Less is granted only to who asks for less.
pub const BLKSIZE: u16 = 512;

/// Bytes in a window, at the most: 64 blocks of an Ethernet frame each, and some.
pub const WINDOW: u32 = 128 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::boot::tftp::request::Request;

    const LIMITS: Limits = Limits { blksize: 1468, windowsize: 64 };

    fn terms(asked: &str) -> Terms {
        let request =
            Request::parse(&[b"\0\x01f\0octet\0", asked.replace(' ', "\0").as_bytes(), b"\0"].concat());
        Terms::settle(request.unwrap().wishes, LIMITS)
    }

    fn oack(asked: &str, size: Option<u64>) -> Option<String> {
        let bytes = terms(asked).oack(size)?;
        let text = bytes.strip_prefix(b"\0\x06").unwrap().strip_suffix(b"\0").unwrap();
        Some(String::from_utf8(text.to_vec()).unwrap().replace('\0', " "))
    }

    #[test]
    fn options_come_back_as_they_were_spelled() {
        assert_eq!(oack("BlkSize 1432 TSIZE 0", Some(7)).as_deref(), Some("BlkSize 1432 TSIZE 7"));
    }

    #[test]
    fn more_than_the_limit_is_granted_up_to_it() {
        let granted = oack("blksize 65464 windowsize 65535 timeout 30", None);
        assert_eq!(granted.as_deref(), Some("blksize 1468 windowsize 64 timeout 30"));
        assert_eq!(terms("windowsize 65535").windowsize, 64);
        assert_eq!(terms("blksize 8").blksize, 8);
    }

    #[test]
    fn without_options_nothing_is_granted_and_nothing_said() {
        assert_eq!(oack("", Some(7)), None);
        assert_eq!(oack("multicast 1 blksize many timeout 255", Some(7)), None);
        assert_eq!((terms("").blksize, terms("").windowsize), (512, 1));
    }

    #[test]
    fn no_size_is_told_of_nothing_and_of_text() {
        assert_eq!(oack("tsize 0 blksize 512", Some(0)).as_deref(), Some("blksize 512"));
        assert_eq!(oack("tsize 0", Some(0)), None);
        assert_eq!(oack("tsize 0 blksize 512", None).as_deref(), Some("blksize 512"));
    }

    proptest! {
        #[test]
        fn no_wish_costs_memory(blksize in any::<u64>(), window in any::<u64>(), most in 512..=65464_u16) {
            let wishes = Request::parse(
                format!("\0\x01f\0octet\0blksize\0{blksize}\0windowsize\0{window}\0").as_bytes(),
            );
            let terms = Terms::settle(wishes.unwrap().wishes, Limits { blksize: most, windowsize: 64 });
            prop_assert!(terms.windowsize >= 1 && terms.windowsize <= 64);
            prop_assert!(u32::from(terms.blksize) * u32::from(terms.windowsize) <= WINDOW);
        }
    }
}
