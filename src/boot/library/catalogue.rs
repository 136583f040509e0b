//! Finds what stands under a name: scripts from the published record, loaders, kernels and ramdisks from files.

mod boots;
mod install;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{debug, warn};
use uuid::Uuid;

use crate::base::chain::chain;
use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::time::Later;
use crate::boot::ground::place;
use crate::boot::library::errand::{Bases, Errand, ErrandError, Halt, Means, Then};
use crate::boot::library::loaders::{LoaderError, Loaders};
use crate::boot::library::media::{Media, MediumError, Wanted};
use crate::boot::library::name::{Name, Part, Tongue};
use crate::boot::library::told::Told;
use crate::boot::library::{Asked, Content, Given, Library, NotGiven, Script, Via, tongue};
use crate::boot::loops::{Boot, Loops};
use crate::boot::teller::{Alarm, Teller};
use crate::conduct::board::Board;
use crate::depot::ramdisks::errands::Own;
use crate::depot::ramdisks::{Pair, RamdiskError, Ramdisks};
use crate::depot::shelf::Shelf;
use crate::flow::boot::again::mark;
use crate::flow::boot::{Enrolled, Site, Start, start};
use crate::model::boot::Boots;
use crate::model::boot::plan::{BootPlan, Discovery, Role};
use crate::model::boot::ticket::Ticket;
use crate::model::catalog::BootWay;
use crate::model::inspection::identity::{Mark, either_order};
use crate::model::node::Node;
use crate::store::reader::Reader;

/// All that this host gives to booting machines.
#[derive(Debug, Clone)]
pub struct Catalogue {
    stock: Arc<Stock>,
}

/// What the catalogue is made of.
#[derive(Debug)]
pub struct Stock {
    pub reader: Reader,
    pub plan: Arc<BootPlan>,
    pub ramdisks: Arc<Ramdisks>,
    pub shelf: Arc<Shelf>,
    pub loaders: Loaders,
    pub media: Media,
    pub loops: Arc<Loops>,
    pub ports: Ports,
    /// Who has which address.
    pub board: Arc<Board>,
    /// Whose frames come from an address on an interface.
    pub neighbour: fn(&str, IpAddr) -> Option<Mac>,
    /// What the log has said already.
    pub told: Told,
    /// The rack's journal.
    pub teller: Option<Teller>,
    /// The nodes whose machines boot in a loop.
    pub alarm: Option<Arc<dyn Alarm>>,
}

/// Where this host's HTTP servers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    pub http: u16,
    pub https: Option<u16>,
}

impl Library for Catalogue {
    fn find<'a>(&'a self, asked: Asked<'a>) -> Later<'a, Result<Content, NotGiven>> {
        Box::pin(async move {
            match Name::parse(asked.name).ok_or(NotGiven::Missing)? {
                Name::Common(tongue) => self.stock.common(tongue, &asked),
                Name::Script(tongue, mac) => self.script(tongue, mac, &asked).await,
                Name::System(tongue, system) => {
                    let mac = self.stock.nic_of(system, asked.from).ok_or(NotGiven::Missing)?;
                    self.script(tongue, mac, &asked).await
                }
                Name::Loader(name) => self.loader(name, asked.from).await,
                Name::File { node, token, part } => self.file(node, token, part).await,
                Name::Kickstart { node, token } => self.kickstart(node, token, &asked).await,
                Name::Stage2 { node, token } => self.stage2(node, token, &asked).await,
                Name::Iso { node, token } => self.medium(node, token, &asked).await,
                Name::Drive { node, token } => self.drive(node, token, &asked).await,
                Name::Discovery { arch, part } => self.discovery(arch, part).await,
            }
        })
    }
}

impl Catalogue {
    pub fn new(stock: Stock) -> Self {
        Self { stock: Arc::new(stock) }
    }

