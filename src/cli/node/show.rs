//! `ferric node show`: one node for a person, grouped by what one looks for.

use std::time::Duration;

use serde_json::Value;

use crate::base::moment::Moment;
use crate::cli::Exit;
use crate::cli::age;
use crate::cli::console::{Paint, one_line};
use crate::cli::fault::CliError;
use crate::cli::node::path;
use crate::cli::node::view::View;
use crate::cli::node::view::plain;
use crate::cli::resource::list::all_pages;
use crate::cli::session::Session;

mod bmc;
mod raid;
mod rules;

/// A heading and the lines below it: a label, what stands beside it, and its colour.
#[derive(Debug)]
struct Group {
    title: String,
    rows: Vec<(String, String, Paint)>,
}

/// Fetches and prints a node and its ports.
pub async fn show(session: &mut Session<'_, '_>, node: &str) -> Result<Exit, CliError> {
    let answer = session.fetch(path(node, "")).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let node_value = session.parse(&answer)?;
    let ports = all_pages(session, &path(node, "/ports?detail=true"), "ports").await?;
    let ports = ports.get("ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut groups = groups(View(&node_value), ports, session.clock.wall());
    let boot_loop = Group { title: "Boot loop".to_owned(), rows: loops(session, &node_value).await };
    groups.insert(AFTER_STATE, boot_loop);
    for group in groups {
        print(session, &group)?;
    }
    Ok(Exit::Done)
}

/// The node's NICs that boot in a loop. A server that is no appliance has no such list, and one that tells nothing of them
/// has told all else.
async fn loops(session: &mut Session<'_, '_>, node: &Value) -> Rows {
    let Ok(all) = session.value("/boot/loops".to_owned()).await else { return Vec::new() };
    loop_rows(View(node), &all)
}

fn loop_rows(node: View<'_>, all: &Value) -> Rows {
    let uuid = node.text("uuid");
    let name = Some(node.text("name")).filter(|name| !name.is_empty()).unwrap_or_else(|| uuid.clone());
    let all = all.get("boot_loops").and_then(Value::as_array).into_iter().flatten().map(View);
    let own = all.filter(|one| !uuid.is_empty() && one.text("node_uuid") == uuid);
    own.map(|one| {
        let seconds = one.0.get("first_seconds_ago").and_then(Value::as_u64).unwrap_or_default();
        let since = age::short(Duration::from_secs(seconds));
        let (starts, boots) = (one.text("starts"), one.text("boots"));
        let text = format!(
            "{starts}: {boots} boots in {since}; it begins anew when what failed is asked for again, or with \
             `ferric node power {name} reboot`"
        );
        (one.text("address"), text, Paint::Bad)
    })
    .collect()
}

fn print(session: &mut Session<'_, '_>, group: &Group) -> Result<(), CliError> {
    if group.rows.is_empty() {
        return Ok(());
    }
    let title = session.console.painted(&group.title, Paint::Head);
    session.console.line(&title)?;
    for (label, text, paint) in &group.rows {
        let text = session.console.painted(text, *paint);
        session.console.line(&format!("  {label:<LABEL$}  {text}"))?;
    }
    Ok(())
}

fn groups(node: View<'_>, ports: &[Value], now: Moment) -> Vec<Group> {
    vec![
        Group { title: node.name(), rows: identity(node) },
        Group { title: "State".to_owned(), rows: state(node, now) },
        Group { title: "Rules".to_owned(), rows: rules::rows(node) },
        Group { title: "BMC".to_owned(), rows: bmc::rows(node, now) },
        Group { title: "Agent".to_owned(), rows: agent(node, now) },
        Group { title: "Instance".to_owned(), rows: instance(node) },
        Group { title: "Interfaces".to_owned(), rows: interfaces(node) },
        Group { title: "RAID".to_owned(), rows: raid::rows(node) },
        Group { title: "Driver info".to_owned(), rows: members(node, "driver_info") },
        Group { title: "Properties".to_owned(), rows: members(node, "properties") },
        Group { title: "Network data".to_owned(), rows: members(node, "network_data") },
        Group { title: "Extra".to_owned(), rows: members(node, "extra") },
        Group { title: "Ports".to_owned(), rows: ports.iter().map(port).collect() },
    ]
}

type Rows = Vec<(String, String, Paint)>;

fn row(label: &str, text: String) -> (String, String, Paint) {
    (label.to_owned(), text, Paint::Plain)
}

/// Without the rows that say nothing.
fn known(rows: impl IntoIterator<Item = (String, String, Paint)>) -> Rows {
    rows.into_iter().filter(|(_, text, _)| !text.is_empty()).collect()
}

fn named(node: View<'_>, fields: &[(&str, &str)]) -> Rows {
    known(fields.iter().map(|(field, label)| row(label, node.text(field))))
}

fn identity(node: View<'_>) -> Rows {
    let traits = node.0.get("traits").and_then(Value::as_array).into_iter().flatten();
    let traits = row("traits", traits.map(plain).collect::<Vec<_>>().join(", "));
    let rows = named(node, IDENTITY).into_iter().chain([traits]);
    known(rows.chain(named(node, DATES)))
}

fn state(node: View<'_>, now: Moment) -> Rows {
    let since = node.text("provision_updated_at");
    let since = if since.is_empty() { String::new() } else { age::ago(&since, now) };
    let inspected = node.text("inspection_finished_at");
    let inspected = if inspected.is_empty() { inspected } else { age::ago(&inspected, now) };
    let mut rows = vec![
        ("provision".to_owned(), node.course(), node.paint()),
        row("since", since),
        row("inspected", inspected),
        row("step", node.step()),
    ];
    rows.extend(waiting(node, now));
    rows.extend([
        row("power", node.power()),
        row("boot mode", node.text("boot_mode")),
        row("secure boot", switched(node, "secure_boot")),
        row("console", if node.is("console_enabled") { "open".to_owned() } else { String::new() }),
        ("maintenance".to_owned(), node.maintenance(), Paint::Busy),
        row("reserved by", node.text("reservation")),
        ("last error".to_owned(), node.text("last_error"), Paint::Bad),
    ]);
    known(rows)
}

/// `on`, `off`, or nothing where it is neither.
fn switched(node: View<'_>, field: &str) -> String {
    let word = |on: bool| if on { "on" } else { "off" };
    node.0.get(field).and_then(Value::as_bool).map(word).unwrap_or_default().to_owned()
}

fn waiting(node: View<'_>, now: Moment) -> Rows {
    if node.holds() {
        let name = node.name();
        let text = format!(
            "a person: `ferric node unhold {name}` lets it go on, `ferric node abort {name}` ends it"
        );
        return vec![("waits for".to_owned(), text, Paint::Busy)];
    }
    let Some(waiting) = node.waiting() else { return Vec::new() };
    let since = if waiting.since.is_empty() { String::new() } else { age::ago(&waiting.since, now) };
    let short = |seconds: Option<u64>| seconds.map(Duration::from_secs).map(age::short).unwrap_or_default();
    let trouble = waiting.trouble.map(|trouble| trouble.line_at(now)).unwrap_or_default();
    vec![
        ("waits for".to_owned(), waiting.why, Paint::Busy),
        row("  from", waiting.from_whom),
        row("  since", since),
        row("  looks every", short(waiting.look_in_seconds)),
        row("  at most", short(waiting.deadline_seconds)),
        row("  then", waiting.then),
        ("  trouble".to_owned(), trouble, Paint::Bad),
    ]
}

fn agent(node: View<'_>, now: Moment) -> Rows {
    let Some(internal) = node.0.get("driver_internal_info") else { return Vec::new() };
    let internal = View(internal);
    let beat = internal.text("agent_last_heartbeat");
    let beat = if beat.is_empty() { beat } else { age::ago(&beat, now) };
    known([
        row("address", internal.text("agent_url")),
        row("version", internal.text("agent_version")),
        row("last heartbeat", beat),
    ])
}

fn instance(node: View<'_>) -> Rows {
    let mut rows = named(node, INSTANCE);
    rows.extend(members(node, "instance_info"));
    rows
}

fn interfaces(node: View<'_>) -> Rows {
    let fields = node.0.as_object().into_iter().flatten();
    let kinds = fields.filter_map(|(field, value)| Some((field.strip_suffix("_interface")?, value)));
    known(kinds.map(|(kind, value)| row(kind, plain(value))))
}

fn members(node: View<'_>, field: &str) -> Rows {
    let members = node.object(field).into_iter().flatten();
    known(members.map(|(key, value)| row(&one_line(key), plain(value))))
}

fn port(port: &Value) -> (String, String, Paint) {
    let port = View(port);
    let boots = if port.is("pxe_enabled") { "boots" } else { "does not boot" };
    let network = port.text("physical_network");
    let name = port.text("name");
    let parts = [name, boots.to_owned(), network].into_iter().filter(|part| !part.is_empty());
    row(&port.text("address"), parts.collect::<Vec<_>>().join(", "))
}

/// Where a boot loop is shown among the groups: after name and state.
const AFTER_STATE: usize = 2;

/// Columns of the labels.
const LABEL: usize = 18;

const IDENTITY: &[(&str, &str)] = &[
    ("uuid", "uuid"),
    ("driver", "driver"),
    ("resource_class", "resource class"),
    ("description", "description"),
    ("owner", "owner"),
    ("lessee", "lessee"),
    ("parent_node", "parent"),
    ("chassis_uuid", "chassis"),
    ("shard", "shard"),
    ("conductor_group", "conductor group"),
    ("health", "health"),
];

const DATES: &[(&str, &str)] = &[("created_at", "created"), ("updated_at", "updated")];

const INSTANCE: &[(&str, &str)] =
    &[("instance_uuid", "uuid"), ("instance_name", "name"), ("allocation_uuid", "allocation")];

#[cfg(test)]
mod tests;
