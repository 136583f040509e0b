//! What clients and the agent talk to: a file a resource, over our own route table.
//!
//! ```text
//! request -> guard (401) -> version (406) -> route (404, 405) -> policy (403) -> body (413) -> resource
//!         -> desk or published copy -> answer
//! ```
//!
//! - `version`  both version headers        - `route`, `table`  from method and path to an action
//! - `fault`    refusals to status codes    - `body`, `args`    JSON and arguments, bounded
//! - `call`     one request under way       - `paging`          lists in pages
//! - `events`   the stream of what changes     - `metrics` numbers for Prometheus
//! - `lanes`    what is asked of the lanes        - `while_waiting` what a look or a change says to who waits for it
//! - `access`   who asks and whether they may
//! - `thing`  lists and single records of all other kinds
//! - `root` `node` `port` `chassis` `driver` `conductor` `rule` `agent` `network` `discovered` `site_step`: the resources

pub mod access;
pub mod agent;
pub mod allocation;
pub mod chassis;
pub mod conductor;
pub mod discovered;
pub mod driver;
pub mod events;
pub mod fault;
pub mod health;
pub mod lanes;
pub mod metrics;
pub mod network;
pub mod node;
pub mod part;
pub mod openapi;
pub mod port;
pub mod request;
pub mod root;
pub mod rule;
pub mod runbook;
pub mod site_step;
pub mod route;
pub mod table;
pub mod template;
pub mod thing;
pub mod volume;
pub mod while_waiting;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use crate::api::access::audit::Witness;
use crate::api::access::policy::{self, Need};
use crate::api::access::{audit, tokens, touched};
use crate::api::agent::{heartbeat, inspection, lookup};
use crate::api::events::watchers::Watchers;
use crate::api::fault::Fault;
use crate::api::lanes::Lanes;
use crate::api::metrics::Expiries;
use crate::api::metrics::traffic::{NOWHERE, Place, Traffic};
use crate::api::request::call::Call;
use crate::api::request::{body, suffix, version};
use crate::api::route::{Found, Path};
use crate::api::table::{Action, Drive, RackAction};
use crate::base::moment::Moment;
use crate::base::time::Later;
use crate::base::who::{Author, Who};
use crate::conduct::author;
use crate::model::shape::LATEST;
use crate::net::http::{Request, Response};
use crate::net::server::Service;
use crate::store::reader::Reader;

/// Which listener a request came by (style corner 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everything.
    Operator,
    /// What machines of the rack need: lookup, heartbeat, `/` and `/v1`.
    Rack,
}

/// The API behind one door.
#[derive(Debug)]
pub struct Api {
    pub reader: Reader,
    pub lanes: Arc<dyn Lanes>,
    pub door: Door,
    /// What links begin with, e.g. `https://rack7.example.org`; without it the request's `Host`.
    pub public: Option<String>,
    /// The listener speaks TLS: links begin with `https`.
    pub tls: bool,
    /// Who may send a large body now.
    pub turns: body::Turns,
    /// There is a guard in front: who did not come by it gets the public pages only.
    pub guarded: bool,
    /// Who watches what changes.
    pub watchers: Arc<Watchers>,
    /// What was answered.
    pub traffic: Arc<Traffic>,
    /// Until when the certificates of the doors are good.
    pub certificates: Option<Arc<dyn Expiries>>,
    /// When the door was made.
    pub began: Moment,
}

impl Api {
    /// Everything, for people and their programs.
    pub fn operator(reader: Reader, lanes: Arc<dyn Lanes>, public: Option<String>) -> Self {
        let (turns, watchers, began) = (body::Turns::default(), Arc::default(), lanes.now());
        Self {
            reader,
            lanes,
            door: Door::Operator,
            public,
            tls: false,
            turns,
            guarded: false,
            watchers,
            traffic: Arc::default(),
            certificates: None,
            began,
        }
    }

    /// The same with its answers counted there.
    #[must_use]
    pub fn counted(self, traffic: Arc<Traffic>) -> Self {
        Self { traffic, ..self }
    }

    /// The same with the certificates of the doors in its numbers.
    #[must_use]
    pub fn certified(self, certificates: Arc<dyn Expiries>) -> Self {
        Self { certificates: Some(certificates), ..self }
    }

    /// The same with its watchers served elsewhere.
    #[must_use]
    pub fn watched(self, watchers: Arc<Watchers>) -> Self {
        Self { watchers, ..self }
    }

    /// What machines of the rack need and no more.
    pub fn rack(reader: Reader, lanes: Arc<dyn Lanes>, public: Option<String>) -> Self {
        Self { door: Door::Rack, ..Self::operator(reader, lanes, public) }
    }

    async fn answer(&self, mut request: Request) -> Response {
        let version = version::asked(&request.headers);
        let used = version.as_ref().copied().unwrap_or(version::OLDEST);
        let (began, mut place) = (Instant::now(), NOWHERE);
        let response = match self.served(&mut request, version, &mut place).await {
            Ok(response) => response,
            Err(fault) => {
                tracing::debug!(?request, status = fault.status(), error = fault.text(), "request refused");
                fault.response()
            }
        };
        self.traffic.add(place, response.status, began.elapsed());
        let id = format!("req-{}", Uuid::new_v4());
        version::mark(response, used)
            .with("openstack-request-id", id.as_str())
            .with("x-openstack-request-id", id)
    }

