//! What a machine's script tells it to do: from the record, before it is put into the words of a loader.

use crate::base::mac::Mac;
use crate::boot::cmdline;
use crate::depot::ramdisks::errands::Own;
use crate::depot::ramdisks::installer::is_tree;
use crate::depot::ramdisks::{RamdiskError, Ramdisks};
use crate::depot::shelf::Shelf;
use crate::model::boot::elsewhere::BOOT_ISO;
use crate::model::boot::loading::Loading;
use crate::model::boot::ticket::Ticket;
use crate::model::node::Node;
use crate::wire::cmdline::{Cmdline, CmdlineError};
use crate::wire::grub::{Path, PathError};
use crate::wire::link::{Link, LinkError};

/// What a machine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Starts a kernel of ours.
    Kernel {
        /// From the server's root; holds `kernel` and `ramdisk`, or a folder with these for each processor.
        folder: Path,
        by_processor: bool,
        cmdline: Cmdline,
        mac: Mac,
    },
    /// Starts a kernel from anywhere.
    Foreign {
        kernel: Link,
        ramdisk: Link,
        cmdline: Cmdline,
        mac: Mac,
    },
    Iso(Link),
    Disk,
    /// Nothing of ours.
    Next,
    /// Says something and waits.
    Halt(Halt),
}

/// What a machine says on its screen before it does nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    pub lines: Vec<String>,
    /// How long it stays.
    pub seconds: u32,
    pub then: Then,
}

/// What follows a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    PowerOff,
    Disk,
}

/// Why a node cannot be told what it shall do.
#[derive(Debug, thiserror::Error)]
pub enum ErrandError {
    #[error("it shall boot a ramdisk, but no boot was prepared")]
    Unprepared,
    #[error(transparent)]
    Cmdline(#[from] CmdlineError),
    #[error(transparent)]
    Ramdisk(#[from] RamdiskError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("instance_info {key} cannot be used: {why}")]
    Source { key: &'static str, why: String },
}

/// Where things are, as the machine reaches them; no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bases {
    /// The server that the script came from.
    pub files: String,
    /// This host's HTTP server.
    pub http: String,
    /// The same for agents: without TLS, since the ramdisk does not know the site's certificate.
    pub agent: String,
}

/// What errands are made from.
#[derive(Debug)]
pub struct Means<'a> {
    pub loading: &'a Loading,
    pub ramdisks: &'a Ramdisks,
    pub shelf: &'a Shelf,
}

impl Means<'_> {
    /// The agent for its node. Blocks: looks whether its files are there.
    pub fn agent(&self, node: &Node, mac: Mac, bases: &Bases) -> Result<Errand, ErrandError> {
        let token = node.ticket(Ticket::Files).ok_or(ErrandError::Unprepared)?;
        let pair = self.ramdisks.of(node)?;
        let folder = Path::parse(&format!("/boot/file/{}/{}", node.id, token.reveal()))?;
        let cmdline = cmdline::for_node(node, self.loading, pair.cmdline.as_ref(), &bases.agent)?;
        Ok(Errand::Kernel { folder, by_processor: false, cmdline, mac })
    }

    /// The agent for a machine that nobody knows. Its processor is not known here, so the first pair that brings
    /// parameters speaks for all. Blocks.
    pub fn discovery(&self, mac: Mac, bases: &Bases) -> Result<Errand, ErrandError> {
        let folder = Path::parse("/boot/file/discovery")?;
        let own = ARCHES.iter().find_map(|arch| self.ramdisks.imported(arch).ok()?.cmdline);
        let cmdline = cmdline::for_discovery(self.loading, own.as_ref(), &bases.agent)?;
        Ok(Errand::Kernel { folder, by_processor: true, cmdline, mac })
    }

    /// An instance that is a ramdisk or an ISO: from this host, if it is here, else from where it lies. Blocks.
    pub fn instance(&self, node: &Node, mac: Mac, bases: &Bases) -> Result<Errand, ErrandError> {
        let own = match self.ramdisks.own(node) {
            Err(
                RamdiskError::Unfetched { .. } | RamdiskError::NoKits { .. } | RamdiskError::Foreign { .. },
            ) => {
                return self.elsewhere(node, mac, bases);
            }
            own => own?,
        };
        let token = node.ticket(Ticket::Files).ok_or(ErrandError::Unprepared)?;
        let token = token.reveal();
        match own {
            Own::Pair(_) => {
                let folder = Path::parse(&format!("/boot/file/{}/{token}", node.id))?;
                let cmdline = cmdline::for_instance(node, self.loading)?;
                Ok(Errand::Kernel { folder, by_processor: false, cmdline, mac })
            }
            Own::Iso(_) => {
                let link = Link::parse(&format!("{}/boot/iso/{}/{token}/boot.iso", bases.http, node.id));
                let wrong = |why: LinkError| ErrandError::Source { key: BOOT_ISO, why: why.to_string() };
                link.map(Errand::Iso).map_err(wrong)
            }
        }
    }

    /// What installs the instance: kernel and ramdisk of this host, which are told where the rest is.
    pub fn installer(&self, node: &Node, mac: Mac, bases: &Bases) -> Result<Errand, ErrandError> {
        self.ramdisks.own(node)?;
        let token = node.ticket(Ticket::Files).ok_or(ErrandError::Unprepared)?;
        let folder = format!("/boot/file/{}/{}", node.id, token.reveal());
        let tree = if is_tree(node) { node.instance_info("image_source") } else { None };
        let files = format!("{}{folder}", bases.agent);
        let cmdline = cmdline::for_installer(node, self.loading, &files, tree)?;
        Ok(Errand::Kernel { folder: Path::parse(&folder)?, by_processor: false, cmdline, mac })
    }

    /// What an instance boots of other servers.
    fn elsewhere(&self, node: &Node, mac: Mac, bases: &Bases) -> Result<Errand, ErrandError> {
        if let Some(iso) = self.link(node, BOOT_ISO, bases)? {
            return Ok(Errand::Iso(iso));
        }
        let (kernel, ramdisk) = (self.link(node, "kernel", bases)?, self.link(node, "ramdisk", bases)?);
        let (Some(kernel), Some(ramdisk)) = (kernel, ramdisk) else {
            return Err(RamdiskError::NoInstance.into());
        };
        let cmdline = cmdline::for_instance(node, self.loading)?;
        Ok(Errand::Foreign { kernel, ramdisk, cmdline, mac })
    }

    /// What `instance_info` names: a URL as it is, a file of this host under the name that it is given out by.
    fn link(&self, node: &Node, key: &'static str, bases: &Bases) -> Result<Option<Link>, ErrandError> {
        let Some(source) = node.instance_info(key) else { return Ok(None) };
        let wrong = |why: String| ErrandError::Source { key, why };
        let Some(path) = source.strip_prefix("file://") else {
            return Link::parse(source).map(Some).map_err(|why: LinkError| wrong(why.to_string()));
        };
        let name = self.shelf.serve(std::path::Path::new(path)).map_err(|why| wrong(why.to_string()))?;
        let link = format!("{}/images/{name}", bases.http);
        Link::parse(&link).map(Some).map_err(|why| wrong(why.to_string()))
    }
}

/// Processors that are discovered, the common one first.
const ARCHES: [&str; 2] = ["x86_64", "aarch64"];
