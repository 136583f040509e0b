//! The task behind a link: what comes in goes to the session, what the session says goes out.

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::base::chain::chain;
use crate::base::time::{SharedClock, Tick};
use crate::driver::ipmi::dice::SystemDice;
use crate::driver::ipmi::link::{Command, Ending, LinkFault, State, Wires};
use crate::net::udp::Udp;
use crate::wire::ipmi::PACKET_LIMIT;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::session::{Answer, AskError, End, Event, Failure, Login, Session, Ticket, Turn};

type Reply = oneshot::Sender<Result<Answer, LinkFault>>;

/// A session and those who wait for its answers.
#[derive(Debug)]
pub struct Pump {
    session: Session,
    clock: SharedClock,
    dice: SystemDice,
    waiting: HashMap<Ticket, Reply>,
    sol: Option<mpsc::Sender<Vec<u8>>>,
    state: watch::Sender<State>,
    wake: Option<Tick>,
    idle: Duration,
    /// When something was last asked.
    used: Tick,
    closing: bool,
}

/// What the task woke for.
enum Woken {
    Datagram,
    Command(Option<Command>),
    Timer,
    Idle,
    Stop,
    Broken(String),
}

impl Pump {
    pub fn new(wires: &Wires, login: Login, state: watch::Sender<State>) -> Self {
        let used = wires.clock.tick();
        Self {
            session: Session::new(login),
            clock: wires.clock.clone(),
            dice: SystemDice::default(),
            waiting: HashMap::new(),
            sol: None,
            state,
            wake: None,
            idle: wires.idle,
            used,
            closing: false,
        }
    }

    /// Opens the session and drives it to its end.
    pub async fn run(
        mut self,
        host: &str,
        port: u16,
        mut commands: mpsc::Receiver<Command>,
        stop: CancellationToken,
    ) {
        let mut socket = match Udp::connect(host, port, PACKET_LIMIT).await {
            Ok(socket) => socket,
            Err(error) => return self.end(Ending::Socket(chain(&error))),
        };
        let turn = self.session.start(self.clock.tick(), &mut self.dice);
        self.carry_out(turn, &socket).await;
        while !self.is_over() {
            let turn = match self.woken(&mut socket, &mut commands, &stop).await {
                Ok(turn) => turn,
                Err(why) => return self.end(Ending::Socket(why)),
            };
            self.carry_out(turn, &socket).await;
        }
    }

    fn is_over(&self) -> bool {
        matches!(*self.state.borrow(), State::Ended(_))
    }

    /// Waits for what happens next and tells the session.
    async fn woken(
        &mut self,
        socket: &mut Udp,
        commands: &mut mpsc::Receiver<Command>,
        stop: &CancellationToken,
    ) -> Result<Turn, String> {
        let mut datagram: &[u8] = &[];
        let woken = tokio::select! {
            () = stop.cancelled(), if !self.closing => Woken::Stop,
            command = commands.recv(), if !self.closing => Woken::Command(command),
            received = socket.receive() => match received {
                Ok(bytes) => {
                    datagram = bytes;
                    Woken::Datagram
                }
                Err(error) => Woken::Broken(format!("the socket to the BMC broke: {error}")),
            },
            () = until(&self.clock, self.wake) => Woken::Timer,
            () = until(&self.clock, self.idle_due()) => Woken::Idle,
        };
        let now = self.clock.tick();
        Ok(match woken {
            Woken::Datagram => self.session.receive(datagram, now, &mut self.dice),
            Woken::Timer => self.session.wake(now, &mut self.dice),
            Woken::Command(Some(command)) => self.obey(command, now),
            Woken::Command(None) | Woken::Idle | Woken::Stop => self.close(now),
            Woken::Broken(why) => return Err(why),
        })
    }

    fn idle_due(&self) -> Option<Tick> {
        let in_use = self.closing || !self.waiting.is_empty() || self.has_listener();
        (!in_use).then(|| self.used.after(self.idle))
    }

