//! Letters that show themselves as they are, and those that do something to a terminal or to what stands around them.

/// Whether a letter of foreign text may be shown: no control character, and none that turns the direction of text,
/// breaks a line or cannot be seen (Unicode 9.0, UAX #9 and section 23.2).
pub fn is_visible(letter: char) -> bool {
    !letter.is_control() && !HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&letter))
}

/// Soft hyphen, Arabic letter mark; blanks without width, marks and overrides of direction, separators of lines; joiners
/// and isolates; the byte order mark; notes between lines; tags.
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{e0000}', '\u{e007f}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_or_hides_text_is_not_shown() {
        for letter in
            ['\u{1b}', '\u{9b}', '\u{7f}', '\n', '\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}', '\u{feff}']
        {
            assert!(!is_visible(letter), "{letter:?}");
        }
        assert!("Lüfter 1 – 日本 -_/".chars().all(is_visible));
    }
}
