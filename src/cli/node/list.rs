//! `ferric node list`: all pages in one table.

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::arguments::node::ListArguments;
use crate::cli::console::Paint;
use crate::cli::fault::CliError;
use crate::cli::node::view::View;
use crate::cli::resource::list::{Query, pages};
use crate::cli::session::Session;
use crate::cli::table;

/// Fetches and prints the nodes that the filters leave.
pub async fn list(session: &mut Session<'_, '_>, arguments: &ListArguments) -> Result<Exit, CliError> {
    let columns = Columns::of(arguments);
    let nodes = fetch_all(session, arguments, &columns).await?;
    if session.json {
        session.print_value(&json!({ "nodes": nodes }))?;
        return Ok(Exit::Done);
    }
    for (line, paint) in lines(&nodes, &columns, session.console.width) {
        let line = session.console.painted(&line, paint);
        session.console.line(&line)?;
    }
    if nodes.is_empty() {
        session.console.note("no nodes match; `ferric node create` adds one");
    }
    Ok(Exit::Done)
}

/// What the table shows.
#[derive(Debug, PartialEq, Eq)]
enum Columns {
    Usual,
    Named(Vec<String>),
}

impl Columns {
    fn of(arguments: &ListArguments) -> Self {
        if arguments.fields.is_empty() { Self::Usual } else { Self::Named(arguments.fields.clone()) }
    }

    fn header(&self) -> Vec<String> {
        match self {
            Self::Usual => HEADER.iter().map(|&title| title.to_owned()).collect(),
            Self::Named(fields) => fields.clone(),
        }
    }

    fn row(&self, node: View<'_>) -> Vec<String> {
        let named = match self {
            Self::Named(fields) => return fields.iter().map(|field| node.text(field)).collect(),
            Self::Usual => ["name", "uuid"].map(|field| node.text(field)),
        };
        let rest = [node.text("provision_state"), node.text("target_provision_state"), node.power()];
        let last = [node.maintenance(), node.step(), node.text("last_error")];
        named.into_iter().chain(rest).chain(last).collect()
    }

    /// The fields to ask for; none asks for all of them, which is what a script wants.
    fn fields(&self, json: bool) -> Option<String> {
        match self {
            Self::Named(fields) => Some(fields.join(",")),
            Self::Usual if json => None,
            Self::Usual => Some(FIELDS.to_owned()),
        }
    }
}

fn lines(nodes: &[Value], columns: &Columns, width: Option<u16>) -> Vec<(String, Paint)> {
    let mut header = columns.header();
    let mut rows: Vec<Vec<String>> = nodes.iter().map(|node| columns.row(View(node))).collect();
    if width.is_some() && *columns == Columns::Usual {
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

async fn fetch_all(
    session: &mut Session<'_, '_>,
    arguments: &ListArguments,
    columns: &Columns,
) -> Result<Vec<Value>, CliError> {
    let most = arguments.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let query = query(arguments, columns.fields(session.json).as_deref());
    pages(session, "/v1/nodes", "nodes", &query, most).await
}

fn query(arguments: &ListArguments, fields: Option<&str>) -> Query {
    let sort = arguments.sort.as_deref().map(|sort| sort.split_once(':').unwrap_or((sort, "asc")));
    let maintenance = arguments.maintenance.map(|wanted| wanted.to_string());
    let pairs = [
        ("fields", fields),
        ("detail", fields.is_none().then_some("true")),
        ("provision_state", arguments.state.as_deref()),
        ("driver", arguments.driver.as_deref()),
        ("maintenance", maintenance.as_deref()),
        ("sort_key", sort.map(|(key, _)| key)),
        ("sort_dir", sort.map(|(_, direction)| direction)),
    ];
    let given = pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
    given.collect()
}

const HEADER: &[&str] = &["name", "uuid", "state", "target", "power", "maintenance", "step", "last error"];

/// What the usual columns are made of.
const FIELDS: &str = "name,uuid,provision_state,target_provision_state,power_state,target_power_state,maintenance,\
    maintenance_reason,fault,clean_step,deploy_step,service_step,last_error";

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(nodes: &[Value], columns: &Columns, width: Option<u16>) -> String {
        lines(nodes, columns, width).into_iter().map(|(line, _)| line + "\n").collect()
    }

    fn rack() -> Vec<Value> {
        vec![
            json!({"name": "n1", "uuid": "u-1", "provision_state": "clean wait", "power_state": "power on",
                "target_provision_state": "available", "maintenance": false,
                "clean_step": {"interface": "deploy", "step": "erase_devices"}, "last_error": null}),
            json!({"name": null, "uuid": "u-2", "provision_state": "deploy failed", "power_state": "power off",
                "target_provision_state": "active", "maintenance": true, "fault": "clean failure",
                "last_error": "image checksum\ndoes not match: expected aaaa, found bbbb"}),
        ]
    }

    #[test]
    fn the_usual_columns() {
        let expected = "\
name  uuid  state          target     power  maintenance         step                  last error
n1    u-1   clean wait     available  on                         deploy.erase_devices
      u-2   deploy failed  active     off    yes: clean failure                        image checksum does not match: expected aaaa, found bbbb
";
        assert_eq!(shown(&rack(), &Columns::Usual, None), expected);
    }

    #[test]
    fn the_last_error_is_cut_at_the_width() {
        let text = shown(&rack(), &Columns::Usual, Some(110));
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
        assert!(text.contains("image checksum"), "{text}");
    }

    #[test]
    fn on_a_terminal_columns_that_say_nothing_are_left_out() {
        let rack =
            [json!({"name": "n1", "uuid": "u-1", "provision_state": "active", "power_state": "power on"})];
        assert_eq!(
            shown(&rack, &Columns::Usual, Some(80)),
            "name  uuid  state   power\nn1    u-1   active  on\n"
        );
        let header = "name  uuid  state  target  power  maintenance  step  last error\n";
        assert_eq!(shown(&[], &Columns::Usual, Some(80)), header);
    }

    #[test]
    fn fields_that_are_named_are_the_columns() {
        let columns = Columns::Named(vec!["uuid".into(), "clean_step".into()]);
        let expected = "\
uuid  clean_step
u-1   {\"interface\":\"deploy\",\"step\":\"erase_devices\"}
u-2
";
        assert_eq!(shown(&rack(), &columns, None), expected);
    }

    #[test]
    fn filters_become_the_query() {
        let arguments = ListArguments {
            state: Some("clean failed".into()),
            maintenance: Some(true),
            sort: Some("name:desc".into()),
            ..ListArguments::default()
        };
        let expected = [
            ("detail", "true"),
            ("provision_state", "clean failed"),
            ("maintenance", "true"),
            ("sort_key", "name"),
            ("sort_dir", "desc"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(query(&arguments, None), expected);
    }
}
