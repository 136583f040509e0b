//! Which address a machine took from another server, as far as it was heard: a hint for who renders by address.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

use crate::base::mac::Mac;

/// What was heard last.
#[derive(Debug, Default)]
pub struct Heard {
    by_address: HashMap<Ipv4Addr, Mac>,
    order: VecDeque<Ipv4Addr>,
}

impl Heard {
    pub fn put(&mut self, address: Ipv4Addr, mac: Mac) {
        if address.is_unspecified() {
            return;
        }
        if self.by_address.insert(address, mac).is_none() {
            self.order.push_back(address);
        }
        if self.order.len() > LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_address.remove(&oldest);
        }
    }

    pub fn mac_of(&self, address: Ipv4Addr) -> Option<Mac> {
        self.by_address.get(&address).copied()
    }
}

/// Machines of one network that are remembered.
const LIMIT: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_memory_is_bounded() {
        let mut heard = Heard::default();
        let (one, two) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
        let address = |number: u32| Ipv4Addr::from(0x0a00_0000 + number);
        heard.put(address(1), one);
        heard.put(address(1), two);
        assert_eq!(heard.mac_of(address(1)), Some(two));
        for number in 2..10_000 {
            heard.put(address(number), one);
        }
        assert_eq!(heard.mac_of(address(1)), None);
        assert_eq!((heard.order.len(), heard.by_address.len()), (LIMIT, LIMIT));
    }
}