    /// `place`: where it is counted, once its route is found.
    async fn served(
        &self,
        request: &mut Request,
        version: Result<u16, Fault>,
        place: &mut Place,
    ) -> Result<Response, Fault> {
        let used = version.as_ref().copied().unwrap_or(version::OLDEST);
        let path = Path::parse(&request.path, used)?;
        let version = match () {
            () if path.is_root() => used,
            () if path.is_ours() || path.is_bare(request.method) => LATEST,
            () => version?,
        };
        let accepts = request.headers.get("Accept").unwrap_or_default();
        if !route::takes_json(accepts) && !path.is_bare(request.method) {
            return Err(Fault::router(406, "answers are JSON: accept application/json"));
        }
        let found = route::find(request.method, &path, version, self.door).map_err(|fault| {
            match fault.allowed() {
                Some(allowed) => route::not_allowed(&request.word, allowed.to_owned()),
                None => fault,
            }
        })?;
        *place = found.place;
        let who = self.who(request, found.pattern)?;
        let need = if policy::is_public_route(found.pattern) {
            Need::NOTHING
        } else {
            Need::of(request.method, found.pattern)
        };
        let is_change =
            !request.method.is_safe() && need != Need::NOTHING && found.action != Action::NodePlan;
        let deed = if is_change { policy::deed(request) } else { String::new() };
        let author = Author { who: who.clone(), from: plain(request.peer.ip()), deed };
        let mut witness = is_change.then(|| Witness::new(&*self.lanes, &author));
        let answer = match need.admit(&who) {
            Ok(()) => {
                let asked = (request, found, path.suffixed);
                self.answered(asked, (version, need), &author, witness.as_mut()).await
            }
            Err(fault) => Err(fault),
        };
        if let Some(witness) = &mut witness {
            witness.see(&answer);
        }
        answer
    }

    /// Who asks.
    fn who(&self, request: &mut Request, pattern: &str) -> Result<Who, Fault> {
        match request.who.take() {
            Some(who) => Ok(who),
            None if !self.guarded || policy::is_public_route(pattern) => Ok(Who::anybody()),
            None => Err(Fault::new(401, "a login is needed")),
        }
    }

    /// The answer of the resource.
    async fn answered(
        &self,
        (request, found, suffixed): (&mut Request, Found, bool),
        (version, need): (u16, Need),
        author: &Author,
        witness: Option<&mut Witness<'_>>,
    ) -> Result<Response, Fault> {
        let large = matches!(found.action, Action::NodeProvision | CONTINUE);
        let limit = self.body_limit(found.action);
        let turn = if large { self.turns.take(&request.headers).await? } else { None };
        let body = body::read(request, limit).await?;
        let (base, published) = (self.base(request), self.reader.published());
        let idents =
            if suffixed { suffix::restored(&published, found.pattern, found.idents) } else { found.idents };
        let call = Call {
            api: self,
            version,
            idents,
            query: std::mem::take(&mut request.query),
            body: Arc::new(body),
            headers: std::mem::take(&mut request.headers),
            base,
            from: author.from,
            who: author.who.clone(),
            stay: request.stay.clone(),
            need,
            only_looks: request.method.is_safe() || found.action == Action::NodePlan,
            published,
        };
        if let Some(witness) = witness {
            witness.touched = touched::of(&call, found.action, found.pattern).await;
        }
        // Boxed, so that a connection does not hold the largest of all resources for its whole life.
        let work = Box::pin(act(found.action, call));
        let answer = if author.deed.is_empty() {
            // Who looks changes nothing, and agents ask in nobody's name.
            work.await
        } else {
            author::asking(author.clone(), work).await
        };
        drop(turn);
        answer
    }

    /// Bytes of a body that this action takes.
    fn body_limit(&self, action: Action) -> usize {
        if action == Action::NodeProvision {
            body::PROVISION_LIMIT
        } else if action == CONTINUE {
            self.lanes.policy().inspector.body_limit
        } else {
            body::LIMIT
        }
    }

    /// What links begin with; a `Host` that could break out of a JSON text is not repeated.
    fn base(&self, request: &Request) -> String {
        if let Some(public) = &self.public {
            return public.trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls { "https" } else { "http" };
        match request.headers.get("Host").filter(|host| is_authority(host)) {
            Some(host) => format!("{scheme}://{host}"),
            None => format!("{scheme}://{}", request.local),
        }
    }
}

impl Service for Api {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(self.answer(request))
    }
}

