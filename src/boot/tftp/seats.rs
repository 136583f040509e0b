//! Transfers at once: in all, of one address, and one of each client's port.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::base::time::Tick;
use crate::boot::tftp::request::Request;

/// Who is being served.
#[derive(Debug)]
pub struct Seats {
    limit: usize,
    of_one: usize,
    taken: HashMap<SocketAddr, Taken>,
    number: u64,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    request: Request,
    seat: Seat,
    end: CancellationToken,
}

/// A transfer's place, as the transfer has it.
#[derive(Debug, Clone)]
pub struct Seat {
    pub peer: SocketAddr,
    number: u64,
    /// The client asked for the same once more.
    pub again: Arc<Notify>,
    /// The transfer has to end at once, for another needs its place.
    pub end: CancellationToken,
    /// Milliseconds of the tick at which the client last confirmed something; 0 if it never did.
    heard: Arc<AtomicU64>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Verdict {
    /// It is served; another transfer may have made room for it.
    Begin {
        seat: Seat,
        displaced: bool,
    },
    /// A transfer of the same is under way.
    Known,
    Full,
}

impl Seat {
    /// The client confirmed something.
    pub fn hear(&self, now: Tick) {
        let millis = u64::try_from(now.0.as_millis()).unwrap_or(u64::MAX).max(1);
        self.heard.store(millis, Ordering::Relaxed);
    }

    fn heard(&self) -> Option<Duration> {
        Some(self.heard.load(Ordering::Relaxed)).filter(|millis| *millis > 0).map(Duration::from_millis)
    }
}

impl Seats {
    /// So many transfers in all, and of one address.
    pub fn new(limit: usize, of_one: usize) -> Self {
        Self { limit, of_one, taken: HashMap::new(), number: 0 }
    }

    /// A place for this request. From one port one file is fetched at a time: another one takes the place of the
    /// first, and the same one again counts as a doubled datagram while its transfer is alive.
    pub fn admit(
        &mut self,
        peer: SocketAddr,
        request: &Request,
        stop: &CancellationToken,
        now: Tick,
    ) -> Verdict {
        if let Some(taken) = self.taken.get(&peer) {
            let idle = taken.seat.heard().map(|heard| now.0.saturating_sub(heard));
            if taken.request == *request && idle.is_none_or(|idle| idle < ALIVE) {
                taken.seat.again.notify_one();
                return Verdict::Known;
            }
            self.end(peer);
        }
        let of_one = self.taken.keys().filter(|other| other.ip() == peer.ip()).count();
        let whose = (of_one >= self.of_one).then_some(peer.ip());
        let mut displaced = false;
        if whose.is_some() || self.taken.len() >= self.limit {
            let Some(other) = self.least(whose, now) else { return Verdict::Full };
            self.end(other);
            displaced = true;
        }
        Verdict::Begin { seat: self.seat(peer, request, stop), displaced }
    }

    fn seat(&mut self, peer: SocketAddr, request: &Request, stop: &CancellationToken) -> Seat {
        self.number = self.number.wrapping_add(1);
        let end = stop.child_token();
        let seat = Seat {
            peer,
            number: self.number,
            again: Arc::new(Notify::new()),
            end: end.clone(),
            heard: Arc::new(AtomicU64::new(0)),
        };
        let taken = Taken { number: self.number, request: request.clone(), seat: seat.clone(), end };
        self.taken.insert(peer, taken);
        seat
    }

    /// The transfer (of this address) that others are preferred to: the oldest that was never confirmed, else the one
    /// that was silent for longest, if that is long.
    fn least(&self, whose: Option<IpAddr>, now: Tick) -> Option<SocketAddr> {
        let mine = self.taken.iter().filter(|(peer, _)| whose.is_none_or(|ip| peer.ip() == ip));
        let (peer, taken) = mine.min_by_key(|(_, taken)| (taken.seat.heard(), taken.number))?;
        let idle = taken.seat.heard().is_none_or(|heard| now.0.saturating_sub(heard) > IDLE);
        idle.then_some(*peer)
    }

    fn end(&mut self, peer: SocketAddr) {
        if let Some(taken) = self.taken.remove(&peer) {
            taken.end.cancel();
        }
    }

    /// The transfer is over.
    pub fn leave(&mut self, seat: &Seat) {
        // Another transfer to the same port may have the place by now.
        if self.taken.get(&seat.peer).is_some_and(|taken| taken.number == seat.number) {
            self.end(seat.peer);
        }
    }

    pub fn len(&self) -> usize {
        self.taken.len()
    }

    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }
}

/// A client that confirmed something so lately goes on with its transfer; one that asks again later has begun anew.
const ALIVE: Duration = Duration::from_secs(1);

/// A client that is silent for so long may lose its place to another.
const IDLE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
