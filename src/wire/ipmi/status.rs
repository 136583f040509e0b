//! Status codes of open session and RAKP, completion codes of commands: what they say and what they mean for us.

use std::fmt;

/// What a BMC says to an open session or RAKP message (IPMI 2.0 table 13-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

impl Status {
    pub const OK: Self = Self(0x00);
    pub const NO_RESOURCES: Self = Self(0x01);
    pub const INVALID_SESSION: Self = Self(0x02);
    pub const AUTHENTICATION: Self = Self(0x04);
    pub const INVALID_ROLE: Self = Self(0x09);
    pub const UNAUTHORISED_ROLE: Self = Self(0x0a);
    pub const UNAUTHORISED_NAME: Self = Self(0x0d);
    pub const INVALID_CHECK: Self = Self(0x0f);
    pub const CONFIDENTIALITY: Self = Self(0x10);
    pub const NO_SUITE: Self = Self(0x11);
    pub const ILLEGAL_PARAMETER: Self = Self(0x12);

    /// In an open session response: this suite is not to be had, the next may be.
    pub fn refuses_suite(self) -> bool {
        matches!(self.0, 0x01 | 0x04 | 0x05 | 0x09 | 0x0a | 0x10 | 0x11 | 0x12)
    }

    /// In RAKP 2 or 4: the account, its password or its level is wrong; asking again only locks it.
    pub fn refuses_account(self) -> bool {
        matches!(self.0, 0x09 | 0x0a | 0x0c | 0x0d | 0x0f)
    }

    pub fn text(self) -> &'static str {
        match self.0 {
            0x00 => "no errors",
            0x01 => "insufficient resources to create a session",
            0x02 => "invalid session id",
            0x03 => "invalid payload type",
            0x04 => "invalid authentication algorithm",
            0x05 => "invalid integrity algorithm",
            0x06 => "no matching authentication payload",
            0x07 => "no matching integrity payload",
            0x08 => "inactive session id",
            0x09 => "invalid role",
            0x0a => "unauthorised role or privilege level",
            0x0b => "insufficient resources to create a session at the requested role",
            0x0c => "invalid name length",
            0x0d => "unauthorised name",
            0x0e => "unauthorised GUID",
            0x0f => "invalid integrity check value",
            0x10 => "invalid confidentiality algorithm",
            0x11 => "no cipher suite match",
            0x12 => "illegal or unrecognised parameter",
            _ => "a status of no published meaning",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (status {:02x}h)", self.text(), self.0)
    }
}

/// What a BMC says to a command (IPMI 2.0 table 5-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Completion(pub u8);

/// What a completion code means for asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    Done,
    /// The BMC is busy or starting: the same again, as a new request, a little later.
    Later,
    /// A reservation is gone: reserve anew, then the same again.
    Reserve,
    /// An answer is too long for it: ask for less.
    Smaller,
    /// The BMC has already answered this request number; its answer may still come.
    Duplicate,
    /// There is no such command, sensor or record here.
    Absent,
    /// The session's level does not allow it.
    Privilege,
    /// The machine is not in the state for it.
    State,
    /// The request is wrong, or the code says nothing that we could act on.
    Refused,
}

impl Completion {
    pub const OK: Self = Self(0x00);
    pub const BUSY: Self = Self(0xc0);
    pub const INVALID_COMMAND: Self = Self(0xc1);
    pub const RESERVATION: Self = Self(0xc5);
    pub const LENGTH: Self = Self(0xc7);
    pub const NOT_PRESENT: Self = Self(0xcb);
    pub const INVALID_FIELD: Self = Self(0xcc);
    pub const DUPLICATE: Self = Self(0xcf);
    pub const PRIVILEGE: Self = Self(0xd4);
    pub const STATE: Self = Self(0xd5);
    pub const UNSPECIFIED: Self = Self(0xff);

    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    pub fn verdict(self) -> Verdict {
        match self.0 {
            0x00 => Verdict::Done,
            0xc0 | 0xc3 | 0xc4 | 0xd0 | 0xd1 | 0xd2 | 0xd3 | 0xff => Verdict::Later,
            0xc5 => Verdict::Reserve,
            0xc8 | 0xca => Verdict::Smaller,
            0xcf => Verdict::Duplicate,
            0xc1 | 0xc2 | 0xcb | 0xcd => Verdict::Absent,
            0xd4 => Verdict::Privilege,
            0xd5 | 0xd6 => Verdict::State,
            _ => Verdict::Refused,
        }
    }

    /// The same for one who reads a store piece by piece: there "out of space", "truncated" and "length" say that the
    /// piece is too long, and 81h that the store is busy.
    pub fn while_reading(self) -> Verdict {
        match self.0 {
            0xc4 | 0xc6 | 0xc7 => Verdict::Smaller,
            0x81 => Verdict::Later,
            _ => self.verdict(),
        }
    }

