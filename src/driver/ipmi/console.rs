//! Serial over LAN as a stream: one task a console, which activates SOL anew when it is lost.
//!
//! SOL has one session a machine: another's is ended first, as the reference does.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::bmc::ipmi_settings::Version;
use crate::driver::capability::console::Console;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::driver::ipmi::link::Link;
use crate::driver::ipmi::terminal::{Over, Terminal};
use crate::wire::ipmi::command::payload::{self, Activation};
use crate::wire::ipmi::suite::{Confidentiality, Integrity};

impl Console for IpmiServer {
    fn open(&self) -> Later<'_, Result<DuplexStream, DriverError>> {
        Box::pin(async move {
            if self.settings.version == Version::V1_5 {
                let what = "a console over IPMI 1.5".to_owned();
                return Err(DriverError::Unsupported { implementation: IMPLEMENTATION.to_owned(), what });
            }
            let first = self.activate().await?;
            let (ours, theirs) = duplex(BUFFER);
            let (server, stop) = (self.clone(), self.ipmi.wires.stop.clone());
            self.ipmi.wires.tasks.spawn(async move { server.keep_up(theirs, first, stop).await });
            Ok(ours)
        })
    }
}

/// An activated SOL payload.
struct Active {
    link: Link,
    payloads: mpsc::Receiver<Vec<u8>>,
    characters: usize,
}

impl IpmiServer {
    /// Activates SOL in the account's session.
    async fn activate(&self) -> Result<Active, DriverError> {
        self.deactivate().await?;
        let (link, _) = self.link();
        let ready =
            link.ready().await.map_err(|ending| DriverError::silent(self.who(), ending.to_string()))?;
        let suite = ready.suite;
        let encrypted = suite.is_some_and(|suite| suite.confidentiality != Confidentiality::None);
        let signed = suite.is_some_and(|suite| suite.integrity != Integrity::None);
        let (sink, payloads) = mpsc::channel(PAYLOADS);
        // Before the activation: what the machine says from its first moment on is heard.
        link.listen(sink).await;
        let data = self.command("activating the console", payload::activate_sol(encrypted, signed)).await?;
        let activation = Activation::parse(&data).map_err(|error| {
            DriverError::refused(format!("activating the console ({})", self.who()), error.to_string())
        })?;
        Ok(Active { link, payloads, characters: activation.characters() })
    }

    /// Ends whatever SOL session there is; that there is none is well.
    async fn deactivate(&self) -> Result<(), DriverError> {
        let answer = self.ask(payload::deactivate_sol()).await?;
        if !answer.completion.is_ok() {
            tracing::debug!(bmc = %self.who(), code = %answer.completion, "no console to deactivate");
        }
        Ok(())
    }

    /// Carries bytes until the other end is dropped or the daemon stops.
    async fn keep_up(self, stream: DuplexStream, first: Active, stop: CancellationToken) {
        let (mut typed, mut shown) = split(stream);
        let mut active = Some(first);
        let mut pause = self.ipmi.manner.pause;
        loop {
            let over = match active.take() {
                Some(found) => {
                    pause = self.ipmi.manner.pause;
                    self.carry(found, (&mut typed, &mut shown), &stop).await
                }
                None => Over::Lost,
            };
            if over == Over::Left {
                break;
            }
            if !self.waited(pause, &mut typed, &stop).await {
                break;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            match self.activate().await {
                Ok(found) => active = Some(found),
                Err(error @ DriverError::LoginRefused { .. }) => {
                    tracing::warn!(bmc = %self.who(), %error, "the console is given up");
                    break;
                }
                Err(error) => tracing::debug!(bmc = %self.who(), %error, "the console is not back yet"),
            }
        }
        // Best effort: the next one deactivates anyhow.
        self.deactivate().await.ok();
    }

    async fn carry(
        &self,
        active: Active,
        (typed, shown): (&mut ReadHalf<DuplexStream>, &mut WriteHalf<DuplexStream>),
        stop: &CancellationToken,
    ) -> Over {
        let clock = self.ipmi.wires.clock.clone();
        let Active { link, payloads, characters } = active;
        let mut terminal = Terminal::new(clock, link, payloads, characters);
        tokio::select! {
            () = stop.cancelled() => Over::Left,
            over = terminal.run(typed, shown) => over,
        }
    }

    /// Pauses; false if nobody is there any more. What is typed meanwhile is lost, as on a line that is down.
    async fn waited(
        &self,
        pause: Duration,
        typed: &mut ReadHalf<DuplexStream>,
        stop: &CancellationToken,
    ) -> bool {
        let gone = async {
            let mut lost = [0; LOST];
            while typed.read(&mut lost).await.is_ok_and(|size| size > 0) {}
        };
        tokio::select! {
            () = stop.cancelled() => false,
            () = gone => false,
            () = sleep(&*self.ipmi.wires.clock, pause) => true,
        }
    }
}

/// Tells the reader that the line was down. That it cannot be told is seen at the next byte.
pub async fn notice(shown: &mut WriteHalf<DuplexStream>, text: &str) {
    shown.write_all(format!("\r\n[{text}]\r\n").as_bytes()).await.ok();
}

const IMPLEMENTATION: &str = "ipmitool-socat console";
/// Bytes between us and who shows them: some screens.
const BUFFER: usize = 16 * 1024;
/// Payloads that wait for the terminal; the BMC sends one at a time.
const PAYLOADS: usize = 16;
/// The longest pause before SOL is activated again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Bytes thrown away at once.
const LOST: usize = 256;
