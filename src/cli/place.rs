//! Paths of the API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// `/v1/nodes/NODE` and what follows, with `ident` escaped so that it stays one segment.
/// One that is `.` or `..` would climb out of the collection, but nothing is named so.
pub fn place(collection: &str, ident: &str, tail: &str) -> String {
    format!("{collection}/{}{tail}", segment(ident))
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// What a path segment may not hold as it is (RFC 3986 2.3 lists what may).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(place("/v1/ports", "a/b?c d", "/x"), "/v1/ports/a%2Fb%3Fc%20d/x");
    }
}
