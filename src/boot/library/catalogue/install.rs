//! What an installer is given besides its kernel and ramdisk.

use std::net::IpAddr;

use tracing::warn;

use crate::base::chain::chain;
use crate::base::id::NodeId;
use crate::boot::library::catalogue::{Catalogue, Stock, open_file};
use crate::boot::library::{Asked, Content, NotGiven, Via};
use crate::depot::ramdisks::installer::Heard;
use crate::model::boot::Boots;
use crate::model::boot::ticket::Ticket;
use crate::model::node::Node;

impl Catalogue {
    /// The kickstart file, rendered from the record. It holds the installer's token, so that the word of its boot does not
    /// suffice where it can be told whose machine asks.
    pub(super) async fn kickstart(
        &self,
        node: NodeId,
        token: &str,
        asked: &Asked<'_>,
    ) -> Result<Content, NotGiven> {
        let node = self.stock.installed(node, token, asked)?;
        if !self.stock.may_be(&node, asked.from) {
            warn!(node = node.label(), from = %asked.from, "another machine asks for a node's kickstart file");
            return Err(NotGiven::Missing);
        }
        let api = self.stock.ports.bases(asked).agent;
        self.beside(move |stock| stock.rendered(&node, &api)).await
    }

    pub(super) async fn stage2(
        &self,
        node: NodeId,
        token: &str,
        asked: &Asked<'_>,
    ) -> Result<Content, NotGiven> {
        let node = self.stock.installed(node, token, asked)?;
        self.beside(move |stock| match stock.ramdisks.stage2(&node) {
            Ok(path) => open_file(&path, &node.label()),
            Err(why) => {
                warn!(node = node.label(), error = chain(&why), "an installer's second stage is not there");
                Err(NotGiven::Missing)
            }
        })
        .await
    }
}

impl Stock {
    /// The node that is being installed, for who knows the word of its boot.
    fn installed(
        &self,
        node: NodeId,
        token: &str,
        asked: &Asked<'_>,
    ) -> Result<std::sync::Arc<Node>, NotGiven> {
        let node = self.bearer(node, token, Ticket::Files)?;
        if asked.via == Via::Tftp || node.boots != Boots::Installer {
            return Err(NotGiven::Missing);
        }
        Ok(node)
    }

    /// Whether it can be one of the node's NICs that asks from there.
    fn may_be(&self, node: &Node, from: IpAddr) -> bool {
        let published = self.reader.published();
        published.ports_of(node.id).any(|port| self.is_of(port.address, from))
    }

    fn rendered(&self, node: &Node, api: &str) -> Result<Content, NotGiven> {
        let token = node.agent.as_ref().ok_or(NotGiven::Missing)?.token.clone();
        let heartbeat_url = format!("{api}/v1/heartbeat/{}", node.id);
        let heard = Heard { heartbeat_url: &heartbeat_url, token: token.reveal() };
        match self.ramdisks.kickstart(node, &heard) {
            Ok(text) => Ok(Content::Text(text.into_bytes())),
            Err(why) => {
                warn!(node = node.label(), error = chain(&why), "a kickstart file cannot be made");
                Err(NotGiven::Unreadable)
            }
        }
    }
}
