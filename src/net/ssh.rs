//! A shell over SSH with a password: how a BMC offers its machine's serial line. The host's key is the caller's to know.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{AuthResult, Config, Handle, Handler, KeyboardInteractiveAuthResponse, Msg, connect};
use russh::keys::{HashAlg, PublicKeyOrCertificate};
use russh::{ChannelStream, Disconnect};
use tokio::io::{AsyncWriteExt, DuplexStream, copy_bidirectional};

use crate::base::secret::Secret;

/// Where a shell is wanted, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Secret,
    /// The host's key as it is known, `SHA256:` and base64; the first one seen is taken where none is.
    pub known: Option<String>,
}

/// Why there is no shell.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    #[error("the host key {seen} is not the known one, {known}: nothing was sent")]
    HostKey { seen: String, known: String },
    #[error("user name or password is refused over SSH")]
    Refused,
    #[error("the SSH connection failed")]
    Failed(#[from] russh::Error),
}

/// A shell with a terminal.
pub struct Shell {
    /// The host's key, as `known` names it.
    pub key: String,
    handle: Handle<Doorkeeper>,
    stream: ChannelStream<Msg>,
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Shell {
    /// Connects, logs in and starts the shell. Has no deadline of its own.
    pub async fn open(target: &Target) -> Result<Self, SshError> {
        let seen = Arc::new(Mutex::new(None));
        let doorkeeper = Doorkeeper { known: target.known.clone(), seen: Arc::clone(&seen) };
        let config = Config { keepalive_interval: Some(KEEP_ALIVE), nodelay: true, ..Config::default() };
        let key = || seen.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
        let mut handle = match connect(Arc::new(config), place(target), doorkeeper).await {
            Ok(handle) => handle,
            Err(russh::Error::UnknownKey) => {
                let known = target.known.clone().unwrap_or_default();
                return Err(SshError::HostKey { seen: key(), known });
            }
            Err(error) => return Err(error.into()),
        };
        log_in(&mut handle, target).await?;
        let channel = handle.channel_open_session().await?;
        channel.request_pty(false, "xterm", COLUMNS, ROWS, 0, 0, &[]).await?;
        channel.request_shell(true).await?;
        Ok(Self { key: key(), handle, stream: channel.into_stream() })
    }

    /// Types a line.
    pub async fn command(&mut self, line: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{line}\r").as_bytes()).await?;
        self.stream.flush().await
    }

    /// Carries bytes both ways until one end is gone.
    pub async fn carry(mut self, mut other: DuplexStream) {
        // How either end went tells nobody anything.
        copy_bidirectional(&mut self.stream, &mut other).await.ok();
        self.handle.disconnect(Disconnect::ByApplication, "", "").await.ok();
    }
}

/// An address as it is, or a name to be looked up.
fn place(target: &Target) -> String {
    let bare = target.host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, target.port).to_string(),
        Err(_) => format!("{bare}:{}", target.port),
    }
}

/// By password, or as an answer to the one question of those who ask for it.
async fn log_in(handle: &mut Handle<Doorkeeper>, target: &Target) -> Result<(), SshError> {
    let (user, password) = (target.user.as_str(), target.password.reveal());
    let interactive = match handle.authenticate_password(user, password).await? {
        AuthResult::Success => return Ok(()),
        AuthResult::Failure { remaining_methods, .. } => {
            !remaining_methods.contains(&russh::MethodKind::Password)
                && remaining_methods.contains(&russh::MethodKind::KeyboardInteractive)
        }
    };
    if !interactive {
        return Err(SshError::Refused);
    }
    let mut told = handle.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..QUESTIONS {
        let prompts = match told {
            KeyboardInteractiveAuthResponse::Success => return Ok(()),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Err(SshError::Refused),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
        };
        let answers = prompts.iter().map(|_| password.to_owned()).take(1).collect();
        told = handle.authenticate_keyboard_interactive_respond(answers).await?;
    }
    Err(SshError::Refused)
}

/// Lets in a host whose key is the known one.
struct Doorkeeper {
    known: Option<String>,
    seen: Arc<Mutex<Option<String>>>,
}

impl Handler for Doorkeeper {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let seen = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let is_known = self.known.as_ref().is_none_or(|known| *known == seen);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(is_known)
    }
}

/// A quiet line is asked for a sign of life so often; after three without one it is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Size of a serial terminal.
const COLUMNS: u32 = 80;
const ROWS: u32 = 24;
/// Rounds of questions: one for the password, some that ask nothing.
const QUESTIONS: u32 = 4;

#[cfg(test)]
pub(crate) mod tests;
