//! Names that machines ask for, over TFTP and HTTP: none leads out of a folder.
#![no_main]

use ferric::boot::library::name::Name;
use ferric::boot::tftp::name::plain;
use libfuzzer_sys::fuzz_target;

/// One part of a path, and none that is hidden or leads up.
fn is_part(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\', '\0'])
}

fn check(asked: &str) {
    match Name::parse(asked) {
        Some(Name::Loader(name)) => assert!(is_part(name), "{name}"),
        Some(Name::Discovery { arch, .. }) => assert!(is_part(arch), "{arch}"),
        Some(Name::File { token, .. } | Name::Iso { token, .. } | Name::Drive { token, .. }) => {
            assert!(!token.contains('/') && token.len() <= asked.len());
        }
        Some(Name::Common(_) | Name::Script(..) | Name::System(..)) | None => {}
    }
}

fuzz_target!(|asked: &str| {
    check(asked);
    if let Some(name) = plain(asked) {
        assert!(name.split('/').all(|part| !part.is_empty() && part != ".."), "{name}");
        assert_eq!(plain(&name).as_deref(), Some(name.as_str()), "one file has one name");
        check(&name);
    }
});
