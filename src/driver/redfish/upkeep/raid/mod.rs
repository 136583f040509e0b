//! The controllers of a machine with their drives and volumes, as they are now.
//!
//! - `place`  which disks a wished volume gets
//! - `step`   making and deleting volumes, turn by turn

use serde_json::{Value, json};

use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::upkeep::raid::place::{Disk, GIB, LEVELS};
use crate::model::Object;
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::view::annotation::ApplyTime;
use crate::wire::redfish::view::storage::{Drive, Storage, StorageController, Volume};

pub mod place;
pub mod step;

/// A controller that makes volumes.
#[derive(Debug, Clone)]
pub struct Shelf {
    pub id: String,
    /// Where volumes are made.
    pub volumes_path: String,
    pub volumes: Vec<Kept>,
    pub applies: Applies,
}

/// A volume that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub path: String,
    pub view: Volume,
}

impl Kept {
    /// Whether it is one that was made: drives that pass through tell no RAID.
    pub fn is_raid(&self) -> bool {
        self.view.raid_type.is_some()
    }
}

/// When a controller does what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    Now,
    AtBoot,
    /// It does not tell, and wants not to be told.
    Untold,
}

impl Applies {
    /// As Redfish spells it.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Now => Some("Immediate"),
            Self::AtBoot => Some("OnReset"),
            Self::Untold => None,
        }
    }
}

/// All that volumes are made of.
#[derive(Debug, Clone, Default)]
pub struct Array {
    pub shelves: Vec<Shelf>,
    pub disks: Vec<Disk>,
}

impl Array {
    pub fn names(&self) -> Vec<String> {
        self.shelves.iter().map(|shelf| shelf.id.clone()).collect()
    }

    /// The volumes that were made, with their controllers.
    pub fn raids(&self) -> impl Iterator<Item = (&Shelf, &Kept)> {
        self.shelves
            .iter()
            .flat_map(|shelf| shelf.volumes.iter().map(move |kept| (shelf, kept)))
            .filter(|(_, kept)| kept.is_raid())
    }

    /// As a node's `raid_config`.
    pub fn config(&self) -> Object {
        let disks: Vec<Value> = self
            .raids()
            .map(|(shelf, kept)| {
                let word = kept.view.raid_type.as_deref().unwrap_or_default();
                let level = LEVELS.iter().find(|level| level.word == word).map_or(word, |level| level.name);
                json!({
                    "id": kept.view.id, "name": kept.view.name, "controller": shelf.id, "raid_level": level,
                    "size_gb": kept.view.capacity_bytes.unwrap_or(0) / GIB,
                })
            })
            .collect();
        Object::from_iter([("logical_disks".to_owned(), disks.into())])
    }
}

impl Server {
    /// The controllers that make volumes, with all that is on them.
    pub async fn array(&self) -> Result<Array, RedfishError> {
        let seen = self.system().await?;
        let storages = self.raid_storages(&seen).await?;
        let mut array = Array::default();
        for storage in storages {
            let view: Storage = storage.view();
            let Some(link) = view.volumes.clone() else { continue };
            if !self.makes_volumes(&view).await? {
                continue;
            }
            let Some(one) = self.shelf(&storage, &link).await? else { continue };
            let place = array.shelves.len();
            let drives = self.drives(&storage).await?;
            array.disks.extend(drives.iter().filter_map(|drive| disk(drive, place, &one)));
            array.shelves.push(one);
        }
        Ok(array)
    }

    async fn raid_storages(&self, seen: &Seen) -> Result<Vec<Resource>, RedfishError> {
        self.talk.members(seen.view.storage.as_ref()).await
    }

    /// Whether the first controller of the storage makes volumes, as far as it tells.
    async fn makes_volumes(&self, storage: &Storage) -> Result<bool, RedfishError> {
        let listed = self.talk.members(storage.controllers.as_ref()).await?;
        let first = listed.first().map(Resource::view::<StorageController>);
        let first = first.or_else(|| storage.embedded_controllers.first().cloned());
        Ok(first.and_then(|one| one.raid_types).is_none_or(|types| !types.0.is_empty()))
    }

    async fn shelf(&self, storage: &Resource, link: &Link) -> Result<Option<Shelf>, RedfishError> {
        let Some(listed) = self.talk.maybe(Some(link)).await? else { return Ok(None) };
        let times = ApplyTime::read(&listed.raw).operation;
        let has = |word: &str| times.iter().any(|time| time == word);
        let applies = match () {
            () if has("Immediate") => Applies::Now,
            () if has("OnReset") => Applies::AtBoot,
            () => Applies::Untold,
        };
        let volumes = self.talk.members(Some(link)).await?;
        let volumes = volumes
            .into_iter()
            .map(|volume| Kept { view: volume.view::<Volume>().in_bytes(), path: bare(&volume.path) })
            .collect();
        let id = storage.id().unwrap_or_default();
        Ok(Some(Shelf { id, volumes_path: listed.path, volumes, applies }))
    }
}

/// A drive with the room that the volumes leave on it; one without a size is none.
fn disk(drive: &Resource, storage: usize, shelf: &Shelf) -> Option<Disk> {
    let view: Drive = drive.view();
    let view = view.in_bytes();
    let bytes = view.capacity_bytes.filter(|bytes| *bytes > 0)?;
    let path = bare(&drive.path);
    let made = shelf.volumes.iter().filter(|kept| kept.is_raid());
    let used = made.fold(0_u64, |sum, kept| sum.saturating_add(used_of(kept, &path)));
    Some(Disk {
        id: drive.id().unwrap_or_default(),
        path,
        storage,
        bytes,
        free: bytes.saturating_sub(used),
        media: view.media_type,
        protocol: view.protocol,
    })
}

/// What a volume takes of a drive.
fn used_of(kept: &Kept, drive: &str) -> u64 {
    let drives: Vec<String> = kept.view.drives.iter().map(|link| bare(link.as_str())).collect();
    if !drives.iter().any(|one| one == drive) {
        return 0;
    }
    let bytes = kept.view.capacity_bytes.unwrap_or(0);
    let level = LEVELS.iter().find(|level| kept.view.raid_type.as_deref() == Some(level.word));
    match level {
        Some(level) => level.share(drives.len(), bytes),
        // All of it, for a level that nobody knows.
        None => u64::MAX,
    }
}

fn bare(path: &str) -> String {
    path.trim_end_matches('/').to_owned()
}
