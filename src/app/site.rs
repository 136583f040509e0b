//! What lanes and drivers are given, from the configuration.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nix::unistd::{User, geteuid};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::images;
use crate::base::secret::Secret;
use crate::base::time::SharedClock;
use crate::conduct::console::{Consoles, Means};
use crate::conduct::hands::Drivers;
use crate::conduct::hands::calls::Calls;
use crate::conduct::relatives::OtherLanes;
use crate::conduct::site::{RECOVERY_AT_ONCE, Site};
use crate::conduct::tray::Tray;
use crate::config::Config;
use crate::config::section::{Delay, Fake};
use crate::depot::blobs::Blobs;
use crate::depot::gallery::Gallery;
use crate::driver::agent::{AgentSettings, Agents};
use crate::driver::bmc::Ground;
use crate::driver::boot::BootGround;
use crate::driver::fake::FakeRack;
use crate::driver::fake::delays::{FakeDelay, FakeDelays};
use crate::driver::registry::{Parts, Registry};
use crate::driver::site::{SiteSettings, folder};
use crate::net::client::Client;
use crate::net::whereabouts::Whereabouts;
use crate::store::Store;

/// What lanes, desk and ticks share.
pub(super) fn of(
    config: &Config,
    clock: SharedClock,
    store: &Store,
    registry: &Arc<Registry>,
    (tasks, stop): (TaskTracker, CancellationToken),
) -> Site {
    let drivers = drivers(config, &clock, registry);
    Site {
        reader: store.reader(),
        writer: store.writer(),
        due: store.due(),
        hands: drivers.clone(),
        clock,
        policy: Arc::new(config.policy.clone()),
        catalog: registry.shelf().clone(),
        tokens: Arc::new(fresh_token),
        tray: drivers.tray.clone(),
        consoles: drivers.consoles.clone(),
        others: OtherLanes::default(),
        freed: Arc::default(),
        stop,
        tasks,
        recovery: Arc::new(Semaphore::new(RECOVERY_AT_ONCE)),
    }
}

/// Those who touch machines.
fn drivers(config: &Config, clock: &SharedClock, registry: &Arc<Registry>) -> Arc<Drivers> {
    let (registry, clock) = (registry.clone(), clock.clone());
    let folder = config.data.join("consoles");
    let consoles = Consoles::new(Means { registry: registry.clone(), clock: clock.clone(), folder });
    let (tray, consoles) = (Arc::new(Tray::default()), Arc::new(consoles));
    let account = config.policy.discovery.bmc.clone();
    Arc::new(Drivers {
        registry,
        clock,
        logs: config.logs.clone(),
        tray,
        consoles,
        account,
        calls: Calls::default(),
    })
}

/// What agents are handed.
pub(super) struct Files {
    pub(super) gallery: Arc<Gallery>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) base: Whereabouts,
    pub(super) boot: BootGround,
}

pub(super) fn parts(config: &Config, clock: &SharedClock, files: Files, bmc: Ground) -> Parts {
    let Files { gallery, blobs, base, boot } = files;
    let settings = AgentSettings {
        command_timeout: Duration::from_secs(config.command_timeout.into()),
        power_limit: config.policy.power_state_change_timeout,
        power_looks: config.power_looks.0,
        power_interval: config.power_looks.1,
        way: images::way(&config.images),
        disk_guard: config.policy.disk_guard,
        manage_boot: config.policy.agent.manage_boot,
        stream_raw: config.images.stream_raw,
        rescue_requires_hash: config.policy.rescue.requires_hash,
        ..AgentSettings::new(config.policy.host.clone(), base)
    };
    // Without random numbers the delays are drawn in the same order at each start.
    let seed = getrandom::u64().unwrap_or_default();
    Parts {
        fake: Arc::new(FakeRack::new(clock.clone(), delays(&config.fake), seed)),
        agents: Arc::new(Agents { client: Client::new(), clock: clock.clone(), gallery, blobs, settings }),
        bmc,
        boot,
    }
}

/// How executables of the site are found and run; a folder of this daemon's own for what they write. What is wrong with
/// that is told when a step is wanted: it keeps nothing else from working.
pub(super) fn steps(config: &Config) -> SiteSettings {
    let steps = &config.steps;
    let user = geteuid().is_root().then(|| user_of(&steps.user));
    let directory = std::path::absolute(&steps.directory).unwrap_or_else(|_| steps.directory.clone());
    SiteSettings {
        directory,
        is_named: steps.is_named,
        launcher: steps.launcher.clone(),
        tmp: folder::of_calls(&config.data),
        kept: steps.kept.clone(),
        at_once: steps.at_once,
        user,
        without_landlock: steps.without_landlock,
    }
}

/// Its numbers; those of `nobody` for a user that is not known.
fn user_of(name: &str) -> (u32, u32) {
    if let Ok(Some(user)) = User::from_name(name) {
        (user.uid.as_raw(), user.gid.as_raw())
    } else {
        tracing::warn!(user = name, "[steps] user is not known here: executables run as nobody");
        NOBODY
    }
}

fn delays(fake: &Fake) -> FakeDelays {
    let delay = |given: Delay| FakeDelay { least: given.least, most: given.most };
    FakeDelays {
        power: delay(fake.power_delay),
        management: delay(fake.management_delay),
        deploy: delay(fake.deploy_delay),
        inspect: delay(fake.inspect_delay),
        rescue: delay(fake.rescue_delay),
        ..FakeDelays::default()
    }
}

/// The numbers of `nobody` where no file says them.
const NOBODY: (u32, u32) = (65_534, 65_534);

/// 32 random bytes as 43 URL-safe characters.
fn fresh_token() -> Secret {
    let mut bytes = [0; 32];
    if getrandom::fill(&mut bytes).is_err() {
        tracing::error!("the system gave no random numbers; no token can be made");
        return Secret::default();
    }
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}
