//! The move table: what a node may become, and by which word.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::provision::Provision;

/// An event of the state machine. A client's word ([`TARGETS`]) is turned into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verb {
    Abort,
    Adopt,
    Clean,
    Delete,
    Deploy,
    Done,
    Fail,
    Hold,
    Inspect,
    Manage,
    Provide,
    Rebuild,
    Rescue,
    Resume,
    Service,
    Unhold,
    Unrescue,
    Wait,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Adopt => "adopt",
            Self::Clean => "clean",
            Self::Delete => "delete",
            Self::Deploy => "deploy",
            Self::Done => "done",
            Self::Fail => "fail",
            Self::Hold => "hold",
            Self::Inspect => "inspect",
            Self::Manage => "manage",
            Self::Provide => "provide",
            Self::Rebuild => "rebuild",
            Self::Rescue => "rescue",
            Self::Resume => "resume",
            Self::Service => "service",
            Self::Unhold => "unhold",
            Self::Unrescue => "unrescue",
            Self::Wait => "wait",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Provision {
    /// The state that `verb` leads to from here, if the move is legal.
    pub fn after(self, verb: Verb) -> Option<Self> {
        MOVES.iter().find(|(from, by, _)| *from == self && *by == verb).map(|(_, _, to)| *to)
    }
}

/// A word that a client may PUT to `states/provision`.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub word: &'static str,
    pub verb: Verb,
    /// Minor number of the first microversion that knows the word.
    pub since: u16,
}

impl Target {
    pub fn parse(word: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.word == word)
    }
}

/// Every word of a client. `undeploy` is served at every version, as the reference does.
#[rustfmt::skip]
pub const TARGETS: &[Target] = &[
    Target { word: "active", verb: Verb::Deploy, since: 1 },
    Target { word: "deploy", verb: Verb::Deploy, since: 73 },
    Target { word: "rebuild", verb: Verb::Rebuild, since: 1 },
    Target { word: "deleted", verb: Verb::Delete, since: 1 },
    Target { word: "undeploy", verb: Verb::Delete, since: 1 },
    Target { word: "manage", verb: Verb::Manage, since: 4 },
    Target { word: "provide", verb: Verb::Provide, since: 4 },
    Target { word: "inspect", verb: Verb::Inspect, since: 6 },
    Target { word: "abort", verb: Verb::Abort, since: 13 },
    Target { word: "clean", verb: Verb::Clean, since: 15 },
    Target { word: "adopt", verb: Verb::Adopt, since: 17 },
    Target { word: "rescue", verb: Verb::Rescue, since: 38 },
    Target { word: "unrescue", verb: Verb::Unrescue, since: 38 },
    Target { word: "unhold", verb: Verb::Unhold, since: 85 },
    Target { word: "service", verb: Verb::Service, since: 87 },
];

