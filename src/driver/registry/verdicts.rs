//! What the registry says of a node's settings before anything moves.

use std::sync::Arc;

use crate::driver::agent::image;
use crate::driver::registry::Registry;
use crate::driver::validate::Grounds;
use crate::driver::{Machine, validate};
use crate::model::autodetect::{AUTODETECT, fitting};
use crate::model::decision::outcome::Verdict;
use crate::model::interface::Interface;
use crate::model::node::Node;

impl Registry {
    /// Why the image that the node is to get cannot be had; `None` where no image is written here.
    pub async fn image_fault(&self, node: &Node) -> Option<String> {
        let detected = self.detected(node, true).ok()?;
        let node = detected.as_ref().unwrap_or(node);
        match node.wished.interfaces.deploy.as_str() {
            "direct" => image::head(&self.parts.agents, node).await.err(),
            _ => None,
        }
    }

    /// Whether the node's settings suffice, by interface, in the order of the API's answer; without `deploy` the
    /// deploy interface and its image are left out. Of files it is only asked whether they are there.
    pub fn validate(&self, machine: &Machine, deploy: bool) -> Vec<Verdict> {
        let grounds = Grounds { bmc: &self.parts.bmc, boot: &self.parts.boot };
        let wanted = validate::SHOWN.iter().filter(|one| deploy || **one != Interface::Deploy);
        let (stand_in, unfit) = match self.detected(&machine.node, deploy) {
            Ok(node) => (node.map(|node| Machine { node: Arc::new(node), ..machine.clone() }), None),
            Err(why) => (None, Some(why)),
        };
        let machine = stand_in.as_ref().unwrap_or(machine);
        let judge = |interface| match &unfit {
            Some(why) if interface == Interface::Deploy => Some(why.clone()),
            Some(_) | None => validate::interface(self.catalog(), grounds, machine, interface).err(),
        };
        wanted.map(|interface| Verdict { interface: *interface, reason: judge(*interface) }).collect()
    }

    /// The node with the deploy interface that stands in for `autodetect`, if that is what it has; `anew` asks for the
    /// one of its next deployment.
    fn detected(&self, node: &Node, anew: bool) -> Result<Option<Node>, String> {
        let is_auto = node.wished.interfaces.deploy == AUTODETECT;
        let is_chosen_anew = anew && node.original_deploy.is_some();
        if !is_auto && !is_chosen_anew {
            return Ok(None);
        }
        let mut node = node.clone();
        node.wished.interfaces.deploy = fitting(&node, self.catalog())?.to_owned();
        Ok(Some(node))
    }
}
