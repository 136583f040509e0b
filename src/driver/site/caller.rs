//! One call of an executable: its process, its streams, its end. Nothing of it stays, however it ends.
//!
//! The process leads a group that none of its children can leave (`launcher/fence`), so killing the group ends them all.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, mkdtemp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::base::beside::beside;
use crate::base::time::sleep;
use crate::driver::site::answer::shown;
use crate::driver::site::launcher::order::{COMMAND, Order};
use crate::driver::site::manifest::Manifest;
use crate::driver::site::{Sites, folder, trust};

/// For whom a call is made.
#[derive(Debug, Clone)]
pub struct Words {
    pub step: String,
    pub node: String,
    /// What must not be repeated.
    pub secrets: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("{0}")]
    Unfit(String),
    #[error("it cannot be started: {0}")]
    Start(String),
    #[error("it was still at work after {} s and was ended", .0.as_secs())]
    Late(Duration),
    #[error("it said more than {0} and was ended")]
    Flood(&'static str),
    #[error("it {how}{}{said}", if .said.is_empty() { "" } else { ", and said: " })]
    Ended { how: String, said: String },
    #[error("{0}")]
    Answer(String),
    #[error("as many executables as may are at work")]
    Busy,
}

/// Calls an executable with a question; what it said on standard output.
pub async fn call(
    sites: &Sites,
    manifest: &Manifest,
    told: &[u8],
    words: &Words,
) -> Result<Vec<u8>, CallError> {
    let _place = tokio::select! {
        place = sites.permits.acquire() => place.map_err(|_| CallError::Busy)?,
        () = sleep(&*sites.clock, PATIENCE) => return Err(CallError::Busy),
    };
    let home = made_ready(sites, manifest).await?;
    let mut running = Running::start(sites, manifest, &home.0, words)?;
    let said = running.talk(sites, manifest.rules.timeout, told).await;
    let last = running.last_words();
    running.end(sites).await;
    if !last.is_empty() {
        let plain =
            words.secrets.iter().fold(last.clone(), |text, secret| text.replace(secret.as_str(), "******"));
        tracing::warn!(node = %words.node, step = %words.step, executable = %manifest.executable.display(),
            said = %plain, "an executable of the site said on standard error");
    }
    let (status, said) = said?;
    if status.success() {
        return Ok(said);
    }
    let last = last.chars().rev().take(LAST_SHOWN).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    Err(CallError::Ended { how: how_it_ended(status), said: last })
}

/// Sees that nobody else can have written what is run, and makes its folder. Disks may be slow: not on the async threads.
async fn made_ready(sites: &Sites, manifest: &Manifest) -> Result<Home, CallError> {
    let (settings, executable) = (sites.settings.clone(), manifest.executable.clone());
    let read = manifest.rules.read.clone();
    beside(usize::MAX, move || {
        trust::folder(&settings.directory).map_err(CallError::Unfit)?;
        trust::executable(&executable, settings.user).map_err(CallError::Unfit)?;
        trust::readable(&read, &settings).map_err(CallError::Unfit)?;
        Home::new(&settings.tmp).map_err(CallError::Start)
    })
    .await
}

fn how_it_ended(status: ExitStatus) -> String {
    let named = |number| Signal::try_from(number).map_or("?", Signal::as_str);
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(number)) => format!("was ended by signal {number} ({})", named(number)),
        (None, None) => "ended without saying how".to_owned(),
    }
}

/// A process and the group that it leads.
struct Running {
    child: Child,
    group: Option<Pid>,
    tail: Mutex<Vec<u8>>,
}

