//! Who may do what: for each route the least role in the whole rack, and what a token that is bound to a project may
//! do, as the reference has it for owners and lessees of nodes.
//!
//! A route that no row names: reading needs a reader, everything else an operator, and tenants are refused.

mod rows;

use crate::api::Door;
use crate::api::access::policy::rows::{INTERFACES, MEMBERS, OPERATOR, ROWS};
use crate::api::access::sight::Relation;
use crate::api::fault::Fault;
use crate::api::route::{self, Path};
use crate::base::who::{Role, Who};
use crate::model::decision::ask::{PatchOp, PatchVerb};
use crate::model::interface::Interface;
use crate::model::policy::Policy;
use crate::model::shape::LATEST;
use crate::net::http::{Method, Request};

/// What a route asks of who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub role: Role,
    pub tenant: Tenant,
}

/// What a token that is bound to a project may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenant {
    /// Not this.
    Never,
    /// With this role; what it sees is chosen by the resource.
    Anyone(Role),
    /// With a node, by what the project is to it; `None` for not at all.
    Of { owner: Role, lessee: Option<Role> },
}

/// A row: methods, what the path is or begins with, the least role, tenants.
struct Row {
    methods: &'static [Method],
    path: &'static str,
    need: Need,
}

const fn row(methods: &'static [Method], path: &'static str, role: Role, tenant: Tenant) -> Row {
    Row { methods, path, need: Need { role, tenant } }
}

const fn of(owner: Role, lessee: Role) -> Tenant {
    Tenant::Of { owner, lessee: Some(lessee) }
}

const fn owner(owner: Role) -> Tenant {
    Tenant::Of { owner, lessee: None }
}

impl Need {
    /// Of a public page.
    pub const NOTHING: Self = Self { role: Role::Reader, tenant: Tenant::Anyone(Role::Reader) };

    /// What the route of this method and pattern asks.
    pub fn of(method: Method, pattern: &str) -> Self {
        let is_it = |row: &&Row| {
            let methods = row.methods.is_empty() || row.methods.contains(&method);
            let path = match row.path.strip_suffix('*') {
                Some(start) => pattern.starts_with(start),
                None => pattern == row.path,
            };
            methods && path
        };
        let role = if method.is_safe() { Role::Reader } else { Role::Operator };
        ROWS.iter().find(is_it).map_or(Self { role, tenant: Tenant::Never }, |row| row.need)
    }

    /// Whether `who` may come to the resource at all; a node of the path is looked at when it is found.
    pub fn admit(&self, who: &Who) -> Result<(), Fault> {
        let Some(project) = &who.project else {
            return if who.role >= self.role { Ok(()) } else { Err(too_low(who, self.role)) };
        };
        let least = match self.tenant {
            Tenant::Never => {
                return Err(Fault::new(403, format!("a token of project {project} may not do this")));
            }
            Tenant::Anyone(least) => least,
            Tenant::Of { owner, lessee } => lessee.map_or(owner, |lessee| lessee.min(owner)),
        };
        if who.role >= least { Ok(()) } else { Err(too_low(who, least)) }
    }

    /// Whether a tenant may do this with a node that it sees.
    pub fn admit_with(&self, who: &Who, relation: Relation) -> Result<(), Fault> {
        let Tenant::Of { owner, lessee } = self.tenant else { return Ok(()) };
        relation.admit(who, (Some(owner), lessee), "do this with a node")
    }
}

pub(super) fn too_low(who: &Who, least: Role) -> Fault {
    Fault::new(403, format!("this needs the role {least}, and yours is {}", who.role))
}

/// A path that other services than the API answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// It is the API's.
    No,
    /// Machines need it, and cannot log in.
    Public,
    Needs(Role),
}