    /// Looks at files, so it runs beside the async threads.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Stock) -> Result<T, NotGiven> + Send + 'static,
    ) -> Result<T, NotGiven> {
        let stock = self.stock.clone();
        let done = tokio::task::spawn_blocking(move || work(&stock)).await;
        done.unwrap_or(Err(NotGiven::Unreadable))
    }

    async fn script(&self, tongue: Tongue, mac: Mac, asked: &Asked<'_>) -> Result<Content, NotGiven> {
        let (bases, from) = (self.stock.ports.bases(asked), asked.from);
        let script = self.beside(move |stock| stock.script(tongue, mac, &bases)).await?;
        let Rendered { text, boot } = script;
        let stock = self.stock.clone();
        Ok(Content::Script(Script { text, given: Given::new(move || stock.boots(mac, &boot, from)) }))
    }

    async fn loader(&self, name: &str, from: IpAddr) -> Result<Content, NotGiven> {
        let name = name.to_owned();
        self.beside(move |stock| match stock.loaders.open(&name) {
            Ok(file) => Ok(Content::File(file)),
            Err(why) => Err(stock.no_loader(&why, from)),
        })
        .await
    }

    async fn file(&self, node: NodeId, token: &str, part: Part) -> Result<Content, NotGiven> {
        let node = self.stock.bearer(node, token, Ticket::Files)?;
        if is_by_bmc(&node) {
            return Err(NotGiven::Missing);
        }
        self.beside(move |stock| match node.boots {
            Boots::Ramdisk => opened(&stock.ramdisks.of(&node), part, &node.label()),
            Boots::Instance | Boots::Installer => stock.own_half(&node, part),
            Boots::Disk | Boots::Nothing => Err(NotGiven::Missing),
        })
        .await
    }

    /// The boot medium of a node that boots one; TFTP is no way for hundreds of megabytes. Only a BMC is given the agent's:
    /// it bears a token. The script of a machine leads to the ISO that is its instance at the most.
    async fn medium(&self, node: NodeId, token: &str, asked: &Asked<'_>) -> Result<Content, NotGiven> {
        let (node, by_bmc) = match self.stock.bearer(node, token, Ticket::Medium) {
            Ok(node) => (node, true),
            Err(_) => (self.stock.bearer(node, token, Ticket::Files)?, false),
        };
        if by_bmc != is_by_bmc(&node) {
            return Err(NotGiven::Missing);
        }
        let boots_one = matches!(node.boots, Boots::Ramdisk | Boots::Instance);
        if asked.via == Via::Tftp || !boots_one {
            return Err(NotGiven::Missing);
        }
        let api = self.stock.callback(asked);
        self.beside(move |stock| match stock.own_iso(&node) {
            Some(path) => open_file(&path, &node.label()),
            None if by_bmc => stock.medium(&node, &api),
            None => Err(NotGiven::Missing),
        })
        .await
    }

    /// The config drive of a node's instance.
    async fn drive(&self, node: NodeId, token: &str, asked: &Asked<'_>) -> Result<Content, NotGiven> {
        let node = self.stock.bearer(node, token, Ticket::Medium)?;
        if asked.via == Via::Tftp || node.boots != Boots::Instance || !is_by_bmc(&node) {
            return Err(NotGiven::Missing);
        }
        self.beside(move |stock| {
            let path = stock.ramdisks.drive(&node).map_err(|why| {
                warn!(
                    node = node.label(),
                    error = chain(&why),
                    "a node's config drive is asked for and not there"
                );
                NotGiven::Missing
            })?;
            open_file(&path, &node.label())
        })
        .await
    }

    async fn discovery(&self, arch: &str, part: Part) -> Result<Content, NotGiven> {
        if self.stock.plan.discovery == Discovery::Off && !self.stock.leaves_machines_to_network() {
            return Err(NotGiven::Missing);
        }
        let arch = arch.to_owned();
        self.beside(move |stock| match stock.ramdisks.imported(&arch) {
            Err(why) if !stock.told.is_new(&("discovery", &arch)) => {
                debug!(arch, error = chain(&why), "a machine that nobody knows finds no ramdisk");
                Err(NotGiven::Missing)
            }
            pair => opened(&pair, part, "(unknown machine)"),
        })
        .await
    }
}

/// A script, and which boot it is.
struct Rendered {
    text: Vec<u8>,
    boot: Boot,
}

fn opened(pair: &Result<Pair, RamdiskError>, part: Part, node: &str) -> Result<Content, NotGiven> {
    let pair = pair.as_ref().map_err(|why| {
        warn!(node, error = chain(why), "a machine asks for a ramdisk that is not there");
        NotGiven::Missing
    })?;
    let path = match part {
        Part::Kernel => &pair.kernel,
        Part::Ramdisk => &pair.ramdisk,
    };
    open_file(path, node)
}

fn open_file(path: &Path, node: &str) -> Result<Content, NotGiven> {
    let file = std::fs::File::open(path).map_err(|error| {
        warn!(node, path = %path.display(), %error, "a file of a node's boot cannot be read");
        NotGiven::Unreadable
    })?;
    Ok(Content::File(file))
}

impl Stock {
    /// The node, for who knows the word with which this of its boot is fetched.
    fn bearer(&self, node: NodeId, token: &str, ticket: Ticket) -> Result<Arc<Node>, NotGiven> {
        let published = self.reader.published();
        let known = published.node(node);
        let is_known = |node: &&Arc<Node>| node.ticket(ticket).is_some_and(|own| own.matches(token));
        known.filter(is_known).cloned().ok_or(NotGiven::Missing)
    }

