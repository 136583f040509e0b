//! One request on its way through a resource: what it says, and what the resource may look at.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::api::Api;
use crate::api::access::policy::Need;
use crate::api::fault::Fault;
use crate::api::lanes::Lanes;
use crate::api::request::args::Args;
use crate::api::request::body;
use crate::base::beside::beside;
use crate::base::id::NodeId;
use crate::base::who::{Role, Who};
use crate::model::decision::ask::{Answer, Ask};
use crate::model::draft::given::parse_uuid;
use crate::model::draft::name;
use crate::model::node::Node;
use crate::model::policy::Policy;
use crate::model::shape::{Field, Frame, Pick, Shown, write};
use crate::net::http::{Headers, Response};
use crate::store::published::Published;

/// A request that has found its resource.
#[derive(Debug)]
pub struct Call<'a> {
    pub api: &'a Api,
    /// Minor number of the microversion.
    pub version: u16,
    /// What stands in the place of the braces of the route, decoded.
    pub idents: Vec<String>,
    pub query: String,
    pub body: Arc<Vec<u8>>,
    pub headers: Headers,
    /// What links begin with.
    pub base: String,
    /// Where the connection comes from.
    pub from: IpAddr,
    pub who: Who,
    /// Ends when they may no longer be here; what goes on for long ends with it.
    pub stay: CancellationToken,
    /// What the route asks of who calls it.
    pub need: Need,
    /// The request changes nothing.
    pub only_looks: bool,
    /// Nodes and ports as they were when the request came.
    pub published: Arc<Published>,
}

impl Call<'_> {
    pub fn lanes(&self) -> &dyn Lanes {
        &*self.api.lanes
    }

    pub fn policy(&self) -> &Policy {
        self.api.lanes.policy()
    }

    pub fn frame(&self) -> Frame<'_> {
        let project = self.who.project.as_deref();
        let is_lesser = project.is_some() && self.who.role < Role::Admin;
        Frame {
            host: &self.policy().host,
            base: &self.base,
            version: self.version,
            project,
            is_lesser,
            told: &[],
        }
    }

    /// The ident at `place` of the route.
    pub fn ident(&self, place: usize) -> &str {
        self.idents.get(place).map_or("", String::as_str)
    }

    /// The node of the path.
    pub fn node(&self) -> Result<&Arc<Node>, Fault> {
        let ident = self.ident(0);
        check_ident(ident)?;
        self.find_node(ident)
    }

    /// A node that an argument names: by its name only since names are there.
    pub fn named_node(&self, ident: &str) -> Result<&Arc<Node>, Fault> {
        if self.version < NAMES_SINCE && parse_uuid(ident).is_none() {
            return Err(Fault::too_new("a node's name in place of its UUID", NAMES_SINCE));
        }
        self.find_node(ident)
    }

    /// A node by UUID, or by name since names are there; one that belongs to others is not there for a tenant.
    pub fn find_node(&self, ident: &str) -> Result<&Arc<Node>, Fault> {
        let found = match parse_uuid(ident) {
            Some(uuid) => self.published.node(NodeId(uuid)),
            None if self.version >= NAMES_SINCE => self.published.node_by_name(ident),
            None => None,
        };
        let missing = || {
            let shown: String = ident.chars().take(255).collect();
            Fault::not_found(format!("node {shown} could not be found"))
        };
        let node = found.filter(|node| self.sees(node)).ok_or_else(missing)?;
        self.need.admit_with(&self.who, self.relation(node))?;
        Ok(node)
    }

    /// The node as it is now, after a change of ours.
    pub fn reread(&self, id: NodeId) -> Result<Arc<Node>, Fault> {
        let published = self.api.reader.published();
        published.node(id).cloned().ok_or_else(|| Fault::not_found(format!("node {id} could not be found")))
    }

    /// Asks something of a node.
    pub async fn ask(&self, node: NodeId, ask: Ask) -> Result<Answer, Fault> {
        // A second look: what is asked of a node goes by here, however it was found.
        self.admit_of(node, || Fault::not_found(format!("node {node} could not be found")))?;
        Ok(self.api.lanes.ask(node, ask).await?)
    }

    /// The arguments of an action, from body and query.
    pub async fn action(&self) -> Result<Args, Fault> {
        let (body, query) = (Arc::clone(&self.body), self.query.clone());
        beside(body.len(), move || Args::of_action(&body, &query)).await
    }

    /// The arguments of a reading request, from the query.
    pub fn args(&self) -> Result<Args, Fault> {
        Args::of_query(&self.query)
    }

    /// The body of a request that needs one.
    pub async fn json(&self) -> Result<Value, Fault> {
        let body = Arc::clone(&self.body);
        let value = beside(body.len(), move || body::json(&body)).await?;
        value.ok_or_else(|| Fault::invalid("the request needs a JSON body"))
    }

    /// Refuses a query where none is known.
    pub fn no_query(&self) -> Result<(), Fault> {
        self.args()?.finish()
    }

    /// One record as the answer.
    pub fn show<T>(&self, status: u16, table: &'static [Field<T>], pick: &Pick<T>, record: &T) -> Response {
        let mut out = Vec::with_capacity(4096);
        write(table, pick, &Shown { record, frame: self.frame() }, &mut out);
        Response::json(status, out)
    }

    /// An empty answer that says where to look for the outcome.
    pub fn accepted(&self, path: &str) -> Response {
        Response::empty(202).with("Location", format!("{}/v1/{path}", self.base))
    }
}

/// Whether an ident of the path can be one: a UUID or a name.
fn check_ident(ident: &str) -> Result<(), Fault> {
    if name::is_logical(ident) || parse_uuid(ident).is_some() {
        return Ok(());
    }
    Err(Fault::router(400, "the path names neither a UUID nor a possible name of a node"))
}

/// Since then nodes have names, and paths may hold them.
const NAMES_SINCE: u16 = 5;