    fn has_listener(&self) -> bool {
        self.sol.as_ref().is_some_and(|sink| !sink.is_closed())
    }

    fn obey(&mut self, command: Command, now: Tick) -> Turn {
        match command {
            Command::Ask(ask, reply) => self.ask(ask, reply, now),
            Command::Listen(sink) => {
                self.sol = Some(sink);
                self.nothing()
            }
            Command::Speak(payload) => {
                // Said before the session carries it: the line says it again.
                let nothing = self.nothing();
                self.session.send_sol(&payload, now, &mut self.dice).unwrap_or(nothing)
            }
            Command::Close => self.close(now),
        }
    }

    fn ask(&mut self, ask: Ask, reply: Reply, now: Tick) -> Turn {
        self.used = now;
        match self.session.ask(ask, now, &mut self.dice) {
            Ok((ticket, turn)) => {
                self.waiting.insert(ticket, reply);
                turn
            }
            Err(error) => {
                // Who went away needs no answer, here as below.
                reply.send(Err(refused(error))).ok();
                self.nothing()
            }
        }
    }

    fn close(&mut self, now: Tick) -> Turn {
        self.closing = true;
        self.session.close(now, &mut self.dice)
    }

    /// A turn in which nothing is to be done.
    fn nothing(&self) -> Turn {
        Turn { wake: self.wake, ..Turn::default() }
    }

    async fn carry_out(&mut self, turn: Turn, socket: &Udp) {
        self.wake = turn.wake;
        if self.dice.has_failed() {
            return self.end(Ending::Socket("the system gave no random numbers".to_owned()));
        }
        for datagram in &turn.send {
            socket.send(datagram).await;
        }
        let end = turn.events.iter().find_map(|event| match event {
            Event::Ended(end) => Some(end.clone()),
            Event::Ready(_) | Event::Answered { .. } | Event::Sol(_) => None,
        });
        if let Some(end) = &end {
            self.state.send_replace(State::Ended(Ending::Session(end.clone())));
        }
        for event in turn.events {
            self.happened(event, end.as_ref());
        }
    }

    fn happened(&mut self, event: Event, end: Option<&End>) {
        match event {
            Event::Ready(ready) => {
                self.used = self.clock.tick();
                self.state.send_replace(State::Ready(ready));
            }
            Event::Answered { ticket, result } => {
                self.used = self.clock.tick();
                if let Some(reply) = self.waiting.remove(&ticket) {
                    reply.send(result.map_err(|failure| fault(failure, end))).ok();
                }
            }
            Event::Sol(payload) => {
                if let Some(sink) = &self.sol {
                    // A full sink is a loss, and what is not acknowledged comes again.
                    sink.try_send(payload).ok();
                }
            }
            Event::Ended(_) => {}
        }
    }

    fn end(&mut self, ending: Ending) {
        for (_, reply) in self.waiting.drain() {
            reply.send(Err(LinkFault::Ended { ending: ending.clone(), may_be_done: true })).ok();
        }
        self.state.send_replace(State::Ended(ending));
    }
}

async fn until(clock: &SharedClock, moment: Option<Tick>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => pending().await,
    }
}

fn fault(failure: Failure, end: Option<&End>) -> LinkFault {
    match end {
        Some(end) if matches!(failure, Failure::Lost | Failure::NotSent) => {
            LinkFault::Ended { ending: Ending::Session(end.clone()), may_be_done: failure.may_be_done() }
        }
        Some(_) | None => LinkFault::Failed(failure),
    }
}

fn refused(error: AskError) -> LinkFault {
    match error {
        AskError::Ended => LinkFault::Ended { ending: Ending::Session(End::Closed), may_be_done: false },
        AskError::Full | AskError::TooLong | AskError::NoSol => LinkFault::Refused(error),
    }
}
