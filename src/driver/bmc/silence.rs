//! A BMC that does not answer is tried by one caller at a time, after growing pauses; the others hear at once.

use std::time::Duration;

use crate::base::time::Tick;

/// What is known of a BMC's silence.
#[derive(Debug, Clone, Default)]
pub struct Silence {
    spell: Option<Spell>,
    /// When it answered last.
    heard: Option<Tick>,
}

#[derive(Debug, Clone)]
struct Spell {
    since: Tick,
    tries: u32,
    next: Tick,
    why: String,
    /// When the try that is under way began.
    trying: Option<Tick>,
}

impl Silence {
    /// Whether a call may begin: in silence one may, when the pause is over. The error says why and when again.
    pub fn check(&self, now: Tick) -> Result<(), String> {
        let Some(spell) = &self.spell else { return Ok(()) };
        if spell.trying.is_some() {
            return Err(format!("{}; it is being tried again now", spell.text(now)));
        }
        if now < spell.next {
            let rest = spell.next.since(now).as_millis().div_ceil(1000);
            return Err(format!("{}; tried again in {rest} s", spell.text(now)));
        }
        Ok(())
    }

    /// Whether a call may begin for somebody who asks for one, pause or not: false while another one tries.
    pub fn may_insist(&self) -> bool {
        self.spell.as_ref().is_none_or(|spell| spell.trying.is_none())
    }

    /// A call begins.
    pub fn begin(&mut self, now: Tick) {
        if let Some(spell) = &mut self.spell {
            spell.trying = Some(now);
        }
    }

    /// A call was answered, well or not. True if that ends a silence.
    pub fn heard(&mut self, now: Tick) -> bool {
        self.heard = Some(now);
        self.spell.take().is_some()
    }

    /// Why it counts as silent, if it does.
    pub fn why(&self) -> Option<&str> {
        self.spell.as_ref().map(|spell| spell.why.as_str())
    }

    /// The call that began at `began` ended without a word of the BMC being known.
    pub fn given_up(&mut self, began: Tick) {
        if let Some(spell) = self.spell.as_mut().filter(|spell| spell.is_tried_by(began)) {
            spell.trying = None;
        }
    }

    /// The call that began at `began` was not answered. False if others were answered since: then it is not silent.
    pub fn unheard(&mut self, began: Tick, now: Tick, why: &str, longest: Duration) -> bool {
        if self.heard.is_some_and(|heard| heard > began) {
            return false;
        }
        let (since, tries) = match &self.spell {
            // It began before the silence was known: nothing new.
            Some(spell) if !spell.is_tried_by(began) => return true,
            Some(spell) => (spell.since, spell.tries.saturating_add(1)),
            None => (now, 1),
        };
        let pause = FIRST.saturating_mul(1_u32.checked_shl(tries - 1).unwrap_or(u32::MAX)).min(longest);
        self.spell = Some(Spell { since, tries, next: now.after(pause), why: why.to_owned(), trying: None });
        true
    }
}

impl Spell {
    /// Whether the call that began at `began` is the try that is under way.
    fn is_tried_by(&self, began: Tick) -> bool {
        self.trying.is_some_and(|trying| began >= trying)
    }

    fn text(&self, now: Tick) -> String {
        let length = now.since(self.since).as_secs();
        format!("{} (silent for {length} s, tries so far: {})", self.why, self.tries)
    }
}

/// The pause after the first call without an answer; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_mins(1);

    fn at(seconds: u64) -> Tick {
        Tick(Duration::from_secs(seconds))
    }

    #[test]
    fn pauses_grow_to_the_longest_and_one_tries_at_a_time() {
        let mut silence = Silence::default();
        let (mut now, mut pauses) = (at(100), Vec::new());
        for _ in 0..9 {
            silence.check(now).unwrap();
            silence.begin(now);
            if !pauses.is_empty() {
                assert!(silence.check(now).unwrap_err().contains("being tried again now"));
            }
            assert!(silence.unheard(now, now, "timed out", LONGEST));
            let mut pause = 0;
            while silence.check(now.after(Duration::from_secs(pause))).is_err() {
                pause += 1;
            }
            pauses.push(pause);
            now = now.after(Duration::from_secs(pause));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn calls_that_began_before_the_silence_do_not_lengthen_it() {
        let mut silence = Silence::default();
        for _ in 0..4 {
            assert!(silence.unheard(at(1), at(31), "timed out", LONGEST));
        }
        assert_eq!(
            silence.check(at(31)).unwrap_err(),
            "timed out (silent for 0 s, tries so far: 1); tried again in 1 s"
        );
        silence.check(at(32)).unwrap();
    }

    #[test]
    fn who_answered_others_since_is_not_silent() {
        let mut silence = Silence::default();
        silence.heard(at(5));
        assert!(!silence.unheard(at(1), at(31), "timed out", LONGEST));
        silence.check(at(31)).unwrap();
    }

    #[test]
    fn a_try_that_was_given_up_leaves_room_for_the_next() {
        let mut silence = Silence::default();
        silence.unheard(at(1), at(2), "timed out", LONGEST);
        silence.begin(at(3));
        silence.given_up(at(1));
        silence.check(at(3)).unwrap_err();
        silence.given_up(at(3));
        silence.check(at(3)).unwrap();
        silence.heard(at(4));
        silence.begin(at(4));
        silence.check(at(4)).unwrap();
    }

    #[test]
    fn who_insists_tries_within_the_pause_and_alone() {
        let mut silence = Silence::default();
        silence.unheard(at(1), at(9), "timed out", LONGEST);
        silence.unheard(at(9), at(9), "timed out", LONGEST);
        silence.check(at(9)).unwrap_err();
        assert!(silence.may_insist());
        silence.begin(at(9));
        assert!(!silence.may_insist());
        assert!(silence.unheard(at(9), at(12), "refused", LONGEST));
        assert!(silence.may_insist());
        let text = silence.check(at(12)).unwrap_err();
        assert_eq!(text, "refused (silent for 3 s, tries so far: 2); tried again in 2 s");
        silence.begin(at(12));
        silence.given_up(at(12));
        assert!(silence.may_insist());
    }
}
