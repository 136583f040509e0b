//! Other servers of addresses in a network: wrong where this host gives them, needed where it only adds boot data.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::time::Tick;
use crate::model::boot::network::OtherServer;

/// Those that were heard.
#[derive(Debug)]
pub struct Others {
    /// There should be one.
    is_expected: bool,
    seen: Vec<(OtherServer, Tick)>,
    /// Those told of since then.
    told: (u32, Tick),
}

impl Others {
    pub fn new(is_expected: bool) -> Self {
        Self { is_expected, seen: Vec::new(), told: (0, Tick::default()) }
    }

    /// Takes in that one has answered; true if it is to be told: it is new, or was told of long ago.
    pub fn hear(&mut self, address: Ipv4Addr, mac: Mac, at: Moment, now: Tick) -> bool {
        let expected = self.is_expected;
        let one = OtherServer { address, mac, last_seen: at, expected };
        if let Some((known, told)) =
            self.seen.iter_mut().find(|(known, _)| known.address == address && known.mac == mac)
        {
            *known = one;
            let is_long_ago = now.since(*told) >= AGAIN;
            if is_long_ago {
                *told = now;
            }
            return is_long_ago;
        }
        if self.seen.len() >= LIMIT {
            self.seen.remove(0);
        }
        self.seen.push((one, now));
        self.may_tell(now)
    }

    /// Whether one more is to be told: of a flood of made-up servers only some are.
    fn may_tell(&mut self, now: Tick) -> bool {
        let (count, since) = self.told;
        self.told = if now.since(since) >= AGAIN { (1, now) } else { (count.saturating_add(1), since) };
        self.told.0 <= TOLD
    }

    pub fn all(&self) -> Vec<OtherServer> {
        self.seen.iter().map(|(one, _)| one.clone()).collect()
    }

    pub fn is_lonely(&self) -> bool {
        self.is_expected && self.seen.is_empty()
    }
}

/// Servers that are remembered: more are an attack.
const LIMIT: usize = 16;
/// Servers that are told of in that time.
const TOLD: u32 = 16;
/// One that goes on is told of again after this.
const AGAIN: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_of_once_in_a_while() {
        let mut others = Others::new(false);
        let (address, mac) = (Ipv4Addr::new(10, 0, 0, 9), Mac([2, 0, 0, 0, 0, 9]));
        let mut hear = |seconds| others.hear(address, mac, Moment(7), Tick(Duration::from_secs(seconds)));
        assert_eq!([hear(0), hear(1), hear(599), hear(600), hear(601)], [true, false, false, true, false]);
        assert_eq!(others.all().len(), 1);
        let told = (0..100)
            .filter(|last| others.hear(Ipv4Addr::new(10, 0, 1, *last), mac, Moment(7), Tick::default()));
        assert_eq!(told.count(), 15);
        assert_eq!(others.all().len(), LIMIT);
    }

    #[test]
    fn only_where_one_is_expected_its_absence_is_wrong() {
        assert!(!Others::new(false).is_lonely());
        let mut others = Others::new(true);
        assert!(others.is_lonely());
        others.hear(Ipv4Addr::LOCALHOST, Mac([2, 0, 0, 0, 0, 9]), Moment(0), Tick::default());
        assert!(!others.is_lonely());
    }
}
