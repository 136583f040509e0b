//! What each resource is called, where it is and what it is made of: data only. A new resource is a file here and a line
//! in `ENTRIES`.

pub mod allocation;
pub mod chassis;
pub mod conductor;
pub mod connector;
pub mod driver;
pub mod port;
pub mod portgroup;
pub mod rule;
pub mod runbook;
pub mod shard;
pub mod target;
pub mod template;

use crate::cli::resource::call::Branch;
use crate::cli::resource::field::Field;

/// A resource.
#[derive(Debug)]
pub struct Kind {
    /// What stands behind `ferric`.
    pub words: &'static str,
    /// More than one of it.
    pub many: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// What can be told of it as a whole, below the list of commands.
    pub story: &'static str,
    pub path: &'static str,
    /// What a list is called in its answer.
    pub key: &'static str,
    /// What stands for one of it in help.
    pub ident: &'static str,
    /// What names one of it.
    pub named: &'static str,
    /// Fields that a list shows.
    pub columns: &'static [&'static str],
    /// Fields that `--long` shows.
    pub long: &'static [&'static str],
    pub paging: Paging,
    /// Whether one is deleted by its UUID only, although it has a name.
    pub deleted_by_uuid: bool,
    pub filters: &'static [Field],
    /// What one is made of; empty where nobody makes any.
    pub fields: &'static [Field],
    pub calls: &'static [Branch],
    pub sample: Sample,
    pub settles: Option<Settles>,
}

/// How its list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// In pages, each row with the fields that are asked for; `detail` for all of them.
    Detailed,
    /// In pages whose rows are whole.
    Whole,
    /// All at once, rows with a choice of fields and details.
    Single,
    /// All at once, as it is; there is nothing to show of one.
    Bare,
}

/// Words for the examples in help.
#[derive(Debug)]
pub struct Sample {
    pub ident: &'static str,
    /// A filter, as typed.
    pub filter: &'static str,
    /// What `create` takes, a line an example; continued lines are indented by six.
    pub create: &'static [&'static str],
    pub set: &'static str,
    pub unset: &'static str,
    /// What happens next.
    pub created: &'static str,
    pub changed: &'static str,
    pub deleted: &'static str,
}

/// How one is waited for that is made in the background.
#[derive(Debug)]
pub struct Settles {
    pub field: &'static str,
    pub busy: &'static str,
    pub bad: &'static str,
    pub why: &'static str,
}

impl Kind {
    pub fn last_word(&self) -> &'static str {
        self.words.rsplit(' ').next().unwrap_or(self.words)
    }

    /// Whether people make, change and delete them.
    pub fn is_made(&self) -> bool {
        !self.fields.is_empty()
    }
}

/// A word behind `ferric`.
#[derive(Debug)]
pub enum Entry {
    One(&'static Kind),
    Group { word: &'static str, about: &'static str, story: &'static str, kinds: &'static [&'static Kind] },
}

impl Entry {
    pub fn word(&self) -> &'static str {
        match self {
            Self::One(kind) => kind.words,
            Self::Group { word, .. } => word,
        }
    }
}

/// All resources but nodes, as help lists them.
pub const ENTRIES: &[Entry] = &[
    Entry::One(&port::PORT),
    Entry::One(&portgroup::PORTGROUP),
    Entry::One(&chassis::CHASSIS),
    Entry::Group {
        word: "volume",
        about: "Storage on the network: what nodes reach it by, and what is there",
        story: VOLUME,
        kinds: &[&connector::CONNECTOR, &target::TARGET],
    },
    Entry::One(&allocation::ALLOCATION),
    Entry::One(&template::TEMPLATE),
    Entry::One(&runbook::RUNBOOK),
    Entry::One(&rule::RULE),
    Entry::One(&driver::DRIVER),
    Entry::One(&conductor::CONDUCTOR),
    Entry::One(&shard::SHARD),
];

const VOLUME: &str = "\
A node boots from a volume of a storage network:
  ferric volume connector create --node n1 --type iqn \\
      --connector-id iqn.2026-11.example:n1
  ferric volume target create --node n1 --volume-type iscsi --boot-index 0 \\
      --volume-id vol-1 --property target_iqn=iqn.2026-11.example:store
Both are changed while the node is off, and deleted then if the node is in use.";

/// Fields of which each resource has one.
const UUID: &str = "UUID to give it; made up unless given";
const EXTRA: &str = "A note of yours. May be given more than once";
