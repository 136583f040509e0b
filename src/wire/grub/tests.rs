use proptest::prelude::*;

use super::*;

fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/goldens/boot/{name}", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}

const MAC: Mac = Mac([0x52, 0x54, 0, 0xe2, 0xe0, 1]);

fn with(cmdline: &str) -> Result<String, Misread> {
    of(&Cmdline::parse(cmdline).unwrap())
}

fn of(cmdline: &Cmdline) -> Result<String, Misread> {
    let path = Path::parse("/boot/file/u/t").unwrap();
    start(&Start { files: Files::In(&path), cmdline, mac: MAC, end: End::PowerOff })
}

#[test]
fn configurations_are_as_written_down() {
    golden("common.grub", &common());
    golden("disk.grub", &disk());
    golden(
        "start.grub",
        &with("selinux=0 text dyndbg=\"file a.c +p\" ipa-api-url=http://10.0.0.1:6385").unwrap(),
    );
    let (path, cmdline) = (Path::parse("/boot/file/discovery").unwrap(), Cmdline::parse("text").unwrap());
    let start = Start { files: Files::ByProcessor(&path), cmdline: &cmdline, mac: MAC, end: End::Disk };
    golden("discover.grub", &super::start(&start).unwrap());
    golden("halt.grub", &halt(&["Ferric: it's node n1 $x", "again"], 600, End::Disk));
}

#[test]
fn what_grub_would_change_is_refused() {
    for value in ["it's", "b\\c"] {
        let mut cmdline = Cmdline::default();
        cmdline.push("a", value);
        assert!(of(&cmdline).is_err(), "{value}");
    }
    assert!(with("a=$x;b|c&d{e}#f").is_ok());
    for text in ["boot", "/a b", "/a;b", "/a'b", "/$x", "/a\n"] {
        assert_eq!(Path::parse(text), Err(PathError), "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_value_leaves_its_quotes(text in "([a-z='# |&;${}]|\\PC){0,60}") {
        let Ok(cmdline) = Cmdline::parse(&format!("k=\"{text}\"")) else { return Ok(()) };
        let Ok(script) = with(&cmdline.to_string()) else { return Ok(()) };
        prop_assert_eq!(script.lines().count(), with("").unwrap().lines().count());
        let line = script.lines().find(|line| line.contains("linux ")).unwrap();
        let outside: String = line.split('\'').step_by(2).collect();
        prop_assert_eq!(outside, "  if linux /boot/file/u/t/kernel  ; then");
    }

    #[test]
    fn no_message_leaves_its_quotes(text in "\\PC{0,60}") {
        let script = halt(&[&text], 5, End::Disk);
        let usual = halt(&["x"], 5, End::Disk);
        prop_assert_eq!(script.lines().count(), usual.lines().count());
        prop_assert_eq!(script.matches('\'').count(), usual.matches('\'').count());
    }
}
