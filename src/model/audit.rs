//! Who changed what in the rack, from where and with which outcome.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::who::{Author, Role};

/// Who asked for a change, as the journals keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// `None` where nobody has to log in.
    #[serde(default)]
    pub user: Option<String>,
    pub role: Role,
    #[serde(default)]
    pub project: Option<String>,
    pub from: IpAddr,
}

impl From<&Author> for By {
    fn from(author: &Author) -> Self {
        let Author { who, from, .. } = author;
        Self { user: who.name.clone(), role: who.role, project: who.project.clone(), from: *from }
    }
}

/// What a request was about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// What was asked for beside method and path: targets and names, of other members their names alone. Short, and
    /// without a secret.
    #[serde(default)]
    pub what: String,
    /// The node that it was about, by itself or by what belongs to it.
    #[serde(default)]
    pub node: Option<NodeId>,
}

/// A request that changed something, or was to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Rises with each.
    pub sequence: u64,
    pub at: Moment,
    pub by: By,
    /// Method and path.
    pub deed: String,
    #[serde(default)]
    pub touched: Touched,
    /// The answer's status.
    pub status: u16,
}

/// Which deeds are looked for; each that is given has to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub node: Option<Place>,
    /// A user, or a token by its name.
    pub user: Option<String>,
    pub since: Option<Moment>,
}

/// A node that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it was said: by this it is found in the paths of rows that know of no node.
    pub word: String,
    /// Its UUID, if it is one or if a node has this name now.
    pub id: Option<NodeId>,
}

impl Search {
    pub fn is_for_all(&self) -> bool {
        *self == Self::default()
    }

    pub fn fits(&self, deed: &Deed) -> bool {
        self.node.as_ref().is_none_or(|place| place.fits(deed))
            && self.user.as_ref().is_none_or(|user| is_by(&deed.by, user))
            && self.since.is_none_or(|since| deed.at >= since)
    }
}

impl Place {
    fn fits(&self, deed: &Deed) -> bool {
        match (deed.touched.node, self.id) {
            (Some(touched), Some(sought)) => touched == sought,
            // Of a node that is gone, or in a row of an older version, the path alone tells.
            _ => deed.deed.split(['/', ' ']).any(|part| part == self.word),
        }
    }
}

fn is_by(by: &By, user: &str) -> bool {
    let Some(name) = &by.user else { return false };
    name == user || name.strip_prefix("token:").is_some_and(|token| token == user)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn deed(user: Option<&str>, path: &str, node: Option<u128>, at: i64) -> Deed {
        let by = By {
            user: user.map(str::to_owned),
            role: Role::Admin,
            project: None,
            from: IpAddr::from([127, 0, 0, 1]),
        };
        let touched = Touched { what: String::new(), node: node.map(|id| NodeId(Uuid::from_u128(id))) };
        Deed { sequence: 1, at: Moment(at), by, deed: format!("PUT {path}"), touched, status: 200 }
    }

    fn node(word: &str, id: Option<u128>) -> Search {
        let place = Place { word: word.to_owned(), id: id.map(|id| NodeId(Uuid::from_u128(id))) };
        Search { node: Some(place), ..Search::default() }
    }

    #[test]
    fn a_node_is_found_by_its_uuid_and_in_the_paths_of_rows_that_have_none() {
        assert!(node("n1", Some(1)).fits(&deed(None, "/v1/ports/x", Some(1), 0)));
        assert!(!node("n1", Some(1)).fits(&deed(None, "/v1/nodes/n1", Some(2), 0)), "another had the name");
        assert!(node("n1", Some(1)).fits(&deed(None, "/v1/nodes/n1/maintenance", None, 0)));
        assert!(node("n1", None).fits(&deed(None, "/v1/nodes/n1", Some(7), 0)), "it is gone");
        assert!(!node("n1", None).fits(&deed(None, "/v1/nodes/n11", None, 0)));
    }

    #[test]
    fn users_and_tokens_are_found_by_their_names() {
        let by = |user: &str| Search { user: Some(user.to_owned()), ..Search::default() };
        assert!(by("ci").fits(&deed(Some("token:ci"), "/", None, 0)));
        assert!(by("token:ci").fits(&deed(Some("token:ci"), "/", None, 0)));
        assert!(by("alice").fits(&deed(Some("alice"), "/", None, 0)));
        assert!(!by("ali").fits(&deed(Some("alice"), "/", None, 0)));
        assert!(!by("alice").fits(&deed(None, "/", None, 0)));
    }

    #[test]
    fn all_that_is_given_has_to_fit() {
        let search = Search { since: Some(Moment(5)), ..node("n1", None) };
        assert!(search.fits(&deed(None, "/v1/nodes/n1", None, 5)));
        assert!(!search.fits(&deed(None, "/v1/nodes/n1", None, 4)));
        assert!(!search.fits(&deed(None, "/v1/nodes/n2", None, 6)));
        assert!(Search::default().fits(&deed(None, "/", None, 0)) && Search::default().is_for_all());
    }

    #[test]
    fn a_row_of_an_older_version_loads() {
        let mut old = serde_json::to_value(deed(None, "/v1/nodes/n1", None, 1)).unwrap();
        old.as_object_mut().unwrap().remove("touched");
        let read: Deed = serde_json::from_value(old).unwrap();
        assert_eq!(read, deed(None, "/v1/nodes/n1", None, 1));
    }
}
