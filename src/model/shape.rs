//! The field tables of node and port: which member exists since which microversion, what it accepts, and how
//! its value is written. API and agent render from these rows, and nothing else knows a field's version.
//!
//! Rendering goes straight to bytes: a list of a thousand nodes is a matter of milliseconds.

pub mod allocation;
pub mod chassis;
pub mod connector;
pub mod internal;
pub mod json;
pub mod node;
pub mod port;
pub mod portgroup;
pub mod rule;
pub mod target;
pub mod runbook;
pub mod template;

use serde_json::Value;

use crate::model::Object;
use crate::model::node::Node;
use crate::model::part::told::ToldSteps;
use crate::model::port::Port;

/// What a renderer knows besides the record.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Name of this host, shown as `conductor` and `reservation`.
    pub host: &'a str,
    /// What links begin with, without a trailing slash; it holds nothing that JSON escapes.
    pub base: &'a str,
    /// Minor number of the microversion.
    pub version: u16,
    /// The project that who asks is bound to.
    pub project: Option<&'a str>,
    /// Who asks is bound to a project and no admin of it: how to reach a volume is not shown.
    pub is_lesser: bool,
    /// The steps that the agent told last, where one node is shown in detail.
    pub told: &'a [ToldSteps],
}

/// A record with its frame.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a, T> {
    pub record: &'a T,
    pub frame: Frame<'a>,
}

/// Writes one value.
pub type Write<T> = fn(&Shown<'_, T>, &mut Vec<u8>);

/// One member of a resource.
#[derive(Debug)]
pub struct Field<T: 'static> {
    pub name: &'static str,
    /// Minor number of the first microversion that has it.
    pub since: u16,
    /// May be given on create.
    pub create: bool,
    /// May be the root of a patch.
    pub patch: bool,
    pub accepts: Accepts,
    pub place: Place,
    pub write: Write<T>,
}

/// Where a member is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A value by which lists can be sorted.
    Column,
    /// A value that cannot be a sort key.
    Document,
    /// Added to every answer (`links`).
    Always,
    /// Link arrays, shown when no field was asked for by name.
    Whole,
}

/// What a request may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    Nothing,
    /// A text that cannot be null.
    Must,
    /// A text or null, with bounds in characters.
    Text {
        min: usize,
        max: usize,
    },
    Uuid,
    /// A boolean, a text that reads as one, or null.
    Flag,
    /// A boolean and nothing else.
    Bare,
    /// An object or null.
    Object,
    /// A whole number of 32 bits.
    Integer,
}

/// A text without bounds of its own: the columns behind it hold 255 characters.
pub const TEXT: Accepts = Accepts::Text { min: 0, max: 255 };

impl<T> Field<T> {
    pub const fn new(name: &'static str, since: u16, write: Write<T>) -> Self {
        Self {
            name,
            since,
            create: false,
            patch: false,
            accepts: Accepts::Nothing,
            place: Place::Column,
            write,
        }
    }

    /// Can be written on create and by patch.
    #[must_use]
    pub const fn takes(self, accepts: Accepts) -> Self {
        Self { create: true, patch: true, accepts, ..self }
    }

    #[must_use]
    pub const fn create_only(self, accepts: Accepts) -> Self {
        Self { create: true, accepts, ..self }
    }

    #[must_use]
    pub const fn patch_only(self, accepts: Accepts) -> Self {
        Self { patch: true, accepts, ..self }
    }

    #[must_use]
    pub const fn place(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Whether a client may name it in `fields` or `sort_key`.
    pub fn is_value(&self) -> bool {
        matches!(self.place, Place::Column | Place::Document)
    }
}

/// The row of `name`.
pub fn field<T>(table: &'static [Field<T>], name: &str) -> Option<&'static Field<T>> {
    table.iter().find(|row| row.name == name)
}

/// The first of `names` that is a member, but newer than `version`.
pub fn too_new<'a, T>(
    table: &'static [Field<T>],
    names: impl IntoIterator<Item = &'a str>,
    version: u16,
) -> Option<&'static Field<T>> {
    names.into_iter().filter_map(|name| field(table, name)).find(|row| row.since > version)
}

/// Which members an answer has.
#[derive(Debug)]
pub enum Pick<T: 'static> {
    /// All that the version has.
    All,
    /// These and `links`, in the order of the table.
    Named(Vec<&'static Field<T>>),
}

impl<T> Clone for Pick<T> {
    fn clone(&self) -> Self {
        match self {
            Self::All => Self::All,
            Self::Named(rows) => Self::Named(rows.clone()),
        }
    }
}

impl<T> Pick<T> {
    /// The rows of these names as far as the version has them, with what is always shown.
    pub fn named(table: &'static [Field<T>], names: &[&str]) -> Self {
        Self::Named(
            table.iter().filter(|row| row.place == Place::Always || names.contains(&row.name)).collect(),
        )
    }
}

/// Writes a record as a JSON object.
pub fn write<T>(table: &'static [Field<T>], pick: &Pick<T>, shown: &Shown<'_, T>, out: &mut Vec<u8>) {
    match pick {
        Pick::All => members(table.iter(), shown, out),
        Pick::Named(rows) => members(rows.iter().copied(), shown, out),
    }
}

fn members<T: 'static>(
    rows: impl Iterator<Item = &'static Field<T>>,
    shown: &Shown<'_, T>,
    out: &mut Vec<u8>,
) {
    let mut before = b'{';
    for row in rows.filter(|row| row.since <= shown.frame.version) {
        out.push(before);
        json::key(out, row.name);
        (row.write)(shown, out);
        before = b',';
    }
    if before == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// The key by which a list is sorted: nothing sorts before everything.
pub fn sort_key<T>(row: &Field<T>, shown: &Shown<'_, T>) -> Vec<u8> {
    let mut out = Vec::with_capacity(40);
    (row.write)(shown, &mut out);
    if out == b"null" {
        return Vec::new();
    }
    let number = std::str::from_utf8(&out).ok().and_then(|text| text.parse::<i64>().ok());
    match number {
        // Negative numbers come first.
        Some(number) => number.wrapping_sub(i64::MIN).to_be_bytes().to_vec(),
        None => out,
    }
}

/// A node as commands of the agent carry it: every member at the latest version, secrets masked.
pub fn node_for_agent(node: &Node, host: &str) -> Value {
    let mut out = Vec::with_capacity(4096);
    write(node::TABLE, &Pick::All, &Shown { record: node, frame: latest(host) }, &mut out);
    read_back(&out)
}

/// A port as commands of the agent carry it.
pub fn port_for_agent(port: &Port, host: &str) -> Value {
    let mut out = Vec::with_capacity(1024);
    write(port::TABLE, &Pick::All, &Shown { record: port, frame: latest(host) }, &mut out);
    read_back(&out)
}

fn latest(host: &str) -> Frame<'_> {
    Frame { host, base: "", version: LATEST, project: None, is_lesser: false, told: &[] }
}

fn read_back(bytes: &[u8]) -> Value {
    // The renderer writes JSON only (tested), so the empty object is never what is sent.
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::Object(Object::new()))
}

/// Minor number of the newest microversion (1.115).
pub const LATEST: u16 = 115;

#[cfg(test)]
mod tests;
