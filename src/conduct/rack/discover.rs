//! Machines that nobody has enrolled: written down, or made nodes with all that belongs to them in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::time::sleep;
use crate::conduct::commit::write_down;
use crate::conduct::desk::Desk;
use crate::conduct::gate::OF_ONE_ADDRESS;
use crate::flow::discover::{self, Rival};
use crate::flow::inspect::in_band::Surveyed;
use crate::model::boot::plan::Discovery;
use crate::model::decision::ask::Ask;
use crate::model::decision::facts::{Facts, Groups};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::discovery::Sighting;
use crate::model::inspection::identity::Mark;
use crate::model::inspection::told::Told;
use crate::model::journal::{Noted, Scene};
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::rack::RackAnswer;
use crate::store::published::Published;
use crate::store::txn::Txn;

/// What a transaction of discovery has at hand.
#[derive(Debug)]
struct Scope {
    told: Arc<Told>,
    /// The address of its row, if it is written down.
    mac: Mac,
    id: Uuid,
    /// A node that has the same BMC.
    rival: Option<(NodeId, IpAddr)>,
}

/// What a machine is to the nodes that are there.
#[derive(Debug)]
enum Kin {
    Own(NodeId),
    /// Another, or none. A node in `enroll` may have claimed its BMC before.
    Nobody {
        rival: Option<(NodeId, IpAddr)>,
    },
}

impl Desk {
    pub(super) async fn discover(self: &Arc<Self>, told: Arc<Told>) -> Result<RackAnswer, Refusal> {
        let policy = &self.site.policy.discovery;
        if policy.what == Discovery::Off {
            return Err(hidden());
        }
        if !self.gate.lets_in(self.site.clock.tick(), told.from, policy.per_minute) {
            return Err(Refusal::Busy(format!(
                "more calls come than are taken in within a minute ({} in all, {OF_ONE_ADDRESS} from one address): ask \
                     again",
                policy.per_minute
            )));
        }
        let rack = self.rack.lock().await;
        let rival = match self.kin(&told)? {
            Kin::Own(node) => {
                drop(rack);
                self.ask(node, Ask::Told(told)).await?;
                return Ok(RackAnswer::Node(node));
            }
            Kin::Nobody { rival } => rival,
        };
        let mac = discover::main_mac(&told);
        let mac = mac.ok_or_else(|| Refusal::Invalid("no NIC has a valid MAC address".to_owned()))?;
        let mac = self.row_of(&told, mac)?;
        let scope = Scope { told, mac, id: Uuid::new_v4(), rival };
        if !self.site.policy.discovery.what.enrols() {
            return self.sight(scope).await;
        }
        let id = self.enrol(scope).await?;
        drop(rack);
        self.go_on(id);
        Ok(RackAnswer::Node(id))
    }

    /// Where the machine is written down, or will be.
    fn row_of(&self, told: &Told, mac: Mac) -> Result<Mac, Refusal> {
        let published = self.site.reader.published();
        let all = self.site.reader.sightings()?;
        let is_free = |one: &Sighting| one.node.is_none_or(|id| published.node(id).is_none());
        Ok(discover::row(&all, told, mac, is_free).map_or(mac, |row| row.mac))
    }