/// What a path needs that the API does not answer. Paths are compared as they came, as those services do.
pub fn outside(method: Method, path: &str) -> Outside {
    let reads = method.is_safe();
    let below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/boot/loops") {
        return Outside::Needs(if reads { Role::Reader } else { Role::Operator });
    }
    if below("/ferric/v1/ramdisks") {
        return Outside::Needs(if reads { Role::Reader } else { Role::Admin });
    }
    let open = ["/boot/", "/firmware/", "/grub/", "/images/"].iter().any(|prefix| path.starts_with(prefix));
    if open { Outside::Public } else { Outside::No }
}

/// Whether `who` may use what the API does not answer: nothing of it is for tenants.
pub fn admit_outside(who: &Who, role: Role) -> Result<(), Fault> {
    Need { role, tenant: Tenant::Never }.admit(who)
}

/// Whether a path of the API is open to everybody, as in the reference.
pub fn is_public(method: Method, path: &str) -> bool {
    let Ok(path) = Path::parse(path, LATEST) else { return false };
    // Most paths are none: they are not looked up twice.
    if !PUBLIC.iter().any(|route| route.split('/').next() == Some(path.first())) {
        return false;
    }
    let found = route::find(method, &path, LATEST, Door::Operator);
    found.is_ok_and(|found| is_public_route(found.pattern))
}

/// Whether a route is open to everybody.
pub fn is_public_route(pattern: &str) -> bool {
    PUBLIC.contains(&pattern)
}

/// Method and path of a request, for the journal: never its query, which may hold secrets.
pub fn deed(request: &Request) -> String {
    let path: String = request.path.chars().filter(|c| !c.is_control()).take(LONGEST_PATH).collect();
    format!("{} {path}", request.method.word())
}

