//! Arguments of `ferric node list`: which nodes, and what of them.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cli::arguments::node::STATES;
use crate::cli::resource::field::some;

#[derive(Debug, Default, Args)]
pub struct ListArguments {
    /// Only nodes in this provision state
    #[arg(long, value_parser = PossibleValuesParser::new(STATES), hide_possible_values = true)]
    pub state: Option<String>,
    /// Only nodes of this hardware type
    #[arg(long, value_parser = some)]
    pub driver: Option<String>,
    /// Only nodes in maintenance (or, with `=false`, only the others)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub maintenance: Option<bool>,
    /// Only nodes with this fault, as in `power failure`
    #[arg(long, value_parser = some)]
    pub fault: Option<String>,
    /// Only nodes of this class
    #[arg(long, value_name = "CLASS", value_parser = some)]
    pub resource_class: Option<String>,
    /// Only nodes of this owner
    #[arg(long, value_name = "PROJECT", value_parser = some)]
    pub owner: Option<String>,
    /// Only nodes lent to this project
    #[arg(long, value_name = "PROJECT", value_parser = some)]
    pub lessee: Option<String>,
    /// Only the node of this instance: its name or UUID
    #[arg(long, value_parser = some)]
    pub instance: Option<String>,
    /// Only nodes that have an instance
    #[arg(long, conflicts_with = "unassociated")]
    pub associated: bool,
    /// Only nodes without an instance
    #[arg(long)]
    pub unassociated: bool,
    /// Only nodes that are retired (or, with `=false`, only the others)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub retired: Option<bool>,
    /// Only nodes in these shards, separated by commas
    #[arg(long, value_name = "LIST", value_parser = some)]
    pub shard: Option<String>,
    /// Only nodes in any shard (or, with `=false`, in none)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub sharded: Option<bool>,
    /// Only nodes in this group of conductors; an empty one is that of nodes without any
    #[arg(long, value_name = "GROUP")]
    pub conductor_group: Option<String>,
    /// Only nodes in this chassis: its UUID
    #[arg(long, value_name = "UUID", value_parser = some)]
    pub chassis: Option<String>,
    /// Only nodes with this in their description, however its letters are written
    #[arg(long, value_name = "TEXT", value_parser = some)]
    pub description_contains: Option<String>,
    /// Nodes inside others, too; they are left out otherwise
    #[arg(long, conflicts_with = "parent_node")]
    pub include_children: bool,
    /// Only nodes inside this one: its name or UUID
    #[arg(long, value_name = "NODE", value_parser = some)]
    pub parent_node: Option<String>,
    /// Show more of each: class, driver, instance, owner, lessee, shard, chassis, parent, ...
    #[arg(long, conflicts_with = "fields")]
    pub long: bool,
    /// Fields to show instead of the usual ones, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = field_named)]
    pub fields: Vec<String>,
    /// Show at most so many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Field to sort by; `FIELD:desc` turns the order round
    #[arg(long, value_name = "FIELD[:desc]")]
    pub sort: Option<String>,
}

/// One of `--fields` as typed.
fn field_named(text: &str) -> Result<String, &'static str> {
    some(text).map_err(|_| "a field's name is empty; give names as in `name,provision_state`")
}
