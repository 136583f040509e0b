//! Which session sequence numbers are taken: each once, and none far from the highest (IPMI 2.0 6.12.13).

/// The last 32 numbers around the highest one taken. Authenticated and unauthenticated packets have one each.
///
/// A number is looked at before the packet is verified and taken only after, so that forgers cannot move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The highest number taken and, bit n, whether the number n below it was; nothing yet: anything goes.
    state: Option<(u32, u32)>,
}

impl Window {
    pub fn is_open_to(&self, number: u32) -> bool {
        let Some((highest, taken)) = self.state else {
            return true;
        };
        let ahead = number.wrapping_sub(highest);
        let behind = highest.wrapping_sub(number);
        (1..=AHEAD).contains(&ahead) || behind <= BEHIND && taken & bit(behind) == 0
    }

    /// False, and nothing changes, if the number was taken before or lies outside.
    pub fn take(&mut self, number: u32) -> bool {
        if !self.is_open_to(number) {
            return false;
        }
        self.state = Some(match self.state {
            None => (number, 1),
            Some((highest, taken)) => {
                let ahead = number.wrapping_sub(highest);
                if (1..=AHEAD).contains(&ahead) {
                    (number, taken.checked_shl(ahead).unwrap_or(0) | 1)
                } else {
                    (highest, taken | bit(highest.wrapping_sub(number)))
                }
            }
        });
        true
    }
}

fn bit(behind: u32) -> u32 {
    1_u32.checked_shl(behind).unwrap_or(0)
}

/// How far a new number may lie above the highest.
const AHEAD: u32 = 15;
/// How far it may lie below.
const BEHIND: u32 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_number_may_be_any_and_none_is_taken_twice() {
        let mut window = Window::default();
        assert!(window.take(u32::MAX - 1));
        assert!(!window.take(u32::MAX - 1));
        assert!(window.take(1), "zero is skipped at the wrap");
        assert!(window.take(u32::MAX), "late, not lost");
        assert!(!window.take(u32::MAX));
    }

    #[test]
    fn the_window_goes_from_sixteen_below_to_fifteen_above() {
        let mut window = Window::default();
        assert!(window.take(100));
        assert!(!window.is_open_to(116));
        assert!(window.is_open_to(115));
        assert!(window.is_open_to(84));
        assert!(!window.is_open_to(83));
        assert!(!window.take(83));
        assert_eq!(window.state, Some((100, 1)), "a refused number changes nothing");
    }

    proptest! {
        #[test]
        fn whatever_comes_no_number_is_taken_twice(
            base in any::<u32>(),
            steps in proptest::collection::vec(0_u32..40, 0..200),
        ) {
            let mut window = Window::default();
            let mut seen = std::collections::HashSet::new();
            for step in steps {
                let number = base.wrapping_add(step);
                if window.take(number) {
                    prop_assert!(seen.insert(number));
                }
            }
        }
    }
}
