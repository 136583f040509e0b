//! What a person should know of: floods, of which only a part is looked at, empty ranges and declines.

use std::io;
use std::net::Ipv6Addr;
use std::time::Duration;

use crate::base::time::Tick;
use crate::boot::dhcp::limit::Bucket;
use crate::boot::dhcp::pool::aside::Declined;
use crate::boot::dhcp6::client::client;
use crate::boot::dhcp6::counts::count;
use crate::boot::dhcp6::rules::Answer;
use crate::boot::dhcp6::server::Server;
use crate::model::boot::client::Client;
use crate::wire::dhcp6::Kind;
use crate::wire::dhcp6::relay::Envelope;
use crate::wire::frame::udp6::Datagram;

/// How many messages are looked at in a second.
#[derive(Debug)]
pub(super) struct Budgets {
    all: Bucket,
    /// Those of machines that are enrolled, when there are too many.
    known: Bucket,
    /// How often that is told, and when last.
    told: Bucket,
    last: Option<Tick>,
}

impl Budgets {
    /// For so many messages a second.
    pub(super) fn new(messages: u32) -> Self {
        Self { all: Bucket::new(messages), known: Bucket::new(KNOWN), told: Bucket::new(1), last: None }
    }
}

impl Server {
    /// Whether a message is looked at: a flood leaves room for machines that are enrolled.
    pub(super) fn is_let_in(&self, datagram: &Datagram<'_>, budgets: &mut Budgets) -> bool {
        let now = self.ground.clock.tick();
        let is_known = || {
            let envelope = Envelope::parse(datagram.payload).ok();
            let client = envelope.and_then(|envelope| client(&envelope, datagram.sender));
            client.is_some_and(|client| self.is_enrolled(&client))
        };
        if budgets.all.take(now) || (is_known() && budgets.known.take(now)) {
            return true;
        }
        count(&self.counts.limited);
        if budgets.told.take(now) {
            let limit = self.range.messages;
            let text = format!("more than {limit} messages came in a second; those above were dropped");
            self.standing.teller.error("flood", "", text);
            if budgets.last.is_none_or(|last| now.since(last) >= Duration::from_mins(1)) {
                tracing::warn!(network = self.network.name, limit, "a flood of DHCPv6: some are dropped");
            }
            budgets.last = Some(now);
        }
        false
    }

    /// An answer is lost; whoever asked asks again.
    pub(super) fn lost(&self, to: Ipv6Addr, error: &io::Error) {
        count(&self.counts.not_sent);
        tracing::debug!(network = self.network.name, %to, %error, "an answer was not sent");
        let interface = &self.network.interface;
        let text = format!("interface {interface} did not take an answer: {error}; who asked asks again");
        self.standing.teller.error("not-sent", "", text);
    }

    /// The usual mistake behind a relay: its network is not configured.
    pub(super) fn tell_of_relay(&self, from: Ipv6Addr, envelope: &Envelope) {
        count(&self.counts.unknown_relay);
        let link = envelope.link().map(|link| format!(" for {link}")).unwrap_or_default();
        let (name, prefix) = (&self.network.name, self.range.prefix);
        let text = format!(
            "a relay at {from} asks{link}, which is not in {prefix}, the only prefix that {name} serves over IPv6: give the \
             relay an address in it, or another server"
        );
        self.standing.teller.error("unknown-relay", from, text);
    }

    /// Counts and tells what a person should know of.
    pub(super) fn journal(&self, envelope: &Envelope, answer: &Answer, client: Option<&Client>) {
        let who = client.map_or_else(|| "a machine".to_owned(), |client| client.mac.to_string());
        let (counts, teller) = (&self.counts, &self.standing.teller);
        if let Some(none) = answer.none {
            count(&counts.exhausted);
            let why = self.pool().why_none(none);
            teller.error("exhausted", "", format!("no IPv6 address is left for {who}: {why}"));
        }
        if envelope.message.kind == Kind::Release && !answer.changes.is_empty() {
            count(&counts.released);
        }
        for (address, declined) in &answer.declined {
            count(&counts.declined);
            let says = format!("{who} says that another machine uses {address}");
            let network = &self.network.name;
            match declined {
                Declined::PutAside => {
                    tracing::warn!(network, "{says}; the address is put aside for ten minutes");
                    teller.error("decline", address, declined.sentence(&says));
                }
                Declined::Freed => {
                    tracing::debug!(network, "{says}; the address is not put aside");
                    teller.error("decline", &who, declined.sentence(&says));
                }
            }
        }
    }
}

/// Messages of enrolled machines beside those of all, in a second.
const KNOWN: u32 = 500;
