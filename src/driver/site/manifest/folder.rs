//! The folder of manifests, read whole.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::driver::site::manifest::{Manifest, What};
use crate::driver::site::{SiteSettings, trust};
use crate::model::catalog::Catalog;
use crate::model::step::site::SiteStep;

/// What the folder holds.
#[derive(Debug, Default)]
pub struct Found {
    pub manifests: Vec<Manifest>,
    pub refused: Vec<Refused>,
}

/// A file that is not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub file: PathBuf,
    pub why: String,
}

/// Reads every manifest of the folder, in the order of their names. Blocks.
pub fn read(settings: &SiteSettings, base: &Catalog) -> Found {
    let mut found = Found::default();
    let files = match files(settings) {
        Ok(files) => files,
        Err(why) => {
            found.refused.push(Refused { file: settings.directory.clone(), why });
            return found;
        }
    };
    let mut taken = BTreeMap::new();
    for file in files {
        let made = one(&file, settings.user).and_then(|manifest| {
            fits(&manifest, base, &taken)?;
            trust::readable(&manifest.rules.read, settings)?;
            Ok(manifest)
        });
        match made {
            Ok(manifest) => {
                taken.insert(key(&manifest.what), file);
                found.manifests.push(manifest);
            }
            Err(why) => found.refused.push(Refused { file, why }),
        }
    }
    found
}

/// The manifests of the folder; none, if there is no folder and none was asked for.
fn files(settings: &SiteSettings) -> Result<Vec<PathBuf>, String> {
    let folder = &settings.directory;
    if !settings.is_named && !folder.exists() {
        return Ok(Vec::new());
    }
    trust::folder(folder)?;
    let entries = fs::read_dir(folder).map_err(|error| format!("folder {}: {error}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("toml")))
        .collect();
    if files.len() > MOST {
        return Err(format!("{} manifests are over the limit of {MOST}", files.len()));
    }
    files.sort();
    Ok(files)
}

/// One manifest with an executable that may be run.
pub fn one(file: &Path, user: Option<(u32, u32)>) -> Result<Manifest, String> {
    let length = trust::file(file)?.len();
    if length > LONGEST {
        return Err(format!("{length} bytes are over the limit of {LONGEST}"));
    }
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let manifest = Manifest::parse(file, &text)?;
    trust::executable(&manifest.executable, user)?;
    Ok(manifest)
}

/// Nobody else may have a step of that name, on any node.
fn fits(manifest: &Manifest, base: &Catalog, taken: &BTreeMap<String, PathBuf>) -> Result<(), String> {
    if let Some(other) = taken.get(&key(&manifest.what)) {
        return Err(format!("{} has that {} already", other.display(), key(&manifest.what)));
    }
    match &manifest.what {
        What::Hook(_) => Ok(()),
        What::Step(step) => driver_has_none(step, base),
    }
}

fn driver_has_none(step: &SiteStep, base: &Catalog) -> Result<(), String> {
    let same = |((interface, name), found): (&(_, String), &crate::model::catalog::Implementation)| {
        let mut specs = found.steps.iter();
        let has = specs.find(|spec| spec.step == step.step && step.kinds.contains_key(&spec.kind))?;
        (*interface == step.interface).then(|| (name.clone(), has.kind))
    };
    match base.implementations.iter().find_map(same) {
        Some((name, kind)) => Err(format!(
            "step = {:?}: the {} interface {name:?} has a {} step of that name",
            step.step,
            step.interface,
            kind.name()
        )),
        None => Ok(()),
    }
}

/// What must not be there twice.
fn key(what: &What) -> String {
    match what {
        What::Step(step) => format!("step {}.{}", step.interface, step.step),
        What::Hook(hook) => format!("hook {}", hook.name),
    }
}

/// Manifests in a folder.
const MOST: usize = 256;
/// Bytes of a manifest.
const LONGEST: u64 = 64 << 10;