    /// The node that a machine belongs to: by an address, its serial number, its UUID or its BMC, where nothing else
    /// that both tell differs. It may only be one that is in `enroll`; who claims another's learns nothing of it.
    fn kin(&self, told: &Told) -> Result<Kin, Refusal> {
        let published = self.site.reader.published();
        let by_mac = told.macs.iter().filter_map(|mac| published.port_by_mac(*mac)).map(|port| port.node);
        let marked = |mark: &Mark| published.marked(mark).map(|node| node.id).collect::<Vec<_>>();
        let by_mac: BTreeSet<NodeId> = by_mac.collect();
        let by_mark: BTreeSet<NodeId> = told.identity.marks().flat_map(|mark| marked(&mark)).collect();
        let of_bmc = |address: &IpAddr| {
            let address = *address;
            marked(&Mark::Bmc(address)).into_iter().map(move |id| (id, address))
        };
        let by_bmc: BTreeMap<NodeId, IpAddr> = told.identity.bmc.iter().flat_map(of_bmc).collect();
        let node = |id: &NodeId| published.node(*id);
        let may_be = |id: &&NodeId| node(id).is_some_and(|node| node.identity.may_be(&told.identity));
        let in_enroll = |id: &NodeId| node(id).is_some_and(|node| node.provision == Provision::Enroll);
        let own: BTreeSet<NodeId> = by_mac.union(&by_mark).filter(may_be).copied().collect();
        // A NIC is one machine's only; a BMC that another node uses is not asked for a stranger.
        let theirs =
            by_mac.iter().chain(by_bmc.keys().filter(|id| !in_enroll(id))).find(|id| !own.contains(id));
        match (own.iter().copied().collect::<Vec<_>>().as_slice(), theirs) {
            ([], None) => Ok(Kin::Nobody { rival: by_bmc.into_iter().next() }),
            ([one], None) if in_enroll(one) && self.site.policy.discovery.what.enrols() => Ok(Kin::Own(*one)),
            (others, theirs) => {
                let all: BTreeSet<NodeId> = others.iter().chain(theirs).copied().collect();
                let all = all.iter().filter_map(node);
                let claimed = all.map(|node| claims(node, told, &published)).collect::<Vec<_>>().join("; ");
                let (from, macs) = (told.from, &told.macs);
                tracing::warn!(
                    claimed,
                    ?from,
                    ?macs,
                    "a machine claims what belongs to a node: nothing is taken"
                );
                self.gate.count(|away| away.claims += 1);
                Err(hidden())
            }
        }
    }

    /// Writes a machine down.
    async fn sight(&self, scope: Scope) -> Result<RackAnswer, Refusal> {
        let most = self.site.policy.discovery.most;
        let sighting = self.within_txn(scope, move |txn, facts, scope| {
            let before = txn.sightings().get(scope.mac)?;
            if before.is_none() && txn.sightings().count()? >= most {
                return Err(full(most));
            }
            let sighting = discover::sighting(&scope.told, before, (scope.id, scope.mac), facts);
            txn.sightings().put(&sighting)?;
            Ok(sighting)
        });
        let sighting = self.counted(sighting.await)?;
        if sighting.times == 1 {
            tracing::info!(mac = %sighting.mac, serial = ?sighting.serial, "an unknown machine is written down");
        }
        Ok(RackAnswer::Sighted(sighting.id))
    }

    /// Counts one for whom there was no room.
    fn counted<T>(&self, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        if matches!(outcome, Err(Refusal::Busy(_))) {
            self.gate.count(|away| away.no_room += 1);
        }
        outcome
    }

    /// Makes the node with its ports and its inventory, and opens its lane.
    async fn enrol(self: &Arc<Self>, scope: Scope) -> Result<NodeId, Refusal> {
        let most = self.site.policy.discovery.most;
        let published = self.site.reader.published();
        if published.marked(&Mark::Discovered).count() >= most {
            return self.counted(Err(full(most)));
        }
        let rival = scope.rival.and_then(|(id, bmc)| Some(Rival { label: published.node(id)?.label(), bmc }));
        let told = self.within_txn(scope, move |txn, facts, scope| {
            let id = NodeId(scope.id);
            let taken = |name: &str| published.node_by_name(name).is_some();
            let found = discover::enrol(&scope.told, id, rival.as_ref(), (facts, &taken))?;
            let before = txn.sightings().get(scope.mac)?;
            if before.is_some() || txn.sightings().count()? < most {
                let sighting = discover::sighting(&scope.told, before, (scope.id, scope.mac), facts);
                txn.sightings().put(&Sighting { node: Some(id), ..sighting })?;
            }
            keep(txn, found, facts)
        });
        let (id, told) = told.await?;
        told.iter().for_each(crate::conduct::commit::Told::tell);
        self.open_lane(id, Vec::new(), false);
        Ok(id)
    }

