//! What a message is answered (RFC 8415 18.3), and what of it is to be kept.

use std::net::Ipv6Addr;
use std::time::Duration;

use ipnet::Ipv6Net;

use crate::base::duid::Duid;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::time::Tick;
use crate::boot::dhcp::pool::aside::Declined;
use crate::boot::dhcp6::pool::{Asker, Holder, NoAddress, Pool, Term};
use crate::model::boot::lease6::{Lease6, LeaseChange6, LeaseKey6};
use crate::wire::dhcp6::Kind;
use crate::wire::dhcp6::message::{Association, Message, Unserved};
use crate::wire::dhcp6::options::DNS;
use crate::wire::dhcp6::reply::{Boot, Given, Lent, Reply, Status};

/// What holds for a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub server: Duid,
    pub prefix: Ipv6Net,
    /// Seconds.
    pub length: u32,
    /// Only machines that are enrolled are answered.
    pub known_only: bool,
    /// Name servers, for who asks for them.
    pub dns: Vec<Ipv6Addr>,
}

/// A message and what is known of who sent it.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub message: &'a Message,
    /// It was sent to this host alone by the client itself.
    pub is_unicast: bool,
    pub asker: Asker,
    /// The client's hardware address, if it is known.
    pub mac: Option<Mac>,
    pub boot: Option<Boot>,
    pub now: Tick,
    pub wall: Moment,
}

/// What comes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub reply: Reply,
    /// To be kept before the reply goes out.
    pub changes: Vec<LeaseChange6>,
    /// Why the client, or one of its associations, got no address.
    pub none: Option<NoAddress>,
    /// What the client declined.
    pub declined: Vec<(Ipv6Addr, Declined)>,
}

/// Why a message is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It lacks or has an identifier that it must have or lack.
    Malformed,
    /// It is for another server.
    Other,
    /// It is for clients.
    Misled,
    /// It is not enrolled.
    Stranger,
    /// It asks for nothing that is given here.
    Nothing,
}

impl Rules {
    /// The answer, and what it does to `pool`.
    pub fn answer(&self, pool: &mut Pool, asked: &Asked<'_>) -> Result<Answer, Silence> {
        let message = asked.message;
        self.admit(message)?;
        if self.known_only && asked.asker.is_stranger {
            return Err(Silence::Stranger);
        }
        if asked.is_unicast {
            return self.sent_back(message);
        }
        let Some(client) = &message.client else { return Ok(self.told(asked, Status::Success)) };
        let turn = Turn { rules: self, asked, client };
        match message.kind {
            Kind::Solicit if message.rapid => turn.given(pool, true),
            Kind::Solicit => turn.offered(pool),
            Kind::Request => turn.given(pool, false),
            Kind::Renew | Kind::Rebind => turn.renewed(pool),
            Kind::Confirm => Ok(self.told(asked, self.confirmed(message)?)),
            Kind::Release => Ok(turn.ended(|holder, address| pool.release(holder, address))),
            Kind::Decline => Ok(turn.declined(pool)),
            Kind::InformationRequest => Ok(self.told(asked, Status::Success)),
            Kind::Advertise | Kind::Reply | Kind::Reconfigure => Err(Silence::Misled),
        }
    }

    /// Checks the identifiers (RFC 8415 16).
    fn admit(&self, message: &Message) -> Result<(), Silence> {
        let is_ours = message.server.as_ref().map(|server| *server == self.server);
        let (has_client, server) = match message.kind {
            Kind::Solicit | Kind::Confirm | Kind::Rebind => {
                (message.client.is_some(), is_ours.map(|_| false))
            }
            Kind::Request | Kind::Renew | Kind::Release | Kind::Decline => {
                return match is_ours {
                    Some(true) if message.client.is_some() => Ok(()),
                    Some(false) => Err(Silence::Other),
                    Some(true) | None => Err(Silence::Malformed),
                };
            }
            Kind::InformationRequest if !message.associations.is_empty() => return Err(Silence::Malformed),
            Kind::InformationRequest if is_ours == Some(false) => return Err(Silence::Other),
            Kind::InformationRequest => (true, None),
            Kind::Advertise | Kind::Reply | Kind::Reconfigure => return Err(Silence::Misled),
        };
        if has_client && server.is_none() { Ok(()) } else { Err(Silence::Malformed) }
    }

    /// Clients speak to the group unless they were told otherwise, which they never are (RFC 8415 18.3).
    fn sent_back(&self, message: &Message) -> Result<Answer, Silence> {
        match message.kind {
            Kind::Request | Kind::Renew | Kind::Release | Kind::Decline => {
                Ok(Answer::of(Reply { status: Some(Status::UseMulticast), ..self.reply(message) }))
            }
            Kind::Solicit | Kind::Confirm | Kind::Rebind | Kind::InformationRequest => {
                Err(Silence::Malformed)
            }
            Kind::Advertise | Kind::Reply | Kind::Reconfigure => Err(Silence::Misled),
        }
    }

