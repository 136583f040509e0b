//! When advertisements go out (RFC 4861 6.2.4, 6.2.6): at their interval, and soon after who asks.

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::Duration;

use crate::base::time::Tick;

/// What is to be sent when.
#[derive(Debug)]
pub struct Schedule {
    next: Tick,
    /// Advertisements after the start that come in a shorter interval.
    first: u8,
    /// When all were told last.
    last: Option<Tick>,
    /// Machines that are told alone, since all may not be told yet again.
    waiting: VecDeque<(Tick, Ipv6Addr)>,
    /// Machines that were told alone since all were told.
    alone: usize,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    All,
    One(Ipv6Addr),
}

impl Schedule {
    /// The first one is due at once.
    pub fn new(now: Tick) -> Self {
        Self { next: now, first: FIRST, last: None, waiting: VecDeque::new(), alone: 0 }
    }

    /// When something is due.
    pub fn wake(&self) -> Tick {
        self.waiting.front().map_or(self.next, |(at, _)| self.next.min(*at))
    }

    /// Somebody asks; `chance` is a random number.
    pub fn asked(&mut self, from: Ipv6Addr, now: Tick, chance: u32) {
        let soon = now.after(part(DELAY, chance));
        let allowed = self.last.map_or(now, |last| last.after(APART));
        if allowed <= soon || from.is_unspecified() {
            self.next = self.next.min(soon.max(allowed));
            return;
        }
        let is_known = self.waiting.iter().any(|(_, other)| *other == from);
        if !is_known && self.waiting.len() + self.alone >= MOST {
            // So many that all are told, as soon as they may be.
            self.next = self.next.min(allowed);
        } else if !is_known {
            self.waiting.push_back((soon.max(self.waiting.back().map_or(soon, |(at, _)| *at)), from));
        }
    }

    /// Who is to be told now.
    pub fn due(&mut self, now: Tick, chance: u32) -> Option<Told> {
        if self.next <= now {
            self.last = Some(now);
            self.waiting.clear();
            self.alone = 0;
            let interval = LEAST.saturating_add(part(LONGEST.saturating_sub(LEAST), chance));
            self.next = now.after(if self.first > 0 { interval.min(FIRST_INTERVAL) } else { interval });
            self.first = self.first.saturating_sub(1);
            return Some(Told::All);
        }
        let (_, one) = self.waiting.pop_front_if(|(at, _)| *at <= now)?;
        self.alone += 1;
        Some(Told::One(one))
    }
}

/// A random part of a length.
fn part(length: Duration, chance: u32) -> Duration {
    length.mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

/// Between two to all (`MIN_DELAY_BETWEEN_RAS`).
const APART: Duration = Duration::from_secs(3);
/// Longest wait of who asks. The clause allows 500 ms, so that several routers do not answer at once; a machine that
/// boots waits for this.
const DELAY: Duration = Duration::from_millis(50);
/// `MIN_` and `MAX_RTR_ADV_INTERVAL` as they are by default.
const LEAST: Duration = Duration::from_secs(200);
const LONGEST: Duration = Duration::from_mins(10);
/// `MAX_INITIAL_RTR_ADVERTISEMENTS` and their interval.
const FIRST: u8 = 3;
const FIRST_INTERVAL: Duration = Duration::from_secs(16);
/// Machines that are told alone between two that are told to all: a rack.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick(Duration::from_millis(millis))
    }

    fn machine(number: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number)
    }

    #[test]
    fn three_come_soon_and_the_rest_at_their_interval() {
        let mut schedule = Schedule::new(at(0));
        let mut gaps = Vec::new();
        for _ in 0..5 {
            let now = schedule.wake();
            assert_eq!(schedule.due(now, u32::MAX), Some(Told::All));
            assert_eq!(schedule.due(now, 0), None);
            gaps.push(schedule.wake().since(now).as_secs());
        }
        assert_eq!(gaps, [16, 16, 16, 600, 600]);
    }

    #[test]
    fn who_asks_is_answered_at_once_and_all_are_told_three_seconds_apart() {
        let mut schedule = Schedule::new(at(0));
        assert_eq!(schedule.due(at(0), 0), Some(Told::All));
        schedule.asked(machine(1), at(1000), 0);
        schedule.asked(machine(1), at(1100), 0);
        assert_eq!(schedule.due(at(1100), 0), Some(Told::One(machine(1))));
        assert_eq!(schedule.due(at(1100), 0), None);
        schedule.asked(Ipv6Addr::UNSPECIFIED, at(1200), 0);
        assert_eq!(schedule.wake(), at(3000));
        assert_eq!(schedule.due(at(3000), 0), Some(Told::All));
        schedule.asked(machine(2), at(7000), u32::MAX);
        assert_eq!(schedule.wake(), at(7050));
        assert_eq!(schedule.due(at(7050), 0), Some(Told::All));
    }

    #[test]
    fn a_flood_is_bounded_and_told_all_at_once() {
        let mut schedule = Schedule::new(at(0));
        schedule.due(at(0), 0);
        for number in 0..5000 {
            schedule.asked(machine(number), at(1000 + u64::from(number)), 0);
        }
        assert!(schedule.waiting.len() <= MOST);
        let told = std::iter::from_fn(|| schedule.due(at(6000), 0)).count();
        assert_eq!(told, 1);
        let mut told = Vec::new();
        for number in 0..5000_u16 {
            let now = at(6000 + u64::from(number));
            schedule.asked(machine(number), now, 0);
            told.extend(std::iter::from_fn(|| schedule.due(now, 0)));
        }
        let all = told.iter().filter(|one| **one == Told::All).count();
        assert_eq!((all, told.len() - all), (1, 2 * MOST), "some are told alone in each three seconds");
    }
}
