//! Appliance, simulated rack and progress table in one process: `ferric demo`.
//!
//! It uses the API as any client does. Its nodes are fake hardware, so a person's finger ([`finger`]) follows their
//! states and presses the servers' power buttons; with `--keep` the servers have BMCs as well ([`controllers`]).
#![allow(clippy::print_stdout, reason = "what the demo is for is what it prints")]

pub mod board;
pub mod controllers;
pub mod finger;
pub mod folder;
pub mod life;
pub mod signals;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::error::AppError;
use crate::app::{App, practice};
use crate::base::mac::Mac;
use crate::base::size::human;
use crate::base::time::{RealClock, SharedClock, sleep};
use crate::cli::console::Console;
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::demo::board::Board;
use crate::demo::controllers::{ControllerError, Controllers};
use crate::demo::folder::{Folder, sweep};
use crate::demo::life::{Image, Life};
use crate::demo::signals::{Signal, Signals};
use crate::twin::rack::Rack;
use crate::twin::server::TwinError;
use crate::twin::settings::Settings;

/// Why the demo does not end well.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error("a simulated server could not be made")]
    Twin(#[from] TwinError),
    #[error(transparent)]
    Controller(#[from] ControllerError),
    #[error("making the disk image was given up")]
    Image,
    #[error("the folder {path} cannot be used for the demo; TMPDIR says which one to take")]
    Place { path: PathBuf, source: std::io::Error },
    #[error("the demo's folder {path} could not be used")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the API refused: {0}")]
    Api(#[from] CliError),
    #[error("{failed} of {servers} servers did not become active with the right disk")]
    Failed { failed: usize, servers: usize },
    #[error("ended by {0} before all servers were active")]
    Interrupted(Signal),
    #[error("signals could not be taken")]
    Signals(#[source] std::io::Error),
    #[error("standard output could not be written to")]
    Output(#[from] std::io::Error),
}

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub servers: u16,
    pub keep: bool,
}

/// Runs the demo to its end, or until interrupted with `keep`. However it ends, all is torn down before it returns.
pub async fn run(wanted: Wanted, console: &mut Console<'_>) -> Result<(), DemoError> {
    let mut signals = Signals::take().map_err(DemoError::Signals)?;
    let folder = make_folder(&std::env::temp_dir(), console)?;
    console.line(&format!("Starting the appliance with its state in {}", folder.path.display()))?;
    let app = practice::start_on_loopback(&folder.path.join("data")).await?;
    let done = on_stage(wanted, &app, &folder, &mut signals, console).await;
    app.drain().await;
    done
}

/// Sweeps `place` and makes the demo's folder in it.
fn make_folder(place: &Path, console: &mut Console<'_>) -> Result<Folder, DemoError> {
    let failed = |source| DemoError::Place { path: place.to_owned(), source };
    for path in sweep(place).map_err(failed)? {
        console.line(&format!("Removed {}, which a demo that was killed had left", path.display()))?;
    }
    Folder::new(place).map_err(failed)
}

async fn on_stage(
    wanted: Wanted,
    app: &App,
    folder: &Folder,
    signals: &mut Signals,
    console: &mut Console<'_>,
) -> Result<(), DemoError> {
    let stage = Stage::set(wanted.servers, app, &folder.path, console).await?;
    let stop = CancellationToken::new();
    let finger = tokio::spawn(finger::follow(stage.follow(stop.clone())));
    let done = story(&stage, wanted.keep, signals, console).await;
    if wanted.keep || done.is_err() {
        // Nobody may be reading any more; it is torn down all the same.
        console.line("Switching the servers off and removing everything.").ok();
    }
    stop.cancel();
    finger.await.ok(); // it ends with the token and has nothing to say
    stage.rack.power_off().await;
    done
}

struct Stage {
    clock: SharedClock,
    url: String,
    rack: Rack,
    image: Image,
    link: Arc<Link>,
    board: Arc<Board>,
}

impl Stage {
    async fn set(
        servers: u16,
        app: &App,
        folder: &Path,
        console: &mut Console<'_>,
    ) -> Result<Self, DemoError> {
        let clock: SharedClock = Arc::new(RealClock::new());
        let url = format!("http://{}", app.api);
        let rack_url = app.rack.map_or_else(|| url.clone(), |rack| format!("http://{rack}"));
        console.line(&format!("The API is at {url}"))?;
        let image = make_image(folder, &rack_url).await?;
        console.line(&format!("Made a disk image of {}, SHA-256 {}", human(image.size), image.sha256))?;
        let rack = make_rack(servers, folder, &rack_url, &clock)?;
        let link = Arc::new(Link::open(&url)?);
        let board = Arc::new(Board::new(rack.servers(), clock.clone()));
        Ok(Self { clock, url, rack, image, link, board })
    }

    fn follow(&self, stop: CancellationToken) -> finger::Follow {
        finger::Follow {
            servers: self.rack.servers().to_vec(),
            link: self.link.clone(),
            board: self.board.clone(),
            clock: self.clock.clone(),
            stop,
        }
    }
}

/// From enrolment to the summary; with `keep` it then goes on until a signal comes, which is how it is meant to end.
async fn story(
    stage: &Stage,
    keep: bool,
    signals: &mut Signals,
    console: &mut Console<'_>,
) -> Result<(), DemoError> {
    tokio::select! {
        biased; // one that came before the stage was set is seen first
        signal = signals.next() => return Err(DemoError::Interrupted(signal)),
        done = deploy_all(stage, console) => done?,
    }
    if keep {
        let controllers = Controllers::start(&stage.rack, &CancellationToken::new()).await?;
        explain(stage, &controllers, console)?;
        signals.next().await;
        controllers.stop().await;
    }
    Ok(())
}

async fn deploy_all(stage: &Stage, console: &mut Console<'_>) -> Result<(), DemoError> {
    let began = stage.clock.tick();
    let mut lives = JoinSet::new();
    for (row, server) in stage.rack.servers().iter().enumerate() {
        let life = Life {
            row,
            server: server.clone(),
            link: stage.link.clone(),
            board: stage.board.clone(),
            clock: stage.clock.clone(),
            image: stage.image.clone(),
        };
        lives.spawn(life.live());
    }
    let mut failures = Vec::new();
    let mut left = lives.len();
    while left > 0 {
        tokio::select! {
            ended = lives.join_next() => {
                left -= 1;
                if let Some(Ok(Err(why))) = ended {
                    failures.push(why);
                }
            }
            () = sleep(&*stage.clock, REDRAW) => stage.board.draw(console)?,
        }
    }
    // The finger looks at the nodes a few times a second: the last table shows what the last look saw.
    sleep(&*stage.clock, LAST_LOOK).await;
    stage.board.draw_last(console)?;
    summary(stage, stage.clock.tick().since(began), &failures, console)
}

fn summary(
    stage: &Stage,
    took: Duration,
    failures: &[String],
    console: &mut Console<'_>,
) -> Result<(), DemoError> {
    let servers = stage.rack.servers().len();
    let bytes: u64 = stage.rack.servers().iter().map(|server| server.progress().bytes_written).sum();
    console.line("")?;
    for why in failures {
        console.line(&format!("FAILED  {why}"))?;
    }
    let good = servers - failures.len();
    console.line(&format!(
        "{good} of {servers} servers went from enroll to active in {:.1} s; {} written; each disk was read back and equals the image.",
        took.as_secs_f64(),
        human(bytes)
    ))?;
    if failures.is_empty() { Ok(()) } else { Err(DemoError::Failed { failed: failures.len(), servers }) }
}

fn explain(stage: &Stage, controllers: &Controllers, console: &mut Console<'_>) -> Result<(), DemoError> {
    let Stage { url, image, .. } = stage;
    let before = [
        String::new(),
        "The appliance and the servers stay up. In another terminal:".to_owned(),
        format!("  export FERRIC_URL={url}"),
        "  ferric node list".to_owned(),
        "  ferric node show demo-1".to_owned(),
        "  ferric node undeploy demo-1 --wait".to_owned(),
        format!(
            "  ferric node deploy demo-1 --image {} --checksum sha256:{} --wait",
            image.url, image.sha256
        ),
        "The stock clients work too:".to_owned(),
        format!("  OS_AUTH_TYPE=none OS_ENDPOINT={url} baremetal node list"),
        "The servers' power buttons go on being pressed as their nodes' power says.".to_owned(),
    ];
    let last = "Ctrl-C ends it and removes everything.".to_owned();
    for line in before.into_iter().chain(controllers.lines()).chain([last]) {
        console.line(&line)?;
    }
    Ok(())
}

async fn make_image(folder: &Path, rack_url: &str) -> Result<Image, DemoError> {
    let path = folder.join("data").join("images").join(IMAGE_NAME);
    let made = tokio::task::spawn_blocking(move || practice::make_demo_image(&path, IMAGE_SIZE)).await;
    let sha256 = made.map_err(|_| DemoError::Image)??;
    Ok(Image { url: format!("{rack_url}/images/{IMAGE_NAME}"), sha256, size: IMAGE_SIZE })
}

fn make_rack(servers: u16, folder: &Path, rack_url: &str, clock: &SharedClock) -> Result<Rack, DemoError> {
    let disks = folder.join("disks");
    std::fs::create_dir_all(&disks).map_err(|source| DemoError::Folder { path: disks.clone(), source })?;
    let model = Settings {
        disk_size: DISK_SIZE,
        boot_time: Duration::from_millis(500),
        pace: 0.1,
        beat_scale: 0.01,
        write_pause: Duration::from_millis(2),
        ..Settings::new("demo", Mac([0x52, 0x54, 0, 0, 0, 1]), disks, rack_url)
    };
    Ok(Rack::new(servers, &model, clock)?)
}

const IMAGE_NAME: &str = "demo.img";
/// Large enough to be seen being written, small enough for eight of them on a small machine.
const IMAGE_SIZE: u64 = 64 << 20;
/// The image and room for the config drive's partition; the file is sparse.
const DISK_SIZE: u64 = 160 << 20;
/// Two looks of the finger.
const LAST_LOOK: Duration = Duration::from_millis(450);
const REDRAW: Duration = Duration::from_millis(200);
