//! Logs of ramdisks: archives in a folder, the newest of them.

use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::conduct::hands::Drivers;
use crate::flow::discover;
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::turn::Failure;

impl Drivers {
    /// Keeps an archive under this name, which is told again.
    pub(super) async fn keep_archive(&self, name: String, bytes: Vec<u8>) -> Result<String, Failure> {
        let (folder, file) = (self.logs.clone(), name.clone());
        let kept = tokio::task::spawn_blocking(move || keep(&folder, &file, &bytes)).await;
        match kept {
            Ok(Ok(())) => Ok(name),
            Ok(Err(error)) => {
                let folder = self.logs.display();
                Err(Failure::step(format!("the ramdisk's logs could not be kept in {folder}: {error}")))
            }
            Err(_) => Err(Failure::step("keeping the ramdisk's logs was given up")),
        }
    }
}

/// As Ironic names them: id, name, instance, a word for what the ramdisk did (with `_` before it, or empty), moment.
pub(super) fn name(node: &Node, what: &str, at: Moment) -> String {
    let name = node.wished.name.as_ref().map(|name| format!("_{name}")).unwrap_or_default();
    let instance = node.wished.instance_uuid.map(|id| format!("_{id}")).unwrap_or_default();
    format!("{}{name}{instance}{what}_{}.tar.gz", node.id, moment(at))
}

/// Those of a machine that is no node, by what leads to it: its serial number, a NIC, its BMC, as far as it told them.
pub(super) fn strangers_name(told: &Told, what: &str, at: Moment) -> String {
    let serial = told.identity.serial.as_deref().map(fit);
    let nic = discover::main_mac(told).map(Mac::hyphened);
    let bmc = told.identity.bmc.first().map(|address| fit(&address.to_string()));
    let known = [serial, nic, bmc].into_iter().flatten().collect::<Vec<_>>().join("_");
    format!("{STRANGER}{known}{what}_{}.tar.gz", moment(at))
}

fn moment(at: Moment) -> String {
    at.bare().chars().take(SECONDS).map(|one| if one.is_ascii_digit() { one } else { '-' }).collect()
}

/// What a machine says of itself, as a part of a file's name.
fn fit(text: &str) -> String {
    let fits = |one: char| one.is_ascii_alphanumeric() || one == '.';
    text.chars().take(PART_LIMIT).map(|one| if fits(one) { one } else { '-' }).collect()
}

/// Writes an archive and lets go of the oldest ones, so that the disk does not fill with them. Nobody vouches for
/// strangers: theirs push out no node's.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let room = Room::of(name);
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > room.largest {
        let why = format!("{size} bytes are more than the {} that are kept of one", room.largest);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(name), bytes)?;
    let (mut count, mut total) = (0, 0_u64);
    for Kept { size, path, .. } in archives(folder, room)? {
        (count, total) = (count + 1, total.saturating_add(size));
        if count > room.most || total > room.bytes {
            remove(&path)?;
        }
    }
    Ok(())
}

/// An archive in the folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    changed: SystemTime,
    size: u64,
    path: PathBuf,
}

/// Those that share this room, the newest first. What else is in the folder is none of ours.
fn archives(folder: &Path, room: &Room) -> io::Result<Vec<Kept>> {
    let kept = |entry: io::Result<DirEntry>| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let seen = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let is_ours = name.ends_with(".tar.gz") && Room::of(&name) == room;
        is_ours.then_some(Kept { changed: seen.modified().ok()?, size: seen.len(), path: entry.path() })
    };
    let mut all: Vec<_> = std::fs::read_dir(folder)?.filter_map(kept).collect();
    all.sort_unstable_by(|one, two| two.cmp(one));
    Ok(all)
}

/// One that is gone already was let go by who kept another at the same time.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// How much is kept.
#[derive(Debug, PartialEq, Eq)]
struct Room {
    /// Archives, and bytes of all and of one of them.
    most: usize,
    bytes: u64,
    largest: u64,
}

impl Room {
    fn of(name: &str) -> &'static Self {
        if name.starts_with(STRANGER) { &STRANGERS } else { &NODES }
    }
}

