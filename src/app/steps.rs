//! `ferric steps check`: what a daemon would say to a folder of steps, without one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::{User, geteuid};

use crate::base::time::{RealClock, SharedClock};
use crate::driver::registry;
use crate::driver::site::answer;
use crate::driver::site::caller::{self, Words};
use crate::driver::site::manifest::folder::Found;
use crate::driver::site::manifest::{Manifest, What, folder};
use crate::driver::site::question::Phase;
use crate::driver::site::shelf::Shelf;
use crate::driver::site::{SiteSettings, Sites, folder as homes};
use crate::driver::table::TYPES;
use crate::model::catalog::Catalog;

/// Says what is known of each manifest; true if all are taken, and the look, if one is wanted, is answered by a turn.
pub fn check(path: &Path, look: Option<&Path>, out: &mut dyn Write) -> anyhow::Result<bool> {
    let path = path.canonicalize().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let of = if path.is_dir() { path.clone() } else { path.parent().unwrap_or(&path).to_owned() };
    let settings = settings(of);
    let base = registry::catalog(TYPES.iter().map(|row| row.name))?;
    let found = folder::read(&settings, &base);
    let is_meant = |file: &Path| path.is_dir() || file == path;
    let is_well = told(&found, &is_meant, out)?;
    let Some(question) = look else { return Ok(is_well) };
    let Some(manifest) = found.manifests.iter().find(|manifest| manifest.file == path) else {
        writeln!(out, "a look is asked of one manifest: name it instead of its folder")?;
        return Ok(false);
    };
    let question = fs::read(question).map_err(|error| anyhow::anyhow!("{}: {error}", question.display()))?;
    Ok(looked(settings, base, manifest, &question, out)? && is_well)
}

fn told(found: &Found, is_meant: &dyn Fn(&Path) -> bool, out: &mut dyn Write) -> anyhow::Result<bool> {
    for manifest in found.manifests.iter().filter(|manifest| is_meant(&manifest.file)) {
        writeln!(out, "{}: {}", manifest.file.display(), shown(&manifest.what))?;
    }
    let mut is_well = true;
    for refused in found.refused.iter().filter(|refused| is_meant(&refused.file) || refused.file.is_dir()) {
        writeln!(out, "{}: refused: {}", refused.file.display(), refused.why)?;
        is_well = false;
    }
    Ok(is_well)
}

fn shown(what: &What) -> String {
    match what {
        What::Step(step) => {
            let kinds = step.kinds.iter().map(|(kind, priority)| format!("{} {priority}", kind.name()));
            format!("step {}.{} ({})", step.interface, step.step, kinds.collect::<Vec<_>>().join(", "))
        }
        What::Hook(hook) => {
            let after = hook.after.as_ref().map(|(interface, step)| format!("{interface}.{step}"));
            let kinds = hook.kinds.iter().map(|kind| kind.name());
            let after = after.unwrap_or_else(|| "every step".to_owned());
            format!("hook after {after} ({})", kinds.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Calls the executable as the daemon would.
fn looked(
    settings: SiteSettings,
    base: Catalog,
    manifest: &Manifest,
    question: &[u8],
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clock: SharedClock = runtime.block_on(async { Arc::new(RealClock::new()) as SharedClock });
    let homes = settings.tmp.clone();
    let sites = Sites::new(settings, clock, Arc::new(Shelf::new(base)));
    let words = Words { step: "a look".to_owned(), node: String::new(), secrets: Vec::new() };
    let said = runtime.block_on(caller::call(&sites, manifest, question, &words));
    drop(runtime);
    homes::sweep(&homes);
    let read = said.map_err(|error| error.to_string()).and_then(|bytes| {
        let turn = answer::parse(&bytes, Phase::Look)?;
        Ok((turn, String::from_utf8_lossy(&bytes).trim_end().to_owned()))
    });
    match read {
        Ok((_, said)) => writeln!(out, "{said}")?,
        Err(why) => {
            writeln!(out, "{}: {why}", manifest.executable.display())?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn settings(directory: PathBuf) -> SiteSettings {
    let nobody =
        || User::from_name("nobody").ok().flatten().map(|user| (user.uid.as_raw(), user.gid.as_raw()));
    let here = PathBuf::from(format!("steps-check-{}", std::process::id()));
    SiteSettings {
        directory,
        is_named: true,
        launcher: PathBuf::from("/proc/self/exe"),
        tmp: homes::of_calls(&here),
        kept: Vec::new(),
        at_once: 1,
        user: geteuid().is_root().then(|| nobody().unwrap_or((65_534, 65_534))),
        without_landlock: false,
    }
}
