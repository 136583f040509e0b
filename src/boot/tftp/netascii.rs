//! Text on the network (RFC 764 as RFC 1350 1 wants it): a line ends with CR LF, and a CR of its own is followed by NUL.

/// Appends `text` as netascii: what is longer by one byte for each line end and each CR.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len());
    for byte in text {
        match byte {
            b'\n' => out.extend(b"\r\n"),
            b'\r' => out.extend(b"\r\0"),
            other => out.push(*other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::new(), bytes.iter());
        while let Some(byte) = rest.next() {
            out.push(match byte {
                b'\r' if rest.next() == Some(&b'\n') => b'\n',
                other => *other,
            });
        }
        out
    }

    #[test]
    fn line_ends_are_two_bytes() {
        let mut out = Vec::new();
        encode(b"a\nb\r\nc", &mut out);
        assert_eq!(out, b"a\r\nb\r\0\r\nc");
    }

    proptest! {
        #[test]
        fn it_can_be_undone(text in any::<Vec<u8>>()) {
            let mut out = Vec::new();
            encode(&text, &mut out);
            prop_assert!(out.len() <= text.len() * 2);
            prop_assert_eq!(decode(&out), text);
        }
    }
}
