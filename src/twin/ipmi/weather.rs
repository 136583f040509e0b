//! Faults on demand: what the network, or a BMC gone wrong, does to datagrams.

use std::time::Duration;

use crate::twin::ipmi::turn::Sent;

/// Which faults are in force; the default is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// Nothing is heard and nothing said.
    pub silent: bool,
    /// Every nth datagram to the BMC is lost; 0 is none.
    pub lose_asked: u32,
    /// Every nth datagram of the BMC's is lost.
    pub lose_answers: u32,
    /// Every nth datagram of the BMC's comes twice.
    pub duplicate: u32,
    /// Every nth datagram of the BMC's is held back until the next has gone.
    pub reorder: u32,
    /// After every nth datagram of the BMC's an old one is sent once more.
    pub replay: u32,
    /// In every nth datagram of the BMC's a bit of the last byte is wrong: of the code, where there is one.
    pub corrupt: u32,
    /// Answers come this late.
    pub slow: Duration,
}

/// Faults, and how many datagrams they have seen.
#[derive(Debug, Default)]
pub struct Weather {
    pub faults: Faults,
    asked: u32,
    answered: u32,
    held: Option<Sent>,
    old: Option<Sent>,
}

impl Weather {
    /// Whether a datagram reaches the BMC.
    pub fn lets_in(&mut self) -> bool {
        self.asked = self.asked.wrapping_add(1);
        !self.faults.silent && !strikes(self.faults.lose_asked, self.asked)
    }

    /// What reaches the client of what the BMC sends.
    pub fn lets_out(&mut self, sent: Vec<Sent>) -> Vec<Sent> {
        let mut out = Vec::new();
        for one in sent {
            self.one(one, &mut out);
        }
        out
    }

    fn one(&mut self, mut sent: Sent, out: &mut Vec<Sent>) {
        self.answered = self.answered.wrapping_add(1);
        let (count, faults) = (self.answered, self.faults.clone());
        if faults.silent || strikes(faults.lose_answers, count) {
            return;
        }
        sent.delay = sent.delay.saturating_add(faults.slow);
        if strikes(faults.corrupt, count)
            && let Some(last) = sent.packet.last_mut()
        {
            *last ^= 1;
        }
        if strikes(faults.reorder, count) && self.held.is_none() {
            self.held = Some(sent);
            return;
        }
        if strikes(faults.duplicate, count) {
            out.push(sent.clone());
        }
        let old = if strikes(faults.replay, count) { self.old.take() } else { None };
        if self.old.is_none() {
            self.old = Some(sent.clone());
        }
        out.push(sent);
        out.extend(self.held.take());
        out.extend(old);
    }
}

fn strikes(every: u32, count: u32) -> bool {
    count.checked_rem(every) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(faults: Faults) -> Vec<u8> {
        let mut weather = Weather { faults, ..Weather::default() };
        let to = "127.0.0.1:1".parse().unwrap();
        let sent = |byte: u8| Sent { to, packet: vec![byte], delay: Duration::ZERO };
        let out = (1..=6).flat_map(|count| weather.lets_out(vec![sent(count * 2)])).collect::<Vec<_>>();
        out.iter().map(|sent| sent.packet[0]).collect()
    }

    #[test]
    fn each_fault_strikes_every_nth() {
        assert_eq!(passed(Faults::default()), [2, 4, 6, 8, 10, 12]);
        assert_eq!(passed(Faults { lose_answers: 2, ..Faults::default() }), [2, 6, 10]);
        assert_eq!(passed(Faults { duplicate: 3, ..Faults::default() }), [2, 4, 6, 6, 8, 10, 12, 12]);
        assert_eq!(passed(Faults { reorder: 3, ..Faults::default() }), [2, 4, 8, 6, 10]);
        assert_eq!(passed(Faults { replay: 4, ..Faults::default() }), [2, 4, 6, 8, 2, 10, 12]);
        assert_eq!(passed(Faults { corrupt: 3, ..Faults::default() }), [2, 4, 7, 8, 10, 13]);
        assert!(passed(Faults { silent: true, ..Faults::default() }).is_empty());
    }

    #[test]
    fn what_is_asked_is_lost_apart() {
        let mut weather =
            Weather { faults: Faults { lose_asked: 2, ..Faults::default() }, ..Weather::default() };
        assert_eq!([weather.lets_in(), weather.lets_in(), weather.lets_in()], [true, false, true]);
    }
}