/// A rack's, some times over. What an agent sends in one answer is within it.
const NODES: Room = Room { most: 200, bytes: 1 << 30, largest: 64 << 20 };
/// A stock ramdisk's logs have some 100 KiB.
const STRANGERS: Room = Room { most: 50, bytes: 64 << 20, largest: 8 << 20 };
/// How the names of strangers' archives begin; those of nodes begin with a UUID.
const STRANGER: &str = "unknown_";
/// Characters of a moment down to its seconds.
const SECONDS: usize = 19;
/// Characters of what a machine says of itself; four such parts are within a file's name.
const PART_LIMIT: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::NodeId;
    use crate::model::inspection::identity::Identity;
    use crate::model::node::Wished;

    #[test]
    fn an_archive_is_named_for_its_node_and_what_was_done_to_it() {
        let wished = Wished { name: Some("n1".to_owned()), ..Wished::default() };
        let node = Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0));
        for (what, end) in
            [("", "_n1_1970-01-01-00-00-00.tar.gz"), ("_inspect", "_n1_inspect_1970-01-01-00-00-00.tar.gz")]
        {
            assert_eq!(name(&node, what, Moment(0)), format!("{}{end}", node.id));
        }
    }

    #[test]
    fn a_strangers_archive_is_named_for_what_leads_to_its_machine() {
        let mac = |last| Mac([2, 0, 0, 0, 0, last]);
        let identity = Identity {
            serial: Some("CZ 30/..\u{e9}1".to_owned()),
            bmc: vec!["2001:db8::9".parse().unwrap()],
            ..Identity::default()
        };
        let told = Told { macs: vec![mac(2), mac(1)], identity, ..Told::default() };
        assert_eq!(
            strangers_name(&told, "_inspect", Moment(0)),
            "unknown_CZ-30-..-1_02-00-00-00-00-01_2001-db8--9_inspect_1970-01-01-00-00-00.tar.gz"
        );
        let long = Identity { serial: Some("x".repeat(200)), ..Identity::default() };
        assert!(strangers_name(&Told { identity: long, ..Told::default() }, "", Moment(0)).len() < 100);
        assert!(strangers_name(&Told::default(), "", Moment(0)).starts_with(STRANGER));
    }

    /// Keeps an archive of so many bytes that is so many seconds old.
    fn keep_at(folder: &Path, name: &str, bytes: usize, seconds: usize) {
        keep(folder, name, &vec![0; bytes]).unwrap();
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        let age = std::time::Duration::from_secs(u64::try_from(seconds).unwrap());
        file.set_modified(SystemTime::UNIX_EPOCH + age).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_folder_keeps_the_newest_archives_and_what_is_none_of_ours() {
        let home = tempfile::TempDir::new().unwrap();
        let folder = home.path().join("logs");
        for number in 0..=NODES.most {
            keep_at(&folder, &format!("{number:03}.tar.gz"), 1, number);
        }
        std::fs::write(folder.join("notes"), "a person's").unwrap();
        keep(&folder, "new.tar.gz", b"x").unwrap();
        let names = names(&folder);
        assert_eq!(names.len(), NODES.most + 1, "{names:?}");
        let has = |name: &str| names.iter().any(|one| one == name);
        assert!(has("new.tar.gz") && has("notes") && !has("000.tar.gz"), "{names:?}");
    }

    #[test]
    fn strangers_push_out_each_other_and_no_node() {
        let home = tempfile::TempDir::new().unwrap();
        let folder = home.path();
        keep_at(folder, "node.tar.gz", 1, 0);
        let stranger = |number: usize| format!("{STRANGER}{number:03}.tar.gz");
        for number in 0..STRANGERS.most + 10 {
            keep_at(folder, &stranger(number), 1, 100 + number);
        }
        let kept = names(folder);
        assert_eq!(kept.len(), STRANGERS.most + 1);
        assert!(kept.contains(&"node.tar.gz".to_owned()) && !kept.contains(&stranger(9)), "{kept:?}");

        let large = usize::try_from(STRANGERS.largest).unwrap();
        for number in 100..110 {
            keep_at(folder, &stranger(number), large, 1000 + number);
        }
        let bytes: u64 =
            std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().metadata().unwrap().len()).sum();
        assert_eq!(bytes, STRANGERS.bytes + 1, "{:?}", names(folder));
        let error = keep(folder, &stranger(999), &vec![0; large + 1]).unwrap_err();
        assert!(error.to_string().contains("8388608"), "{error}");
        assert!(!names(folder).contains(&stranger(999)));
    }
}