    pub fn text(self) -> &'static str {
        match self.0 {
            0x00 => "command completed normally",
            0x01..=0x7e => "a code of the BMC's maker",
            0x80..=0xbe => "a code of this command",
            0xc0 => "node busy",
            0xc1 => "invalid command",
            0xc2 => "invalid command for this LUN",
            0xc3 => "timeout while processing the command",
            0xc4 => "out of space",
            0xc5 => "reservation cancelled or invalid",
            0xc6 => "request data truncated",
            0xc7 => "request data length invalid",
            0xc8 => "request data field length limit exceeded",
            0xc9 => "parameter out of range",
            0xca => "cannot return the number of bytes asked for",
            0xcb => "requested sensor, data or record not present",
            0xcc => "invalid data field in the request",
            0xcd => "command illegal for this sensor or record type",
            0xce => "no response could be provided",
            0xcf => "duplicated request",
            0xd0 => "SDR repository being updated",
            0xd1 => "device in firmware update mode",
            0xd2 => "BMC being initialised",
            0xd3 => "destination unavailable",
            0xd4 => "insufficient privilege level",
            0xd5 => "not supported in the present state",
            0xd6 => "sub-function disabled or unavailable",
            0xff => "unspecified error",
            _ => "a code of no published meaning",
        }
    }
}

impl fmt::Display for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (completion code {:02x}h)", self.text(), self.0)
    }
}

/// What a code of one command's own means; `None` where the general words must do.
pub fn command_text(netfn: u8, command: u8, code: Completion) -> Option<&'static str> {
    let row = COMMAND_CODES.iter().find(|row| (row.0, row.1, row.2) == (netfn, command, code.0));
    row.map(|row| row.3)
}

/// Request's network function, command, code, words (IPMI 2.0, each command's clause).
#[rustfmt::skip]
const COMMAND_CODES: &[(u8, u8, u8, &str)] = &[
    (0x00, 0x08, 0x80, "boot option not supported"),
    (0x00, 0x08, 0x81, "boot options are being set by another"),
    (0x00, 0x08, 0x82, "boot option is read-only"),
    (0x00, 0x09, 0x80, "boot option not supported"),
    (0x06, 0x34, 0x80, "invalid session handle"),
    (0x06, 0x34, 0x81, "lost arbitration on the bus"),
    (0x06, 0x34, 0x82, "bus error"),
    (0x06, 0x34, 0x83, "no such controller on the bus (NAK on write)"),
    (0x06, 0x39, 0x81, "unknown user"),
    (0x06, 0x39, 0x82, "null user is not enabled"),
    (0x06, 0x3a, 0x81, "no session slot free"),
    (0x06, 0x3a, 0x82, "no session slot free for this user"),
    (0x06, 0x3a, 0x83, "no session slot free at this privilege"),
    (0x06, 0x3a, 0x84, "session sequence number out of range"),
    (0x06, 0x3a, 0x85, "invalid session id"),
    (0x06, 0x3a, 0x86, "privilege level above the limit"),
    (0x06, 0x3b, 0x80, "privilege level not available to this user"),
    (0x06, 0x3b, 0x81, "privilege level above the limit of user or channel"),
    (0x06, 0x3b, 0x82, "cannot disable user level authentication"),
    (0x06, 0x3c, 0x87, "invalid session id"),
    (0x06, 0x48, 0x80, "payload is active in another session"),
    (0x06, 0x48, 0x81, "payload is disabled"),
    (0x06, 0x48, 0x82, "payload activation limit reached"),
    (0x06, 0x48, 0x83, "payload cannot be activated with encryption"),
    (0x06, 0x48, 0x84, "payload cannot be activated without encryption"),
    (0x06, 0x49, 0x80, "payload is not active"),
    (0x0a, 0x11, 0x81, "FRU device busy"),
    (0x0c, 0x22, 0x80, "serial over LAN parameter not supported"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_asked_again_are_privilege_unknown_command_and_wrong_field() {
        for code in [0xd4, 0xc1, 0xcc] {
            assert_ne!(Completion(code).verdict(), Verdict::Later);
        }
        for code in [0xc0, 0xc3, 0xc4, 0xd0, 0xd1, 0xd2, 0xd3, 0xff] {
            assert_eq!(Completion(code).verdict(), Verdict::Later);
        }
        assert_eq!(Completion(0xc5).verdict(), Verdict::Reserve);
    }

    #[test]
    fn a_store_that_gives_less_is_asked_for_less() {
        for code in [0xc4, 0xc6, 0xc7, 0xc8, 0xca] {
            assert_eq!(Completion(code).while_reading(), Verdict::Smaller);
        }
        assert_eq!(Completion(0x81).while_reading(), Verdict::Later);
        assert_eq!(Completion(0xc5).while_reading(), Verdict::Reserve);
        for never in [0xc1, 0xc9, 0xcb, 0xcc, 0xd4, 0x80] {
            let verdict = Completion(never).while_reading();
            assert!(
                matches!(verdict, Verdict::Absent | Verdict::Refused | Verdict::Privilege),
                "{never:02x}"
            );
        }
    }

    #[test]
    fn words_name_the_code() {
        assert_eq!(Completion(0xd4).to_string(), "insufficient privilege level (completion code d4h)");
        assert_eq!(Status(0x11).to_string(), "no cipher suite match (status 11h)");
        assert_eq!(command_text(6, 0x48, Completion(0x80)), Some("payload is active in another session"));
        assert_eq!(command_text(6, 0x01, Completion(0x80)), None);
    }
}
