//! `ferric node list|children`: all pages in one table.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::Exit;
use crate::cli::arguments::node::filter::ListArguments;
use crate::cli::console::{Paint, one_line};
use crate::cli::fault::CliError;
use crate::cli::node::path;
use crate::cli::node::view::{View, plain};
use crate::cli::resource::list::{Query, pages};
use crate::cli::session::Session;
use crate::cli::table;

/// Fetches and prints the nodes that the filters leave.
pub async fn list(session: &mut Session<'_, '_>, arguments: &ListArguments) -> Result<Exit, CliError> {
    let columns = Columns::of(arguments);
    let (nodes, filtered) = fetch_all(session, arguments, &columns).await?;
    if session.json {
        session.print_value(&json!({ "nodes": nodes }))?;
        return Ok(Exit::Done);
    }
    for (line, paint) in lines(&nodes, &columns, session.console.width) {
        let line = session.console.painted(&line, paint);
        session.console.line(&line)?;
    }
    if nodes.is_empty() {
        let none = if filtered { "no nodes match" } else { "no nodes; `ferric node create` adds one" };
        session.console.note(none);
    }
    Ok(Exit::Done)
}

/// Fetches and prints the nodes inside one, with their names, which the API's own list of them does not tell.
pub async fn children(session: &mut Session<'_, '_>, node: &str) -> Result<Exit, CliError> {
    let answer = session.fetch(path(node, "/children")).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let value = session.parse(&answer)?;
    if value.get("children").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        session.console.note(&format!("no nodes are inside {}", one_line(node)));
        return Ok(Exit::Done);
    }
    list(session, &ListArguments { parent_node: Some(node.to_owned()), ..ListArguments::default() }).await
}

/// What the table shows.
#[derive(Debug, PartialEq, Eq)]
enum Columns {
    Usual,
    Long,
    Named(Vec<String>),
}

impl Columns {
    fn of(arguments: &ListArguments) -> Self {
        match (arguments.long, arguments.fields.is_empty()) {
            (true, _) => Self::Long,
            (false, true) => Self::Usual,
            (false, false) => Self::Named(arguments.fields.clone()),
        }
    }

    fn header(&self) -> Vec<String> {
        let more: &[(&str, &str)] = match self {
            Self::Named(fields) => return fields.clone(),
            Self::Usual => &[],
            Self::Long => LONG,
        };
        let titles = FIRST.iter().chain(more.iter().map(|(_, title)| title)).chain(LAST);
        titles.map(|&title| title.to_owned()).collect()
    }

    fn row(&self, node: View<'_>) -> Vec<String> {
        let more: &[(&str, &str)] = match self {
            Self::Named(fields) => return fields.iter().map(|field| node.text(field)).collect(),
            Self::Usual => &[],
            Self::Long => LONG,
        };
        let first =
            ["name", "uuid", "provision_state", "target_provision_state"].map(|field| node.text(field));
        let more = more.iter().map(|(field, _)| cell(node, field));
        let last = [node.maintenance(), node.step(), node.awaits(), node.text("last_error")];
        first.into_iter().chain([node.power()]).chain(more).chain(last).collect()
    }

    /// The fields to ask for; none asks for all of them, which is what a script wants.
    fn fields(&self, json: bool) -> Option<String> {
        match self {
            Self::Named(fields) => Some(fields.join(",")),
            Self::Usual | Self::Long if json => None,
            Self::Usual => Some(FIELDS.to_owned()),
            Self::Long => Some(LONG.iter().fold(FIELDS.to_owned(), |all, (field, _)| all + "," + field)),
        }
    }
}

/// A flag as `yes` or nothing, texts with commas between them.
fn cell(node: View<'_>, field: &str) -> String {
    match node.0.get(field) {
        Some(Value::Bool(_)) => node.flagged(field, ""),
        Some(Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        _ => node.text(field),
    }
}

fn lines(nodes: &[Value], columns: &Columns, width: Option<u16>) -> Vec<(String, Paint)> {
    let mut header = columns.header();
    let mut rows: Vec<Vec<String>> = nodes.iter().map(|node| columns.row(View(node))).collect();
    if width.is_some() && !matches!(columns, Columns::Named(_)) {
        drop_empty(&mut header, &mut rows);
    }
    let paints = std::iter::once(Paint::Head).chain(nodes.iter().map(|node| View(node).paint()));
    table::lines(&header, rows, width).into_iter().zip(paints).collect()
}

/// Leaves out columns that say nothing, for a person's narrow terminal; scripts get them all.
fn drop_empty(header: &mut Vec<String>, rows: &mut [Vec<String>]) {
    let says = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()));
    let keep: Vec<bool> = (0..header.len()).map(|column| rows.is_empty() || says(column)).collect();
    for cells in rows.iter_mut().chain([header]) {
        let mut kept = keep.iter();
        cells.retain(|_| kept.next().copied().unwrap_or_default());
    }
}

