//! Against an SSH server of loopback that echoes.

use std::net::SocketAddr;

use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config as Served, Handler as Serving, Server, Session};
use russh::{Channel, ChannelId};
use tokio::io::{AsyncReadExt, duplex};

use super::*;

/// One account, and an echo for a shell.
#[derive(Clone)]
struct Echo {
    logins: Arc<std::sync::atomic::AtomicU32>,
}

impl Server for Echo {
    type Handler = Self;

    fn new_client(&mut self, _from: Option<SocketAddr>) -> Self {
        self.clone()
    }
}

impl Serving for Echo {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.logins.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(if (user, password) == ("admin", "hunter2") { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<russh::server::Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.data(channel, [b"<", data, b">"].concat())
    }
}

/// A server with a key of its own: its port, and how often somebody tried to log in.
pub(crate) async fn served() -> (u16, Arc<std::sync::atomic::AtomicU32>) {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let key = russh::keys::ssh_key::private::Ed25519Keypair::from_seed(&seed);
    let key = PrivateKey::from(key);
    assert_eq!(key.algorithm(), Algorithm::Ed25519);
    let config = Served { keys: vec![key], auth_rejection_time: Duration::ZERO, ..Served::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut echo = Echo { logins: Arc::default() };
    let logins = echo.logins.clone();
    tokio::spawn(async move { echo.run_on_socket(Arc::new(config), &listener).await.unwrap() });
    (port, logins)
}

fn target(port: u16, password: &str) -> Target {
    Target {
        host: "127.0.0.1".to_owned(),
        port,
        user: "admin".to_owned(),
        password: Secret::new(password),
        known: None,
    }
}

#[tokio::test]
async fn a_shell_takes_a_command_and_carries_bytes_both_ways() {
    let (port, _) = served().await;
    let mut shell = Shell::open(&target(port, "hunter2")).await.unwrap();
    assert!(shell.key.starts_with("SHA256:"), "{}", shell.key);
    let known = Target { known: Some(shell.key.clone()), ..target(port, "hunter2") };
    Shell::open(&known).await.unwrap();
    shell.command("console com2").await.unwrap();
    let (mut ours, theirs) = duplex(1024);
    tokio::spawn(shell.carry(theirs));
    let mut heard = [0; 15];
    ours.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"<console com2\r>");
    ours.write_all(b"x").await.unwrap();
    let mut heard = [0; 3];
    ours.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"<x>");
}

#[tokio::test]
async fn another_key_is_an_error_that_names_both_and_sends_no_password() {
    let (port, logins) = served().await;
    let known = Target { known: Some("SHA256:other".to_owned()), ..target(port, "hunter2") };
    let error = Shell::open(&known).await.unwrap_err().to_string();
    assert!(error.contains("SHA256:other") && error.matches("SHA256:").count() == 2, "{error}");
    assert_eq!(logins.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_wrong_password_is_refused_once_and_not_told() {
    let (port, logins) = served().await;
    let error = Shell::open(&target(port, "wrong")).await.unwrap_err();
    assert!(matches!(error, SshError::Refused) && !error.to_string().contains("wrong"), "{error}");
    assert_eq!(logins.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn nobody_at_the_port_is_an_error() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = Shell::open(&target(free, "hunter2")).await.unwrap_err();
    assert!(matches!(error, SshError::Failed(_)), "{error}");
}
