//! What a manifest may say (TOML), checked whole: a wrong one is refused with its file and key, and the others stay.

pub mod folder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::model::interface::Interface;
use crate::model::step::kept::WITH_STEPS;
use crate::model::step::site::{Only, SiteArg, SiteHook, SiteStep};
use crate::model::step::{Again, Kind};

/// One manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub file: PathBuf,
    pub executable: PathBuf,
    pub what: What,
    pub rules: Rules,
}

/// What it makes known.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Step(SiteStep),
    Hook(SiteHook),
}

/// What its executable is given, and where that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Longest that one call may take.
    pub timeout: Duration,
    /// Whether it may open sockets.
    pub network: bool,
    /// Members of `driver_info` that it is told, secrets among them.
    pub driver_info: Vec<String>,
    pub instance_info: Vec<String>,
    /// Files and folders that it may read beside those of the system.
    pub read: Vec<PathBuf>,
    /// Bytes of memory, of each process.
    pub memory: u64,
    /// Processes and threads of the user that it runs as.
    pub processes: u64,
    /// Bytes of a file that it writes.
    pub file_size: u64,
}

/// A manifest as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "type")]
    what: Type,
    interface: Option<Interface>,
    step: Option<String>,
    after: Option<String>,
    kinds: Option<Vec<Kind>>,
    #[serde(default)]
    description: String,
    executable: Option<String>,
    priority: Option<Priority>,
    abortable: Option<bool>,
    needs_ramdisk: Option<bool>,
    again: Option<Repeat>,
    args: Option<BTreeMap<String, WrittenArg>>,
    #[serde(default, rename = "for")]
    only: WrittenOnly,
    timeout: Option<u64>,
    within: Option<u32>,
    #[serde(default)]
    network: bool,
    #[serde(default)]
    driver_info: Vec<String>,
    #[serde(default)]
    instance_info: Vec<String>,
    #[serde(default)]
    read: Vec<PathBuf>,
    memory_mib: Option<u64>,
    processes: Option<u64>,
    file_mib: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    #[default]
    Step,
    Hook,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Repeat {
    #[serde(rename = "repeat")]
    Always,
    #[serde(rename = "look first")]
    LookFirst,
    #[serde(rename = "never")]
    Never,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a whole number, or a table of one for each kind")]
enum Priority {
    Same(i64),
    Each(BTreeMap<Kind, i64>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenArg {
    description: String,
    #[serde(default)]
    required: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenOnly {
    hardware_types: Vec<String>,
    traits: Vec<String>,
    interfaces: BTreeMap<Interface, Vec<String>>,
}

impl Manifest {
    /// Reads a manifest; an error names the key. Whether its executable is fit to be run is seen to elsewhere.
    pub fn parse(file: &Path, text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| one_line(&error, text))?;
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = written.executable.clone().unwrap_or_else(|| stem.to_owned());
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(format!("executable = {name:?}: it must be the name of a file beside the manifest"));
        }
        let rules = rules(&written)?;
        let what = match written.what {
            Type::Step => What::Step(step(written)?),
            Type::Hook => What::Hook(hook(written, stem)?),
        };
        Ok(Self { file: file.to_owned(), executable: file.with_file_name(name), what, rules })
    }
}

/// What is wrong and in which line, without the line itself.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let line =
        error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let why = error.message().replace('\n', ", ");
    line.map_or_else(|| why.clone(), |line| format!("line {line}: {why}"))
}

fn step(written: Written) -> Result<SiteStep, String> {
    if written.after.is_some() {
        return Err("after is for hooks: type = \"hook\"".to_owned());
    }
    let interface = written.interface.ok_or("interface is missing: whose step is it?")?;
    let step = written.step.ok_or("step is missing: what is it called?")?;
    check_name("step", &step)?;
    if RESERVED.contains(&step.as_str()) {
        return Err(format!("step = {step:?}: the daemon itself has a step of that name in every kind"));
    }
    let kinds =
        written.kinds.filter(|kinds| !kinds.is_empty()).ok_or("kinds is missing: clean, deploy, ...")?;
    check_kinds(&kinds, "step")?;
    if let Some(kind) = kinds.iter().find(|kind| kind.weight(interface) == 0) {
        return Err(format!("interface = \"{interface}\": it has no steps in {}", kind.name()));
    }
    if kinds.iter().any(|kind| *kind != Kind::Verify) && !WITH_STEPS.contains(&interface) {
        return Err(format!(
            "interface = \"{interface}\": no request can name a step of it; that is for verify alone"
        ));
    }
    if AGENTS.contains(&(interface, step.as_str())) {
        return Err(format!(
            "step = {step:?}: the agent has a {interface} step of that name, and this would take its place"
        ));
    }
    let priorities = priorities(&kinds, written.priority)?;
    let args = written.args.unwrap_or_default().into_iter().map(|(name, arg)| {
        check_name("args", &name)?;
        Ok(SiteArg { name, description: arg.description, required: arg.required })
    });
    let args: Vec<_> = args.collect::<Result<_, String>>()?;
    check_required(&args, &priorities)?;
    Ok(SiteStep {
        interface,
        step,
        description: written.description,
        kinds: priorities,
        abortable: written.abortable.unwrap_or(false),
        needs_ramdisk: written.needs_ramdisk.unwrap_or(false),
        again: written.again.ok_or(NO_AGAIN)?.into(),
        args,
        within: whole(written.within)?,
        only: written.only.into(),
    })
}

fn hook(written: Written, stem: &str) -> Result<SiteHook, String> {
    let strangers = [
        ("interface", written.interface.is_some()),
        ("step", written.step.is_some()),
        ("priority", written.priority.is_some()),
        ("args", written.args.is_some()),
        ("abortable", written.abortable.is_some()),
        ("needs_ramdisk", written.needs_ramdisk.is_some()),
    ];
    if let Some((key, _)) = strangers.iter().find(|(_, given)| *given) {
        return Err(format!("{key} is for steps, and this is a hook"));
    }
    let after = written.after.ok_or("after is missing: interface.step, or * for every step")?;
    let kinds = written.kinds.unwrap_or_else(|| vec![Kind::Clean, Kind::Deploy, Kind::Service]);
    check_kinds(&kinds, "hook")?;
    if kinds.contains(&Kind::Verify) {
        return Err("kinds: hooks follow steps of clean, deploy and service".to_owned());
    }
    check_name("the name of the manifest", stem)?;
    Ok(SiteHook {
        name: stem.to_owned(),
        description: written.description,
        kinds,
        after: followed(&after)?,
        again: written.again.ok_or(NO_AGAIN)?.into(),
        within: whole(written.within)?,
        only: written.only.into(),
    })
}

/// The step that a hook follows; `None` is every one.
fn followed(after: &str) -> Result<Option<(Interface, String)>, String> {
    if after == "*" {
        return Ok(None);
    }
    let parts =
        after.split_once('.').and_then(|(interface, step)| Some((Interface::parse(interface)?, step)));
    let (interface, step) =
        parts.ok_or_else(|| format!("after = {after:?}: it must be interface.step, or * for every step"))?;
    check_name("after", step)?;
    Ok(Some((interface, step.to_owned())))
}

fn check_kinds(kinds: &[Kind], what: &str) -> Result<(), String> {
    let known = [Kind::Clean, Kind::Deploy, Kind::Service, Kind::Verify];
    if kinds.iter().any(|kind| !known.contains(kind)) {
        return Err(format!("kinds: a {what} is for clean, deploy, service or verify"));
    }
    let twice =
        kinds.iter().enumerate().find(|(place, kind)| kinds.iter().take(*place).any(|one| one == *kind));
    twice.map_or(Ok(()), |(_, kind)| Err(format!("kinds names {} twice", kind.name())))
}

fn priorities(kinds: &[Kind], priority: Option<Priority>) -> Result<BTreeMap<Kind, i64>, String> {
    let each = match priority {
        None => BTreeMap::new(),
        Some(Priority::Same(priority)) => kinds.iter().map(|kind| (*kind, priority)).collect(),
        Some(Priority::Each(each)) => each,
    };
    if let Some((kind, _)) = each.iter().find(|(kind, _)| !kinds.contains(kind)) {
        return Err(format!("priority.{}: {} is none of its kinds", kind.name(), kind.name()));
    }
    if let Some(priority) = each.values().find(|priority| !(0..=PRIORITY).contains(*priority)) {
        return Err(format!("priority = {priority}: it must be from 0 (on request only) to {PRIORITY}"));
    }
    Ok(kinds.iter().map(|kind| (*kind, each.get(kind).copied().unwrap_or(0))).collect())
}

/// A step that runs without being asked for is told no argument.
fn check_required(args: &[SiteArg], priorities: &BTreeMap<Kind, i64>) -> Result<(), String> {
    let by_itself = |(kind, priority): &(&Kind, &i64)| **priority > 0 && **kind != Kind::Service;
    match (args.iter().find(|arg| arg.required), priorities.iter().find(by_itself)) {
        (Some(arg), Some((kind, priority))) => Err(format!(
            "args.{}: required = true, but with priority {priority} the step runs in every {} and nobody can give it: \
             make it optional, or the priority 0",
            arg.name,
            kind.name()
        )),
        _ => Ok(()),
    }
}

/// The time for which a step may wait in all.
fn whole(within: Option<u32>) -> Result<Option<u32>, String> {
    match within {
        Some(seconds) if !(1..=LONGEST_WHOLE).contains(&seconds) => {
            Err(format!("within = {seconds}: it must be from 1 to {LONGEST_WHOLE}"))
        }
        known => Ok(known),
    }
}

fn rules(written: &Written) -> Result<Rules, String> {
    let within =
        |key: &str, given: Option<u64>, usual: u64, least: u64, most: u64| match given.unwrap_or(usual) {
            value if (least..=most).contains(&value) => Ok(value),
            value => Err(format!("{key} = {value}: it must be from {least} to {most}")),
        };
    if let Some(path) = written.read.iter().find(|path| !path.is_absolute()) {
        return Err(format!("read: {} is no absolute path", path.display()));
    }
    for (key, names) in [("driver_info", &written.driver_info), ("instance_info", &written.instance_info)] {
        for name in names {
            check_name(key, name)?;
        }
    }
    Ok(Rules {
        timeout: Duration::from_secs(within("timeout", written.timeout, TIMEOUT, 1, LONGEST)?),
        network: written.network,
        driver_info: written.driver_info.clone(),
        instance_info: written.instance_info.clone(),
        read: written.read.clone(),
        memory: within("memory_mib", written.memory_mib, 512, 16, 16 << 10)? << 20,
        processes: within("processes", written.processes, 128, 8, 4096)?,
        file_size: within("file_mib", written.file_mib, 64, 1, 16 << 10)? << 20,
    })
}

fn check_name(key: &str, name: &str) -> Result<(), String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        return Err(format!("{key}: {shown:?} must be 1 to {LONGEST_NAME} letters, digits, _ or -"));
    }
    Ok(())
}