/// The least roles for one member of a node: in the whole rack, the owner's, the lessee's.
type Members = (&'static str, Role, Option<Role>, Option<Role>);

/// Whether each member of a patch may be written.
pub fn admit_patch(who: &Who, relation: Relation, operations: &[PatchOp]) -> Result<(), Fault> {
    for operation in operations {
        let root = operation.path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let (_, role, owner, lessee) = members(root, operation);
        match &who.project {
            None if who.role < role => return Err(too_low(who, role)),
            None => {}
            Some(_) => relation.admit(who, (owner, lessee), &format!("write {root} of a node"))?,
        }
    }
    Ok(())
}

fn members(root: &str, operation: &PatchOp) -> Members {
    if root.ends_with("_interface") {
        return INTERFACES;
    }
    let no_clean = || {
        let value = &operation.value;
        let is_false = value.as_bool() == Some(false)
            || value.as_str().is_some_and(|text| {
                ["false", "0", "no", "off", "f", "n"].contains(&text.to_ascii_lowercase().as_str())
            });
        operation.op != PatchVerb::Remove && is_false
    };
    if root == "automated_clean" && no_clean() {
        return ("automated_clean", Role::Admin, None, None);
    }
    MEMBERS.iter().find(|(name, ..)| *name == root).copied().unwrap_or((
        "",
        Role::Operator,
        OPERATOR,
        OPERATOR,
    ))
}

/// Whether these steps may be asked for (`[auth] steps`).
pub fn admit_steps<'a>(
    who: &Who,
    policy: &Policy,
    steps: impl Iterator<Item = (Interface, &'a str)>,
) -> Result<(), Fault> {
    let mut refused = Vec::new();
    for (interface, step) in steps {
        let interface = interface.name();
        let name = format!("{interface}.{step}");
        if policy.access.steps.get(&name).is_some_and(|least| who.role < *least) {
            refused.push(format!("insufficient privileges to execute step {step} on interface {interface}"));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Fault::new(403, refused.join("; "))) }
}

/// Routes that are open to everybody: what agents and clients need before they can log in.
const PUBLIC: &[&str] = &["", "v1", "lookup", "heartbeat/{}", "continue_inspection"];

/// Letters of a path that are journaled.
const LONGEST_PATH: usize = 256;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::table::{Action, ROUTES, Route};

    fn who(role: Role, project: Option<&str>) -> Who {
        Who { name: None, role, project: project.map(str::to_owned) }
    }

    #[test]
    fn every_row_names_a_route() {
        for row in ROWS {
            let start = row.path.trim_end_matches('*');
            let is_route =
                |path: &str| if row.path.ends_with('*') { path.starts_with(start) } else { path == start };
            assert!(ROUTES.iter().any(|route| is_route(route.path)), "{}", row.path);
        }
    }

    #[test]
    fn readers_change_nothing_and_admins_do_all() {
        // A plan is a look with a body.
        let is_plan = |route: &Route| route.action == Action::NodePlan;
        for route in ROUTES.iter().filter(|route| !is_public_route(route.path) && !is_plan(route)) {
            let need = Need::of(route.method, route.path);
            assert!(need.admit(&who(Role::Admin, None)).is_ok(), "{}", route.path);
            if !route.method.is_safe() {
                assert!(need.admit(&who(Role::Reader, None)).is_err(), "{}", route.path);
            }
            if need.tenant != Tenant::Never && !route.method.is_safe() {
                assert!(need.admit(&who(Role::Reader, Some("p"))).is_err(), "{}", route.path);
            }
        }
    }

    #[test]
    fn a_path_that_nobody_thought_of_is_not_for_tenants() {
        for method in [Method::Get, Method::Post] {
            let need = Need::of(method, "something/new");
            assert_eq!(need.admit(&who(Role::Admin, Some("p"))).unwrap_err().status(), 403);
        }
        assert!(Need::of(Method::Post, "something/new").admit(&who(Role::Reader, None)).is_err());
    }

    #[test]
    fn what_machines_need_is_open_and_nothing_else() {
        for path in ["/", "/v1", "/v1/", "/v1/lookup"] {
            assert!(is_public(Method::Get, path), "{path}");
        }
        assert!(
            is_public(Method::Post, "/v1/heartbeat/x") && is_public(Method::Post, "/v1/continue_inspection")
        );
        for path in ["/v1/nodes", "/v1/heartbeat/x", "/v1/lookup/x", "//nodes", "/v1/nodes/../lookup"] {
            assert!(!is_public(Method::Get, path), "{path}");
        }
        assert_eq!(outside(Method::Get, "/boot/x"), Outside::Public);
        assert_eq!(outside(Method::Delete, "/boot/loops/x"), Outside::Needs(Role::Operator));
        assert_eq!(outside(Method::Put, "/ferric/v1/ramdisks/x86_64"), Outside::Needs(Role::Admin));
        assert_eq!(outside(Method::Get, "/v1/nodes"), Outside::No);
    }

    #[test]
    fn members_have_their_own_rules() {
        let op = |path: &str, value| PatchOp { op: PatchVerb::Replace, path: path.to_owned(), value };
        let may =
            |who: &Who, relation, path: &str, value| admit_patch(who, relation, &[op(path, value)]).is_ok();
        let (owner, lessee) = (Relation::Owner, Relation::Lessee);
        let operator = who(Role::Operator, None);
        assert!(may(&operator, Relation::All, "/owner", json!("p")));
        assert!(!may(&operator, Relation::All, "/shard", json!("s")));
        assert!(!may(&operator, Relation::All, "/automated_clean", json!("False")));
        assert!(may(&operator, Relation::All, "/automated_clean", json!(true)));
        let member = who(Role::Operator, Some("p"));
        assert!(
            may(&member, owner, "/driver_info/x", json!(1))
                && !may(&member, lessee, "/driver_info/x", json!(1))
        );
        assert!(may(&member, lessee, "/extra/x", json!(1)));
        assert!(!may(&member, owner, "/boot_interface", json!("x")));
        let admin = who(Role::Admin, Some("p"));
        assert!(
            may(&admin, owner, "/boot_interface", json!("x")) && !may(&admin, owner, "/owner", json!("q"))
        );
        assert!(
            may(&admin, lessee, "/instance_info/x", json!(1))
                && !may(&member, lessee, "/instance_info/x", json!(1))
        );
    }
}
