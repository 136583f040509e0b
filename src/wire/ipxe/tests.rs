use proptest::prelude::*;

use super::*;

fn link(text: &str) -> Link {
    Link::parse(text).unwrap()
}

fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/goldens/boot/{name}", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}

const MAC: Mac = Mac([0x52, 0x54, 0, 0xe2, 0xe0, 1]);

fn with(cmdline: &str) -> Result<String, Misread> {
    of(&Cmdline::parse(cmdline).unwrap())
}

fn of(cmdline: &Cmdline) -> Result<String, Misread> {
    let (kernel, ramdisk) = (link("http://10.0.0.1:6385/k/kernel"), link("http://10.0.0.1:6385/k/ramdisk"));
    start(&Start { kernel: &kernel, ramdisk: &ramdisk, cmdline, mac: MAC, timeout: 0 })
}

#[test]
fn scripts_are_as_written_down() {
    golden("start.ipxe", &with("selinux=0 nofb vga=normal ipa-api-url=http://10.0.0.1:6385").unwrap());
    golden("common.ipxe", &common(&link("http://10.0.0.1/boot/ipxe"), None));
    let fallback = link("http://10.0.0.9/other.ipxe");
    golden("common-fallback.ipxe", &common(&link("http://10.0.0.1/boot/ipxe"), Some(&fallback)));
    golden("disk.ipxe", &disk());
    golden("iso.ipxe", &iso(&link("http://10.0.0.9/a.iso")));
    golden("halt.ipxe", &halt(&["Ferric: node n1 ${mac}", "it boots || again"], 600, Halt::Disk));
    let cmdline = Cmdline::parse("text").unwrap();
    let discovery = discover(&link("http://10.0.0.1/boot/file/discovery"), &cmdline, MAC, 20).unwrap();
    golden("discover.ipxe", &discovery);
    let told =
        Cmdline::parse("ipa-inspection-callback-url=http://10.0.0.1/v1/continue_inspection x=1").unwrap();
    let discovery = discover(&link("http://10.0.0.1/boot/file/discovery"), &told, MAC, 20).unwrap();
    assert!(discovery.contains(
        " ipa-inspection-callback-url=http://10.0.0.1/v1/continue_inspection?system_uuid=${uuid} x=1 "
    ));
}

#[test]
fn what_ipxe_would_read_as_its_own_is_refused() {
    for value in ["${password}", "b || reboot", "b && x", "b #c", "b  c", "b "] {
        let mut cmdline = Cmdline::default();
        cmdline.push("a", value);
        assert!(of(&cmdline).is_err(), "{value}");
    }
    for text in ["a=b||c", "a=#x", "a=$x", "dyndbg=\"file a.c +p\"", "a={b}"] {
        assert!(with(text).is_ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_value_adds_a_line_or_a_command(text in "([a-z=\"# |&${}]|\\PC){0,60}") {
        let Ok(cmdline) = Cmdline::parse(&format!("k=\"{text}\"")) else { return Ok(()) };
        let Ok(script) = with(&cmdline.to_string()) else { return Ok(()) };
        let usual = with("").unwrap();
        prop_assert_eq!(script.lines().count(), usual.lines().count());
        let line = script.lines().find(|line| line.starts_with("kernel ")).unwrap();
        let ends = line.split(' ').skip(1).filter(|word| matches!(*word, "||" | "&&") || word.starts_with('#'));
        prop_assert_eq!(ends.count(), 1);
        let replaces = line.contains("${");
        prop_assert!(!replaces);
    }

    #[test]
    fn no_message_is_a_command(text in "\\PC{0,60}") {
        let script = halt(&[&text], 5, Halt::PowerOff);
        prop_assert_eq!(script.lines().count(), 4);
        let ends = script.split_whitespace().filter(|word| matches!(*word, "||" | "&&"));
        prop_assert_eq!(ends.count(), 1);
        prop_assert!(!script.contains('$'));
    }
}
