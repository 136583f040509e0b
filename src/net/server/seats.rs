//! The connections of a server: which of them wait for their clients, which one makes room for another, and how much
//! memory all of them hold for bodies that come in and answers that go out slowly.
//!
//! ```text
//! waiting: TLS greeting, head or body incomplete, idle between requests
//!    | head or body complete                    ^ flushed
//! served: the service works on it -> given: the answer is on its way
//! ```

use std::collections::HashMap;
use std::future::pending;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::net::body::Outflow;

/// All connections of a server.
#[derive(Debug, Default)]
pub(in crate::net) struct Seats {
    taken: Mutex<Taken>,
    waits: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    /// Rises with every seat and every wait: what waits since the lowest number waits longest.
    moment: u64,
    places: HashMap<u64, Place>,
    /// Bytes that all places hold.
    held: usize,
}

#[derive(Debug)]
struct Place {
    peer: IpAddr,
    state: State,
    /// Bytes of a request body that has not come to its end, or of an answer that is not sent to its end.
    held: usize,
    cut: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// For its client, since this moment.
    Waiting(u64),
    Served,
    /// The answer is with the connection since this moment, but not all of it is sent.
    Given(u64),
    /// Told to make room.
    Leaving,
}

impl Taken {
    fn next(&mut self) -> u64 {
        self.moment = self.moment.saturating_add(1);
        self.moment
    }

    /// Ends connections that wait for their clients, or whose clients are slow to take their answers, until what all hold
    /// is within `limit`: of the neighbours that hold the most, the one that has stood longest. `but` stays if anybody
    /// else can go.
    fn shed(&mut self, limit: usize, but: u64) {
        while self.held > limit {
            let mut crowds: HashMap<IpAddr, usize> = HashMap::new();
            for place in self.places.values() {
                *crowds.entry(place.peer).or_default() += place.held;
            }
            let standing = self.places.iter_mut().filter_map(|(number, place)| match place.state {
                State::Waiting(since) | State::Given(since) if place.held > 0 => {
                    let crowd = crowds.get(&place.peer).copied();
                    Some(((*number != but, crowd, std::cmp::Reverse(since)), place))
                }
                State::Waiting(_) | State::Given(_) | State::Served | State::Leaving => None,
            });
            let Some((_, place)) = standing.max_by_key(|(order, _)| *order) else { return };
            self.held = self.held.saturating_sub(std::mem::take(&mut place.held));
            place.state = State::Leaving;
            place.cut.cancel();
        }
    }
}

impl Seats {
    /// A seat for a connection from `peer`, which waits from now on.
    pub(in crate::net) fn take(self: &Arc<Self>, peer: IpAddr) -> Seat {
        let mut taken = self.lock();
        let (number, cut) = (taken.next(), CancellationToken::new());
        let (peer, state) = (neighbourhood(peer), State::Waiting(number));
        let place = Place { peer, state, held: 0, cut: cut.clone() };
        taken.places.insert(number, place);
        drop(taken);
        Seat { seats: Arc::clone(self), number, cut }
    }

    /// Ends the connection that has waited longest for its client, among those of the address with the most
    /// connections. `false` if none waits.
    pub(in crate::net) fn make_room(&self) -> bool {
        let mut taken = self.lock();
        let mut crowds: HashMap<IpAddr, usize> = HashMap::new();
        for place in taken.places.values() {
            *crowds.entry(place.peer).or_default() += 1;
        }
        let waiting = taken.places.values_mut().filter_map(|place| match place.state {
            State::Waiting(since) => Some((crowds.get(&place.peer).copied(), since, place)),
            State::Served | State::Given(_) | State::Leaving => None,
        });
        let chosen = waiting.max_by_key(|(crowd, since, _)| (*crowd, std::cmp::Reverse(*since)));
        let Some((_, _, place)) = chosen else { return false };
        place.state = State::Leaving;
        // Under the lock: from here on nothing is served on it.
        place.cut.cancel();
        true
    }

    /// Returns when a connection has begun to wait since the last call.
    pub(in crate::net) async fn one_waits(&self) {
        self.waits.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's seat; given up on drop.
#[derive(Debug)]
pub(in crate::net) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    cut: CancellationToken,
}

impl Seat {
    /// `work`, or `None` if the connection had to make room first.
    pub(in crate::net) async fn until_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.cut.run_until_cancelled(work).await
    }

    /// The client has something to send.
    pub(in crate::net) fn wait(&self) {
        self.change(|_, moment| Some(State::Waiting(moment)));
    }

    /// The client has sent it. Never returns if the connection makes room: what came is not looked at.
    pub(in crate::net) async fn resume(&self) {
        self.change(|_, _| Some(State::Served));
        if self.cut.is_cancelled() {
            pending::<()>().await;
        }
    }

    /// All that was written has gone out: if that was an answer, the client's next request is waited for.
    pub(in crate::net) fn sent(&self) {
        let is_given = |state| matches!(state, State::Given(_));
        self.change(|state, moment| is_given(state).then_some(State::Waiting(moment)));
    }

    /// So many bytes more are held for this connection. What all hold is bounded: others may have to leave.
    pub(in crate::net) fn hold(&self, bytes: usize) {
        let mut taken = self.seats.lock();
        let Some(place) = taken.places.get_mut(&self.number) else { return };
        if place.state == State::Leaving {
            return;
        }
        place.held = place.held.saturating_add(bytes);
        taken.held = taken.held.saturating_add(bytes);
        taken.shed(HELD, self.number);
    }

