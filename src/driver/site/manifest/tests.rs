//! Manifests, good and bad.

use std::path::Path;

use super::*;

const GOOD: &str = "interface='vendor'\nstep='lamp'\nkinds=['clean']\nagain='repeat'\n";

fn parsed(text: &str) -> Result<Manifest, String> {
    Manifest::parse(Path::new("/steps/lamp.toml"), text)
}

fn step_of(text: &str) -> SiteStep {
    match parsed(text).unwrap().what {
        What::Step(step) => step,
        What::Hook(hook) => panic!("{hook:?}"),
    }
}

#[test]
fn what_is_left_out_has_a_meaning() {
    let manifest = parsed(GOOD).unwrap();
    assert_eq!(manifest.executable, Path::new("/steps/lamp"));
    assert_eq!(manifest.rules.timeout, Duration::from_mins(1));
    assert!(!manifest.rules.network && manifest.rules.driver_info.is_empty());
    let step = step_of(GOOD);
    assert_eq!(step.kinds, BTreeMap::from([(Kind::Clean, 0)]));
    assert!(!step.abortable && !step.needs_ramdisk);
    let both = GOOD.replace("['clean']", "['clean', 'deploy']") + "priority = { deploy = 70 }";
    let step = step_of(&both);
    assert_eq!(step.kinds, BTreeMap::from([(Kind::Clean, 0), (Kind::Deploy, 70)]));
    assert!(!step.abortable && step.within.is_none(), "nor in a deployment");
    let needed = "\n[args.level]\ndescription='x'\nrequired=true";
    for priority in ["priority=0", "priority={service=9}"] {
        let asked = GOOD.replace("['clean']", "['clean', 'service']") + priority + "\nwithin=99" + needed;
        let step = step_of(&asked);
        assert_eq!(
            (step.args.len(), step.within),
            (1, Some(99)),
            "whoever asks for it can give the argument"
        );
    }
    let all = step_of(&(GOOD.replace("['clean']", "['clean', 'verify']") + "priority = 9"));
    assert_eq!(all.kinds, BTreeMap::from([(Kind::Clean, 9), (Kind::Verify, 9)]));
}

#[test]
fn each_mistake_is_told_by_its_key() {
    let without = |line: &str| GOOD.replace(line, "");
    let with = |line: &str| format!("{GOOD}{line}");
    for (text, word) in [
        ("interface=".to_owned(), "line 1"),
        (with("colour='red'"), "line 5: unknown field `colour`"),
        (without("interface='vendor'"), "interface is missing"),
        (without("step='lamp'"), "step is missing"),
        (without("kinds=['clean']"), "kinds is missing"),
        (without("again='repeat'"), "again is missing"),
        (GOOD.replace("repeat", "sometimes"), "line 4: unknown variant `sometimes`"),
        (GOOD.replace("'vendor'", "'radio'"), "line 1: unknown variant `radio`"),
        (GOOD.replace("'vendor'", "'console'"), "it has no steps in clean"),
        (GOOD.replace("'lamp'", "'a b'"), "\"a b\" must be"),
        (GOOD.replace("'lamp'", "'reboot'"), "the daemon itself has a step of that name"),
        (GOOD.replace("['clean']", "['delete']"), "clean, deploy, service or verify"),
        (GOOD.replace("['clean']", "['clean', 'rescue']"), "clean, deploy, service or verify"),
        (GOOD.replace("['clean']", "['service']").replace("'vendor'", "'network'"), "no request can name"),
        (
            GOOD.replace("'vendor'", "'deploy'").replace("'lamp'", "'erase_devices'"),
            "the agent has a deploy step",
        ),
        (GOOD.replace("['clean']", "['clean', 'clean']"), "names clean twice"),
        (with("priority=-1"), "priority = -1"),
        (with("priority='high'"), "a whole number, or a table"),
        (with("priority={deploy=3}"), "priority.deploy"),
        (with("timeout=0"), "timeout = 0: it must be from 1 to 3600"),
        (with("within=0"), "within = 0: it must be from 1 to"),
        (with("timeout=-3"), "line 5: invalid value: integer `-3`"),
        (with("memory_mib=1"), "memory_mib = 1"),
        (with("executable='../sh'"), "beside the manifest"),
        (with("read=['srv']"), "no absolute path"),
        (with("after='*'"), "after is for hooks"),
        (
            with("priority=9\n[args.level]\ndescription='x'\nrequired=true"),
            "args.level: required = true, but with",
        ),
        (with("[args.level]\nrequired=true"), "missing field `description`"),
        (with("[args.level]\ndescription='x'\ntype='int'"), "unknown field `type`"),
        ("type='hook'\nagain='repeat'".to_owned(), "after is missing"),
        ("type='hook'\nagain='repeat'\nafter='lamp'".to_owned(), "must be interface.step"),
        ("type='hook'\nagain='repeat'\nafter='*'\nstep='lamp'".to_owned(), "step is for steps"),
        ("type='hook'\nagain='repeat'\nafter='*'\nkinds=['verify']".to_owned(), "clean, deploy and service"),
    ] {
        let why = parsed(&text).unwrap_err();
        assert!(why.contains(word), "{text}: {why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

#[test]
fn a_hook_follows_one_step_or_all() {
    let hook =
        |after: &str| match parsed(&format!("type='hook'\nagain='never'\nafter='{after}'")).unwrap().what {
            What::Hook(hook) => hook,
            What::Step(step) => panic!("{step:?}"),
        };
    let all = hook("*");
    assert_eq!((all.name.as_str(), all.after, all.again), ("lamp", None, Again::Never));
    assert_eq!(all.kinds, [Kind::Clean, Kind::Deploy, Kind::Service]);
    assert_eq!(
        hook("raid.apply_configuration").after,
        Some((Interface::Raid, "apply_configuration".to_owned()))
    );
}
