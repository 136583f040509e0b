//! One request to a BMC: it waits for its turn, opens or finds the session, and is asked again where that is safe.
//!
//! | what came | what follows |
//! |---|---|
//! | an answer | it is handed on, but for "busy" and its like: asked again until `command_retry_timeout` |
//! | no answer, session alive | the BMC is silent on this command: an error |
//! | the session is gone | asked once more in a new one, if that does no harm |
//! | the account was refused | nothing more goes to it |
//! | nothing at all | the BMC is silent |

use std::time::Duration;

use crate::base::time::{Tick, sleep};
use crate::driver::bmc::line;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::driver::ipmi::link::{Ending, Link, LinkFault};
use crate::driver::ipmi::slot::Slot;
use crate::wire::ipmi::ask::{Ask, Repeat};
use crate::wire::ipmi::data::device::DeviceId;
use crate::wire::ipmi::session::{Answer, End, Failure};
use crate::wire::ipmi::status::{Completion, Verdict, command_text};

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It was not done.
    #[error(transparent)]
    NotDone(DriverError),
    /// Whether it was done is not known.
    #[error(transparent)]
    Unknown(DriverError),
}

impl From<CallError> for DriverError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotDone(error) | CallError::Unknown(error) => error,
        }
    }
}

/// How one try ended when not with an answer.
enum Miss {
    Over(CallError),
    /// The session was an old one and is gone.
    Stale(CallError),
    /// No room for a session, or a controller on the way is busy.
    Later(DriverError),
}

