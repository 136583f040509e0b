//! Configuration for GRUB, as texts from checked values.
//!
//! Debian's signed GRUB for netboot has its modules built in (`linux`, `test`, `sleep`, `configfile`, `chain`, `halt`,
//! `regexp` among them, no menu needed) and asks for `grub.cfg` below its prefix alone. Paths name no device: what
//! loaded GRUB, TFTP or HTTP, is its root. Words stand in single quotes, in which GRUB replaces nothing.

use std::fmt::{self, Write};

use crate::base::mac::Mac;
use crate::wire::cmdline::Cmdline;

/// Kernel, ramdisk and parameters to start; the files as paths from the server's root.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    pub files: Files<'a>,
    pub cmdline: &'a Cmdline,
    /// The NIC whose configuration this is, given to the kernel as `BOOTIF`.
    pub mac: Mac,
    /// What follows when nothing could be loaded.
    pub end: End,
}

/// Where kernel and ramdisk are.
#[derive(Debug, Clone, Copy)]
pub enum Files<'a> {
    /// `kernel` and `ramdisk` in this folder.
    In(&'a Path),
    /// The same in a folder for each processor.
    ByProcessor(&'a Path),
}

/// A path from the server's root, of characters that need no quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

/// What a machine does when all tries failed, or after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    PowerOff,
    /// Boots the disk.
    Disk,
}

/// A parameter that GRUB would hand on with backslashes in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kernel parameter {key} has a value with a quote or a backslash, which GRUB would change")]
pub struct Misread {
    key: String,
}

/// The text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a path for GRUB has other characters than letters, digits, _, -, . and /")]
pub struct PathError;

impl Path {
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
        let is_path = text.starts_with('/') && text.bytes().all(is_fit);
        is_path.then(|| Self(text.to_owned())).ok_or(PathError)
    }

    /// What is called so in this folder.
    #[must_use]
    pub fn join(&self, name: &'static str) -> Self {
        Self(format!("{}/{name}", self.0))
    }

    /// Without the slash in front.
    pub(super) fn bare(&self) -> &str {
        self.0.trim_start_matches('/')
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The configuration that all machines are given: leads to the one of the NIC that booted, beside it.
pub fn common() -> String {
    let own = "if [ -n \"$net_default_mac\" ]; then\n\
               \x20 source \"$prefix/$net_default_mac.cfg\"\n\
               fi\n";
    own.to_owned() + &disk()
}

/// Starts a kernel: ten tries with growing pauses.
pub fn start(start: &Start<'_>) -> Result<String, Misread> {
    let Start { files, cmdline, mac, end } = start;
    let (folder, arch) = match files {
        Files::In(path) => (&path.0, ""),
        Files::ByProcessor(path) => (&path.0, "/$grub_cpu"),
    };
    let words = words(cmdline)?;
    let pauses = "5 10 15 20 25 30 35 40 45 50";
    Ok(format!(
        "for pause in {pauses}; do\n\
         \x20 if linux {folder}{arch}/kernel{words} 'BOOTIF={mac}'; then\n\
         \x20   if initrd {folder}{arch}/ramdisk; then\n\
         \x20     boot\n\
         \x20   fi\n\
         \x20 fi\n\
         \x20 echo \"Ferric: could not boot, trying again in $pause s\"\n\
         \x20 sleep $pause\n\
         done\n\
         echo 'Ferric: could not boot, giving up'\n{}",
        ending(*end)
    ))
}

/// Boots the disk by the loader of the system on it. `exit` would not do: it tells the firmware that all went well, and
/// EDK2 then shows its menu instead of its next entry (measured).
pub fn disk() -> String {
    let mut paths: Vec<_> = ["x64", "aa64"]
        .iter()
        .flat_map(|cpu| SYSTEMS.iter().map(move |system| format!("/EFI/{system}/shim{cpu}.efi")))
        .collect();
    paths.extend(["/EFI/BOOT/BOOTX64.EFI", "/EFI/BOOT/BOOTAA64.EFI"].map(str::to_owned));
    format!(
        "for path in {}; do\n\
         \x20 if search --no-floppy --file --set=disk \"$path\"; then\n\
         \x20   if chainloader \"($disk)$path\"; then\n\
         \x20     boot\n\
         \x20   fi\n\
         \x20 fi\n\
         done\n\
         echo 'Ferric: no disk with a loader, going on'\nsleep 5\nexit\n",
        paths.join(" ")
    )
}

/// Says `lines` on the machine's screen, waits, then does as told.
pub fn halt(lines: &[&str], seconds: u32, end: End) -> String {
    let mut text = String::new();
    for line in lines {
        // Writing to a String cannot fail.
        writeln!(text, "echo {}", quoted(&plain(line))).ok();
    }
    writeln!(text, "sleep {seconds}").ok();
    text + &ending(end)
}

fn ending(end: End) -> String {
    match end {
        End::PowerOff => "sleep 30\nhalt\n".to_owned(),
        End::Disk => disk(),
    }
}

/// Each with a blank before it. GRUB itself puts double quotes around a word with blanks, and a backslash before quotes
/// and backslashes, which the kernel does not understand.
fn words(cmdline: &Cmdline) -> Result<String, Misread> {
    let mut text = String::new();
    for word in cmdline.words() {
        let value = word.value().unwrap_or_default();
        if value.contains(['\'', '\\']) {
            return Err(Misread { key: word.key().to_owned() });
        }
        let sign = if word.value().is_some() { "=" } else { "" };
        write!(text, " {}", quoted(&format!("{}{sign}{value}", word.key()))).ok();
    }
    Ok(text)
}

/// `text` holds no single quote.
fn quoted(text: &str) -> String {
    format!("'{text}'")
}

/// Folders of systems on the EFI partition; the folder BOOT, which may hold a program that writes boot entries and
/// restarts, comes after them.
const SYSTEMS: [&str; 9] =
    ["debian", "ubuntu", "redhat", "centos", "rocky", "almalinux", "fedora", "opensuse", "sles"];

fn plain(text: &str) -> String {
    let is_plain = |one: char| matches!(one, ' '..='~') && !matches!(one, '\'' | '\\');
    text.chars().map(|one| if is_plain(one) { one } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
