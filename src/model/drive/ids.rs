//! Ids that must be there once and are on several drives: whoever mounts or boots by one of them may get another drive.
//! Read from what `lsblk --all --bytes --output-all --pairs` says, which the stock agent has among its logs.

use std::collections::BTreeMap;

/// One device.
type Row<'a> = BTreeMap<&'a str, &'a str>;

/// A sentence's part for each id of a partition table, partition or file system that two drives share.
pub fn duplicates(lsblk: &str) -> Vec<String> {
    let rows: Vec<Row<'_>> = lsblk.lines().take(MOST_ROWS).map(pairs).collect();
    let mut bearers: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
    for row in &rows {
        let Some((name, drive)) = place(row, &rows) else { continue };
        for (word, id) in ids(row) {
            bearers.entry((word, id)).or_default().push((name, drive));
        }
    }
    let is_shared =
        |on: &[(&str, &str)]| on.iter().any(|(_, drive)| Some(drive) != on.first().map(|(_, one)| one));
    bearers
        .into_iter()
        .filter(|(_, on)| is_shared(on))
        .take(MOST_TOLD)
        .map(|((word, id), on)| {
            let names: Vec<_> =
                on.iter().take(MOST_TOLD).map(|(name, _)| format!("/dev/{}", shown(name))).collect();
            format!("{word} {} is on {}", shown(id), names.join(" and "))
        })
        .collect()
}

/// The device's name, and its drive: by serial or world-wide name, so that paths to one drive are one.
fn place<'a>(row: &Row<'a>, rows: &[Row<'a>]) -> Option<(&'a str, &'a str)> {
    let name = *row.get("NAME")?;
    let parent = match *row.get("TYPE")? {
        "disk" => name,
        "part" => *row.get("PKNAME")?,
        _ => return None,
    };
    let disk =
        rows.iter().find(|one| one.get("NAME") == Some(&parent) && one.get("TYPE") == Some(&"disk"))?;
    let known = ["WWN", "SERIAL"].iter().find_map(|word| disk.get(word).filter(|text| !text.is_empty()));
    Some((name, known.copied().unwrap_or(parent)))
}

/// The ids of a device that no other drive may have.
fn ids<'a>(row: &Row<'a>) -> Vec<(&'static str, &'a str)> {
    let kind = row.get("FSTYPE").copied().unwrap_or_default();
    // Members of one array, and file systems of several devices, have the same id on purpose.
    let shares = kind.ends_with("_member") || ["btrfs", "bcachefs"].contains(&kind);
    let table = if row.get("TYPE") == Some(&"disk") { "PTUUID" } else { "" };
    [("partition table", table), ("partition", "PARTUUID"), ("file system", if shares { "" } else { "UUID" })]
        .into_iter()
        .filter_map(|(word, member)| Some((word, row.get(member).copied().filter(|id| !id.is_empty())?)))
        .collect()
}

/// `KEY="value" KEY="value"`.
fn pairs(line: &str) -> Row<'_> {
    let mut row = Row::new();
    let mut rest = line;
    while let Some((key, after)) = rest.split_once("=\"") {
        let Some((value, next)) = after.split_once('"') else { break };
        row.insert(key.trim(), value);
        rest = next;
    }
    row
}

fn shown(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(64).collect()
}

/// Devices of a shelf with their partitions.
const MOST_ROWS: usize = 4096;
const MOST_TOLD: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn disk(name: &str, serial: &str, table: &str) -> String {
        format!(
            "NAME=\"{name}\" PKNAME=\"\" TYPE=\"disk\" FSTYPE=\"\" UUID=\"\" PTUUID=\"{table}\" PARTUUID=\"\" SERIAL=\"{serial}\" WWN=\"\""
        )
    }

    fn part(name: &str, of: &str, kind: &str, ids: (&str, &str)) -> String {
        let (fs, part) = ids;
        format!(
            "NAME=\"{name}\" PKNAME=\"{of}\" TYPE=\"part\" FSTYPE=\"{kind}\" UUID=\"{fs}\" PTUUID=\"T\" PARTUUID=\"{part}\" SERIAL=\"\" WWN=\"\""
        )
    }

    fn told(rows: &[String]) -> Vec<String> {
        duplicates(&rows.join("\n"))
    }

    #[test]
    fn an_old_copy_of_the_image_on_another_drive_is_told() {
        let rows = [
            disk("sda", "A", "T1"),
            part("sda1", "sda", "ext4", ("F1", "P1")),
            disk("sdb", "B", "T1"),
            part("sdb1", "sdb", "ext4", ("F1", "P1")),
        ];
        assert_eq!(
            told(&rows),
            [
                "file system F1 is on /dev/sda1 and /dev/sdb1",
                "partition P1 is on /dev/sda1 and /dev/sdb1",
                "partition table T1 is on /dev/sda and /dev/sdb",
            ]
        );
    }

    #[test]
    fn paths_arrays_and_partitions_of_one_drive_are_no_duplicates() {
        assert!(told(&[disk("sda", "A", "T1"), disk("sdb", "A", "T1")]).is_empty(), "two paths");
        let raid = [
            disk("sda", "A", "T1"),
            part("sda1", "sda", "linux_raid_member", ("M", "P1")),
            disk("sdb", "B", "T2"),
            part("sdb1", "sdb", "linux_raid_member", ("M", "P2")),
        ];
        assert!(told(&raid).is_empty());
        let one = [
            disk("sda", "A", "T1"),
            part("sda1", "sda", "ext4", ("F", "P")),
            part("sda2", "sda", "ext4", ("F", "Q")),
        ];
        assert!(told(&one).is_empty(), "that is the image's own affair");
        let mapped = "NAME=\"mpatha\" TYPE=\"mpath\" PTUUID=\"T1\"".to_owned();
        assert!(told(&[disk("sda", "A", "T1"), mapped]).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "[A-Z=\" \\n]{0,200}") {
            duplicates(&text);
        }
    }
}
