//! Which boots there are of a machine, and what one is told that boots in a loop.

use std::net::IpAddr;
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::base::mac::Mac;
use crate::boot::library::catalogue::{Stock, label, word};
use crate::boot::library::errand::{Halt, Then};
use crate::boot::loops::{Boot, Verdict};
use crate::flow::boot::Start;
use crate::model::boot::again::{BootLoop, Looped};
use crate::model::node::Node;

impl Stock {
    /// A machine was given its script: it boots, if it is the machine.
    pub(super) fn boots(&self, mac: Mac, boot: &Boot, from: IpAddr) {
        if boot.starts == word(Start::Next) || !self.is_of(mac, from) {
            return;
        }
        let Some(verdict) = self.loops.note(mac, boot.clone()) else { return };
        let published = self.reader.published();
        let node = label(boot.node.and_then(|node| published.node(node)).map(|node| &**node));
        let starts = boot.starts;
        if boot.node.is_some() {
            info!(%mac, node, starts, "a machine boots");
        } else {
            debug!(%mac, starts, "a machine boots that nobody knows");
        }
        let Verdict::Loop { boots, lasted, first: true } = verdict else { return };
        self.alarm(mac, boot, (boots, lasted));
        let minutes = self.loops.limit().within.as_secs() / 60;
        if self.told.is_new(&("loop", mac)) {
            warn!(%mac, node, starts, boots, minutes, "a machine boots in a loop");
            if let Some(teller) = &self.teller {
                let text =
                    format!("{node} boots in a loop: {starts}, {boots} boots within {minutes} minutes");
                teller.error("boot loop", mac, text);
            }
        }
    }

    /// Tells the node, where every client looks.
    fn alarm(&self, mac: Mac, boot: &Boot, (boots, lasted): (usize, Duration)) {
        let what =
            [(Start::Agent, Looped::Agent), (Start::Instance, Looped::Instance), (Start::Disk, Looped::Disk)];
        let what = what.iter().find(|(start, _)| word(*start) == boot.starts).map(|(_, what)| *what);
        if let (Some(alarm), Some(node), Some(what)) = (&self.alarm, boot.node, what) {
            alarm.boots_again(node, BootLoop { mac, what, boots, lasted, mark: boot.mark });
        }
    }

    /// Whether it can be this NIC's machine that asks from there: in a network that this host is in, its frames come from
    /// a NIC of the same machine; where this host gives all addresses, it has leased it, too.
    ///
    /// Behind a router without DHCP of this host nothing tells one machine from another: a script, and what it leads to,
    /// is given to whoever names a NIC, so that neither proves anything.
    pub(super) fn is_of(&self, mac: Mac, from: IpAddr) -> bool {
        let leases_all = self.board.leases_all(from);
        match self.sender(from) {
            Some(sender) if !self.is_same(sender, mac) => return false,
            // Better than what was heard of other servers: anybody can say that.
            Some(_) if !leases_all => return true,
            Some(_) | None => {}
        }
        self.board.mac_of(from).map_or(!leases_all, |owner| self.is_same(owner, mac))
    }

    /// Whose frames come from this address, if they come here without a router between.
    fn sender(&self, from: IpAddr) -> Option<Mac> {
        let mut networks = self.plan.networks.iter();
        networks.find_map(|network| (self.neighbour)(&network.interface, from))
    }

    /// Whether both are NICs of one machine.
    fn is_same(&self, one: Mac, other: Mac) -> bool {
        let published = self.reader.published();
        let node_of = |mac| published.port_by_mac(mac).map(|port| port.node);
        one == other || node_of(one).is_some_and(|node| node_of(other) == Some(node))
    }

    /// What a machine in a boot loop is told. One whose disk does not boot is not held up: it may be the one boot in
    /// which it would.
    pub(super) fn held_up(&self, mac: Mac, node: Option<&Node>, start: Start, boot: &Boot) -> Option<Halt> {
        let (remedy, then) = remedy(start)?;
        let Verdict::Loop { boots, .. } = self.loops.judge(mac, boot) else { return None };
        let minutes = self.loops.limit().within.as_secs() / 60;
        let mut lines = vec![
            format!("Ferric: boot loop of {} ({mac}): {}", label(node), word(start)),
            format!("Ferric: {boots} boots within {minutes} minutes"),
            format!("Ferric: {remedy}"),
        ];
        lines.push(match node {
            Some(node) => {
                format!("Ferric: what helps is told by: ferric node show {}", node.label())
            }
            None => format!("Ferric: it may boot again after: DELETE /boot/loops/{mac}"),
        });
        Some(Halt { lines, seconds: LOOP_PAUSE, then })
    }
}

/// What helps a machine in a loop, and what it does after its message; none for one that is let go on.
fn remedy(start: Start) -> Option<(&'static str, Then)> {
    match start {
        Start::Agent => {
            Some(("no agent called in: look at its console and network, then try again", Then::PowerOff))
        }
        Start::Discovery => Some(("no agent reported: look at its console and network", Then::PowerOff)),
        Start::Installer => {
            Some(("its installer does not come to its end: look at its console", Then::PowerOff))
        }
        Start::Instance => Some(("its instance does not stay up: look at its console", Then::Disk)),
        Start::Disk | Start::Next => None,
    }
}

/// Seconds that a machine in a loop waits: a rack of them asks no more than a few times a minute.
const LOOP_PAUSE: u32 = 600;
