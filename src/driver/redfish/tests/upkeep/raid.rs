//! Volumes made and deleted: at once, by work that takes time, or at a boot; never twice.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{CUTS, Cut, Played, call, play};
use crate::driver::redfish::tests::world::{Reply, Resources, Rig, SYSTEM, collection, refuse, say};
use crate::driver::redfish::upkeep::raid::step::RaidStep;
use crate::model::interface::Interface;
use crate::model::step::Kind;
use crate::model::turn::Turn;

const STORAGE: &str = "/redfish/v1/Systems/1/Storage";
const ONE: &str = "/redfish/v1/Systems/1/Storage/R1";
const VOLUMES: &str = "/redfish/v1/Systems/1/Storage/R1/Volumes";
const TASKS: &str = "/redfish/v1/TaskService/Tasks";
const PENDING: &str = "pending";

/// How the controller works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With the answer.
    AtOnce,
    /// At a boot, with a task that waits for it.
    AtBoot,
    /// At a boot, and nothing tells of it.
    Secretly,
    /// A task that fails.
    Failing,
}

/// Four drives on a controller, and the volumes that are there already.
async fn rig(way: Way, there: usize) -> Rig {
    let link = |path: &str| json!({"@odata.id": path});
    let drives: Vec<String> = (1..=4).map(|n| format!("{ONE}/Drives/D{n}")).collect();
    let links: Vec<Value> = drives.iter().map(|path| link(path)).collect();
    let storage = json!({
        "Id": "R1", "Drives": links, "Volumes": link(VOLUMES),
        "StorageControllers": [{"MemberId": "0", "SupportedRAIDTypes": ["RAID0", "RAID1", "RAID5"]}],
    });
    let times = if way == Way::AtOnce { "Immediate" } else { "OnReset" };
    let mut listed = collection(&[]);
    listed["@Redfish.OperationApplyTimeSupport"] = json!({"SupportedValues": [times]});
    let mut more = vec![
        (SYSTEM.to_owned(), json!({"Storage": link(STORAGE)})),
        ("/redfish/v1/".to_owned(), json!({"Tasks": link("/redfish/v1/TaskService")})),
        ("/redfish/v1/TaskService".to_owned(), json!({"Tasks": link(TASKS)})),
        (TASKS.to_owned(), collection(&["/redfish/v1/TaskService/Tasks/old"])),
        (STORAGE.to_owned(), collection(&[ONE])),
        (ONE.to_owned(), storage),
        (VOLUMES.to_owned(), listed),
        (PENDING.to_owned(), json!({"do": []})),
    ];
    more.extend(drives.iter().enumerate().map(|(n, path)| {
        (path.clone(), json!({"Id": format!("D{}", n + 1), "CapacityBytes": 100_u64 << 30, "MediaType": "SSD", "Protocol": "SATA"}))
    }));
    let more: Vec<(&str, Value)> = more.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    let rig =
        Rig::start(&more, move |all, method, path, body| controller(way, all, method, path, body)).await;
    for drive in drives.iter().take(there) {
        let body =
            json!({"RAIDType": "RAID0", "CapacityBytes": 1_u64 << 30, "Links": {"Drives": [link(drive)]}});
        make(&mut rig.world().resources, &body);
    }
    rig
}

fn controller(way: Way, all: &mut Resources, method: &str, path: &str, body: &Value) -> Option<Reply> {
    if method == "GET" || !path.starts_with(VOLUMES) {
        return None;
    }
    let work = json!({"method": method, "path": path, "body": body});
    match way {
        Way::AtOnce => {
            perform(all, &work);
            Some(say(201, json!({})))
        }
        Way::AtBoot | Way::Failing => {
            all.get_mut(PENDING).unwrap()["do"].as_array_mut().unwrap().push(work);
            let task = format!("{TASKS}/{}", all[TASKS]["Members"].as_array().unwrap().len());
            all.get_mut(TASKS).unwrap()["Members"].as_array_mut().unwrap().push(json!({"@odata.id": task}));
            let state = if way == Way::Failing {
                json!({"TaskState": "Exception", "Messages": [{"Message": "a drive is bad"}]})
            } else {
                json!({"TaskState": "Pending"})
            };
            all.insert(task.clone(), state);
            Some((202, format!("Location: {task}\r\n"), json!({})))
        }
        Way::Secretly => {
            all.get_mut(PENDING).unwrap()["do"].as_array_mut().unwrap().push(work);
            Some(say(204, Value::Null))
        }
    }
}