    /// No addresses, but how it went and what to boot.
    fn told(&self, asked: &Asked<'_>, status: Status) -> Answer {
        let boot = asked.boot.clone().filter(|_| asked.message.kind == Kind::InformationRequest);
        let status = Some(status).filter(|_| asked.message.kind != Kind::InformationRequest);
        Answer::of(Reply { boot, status, ..self.reply(asked.message) })
    }

    fn confirmed(&self, message: &Message) -> Result<Status, Silence> {
        let mut addresses = message.associations.iter().flat_map(|one| &one.addresses).peekable();
        addresses.peek().ok_or(Silence::Nothing)?;
        let is_here = addresses.all(|address| self.prefix.contains(address));
        Ok(if is_here { Status::Success } else { Status::NotOnLink })
    }

    fn reply(&self, message: &Message) -> Reply {
        Reply {
            kind: Kind::Reply,
            xid: message.xid,
            client: message.client.clone(),
            server: self.server.clone(),
            associations: Vec::new(),
            unserved: Vec::new(),
            boot: None,
            dns: if message.wants.contains(&DNS) { self.dns.clone() } else { Vec::new() },
            status: None,
            rapid: false,
            preference: None,
        }
    }

    /// An address for its whole time.
    fn lent(&self, id: u32, address: Ipv6Addr) -> Given {
        let lent = Lent { address, preferred: self.length, valid: self.length };
        // Half and seven eighths, as in DHCPv4.
        let (renew, rebind) = (self.length / 2, self.length - self.length / 8);
        Given { id, renew, rebind, addresses: vec![lent], status: None }
    }
}

impl Answer {
    fn of(reply: Reply) -> Self {
        Self { reply, changes: Vec::new(), none: None, declined: Vec::new() }
    }
}

/// What a message did.
#[derive(Debug, Default)]
struct Done {
    changes: Vec<LeaseChange6>,
    none: Option<NoAddress>,
}

impl Done {
    fn refuse(&mut self, one: &Association, why: NoAddress) -> Given {
        self.none = Some(why);
        refused(one.id, Status::NoAddresses)
    }

    fn with(self, reply: Reply) -> Answer {
        let Self { changes, none } = self;
        Answer { changes, none, ..Answer::of(reply) }
    }
}

/// A message of a client that said who it is.
struct Turn<'a> {
    rules: &'a Rules,
    asked: &'a Asked<'a>,
    client: &'a Duid,
}

