//! Logs of ramdisks: archives in a folder, the newest of them.

use std::path::Path;

use crate::base::moment::Moment;
use crate::conduct::hands::Drivers;
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
    let moment: String =
        at.bare().chars().take(SECONDS).map(|c| if c.is_ascii_digit() { c } else { '-' }).collect();
    format!("{}{name}{instance}{what}_{moment}.tar.gz", node.id)
}

/// Writes an archive and lets go of the oldest ones, so that the disk does not fill with them.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(name), bytes)?;
    let mut kept: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| {
            entry.ok().and_then(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        })
        .collect();
    kept.sort_unstable();
    let spare = kept.len().saturating_sub(KEPT);
    kept.iter().take(spare).try_for_each(|(_, path)| std::fs::remove_file(path))
}

/// Characters of a moment down to its seconds.
const SECONDS: usize = 19;
/// Archives that are kept, the newest.
const KEPT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::NodeId;
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
    fn the_folder_keeps_the_newest_archives() {
        let home = tempfile::TempDir::new().unwrap();
        let folder = home.path().join("logs");
        for number in 0..=KEPT {
            keep(&folder, &format!("{number:03}"), b"x").unwrap();
            let file =
                std::fs::File::options().write(true).open(folder.join(format!("{number:03}"))).unwrap();
            let age = std::time::Duration::from_secs(u64::try_from(number).unwrap());
            file.set_modified(std::time::UNIX_EPOCH + age).unwrap();
        }
        keep(&folder, "new", b"x").unwrap();
        let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(names.len(), KEPT);
        assert!(names.contains(&"new".into()) && !names.contains(&"000".into()), "{names:?}");
    }
}