    /// Whether an inspection awaits a machine that boots what machines boot that nobody knows.
    fn leaves_machines_to_network(&self) -> bool {
        self.reader.published().marked(&Mark::Unmanaged).next().is_some()
    }

    /// Where the agent of a medium calls. The BMC that asks for the medium may be in another network than its machine:
    /// what the site says comes first, then this host's address in a boot network, then the one that was asked.
    fn callback(&self, asked: &Asked<'_>) -> String {
        if let Some(given) = &self.plan.loading.callback {
            return given.trim_end_matches('/').to_owned();
        }
        let boot_networks = self.plan.networks.iter().filter(|network| network.role == Role::Boot);
        let ours: Vec<IpAddr> =
            boot_networks.filter_map(|network| Some(place(network).address()?.into())).collect();
        let local = asked.local.to_canonical();
        let local = if ours.contains(&local) { local } else { ours.first().copied().unwrap_or(local) };
        self.ports.bases(&Asked { local, ..*asked }).http
    }

    /// A half of what an instance boots that is a kernel with a ramdisk.
    fn own_half(&self, node: &Node, part: Part) -> Result<Content, NotGiven> {
        let pair = match self.ramdisks.own(node) {
            Ok(Own::Pair(pair)) => Ok(pair),
            Ok(Own::Iso(_)) => return Err(NotGiven::Missing),
            Err(why) => Err(why),
        };
        opened(&pair, part, &node.label())
    }

    /// The ISO that is an instance.
    fn own_iso(&self, node: &Node) -> Option<PathBuf> {
        let own = (node.boots == Boots::Instance).then(|| self.ramdisks.own(node));
        if let Some(Ok(Own::Iso(path))) = own { Some(path) } else { None }
    }

    fn medium(&self, node: &Node, api: &str) -> Result<Content, NotGiven> {
        let wanted = Wanted {
            node,
            api,
            loading: &self.plan.loading,
            ramdisks: &self.ramdisks,
            loaders: &self.loaders,
            published: &self.reader.published(),
        };
        match self.media.of(&wanted) {
            Ok(medium) => Ok(Content::Source(medium)),
            Err(why) => {
                warn!(node = node.label(), error = chain(&why), "a node's boot medium cannot be made");
                Err(match why {
                    MediumError::Unprepared | MediumError::Ramdisk(_) => NotGiven::Missing,
                    MediumError::Cmdline(_)
                    | MediumError::NetworkData(_)
                    | MediumError::Loaders(_)
                    | MediumError::Iso(_) => NotGiven::Unreadable,
                })
            }
        }
    }

    fn common(&self, tongue: Tongue, asked: &Asked<'_>) -> Result<Content, NotGiven> {
        let text = tongue::common(tongue, &self.ports.bases(asked), &self.plan.loading);
        text.map(|text| Content::Text(text.into_bytes())).map_err(|error| {
            if self.told.is_new(&"common") {
                warn!(%error, "the script for all machines cannot be made; look at ipxe_fallback_script");
            }
            NotGiven::Unreadable
        })
    }

    /// The script of the machine with this NIC.
    fn script(&self, tongue: Tongue, mac: Mac, bases: &Bases) -> Result<Rendered, NotGiven> {
        let published = self.reader.published();
        let port = published.port_by_mac(mac);
        let node = port.and_then(|port| published.node(port.node));
        let enrolled = node.zip(port).map(|(node, port)| Enrolled { node, port });
        let awaits_a_stranger = enrolled.is_none() && published.awaits_a_stranger();
        let start = start(enrolled, Site { plan: &self.plan, awaits_a_stranger });
        let node = node.map(|node| &**node);
        let boot = Boot {
            node: node.map(|node| node.id),
            starts: word(start),
            mark: node.map(mark).unwrap_or_default(),
        };
        let errand = match self.held_up(mac, node, start, &boot) {
            Some(halt) => Errand::Halt(halt),
            None => {
                self.errand(start, node, mac, bases).unwrap_or_else(|why| self.hindered(node, &chain(&why)))
            }
        };
        debug!(%mac, node = label(node), starts = word(start), "a machine asks what to boot");
        let say = |errand: &Errand| tongue::say(tongue, errand, bases, &self.plan.loading);
        let text = say(&errand).or_else(|why| say(&self.hindered(node, &why.to_string())));
        text.map(|text| Rendered { text: text.into_bytes(), boot }).map_err(|error| {
            if self.told.is_new(&("script", node.map(|node| node.id))) {
                warn!(%mac, node = label(node), %error, "no script can be made");
            }
            NotGiven::Unreadable
        })
    }

