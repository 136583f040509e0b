//! What takes time or a boot: volumes that come and go, firmware that is fetched, staged and taken up.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use url::Url;

use crate::base::time::Tick;
use crate::net::client::Client;
use crate::net::client::outgoing::{Outgoing, Trust};
use crate::net::http::{Method, Response};
use crate::twin::redfish::action::task;
use crate::twin::redfish::answer::{Refusal, Reply, done, refused};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live;
use crate::twin::redfish::service::{accepted_as, missing};
use crate::twin::redfish::task::Task;
use crate::twin::redfish::tree::{link, over};
use crate::wire::redfish::shape::served::Served;

/// Volumes and firmware as they are, and what is under way.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// Volumes that were made: id and members.
    pub made: Vec<(String, Value)>,
    /// Volumes of the beginning that are gone, by path.
    pub gone: BTreeSet<String>,
    /// What is to be done with volumes, with the task that tells of it.
    work: Vec<(String, Change)>,
    /// The image that is being installed.
    update: Option<(String, Part, String)>,
    /// A BIOS that the next boot takes up.
    staged: Option<String>,
    /// Versions that were installed.
    pub bios: Option<String>,
    pub bmc: Option<String>,
    /// Images that were pushed, oldest first.
    pub pushed: Vec<String>,
    /// What was fetched of them: bytes, or why there are none.
    pub fetched: Vec<Result<Vec<u8>, String>>,
}

#[derive(Debug, Clone)]
enum Change {
    Make(Value),
    Delete(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Bios,
    Bmc,
}

impl Upkeep {
    /// Takes in what has ended by now. True if the controller starts with new firmware.
    pub fn settle(&mut self, tasks: &[Task], booted: bool, now: Tick) -> bool {
        let is_done =
            |id: &String| tasks.iter().find(|task| task.id == *id).is_none_or(|task| task.is_done(now));
        let (over, open) = std::mem::take(&mut self.work).into_iter().partition(|(id, _)| is_done(id));
        self.work = open;
        let over: Vec<(String, Change)> = over;
        for (id, change) in over {
            self.apply(&id, change);
        }
        if booted && let Some(version) = self.staged.take() {
            self.bios = Some(version);
        }
        let Some((_, part, version)) = self.update.take_if(|(id, ..)| is_done(id)) else { return false };
        match part {
            Part::Bios => self.staged = Some(version),
            Part::Bmc => self.bmc = Some(version),
        }
        part == Part::Bmc
    }

    fn apply(&mut self, task: &str, change: Change) {
        match change {
            Change::Make(body) => self.made.push((format!("V{task}"), body)),
            Change::Delete(path) => {
                let id = path.rsplit('/').next().unwrap_or_default();
                self.made.retain(|(one, _)| one != id);
                self.gone.insert(path);
            }
        }
    }
}

/// The paths of the volumes that are there.
pub fn volumes(bmc: &Bmc, list: &str) -> Vec<String> {
    let first = ["1", "2"].map(|id| format!("{list}/{id}"));
    let state = bmc.state();
    let made = state.upkeep.made.iter().map(|(id, _)| format!("{list}/{id}"));
    first.into_iter().filter(|path| !state.upkeep.gone.contains(path)).chain(made).collect()
}

/// The collection of volumes, laid over the one at rest.
pub fn listed(bmc: &Bmc, list: &str) -> Value {
    let members: Vec<Value> = volumes(bmc, list).into_iter().map(link).collect();
    let times: &[&str] =
        if bmc.settings().volumes_at_boot { &["OnReset"] } else { &["Immediate", "OnReset"] };
    json!({
        "Members@odata.count": members.len(), "Members": members,
        "@Redfish.OperationApplyTimeSupport": {
            "@odata.type": "#Settings.v1_3_5.OperationApplyTimeSupport", "SupportedValues": times,
        },
    })
}

/// A volume that was made; `None` for any other path.
pub fn volume(bmc: &Bmc, path: &str) -> Option<Value> {
    let (list, id) = path.rsplit_once('/').filter(|(list, _)| list.ends_with("/Volumes"))?;
    let state = bmc.state();
    let (_, members) = state.upkeep.made.iter().find(|(one, _)| one == id)?;
    let name = members.get("Name").and_then(Value::as_str).unwrap_or("Volume").to_owned();
    Some(over(Served::Volume.resource(&format!("{list}/{id}"), id, &name), members.clone()))
}

/// Whether a volume of the beginning is gone.
pub fn is_gone(bmc: &Bmc, path: &str) -> bool {
    bmc.state().upkeep.gone.contains(path)
}

/// The volumes that a drive is in.
pub fn volumes_of(bmc: &Bmc, drive: &str) -> Value {
    let Some((base, _)) = drive.rsplit_once("/Drives/") else { return Value::Null };
    let has = |path: &String| {
        let body = live::view(bmc, path).unwrap_or_default();
        let drives = body.pointer("/Links/Drives").and_then(Value::as_array).cloned().unwrap_or_default();
        drives.iter().any(|one| one.get("@odata.id").and_then(Value::as_str) == Some(drive))
    };
    let all: Vec<Value> =
        volumes(bmc, &format!("{base}/Volumes")).into_iter().filter(has).map(link).collect();
    json!({"Links": {"Volumes": all}})
}

/// Makes a volume, at once or at the next boot.
pub fn make(bmc: &Bmc, list: &str, body: &Value) -> Reply {
    let kind = body.get("RAIDType").and_then(Value::as_str).unwrap_or_default();
    let Some((_, least)) = KINDS.iter().find(|(word, _)| *word == kind) else {
        return Err(refused(400, "PropertyValueNotInList", &[kind, "RAIDType"]));
    };
    let drives = body.pointer("/Links/Drives").and_then(Value::as_array).cloned().unwrap_or_default();
    if drives.len() < *least {
        return Err(refused(400, "PropertyMissing", &["Drives"]));
    }
    for drive in &drives {
        let path = drive.get("@odata.id").and_then(Value::as_str).unwrap_or_default();
        let is_here = path.starts_with(list.trim_end_matches("/Volumes")) && live::view(bmc, path).is_some();
        if !is_here {
            return Err(refused(400, "ResourceMissingAtURI", &[path]));
        }
        let used = volumes_of(bmc, path);
        if used.pointer("/Links/Volumes").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
            return Err(refused(400, "ResourceInUse", &[]));
        }
    }
    let mut members = json!({
        "RAIDType": kind, "CapacityBytes": body.get("CapacityBytes"), "Links": {"Drives": drives}, "Encrypted": false,
        "Status": {"State": "Enabled", "Health": "OK"},
    });
    if let (Some(name), Some(map)) = (body.get("Name"), members.as_object_mut()) {
        map.insert("Name".to_owned(), name.clone());
    }
    under_way(bmc, body, "Create volume", Change::Make(members))
}

