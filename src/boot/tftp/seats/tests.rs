use super::*;

fn request(name: &str) -> Request {
    Request::parse(format!("\0\x01{name}\0octet\0").as_bytes()).unwrap()
}

fn peer(host: u8, port: u16) -> SocketAddr {
    ([10, 0, 0, host], port).into()
}

fn seconds(seconds: u64) -> Tick {
    Tick(Duration::from_secs(seconds))
}

struct Room {
    seats: Seats,
    stop: CancellationToken,
}

impl Room {
    fn new(limit: usize, of_one: usize) -> Self {
        Self { seats: Seats::new(limit, of_one), stop: CancellationToken::new() }
    }

    fn ask(&mut self, peer: SocketAddr, name: &str, now: Tick) -> Verdict {
        self.seats.admit(peer, &request(name), &self.stop, now)
    }

    fn seat(&mut self, peer: SocketAddr, name: &str, now: Tick) -> Seat {
        match self.ask(peer, name, now) {
            Verdict::Begin { seat, .. } => seat,
            other @ (Verdict::Known | Verdict::Full) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_doubled_request_is_known_while_its_transfer_is_alive() {
    let mut room = Room::new(9, 9);
    let seat = room.seat(peer(1, 9), "a", seconds(1));
    assert!(matches!(room.ask(peer(1, 9), "a", seconds(3)), Verdict::Known));
    seat.hear(seconds(4));
    assert!(matches!(room.ask(peer(1, 9), "a", seconds(4)), Verdict::Known));
    let next = room.seat(peer(1, 9), "a", seconds(5));
    assert!(seat.end.is_cancelled() && !next.end.is_cancelled());
    assert_eq!(room.seats.len(), 1);
}

#[test]
fn another_file_to_the_same_port_ends_the_first() {
    let mut room = Room::new(9, 9);
    let first = room.seat(peer(1, 9), "a", seconds(1));
    let second = room.seat(peer(1, 9), "b", seconds(1));
    assert!(first.end.is_cancelled());
    room.seats.leave(&first);
    assert_eq!(room.seats.len(), 1, "the place is the second's");
    room.seats.leave(&second);
    assert!(room.seats.is_empty());
}

#[test]
fn who_never_confirmed_anything_makes_room_first() {
    let mut room = Room::new(3, 3);
    let busy = room.seat(peer(1, 1), "a", seconds(1));
    let old = room.seat(peer(2, 1), "a", seconds(2));
    let new = room.seat(peer(3, 1), "a", seconds(3));
    busy.hear(seconds(3));
    let seat = room.seat(peer(4, 1), "a", seconds(3));
    assert_eq!([&busy, &old, &new].map(|seat| seat.end.is_cancelled()), [false, true, false]);
    new.hear(seconds(3));
    seat.hear(seconds(4));
    assert!(matches!(room.ask(peer(5, 1), "a", seconds(5)), Verdict::Full));
    // A client that was silent for long goes before one that talks.
    busy.hear(seconds(30));
    room.seat(peer(5, 1), "a", seconds(31));
    assert_eq!([&busy, &new, &seat].map(|seat| seat.end.is_cancelled()), [false, true, false]);
}

#[test]
fn one_address_takes_no_places_of_others() {
    let mut room = Room::new(9, 2);
    let other = room.seat(peer(2, 1), "a", seconds(1));
    for port in 1..=5 {
        room.seat(peer(1, port), "a", seconds(1));
        assert!(room.seats.len() <= 3);
    }
    assert!(!other.end.is_cancelled());
}

#[test]
fn a_stop_is_the_end_of_all() {
    let mut room = Room::new(9, 9);
    let seat = room.seat(peer(1, 9), "a", seconds(1));
    room.stop.cancel();
    assert!(seat.end.is_cancelled());
}
