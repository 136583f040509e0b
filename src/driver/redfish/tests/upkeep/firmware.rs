//! New firmware: pushed once, followed over reboots and silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{CUTS, Cut, Played, call, play};
use crate::base::secret::Secret;
use crate::base::time::{Later, PausedClock};
use crate::depot::cache::limits::Limits as CacheLimits;
use crate::depot::cache::{Cache, Life};
use crate::depot::digest;
use crate::depot::firmware::{FirmwareCounter, FirmwareFiles};
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::driver::boot::BootGround;
use crate::driver::redfish::tests::world::{MANAGER, Reply, Resources, Rig, SYSTEM, collection, refuse};
use crate::driver::redfish::upkeep::firmware::step::FirmwareStep;
use crate::model::interface::Interface;
use crate::model::part::sheet::Sheet;
use crate::model::step::Kind;
use crate::model::turn::{FailureKind, Turn};
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;

const UPDATE: &str = "/redfish/v1/UpdateService";
const TASKS: &str = "/redfish/v1/TaskService/Tasks";

/// A machine with a BIOS and a BMC at version 1; an image's version is the end of its URL. A task takes three looks;
/// a BIOS is taken up at a boot; the BMC is away for a while after its own update.
async fn rig(tells: bool, fails: bool) -> Rig {
    let link = |path: &str| json!({"@odata.id": path});
    let action = json!({"#UpdateService.SimpleUpdate": {"target": format!("{UPDATE}/Do"),
        "TransferProtocol@Redfish.AllowableValues": ["HTTP", "HTTPS"]}});
    let mut root = json!({"UpdateService": link(UPDATE)});
    if tells {
        root["Tasks"] = link("/redfish/v1/TaskService");
    }
    let more = [
        ("/redfish/v1/", root),
        (UPDATE, json!({"Actions": action})),
        ("/redfish/v1/TaskService", json!({"Tasks": link(TASKS)})),
        (TASKS, collection(&[])),
        (SYSTEM, json!({"BiosVersion": "1"})),
        (MANAGER, json!({"FirmwareVersion": "1"})),
    ];
    let (looks, away) = (AtomicU32::new(0), AtomicU32::new(0));
    Rig::start(&more, move |all, method, path, body| {
        controller(all, method, (path, body), (&looks, &away), fails)
    })
    .await
}

fn controller(
    all: &mut Resources,
    method: &str,
    (path, body): (&str, &Value),
    (looks, away): (&AtomicU32, &AtomicU32),
    fails: bool,
) -> Option<Reply> {
    if method == "POST" {
        let count = all[TASKS]["Members"].as_array().unwrap().len();
        let task = format!("{TASKS}/{count}");
        all.get_mut(TASKS).unwrap()["Members"].as_array_mut().unwrap().push(json!({"@odata.id": task}));
        all.insert(task.clone(), json!({"TaskState": "Running", "Url": body["ImageURI"]}));
        looks.store(0, Ordering::Relaxed);
        return Some((202, format!("Location: {task}\r\n"), json!({})));
    }
    if away.load(Ordering::Relaxed) > 0 {
        away.fetch_sub(1, Ordering::Relaxed);
        return Some(refuse(503, "x", "the controller starts"));
    }
    if path.starts_with(TASKS) && path != TASKS && looks.fetch_add(1, Ordering::Relaxed) == 2 {
        let url = all[path]["Url"].as_str().unwrap().to_owned();
        let new = url.rsplit('-').next().unwrap().to_owned();
        let task = all.get_mut(path).unwrap();
        task["TaskState"] = json!(if fails { "Exception" } else { "Completed" });
        task["Messages"] = json!([{"Message": "wrong signature"}]);
        if url.contains("bmc") && !fails {
            all.get_mut(MANAGER).unwrap()["FirmwareVersion"] = json!(new);
            away.store(6, Ordering::Relaxed);
        } else if !fails {
            all.get_mut(SYSTEM).unwrap()["Staged"] = json!(new);
        }
    }
    None
}

fn boot(rig: &Rig) {
    let mut world = rig.world();
    let system = world.resources.get_mut(SYSTEM).unwrap();
    if let Some(new) = system.as_object_mut().unwrap().remove("Staged") {
        system["BiosVersion"] = new;
    }
}

/// A daemon's counter for firmware, on a data folder of its own.
struct Counter {
    data: tempfile::TempDir,
    files: Arc<FirmwareFiles>,
    ground: BootGround,
}