impl IpmiServer {
    /// Asks and returns what the BMC answers, be it a refusal.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, CallError> {
        let ask = if ask.bridge.is_none() { ask.via(self.bridge) } else { ask };
        let clock = self.ipmi.wires.clock.clone();
        let deadline = clock.tick().after(self.ipmi.ground.ipmi.command_retry_timeout);
        let (mut pause, mut reopened, mut detours) = (self.ipmi.manner.pause / 4, false, 0_u8);
        loop {
            match self.once(&ask).await {
                Ok(answer) if !may_wait(&ask, answer.completion) || self.is_late(deadline, pause) => {
                    return Ok(answer);
                }
                Err(Miss::Over(error)) => return Err(error),
                Err(Miss::Stale(error)) if reopened => return Err(error),
                Err(Miss::Stale(CallError::Unknown(error))) if ask.repeat != Repeat::Free => {
                    return Err(CallError::Unknown(error));
                }
                Err(Miss::Stale(_)) => {
                    reopened = true;
                    continue;
                }
                Err(Miss::Later(error)) if self.is_late(deadline, pause) || detours >= DETOURS => {
                    return Err(CallError::NotDone(error));
                }
                Err(Miss::Later(_)) => {
                    detours += 1;
                    pause = pause.max(self.ipmi.manner.pause * 2);
                }
                Ok(_) => {}
            }
            sleep(&*clock, pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn is_late(&self, deadline: Tick, pause: Duration) -> bool {
        self.ipmi.wires.clock.tick().after(pause) > deadline
    }

    /// Asks and returns the answer's data; a refusal is an error that names `what` was refused.
    pub async fn command(&self, what: &str, ask: Ask) -> Result<Vec<u8>, DriverError> {
        let (netfn, command) = (ask.netfn, ask.command);
        let answer = self.ask(ask).await?;
        if answer.completion.is_ok() {
            return Ok(answer.data);
        }
        Err(self.refused(what, (netfn, command), answer.completion))
    }

    /// The error of a completion code.
    pub fn refused(&self, what: &str, (netfn, command): (u8, u8), code: Completion) -> DriverError {
        let why = match command_text(netfn, command, code) {
            Some(words) => format!("{words} (completion code {:02x}h)", code.0),
            None => code.to_string(),
        };
        DriverError::refused(format!("{what} ({})", self.who()), why)
    }

    async fn once(&self, ask: &Ask) -> Result<Answer, Miss> {
        let turn = self.turn().await.map_err(|error| Miss::Over(CallError::NotDone(error)))?;
        let (link, known) = self.link();
        if let Err(ending) = link.ready().await {
            return Err(self.ended(turn, &ending, (known, false)));
        }
        let began = self.ipmi.wires.clock.tick();
        match link.ask(ask.clone()).await {
            Ok(answer) => {
                turn.answered(self.ipmi.wires.clock.tick().since(began));
                Ok(answer)
            }
            Err(LinkFault::Ended { ending, may_be_done }) => {
                Err(self.ended(turn, &ending, (true, may_be_done)))
            }
            Err(LinkFault::Failed(failure)) => Err(self.failed(turn, (&link, known), failure).await),
            Err(LinkFault::Refused(error)) => {
                let error = DriverError::refused(self.who(), error.to_string());
                Err(Miss::Over(CallError::NotDone(error)))
            }
        }
    }

    /// Waits until this machine's account may be used.
    pub async fn turn(&self) -> Result<line::Turn<Slot>, DriverError> {
        self.line.turn(&self.node, &self.print).await
    }

    /// The account's session, and whether it was there before.
    pub fn link(&self) -> (Link, bool) {
        let key = self.line.key();
        self.line
            .session()
            .link(&self.passport, || Link::open(&self.ipmi.wires, &key.host, key.port, self.login.clone()))
    }

    /// A session is over; `known`: it was there before this call.
    fn ended(&self, turn: line::Turn<Slot>, ending: &Ending, (known, may_be_done): (bool, bool)) -> Miss {
        let why = ending.to_string();
        let tell = |error| if may_be_done { CallError::Unknown(error) } else { CallError::NotDone(error) };
        match ending {
            Ending::Session(end) if end.blames_account() => Miss::Over(tell(turn.login_refused(&why))),
            Ending::Session(End::Lost | End::Closed) if known => {
                Miss::Stale(tell(DriverError::silent(self.who(), why)))
            }
            Ending::Session(End::NoSlot(_)) => {
                turn.overloaded(None);
                Miss::Later(DriverError::refused(self.who(), why))
            }
            Ending::Session(End::NoAnswer | End::Silent { .. } | End::Lost | End::Closed)
            | Ending::Socket(_) => Miss::Over(tell(turn.silent(&why))),
            Ending::Session(
                End::WrongPassword(_)
                | End::WrongKg { .. }
                | End::Privilege { .. }
                | End::SuitesRefused(_)
                | End::Refused { .. }
                | End::OnlyV15
                | End::NoAuthType { .. }
                | End::PasswordTooLong,
            ) => {
                Miss::Over(tell(DriverError::refused(format!("opening a session with {}", self.who()), why)))
            }
        }
    }

    /// This request was not answered. Is the session still there, and does the BMC drop what it does not know?
    async fn failed(&self, turn: line::Turn<Slot>, (link, known): (&Link, bool), failure: Failure) -> Miss {
        if let Failure::Bridge(code) = failure {
            turn.answered(Duration::ZERO);
            return Miss::Later(self.refused("passing a request on", SEND_MESSAGE, code));
        }
        let began = self.ipmi.wires.clock.tick();
        let why = match link.ask(DeviceId::ask()).await {
            Ok(_) => {
                turn.answered(self.ipmi.wires.clock.tick().since(began));
                DriverError::silent(self.who(), format!("{failure}, though it answers others"))
            }
            // It was restarted, or is dead: a new session tells.
            Err(LinkFault::Ended { ending, .. }) => {
                return self.ended(turn, &ending, (known, failure.may_be_done()));
            }
            Err(LinkFault::Failed(_) | LinkFault::Refused(_)) => turn.silent(&failure.to_string()),
        };
        Miss::Over(if failure.may_be_done() { CallError::Unknown(why) } else { CallError::NotDone(why) })
    }
}

/// Whether the answer says that the same may go better later. What must not happen twice is asked again only where
/// the code says that it was not begun.
fn may_wait(ask: &Ask, code: Completion) -> bool {
    let not_begun = !matches!(code.0, TIMEOUT | DESTINATION | UNSPECIFIED);
    code.verdict() == Verdict::Later && (ask.repeat == Repeat::Free || not_begun)
}

/// The longest pause between two tries of a busy BMC.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How often a session slot, or a controller behind the BMC, is waited for.
const DETOURS: u8 = 3;
/// Network function and command of Send Message.
const SEND_MESSAGE: (u8, u8) = (0x06, 0x34);
/// Completion codes after which a command may have been done.
const TIMEOUT: u8 = 0xc3;
const DESTINATION: u8 = 0xd3;
const UNSPECIFIED: u8 = 0xff;
