//! The oddities of BMCs as data, and the one place that classes a machine by them.
//!
//! A machine is classed once, by what it says of itself; after that only questions are asked, each named after an
//! oddity. Nothing else asks for a vendor.
//!
//! - `identity`  what a machine says of itself
//! - `rows`      the oddities that are carried, those that come later
//! - `pattern`   how a text is compared
//! - `switch`    the remedies that not every machine gets, each with its question

use std::collections::BTreeSet;

pub use crate::wire::redfish::quirk::identity::Identity;
pub use crate::wire::redfish::quirk::switch::Switch;

pub mod identity;
pub mod pattern;
pub mod rows;
pub mod switch;

/// Which protocol shows the oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Redfish,
    Ipmi,
}

/// The part of the job that an oddity touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Auth,
    Bios,
    Boot,
    Clock,
    Etag,
    Events,
    Firmware,
    Http,
    Indicator,
    Inventory,
    Media,
    Power,
    Raid,
    Sdr,
    Session,
    Sol,
    Task,
    Wire,
}

/// What must be so of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Maker(&'static [&'static str]),
    /// The system's model or the manager's.
    Model(&'static [&'static str]),
    Root(&'static [&'static str]),
    Product(&'static [&'static str]),
    /// The root's vendor, or a name under `Oem`.
    Brand(&'static [&'static str]),
    Oem(&'static [&'static str]),
    /// The firmware's version is this or later.
    From(&'static str),
    /// The firmware's version is before this.
    Below(&'static str),
}

/// What is done about an oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing special: every BMC is treated so. Says how, or by which function.
    Always(&'static str),
    /// The switch is flipped for the machines that match.
    Needs(Switch),
}

/// One oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub id: &'static str,
    pub protocol: Protocol,
    pub area: Area,
    /// All must match; none matches everything.
    pub when: &'static [Pattern],
    pub remedy: Remedy,
}

impl Row {
    pub fn matches(&self, who: &Identity) -> bool {
        self.when.iter().all(|pattern| pattern.matches(who))
    }

    /// Whether it is simply how we behave.
    pub fn is_default(&self) -> bool {
        matches!(self.remedy, Remedy::Always(_))
    }
}

/// The oddities of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quirks(BTreeSet<Switch>);

impl Quirks {
    /// Classes a machine.
    pub fn of(who: &Identity) -> Self {
        let needed = rows::ROWS.iter().filter_map(|row| match row.remedy {
            Remedy::Needs(switch) if row.matches(who) => Some(switch),
            Remedy::Needs(_) | Remedy::Always(_) => None,
        });
        Self(needed.collect())
    }

    pub fn has(&self, switch: Switch) -> bool {
        self.0.contains(&switch)
    }

    /// What is flipped, for the log and the node's page.
    pub fn iter(&self) -> impl Iterator<Item = Switch> {
        self.0.iter().copied()
    }
}

/// The rows that match a machine and are not simply how we behave.
pub fn rows_of(who: &Identity) -> impl Iterator<Item = &'static Row> {
    rows::ROWS.iter().filter(|row| !row.is_default() && row.matches(who))
}

#[cfg(test)]
mod tests;
