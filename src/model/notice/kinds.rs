//! Which notices somebody wants, by their types.

/// Kinds of notices; all of them, if none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds(Vec<String>);

impl Kinds {
    /// Each is whole words from the beginning of a type: `node`, `port.create` or `baremetal.node.power_set.end`. The
    /// error says what is wrong.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let kinds: Vec<String> =
            names.into_iter().map(|name| whole(name.trim())).collect::<Result<_, _>>()?;
        if kinds.len() > MOST {
            return Err(format!("more than {MOST} kinds of events are named"));
        }
        Ok(Self(kinds))
    }

    pub fn takes(&self, event_type: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|kind| is_of(event_type, kind))
    }

    /// As they are compared.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// Whether the type is the kind's, or one below it.
fn is_of(event_type: &str, kind: &str) -> bool {
    event_type.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn whole(kind: &str) -> Result<String, String> {
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if kind.len() > LONGEST || !kind.split('.').all(is_word) {
        let shown: String = kind.chars().take(LONGEST).collect();
        return Err(format!(
            "{shown:?} is no kind of events: write one as in node, port or node.provision_set"
        ));
    }
    let bare = kind.strip_prefix(SOURCE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(kind);
    let resource = bare.split('.').next().unwrap_or_default();
    if !RESOURCES.contains(&resource) {
        return Err(format!("{kind:?} is no kind of events: they are of {}", RESOURCES.join(", ")));
    }
    Ok(format!("{SOURCE}.{bare}"))
}

/// What all types begin with.
const SOURCE: &str = "baremetal";
/// What events are about.
const RESOURCES: [&str; 9] = [
    "node",
    "port",
    "portgroup",
    "chassis",
    "allocation",
    "deploytemplate",
    "runbook",
    "volumeconnector",
    "volumetarget",
];
/// More than there are kinds of resources.
const MOST: usize = 32;
/// Characters of a kind.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_kind_is_whole_words_of_a_type_from_its_beginning() {
        let takes = |list: &str, event_type: &str| {
            let names = list.split(',').filter(|name| !name.is_empty());
            Kinds::parse(names).unwrap().takes(event_type)
        };
        assert!(takes("", "baremetal.port.create.end"));
        assert!(takes("port", "baremetal.port.create.end"));
        assert!(!takes("port", "baremetal.portgroup.create.end"));
        assert!(takes("node.power_set,chassis", "baremetal.node.power_set.end"));
        assert!(takes("node.power_set, chassis", "baremetal.chassis.delete.end"));
        assert!(!takes("node.power_set", "baremetal.node.power_state_corrected.success"));
        assert!(takes("baremetal.node.update.end", "baremetal.node.update.end"));
    }

    #[test]
    fn what_is_no_kind_is_refused() {
        for wrong in ["", "Node", "node..x", "node.*", "\0", "node port"] {
            assert!(Kinds::parse([wrong]).is_err(), "{wrong}");
        }
        assert!(Kinds::parse(["node"; 33]).is_err());
        assert!(Kinds::parse(["node"; 32]).is_ok());
    }

    proptest! {
        #[test]
        fn no_kind_is_a_panic(kind in "\\PC{0,120}") {
            Kinds::parse([kind.as_str()]).ok();
        }
    }
}
