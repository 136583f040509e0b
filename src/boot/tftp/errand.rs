//! One transfer from its request to its end: it asks its value what to do, and does it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tftpd::{ErrorCode, Packet};

use crate::base::time::{Clock, Later, Tick, sleep};
use crate::boot::library::{Asked, Content, NotGiven, Via};
use crate::boot::tftp::counts::one;
use crate::boot::tftp::hall::{Hall, NO_FILE};
use crate::boot::tftp::link::{Link, Run, error};
use crate::boot::tftp::name::plain;
use crate::boot::tftp::pages::Pages;
use crate::boot::tftp::request::Request;
use crate::boot::tftp::seats::Seat;
use crate::boot::tftp::terms::{Limits, Terms};
use crate::boot::tftp::transfer::{End, Next, Transfer};

/// A request that has a place.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) hall: Arc<Hall>,
    pub(super) seat: Seat,
    /// Our address that was asked.
    pub(super) local: SocketAddr,
    pub(super) request: Request,
}

/// Why a transfer ended before its time.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the client is to be told why")]
    Refused(ErrorCode, &'static str),
    #[error("content could not be read")]
    Content(#[source] io::Error),
    #[error("content did not come in time")]
    Slow,
    #[error("nobody is at the other end")]
    Gone,
    #[error("no socket to the client")]
    Socket(#[source] io::Error),
    #[error("its place is needed")]
    Displaced,
}

impl From<NotGiven> for Cut {
    fn from(why: NotGiven) -> Self {
        match why {
            NotGiven::Missing => Self::Refused(ErrorCode::FileNotFound, NO_FILE),
            NotGiven::Unreadable => Self::Refused(ErrorCode::NotDefined, UNREADABLE),
        }
    }
}

impl Errand {
    /// Runs to the end of the transfer and gives its place free.
    pub(super) async fn run(self) {
        match Link::open(self.local, self.seat.peer) {
            Ok(mut link) => {
                let ended = self.serve(&mut link).await;
                self.hall.leave(&self.seat);
                self.account(&link, ended).await;
            }
            Err(why) => {
                self.hall.leave(&self.seat);
                one(&self.hall.record.counts.broken);
                tracing::debug!(peer = %self.seat.peer, error = %why, "no socket for a TFTP transfer");
            }
        }
    }

    async fn serve(&self, link: &mut Link) -> Result<End, Cut> {
        let end = self.seat.end.clone();
        tokio::select! {
            ended = self.transfer(link) => ended,
            () = end.cancelled() => Err(Cut::Displaced),
        }
    }

    async fn transfer(&self, link: &mut Link) -> Result<End, Cut> {
        let Hall { limits, clock, .. } = &*self.hall;
        let limits = Limits { blksize: limits.blksize.min(link.room()), ..*limits };
        let terms = Terms::settle(self.request.wishes.clone(), limits);
        let content = self.within(self.find()).await??;
        let given = if let Content::Script(script) = &content { Some(script.given.clone()) } else { None };
        let opening = Pages::open(content, self.request.mode, terms.blksize);
        let (mut pages, size) = self.within(opening).await?.map_err(Cut::Content)?;
        pages.turn(0);
        let offer = terms.oack(size);
        let transfer = Transfer::new(&terms, offer.is_some(), clock.tick());
        let under_way = UnderWay {
            seat: &self.seat,
            clock: &**clock,
            link,
            pages,
            transfer,
            offer,
            blksize: terms.blksize,
        };
        let ended = under_way.run().await;
        if let (Ok(End::Complete), Some(given)) = (&ended, given) {
            given.tell();
        }
        ended
    }

    async fn find(&self) -> Result<Content, Cut> {
        let Some(name) = plain(&self.request.name) else {
            return Err(Cut::Refused(ErrorCode::FileNotFound, NO_FILE));
        };
        let (from, local) = (self.seat.peer.ip().to_canonical(), self.local.ip().to_canonical());
        Ok(self.hall.library.find(Asked { name: &name, from, local, via: Via::Tftp }).await?)
    }

    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            done = work => Ok(done),
            () = sleep(&*self.hall.clock, CONTENT) => Err(Cut::Slow),
        }
    }

    /// Counts how it ended and, where the client waits for a word, says why.
    async fn account(&self, link: &Link, ended: Result<End, Cut>) {
        let (peer, name, counts) = (self.seat.peer, &self.request.name, &self.hall.record.counts);
        tracing::debug!(%peer, name, ?ended, "a TFTP transfer ended");
        let word = match ended {
            Ok(End::Complete) => return one(&counts.complete),
            Ok(End::Silent) => return one(&counts.silent),
            Ok(End::Declined(_)) | Err(Cut::Gone | Cut::Displaced) => return,
            Err(Cut::Refused(code, why)) => {
                one(if code == ErrorCode::FileNotFound { &counts.missing } else { &counts.broken });
                (code, why)
            }
            Err(Cut::Content(why)) => {
                one(&counts.broken);
                tracing::warn!(%peer, name, error = %why, "a file could not be read for TFTP");
                (ErrorCode::NotDefined, UNREADABLE)
            }
            Err(Cut::Slow) => {
                one(&counts.broken);
                (ErrorCode::NotDefined, UNREADABLE)
            }
            Err(Cut::Socket(why)) => {
                one(&counts.broken);
                tracing::debug!(%peer, error = %why, "a TFTP transfer lost its socket");
                return;
            }
        };
        // A lost word costs the client some patience and nothing else.
        link.send(&error(word.0, word.1)).await.ok();
    }
}