impl Counter {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
        let clock = Arc::new(PausedClock::new());
        let cache =
            Cache::open(&data.path().join("cache"), CacheLimits::default(), clock, Life::default()).unwrap();
        let files = Arc::new(FirmwareFiles::new(data.path(), shelf.clone(), cache, Secret::new("key")));
        let ground = BootGround::new(Ramdisks::new(data.path(), shelf), "http://10.0.0.1");
        let ground = BootGround { firmware: Some(files.clone()), ..ground };
        Self { data, files, ground }
    }

    /// Files that are there to be fetched.
    fn shown(&self) -> usize {
        std::fs::read_dir(self.data.path().join("firmware")).map_or(0, Iterator::count)
    }
}

#[derive(Debug)]
struct Nothing;

impl Service for Nothing {
    fn call(&self, _: Request) -> Later<'_, Response> {
        Box::pin(async { Response::empty(418) })
    }
}

#[tokio::test]
async fn an_image_of_this_host_is_compared_handed_out_and_gone_after_the_update_wherever_the_daemon_is_cut() {
    for cut in CUTS {
        let (rig, counter) = (rig(true, false).await, Counter::new());
        let image = counter.data.path().join("images/bios-7");
        std::fs::write(&image, b"the new bios").unwrap();
        let url = format!("file://{}", image.display());
        let sum = digest::sha256(b"the new bios");
        let work = FirmwareStep::of("update_firmware", Arc::clone(&rig.rack), &counter.ground).unwrap();
        let args = json!({"firmware_images": [{"url": url, "checksum": sum}]});
        let call = call(&rig, Interface::Management, "update_firmware", Kind::Clean, &args);
        let files = counter.files.clone();
        let fetched = Arc::new(AtomicU32::new(0));
        let seen = fetched.clone();
        let played = play(&work, call, cut, || {
            // The BMC has fetched it before it boots.
            let url = rig.asked("UpdateService/Do")[0]["ImageURI"].as_str().unwrap().to_owned();
            let path = url.strip_prefix("http://10.0.0.1").unwrap().to_owned();
            let desk = FirmwareCounter::new(files.clone(), Arc::new(Nothing));
            let request = Request::made(Method::Get, &path, Vec::new());
            let status = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(desk.call(request)).status
            });
            seen.store(status.join().unwrap().into(), Ordering::Relaxed);
            boot(&rig);
        })
        .await;
        let pushed = rig.asked("UpdateService/Do");
        if cut == Cut::Before {
            assert!(played.failure().contains("not given twice") && pushed.is_empty(), "{played:?}");
        } else {
            assert_eq!(versions(&played)[0], pair("bios", "7"), "{cut:?}");
            assert_eq!((pushed.len(), fetched.load(Ordering::Relaxed)), (1, 200), "{cut:?}");
            let given = pushed[0]["ImageURI"].as_str().unwrap();
            assert!(given.starts_with("http://10.0.0.1/firmware/") && given.ends_with("/bios-7"), "{given}");
        }
        assert_eq!(counter.shown(), 0, "it went with its step: {cut:?}");
    }
}

#[tokio::test]
async fn an_image_with_another_checksum_is_not_given_to_the_bmc() {
    let (rig, counter) = (rig(true, false).await, Counter::new());
    let image = counter.data.path().join("images/bios-7");
    std::fs::write(&image, b"the new bios").unwrap();
    let good = json!({"url": "http://h/bmc-2", "checksum": "a".repeat(40)});
    let bad =
        json!({"url": format!("file://{}", image.display()), "checksum": "b".repeat(64), "source": "local"});
    let args = json!({"firmware_images": [good, bad]});
    let work = FirmwareStep::of("update_firmware", Arc::clone(&rig.rack), &counter.ground).unwrap();
    let call = call(&rig, Interface::Management, "update_firmware", Kind::Clean, &args);
    let played = play(&work, call, Cut::Never, || boot(&rig)).await;
    assert!(played.failure().contains(&digest::sha256(b"the new bios")), "{played:?}");
    assert_eq!(
        (rig.asked("UpdateService/Do").len(), counter.shown()),
        (0, 0),
        "not even the first, which is good"
    );
}

async fn update(rig: &Rig, settings: Value, cut: Cut) -> Played {
    let work = FirmwareStep::of("update", Arc::clone(&rig.rack), &Counter::new().ground).unwrap();
    let call = call(rig, Interface::Firmware, "update", Kind::Service, &json!({"settings": settings}));
    play(&work, call, cut, || boot(rig)).await
}

