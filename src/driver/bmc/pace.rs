//! How many calls a BMC takes at once and how far apart they begin, learnt from its answers.
//!
//! Good answers widen by one call, overload and a latency far above the best one halve.

use std::time::Duration;

use crate::base::time::Tick;
use crate::driver::bmc::Limits;

/// What is learnt of one BMC.
#[derive(Debug, Clone)]
pub struct Pace {
    limits: Limits,
    /// Calls at once by now.
    width: u16,
    /// Good answers since the width last changed.
    good: u16,
    /// The best latency, drifting slowly to what is usual.
    best: Option<Duration>,
    /// The latency of late.
    smooth: Duration,
    /// Between the beginnings of two calls.
    pause: Duration,
    next: Tick,
    /// The end of a pause that the BMC asked for.
    told: Option<Tick>,
}

impl Pace {
    pub fn new(limits: Limits, first: Tick) -> Self {
        Self {
            limits,
            width: limits.concurrency.max(1),
            good: 0,
            best: None,
            smooth: Duration::ZERO,
            pause: Duration::ZERO,
            next: first,
            told: None,
        }
    }

    /// Seconds that are left of a pause that the BMC asked for, if nobody waits that long.
    pub fn long_rest(&self, now: Tick) -> Option<u64> {
        let rest = self.told?.since(now);
        (rest > LONGEST_WAIT).then(|| u64::try_from(rest.as_millis().div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// Calls that may run at once.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// When the next call may begin.
    pub fn next(&self) -> Tick {
        self.next
    }

    /// A call begins.
    pub fn begin(&mut self, now: Tick) {
        self.next = now.after(self.pause.max(self.limits.min_interval));
    }

    /// It answered well after `latency`.
    pub fn answered(&mut self, latency: Duration) {
        self.learn(latency);
        self.pause = if self.pause <= SHORTEST_PAUSE { Duration::ZERO } else { self.pause / 2 };
        self.good = self.good.saturating_add(1);
        if self.good < self.width {
            return;
        }
        if self.is_slow() {
            self.narrow();
        } else if self.width < self.limits.concurrency {
            self.width += 1;
            self.good = 0;
        }
    }

    /// It said that it has too much to do, perhaps for how long.
    pub fn overloaded(&mut self, now: Tick, retry_after: Option<Duration>) {
        self.narrow();
        self.pause = (self.pause * 2).max(FIRST_PAUSE).min(LONGEST_GAP);
        let rest =
            retry_after.unwrap_or(self.pause).clamp(self.pause, self.limits.longest_pause.max(self.pause));
        self.next = self.next.max(now.after(rest));
        self.told = retry_after.map(|_| self.next).or(self.told);
    }

    fn learn(&mut self, latency: Duration) {
        if latency.is_zero() {
            // An answer whose time nobody took.
            return;
        }
        let Some(best) = self.best else {
            (self.best, self.smooth) = (Some(latency), latency);
            return;
        };
        self.smooth = (self.smooth * 7 + latency) / 8;
        self.best = Some(if latency < best { latency } else { (best * 511 + latency) / 512 });
    }

    fn is_slow(&self) -> bool {
        self.smooth > SLOW && self.best.is_some_and(|best| self.smooth > best * SLOW_FACTOR)
    }

    fn narrow(&mut self) {
        self.width = (self.width / 2).max(1);
        self.good = 0;
    }
}

/// The longest pause of a BMC's asking that callers wait for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Below this no latency is a sign of overload.
const SLOW: Duration = Duration::from_secs(1);
/// So many times its best latency a BMC has too much to do.
const SLOW_FACTOR: u32 = 4;
/// The first pause between calls after an overload, doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Pauses shorter than this are none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
/// The longest distance of calls that answers teach.
const LONGEST_GAP: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(Limits::default(), Tick::default())
    }

    #[test]
    fn overload_halves_and_good_answers_win_it_back_one_by_one() {
        let mut pace = pace();
        let now = Tick(Duration::from_secs(9));
        pace.overloaded(now, None);
        pace.overloaded(now, Some(Duration::from_secs(7)));
        assert_eq!(pace.long_rest(now), None);
        assert_eq!((pace.width(), pace.next()), (1, now.after(Duration::from_secs(7))));
        pace.overloaded(now, Some(Duration::from_hours(7)));
        assert_eq!((pace.width(), pace.next()), (1, now.after(Duration::from_mins(1))));
        assert_eq!(pace.long_rest(now), Some(60));
        assert_eq!(pace.long_rest(now.after(Duration::from_secs(30))), None, "the rest is waited for");
        let widths: Vec<u16> = (0..9)
            .map(|_| {
                pace.answered(Duration::from_millis(20));
                pace.width()
            })
            .collect();
        assert_eq!(widths, [2, 2, 3, 3, 3, 4, 4, 4, 4]);
        pace.begin(now);
        assert_eq!(pace.next(), now, "the pause is forgotten");
    }

    #[test]
    fn a_latency_far_above_the_best_narrows() {
        let mut pace = pace();
        (0..8).for_each(|_| pace.answered(Duration::from_millis(100)));
        assert_eq!(pace.width(), 4);
        (0..40).for_each(|_| pace.answered(Duration::from_secs(8)));
        assert_eq!(pace.width(), 1);
    }

    #[test]
    fn a_machine_that_always_was_slow_is_not_overloaded() {
        let mut pace = pace();
        pace.answered(Duration::ZERO);
        (0..40).for_each(|_| pace.answered(Duration::from_secs(5)));
        assert_eq!(pace.width(), 4);
    }

    #[test]
    fn calls_keep_their_distance_where_it_is_asked_for() {
        let limits = Limits { min_interval: Duration::from_secs(5), ..Limits::default() };
        let mut pace = Pace::new(limits, Tick::default());
        pace.begin(Tick(Duration::from_secs(1)));
        assert_eq!(pace.next(), Tick(Duration::from_secs(6)));
    }
}
