//! The steps that simulated agents offer: those of the generic hardware manager, and those of a site's own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::wire::agent::step::{ArgInfo, InBandStep, StepKind, StepsReply};

/// A hardware manager beside the generic one, as sites write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The name under which it lists its steps and gives its version.
    pub name: String,
    pub version: String,
    pub steps: Vec<SiteStep>,
}

/// One step of a site's manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteStep {
    pub step: InBandStep,
    /// Its priority by kind of work; a kind that is not listed does not offer it.
    pub priorities: Vec<(StepKind, i64)>,
    pub act: SiteAct,
}

/// What a site's step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteAct {
    /// Ends well with this text, or with nothing.
    Say(Option<String>),
    /// Takes its time (by the clock, not by the pace) and ends with `{"slept": true}`.
    Sleep(Duration),
    /// Fails with this text.
    Fail(String),
    /// Needs an argument of this name and ends with `name=value`.
    Argument(String),
}

impl Site {
    /// A manager with a quick, a slow, a rebooting, a failing and an asking step, named `{prefix}_quick` and so on.
    pub fn sample(name: &str, prefix: &str, slow: Duration) -> Self {
        use StepKind::{Clean, Deploy, Service};
        let step = |word: &str, priorities: &[(StepKind, i64)], act| SiteStep {
            step: InBandStep { abortable: Some(true), ..bare(&format!("{prefix}_{word}"), "deploy", 0) },
            priorities: priorities.to_vec(),
            act,
        };
        let quick = SiteAct::Say(Some("quick done".to_owned()));
        let mut reboot = step("reboot", &[(Clean, 40)], SiteAct::Say(None));
        reboot.step.reboot_requested = true;
        let mut args = step("args", &[(Clean, 0)], SiteAct::Argument("x".to_owned()));
        "raid".clone_into(&mut args.step.interface);
        args.step.argsinfo = argsinfo(&[("x", true, "any text")]);
        let steps = vec![
            step("quick", &[(Clean, 90), (Deploy, 70), (Service, 0)], quick),
            step("slow", &[(Clean, 50), (Deploy, 0), (Service, 0)], SiteAct::Sleep(slow)),
            reboot,
            step("fail", &[(Clean, 0), (Deploy, 0)], SiteAct::Fail("asked to fail".to_owned())),
            args,
        ];
        Self { name: name.to_owned(), version: "1.0".to_owned(), steps }
    }

    fn offers(&self, kind: StepKind) -> Vec<InBandStep> {
        let offer = |site: &SiteStep| {
            let (_, priority) = site.priorities.iter().find(|(listed, _)| *listed == kind)?;
            Some(InBandStep { priority: *priority, ..site.step.clone() })
        };
        self.steps.iter().filter_map(offer).collect()
    }
}

/// What an agent with this site's manager (or none) answers to a list command.
pub fn offered(kind: StepKind, site: Option<&Site>) -> StepsReply {
    let mut managers = BTreeMap::from([(GENERIC.to_owned(), generic(kind))]);
    if let Some(site) = site {
        managers.insert(site.name.clone(), site.offers(kind));
    }
    StepsReply { managers, versions: versions(site) }
}

/// The managers' versions, which a caller sends back with each run command.
pub fn versions(site: Option<&Site>) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::from([("generic_hardware_manager".to_owned(), "1.2".to_owned())]);
    if let Some(site) = site {
        versions.insert(site.name.clone(), site.version.clone());
    }
    versions
}

/// Whether the generic manager has this step for this work.
pub fn is_generic(kind: StepKind, step: &str) -> bool {
    rows(kind).iter().any(|row| row.0 == step)
}

fn generic(kind: StepKind) -> Vec<InBandStep> {
    rows(kind)
        .iter()
        .map(|(name, interface, priority, abortable, args)| InBandStep {
            abortable: abortable.then_some(true),
            argsinfo: argsinfo(args),
            ..bare(name, interface, *priority)
        })
        .collect()
}

fn bare(step: &str, interface: &str, priority: i64) -> InBandStep {
    InBandStep {
        interface: interface.to_owned(),
        step: step.to_owned(),
        priority,
        reboot_requested: false,
        abortable: None,
        argsinfo: None,
    }
}

fn argsinfo(args: &[Arg]) -> Option<BTreeMap<String, ArgInfo>> {
    if args.is_empty() {
        return None;
    }
    let info = |(name, required, text): &Arg| {
        ((*name).to_owned(), ArgInfo { description: (*text).to_owned(), required: *required })
    };
    Some(args.iter().map(info).collect())
}

fn rows(kind: StepKind) -> &'static [Row] {
    match kind {
        StepKind::Clean => CLEAN,
        StepKind::Deploy => DEPLOY,
        StepKind::Service => SERVICE,
    }
}

/// Name, whether it is needed, description.
type Arg = (&'static str, bool, &'static str);

/// Step, interface, priority, whether it says that it is abortable, arguments.
type Row = (&'static str, &'static str, i64, bool, &'static [Arg]);

const GENERIC: &str = "GenericHardwareManager";

const NVRAM: &[Arg] = &[("match_patterns", false, "patterns of the boot entries to remove")];
const RAID: &[Arg] = &[
    ("raid_config", true, "the volumes to make"),
    ("delete_existing", false, "whether volumes that are there go first"),
];
const FILES: &[Arg] = &[
    ("files", false, "what to put where on the installed disk"),
    ("verify_ca", false, "whether servers' certificates are checked"),
];

#[rustfmt::skip]
const CLEAN: &[Row] = &[
    ("erase_devices",          "deploy", 10, true, &[]),
    ("erase_devices_metadata", "deploy", 99, true, &[]),
    ("erase_devices_express",  "deploy",  0, true, &[]),
    ("erase_pstore",           "deploy",  0, true, &[]),
    ("clean_uefi_nvram",       "deploy",  0, true, NVRAM),
    ("delete_configuration",   "raid",    0, true, &[]),
    ("create_configuration",   "raid",    0, true, &[]),
    ("burnin_cpu",             "deploy",  0, true, &[]),
    ("burnin_gpu",             "deploy",  0, true, &[]),
    ("burnin_disk",            "deploy",  0, true, &[]),
    ("burnin_memory",          "deploy",  0, true, &[]),
    ("burnin_network",         "deploy",  0, true, &[]),
];

#[rustfmt::skip]
const DEPLOY: &[Row] = &[
    ("erase_devices_metadata", "deploy", 0, false, &[]),
    ("apply_configuration",    "raid",   0, false, RAID),
    ("clean_uefi_nvram",       "deploy", 0, false, NVRAM),
    ("write_image",            "deploy", 0, false, &[]),
    ("inject_files",           "deploy", 0, false, FILES),
    ("execute_bootc_install",  "deploy", 0, false, &[]),
];

#[rustfmt::skip]
const SERVICE: &[Row] = &[
    ("delete_configuration",  "raid",   0, true,  &[]),
    ("apply_configuration",   "raid",   0, false, RAID),
    ("create_configuration",  "raid",   0, true,  &[]),
    ("burnin_cpu",            "deploy", 0, true,  &[]),
    ("burnin_gpu",            "deploy", 0, true,  &[]),
    ("burnin_memory",         "deploy", 0, true,  &[]),
    ("burnin_network",        "deploy", 0, true,  &[]),
    ("write_image",           "deploy", 0, false, &[]),
    ("inject_files",          "deploy", 0, false, FILES),
    ("execute_bootc_install", "deploy", 0, false, &[]),
];