    fn errand(
        &self,
        start: Start,
        node: Option<&Node>,
        mac: Mac,
        bases: &Bases,
    ) -> Result<Errand, ErrandError> {
        let means = Means { loading: &self.plan.loading, ramdisks: &self.ramdisks, shelf: &self.shelf };
        match (start, node) {
            (Start::Agent, Some(node)) => means.agent(node, mac, bases),
            (Start::Instance, Some(node)) => means.instance(node, mac, bases),
            (Start::Installer, Some(node)) => means.installer(node, mac, bases),
            (Start::Discovery, _) => means.discovery(mac, bases),
            (Start::Disk, _) => Ok(Errand::Disk),
            (Start::Next, _) | (Start::Agent | Start::Instance | Start::Installer, None) => Ok(Errand::Next),
        }
    }

    /// A node that cannot be told what it shall boot says so on its screen.
    fn hindered(&self, node: Option<&Node>, why: &str) -> Errand {
        if self.told.is_new(&("hindered", node.map(|node| node.id), why)) {
            warn!(node = label(node), why, "a machine cannot be told what to boot");
        }
        let lines = vec![format!("Ferric: {} cannot be booted", label(node)), format!("Ferric: {why}")];
        Errand::Halt(Halt { lines, seconds: HINDERED_PAUSE, then: Then::PowerOff })
    }

    /// The node that has this address, as far as it was given here.
    fn node_at(&self, from: IpAddr) -> Option<Arc<Node>> {
        let mac = self.board.mac_of(from)?;
        let published = self.reader.published();
        published.node(published.port_by_mac(mac)?.node).cloned()
    }

    /// The NIC that the node with this system UUID boots from: the one that asks, else the only one that it boots by.
    /// `None` if no node is known by it, or more than one: the loader asks for the next name then.
    fn nic_of(&self, system: Uuid, from: IpAddr) -> Option<Mac> {
        let published = self.reader.published();
        let mark = Mark::System(either_order(system));
        let mut bearers = published.marked(&mark);
        let node = bearers.next().filter(|_| bearers.next().is_none())?;
        let asks = self.board.mac_of(from);
        if asks.and_then(|mac| published.port_by_mac(mac)).is_some_and(|port| port.node == node.id) {
            return asks;
        }
        let mut ports = published.ports_of(node.id).filter(|port| port.wished.pxe_enabled);
        let port = ports.next().filter(|_| ports.next().is_none())?;
        Some(port.address)
    }

    fn no_loader(&self, why: &LoaderError, from: IpAddr) -> NotGiven {
        let found = self.node_at(from);
        let node = label(found.as_deref());
        match why {
            LoaderError::Missing { name, .. } => {
                if self.told.is_new(&(*name, found.map(|node| node.id))) {
                    warn!(node, %from, error = %why, "a machine asks for a loader that is not there");
                }
                NotGiven::Missing
            }
            LoaderError::Unknown => {
                debug!(node, %from, "a machine asks for a loader that nobody knows");
                NotGiven::Missing
            }
            LoaderError::Unreadable { .. } => {
                if self.told.is_new(&("unreadable", chain(why))) {
                    warn!(node, %from, error = chain(why), "a machine asks for a loader that cannot be read");
                }
                NotGiven::Unreadable
            }
        }
    }
}

/// Whether the node's boots come over its BMC.
fn is_by_bmc(node: &Node) -> bool {
    BootWay::of(&node.wished.interfaces.boot).is_by_bmc()
}

fn word(start: Start) -> &'static str {
    match start {
        Start::Agent => "agent",
        Start::Instance => "instance",
        Start::Installer => "installer",
        Start::Discovery => "discovery",
        Start::Disk => "disk",
        Start::Next => "next",
    }
}

fn label(node: Option<&Node>) -> String {
    node.map_or_else(|| "an unknown machine".to_owned(), Node::label)
}

impl Ports {
    fn bases(self, asked: &Asked<'_>) -> Bases {
        let host = match asked.local.to_canonical() {
            IpAddr::V4(host) => host.to_string(),
            IpAddr::V6(host) => format!("[{host}]"),
        };
        let at = |scheme: &str, port: u16, usual: u16| {
            if port == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") }
        };
        let agent = at("http", self.http, 80);
        let http = match (asked.via, self.https) {
            (Via::Https, Some(port)) => at("https", port, 443),
            (Via::Tftp | Via::Http, _) | (Via::Https, None) => agent.clone(),
        };
        let files = if asked.via == Via::Tftp { format!("tftp://{host}") } else { http.clone() };
        Bases { files, http, agent }
    }
}

/// Seconds that a machine shows why it cannot be booted.
const HINDERED_PAUSE: u32 = 60;

#[cfg(test)]
mod tests;
