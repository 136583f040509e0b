//! The serial console of a machine without IPMI settings: by SSH where its Redfish says so, else over IPMI with the same
//! account where it says that.
//!
//! A system's own SSH leads to its serial line; a manager's leads to the manager, where a command begins it.

use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};

use crate::base::chain::chain;
use crate::base::time::Later;
use crate::driver::capability::console::Console;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::model::bmc::Fact;
use crate::net::ssh::{Shell, SshError, Target};
use crate::wire::redfish::view::manager::{Manager, NetworkProtocol};

/// The console of a Redfish machine.
#[derive(Debug)]
pub struct RedfishConsole {
    server: Server,
    /// IPMI with the account of Redfish.
    over_ipmi: Option<Arc<dyn Console>>,
}

/// How the serial line is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Ssh { port: u16, command: Option<String> },
    Ipmi,
}

impl Console for RedfishConsole {
    fn open(&self) -> Later<'_, Result<DuplexStream, DriverError>> {
        Box::pin(async move {
            match (self.way().await?, &self.over_ipmi) {
                (Some(Way::Ssh { port, command }), _) => self.over_ssh(port, command).await,
                (Some(Way::Ipmi), Some(console)) => console.open().await,
                (Some(Way::Ipmi), None) | (None, _) => {
                    let what = "a console: its Redfish names neither SSH nor IPMI for the serial line; set \
                                ipmi_address and the other ipmi keys if it has IPMI"
                        .to_owned();
                    Err(DriverError::Unsupported { implementation: self.server.talk.who(), what })
                }
            }
        })
    }
}

impl RedfishConsole {
    pub fn new(server: Server, over_ipmi: Option<Arc<dyn Console>>) -> Self {
        Self { server, over_ipmi }
    }

    async fn way(&self) -> Result<Option<Way>, DriverError> {
        let seen = self.server.system().await?;
        let (ssh, ipmi) = (&seen.view.serial_console.ssh, &seen.view.serial_console.ipmi);
        if ssh.is_enabled == Some(true) {
            let command = ssh.command.clone().filter(|command| !command.is_empty());
            return Ok(Some(Way::Ssh { port: port(ssh.port), command }));
        }
        if let Some(way) = self.way_of_managers(&seen).await? {
            return Ok(Some(way));
        }
        Ok((ipmi.is_enabled == Some(true)).then_some(Way::Ipmi))
    }

    /// What the managers say: SSH where the command is known that leads on from there, else IPMI.
    async fn way_of_managers(&self, seen: &Seen) -> Result<Option<Way>, DriverError> {
        let mut ipmi = None;
        for resource in self.server.managers(&seen.view).await? {
            let manager: Manager = resource.view();
            let console = &manager.serial_console;
            if console.is_enabled == Some(false) {
                continue;
            }
            let offers = |kind: &str| console.kinds.iter().any(|one| one.eq_ignore_ascii_case(kind));
            let maker = manager.manufacturer.as_deref().or(seen.view.manufacturer.as_deref());
            if let Some(command) = maker.and_then(entry).filter(|_| offers("SSH")) {
                let protocol: Option<NetworkProtocol> =
                    self.server.talk.maybe_view(manager.network_protocol.as_ref()).await?;
                let port = port(protocol.and_then(|protocol| protocol.ssh.port));
                return Ok(Some(Way::Ssh { port, command: Some(command.to_owned()) }));
            }
            ipmi = ipmi.or_else(|| offers("IPMI").then_some(Way::Ipmi));
        }
        Ok(ipmi)
    }

    /// One log-in; a refused one is not tried again with the same credentials, whoever asks.
    async fn over_ssh(&self, port: u16, command: Option<String>) -> Result<DuplexStream, DriverError> {
        let talk = &self.server.talk;
        let refused = |why: &str| DriverError::LoginRefused {
            who: talk.who(),
            at: talk.clock().wall(),
            why: why.to_owned(),
        };
        if talk.slot().known().ssh_refused.as_ref() == Some(&talk.print) {
            return Err(refused("it did so over SSH before"));
        }
        let target = self.target(port);
        // A refusal over SSH stays apart, for an account may lack it; one over Redfish holds here, too.
        let turn = talk.line.turn(&talk.node, &talk.print).await?;
        turn.may_log_in().await?;
        let opened = Shell::open(&target).await;
        drop(turn);
        let mut shell = match opened {
            Ok(shell) => shell,
            Err(error @ SshError::Refused) => {
                talk.slot().known().ssh_refused = Some(talk.print.clone());
                return Err(refused(&error.to_string()));
            }
            Err(error @ SshError::HostKey { .. }) => {
                if let SshError::HostKey { seen, .. } = &error {
                    talk.learn(Fact::HostKeyRefused { sha256: seen.clone() });
                }
                return Err(DriverError::refused(format!("the console ({})", talk.who()), error.to_string()));
            }
            Err(error @ SshError::Failed(_)) => return Err(DriverError::silent(talk.who(), chain(&error))),
        };
        if target.known.is_none() {
            talk.learn(Fact::HostKeySeen { sha256: shell.key.clone() });
        }
        if let Some(command) = command {
            let typed = shell.command(&command).await;
            typed.map_err(|error| DriverError::silent(talk.who(), error.to_string()))?;
        }
        let (ours, theirs) = duplex(BUFFER);
        talk.rack
            .ground
            .tasks
            .spawn(talk.rack.ground.stop.clone().run_until_cancelled_owned(shell.carry(theirs)));
        Ok(ours)
    }

    fn target(&self, port: u16) -> Target {
        let talk = &self.server.talk;
        let given = talk.node.wished.driver_info.get(HOST_KEY).and_then(serde_json::Value::as_str);
        let kept = talk.node.bmc.host_key.as_ref().map(|key| key.sha256.clone());
        Target {
            host: talk.access.base.host_str().unwrap_or_default().to_owned(),
            port,
            user: talk.access.user.clone().unwrap_or_default(),
            password: talk.access.password.clone(),
            known: given.map(str::to_owned).or(kept),
        }
    }
}

fn port(said: Option<u64>) -> u16 {
    said.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0).unwrap_or(SSH)
}

/// The command that leads from the shell of this maker's manager to the serial line.
fn entry(maker: &str) -> Option<&'static str> {
    let maker = maker.to_ascii_lowercase();
    ENTRIES.iter().find(|(name, _)| maker.starts_with(name)).map(|(_, command)| *command)
}

/// Makers by the beginning of their names, and the command (their manuals: iDRAC, iLO, XCC).
const ENTRIES: &[(&str, &str)] =
    &[("dell", "console com2"), ("hpe", "vsp"), ("hewlett", "vsp"), ("lenovo", "console 1")];
/// The key of `driver_info` that says which host key is the BMC's: `SHA256:` and base64.
const HOST_KEY: &str = "redfish_ssh_host_key";
/// SSH's port.
const SSH: u16 = 22;
/// Bytes between us and who shows them: some screens.
const BUFFER: usize = 16 * 1024;
