//! One file out of a tar archive (POSIX.1-1988 ustar): agents send their logs so.

/// The content of the first file of this name, in whatever folder.
pub fn member<'a>(archive: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = archive;
    loop {
        let (header, after) = rest.split_at_checked(BLOCK)?;
        let told = header.get(..NAME)?;
        let told = told.split(|byte| *byte == 0).next().unwrap_or_default();
        if told.is_empty() {
            return None;
        }
        let size = octal(header.get(SIZE..SIZE + SIZE_DIGITS)?)?;
        let content = after.get(..size)?;
        let is_it = std::str::from_utf8(told).is_ok_and(|told| told.rsplit('/').next() == Some(name));
        if is_it {
            return Some(content);
        }
        rest = after.get(size.next_multiple_of(BLOCK)..)?;
    }
}

/// A number in octal digits, with blanks or NULs around them.
fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(text, 8).ok()
}

const BLOCK: usize = 512;
const NAME: usize = 100;
const SIZE: usize = 124;
const SIZE_DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Vec::new();
        for (name, content) in files {
            let mut header = vec![0; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[SIZE..SIZE + 11].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
            archive.extend(header);
            archive.extend_from_slice(content);
            archive.resize(archive.len().next_multiple_of(BLOCK), 0);
        }
        archive.resize(archive.len() + 2 * BLOCK, 0);
        archive
    }

    #[test]
    fn a_file_is_found_behind_others() {
        let archive = archive(&[("journal", &[7; 700]), ("lsblk-full", b"NAME=\"sda\""), ("ps", b"")]);
        assert_eq!(member(&archive, "lsblk-full"), Some(&b"NAME=\"sda\""[..]));
        assert_eq!(member(&archive, "ps"), Some(&b""[..]));
        assert_eq!(member(&archive, "none"), None);
        for length in 0..archive.len() {
            member(&archive[..length], "ps");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
            member(&bytes, "lsblk-full");
        }
    }
}