impl Turn<'_> {
    fn offered(&self, pool: &Pool) -> Result<Answer, Silence> {
        let mut none = None;
        let offer = |one: &Association| match self.choose(pool, one, self.wanted(one)) {
            Ok(address) => self.rules.lent(one.id, address),
            Err(why) => {
                none = Some(why);
                refused(one.id, Status::NoAddresses)
            }
        };
        let associations = self.associations()?.iter().map(offer).collect();
        let reply = Reply {
            kind: Kind::Advertise,
            // Nobody else serves this network: the client need not wait for others.
            preference: Some(u8::MAX),
            ..self.reply(associations)
        };
        Ok(Answer { none, ..Answer::of(reply) })
    }

    fn given(&self, pool: &mut Pool, rapid: bool) -> Result<Answer, Silence> {
        let mut done = Done::default();
        let give = |one| self.give(pool, one, &mut done);
        let associations = self.associations()?.iter().map(give).collect();
        Ok(done.with(Reply { rapid, ..self.reply(associations) }))
    }

    fn give(&self, pool: &mut Pool, one: &Association, done: &mut Done) -> Given {
        if self.asked.message.kind == Kind::Request && self.is_elsewhere(one) {
            return refused(one.id, Status::NotOnLink);
        }
        match self.choose(pool, one, self.wanted(one)) {
            Ok(address) => {
                self.grant(pool, &self.holder(one), address, done);
                self.rules.lent(one.id, address)
            }
            Err(why) => done.refuse(one, why),
        }
    }

    fn renewed(&self, pool: &mut Pool) -> Result<Answer, Silence> {
        let mut done = Done::default();
        let renew = |one| self.renew(pool, one, &mut done);
        let associations: Vec<Given> = self.associations()?.iter().filter_map(renew).collect();
        let reply = self.reply(associations);
        if reply.associations.is_empty() && reply.unserved.is_empty() {
            return Err(Silence::Nothing);
        }
        Ok(done.with(reply))
    }

    /// One association goes on; `None` if nothing can be said of it, since another server may know it.
    fn renew(&self, pool: &mut Pool, one: &Association, done: &mut Done) -> Option<Given> {
        let holder = self.holder(one);
        let known = pool.held(&holder).is_some();
        let free = self.wanted(one).filter(|wanted| pool.is_free(*wanted));
        if !known && free.is_none() {
            let is_rebind = self.asked.message.kind == Kind::Rebind;
            return match (is_rebind, self.is_elsewhere(one)) {
                (false, _) => Some(refused(one.id, Status::NoBinding)),
                (true, true) => Some(self.without(one, None)),
                (true, false) => None,
            };
        }
        match self.choose(pool, one, free) {
            Ok(address) => {
                self.grant(pool, &holder, address, done);
                Some(self.without(one, Some(address)))
            }
            Err(why) => Some(done.refuse(one, why)),
        }
    }

    fn choose(
        &self,
        pool: &Pool,
        one: &Association,
        wanted: Option<Ipv6Addr>,
    ) -> Result<Ipv6Addr, NoAddress> {
        pool.choose(&self.asked.asker, &self.holder(one), wanted, self.asked.now)
    }

    fn grant(&self, pool: &mut Pool, holder: &Holder, address: Ipv6Addr, done: &mut Done) {
        let (asked, length) = (self.asked, self.rules.length);
        let term = Term { now: asked.now, length: Duration::from_secs(length.into()) };
        let granted = pool.grant(&asked.asker, holder, address, term);
        done.changes.extend(granted.ended.map(|other| LeaseChange6::Ended(self.rules.key(&other))));
        if granted.is_due {
            done.changes.push(LeaseChange6::Given(Lease6 {
                key: self.rules.key(holder),
                address,
                length,
                granted: asked.wall,
                is_stranger: asked.asker.is_stranger,
                mac: asked.mac,
            }));
        }
    }

    /// The association with `kept`; the use of its other addresses ends.
    fn without(&self, one: &Association, kept: Option<Ipv6Addr>) -> Given {
        let given = kept.map(|address| self.rules.lent(one.id, address));
        let mut given = given.unwrap_or_else(|| refused(one.id, Status::Success));
        given.status = None;
        let others = one.addresses.iter().filter(|address| Some(**address) != kept);
        given.addresses.extend(others.map(|address| Lent { address: *address, preferred: 0, valid: 0 }));
        given
    }

    /// Addresses that the client gives back; those that it never had are named.
    fn ended(&self, mut end: impl FnMut(&Holder, Ipv6Addr) -> bool) -> Answer {
        let (mut changes, mut unknown) = (Vec::new(), Vec::new());
        for one in &self.asked.message.associations {
            let holder = self.holder(one);
            let ended = one.addresses.iter().filter(|address| end(&holder, **address)).count();
            if ended > 0 {
                changes.push(LeaseChange6::Ended(self.rules.key(&holder)));
            } else {
                unknown.push(refused(one.id, Status::NoBinding));
            }
        }
        let reply = Reply {
            status: Some(Status::Success),
            associations: unknown,
            ..self.rules.reply(self.asked.message)
        };
        Answer { changes, ..Answer::of(reply) }
    }

    fn declined(&self, pool: &mut Pool) -> Answer {
        let Asked { asker, now, .. } = self.asked;
        let mut all = Vec::new();
        let answer = self.ended(|holder, address| {
            let declined = pool.decline(asker, holder, address, *now);
            all.extend(declined.map(|declined| (address, declined)));
            declined.is_some()
        });
        Answer { declined: all, ..answer }
    }

    fn reply(&self, associations: Vec<Given>) -> Reply {
        let boot = self.asked.boot.clone();
        let unserved = self.unserved();
        Reply { associations, unserved, boot, ..self.rules.reply(self.asked.message) }
    }

    /// What else it asks for, which nothing is given for (RFC 8415 18.3.1, 18.3.2, 18.3.4); another server may know what
    /// it rebinds.
    fn unserved(&self) -> Vec<(Unserved, Status)> {
        let status = |one: &Unserved| match (self.asked.message.kind, one) {
            (Kind::Renew, _) => Status::NoBinding,
            (_, Unserved::Temporary(_)) => Status::NoAddresses,
            (_, Unserved::Prefix(_)) => Status::NoPrefix,
        };
        let is_rebind = self.asked.message.kind == Kind::Rebind;
        let all = self.asked.message.unserved.iter().filter(|_| !is_rebind);
        all.map(|one| (*one, status(one))).collect()
    }

    fn associations(&self) -> Result<&[Association], Silence> {
        let Message { associations, unserved, .. } = self.asked.message;
        let is_empty = associations.is_empty() && unserved.is_empty();
        if is_empty { Err(Silence::Nothing) } else { Ok(associations) }
    }

    fn holder(&self, one: &Association) -> Holder {
        Holder { client: self.client.clone(), association: one.id }
    }

    fn wanted(&self, one: &Association) -> Option<Ipv6Addr> {
        one.addresses.iter().copied().find(|address| self.rules.prefix.contains(address))
    }

    /// It has addresses, and none of this network.
    fn is_elsewhere(&self, one: &Association) -> bool {
        !one.addresses.is_empty() && self.wanted(one).is_none()
    }
}

impl Rules {
    pub fn key(&self, holder: &Holder) -> LeaseKey6 {
        LeaseKey6 {
            network: self.prefix.network(),
            association: holder.association,
            client: holder.client.clone(),
        }
    }
}

fn refused(id: u32, status: Status) -> Given {
    Given { id, renew: 0, rebind: 0, addresses: Vec::new(), status: Some(status) }
}

#[cfg(test)]
mod tests;