/// Every legal move. A pair that is not listed is refused.
#[rustfmt::skip]
pub const MOVES: &[(Provision, Verb, Provision)] = {
    #[allow(clippy::enum_glob_use, reason = "a table reads best with bare names")]
    use Provision::*;
    &[
        (Enroll,        Verb::Manage,    Verifying),
        (Manageable,    Verb::Provide,   Cleaning),
        (Manageable,    Verb::Clean,     Cleaning),
        (Manageable,    Verb::Inspect,   Inspecting),
        (Manageable,    Verb::Adopt,     Adopting),
        (Available,     Verb::Deploy,    Deploying),
        (Available,     Verb::Manage,    Manageable),
        (Active,        Verb::Rebuild,   Deploying),
        (Active,        Verb::Delete,    Deleting),
        (Active,        Verb::Rescue,    Rescuing),
        (Active,        Verb::Service,   Servicing),
        (Error,         Verb::Rebuild,   Deploying),
        (Error,         Verb::Delete,    Deleting),
        (Rescue,        Verb::Rescue,    Rescuing),
        (Rescue,        Verb::Delete,    Deleting),
        (Rescue,        Verb::Unrescue,  Unrescuing),
        (Verifying,     Verb::Done,      Manageable),
        (Verifying,     Verb::Fail,      Enroll),
        (Deploying,     Verb::Fail,      DeployFail),
        (Deploying,     Verb::Wait,      DeployWait),
        (Deploying,     Verb::Hold,      DeployHold),
        (Deploying,     Verb::Done,      Active),
        (DeployWait,    Verb::Hold,      DeployHold),
        (DeployWait,    Verb::Resume,    Deploying),
        (DeployWait,    Verb::Fail,      DeployFail),
        (DeployWait,    Verb::Abort,     DeployFail),
        (DeployWait,    Verb::Delete,    Deleting),
        (DeployFail,    Verb::Rebuild,   Deploying),
        (DeployFail,    Verb::Deploy,    Deploying),
        (DeployFail,    Verb::Delete,    Deleting),
        (DeployHold,    Verb::Unhold,    DeployWait),
        (DeployHold,    Verb::Abort,     DeployFail),
        (Cleaning,      Verb::Done,      Available),
        (Cleaning,      Verb::Fail,      CleanFail),
        (Cleaning,      Verb::Wait,      CleanWait),
        (Cleaning,      Verb::Hold,      CleanHold),
        (Cleaning,      Verb::Manage,    Manageable),
        (CleanWait,     Verb::Fail,      CleanFail),
        (CleanWait,     Verb::Abort,     CleanFail),
        (CleanWait,     Verb::Hold,      CleanHold),
        (CleanWait,     Verb::Resume,    Cleaning),
        (CleanFail,     Verb::Manage,    Manageable),
        (CleanHold,     Verb::Abort,     CleanFail),
        (CleanHold,     Verb::Unhold,    CleanWait),
        (Deleting,      Verb::Fail,      Error),
        (Deleting,      Verb::Clean,     Cleaning),
        (Inspecting,    Verb::Done,      Manageable),
        (Inspecting,    Verb::Fail,      InspectFail),
        (Inspecting,    Verb::Wait,      InspectWait),
        (InspectFail,   Verb::Manage,    Manageable),
        (InspectFail,   Verb::Inspect,   Inspecting),
        (InspectWait,   Verb::Done,      Manageable),
        (InspectWait,   Verb::Fail,      InspectFail),
        (InspectWait,   Verb::Abort,     InspectFail),
        (InspectWait,   Verb::Resume,    Inspecting),
        (Adopting,      Verb::Done,      Active),
        (Adopting,      Verb::Fail,      AdoptFail),
        (AdoptFail,     Verb::Adopt,     Adopting),
        (AdoptFail,     Verb::Manage,    Manageable),
        (Rescuing,      Verb::Done,      Rescue),
        (Rescuing,      Verb::Wait,      RescueWait),
        (Rescuing,      Verb::Fail,      RescueFail),
        (RescueWait,    Verb::Resume,    Rescuing),
        (RescueWait,    Verb::Fail,      RescueFail),
        (RescueWait,    Verb::Abort,     RescueFail),
        (RescueWait,    Verb::Delete,    Deleting),
        (RescueFail,    Verb::Rescue,    Rescuing),
        (RescueFail,    Verb::Unrescue,  Unrescuing),
        (RescueFail,    Verb::Delete,    Deleting),
        (Unrescuing,    Verb::Done,      Active),
        (Unrescuing,    Verb::Fail,      UnrescueFail),
        (UnrescueFail,  Verb::Rescue,    Rescuing),
        (UnrescueFail,  Verb::Unrescue,  Unrescuing),
        (UnrescueFail,  Verb::Delete,    Deleting),
        (Servicing,     Verb::Done,      Active),
        (Servicing,     Verb::Fail,      ServiceFail),
        (Servicing,     Verb::Wait,      ServiceWait),
        (Servicing,     Verb::Hold,      ServiceHold),
        (ServiceWait,   Verb::Hold,      ServiceHold),
        (ServiceWait,   Verb::Resume,    Servicing),
        (ServiceWait,   Verb::Fail,      ServiceFail),
        (ServiceWait,   Verb::Abort,     ServiceFail),
        (ServiceWait,   Verb::Delete,    Deleting),
        (ServiceFail,   Verb::Service,   Servicing),
        (ServiceFail,   Verb::Rescue,    Rescuing),
        (ServiceFail,   Verb::Wait,      ServiceWait),
        (ServiceFail,   Verb::Hold,      ServiceHold),
        (ServiceFail,   Verb::Delete,    Deleting),
        (ServiceFail,   Verb::Abort,     Active),
        (ServiceHold,   Verb::Service,   Servicing),
        (ServiceHold,   Verb::Unhold,    ServiceWait),
        (ServiceHold,   Verb::Fail,      ServiceFail),
        (ServiceHold,   Verb::Abort,     ServiceFail),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> serde_json::Value {
        serde_json::from_str(include_str!("../../tests/goldens/states.json")).unwrap()
    }

    #[test]
    fn the_moves_are_the_contract() {
        let ours: Vec<_> = MOVES.iter().map(|(a, b, c)| (a.name(), b.name(), c.name())).collect();
        let golden = golden();
        let theirs: Vec<_> = golden["transitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (row["from"].as_str().unwrap(), row["event"].as_str().unwrap(), row["to"].as_str().unwrap())
            })
            .collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn the_words_of_clients_are_the_contract() {
        let golden = golden();
        for row in golden["verbs"].as_array().unwrap() {
            let target = Target::parse(row["target"].as_str().unwrap()).unwrap();
            assert_eq!(target.verb.name(), row["event"].as_str().unwrap());
            let mut legal: Vec<_> = Provision::all()
                .filter(|from| from.after(target.verb).is_some())
                .map(Provision::name)
                .collect();
            legal.sort_unstable();
            let theirs: Vec<_> =
                row["legal_from"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(legal, theirs, "{}", target.word);
        }
        assert_eq!(golden["verbs"].as_array().unwrap().len(), TARGETS.len());
    }

    #[test]
    fn every_transient_state_can_be_left() {
        for state in Provision::all() {
            assert!(MOVES.iter().any(|(from, _, _)| *from == state), "{state}");
        }
    }
}
