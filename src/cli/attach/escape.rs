//! What is typed, less what is meant for us: as with `ssh`, `~.` at the beginning of a line leaves and `~~` is a tilde.

/// Where in a line the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    LineStart,
    /// A tilde stands at the beginning of the line and was not sent.
    Tilde,
    Within,
}

/// Reads what is typed.
#[derive(Debug, Default)]
pub struct Escape {
    place: Place,
}

/// What was meant.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Meant {
    pub send: Vec<u8>,
    pub leave: bool,
}

impl Escape {
    /// Takes in some bytes; what follows a leave is not sent.
    pub fn feed(&mut self, bytes: &[u8]) -> Meant {
        let mut meant = Meant::default();
        for byte in bytes {
            match (self.place, *byte) {
                (Place::LineStart, b'~') => {
                    self.place = Place::Tilde;
                    continue;
                }
                (Place::Tilde, b'.') => {
                    meant.leave = true;
                    return meant;
                }
                (Place::Tilde, b'~') | (Place::LineStart | Place::Within, _) => {}
                (Place::Tilde, _) => meant.send.push(b'~'),
            }
            meant.send.push(*byte);
            self.place = if matches!(byte, b'\r' | b'\n') { Place::LineStart } else { Place::Within };
        }
        meant
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(text: &str) -> (String, bool) {
        let meant = Escape::default().feed(text.as_bytes());
        (String::from_utf8(meant.send).unwrap(), meant.leave)
    }

    #[test]
    fn a_tilde_and_a_dot_leave_at_the_beginning_of_a_line_only() {
        for (typed, send, leave) in [
            ("~.", "", true),
            ("ls\r~.more", "ls\r", true),
            ("a~.", "a~.", false),
            ("~~.", "~.", false),
            ("~x", "~x", false),
            ("~\r~.", "~\r", true),
        ] {
            assert_eq!(sent(typed), (send.to_owned(), leave), "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_bytes_are_cut(bytes in proptest::collection::vec(prop_oneof![Just(b'~'), Just(b'.'), Just(b'\r'), any::<u8>()], 0..40), cut in 0_usize..40) {
            let whole = Escape::default().feed(&bytes);
            let mut escape = Escape::default();
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut meant = escape.feed(first);
            if !meant.leave {
                let rest = escape.feed(second);
                meant.send.extend(rest.send);
                meant.leave = rest.leave;
            }
            prop_assert_eq!(meant, whole);
        }
    }
}