/// A transfer with all that it needs.
struct UnderWay<'a> {
    seat: &'a Seat,
    clock: &'a dyn Clock,
    link: &'a mut Link,
    pages: Pages,
    transfer: Transfer,
    offer: Option<Vec<u8>>,
    blksize: u16,
}

/// How far sending got.
enum Sent {
    /// All that may be sent now.
    All,
    /// Content is missing.
    Starving,
    Over(End),
}

/// What a waiting transfer wakes for.
enum Woken {
    Heard(Packet),
    Read,
    Timer,
    AskedAgain,
}

impl UnderWay<'_> {
    async fn run(mut self) -> Result<End, Cut> {
        let clock = self.clock;
        let mut timer = Timer { clock, at: Tick::default(), sleep: Box::pin(std::future::ready(())) };
        let mut starving: Option<Tick> = None;
        loop {
            starving = match self.send().await? {
                Sent::Over(end) => return Ok(end),
                Sent::All => None,
                Sent::Starving => starving.or(Some(clock.tick())),
            };
            let until = starving.map_or(self.transfer.due(), |since| since.after(CONTENT));
            let woken = self.wait(timer.until(until)).await?;
            let now = clock.tick();
            match woken {
                Woken::Heard(packet) => self.hear(&packet, now),
                Woken::AskedAgain => self.transfer.asked_again(now),
                Woken::Read | Woken::Timer => {}
            }
            // Here rather than when the timer says so: a client that never stops to talk must not outlive its time.
            match starving {
                None => self.transfer.wake(now),
                Some(_) if now >= until => return Err(Cut::Slow),
                Some(_) => {}
            }
        }
    }

    fn hear(&mut self, packet: &Packet, now: Tick) {
        let had = self.transfer.acked();
        self.transfer.hear(packet, now);
        if self.transfer.is_answered() && (self.transfer.acked() > had || had == 0) {
            self.seat.hear(now);
        }
    }

    async fn send(&mut self) -> Result<Sent, Cut> {
        loop {
            self.pages.turn(self.transfer.acked());
            if let Some(last) = self.pages.last() {
                self.transfer.ends_with(last);
            }
            match self.transfer.next() {
                Next::Over(end) => return Ok(Sent::Over(end)),
                Next::Wait => return Ok(Sent::All),
                Next::Offer => {
                    self.link.send(self.offer.as_deref().unwrap_or_default()).await.map_err(cut)?;
                    self.transfer.offered(self.clock.tick());
                }
                Next::Blocks { first, most } => {
                    let Some((bytes, blocks)) = self.pages.stretch(first, most) else {
                        return Ok(Sent::Starving);
                    };
                    self.link.send_run(Run { first, bytes, blksize: self.blksize }).await.map_err(cut)?;
                    self.transfer.sent(blocks, self.clock.tick());
                }
            }
        }
    }

    async fn wait(&mut self, timer: &mut Later<'_, ()>) -> Result<Woken, Cut> {
        tokio::select! {
            biased;
            heard = self.link.hear() => Ok(Woken::Heard(heard.map_err(cut)?)),
            read = self.pages.arrived() => read.map(|()| Woken::Read).map_err(Cut::Content),
            () = self.seat.again.notified() => Ok(Woken::AskedAgain),
            () = timer => Ok(Woken::Timer),
        }
    }
}

/// A sleep that is made anew only if it would last too long or is over: most of them are never slept to their end.
struct Timer<'a> {
    clock: &'a dyn Clock,
    at: Tick,
    sleep: Later<'a, ()>,
}

impl<'a> Timer<'a> {
    /// A sleep that ends at `until` or before.
    fn until(&mut self, until: Tick) -> &mut Later<'a, ()> {
        if self.at > until || self.at <= self.clock.tick() {
            (self.at, self.sleep) = (until, self.clock.sleep_until(until));
        }
        &mut self.sleep
    }
}

fn cut(error: io::Error) -> Cut {
    if error.kind() == io::ErrorKind::ConnectionRefused { Cut::Gone } else { Cut::Socket(error) }
}

/// What is said when content is there and cannot be read. No path, no cause: the log has them.
const UNREADABLE: &str = "the file cannot be read now";

/// How long content may take. Clients give up before.
const CONTENT: Duration = Duration::from_secs(30);