fn perform(all: &mut Resources, work: &Value) {
    if work["method"] == "POST" {
        make(all, &work["body"]);
    } else {
        let path = work["path"].as_str().unwrap();
        all.remove(path);
        all.get_mut(VOLUMES).unwrap()["Members"]
            .as_array_mut()
            .unwrap()
            .retain(|one| one["@odata.id"] != path);
    }
}

fn make(all: &mut Resources, body: &Value) {
    let count = all.keys().filter(|path| path.starts_with(VOLUMES)).count();
    let path = format!("{VOLUMES}/{count}{}", all[VOLUMES]["Members"].as_array().unwrap().len());
    let mut volume = body.clone();
    volume["Id"] = path.rsplit('/').next().unwrap().into();
    all.insert(path.clone(), volume);
    all.get_mut(VOLUMES).unwrap()["Members"].as_array_mut().unwrap().push(json!({"@odata.id": path}));
}

/// The machine boots: what waits for it is done.
fn boot(rig: &Rig) {
    let mut world = rig.world();
    let all = &mut world.resources;
    let waiting = all[PENDING]["do"].as_array().unwrap().clone();
    all.get_mut(PENDING).unwrap()["do"] = json!([]);
    for work in &waiting {
        perform(all, work);
    }
    for (path, task) in all.iter_mut().filter(|(path, _)| path.starts_with(TASKS) && path.as_str() != TASKS) {
        assert!(!path.is_empty());
        if task["TaskState"] == "Pending" {
            task["TaskState"] = json!("Completed");
        }
    }
}

fn wanted() -> Value {
    json!({"logical_disks": [
        {"raid_level": "1", "size_gb": 50, "is_root_volume": true, "volume_name": "root"},
        {"raid_level": "0", "size_gb": 20},
    ]})
}

async fn apply(rig: &Rig, args: Value, cut: Cut) -> Played {
    let work = RaidStep::of("apply_configuration", Arc::clone(&rig.rack)).unwrap();
    let call = call(rig, Interface::Raid, "apply_configuration", Kind::Service, &args);
    play(&work, call, cut, || boot(rig)).await
}

fn levels(played: &Played) -> Vec<Value> {
    let Turn::Done(result) = &played.turn else { panic!("{played:?}") };
    let disks = result["raid_config"]["logical_disks"].as_array().unwrap();
    disks.iter().map(|disk| json!([disk["raid_level"], disk["size_gb"], disk["controller"]])).collect()
}

/// Requests of this method to the volumes.
fn count(rig: &Rig, method: &str) -> usize {
    rig.world().asked.iter().filter(|(one, path, _)| one == method && path.starts_with(VOLUMES)).count()
}

#[tokio::test]
async fn each_volume_is_made_once_wherever_the_daemon_is_cut() {
    for way in [Way::AtOnce, Way::AtBoot, Way::Secretly] {
        for cut in CUTS {
            let rig = rig(way, 0).await;
            let played = apply(&rig, json!({"raid_config": wanted()}), cut).await;
            assert_eq!(levels(&played), [json!(["1", 50, "R1"]), json!(["0", 20, "R1"])], "{way:?} {cut:?}");
            assert_eq!(count(&rig, "POST"), 2, "{way:?} {cut:?}");
            let body = rig.asked("Volumes")[0].clone();
            assert_eq!(
                (&body["RAIDType"], &body["CapacityBytes"], &body["Name"]),
                (&json!("RAID1"), &json!(50_u64 << 30), &json!("root"))
            );
            assert_eq!(body["Links"]["Drives"].as_array().unwrap().len(), 2);
            let time = if way == Way::AtOnce { "Immediate" } else { "OnReset" };
            assert_eq!(body["@Redfish.OperationApplyTime"], time);
            assert_eq!(played.reboots == 0, way == Way::AtOnce, "{way:?} {cut:?}: {played:?}");
        }
    }
}

#[tokio::test]
async fn volumes_are_deleted_one_after_the_other_and_only_if_asked_to() {
    for way in [Way::AtOnce, Way::AtBoot, Way::Secretly] {
        for cut in CUTS {
            let rig = rig(way, 2).await;
            let work = RaidStep::of("delete_configuration", Arc::clone(&rig.rack)).unwrap();
            let call = call(&rig, Interface::Raid, "delete_configuration", Kind::Clean, &json!({}));
            let played = play(&work, call, cut, || boot(&rig)).await;
            assert_eq!(played.turn, Turn::done(), "{way:?} {cut:?}");
            assert!(rig.world().resources[VOLUMES]["Members"].as_array().unwrap().is_empty());
        }
    }
    let rig = rig(Way::AtOnce, 2).await;
    let played = apply(
        &rig,
        json!({"raid_config": {"logical_disks": [{"raid_level": "1", "size_gb": 50}]}}),
        Cut::Never,
    )
    .await;
    assert_eq!((levels(&played).len(), count(&rig, "DELETE")), (3, 0), "others stay");
}