/// Deletes a volume; `None` if the path is that of none.
pub fn delete(bmc: &Bmc, path: &str, body: &Value) -> Option<Reply> {
    let (list, _) = path.rsplit_once('/').filter(|(list, _)| list.ends_with("/Volumes"))?;
    if !volumes(bmc, list).iter().any(|one| one == path) {
        return Some(Err(missing(path)));
    }
    Some(under_way(bmc, body, "Delete volume", Change::Delete(path.to_owned())))
}

fn under_way(bmc: &Bmc, body: &Value, name: &'static str, change: Change) -> Reply {
    let time = body.get("@Redfish.OperationApplyTime").and_then(Value::as_str);
    if bmc.settings().volumes_at_boot && time == Some("Immediate") {
        return Err(refused(400, "PropertyValueNotInList", &["Immediate", "@Redfish.OperationApplyTime"]));
    }
    let at_boot = bmc.settings().volumes_at_boot || time == Some("OnReset");
    if at_boot && bmc.state().upkeep.work.len() >= WAITING {
        return Err(refused(503, "ServiceTemporarilyUnavailable", &["60"]));
    }
    if !at_boot && bmc.settings().task.is_zero() {
        let mut state = bmc.state();
        let id = state.fresh().to_string();
        state.upkeep.apply(&id, change);
        drop(state);
        return done();
    }
    let id = if at_boot { task::start_held(bmc, name) } else { task::start(bmc, name) };
    bmc.state().upkeep.work.push((id.clone(), change));
    Ok(accepted_as(bmc, &id))
}

/// Fetches and installs an image: a BMC's starts the controller anew, a BIOS waits for a boot. The version is what follows
/// the last hyphen of the image's name.
pub fn update(bmc: &Bmc, body: &Value) -> Result<Response, Refusal> {
    let Some(url) = body.get("ImageURI").and_then(Value::as_str) else {
        return Err(refused(400, "ActionParameterMissing", &["SimpleUpdate", "ImageURI"]));
    };
    if bmc.state().upkeep.update.is_some() {
        return Err(refused(503, "ServiceTemporarilyUnavailable", &["60"]));
    }
    let name = url.rsplit('/').next().unwrap_or_default();
    let version = name.rsplit('-').next().unwrap_or_default().to_owned();
    let part = if name.contains("bmc") { Part::Bmc } else { Part::Bios };
    let id = task::start(bmc, "Firmware update");
    let mut state = bmc.state();
    state.upkeep.pushed.push(url.to_owned());
    state.upkeep.update = Some((id.clone(), part, version));
    drop(state);
    if bmc.settings().fetches_firmware {
        fetch(bmc, url);
    }
    Ok(accepted_as(bmc, &id))
}

/// Fetches an image as the controller does, while its task runs.
fn fetch(bmc: &Bmc, url: &str) {
    let (own, url) = (bmc.clone(), url.to_owned());
    bmc.inner.tasks.spawn(async move {
        let fetched = match Url::parse(&url) {
            Ok(url) => {
                let outgoing = Outgoing::new(Method::Get, url, Trust::Plain);
                let answer = Client::new().send(outgoing).await;
                answer.map_err(|error| error.to_string()).and_then(|answer| match answer.status {
                    200 => Ok(answer.body),
                    status => Err(format!("it was answered {status}")),
                })
            }
            Err(error) => Err(error.to_string()),
        };
        own.state().upkeep.fetched.push(fetched);
    });
}

/// RAID types and the drives that each needs.
const KINDS: &[(&str, usize)] =
    &[("RAID0", 1), ("RAID1", 2), ("RAID5", 3), ("RAID6", 4), ("RAID10", 4), ("RAID50", 6), ("RAID60", 8)];
/// Changes that may wait for a boot.
const WAITING: usize = 1;
