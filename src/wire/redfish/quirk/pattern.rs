//! How a row's patterns are compared: words and their beginnings, and versions by their numbers. No expressions, so that
//! no text of a BMC can be slow.

use crate::wire::redfish::quirk::{Identity, Pattern};

impl Pattern {
    pub fn matches(self, who: &Identity) -> bool {
        let any = |words: &[&str], text: &str| words.iter().any(|word| has_word(text, word));
        let under_oem = |words: &[&str]| who.oem.iter().any(|name| any(words, name));
        match self {
            Self::Maker(words) => any(words, &who.manufacturer),
            Self::Model(words) => any(words, &who.model) || any(words, &who.manager_model),
            Self::Root(words) => any(words, &who.root_vendor),
            Self::Product(words) => any(words, &who.root_product),
            Self::Brand(words) => any(words, &who.root_vendor) || under_oem(words),
            Self::Oem(words) => under_oem(words),
            Self::From(version) => numbers(&who.firmware).is_some_and(|have| Some(have) >= numbers(version)),
            Self::Below(version) => numbers(&who.firmware).is_some_and(|have| Some(have) < numbers(version)),
        }
    }
}

/// Whether the text has the pattern as words of its own; with a star at its end the last word may go on. Case does not
/// count.
pub fn has_word(text: &str, pattern: &str) -> bool {
    let text: String = text.chars().take(TEXT_LIMIT).collect::<String>().to_ascii_lowercase();
    let is_open = pattern.ends_with('*');
    let wanted = pattern.trim_end_matches('*').to_ascii_lowercase();
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_ascii_alphanumeric());
    text.match_indices(&wanted).any(|(start, found)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + found.len()..).and_then(|after| after.chars().next());
        is_edge(before) && (is_open || is_edge(after))
    })
}

/// The first run of numbers with dots (`iLO 5 v2.78` is 2, 78), else the first number; trailing noughts do not count.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let version: String = version.chars().take(TEXT_LIMIT).collect();
    let is_part = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut runs = version.split(|letter| !is_part(letter)).map(|run| run.trim_matches('.'));
    let dotted = runs.clone().find(|run| run.contains('.'));
    let run = dotted.or_else(|| runs.find(|run| !run.is_empty()))?;
    let mut parts: Vec<u64> = run.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect();
    while parts.last() == Some(&0) && parts.len() > 1 {
        parts.pop();
    }
    Some(parts)
}

/// Characters of a text that are compared.
const TEXT_LIMIT: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_whole_or_begin() {
        for (text, pattern, expected) in [
            ("Dell Inc.", "Dell*", true),
            ("dell", "Dell*", true),
            ("Miami Systems", "AMI", false),
            ("AMI", "AMI", true),
            ("HPE", "HP", false),
            ("SYS-X11DPT-PS", "X11DPT-PS*", true),
            ("AX11", "X11*", false),
            ("ProLiant DL380 Gen10 Plus", "Gen10 Plus*", true),
            ("", "Dell*", false),
            ("é Dell", "Dell*", true),
        ] {
            assert_eq!(has_word(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn versions_compare_by_numbers() {
        let below = |firmware: &str, version| {
            let who = Identity { firmware: firmware.to_owned(), ..Identity::default() };
            (Pattern::Below(version).matches(&who), Pattern::From(version).matches(&who))
        };
        assert_eq!(below("5.10.50.00", "6.00"), (true, false));
        assert_eq!(below("6.00.00.00", "6.00"), (false, true));
        assert_eq!(below("iLO 6 v1.58", "1.73"), (true, false));
        assert_eq!(below("iLO 6 v1.100", "1.73"), (false, true));
        assert_eq!(below("", "1"), (false, false));
        assert_eq!(below("99999999999999999999999.1", "2"), (false, true));
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,80}") {
            has_word(&text, "X11*");
            numbers(&text);
        }
    }
}
