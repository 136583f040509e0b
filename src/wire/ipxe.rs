//! Scripts for iPXE, as texts from checked values.
//!
//! iPXE replaces `${name}` and then splits a line at blanks; words `||`, `&&` and those that begin with `#` end a
//! command, and nothing quotes them. So a value that holds one of these is refused here, and messages are reduced to
//! harmless characters. Every address is a full URL: `${next-server}` names the address server, which need not be us.

use std::fmt::Write;

use crate::base::mac::Mac;
use crate::wire::cmdline::Cmdline;
use crate::wire::link::Link;

/// Kernel, ramdisk and parameters to start.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    pub kernel: &'a Link,
    pub ramdisk: &'a Link,
    pub cmdline: &'a Cmdline,
    /// The NIC whose script this is, given to the kernel as `BOOTIF`.
    pub mac: Mac,
    /// The longest wait for each file in seconds; 0: as long as it takes.
    pub timeout: u32,
}

/// A parameter that iPXE would take for something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kernel parameter {key} has a value with {what}, which iPXE would read as its own")]
pub struct Misread {
    key: String,
    what: &'static str,
}

/// Starts a kernel: ten tries with growing pauses, then the machine is switched off.
pub fn start(start: &Start<'_>) -> Result<String, Misread> {
    let files = (start.kernel.as_str(), start.ramdisk.as_str());
    let tail = tail(start.cmdline, start.mac)?;
    Ok(format!("{HEAD}{}{}", tries(files, &tail, start.timeout), halt_lines(GIVEN_UP, 0, Halt::PowerOff)))
}

/// The ramdisk for a machine that nobody knows: its processor is known to iPXE alone. `folder` holds a folder for each
/// processor, with `kernel` and `ramdisk`. A machine that cannot load it goes on to its next device. The stock agent does
/// not tell the system UUID: the firmware's goes into the address that it posts to (empty where there is none).
pub fn discover(folder: &Link, cmdline: &Cmdline, mac: Mac, timeout: u32) -> Result<String, Misread> {
    let arch = "set arch ${buildarch}\niseq ${arch} i386 && cpuid --ext 29 && set arch x86_64 ||\n";
    let (kernel, ramdisk) = (format!("{folder}/${{arch}}/kernel"), format!("{folder}/${{arch}}/ramdisk"));
    let tail = tail(cmdline, mac)?.replacen(CALLBACK, &format!("{CALLBACK}?system_uuid=${{uuid}}"), 1);
    let tries = tries((&kernel, &ramdisk), &tail, timeout);
    Ok(format!("{HEAD}{arch}{tries}echo Ferric: no ramdisk could be loaded, going on\nexit 1\n"))
}

/// Up to ten tries to load and start; what follows is for the case that none came through.
fn tries((kernel, ramdisk): (&str, &str), tail: &str, timeout: u32) -> String {
    let wait = match timeout {
        0 => String::new(),
        seconds => format!("--timeout {} ", u64::from(seconds).saturating_mul(1000)),
    };
    format!(
        "set tries:int32 0\nset pause:int32 0\n:again\nimgfree\n\
         kernel {wait}{kernel} {tail} || goto failed\n\
         initrd --name ramdisk {wait}{ramdisk} || goto failed\nboot || goto failed\n{FAILED}"
    )
}

/// What follows the kernel's address.
fn tail(cmdline: &Cmdline, mac: Mac) -> Result<String, Misread> {
    let words = words(cmdline)?;
    let separator = if words.is_empty() { "" } else { " " };
    Ok(format!("{words}{separator}BOOTIF={mac} initrd=ramdisk"))
}

/// Boots an ISO over HTTP.
pub fn iso(link: &Link) -> String {
    let gone = halt_lines("the ISO could not be booted", 0, Halt::PowerOff);
    format!("{HEAD}sanboot --no-describe {link} || goto gone\n:gone\n{gone}")
}

/// Leaves the disk to boot: UEFI goes on to its next entry, a BIOS has its first disk started.
pub fn disk() -> String {
    format!(
        "{HEAD}iseq ${{platform}} efi && exit 1 ||\nsanboot --no-describe --drive 0x80 || exit 1\nexit 1\n"
    )
}

/// Not for us: whoever started iPXE goes on to its next device or script.
pub fn next() -> String {
    format!("{HEAD}exit 1\n")
}

/// What a machine does after its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    PowerOff,
    /// Boots its disk.
    Disk,
}

/// Says `lines` on the machine's screen, waits, then does as told.
pub fn halt(lines: &[&str], seconds: u32, then: Halt) -> String {
    let mut text = HEAD.to_owned();
    let (last, first) = lines.split_last().map_or(("", lines), |(last, first)| (*last, first));
    for line in first {
        // Writing to a String cannot fail.
        writeln!(text, "echo {}", plain(line)).ok();
    }
    text + &halt_lines(last, seconds, then)
}

fn halt_lines(line: &str, seconds: u32, then: Halt) -> String {
    let wait = if seconds == 0 { PATIENCE } else { seconds };
    let end = match then {
        Halt::PowerOff => "poweroff || reboot\n".to_owned(),
        Halt::Disk => disk().replace(HEAD, ""),
    };
    format!("echo {}\nsleep {wait}\n{end}", plain(line))
}

/// The script that all machines can be given: leads to the one of the NIC that booted, then of each other NIC.
/// `folder` holds them by address with hyphens.
pub fn common(folder: &Link, fallback: Option<&Link>) -> String {
    let fallback = fallback.map(|link| format!("chain {link} ||\n")).unwrap_or_default();
    format!(
        "{HEAD}isset ${{netX/mac}} || goto each\n\
         chain {folder}/${{netX/mac:hexhyp}} && exit 0 ||\n\
         :each\nset i:int32 0\n\
         :next\nisset ${{net${{i}}/mac}} || goto none\n\
         chain {folder}/${{net${{i}}/mac:hexhyp}} && exit 0 ||\n\
         inc i\ngoto next\n\
         :none\n{fallback}exit 1\n"
    )
}

fn words(cmdline: &Cmdline) -> Result<String, Misread> {
    for word in cmdline.words() {
        let Some(value) = word.value() else { continue };
        let misread = |what| Misread { key: word.key().to_owned(), what };
        if value.contains("${") {
            return Err(misread("${"));
        }
        // A value with blanks is several words to iPXE, and several blanks come out as one.
        for part in value.split(' ').skip(1) {
            match part {
                "" => return Err(misread("two blanks in a row or one at its end")),
                "||" | "&&" => return Err(misread("|| or &&")),
                _ if part.starts_with('#') => return Err(misread("#")),
                _ => {}
            }
        }
    }
    Ok(cmdline.to_string())
}

/// A text reduced to characters that mean nothing to iPXE.
fn plain(text: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || " .,:;_/()-+=%@".contains(one);
    text.chars().map(|one| if is_plain(one) { one } else { '?' }).collect()
}

const HEAD: &str = "#!ipxe\n";
/// How the address ends to which a machine tells what it is made of.
const CALLBACK: &str = "/v1/continue_inspection";

/// Seconds that a last message stays.
const PATIENCE: u32 = 30;

const GIVEN_UP: &str = "Ferric: could not boot, giving up and switching off";

/// A pause of 5, 10, ... 45 s after each failure, under four minutes in all; the tenth failure goes on below.
const FAILED: &str = "\
:failed
inc tries
inc pause 5
iseq ${tries} 10 && goto gone ||
echo Ferric: could not boot (try ${tries} of 10), trying again in ${pause} s
sleep ${pause}
goto again
:gone
";

#[cfg(test)]
mod tests;
