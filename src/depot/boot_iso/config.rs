//! The configuration of the loaders on a medium: one entry that starts at once.

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu<'a> {
    words: Vec<&'a str>,
}

/// Why a command line cannot be handed to a loader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MenuError {
    #[error("the kernel command line has {0} bytes; a boot medium takes {MAX_LINE}")]
    Long(usize),
    #[error(
        "the kernel command line has the sign {0:?}, which loaders change on its way to the kernel; leave it out of \
         kernel_append_params"
    )]
    Sign(char),
}

impl<'a> Menu<'a> {
    /// The words of a kernel command line. Quotes and backslashes are refused: GRUB puts backslashes before them.
    pub fn parse(command_line: &'a str) -> Result<Self, MenuError> {
        if command_line.len() > MAX_LINE {
            return Err(MenuError::Long(command_line.len()));
        }
        let is_bad = |sign: &char| !(' '..='~').contains(sign) || matches!(sign, '"' | '\'' | '\\');
        match command_line.chars().find(is_bad) {
            Some(sign) => Err(MenuError::Sign(sign)),
            None => Ok(Self { words: command_line.split_ascii_whitespace().collect() }),
        }
    }

    /// `isolinux.cfg`.
    pub fn isolinux(&self) -> String {
        let words = self.words.join(" ");
        format!(
            "default boot\nprompt 0\ntimeout 1\nlabel boot\n  kernel /vmlinuz\n  append initrd=/initrd {words}\n"
        )
    }

    /// `grub.cfg` on the image: its words quoted, so that GRUB's own signs mean nothing in them.
    pub fn grub(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!(" '{word}'")).collect();
        let words = words.concat();
        format!(
            "set default=0\nset timeout=0\nif [ ! -e /vmlinuz ]; then\n  search --no-floppy --set=root --file /{MARK}\nfi\n\
             menuentry 'boot' {{\n  linux /vmlinuz{words}\n  initrd /initrd\n}}\n"
        )
    }
}

/// `grub.cfg` on the EFI volume, for a GRUB that sees this before the image: seeks the image, the same for all.
pub fn seeking() -> String {
    format!("search --no-floppy --set=root --file /{MARK}\nconfigfile ($root)/boot/grub/grub.cfg\n")
}

/// The file by which the image is told from other disks.
pub const MARK: &str = ".disk/ferric";
pub const MARK_TEXT: &[u8] = b"boot medium\n";

/// Where GRUBs look for their configuration: by where they were built to (upstream, Debian's for disks, its for
/// networks), and the reference's default.
pub const GRUB_PLACES: [&str; 4] =
    ["boot/grub/grub.cfg", "EFI/BOOT/grub.cfg", "EFI/debian/grub.cfg", "grub/grub.cfg"];

/// What a kernel takes on most processors.
const MAX_LINE: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_has_all_words_in_order() {
        let menu = Menu::parse(" ipa-api-url=http://10.0.0.1:6385  console=ttyS0,115200n8 a;b=$c ").unwrap();
        let grub = menu.grub();
        assert!(grub.contains(
            "  linux /vmlinuz 'ipa-api-url=http://10.0.0.1:6385' 'console=ttyS0,115200n8' 'a;b=$c'\n"
        ));
        assert!(menu.isolinux().ends_with(
            "append initrd=/initrd ipa-api-url=http://10.0.0.1:6385 console=ttyS0,115200n8 a;b=$c\n"
        ));
    }

    #[test]
    fn what_a_loader_would_change_is_refused() {
        for (line, sign) in [("a=\"b c\"", '"'), ("it's", '\''), ("a\\b", '\\'), ("a\nb", '\n'), ("ä", 'ä')]
        {
            assert_eq!(Menu::parse(line), Err(MenuError::Sign(sign)));
        }
        assert_eq!(Menu::parse(&"x".repeat(2001)), Err(MenuError::Long(2001)));
        assert!(Menu::parse(&"x".repeat(2000)).is_ok());
    }
}