fn is_authority(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

/// An IPv4 address that came over an IPv6 socket is an IPv4 address.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[expect(clippy::too_many_lines, reason = "a table: an endpoint a line")]
async fn act(action: Action, call: Call<'_>) -> Result<Response, Fault> {
    match action {
        Action::Root => Ok(root::root(&call)),
        Action::OpenApi => Ok(openapi::show(&call)),
        Action::Version => Ok(root::version(&call)),
        Action::Lookup => lookup::lookup(&call).await,
        Action::Heartbeat => heartbeat::heartbeat(&call).await,
        Action::Rack(action) => of_rack(action, &call).await,
        Action::Allocation(action) => allocation::act(action, &call).await,
        Action::Template(action) => template::act(action, &call).await,
        Action::Runbook(action) => runbook::act(action, &call).await,
        Action::Chassis(action) => chassis::act(action, &call).await,
        Action::NodeList => node::list::list(&call, false),
        Action::NodeDetail => node::list::list(&call, true),
        Action::NodeCreate => node::create(&call).await,
        Action::NodeUnnamed => Err(Fault::invalid("the path must name a node")),
        Action::NodeShow => node::show(&call),
        Action::NodePatch => node::patch(&call).await,
        Action::NodeDelete => node::delete(&call).await,
        Action::NodeValidate => node::validate::validate(&call).await,
        Action::NodeStates => node::states::states(&call),
        Action::NodeConsole => node::console::show(&call),
        Action::NodePower => node::power::power(&call).await,
        Action::NodeProvision => node::provision::provision(&call).await,
        Action::NodeMaintenance => node::maintenance::begin(&call).await,
        Action::NodeMaintenanceEnd => node::maintenance::end(&call).await,
        Action::NodeBootDevice => node::boot_device::show(&call).await,
        Action::NodeBootDeviceSet => node::boot_device::set(&call).await,
        Action::NodeBootDevices => node::boot_device::supported(&call).await,
        Action::NodeBootMode => node::mode::boot(&call).await,
        Action::NodeSecureBoot => node::mode::secure(&call).await,
        Action::NodeNmi => node::nmi::inject(&call).await,
        Action::NodeIndicators => node::indicators::list(&call).await,
        Action::NodeIndicator => node::indicators::show(&call).await,
        Action::NodeIndicatorSet => node::indicators::set(&call).await,
        Action::NodeMedia(drive) => of_media(drive, &call).await,
        Action::NodeMethods => node::passthru::methods(&call),
        Action::NodePassthru(http) => node::passthru::call_method(&call, http).await,
        Action::NodeConsoleSet => node::console::set(&call).await,
        Action::NodeConsoleLine => node::console::line(&call),
        Action::NodeConsoleLog => node::console::log(&call).await,
        Action::NodePlan => node::plan::plan(&call).await,
        Action::NodeSensors => node::sensors::show(&call).await,
        Action::NodeBook(book) => node::books::show(&call, book).await,
        Action::NodeHistory => node::history::list(&call),
        Action::NodeHistoryEvent => node::history::show(&call),
        Action::NodeInventory => node::inventory::show(&call),
        Action::NodeChildren => node::states::children(&call),
        Action::NodePorts => port::list::of_node(&call),
        Action::Part(action) => part::act(action, &call).await,
        Action::PortList => port::list::list(&call, false),
        Action::PortDetail => port::list::list(&call, true),
        Action::PortCreate => port::create(&call).await,
        Action::PortShow => port::show(&call),
        Action::PortPatch => port::patch(&call).await,
        Action::PortDelete => port::delete(&call).await,
        Action::DriverList => driver::list(&call),
        Action::DriverShow => driver::show(&call),
        Action::DriverProperties => driver::properties(&call),
        Action::DriverRaid => driver::raid(&call),
        Action::DriverMethods => driver::methods(&call),
        Action::DriverPassthru => driver::passthru(&call).await,
        Action::Events => events::open(&call),
        Action::Metrics => metrics::show(&call).await,
        Action::ConductorList => conductor::list(&call),
        Action::ConductorShow => conductor::show(&call),
        Action::Network(page) => network::show(&call, page),
        Action::SiteSteps => site_step::list(&call),
        Action::Shards => node::states::shards(&call),
        Action::Volume(action) => volume::act(&call, action).await,
    }
}

async fn of_media(drive: Drive, call: &Call<'_>) -> Result<Response, Fault> {
    match drive {
        Drive::List => node::media::list(call).await,
        Drive::Insert => node::media::insert(call).await,
        Drive::Eject => node::media::eject(call).await,
    }
}

/// What belongs to no node.
async fn of_rack(action: RackAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        RackAction::ContinueInspection => inspection::proceed(call).await,
        RackAction::DiscoveredList => discovered::list(call).await,
        RackAction::DiscoveredForget => discovered::forget(call).await,
        RackAction::TokenList => tokens::list(call),
        RackAction::TokenCreate => tokens::create(call).await,
        RackAction::TokenRevoke => tokens::revoke(call).await,
        RackAction::Audit => audit::list(call).await,
        RackAction::RuleList => rule::list(call),
        RackAction::RuleCreate => rule::create(call).await,
        RackAction::RuleShow => rule::show(call),
        RackAction::RulePatch => rule::patch(call).await,
        RackAction::RuleDelete => rule::delete(call).await,
        RackAction::RuleClear => rule::clear(call).await,
    }
}

/// What may have a large body although nobody has logged in.
const CONTINUE: Action = Action::Rack(RackAction::ContinueInspection);
