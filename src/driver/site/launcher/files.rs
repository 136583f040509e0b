//! Which files an executable may touch (Landlock): it reads the system's programs, writes in its own folder, and finds
//! nothing of the daemon's state and configuration.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use crate::driver::site::launcher::order::Order;

/// Shuts all but what the order names.
pub fn shut(order: &Order) -> Result<(), String> {
    let status = enforced(order).map_err(|error| format!("files cannot be kept from it: {error}"))?;
    match status {
        RulesetStatus::NotEnforced if !order.without_landlock => Err(NO_LANDLOCK.to_owned()),
        RulesetStatus::NotEnforced | RulesetStatus::PartiallyEnforced | RulesetStatus::FullyEnforced => {
            Ok(())
        }
    }
}

fn enforced(order: &Order) -> Result<RulesetStatus, RulesetError> {
    let all = AccessFs::from_all(ABI::V5);
    let read = AccessFs::from_read(ABI::V5);
    let file = AccessFs::ReadFile | AccessFs::WriteFile;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    for path in PROGRAMS {
        rules = allow(rules, Path::new(path), read)?;
    }
    for path in FACTS {
        rules = allow(rules, Path::new(path), AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    for path in DEVICES {
        rules = allow(rules, Path::new(path), file)?;
    }
    for path in &order.read {
        rules = allow(rules, path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    rules = allow(rules, &order.folder, read)?;
    rules = allow(rules, &order.home, all)?;
    Ok(rules.restrict_self()?.ruleset)
}

/// What is not there, or cannot be opened, cannot be allowed either. Of a file only what a file has is asked for.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(opened) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V5) };
    rules.add_rule(PathBeneath::new(opened, access))
}

const NO_LANDLOCK: &str = "this kernel cannot keep files from executables of the site: boot it with lsm=landlock, or \
                           say [steps] without_landlock = true to run them all the same";
/// Programs and their libraries.
const PROGRAMS: [&str; 10] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store"];
/// What programs look up; nothing of ours.
const FACTS: [&str; 19] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki",
    "/etc/protocols",
    "/etc/python3",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/timezone",
];
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];
