//! Files of checksums: what `sha256sum` writes, the BSD form, or one hash alone; perhaps inside a PGP signed text.

use crate::depot::digest::Algorithm;

/// The hash that `text` has for the file called `name`, in lower-case hex.
pub fn find(text: &str, name: &str) -> Result<String, &'static str> {
    let lines = || text.lines().take(MOST_LINES).map(str::trim).filter(|line| !line.is_empty());
    let named: Vec<String> = lines().filter_map(|line| pair(line, name)).collect();
    let strongest = named.iter().max_by_key(|value| value.len());
    if let Some(value) = strongest {
        let doubtful = named.iter().any(|other| other.len() == value.len() && other != value);
        return if doubtful { Err("it has two checksums for the image") } else { Ok(value.clone()) };
    }
    let mut all = lines();
    match (all.next().and_then(hash), all.next()) {
        (Some(value), None) => Ok(value),
        _ => Err("it has no checksum for the image"),
    }
}

/// The hash of a line that is about `name`.
fn pair(line: &str, name: &str) -> Option<String> {
    gnu(line).or_else(|| bsd(line)).filter(|(file, _)| is_called(file, name)).map(|(_, value)| value)
}

/// `HASH  NAME`, `HASH *NAME`; a backslash in front says that the name is escaped.
fn gnu(line: &str) -> Option<(String, String)> {
    let (is_escaped, line) = line.strip_prefix('\\').map_or((false, line), |rest| (true, rest));
    let (value, file) = line.split_once([' ', '\t'])?;
    let file = file.trim_start();
    let file = file.strip_prefix('*').unwrap_or(file);
    let file = if is_escaped { file.replace("\\\\", "\\") } else { file.to_owned() };
    Some((file, hash(value)?))
}

/// `SHA256 (NAME) = HASH`.
fn bsd(line: &str) -> Option<(String, String)> {
    let (kind, rest) = line.split_once(" (")?;
    let (file, value) = rest.rsplit_once(") = ")?;
    let value = hash(value.trim())?;
    let said = kind.trim().to_ascii_lowercase().replace('-', "");
    let fits = Algorithm::of_value(&value).is_some_and(|algorithm| algorithm.word() == said);
    fits.then(|| (file.to_owned(), value))
}

/// Whether a line's file is the one, by the last part of its path.
fn is_called(file: &str, name: &str) -> bool {
    file.rsplit('/').next() == Some(name)
}

fn hash(text: &str) -> Option<String> {
    Algorithm::of_value(text).map(|_| text.to_ascii_lowercase())
}

/// Lines that are looked at: more than any mirror lists.
const MOST_LINES: usize = 20_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const B: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn the_forms_that_mirrors_use_are_read() {
        let gnu = format!("{B}  other.img\n{A} *disk.img\n");
        assert_eq!(find(&gnu, "disk.img").unwrap(), A);
        assert_eq!(find(&format!("{A}  ./images/disk.img"), "disk.img").unwrap(), A);
        assert_eq!(find(&format!("SHA256 (disk.img) = {}\n", A.to_uppercase()), "disk.img").unwrap(), A);
        assert_eq!(find(&format!("\n{A}\n"), "disk.img").unwrap(), A);
        let signed = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{A}  disk.img\n-----BEGIN");
        assert_eq!(find(&signed, "disk.img").unwrap(), A);
        assert_eq!(find(&format!("\\{A}  a\\\\b"), "a\\b").unwrap(), A);
    }

    #[test]
    fn the_longest_hash_wins_and_two_of_a_kind_are_refused() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        assert_eq!(find(&format!("{md5}  disk.img\n{A}  disk.img"), "disk.img").unwrap(), A);
        assert!(find(&format!("{B}  disk.img\n{A}  disk.img"), "disk.img").is_err());
    }

    #[test]
    fn a_file_without_a_hash_for_the_image_is_refused() {
        assert!(find(&format!("{A}  other.img"), "disk.img").is_err());
        assert!(find(&format!("{A}\n{B}"), "disk.img").is_err());
        assert!(find(&format!("MD5 (disk.img) = {A}"), "disk.img").is_err());
        assert!(find("<html>not found</html>", "disk.img").is_err());
        assert!(find("", "disk.img").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,300}", name in ".{0,20}") {
            if let Ok(value) = find(&text, &name) {
                prop_assert!(Algorithm::of_value(&value).is_some());
            }
        }
    }
}
