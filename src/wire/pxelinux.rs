//! Configuration for PXELINUX, as texts from checked values. What follows `append` is taken to the end of its line as
//! it is; file names are relative to the TFTP server's root.

use std::fmt::Write;

use crate::wire::cmdline::Cmdline;
use crate::wire::grub::Path;

/// Starts the kernel in a folder. PXELINUX adds `BOOTIF` itself. What cannot be loaded restarts the machine.
pub fn start(folder: &Path, cmdline: &Cmdline) -> String {
    let folder = folder.bare();
    format!(
        "default start\nprompt 0\nonerror reboot.c32\nlabel start\nkernel {folder}/kernel\n\
         append initrd={folder}/ramdisk {cmdline}\nipappend 2\n"
    )
}

/// Leaves the disk to boot: the BIOS goes on to its next device.
pub fn disk() -> String {
    "default disk\nprompt 0\nlabel disk\nlocalboot 0\n".to_owned()
}

/// Says `lines` on the machine's screen, waits, then has its disk booted or switches it off.
pub fn halt(lines: &[&str], seconds: u32, power_off: bool) -> String {
    let mut text = String::new();
    for line in lines {
        // Writing to a String cannot fail.
        writeln!(text, "say {}", plain(line)).ok();
    }
    let (label, last) = if power_off { ("off", "com32 poweroff.c32") } else { ("disk", "localboot 0") };
    // In tenths of a second.
    let wait = u64::from(seconds).saturating_mul(10);
    write!(text, "default {label}\nprompt 1\ntimeout {wait}\nlabel {label}\n{last}\n").ok();
    text
}

fn plain(text: &str) -> String {
    text.chars().map(|one| if matches!(one, ' '..='~') { one } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn golden(name: &str, text: &str) {
        let path = format!("{}/tests/goldens/boot/{name}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
    }

    #[test]
    fn configurations_are_as_written_down() {
        let folder = Path::parse("/boot/file/u/t").unwrap();
        let cmdline = Cmdline::parse("selinux=0 text ipa-api-url=http://10.0.0.1:6385").unwrap();
        golden("start.pxelinux", &start(&folder, &cmdline));
        golden("disk.pxelinux", &disk());
        golden("halt-disk.pxelinux", &halt(&["Ferric: node n1\ndefault x", "again"], 600, false));
        golden("halt-off.pxelinux", &halt(&["Ferric: node n1"], 30, true));
    }

    proptest! {
        #[test]
        fn no_value_adds_a_line(text in "([a-z=# |&]|\\PC){0,60}") {
            let Ok(cmdline) = Cmdline::parse(&format!("k=\"{text}\"")) else { return Ok(()) };
            let script = start(&Path::parse("/f").unwrap(), &cmdline);
            prop_assert_eq!(script.lines().count(), 7);
            prop_assert_eq!(halt(&[&text], 1, true).lines().count(), 6);
        }
    }
}
