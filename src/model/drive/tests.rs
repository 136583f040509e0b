use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::base::id::NodeId;
use crate::model::node::Wished;

fn disk(name: &str, serial: &str, size: u64) -> Object {
    let disk = json!({"name": name, "model": "ACME", "serial": serial, "wwn": null, "size": size, "hctl": "0:0:0:0"});
    disk.as_object().unwrap().clone()
}

fn drives(disks: &[Object]) -> Vec<Drive> {
    disks.iter().filter_map(Drive::read).collect()
}

fn seen(drives: &[&str]) -> DrivesSeen {
    DrivesSeen { at: Moment(0), drives: drives.iter().map(|&one| one.to_owned()).collect(), root: None }
}

fn node(hints: Value) -> Node {
    let mut node = Node::new(NodeId(Uuid::nil()), Wished::default(), Moment(0));
    node.wished.properties.insert("root_device".to_owned(), hints);
    node
}

const GIB: u64 = 1 << 30;

#[test]
fn the_order_the_paths_and_the_device_names_of_drives_do_not_matter() {
    let one = drives(&[disk("/dev/sda", "B", 1), disk("/dev/sdb", "A", 1)]);
    let other = drives(&[
        disk("/dev/sda", "A", 1),
        disk("/dev/sdb", "A", 1),
        disk("/dev/sdc", "B", 1),
        disk("/dev/dm-0", "A", 1),
        disk("/dev/md0", "", 1),
    ]);
    assert_eq!(keys(&one), keys(&other));
    assert_eq!(keys(&drives(&[disk("/dev/vda", "", 7), disk("/dev/vdb", "", 7)])), ["ACME of 7 bytes"; 2]);
}

#[test]
fn a_drive_that_is_gone_new_or_swapped_is_named_with_both_sets() {
    let all = [disk("/dev/sda", "A", GIB), disk("/dev/sdb", "C", GIB)];
    let now = drives(&all);
    let before = seen(&["A", "B"]);
    let why = same(Some(&before), &keys(&now), &now).unwrap_err();
    for part in ["gone: B", "new: C", "Before: [A, B]", "/dev/sdb (ACME, serial C", "inspect the node again"]
    {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(same(Some(&seen(&["A"])), &keys(&now), &now).unwrap_err().contains("new: C"));
    assert_eq!(same(Some(&seen(&["A", "C"])), &keys(&now), &now), Ok(()));
    assert_eq!(same(None, &keys(&now), &now), Ok(()), "who has seen none has nothing to compare");
}

#[test]
fn hints_that_mean_several_drives_or_none_are_refused_with_the_list() {
    let disks = [disk("/dev/sda", "A", 500 * GIB), disk("/dev/sdb", "B", 500 * GIB)];
    for (hints, part) in [
        (json!({"size": 500}), "2 drives fit"),
        (json!({"size": ">= 600"}), "no drive fits"),
        (json!({"rotational": "perhaps", "size": 500}), "cannot be read"),
    ] {
        let mut disks = disks.clone();
        for disk in &mut disks {
            disk.insert("rotational".to_owned(), json!(false));
        }
        let why = root(&node(hints.clone()), &disks).unwrap_err();
        assert!(why.contains(part) && why.contains("Nothing was written"), "{hints}: {why}");
        assert!(why.contains("serial A") || part == "cannot be read", "{why}");
    }
    let found = root(&node(json!({"name": "/dev/sdb"})), &disks).unwrap().unwrap();
    assert_eq!(found.drive, "B");
    assert_eq!(root(&node(json!({"serial": "Z"})), &disks), Ok(None), "the agent knows more serials");
    let why = root(&node(json!({"serial": "Z", "size": ">= 100000"})), &disks).unwrap_err();
    assert!(why.contains("no drive fits"), "another hint tells that it is none of them: {why}");
    assert_eq!(root(&node(Value::Null), &disks), Ok(None));
}

#[test]
fn paths_to_one_drive_are_one_and_skipped_drives_are_none() {
    let disks = [disk("/dev/sda", "A", GIB), disk("/dev/sdb", "A", GIB), disk("/dev/sdc", "C", GIB)];
    assert!(root(&node(json!({"size": 1})), &disks).is_err());
    assert_eq!(root(&node(json!({"size": 1})), &disks[..2]).unwrap().unwrap().drive, "A");
    let mut node = node(json!({"size": 1}));
    node.wished
        .properties
        .insert("skip_block_devices".to_owned(), json!([{"serial": "C"}, {"volume_name": "x"}]));
    assert_eq!(root(&node, &disks).unwrap().unwrap().drive, "A");
    node.target_raid_config =
        json!({"logical_disks": [{"is_root_volume": true}]}).as_object().unwrap().clone();
    assert_eq!(root(&node, &disks), Ok(None), "the agent takes the root volume");
}

#[test]
fn the_same_hints_that_mean_another_drive_are_refused() {
    let hints = json!({"name": "/dev/sda"}).as_object().unwrap().clone();
    let of = |drive: &str| RootSeen { hints: hints.clone(), drive: drive.to_owned() };
    let before = DrivesSeen { root: Some(of("A")), ..seen(&["A", "B"]) };
    let why = same_root(Some(&before), &of("B"), &[]).unwrap_err();
    assert!(why.contains("mean the drive B now, and meant A"), "{why}");
    assert_eq!(same_root(Some(&before), &of("A"), &[]), Ok(()));
    let others = RootSeen { hints: Object::new(), drive: "B".to_owned() };
    assert_eq!(same_root(Some(&before), &others, &[]), Ok(()), "the hints were changed on purpose");
}

proptest! {
    #[test]
    fn a_set_is_the_same_as_itself_in_any_order_and_another_with_one_more(
        serials in prop::collection::btree_set("[A-Z0-9]{1,8}", 1..12), turn in 0usize..12,
    ) {
        let mut disks: Vec<Object> = serials.iter().map(|serial| disk("/dev/sda", serial, 9)).collect();
        let before = DrivesSeen { drives: keys(&drives(&disks)), ..seen(&[]) };
        let place = turn % disks.len();
        disks.rotate_left(place);
        let now = drives(&disks);
        prop_assert_eq!(same(Some(&before), &keys(&now), &now), Ok(()));
        disks.push(disk("/dev/sdz", "another", 9));
        let now = drives(&disks);
        prop_assert!(same(Some(&before), &keys(&now), &now).is_err());
        disks.truncate(disks.len() - 2);
        let now = drives(&disks);
        prop_assert!(same(Some(&before), &keys(&now), &now).is_err());
    }

    #[test]
    fn a_root_device_is_always_one_that_fits(sizes in prop::collection::vec(1u64..5, 1..6), wanted in 1u64..5) {
        let disks: Vec<Object> =
            sizes.iter().enumerate().map(|(place, size)| disk("/dev/sda", &place.to_string(), size * GIB)).collect();
        let fitting: Vec<String> =
            sizes.iter().enumerate().filter(|(_, size)| **size == wanted).map(|(place, _)| place.to_string()).collect();
        if let Ok(found) = root(&node(json!({"size": wanted})), &disks) { prop_assert_eq!(vec![found.unwrap().drive], fitting) } else { prop_assert_ne!(fitting.len(), 1) }
    }
}