impl Running {
    fn start(sites: &Sites, manifest: &Manifest, home: &Path, words: &Words) -> Result<Self, CallError> {
        let order = Order::of(&sites.settings, manifest, home);
        let text = serde_json::to_string(&order).map_err(|error| CallError::Start(error.to_string()))?;
        let child = Command::new(&sites.settings.launcher)
            .args([COMMAND, &text])
            .env_clear()
            .envs([("PATH", PATH), ("LANG", "C.UTF-8"), ("FERRIC_STEP", &words.step)])
            .envs([("HOME", home), ("TMPDIR", home)])
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| CallError::Start(error.to_string()))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Self { child, group, tail: Mutex::default() })
    }

    /// Tells it the question and hears it out, until its end or its time is over.
    async fn talk(
        &mut self,
        sites: &Sites,
        limit: Duration,
        told: &[u8],
    ) -> Result<(ExitStatus, Vec<u8>), CallError> {
        let streams = (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = streams else {
            return Err(CallError::Start("it has no streams".to_owned()));
        };
        let Self { child, group, tail } = self;
        let ended = async {
            let status = child.wait().await.map_err(|error| CallError::Start(error.to_string()))?;
            // Who stays behind holds the streams open.
            kill(*group, Signal::SIGKILL);
            Ok(status)
        };
        let all = async {
            let (status, said, (), ()) =
                tokio::try_join!(ended, heard(stdout), listen(stderr, tail), tell(stdin, told))?;
            Ok((status, said))
        };
        tokio::select! {
            said = all => said,
            () = sleep(&*sites.clock, limit) => Err(CallError::Late(limit)),
        }
    }

    /// What it said last on standard error, in one line.
    fn last_words(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        shown(&String::from_utf8_lossy(&tail), TAIL)
    }

    /// Has it end: asked first, if it is still there.
    async fn end(&mut self, sites: &Sites) {
        if self.child.id().is_some() {
            kill(self.group, Signal::SIGTERM);
            tokio::select! {
                ended = self.child.wait() => { ended.ok(); }
                () = sleep(&*sites.clock, GRACE) => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill(self.group, Signal::SIGKILL);
    }
}

/// A group that is gone is no failure.
fn kill(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group
        && let Err(error) = killpg(group, signal)
        && error != Errno::ESRCH
    {
        tracing::warn!(%error, "a group of processes of the site could not be ended");
    }
}

/// All that it says, to a limit.
async fn heard(stream: impl AsyncRead + Unpin) -> Result<Vec<u8>, CallError> {
    let mut said = Vec::new();
    let most = u64::try_from(ANSWER).unwrap_or(u64::MAX);
    stream
        .take(most + 1)
        .read_to_end(&mut said)
        .await
        .map_err(|error| CallError::Start(error.to_string()))?;
    if said.len() > ANSWER { Err(CallError::Flood("64 KiB on standard output")) } else { Ok(said) }
}

/// Keeps the end of what it says.
async fn listen(mut stream: impl AsyncRead + Unpin, tail: &Mutex<Vec<u8>>) -> Result<(), CallError> {
    let (mut piece, mut whole) = ([0; 4096], 0);
    loop {
        let count = stream.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            return Ok(());
        }
        whole += count;
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(piece.get(..count).unwrap_or_default());
        let over = tail.len().saturating_sub(TAIL);
        tail.drain(..over);
        if whole > CHATTER {
            return Err(CallError::Flood("1 MiB on standard error"));
        }
    }
}

/// Tells it the question; who does not read it has that for a reason.
async fn tell(mut stream: ChildStdin, told: &[u8]) -> Result<(), CallError> {
    stream.write_all(told).await.ok();
    stream.shutdown().await.ok();
    Ok(())
}

/// A folder of one call's own, gone with it.
struct Home(PathBuf);

impl Home {
    fn new(base: &Path) -> Result<Self, String> {
        folder::open(base)?;
        mkdtemp(&base.join("call-XXXXXX"))
            .map(Self)
            .map_err(|error| format!("no folder in {}: {error}", base.display()))
    }
}

impl Drop for Home {
    /// What is in it may be much: a thread sees to it.
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.0);
        let clear = move || {
            std::fs::remove_dir_all(&path).ok();
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(clear)),
            Err(_) => clear(),
        }
    }
}

/// Bytes of an answer.
const ANSWER: usize = 64 << 10;
/// Bytes that are kept of what it says on standard error.
const TAIL: usize = 4 << 10;
/// Characters of that in an error.
const LAST_SHOWN: usize = 512;
/// Bytes that it may say there.
const CHATTER: usize = 1 << 20;
/// From the wish that it ends to its end.
const GRACE: Duration = Duration::from_secs(5);
/// A place is waited for so long, far shorter than any limit of lanes.
const PATIENCE: Duration = Duration::from_secs(30);
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
