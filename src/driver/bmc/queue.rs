//! Who waits for a BMC, who runs, and who is next: the waiting caller whose node has the fewest calls running, and of
//! those the first that came.

use std::collections::{HashMap, VecDeque};

use crate::base::id::NodeId;
use crate::model::bmc::CredentialPrint;

/// A waiting caller's number.
pub type Ticket = u64;

/// Callers of one line.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    running: HashMap<NodeId, u16>,
    last: Ticket,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    node: NodeId,
    print: CredentialPrint,
}

impl Queue {
    /// Lines up, unless `limit` callers of the node wait already: one BMC may stand before a whole rack.
    pub fn join(&mut self, node: NodeId, print: &CredentialPrint, limit: usize) -> Result<Ticket, usize> {
        let waiting = self.waiting.iter().filter(|one| one.node == node).count();
        if waiting >= limit {
            return Err(waiting);
        }
        self.last += 1;
        self.waiting.push_back(Waiting { ticket: self.last, node, print: print.clone() });
        Ok(self.last)
    }

    /// No longer waits.
    pub fn leave(&mut self, ticket: Ticket) {
        self.waiting.retain(|one| one.ticket != ticket);
    }

    /// The caller who is next, of those whose credentials are `open`.
    pub fn next(&self, open: impl Fn(&CredentialPrint) -> bool) -> Option<Ticket> {
        let may = self.waiting.iter().filter(|one| open(&one.print));
        let first = may.min_by_key(|one| (self.running.get(&one.node).copied().unwrap_or(0), one.ticket));
        first.map(|one| one.ticket)
    }

    /// Calls that run.
    pub fn running(&self) -> u16 {
        self.running.values().fold(0, |sum, one| sum.saturating_add(*one))
    }

    /// A call of the node begins.
    pub fn begin(&mut self, node: NodeId) {
        *self.running.entry(node).or_default() += 1;
    }

    /// A call of the node has ended.
    pub fn end(&mut self, node: NodeId) {
        if let Some(count) = self.running.get_mut(&node) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.running.remove(&node);
            }
        }
    }

    /// Whether nobody waits or runs.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_with_many_calls_does_not_keep_another_waiting() {
        let (many, few) = (NodeId(uuid::Uuid::from_u128(1)), NodeId(uuid::Uuid::from_u128(2)));
        let print = CredentialPrint("p".to_owned());
        let mut queue = Queue::default();
        let mut order = Vec::new();
        for node in [many, many, many, many, few, few] {
            queue.join(node, &print, 4).unwrap();
        }
        assert_eq!(queue.join(many, &print, 4), Err(4));
        while let Some(ticket) = queue.next(|_| true) {
            queue.leave(ticket);
            queue.begin(if ticket > 4 { few } else { many });
            order.push(ticket);
        }
        assert_eq!(order, [1, 5, 2, 6, 3, 4]);
        assert_eq!(queue.running(), 6);
    }

    #[test]
    fn who_may_not_begin_is_passed_over() {
        let node = NodeId(uuid::Uuid::nil());
        let (a, b) = (CredentialPrint("a".to_owned()), CredentialPrint("b".to_owned()));
        let mut queue = Queue::default();
        queue.join(node, &a, 9).unwrap();
        let second = queue.join(node, &b, 9).unwrap();
        assert_eq!(queue.next(|print| *print == b), Some(second));
        queue.leave(second);
        assert_eq!(queue.next(|print| *print == b), None);
        assert!(!queue.is_empty());
    }
}