fn versions(played: &Played) -> Vec<(String, String)> {
    let Turn::Done(result) = &played.turn else { panic!("{played:?}") };
    let [Sheet::Components(rows)] = &Sheet::of(result)[..] else { panic!("{result:?}") };
    rows.iter().map(|row| (row.component.clone(), row.current_version.clone().unwrap())).collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[tokio::test]
async fn each_image_is_pushed_once_wherever_the_daemon_is_cut() {
    for cut in CUTS {
        let rig = rig(true, false).await;
        let settings = json!([{"component": "bmc", "url": "https://h/bmc-2", "wait": 7}, {"component": "bios", "url": "http://h/bios-3"}]);
        let played = update(&rig, settings, cut).await;
        let pushed = rig.asked("UpdateService/Do");
        if cut == Cut::Before {
            let Turn::Failed(failure) = &played.turn else { panic!("{played:?}") };
            assert_eq!(failure.kind, FailureKind::Unknown, "nobody knows: {failure:?}");
            assert!(failure.why.contains("not given twice") && pushed.is_empty());
            continue;
        }
        assert_eq!(versions(&played), [pair("bios", "3"), pair("bmc", "2")], "{cut:?}");
        let first = json!({"ImageURI": "https://h/bmc-2", "TransferProtocol": "HTTPS"});
        let second = json!({"ImageURI": "http://h/bios-3", "TransferProtocol": "HTTP"});
        assert_eq!(pushed, [first, second], "{cut:?}");
        assert_eq!(played.reboots, 2, "one with the new controller, one for the BIOS: {cut:?}");
    }
}

#[tokio::test]
async fn a_machine_that_lists_no_tasks_is_not_pushed_to_twice() {
    let rig = rig(false, false).await;
    let played = update(&rig, json!([{"component": "bios", "url": "http://h/bios-3"}]), Cut::After).await;
    assert!(
        matches!(&played.turn, Turn::Failed(failure) if failure.kind == FailureKind::Unknown),
        "{played:?}"
    );
    assert_eq!(rig.asked("UpdateService/Do").len(), 1);
}

#[tokio::test]
async fn an_image_that_is_not_taken_fails_with_the_words_of_the_bmc() {
    let rig = rig(true, true).await;
    let played = update(
        &rig,
        json!([{"component": "bmc", "url": "http://u:secret@h/bmc-2?token=secret"}]),
        Cut::Never,
    )
    .await;
    assert!(
        played.failure().contains("wrong signature") && played.failure().contains("firmware http://h/bmc-2."),
        "{played:?}"
    );
    assert!(!played.failure().contains("secret"));
}

#[tokio::test]
async fn what_cannot_be_updated_is_refused_before_anything_is_pushed() {
    let rig = rig(true, false).await;
    for (settings, word) in [
        (json!([{"component": "nic:A", "url": "http://h/i"}]), "no component nic:A; it has bios, bmc"),
        (json!([{"component": "bios", "url": "ftp://h/i"}]), "http or https"),
        (json!([]), "one at least"),
    ] {
        let played = update(&rig, settings, Cut::Never).await;
        assert!(played.failure().contains(word), "{played:?}");
    }
    assert!(rig.world().asked.is_empty());
    let bare = Rig::start(&[], |_, _, _, _| None).await;
    let played = update(&bare, json!([{"component": "bmc", "url": "http://h/i"}]), Cut::Never).await;
    assert!(played.failure().contains("SimpleUpdate"), "{played:?}");
}

#[tokio::test]
async fn an_update_without_end_is_ended() {
    let rig = rig(true, false).await;
    let work = FirmwareStep::of("update_firmware", Arc::clone(&rig.rack), &Counter::new().ground).unwrap();
    let image = json!({"url": "http://h/bios-2", "checksum": "a".repeat(40)});
    let call = call(
        &rig,
        Interface::Management,
        "update_firmware",
        Kind::Clean,
        &json!({"firmware_images": [image]}),
    );
    let played = play(&work, call.clone(), Cut::Never, || boot(&rig)).await;
    assert_eq!((versions(&played)[0].clone(), played.reboots), (pair("bios", "2"), 1));
    let stuck = Rig::start(
        &[
            ("/redfish/v1/", json!({"UpdateService": {"@odata.id": UPDATE}})),
            (UPDATE, json!({"Actions": {"#UpdateService.SimpleUpdate": {"target": "/Do"}}})),
            (SYSTEM, json!({"BiosVersion": "1"})),
            ("/task", json!({"TaskState": "Running"})),
        ],
        |_, method, _, _| (method == "POST").then(|| (202, "Location: /task\r\n".to_owned(), json!({}))),
    )
    .await;
    let played = update(&stuck, json!([{"component": "bmc", "url": "http://h/bmc-2"}]), Cut::Never).await;
    assert!(
        played.failure().contains("firmware_update_overall_timeout")
            || played.failure().contains("no component"),
        "{played:?}"
    );
    assert!(played.waited <= 7200);
}