    /// Nothing is held any more.
    pub(in crate::net) fn let_go(&self) {
        let mut taken = self.seats.lock();
        let Some(place) = taken.places.get_mut(&self.number) else { return };
        let held = std::mem::take(&mut place.held);
        taken.held = taken.held.saturating_sub(held);
    }

    fn change(&self, to: impl FnOnce(State, u64) -> Option<State>) {
        let mut taken = self.seats.lock();
        let moment = taken.next();
        let Some(place) = taken.places.get_mut(&self.number) else { return };
        if place.state == State::Leaving {
            return;
        }
        let Some(state) = to(place.state, moment) else { return };
        let was = std::mem::replace(&mut place.state, state);
        if matches!(was, State::Given(_)) {
            let held = std::mem::take(&mut place.held);
            taken.held = taken.held.saturating_sub(held);
        }
        drop(taken);
        if matches!(state, State::Waiting(_)) {
            self.seats.waits.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        let held = taken.places.remove(&self.number).map_or(0, |place| place.held);
        taken.held = taken.held.saturating_sub(held);
    }
}

/// An answer's body, which tells the seat when the connection has taken all of it.
#[derive(Debug)]
pub(in crate::net) struct Given {
    body: Outflow,
    seat: Arc<Seat>,
}

impl Given {
    pub(in crate::net) fn new(body: Outflow, seat: Arc<Seat>) -> Self {
        Self { body, seat }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.seat.change(|state, moment| (state == State::Served).then_some(State::Given(moment)));
    }
}

impl Body for Given {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whom an address counts with: itself, or its /64, of which one IPv6 host has every address.
fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(peer) => IpAddr::V4(peer),
        IpAddr::V6(peer) => IpAddr::V6(Ipv6Addr::from_bits(peer.to_bits() & PREFIX)),
    }
}

/// Bytes that all connections of a server may hold for bodies of which more is to come, and for answers that are not
/// taken: some dozen bodies of the largest ordinary size. With buffers around them three times as much is in memory.
const HELD: usize = 64 << 20;

/// The first 64 bits.
const PREFIX: u128 = !0 << 64;

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const FEW: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[tokio::test]
    async fn the_longest_wait_of_the_largest_crowd_makes_room_first() {
        let seats = Arc::new(Seats::default());
        let few = seats.take(FEW);
        let many = [seats.take(MANY), seats.take(MANY), seats.take(MANY)];
        many[0].wait();
        many[2].resume().await;
        let leaving = || many.iter().chain([&few]).map(|seat| seat.cut.is_cancelled()).collect::<Vec<_>>();
        assert!(seats.make_room());
        assert_eq!(leaving(), [false, true, false, false]);
        assert!(seats.make_room());
        assert_eq!(leaving(), [true, true, false, false]);
        assert!(seats.make_room());
        assert_eq!(leaving(), [true, true, false, true]);
        assert!(!seats.make_room(), "who is served stays");
    }

    #[tokio::test]
    async fn an_answer_is_over_once_it_is_sent() {
        let seats = Arc::new(Seats::default());
        let seat = Arc::new(seats.take(FEW));
        seat.resume().await;
        seat.sent();
        assert!(!seats.make_room(), "nothing was answered yet");
        drop(Given::new(Outflow::Whole(Bytes::new()), seat.clone()));
        assert!(!seats.make_room(), "the answer is on its way");
        seat.sent();
        assert!(seats.make_room());
    }

    #[tokio::test]
    async fn who_holds_the_most_and_stands_longest_leaves_when_too_much_is_held() {
        let seats = Arc::new(Seats::default());
        let few = seats.take(FEW);
        let many = [seats.take(MANY), seats.take(MANY), seats.take(MANY)];
        let leaving = || many.iter().chain([&few]).map(|seat| seat.cut.is_cancelled()).collect::<Vec<_>>();
        few.hold(HELD / 4);
        many[1].wait();
        many[0].wait();
        many[0].hold(HELD / 4);
        many[1].hold(HELD / 4);
        many[2].resume().await;
        many[2].hold(HELD / 4);
        assert_eq!(leaving(), [false; 4], "as much as may be");
        few.hold(1);
        assert_eq!(leaving(), [false, true, false, false]);
        assert_eq!(seats.lock().held, HELD / 4 * 3 + 1);
        many[0].let_go();
        drop(few);
        assert_eq!(seats.lock().held, HELD / 4, "only what is served is left");
        many[2].hold(HELD);
        assert!(!many[2].cut.is_cancelled(), "who is served stays");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_held_until_it_is_sent() {
        let seats = Arc::new(Seats::default());
        let (slow, other) = (Arc::new(seats.take(FEW)), seats.take(MANY));
        slow.resume().await;
        slow.hold(HELD);
        drop(Given::new(Outflow::Whole(Bytes::new()), slow.clone()));
        slow.sent();
        assert_eq!(seats.lock().held, 0);
        slow.resume().await;
        slow.hold(HELD);
        drop(Given::new(Outflow::Whole(Bytes::new()), slow.clone()));
        other.hold(1);
        assert!(slow.cut.is_cancelled() && !other.cut.is_cancelled());
    }

    #[test]
    fn the_addresses_of_one_host_count_together() {
        let of = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), MANY);
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
