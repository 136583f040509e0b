//! What to put into `If-Match`, one try after another, since servers compare their own tags in several ways.

/// The headers to try in order; `None` sends no `If-Match`. The next one is for 412 (or 428) only.
///
/// A weak tag goes as it is, then strong, then without quotes; at last none at all, and `*` for those that insist on
/// the header and take no tag.
pub fn ladder(etag: Option<&str>) -> Vec<Option<String>> {
    let mut tries: Vec<Option<String>> = Vec::new();
    let mut add = |one: Option<&str>| {
        let one = one.map(str::to_owned);
        if !tries.contains(&one) {
            tries.push(one);
        }
    };
    if let Some(etag) = etag.map(str::trim).filter(|etag| is_sendable(etag)) {
        let strong = etag.strip_prefix("W/").unwrap_or(etag);
        let plain = strong.strip_suffix("-gzip\"").map(|cut| format!("{cut}\""));
        add(Some(etag));
        add(Some(strong));
        if let Some(plain) = &plain {
            add(Some(plain));
        }
        let bare = plain.as_deref().unwrap_or(strong).trim_matches('"');
        if !bare.is_empty() {
            add(Some(bare));
        }
    }
    add(None);
    add(Some("*"));
    tries
}

/// A tag that may stand in a header: bounded, printable, and not empty inside its quotes.
fn is_sendable(etag: &str) -> bool {
    let core = etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"');
    !core.is_empty()
        && etag.len() <= LIMIT
        && etag.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ')
}

/// Bytes of a tag that we send back: real ones are a few dozen long.
const LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tries(etag: &str) -> Vec<String> {
        ladder(Some(etag)).into_iter().map(|one| one.unwrap_or_else(|| "-".to_owned())).collect()
    }

    #[test]
    fn weak_then_strong_then_bare_then_none() {
        assert_eq!(tries("W/\"1\""), ["W/\"1\"", "\"1\"", "1", "-", "*"]);
        assert_eq!(tries("\"1\""), ["\"1\"", "1", "-", "*"]);
        assert_eq!(tries("\"1-gzip\""), ["\"1-gzip\"", "\"1\"", "1", "-", "*"]);
        assert_eq!(tries("abc"), ["abc", "-", "*"]);
    }

    #[test]
    fn an_empty_tag_is_none() {
        for etag in ["", "\"\"", "W/\"\"", " ", "a\r\nb"] {
            assert_eq!(tries(etag), ["-", "*"], "{etag:?}");
        }
        assert_eq!(ladder(None), [None, Some("*".to_owned())]);
    }

    proptest! {
        #[test]
        fn no_header_is_ever_broken(etag in ".{0,40}") {
            for one in ladder(Some(&etag)).into_iter().flatten() {
                prop_assert!(!one.chars().any(char::is_control));
            }
        }
    }
}
