//! What is enabled now: the drivers' catalog with the site's own steps, and which manifest stands for which.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use crate::driver::site::manifest::folder::Found;
use crate::driver::site::manifest::{Manifest, What};
use crate::model::catalog::Catalog;
use crate::model::interface::Interface;
use crate::model::step::site::{SiteCall, SiteFile, SiteSays, SiteSteps};
use crate::model::step::{By, Step};

/// The catalog, of which the site's part may be read again.
#[derive(Debug)]
pub struct Shelf {
    base: Arc<Catalog>,
    now: RwLock<Shelved>,
}

/// What one reading of the folder came to.
#[derive(Debug, Clone)]
struct Shelved {
    catalog: Arc<Catalog>,
    steps: Arc<BTreeMap<(Interface, String), Arc<Manifest>>>,
    hooks: Arc<BTreeMap<String, Arc<Manifest>>>,
}

impl Shelf {
    /// Without a step of the site.
    pub fn new(base: Catalog) -> Self {
        let base = Arc::new(base);
        let now = Shelved { catalog: base.clone(), steps: Arc::default(), hooks: Arc::default() };
        Self { base, now: RwLock::new(now) }
    }

    /// What the drivers declare: it never changes.
    pub fn base(&self) -> &Catalog {
        &self.base
    }

    /// All that is there, as it was last read.
    pub fn now(&self) -> Arc<Catalog> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).catalog.clone()
    }

    /// Puts what was found in the place of what was there; how many steps and hooks are taken.
    pub fn put(&self, found: Found) -> (usize, usize) {
        let files = files(&found);
        let Found { manifests, .. } = found;
        let (mut steps, mut hooks) = (BTreeMap::new(), BTreeMap::new());
        let (mut known, mut called) = (Vec::new(), Vec::new());
        for manifest in manifests {
            let manifest = Arc::new(manifest);
            match &manifest.what {
                What::Step(step) => {
                    known.push(step.clone());
                    steps.insert((step.interface, step.step.clone()), manifest.clone());
                }
                What::Hook(hook) => {
                    called.push(hook.clone());
                    hooks.insert(hook.name.clone(), manifest.clone());
                }
            }
        }
        called.sort_by(|one, other| one.name.cmp(&other.name));
        let counts = (known.len(), called.len());
        let site = SiteSteps { steps: known.into(), hooks: called.into(), files };
        let catalog = Arc::new(Catalog { site, ..Catalog::clone(&self.base) });
        let now = Shelved { catalog, steps: Arc::new(steps), hooks: Arc::new(hooks) };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = now;
        counts
    }

    /// The manifest that stands for a step of a plan; it may be gone since that was made.
    pub fn manifest(&self, step: &Step) -> Option<Arc<Manifest>> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner).clone();
        if step.by == By::Hook {
            return now.hooks.get(hook_of(step)?).cloned();
        }
        now.steps.get(&(step.interface, step.step.clone())).cloned()
    }
}

/// All that was found, in the order of the files' names.
fn files(found: &Found) -> Arc<[SiteFile]> {
    let shown = |path: &Path| path.display().to_string();
    let taken = found.manifests.iter().map(|manifest| {
        let call = SiteCall {
            executable: shown(&manifest.executable),
            timeout: manifest.rules.timeout.as_secs(),
            network: manifest.rules.network,
        };
        let says = match &manifest.what {
            What::Step(step) => SiteSays::Step(step.clone(), call),
            What::Hook(hook) => SiteSays::Hook(hook.clone(), call),
        };
        SiteFile { file: shown(&manifest.file), says }
    });
    let refused = found.refused.iter();
    let refused =
        refused.map(|one| SiteFile { file: shown(&one.file), says: SiteSays::Refused(one.why.clone()) });
    let mut files: Vec<_> = taken.chain(refused).collect();
    files.sort_by(|one, other| one.file.cmp(&other.file));
    files.into()
}

/// Which hook a step of a plan is.
pub fn hook_of(step: &Step) -> Option<&str> {
    step.args.get("hook").and_then(serde_json::Value::as_str)
}