#[tokio::test]
async fn what_is_there_gives_way_if_it_is_asked_to() {
    let rig = rig(Way::AtBoot, 3).await;
    let played = apply(&rig, json!({"raid_config": wanted(), "delete_existing": true}), Cut::After).await;
    assert_eq!(levels(&played), [json!(["1", 50, "R1"]), json!(["0", 20, "R1"])]);
    assert_eq!((count(&rig, "DELETE"), count(&rig, "POST")), (3, 2));
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_before_anything_goes() {
    for (args, word) in [
        (
            json!({"raid_config": {"logical_disks": [{"raid_level": "5", "size_gb": 5000}]}, "delete_existing": true}),
            "no disks are left",
        ),
        (
            json!({"raid_config": wanted(), "delete_existing": "perhaps"}),
            "delete_existing must be true or false",
        ),
        (
            json!({"raid_config": wanted(), "create_root_volume": false, "create_nonroot_volumes": false}),
            "no logical disk is left",
        ),
        (json!({"raid_config": []}), "raid_config must be an object"),
        (json!({"raid_config": {"logical_disks": []}}), "must name a disk"),
    ] {
        let rig = rig(Way::AtOnce, 1).await;
        let played = apply(&rig, args, Cut::Never).await;
        assert!(played.failure().contains(word), "{word}: {played:?}");
        assert!(rig.world().asked.is_empty());
    }
    let bare = Rig::start(&[], |_, _, _, _| None).await;
    let played = apply(&bare, json!({"raid_config": wanted()}), Cut::Never).await;
    assert!(played.failure().contains("no controller that makes volumes"), "{played:?}");
}

#[tokio::test]
async fn cleaning_makes_what_the_node_wishes_for() {
    let mut one = rig(Way::AtOnce, 0).await;
    let work = RaidStep::of("create_configuration", Arc::clone(&one.rack)).unwrap();
    let without = call(&one, Interface::Raid, "create_configuration", Kind::Clean, &json!({}));
    let played = play(&work, without, Cut::Never, || ()).await;
    assert!(played.failure().contains("target_raid_config"), "{played:?}");
    one.node.target_raid_config = wanted().as_object().unwrap().clone();
    let root = call(
        &one,
        Interface::Raid,
        "create_configuration",
        Kind::Clean,
        &json!({"create_nonroot_volumes": false}),
    );
    let played = play(&work, root, Cut::Never, || ()).await;
    assert_eq!(levels(&played), [json!(["1", 50, "R1"])]);
    let mut two = rig(Way::AtOnce, 0).await;
    let work = RaidStep::of("create_configuration", Arc::clone(&two.rack)).unwrap();
    two.node.target_raid_config = wanted().as_object().unwrap().clone();
    let others = json!({"create_root_volume": false});
    let others = call(&two, Interface::Raid, "create_configuration", Kind::Clean, &others);
    let played = play(&work, others, Cut::Never, || ()).await;
    assert_eq!(levels(&played), [json!(["0", 20, "R1"])], "the root volume is left out");
}

#[tokio::test]
async fn work_that_fails_fails_the_step_and_a_refusal_is_told() {
    let rig = rig(Way::Failing, 0).await;
    let played = apply(&rig, json!({"raid_config": wanted()}), Cut::Never).await;
    assert!(
        played.failure().contains("a drive is bad") && played.failure().contains("volume 1"),
        "{played:?}"
    );
    assert_eq!(count(&rig, "POST"), 1);
    let lies = rig_that_lies().await;
    let played = apply(&lies, json!({"raid_config": wanted()}), Cut::Never).await;
    assert!(played.failure().contains("is not seen"), "{played:?}");
    assert_eq!(count(&lies, "POST"), 1);
}

/// A controller that says yes and does nothing.
async fn rig_that_lies() -> Rig {
    let rig = rig(Way::Secretly, 0).await;
    rig.world().resources.get_mut(PENDING).unwrap()["do"] = json!([]);
    let lying = rig.world().resources.clone();
    let more: Vec<(&str, Value)> = lying.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    Rig::start(&more, |_, method, path, _| (method == "DELETE").then(|| refuse(405, "x", path))).await
}
