//! Names of files before anybody looks for them: one spelling, and none that leads out.

/// The name without slashes in front, with `/` between its parts. `None` for what names nothing of ours: a step
/// upwards, a control character, too many bytes, nothing at all.
pub fn plain(asked: &str) -> Option<String> {
    if asked.len() > LONGEST || asked.chars().any(char::is_control) {
        return None;
    }
    let parts = || asked.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
    if parts().any(|part| part == "..") {
        return None;
    }
    let name = parts().collect::<Vec<_>>().join("/");
    (!name.is_empty()).then_some(name)
}

/// Bytes: a boot file of DHCP has 255 at the most (RFC 2132 2).
const LONGEST: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_file_has_one_name() {
        for same in
            ["grub/grub.cfg", "/grub/grub.cfg", "//grub//grub.cfg", "\\grub\\grub.cfg", "./grub/./grub.cfg"]
        {
            assert_eq!(plain(same).as_deref(), Some("grub/grub.cfg"), "{same}");
        }
        assert_eq!(plain("a..b").as_deref(), Some("a..b"));
    }

    #[test]
    fn names_that_lead_out_are_none() {
        for wrong in ["", "/", ".", "..", "../etc/passwd", "a/../../b", "a\\..\\b", "a\0b", "a\nb", "/.."] {
            assert_eq!(plain(wrong), None, "{wrong}");
        }
        assert_eq!(plain(&"a".repeat(256)), None);
        assert!(plain(&"a".repeat(255)).is_some());
    }

    proptest! {
        #[test]
        fn no_name_leads_out(asked in ".*") {
            if let Some(name) = plain(&asked) {
                prop_assert!(!name.starts_with('/') && !name.contains('\\'));
                prop_assert!(name.split('/').all(|part| !["", ".", ".."].contains(&part)));
                prop_assert_eq!(plain(&name), Some(name.clone()));
            }
        }
    }
}
