//! Provision states and what each of them allows (Ironic's states, contract data `states.json`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a node is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Provision {
    Enroll,
    Verifying,
    Manageable,
    Available,
    Active,
    Error,
    Rescue,
    Deploying,
    DeployWait,
    DeployFail,
    DeployHold,
    Cleaning,
    CleanWait,
    CleanFail,
    CleanHold,
    Deleting,
    Inspecting,
    InspectFail,
    InspectWait,
    Adopting,
    AdoptFail,
    Rescuing,
    RescueWait,
    RescueFail,
    Unrescuing,
    UnrescueFail,
    Servicing,
    ServiceWait,
    ServiceFail,
    ServiceHold,
}

/// What a state allows; one row a state.
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    pub state: Provision,
    /// The spelling on the wire.
    pub name: &'static str,
    /// The stable state that work in this state heads for.
    pub target: Option<Provision>,
    /// Rests here until somebody asks.
    pub stable: bool,
    /// May be patched although a target is set.
    pub patch_ok: bool,
    /// May be deleted without maintenance.
    pub delete_ok: bool,
    pub lookup_ok: bool,
    pub heartbeat_ok: bool,
    pub power_sync: bool,
    pub failure: bool,
}

impl Provision {
    /// Every state, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TRAITS.iter().map(|row| row.state)
    }

    pub fn traits(self) -> &'static Traits {
        // The table has a row for each state (tested), so the first row is never what is shown.
        TRAITS.iter().find(|row| row.state == self).unwrap_or(&TRAITS[0])
    }

    pub fn name(self) -> &'static str {
        self.traits().name
    }

    pub fn parse(name: &str) -> Option<Self> {
        TRAITS.iter().find(|row| row.name == name).map(|row| row.state)
    }
}

impl fmt::Display for Provision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const fn row(state: Provision, name: &'static str, target: Option<Provision>, marks: &str) -> Traits {
    Traits {
        state,
        name,
        target,
        stable: has(marks, b's'),
        patch_ok: has(marks, b'p'),
        delete_ok: has(marks, b'd'),
        lookup_ok: has(marks, b'l'),
        heartbeat_ok: has(marks, b'h'),
        power_sync: has(marks, b'y'),
        failure: has(marks, b'f'),
    }
}

const fn has(marks: &str, mark: u8) -> bool {
    let mut rest = marks.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == mark {
            return true;
        }
        rest = tail;
    }
    false
}

/// Marks: s stable, p patch while targeted, d delete, l lookup, h heartbeat, y power sync, f failure.
#[rustfmt::skip]
pub const TRAITS: [Traits; 30] = {
    #[allow(clippy::enum_glob_use, reason = "a table reads best with bare names")]
    use Provision::*;
    [
        row(Enroll,       "enroll",          None,             "sd"),
        row(Verifying,    "verifying",       Some(Manageable), "py"),
        row(Manageable,   "manageable",      None,             "sdy"),
        row(Available,    "available",       None,             "sdy"),
        row(Active,       "active",          None,             "sy"),
        row(Error,        "error",           None,             "spy"),
        row(Rescue,       "rescue",          None,             "sy"),
        row(Deploying,    "deploying",       Some(Active),     "lhy"),
        row(DeployWait,   "wait call-back",  Some(Active),     "lh"),
        row(DeployFail,   "deploy failed",   Some(Active),     "pyf"),
        row(DeployHold,   "deploy hold",     Some(Active),     "hy"),
        row(Cleaning,     "cleaning",        Some(Available),  "lhy"),
        row(CleanWait,    "clean wait",      Some(Available),  "lh"),
        row(CleanFail,    "clean failed",    Some(Available),  "pyf"),
        row(CleanHold,    "clean hold",      Some(Available),  "hy"),
        row(Deleting,     "deleting",        Some(Available),  "y"),
        row(Inspecting,   "inspecting",      Some(Manageable), "ply"),
        row(InspectFail,  "inspect failed",  Some(Manageable), "pyf"),
        row(InspectWait,  "inspect wait",    Some(Manageable), "ply"),
        row(Adopting,     "adopting",        Some(Active),     "y"),
        row(AdoptFail,    "adopt failed",    Some(Active),     "pdf"),
        row(Rescuing,     "rescuing",        Some(Rescue),     "lhy"),
        row(RescueWait,   "rescue wait",     Some(Rescue),     "lhy"),
        row(RescueFail,   "rescue failed",   Some(Rescue),     "pyf"),
        row(Unrescuing,   "unrescuing",      Some(Active),     "y"),
        row(UnrescueFail, "unrescue failed", Some(Active),     "pyf"),
        row(Servicing,    "servicing",       Some(Active),     "hy"),
        row(ServiceWait,  "service wait",    Some(Active),     "lhy"),
        row(ServiceFail,  "service failed",  Some(Active),     "pyf"),
        row(ServiceHold,  "service hold",    Some(Active),     "phy"),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_row_and_its_name() {
        for state in Provision::all() {
            assert_eq!(state.traits().state, state);
            assert_eq!(Provision::parse(state.name()), Some(state));
        }
    }

    #[test]
    fn the_table_is_the_contract() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/goldens/states.json")).unwrap();
        let states = golden["states"].as_object().unwrap();
        assert_eq!(states.len(), TRAITS.len());
        for row in &TRAITS {
            let facts = &states[row.name];
            let target = row.target.map(Provision::name);
            assert_eq!(facts["target"].as_str(), target, "{}", row.name);
            for (key, value) in [
                ("stable", row.stable),
                ("node_patch_ok_while_targeted", row.patch_ok),
                ("delete_ok", row.delete_ok),
                ("lookup_ok", row.lookup_ok),
                ("heartbeat_ok", row.heartbeat_ok),
                ("excluded_from_power_sync", !row.power_sync),
                ("is_failure_state", row.failure),
            ] {
                assert_eq!(facts[key].as_bool(), Some(value), "{} {key}", row.name);
            }
        }
    }
}
