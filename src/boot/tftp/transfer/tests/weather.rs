//! Clients as they were recorded, on a network that loses, doubles and delays: all bytes arrive, and the traffic is bounded.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// How a client treats a block that is not the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// OVMF: confirms the last good one, each time.
    EachTime,
    /// atftp: confirms the last good one once, and waits for the next.
    Once,
    /// curl: with one block at a time; confirms a doubled one, never repeats anything by itself.
    Patient,
    /// tftp-hpa: one block at a time; confirms a doubled one, repeats after 5 s.
    Plain,
}

#[derive(Debug, Clone, Copy)]
struct Weather {
    /// Of a thousand datagrams.
    lost: u32,
    doubled: u32,
    delayed: u32,
    /// Quiet times have faults up to this block only.
    until: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Datagram {
    Offer,
    /// A block by its true number, and its number on the wire.
    Block(u64, u16),
    Ack(u16),
}

/// Everything between one server and one client.
struct World {
    weather: Weather,
    seed: u64,
    now: Tick,
    /// What is under way, by when it arrives.
    under_way: BTreeMap<(Tick, u64), Datagram>,
    count: u64,
    faults: u64,
    blocks_sent: u64,
    client: Client,
    transfer: Transfer,
}

struct Client {
    manner: Manner,
    window: u64,
    last: u64,
    /// The last block that came in its turn.
    good: u64,
    confirmed: u64,
    said_once: bool,
    talked: Tick,
}

impl Client {
    /// Takes a datagram; what it answers.
    fn take(&mut self, datagram: &Datagram, now: Tick) -> Option<u16> {
        let answer = match datagram {
            Datagram::Offer => (self.good == 0).then_some(0),
            Datagram::Block(block, number) if *number == wire(self.good + 1) => {
                assert_eq!(*block, self.good + 1, "another block under the number");
                self.good += 1;
                self.said_once = false;
                let is_end = self.good - self.confirmed >= self.window || self.good == self.last;
                is_end.then(|| wire(self.good))
            }
            Datagram::Block(..) => match self.manner {
                Manner::Once if self.said_once => None,
                Manner::Once | Manner::EachTime | Manner::Patient | Manner::Plain => {
                    self.said_once = true;
                    Some(wire(self.good))
                }
            },
            Datagram::Ack(_) => None,
        };
        if answer.is_some() {
            self.confirmed = self.good;
            self.talked = now;
        }
        answer
    }

    fn repeats_at(&self) -> Option<Tick> {
        let wait = match self.manner {
            Manner::EachTime => Duration::from_secs(4),
            Manner::Once | Manner::Plain => Duration::from_secs(5),
            Manner::Patient => return None,
        };
        Some(self.talked.after(wait))
    }

    fn is_done(&self) -> bool {
        self.good == self.last
    }
}

impl World {
    fn new(manner: Manner, window: u64, last: u64, weather: Weather, seed: u64) -> Self {
        let options = if window == 1 { String::new() } else { format!("windowsize {window}") };
        let terms = terms(&options);
        let now = Tick::default();
        let mut transfer = Transfer::new(&terms, terms.oack(Some(1)).is_some(), now);
        transfer.ends_with(last);
        let client = Client { manner, window, last, good: 0, confirmed: 0, said_once: false, talked: now };
        let seed = seed | 1;
        Self {
            weather,
            seed,
            now,
            under_way: BTreeMap::new(),
            count: 0,
            faults: 0,
            blocks_sent: 0,
            client,
            transfer,
        }
    }

    /// One of a thousand.
    fn chance(&mut self, of: u32) -> bool {
        // Numerical Recipes' generator; its upper bits are good enough for weather.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let hit = (self.seed >> 33) % 1000 < u64::from(of) && self.client.good < self.weather.until;
        self.faults += u64::from(hit);
        hit
    }

    fn post(&mut self, datagram: &Datagram) {
        if self.chance(self.weather.lost) {
            return;
        }
        let copies = if self.chance(self.weather.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = if self.chance(self.weather.delayed) { 900 } else { 100 };
            self.count += 1;
            self.under_way
                .insert((self.now.after(Duration::from_micros(delay)), self.count), datagram.clone());
        }
    }

    fn serve(&mut self) -> Option<End> {
        loop {
            match self.transfer.next() {
                Next::Wait => return None,
                Next::Over(end) => return Some(end),
                Next::Offer => {
                    self.post(&Datagram::Offer);
                    self.transfer.offered(self.now);
                }
                Next::Blocks { first, most } => {
                    for block in first..first + most {
                        self.post(&Datagram::Block(block, wire(block)));
                    }
                    self.blocks_sent += most;
                    self.transfer.sent(most, self.now);
                }
            }
        }
    }