    /// A transaction with the facts of a node that has nothing yet.
    async fn within_txn<T: Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnOnce(&mut Txn<'_>, &Facts<'_>, &Scope) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (token, boot_token) = ((self.site.tokens)(), (self.site.tokens)());
        let at = self.site.clock.wall();
        let (policy, catalog) = (self.site.policy.clone(), self.site.catalog.now());
        let published = self.site.reader.published();
        let job = move |txn: &mut Txn<'_>| {
            if scope.told.macs.iter().any(|mac| txn.ports().with_mac(*mac).is_some()) {
                return Err(Refusal::Conflict(
                    "a port of this address has just been made: ask again".to_owned(),
                ));
            }
            let facts = Facts {
                at,
                token: &token,
                boot_token: &boot_token,
                policy: &policy,
                catalog: &catalog,
                owed: &[],
                ports: &[],
                portgroups: &Groups::none(),
                bearers: &*published,
                around: &*published,
                plans: &*published,
                seen: &[],
                silent: None,
            };
            work(txn, &facts, &scope)
        };
        self.site.writer.write("discover", job).await
    }

    pub(super) async fn forget_sighting(&self, mac: Mac) -> Result<RackAnswer, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let work = self.site.writer.write("forget", move |txn| {
            let was = txn.sightings().remove(mac)?;
            let missing = || Refusal::NotFound(format!("no machine {mac} is written down"));
            if was { Ok(RackAnswer::Done) } else { Err(missing()) }
        });
        work.await
    }

    /// Tells in the log how many machines were turned away, if a minute is over.
    pub fn report_turned_away(&self) {
        self.gate.report(self.site.clock.tick());
    }

    /// After a start: discovered nodes that were on their way go on.
    pub(in crate::conduct) fn resume_discovered(self: &Arc<Self>) {
        let published = self.site.reader.published();
        for node in published.marked(&Mark::Discovered).filter(|node| is_under_way(node)) {
            self.go_on(node.id);
        }
    }

    /// Takes a discovered node to its goal, beside.
    fn go_on(self: &Arc<Self>, id: NodeId) {
        let desk = Arc::clone(self);
        let stop = self.site.stop.clone();
        self.site.tasks.spawn(stop.run_until_cancelled_owned(async move { desk.walk(id).await }));
    }

    /// Asks for the next step whenever the node rests, until it says that there is none.
    async fn walk(&self, id: NodeId) {
        let mut changes = self.site.reader.changes();
        loop {
            let node = changes.borrow_and_update().node(id).cloned();
            let Some(node) = node.filter(|node| is_under_way(node)) else { return };
            if node.provision.traits().stable && !node.reserved && self.ask(id, Ask::Onward).await.is_err() {
                sleep(&*self.site.clock, PAUSE).await;
                continue;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

fn is_under_way(node: &Node) -> bool {
    node.discovered.is_some_and(|discovered| discovered.onward.is_some() || !node.calls.is_empty())
}

/// What a machine tells of itself that is a node's.
fn claims(node: &Node, told: &Told, published: &Published) -> String {
    let is_its = |mac: &&Mac| published.port_by_mac(**mac).is_some_and(|port| port.node == node.id);
    let macs = told.macs.iter().filter(is_its).map(|mac| format!("NIC {mac}"));
    let is_marked = |mark: &Mark| published.marked(mark).any(|one| one.id == node.id);
    let marks = told.identity.marks().filter(is_marked).map(|mark| mark.to_string());
    let all: Vec<String> = macs.chain(marks).take(CLAIMS_TOLD).collect();
    format!("{} of node {}", all.join(", "), node.label())
}

/// One answer for every reason, so that a stranger learns nothing.
fn hidden() -> Refusal {
    Refusal::NotFound("no node matches this inventory, or it expects none now".to_owned())
}

fn full(most: usize) -> Refusal {
    tracing::warn!(most, "[discovery] limit is reached: unknown machines are turned away");
    Refusal::Busy("as many machines were found as [discovery] limit allows".to_owned())
}

/// All of a new node.
fn keep(
    txn: &mut Txn<'_>,
    found: Surveyed,
    facts: &Facts<'_>,
) -> Result<(NodeId, Vec<crate::conduct::commit::Told>), Refusal> {
    let Surveyed { node, ports, kept, notes } = found;
    txn.nodes().put(&node)?;
    for port in &ports {
        txn.ports().put(port)?;
    }
    txn.inventories().put(node.id, &kept)?;
    let mut told = Vec::new();
    for event in notes {
        told.push(write_down(txn, &node, Noted { event, scene: Scene::of(&node, facts.at) }, None)?);
    }
    Ok((node.id, told))
}

/// Before a node that could not be asked is asked again.
const PAUSE: Duration = Duration::from_secs(5);
/// Claims on one node that a line of the log names.
const CLAIMS_TOLD: usize = 8;
