//! How many nodes are how, counted with each commit, so that nobody counts them by looking at all.

use crate::model::bmc::power::Power;
use crate::model::node::{Fault, Node};
use crate::model::provision::{Provision, TRAITS};

/// Nodes by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    states: [u32; TRAITS.len()],
    /// Unknown, on, off, error.
    power: [u32; 4],
    faults: [u32; 4],
    maintenance: u32,
    retired: u32,
}

impl Tally {
    pub fn plus(&mut self, node: &Node) {
        self.change(node, |count| *count = count.saturating_add(1));
    }

    pub fn minus(&mut self, node: &Node) {
        self.change(node, |count| *count = count.saturating_sub(1));
    }

    fn change(&mut self, node: &Node, by: impl Fn(&mut u32)) {
        let state = TRAITS.iter().position(|row| row.state == node.provision);
        let fault = node.fault.and_then(|fault| FAULTS.iter().position(|one| *one == fault));
        let places = [
            state.and_then(|place| self.states.get_mut(place)),
            self.power.get_mut(place_of(node.power)),
            fault.and_then(|place| self.faults.get_mut(place)),
            node.wished.maintenance.then_some(&mut self.maintenance),
            node.wished.retired.then_some(&mut self.retired),
        ];
        places.into_iter().flatten().for_each(by);
    }

    pub fn by_state(&self) -> impl Iterator<Item = (Provision, u32)> {
        TRAITS.iter().map(|row| row.state).zip(self.states)
    }

    pub fn by_power(&self) -> impl Iterator<Item = (&'static str, u32)> {
        ["unknown", Power::On.name(), Power::Off.name(), Power::Error.name()].into_iter().zip(self.power)
    }

    pub fn by_fault(&self) -> impl Iterator<Item = (Fault, u32)> {
        FAULTS.into_iter().zip(self.faults)
    }

    pub fn in_maintenance(&self) -> u32 {
        self.maintenance
    }

    pub fn retired(&self) -> u32 {
        self.retired
    }
}

fn place_of(power: Option<Power>) -> usize {
    match power {
        None => 0,
        Some(Power::On) => 1,
        Some(Power::Off) => 2,
        Some(Power::Error) => 3,
    }
}

const FAULTS: [Fault; 4] = [Fault::Power, Fault::Clean, Fault::Service, Fault::RescueAbort];

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::node::Wished;

    #[test]
    fn what_comes_and_goes_leaves_nothing() {
        let mut tally = Tally::default();
        let mut node = Node::new(NodeId(Uuid::nil()), Wished::default(), Moment(0));
        tally.plus(&node);
        assert_eq!(tally.by_state().find(|(state, _)| *state == Provision::Enroll).unwrap().1, 1);
        assert_eq!(tally.by_power().next(), Some(("unknown", 1)));
        tally.minus(&node);
        node.provision = Provision::Active;
        (node.power, node.fault) = (Some(Power::On), Some(Fault::Clean));
        node.wished.maintenance = true;
        tally.plus(&node);
        let active = tally.by_state().filter(|(_, count)| *count > 0).collect::<Vec<_>>();
        assert_eq!(active, [(Provision::Active, 1)]);
        assert_eq!(tally.by_fault().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [(Fault::Clean, 1)]);
        assert_eq!((tally.in_maintenance(), tally.retired()), (1, 0));
        tally.minus(&node);
        assert_eq!(tally, Tally::default());
    }
}
