//! Which events somebody wants.

use std::borrow::Cow;

use serde_json::Value;

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::base::id::NodeId;
use crate::base::who::{Role, Who};
use crate::model::draft::given::parse_uuid;
use crate::model::notice::kinds::Kinds;
use crate::model::notice::sight::{View, redact, redact_target};
use crate::store::table::feed::ring::Item;

/// Which events are sent, and how much of them; all of them, if nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    node: Option<NodeId>,
    kinds: Kinds,
    /// Who watches from within a project: what it could not see is as if it had not been.
    tenant: Option<Tenant>,
}

/// Somebody whose token is bound to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tenant {
    project: String,
    is_admin: bool,
}

impl Filter {
    /// Reads `node` and `kind`. A node that is gone can still be asked for by its UUID.
    pub fn take(
        args: &mut Args,
        who: &Who,
        find: impl FnOnce(&str) -> Result<NodeId, Fault>,
    ) -> Result<Self, Fault> {
        let node = args.text("node")?.map(|ident| match parse_uuid(&ident) {
            Some(uuid) => Ok(NodeId(uuid)),
            None => find(&ident),
        });
        let kinds = args.text("kind")?.map(|list| Kinds::parse(list.split(','))).transpose();
        let kinds = kinds.map_err(|why| Fault::invalid(format!("kind: {why}")))?.unwrap_or_default();
        let is_admin = who.role >= Role::Admin;
        let tenant = who.project.clone().map(|project| Tenant { project, is_admin });
        Ok(Self { node: node.transpose()?, kinds, tenant })
    }

    /// The event as it is sent; none if it is not.
    pub fn frame<'i>(&self, item: &'i Item) -> Option<Cow<'i, [u8]>> {
        let of_node = self.node.is_none_or(|node| item.node == Some(node));
        if !of_node || !self.kinds.takes(&item.event_type) {
            return None;
        }
        let Some(tenant) = &self.tenant else { return Some(Cow::Borrowed(item.frame())) };
        let is_target = item.event_type.starts_with(TARGET);
        match item.sight.view(&tenant.project) {
            View::Nothing => None,
            View::Whole | View::Redacted if is_target && !tenant.is_admin => redacted(item, redact_target),
            View::Redacted if item.event_type.starts_with(NODE) => redacted(item, redact),
            View::Whole | View::Redacted => Some(Cow::Borrowed(item.frame())),
        }
    }
}

fn redacted(item: &Item, redact: fn(&mut Value)) -> Option<Cow<'_, [u8]>> {
    let mut notice: Value = serde_json::from_slice(item.json()).ok()?;
    redact(&mut notice);
    Some(Cow::Owned(item.frame_of(notice.to_string().as_bytes())))
}

/// What the types begin with whose payload has members that not everybody sees.
const NODE: &str = "baremetal.node.";
const TARGET: &str = "baremetal.volumetarget.";

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    impl Filter {
        fn takes(&self, item: &Item) -> bool {
            self.frame(item).is_some()
        }
    }

    fn filter(query: &str) -> Result<Filter, Fault> {
        let mut args = Args::of_query(query)?;
        Filter::take(&mut args, &Who::anybody(), |ident| match ident {
            "n1" => Ok(NodeId(Uuid::from_u128(1))),
            _ => Err(Fault::not_found("no such node")),
        })
    }

    fn item(event_type: &str, node: Option<u128>) -> Item {
        Item::new(1, event_type.to_owned(), node.map(|id| NodeId(Uuid::from_u128(id))), "{}")
    }

    #[test]
    fn a_node_is_found_by_name_and_a_gone_one_by_its_uuid() {
        let one = filter("node=n1").unwrap();
        assert!(one.takes(&item("baremetal.port.create.end", Some(1))));
        assert!(!one.takes(&item("baremetal.port.create.end", Some(2))));
        assert!(!one.takes(&item("baremetal.chassis.create.end", None)));
        assert_eq!(filter("node=n2").unwrap_err().status(), 404);
        assert!(filter("node=11111111-1111-1111-1111-111111111111").is_ok());
    }

    #[test]
    fn kinds_are_separated_by_commas_and_each_is_checked() {
        let two = filter("kind=port,node.update").unwrap();
        assert!(two.takes(&item("baremetal.node.update.end", None)));
        assert!(!two.takes(&item("baremetal.node.delete.end", None)));
        for wrong in ["kind=", "kind=a,,b", "kind=Node"] {
            assert_eq!(filter(wrong).unwrap_err().status(), 400, "{wrong}");
        }
    }
}