    /// Runs until the client has the file, or the server gives up. `true` if the client has it.
    fn run(&mut self) -> bool {
        loop {
            if self.serve().is_some() || self.client.is_done() {
                return self.client.is_done();
            }
            let arrives = self.under_way.first_key_value().map(|((at, _), _)| *at);
            let wakes = [arrives, Some(self.transfer.due()), self.client.repeats_at()];
            self.now = self.now.max(wakes.into_iter().flatten().min().unwrap());
            if arrives.is_some_and(|at| at <= self.now) {
                let (_, datagram) = self.under_way.pop_first().unwrap();
                self.deliver(&datagram);
            } else if self.client.repeats_at().is_some_and(|at| at <= self.now) {
                self.client.talked = self.now;
                if self.client.good == 0 {
                    self.transfer.asked_again(self.now);
                } else {
                    self.post(&Datagram::Ack(wire(self.client.good)));
                }
            }
            self.transfer.wake(self.now);
        }
    }

    fn deliver(&mut self, datagram: &Datagram) {
        if let Datagram::Ack(number) = datagram {
            self.transfer.hear(&Packet::Ack(*number), self.now);
        } else if let Some(number) = self.client.take(datagram, self.now) {
            self.post(&Datagram::Ack(number));
        }
    }
}

fn manners() -> impl Strategy<Value = (Manner, u64)> {
    prop_oneof![
        (1..=64_u64).prop_map(|window| (Manner::EachTime, window)),
        (1..=64_u64).prop_map(|window| (Manner::Once, window)),
        Just((Manner::Patient, 1)),
        Just((Manner::Plain, 1)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn all_bytes_arrive_whatever_the_weather(
        (manner, window) in manners(),
        last in 1..3000_u64,
        lost in 0..150_u32,
        doubled in 0..150_u32,
        delayed in 0..150_u32,
        seed in any::<u64>(),
    ) {
        let weather = Weather { lost, doubled, delayed, until: u64::MAX };
        let mut world = World::new(manner, window, last, weather, seed);
        let arrived = world.run();
        // A client that could confirm nothing at all is soon given up; it asks again.
        prop_assert!(arrived || world.transfer.acked == 0, "block {} of {last}", world.client.good);
        // Each fault costs a window or two, and a lost ACK or two of those another.
        let worth = last + (world.faults + 4) * window * 3;
        prop_assert!(world.blocks_sent <= worth, "{} sent, {worth} would do", world.blocks_sent);
    }

    #[test]
    fn a_storm_is_over_when_it_is_over((manner, window) in manners(), doubled in 1..300_u32, seed in any::<u64>()) {
        let weather = Weather { lost: 20, doubled, delayed: 50, until: 200 };
        let mut world = World::new(manner, window, 5000, weather, seed);
        prop_assert!(world.run() || world.transfer.acked == 0);
        // The doubled datagrams of the first 200 blocks must not double those of the other 4800.
        let worth = 5000 + (world.faults + 4) * window * 3;
        prop_assert!(world.blocks_sent <= worth, "{} sent, {worth} would do", world.blocks_sent);
        prop_assert!(world.blocks_sent < 5000 + 2500 + 20 * window, "{} sent", world.blocks_sent);
    }

    #[test]
    fn any_packets_at_any_time_do_no_harm(
        window in 1..=64_u16,
        talk in proptest::collection::vec((any::<u16>(), 0..2000_u64, any::<bool>()), 0..300),
    ) {
        let mut rig = Rig::new(&format!("windowsize {window}"), 100_000);
        let mut heard = 0;
        for (number, millis, near) in talk {
            rig.now = rig.now.after(Duration::from_millis(millis));
            let near_by = wire(rig.transfer.acked.wrapping_add(u64::from(number % 200)).wrapping_sub(100));
            rig.ack(if near { near_by } else { number });
            rig.pass(Duration::ZERO);
            heard += 1;
            prop_assert!(rig.transfer.sent <= rig.transfer.acked + u64::from(window));
            prop_assert!(rig.transfer.acked <= rig.transfer.highest);
        }
        prop_assert!(rig.out.len() <= (heard * 2 + 2) * usize::from(window));
    }
}

#[test]
fn in_fair_weather_nothing_is_sent_twice() {
    for (manner, window) in
        [(Manner::EachTime, 4), (Manner::Once, 16), (Manner::Once, 64), (Manner::Plain, 1)]
    {
        let fair = Weather { lost: 0, doubled: 0, delayed: 0, until: 0 };
        let mut world = World::new(manner, window, 70_000, fair, 1);
        assert!(world.run());
        assert_eq!(world.blocks_sent, 70_000);
    }
}