/// The nodes, and whether anything was left out by a filter.
async fn fetch_all(
    session: &mut Session<'_, '_>,
    arguments: &ListArguments,
    columns: &Columns,
) -> Result<(Vec<Value>, bool), CliError> {
    let most = arguments.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let filters = filters(arguments);
    let filtered = filters.iter().any(|(key, _)| key != CHILDREN);
    let query = query(arguments, columns.fields(session.json), filters);
    Ok((pages(session, "/v1/nodes", "nodes", &query, most).await?, filtered))
}

/// What is shown of the nodes, which nodes, and in which order.
fn query(arguments: &ListArguments, fields: Option<String>, filters: Query) -> Query {
    let sort = arguments.sort.as_deref().map(|sort| sort.split_once(':').unwrap_or((sort, "asc")));
    let shown = fields.map_or(("detail", "true".to_owned()), |fields| ("fields", fields));
    let sort = sort.map(|(key, direction)| [("sort_key", key), ("sort_dir", direction)]);
    let sort = sort.into_iter().flatten().map(|(key, value)| (key, value.to_owned()));
    let around = std::iter::once(shown).chain(sort).map(|(key, value)| (key.to_owned(), value));
    around.chain(filters).collect()
}

/// The API's filters. An instance is known by its name or its UUID, which it tells apart by two filters.
fn filters(arguments: &ListArguments) -> Query {
    let yes = |given: bool| given.then(|| "true".to_owned());
    let flag = |given: Option<bool>| given.map(|wanted| wanted.to_string());
    let instance = arguments.instance.clone();
    let is_uuid = instance.as_ref().is_some_and(|instance| instance.parse::<Uuid>().is_ok());
    let (instance_uuid, instance_name) = if is_uuid { (instance, None) } else { (None, instance) };
    let associated = yes(arguments.associated).or_else(|| arguments.unassociated.then(|| "false".to_owned()));
    let pairs = [
        ("provision_state", arguments.state.clone()),
        ("driver", arguments.driver.clone()),
        ("maintenance", flag(arguments.maintenance)),
        ("fault", arguments.fault.clone()),
        ("resource_class", arguments.resource_class.clone()),
        ("owner", arguments.owner.clone()),
        ("lessee", arguments.lessee.clone()),
        ("instance_uuid", instance_uuid),
        ("instance_name", instance_name),
        ("associated", associated),
        ("retired", flag(arguments.retired)),
        ("shard", arguments.shard.clone()),
        ("sharded", flag(arguments.sharded)),
        ("conductor_group", arguments.conductor_group.clone()),
        ("chassis_uuid", arguments.chassis.clone()),
        ("description_contains", arguments.description_contains.clone()),
        ("parent_node", arguments.parent_node.clone()),
        (CHILDREN, yes(arguments.include_children)),
    ];
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Lets more nodes in and none out.
const CHILDREN: &str = "include_children";

/// Titles of the columns that stand first, and of those that stand last.
const FIRST: &[&str] = &["name", "uuid", "state", "target", "power"];
const LAST: &[&str] = &["maintenance", "step", "waits for", "last error"];

/// What stands between them in a long list: fields and titles.
const LONG: &[(&str, &str)] = &[
    ("driver", "driver"),
    ("resource_class", "class"),
    ("instance_uuid", "instance"),
    ("instance_name", "instance name"),
    ("owner", "owner"),
    ("lessee", "lessee"),
    ("retired", "retired"),
    ("protected", "protected"),
    ("shard", "shard"),
    ("conductor_group", "group"),
    ("chassis_uuid", "chassis"),
    ("parent_node", "parent"),
    ("traits", "traits"),
    ("description", "description"),
];

/// What the usual columns are made of.
const FIELDS: &str = "name,uuid,provision_state,target_provision_state,power_state,target_power_state,maintenance,\
    maintenance_reason,fault,clean_step,deploy_step,service_step,driver_internal_info,last_error";

#[cfg(test)]
mod tests;
