//! A BMC that a machine says is its own: what it speaks, and which machine it says that it belongs to.
//!
//! The node has no settings yet: they are made for the call of the site's account and the address that is claimed, so
//! that nothing else of the daemon can use them before the BMC has confirmed the claim.

use std::net::IpAddr;
use std::sync::Arc;

use crate::conduct::hands::Drivers;
use crate::driver::Machine;
use crate::driver::error::DriverError;
use crate::model::decision::effect::Meeting;
use crate::model::decision::outcome::Outcome;
use crate::model::inspection::discovery::{BmcAccount, BmcKind};
use crate::model::node::Node;
use crate::model::turn::{Failure, FailureKind};

impl Drivers {
    pub(super) async fn meet(&self, machine: &Machine, meeting: Meeting) -> Result<Outcome, DriverError> {
        let onward = machine.node.discovered.and_then(|discovered| discovered.onward);
        let claim = onward.and_then(|onward| Some((onward.bmc?, onward.speaks)));
        let account = self.account.as_ref();
        let Some(((address, speaks), account)) = claim.zip(account) else {
            return Err(DriverError::refused(
                "meeting the BMC",
                "its address or [discovery.bmc] is not there any more",
            ));
        };
        match (meeting, speaks) {
            (Meeting::Knock, _) => {
                let node = stranger(&machine.node, account, address);
                Ok(Outcome::Speaks(self.registry.knock(&node).await?))
            }
            (Meeting::LogIn, Some(kind)) => {
                let node = claimant(&machine.node, account, kind, address);
                match self.registry.who(&node, kind).await {
                    Ok(reported) => Ok(Outcome::Met(Arc::new(reported))),
                    // The node has no `driver_info` that could be corrected: what helps is said where it is known.
                    Err(DriverError::LoginRefused { why, .. }) => {
                        Ok(Outcome::Failed(Failure::new(FailureKind::Account, why)))
                    }
                    Err(error) => Err(error),
                }
            }
            (Meeting::LogIn, None) => {
                Err(DriverError::refused("meeting the BMC", "it is not known what it speaks"))
            }
        }
    }
}

/// The node with the address alone, for each kind of BMC. Nothing is shown, so that any certificate will do.
fn stranger(node: &Node, account: &BmcAccount, address: IpAddr) -> Node {
    let mut node = node.clone();
    let kinds = [BmcKind::Redfish, BmcKind::Ipmi].into_iter();
    let settings = kinds.flat_map(|kind| account.settings(kind, address));
    let places = settings.filter(|(name, _)| name.ends_with("_address"));
    node.wished.driver_info = places.chain([("redfish_verify_ca".to_owned(), false.into())]).collect();
    node
}

/// The node with the settings that it would have.
fn claimant(node: &Node, account: &BmcAccount, kind: BmcKind, address: IpAddr) -> Node {
    let mut node = node.clone();
    node.wished.driver_info = account.settings(kind, address);
    node
}
