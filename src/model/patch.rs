//! shim
use crate::model::ask::{PatchAsk, PatchOp};
use crate::model::catalog::Catalog;
use crate::model::node::{Node, Wished};
use crate::model::policy::Policy;
use crate::model::port::Port;
use crate::model::refusal::Refusal;
pub fn patch_node(
    node: &Node,
    _ask: &PatchAsk,
    _catalog: &Catalog,
    _policy: &Policy,
) -> Result<Wished, Refusal> {
    Ok(node.wished.clone())
}
pub fn patch_port(_node: &Node, port: &Port, _ops: &[PatchOp]) -> Result<Port, Refusal> {
    Ok(port.clone())
}
