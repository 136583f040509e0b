//! Lists and single records of what is neither node nor port: the same for every kind.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging::{self, Listing, Paging, Wanted};
use crate::base::id::NodeId;
use crate::model::draft::given::parse_uuid;
use crate::model::draft::name;
use crate::model::shape::Field;
use crate::model::thing::Owner;
use crate::net::http::Response;
use crate::store::shelf::{Kept, Shelf};

/// How a kind is listed.
#[derive(Debug)]
pub struct Collection<T: 'static> {
    pub table: &'static [Field<T>],
    /// What is shown when no field is named.
    pub short: &'static [&'static str],
    /// The key of the array.
    pub key: &'static str,
    /// The path of the collection, e.g. `volume/targets`.
    pub path: &'static str,
    /// Since which minor version `detail` may be in the query of a list.
    pub detail_since: u16,
}

/// What a list holds.
pub struct Sought<'a, T> {
    /// The path that `next` repeats, if it is not the collection's.
    pub path: Option<String>,
    pub detailed: bool,
    /// Only this node's.
    pub node: Option<NodeId>,
    /// Which of them.
    pub takes_in: Box<dyn Fn(&T) -> bool + 'a>,
}

impl<T> std::fmt::Debug for Sought<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, detailed, node, .. } = self;
        let mut shown = f.debug_struct("Sought");
        shown.field("path", path).field("detailed", detailed).field("node", node).finish_non_exhaustive()
    }
}

impl<T> Default for Sought<'_, T> {
    fn default() -> Self {
        Self { path: None, detailed: false, node: None, takes_in: Box::new(|_| true) }
    }
}

/// The shelf of a kind as the request sees it.
pub fn shelf<'a, T: Kept>(call: &'a Call<'_>) -> &'a Shelf<T> {
    T::shelf(call.published.shelves())
}

/// The words of a list request that every kind knows; the kind takes its filters before or after.
pub fn paging<T>(
    call: &Call<'_>,
    of: &Collection<T>,
    args: &mut Args,
    detailed: bool,
) -> Result<Paging<T>, Fault> {
    let longest = call.policy().max_limit;
    let (version, detail_since) = (call.version, of.detail_since);
    let wanted = Wanted { table: of.table, short: of.short, version, longest, detailed, detail_since };
    Paging::take(args, &wanted)
}

/// A list without filters of its own.
pub fn list<T: Kept>(call: &Call<'_>, of: &Collection<T>, sought: &Sought<'_, T>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let paging = paging(call, of, &mut args, sought.detailed)?;
    args.finish()?;
    page(call, of, &paging, sought)
}

/// The page that was asked for.
pub fn page<T: Kept>(
    call: &Call<'_>,
    of: &Collection<T>,
    paging: &Paging<T>,
    sought: &Sought<'_, T>,
) -> Result<Response, Fault> {
    let shelf = shelf::<T>(call);
    let seen = |id| shelf.get(id).filter(|thing| sees(call, &***thing));
    let after = paging.marked(T::WORD, seen)?.map(|thing| &**thing);
    let collection = if sought.detailed { format!("{}/detail", of.path) } else { of.path.to_owned() };
    let listing = Listing {
        table: of.table,
        name: of.key,
        path: sought.path.as_deref().unwrap_or(&collection),
        marker: |thing: &T| thing.id().to_string(),
        order: |thing: &T| thing.order(),
    };
    let from = after.filter(|_| paging.is_natural()).map(T::order);
    let found = source(shelf, sought.node, from)
        .map(|thing| &**thing)
        .filter(|thing| sees(call, *thing) && (sought.takes_in)(thing));
    Ok(paging.answer(call, &listing, found, after))
}

/// The smallest set that holds all that are wanted, in the order of creation.
fn source<'a, T: Kept>(
    shelf: &'a Shelf<T>,
    node: Option<NodeId>,
    after: Option<u64>,
) -> Box<dyn Iterator<Item = &'a Arc<T>> + 'a> {
    match (node, after) {
        (Some(node), _) => Box::new(shelf.of_node(node)),
        (None, Some(order)) => Box::new(shelf.after(order)),
        (None, None) => Box::new(shelf.all()),
    }
}

/// The record of the path's ident: a UUID, or a name where `named`.
pub fn find<'a, T: Kept>(call: &'a Call<'_>, ident: &str, named: bool) -> Result<&'a Arc<T>, Fault> {
    let found = match parse_uuid(ident) {
        Some(id) => shelf::<T>(call).get(id),
        None if named && name::is_logical(ident) => shelf::<T>(call).named(ident),
        None if named => return Err(wrong_ident(T::WORD, "neither a UUID nor a possible name")),
        None => return Err(wrong_ident(T::WORD, "no UUID")),
    };
    let thing = found.ok_or_else(|| missing::<T>(ident))?;
    admit(call, &**thing, ident)?;
    Ok(thing)
}

/// Whether this record is there for who asks.
pub fn sees<T: Kept>(call: &Call<'_>, thing: &T) -> bool {
    match thing.owner() {
        Owner::Rack => call.who.project.is_none(),
        Owner::Public(_) => true,
        Owner::Node(node) => call.sees_id(node),
        Owner::Project(project) => call.sees_project(project),
    }
}

/// Whether who asks may do with this record what the route does.
fn admit<T: Kept>(call: &Call<'_>, thing: &T, ident: &str) -> Result<(), Fault> {
    match thing.owner() {
        Owner::Rack if call.who.project.is_none() => Ok(()),
        Owner::Rack => Err(missing::<T>(ident)),
        Owner::Node(node) => call.admit_of(node, || missing::<T>(ident)),
        Owner::Public(_) if call.only_looks => Ok(()),
        Owner::Project(project) | Owner::Public(project) => {
            if call.sees_project(project) {
                Ok(())
            } else {
                Err(missing::<T>(ident))
            }
        }
    }
}

/// `GET` of one record.
pub fn show<T: Kept>(call: &Call<'_>, of: &Collection<T>, named: bool) -> Result<Response, Fault> {
    let thing = find::<T>(call, call.ident(0), named)?;
    let pick = paging::pick_one(call, of.table)?;
    Ok(call.show(200, of.table, &pick, &**thing))
}

/// What was just made, and where it is.
pub fn created<T: Kept>(call: &Call<'_>, of: &Collection<T>, thing: &T) -> Response {
    let location = format!("{}/v1/{}/{}", call.base, of.path, thing.id());
    call.show(201, of.table, &crate::model::shape::Pick::All, thing).with("Location", location)
}

/// A record that is not there.
pub fn missing<T: Kept>(ident: &str) -> Fault {
    let shown: String = ident.chars().take(255).collect();
    Fault::not_found(format!("{} {shown} could not be found", T::WORD))
}

/// The UUID of the path, where names are not taken.
pub fn uuid<T: Kept>(call: &Call<'_>) -> Result<Uuid, Fault> {
    let id = parse_uuid(call.ident(0)).ok_or_else(|| wrong_ident(T::WORD, "no UUID"))?;
    if let Some(thing) = shelf::<T>(call).get(id) {
        admit(call, &**thing, call.ident(0))?;
    }
    Ok(id)
}

fn wrong_ident(word: &str, what: &str) -> Fault {
    Fault::router(400, format!("the path names {what} of a {word}"))
}