impl From<Repeat> for Again {
    fn from(written: Repeat) -> Self {
        match written {
            Repeat::Always => Self::Repeat,
            Repeat::LookFirst => Self::LookFirst,
            Repeat::Never => Self::Never,
        }
    }
}

impl From<WrittenOnly> for Only {
    fn from(written: WrittenOnly) -> Self {
        let WrittenOnly { hardware_types, traits, interfaces } = written;
        Self { hardware_types, traits, interfaces }
    }
}

/// Nobody else can know it, and a wrong guess breaks a machine.
const NO_AGAIN: &str = "again is missing: may it be done twice? \"repeat\", \"look first\" or \"never\"";
/// Steps that pipelines do themselves (contract `steps.md` section 2).
const RESERVED: [&str; 5] = ["power_on", "power_off", "reboot", "hold", "wait"];
/// Steps of the stock agent (contract `agent.md`).
const AGENTS: [(Interface, &str); 10] = [
    (Interface::Deploy, "erase_devices"),
    (Interface::Deploy, "erase_devices_metadata"),
    (Interface::Deploy, "erase_devices_express"),
    (Interface::Deploy, "erase_pstore"),
    (Interface::Deploy, "burnin_cpu"),
    (Interface::Deploy, "burnin_disk"),
    (Interface::Deploy, "burnin_gpu"),
    (Interface::Deploy, "burnin_memory"),
    (Interface::Deploy, "burnin_network"),
    (Interface::Deploy, "inject_files"),
];
/// Far above all that drivers have.
const PRIORITY: i64 = 10_000;
/// Seconds of a call whose manifest names none.
const TIMEOUT: u64 = 60;
/// Seconds: what takes longer says `look_in` and goes on elsewhere, so that it outlives the daemon.
const LONGEST: u64 = 3600;
/// Seconds: a month.
const LONGEST_WHOLE: u32 = 31 * 24 * 3600;
const LONGEST_NAME: usize = 80;

#[cfg(test)]
mod tests;
