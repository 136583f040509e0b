//! What a node may be called.

use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_uuid;

/// Checks a node's name by the rules of the client's version.
pub fn check(name: &str, version: u16) -> Result<(), Refusal> {
    if RESERVED.contains(&name) {
        return Err(Refusal::Invalid(format!("name must not be the reserved word {name:?}")));
    }
    if parse_uuid(name).is_some() {
        return Err(Refusal::Invalid("name must not look like a UUID".to_owned()));
    }
    if version >= 10 {
        return check_logical(name);
    }
    if is_host(name) {
        Ok(())
    } else {
        Err(Refusal::Invalid("name must be a host name (RFC 1123)".to_owned()))
    }
}

/// Checks the characters of a name and says which one is wrong.
pub fn check_logical(name: &str) -> Result<(), Refusal> {
    if is_logical(name) {
        return Ok(());
    }
    let given = match name.chars().find(|one| !is_logical(one.encode_utf8(&mut [0; 4]))) {
        Some(wrong) => format!("{wrong:?} is none of them"),
        None => format!("{} were given", name.chars().count()),
    };
    Err(Refusal::Invalid(format!("name must be 1 to 255 of the characters A-Z a-z 0-9 - . _ ~, but {given}")))
}

/// Whether a text can be the name of anything: what a path may hold in the place of a UUID.
pub fn is_logical(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Whether a text is a host name (RFC 1123 2.1).
pub fn is_host(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
}

/// Words that stand in a path where a name could stand.
const RESERVED: &[&str] = &["maintenance", "management", "states", "vendor_passthru", "detail", "validate"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrong_character_is_named() {
        let text = |name: &str| check_logical(name).unwrap_err().to_string();
        assert!(text("aa:bb").ends_with("but ':' is none of them"), "{}", text("aa:bb"));
        assert!(text("").ends_with("but 0 were given"), "{}", text(""));
        assert!(text(&"x".repeat(256)).ends_with("but 256 were given"));
    }

    #[test]
    fn names_follow_the_rules_of_their_version() {
        assert!(check("n_1~x", 10).is_ok());
        assert!(check("n_1~x", 9).is_err());
        assert!(check("n1.example.org", 9).is_ok());
        for name in
            ["", "a/b", "a b", "é", "states", "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", &"x".repeat(256)]
        {
            assert!(check(name, 115).is_err(), "{name}");
        }
    }
}
