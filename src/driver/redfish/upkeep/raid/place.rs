//! Which disks a wished volume gets (contract `redfish.md` section 10); pure.
//!
//! Order: disks and size are named, then size alone, then disks alone (`MAX`). The order does not depend on what is there,
//! so that after a volume was made the rest is placed by what the controllers then say.

use serde_json::{Map, Value};

use crate::model::part::raid;

/// A drive that volumes may be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    pub id: String,
    pub path: String,
    /// Which of the storages.
    pub storage: usize,
    pub bytes: u64,
    pub free: u64,
    pub media: Option<String>,
    pub protocol: Option<String>,
}

/// A volume that is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub level: &'static Level,
    /// `None` is all the room that its disks have.
    pub bytes: Option<u64>,
    pub name: Option<String>,
    pub is_root: bool,
    controller: Option<String>,
    disks: Option<Vec<String>>,
    count: Option<usize>,
    shares: bool,
    media: Option<String>,
    protocol: Option<String>,
}

/// A RAID level.
#[derive(Debug, PartialEq, Eq)]
pub struct Level {
    /// As a RAID configuration spells it.
    pub name: &'static str,
    /// As Redfish spells it.
    pub word: &'static str,
    least: usize,
    /// Disks' worth of redundancy in each span.
    overhead: usize,
    spans: Spans,
}

#[derive(Debug, PartialEq, Eq)]
enum Spans {
    One,
    Two,
    Pairs,
}

/// The levels that volumes can have.
pub const LEVELS: &[Level] = &[
    Level { name: "0", word: "RAID0", least: 1, overhead: 0, spans: Spans::One },
    Level { name: "1", word: "RAID1", least: 2, overhead: 1, spans: Spans::One },
    Level { name: "5", word: "RAID5", least: 3, overhead: 1, spans: Spans::One },
    Level { name: "6", word: "RAID6", least: 4, overhead: 2, spans: Spans::One },
    Level { name: "1+0", word: "RAID10", least: 4, overhead: 1, spans: Spans::Pairs },
    Level { name: "5+0", word: "RAID50", least: 6, overhead: 1, spans: Spans::Two },
    Level { name: "6+0", word: "RAID60", least: 8, overhead: 2, spans: Spans::Two },
];

impl Level {
    fn fits(&self, count: usize) -> bool {
        let even = self.spans == Spans::One || count.is_multiple_of(2);
        // A mirror has two disks; more are pairs.
        let mirror = self.word != "RAID1" || count == 2;
        count >= self.least && even && mirror
    }

    /// Disks' worth of data of so many.
    fn data(&self, count: usize) -> u64 {
        let spans = match self.spans {
            Spans::One => 1,
            Spans::Two => 2,
            Spans::Pairs => count / 2,
        };
        u64::try_from(count.saturating_sub(self.overhead * spans)).unwrap_or(0)
    }

    /// What so many disks hold of which each has this room.
    fn holds(&self, count: usize, free: u64) -> u64 {
        (free / STRIPE).saturating_mul(STRIPE).saturating_mul(self.data(count))
    }

    /// What a volume of this size takes of each of so many disks.
    pub fn share(&self, count: usize, bytes: u64) -> u64 {
        bytes.div_ceil(self.data(count).max(1)).div_ceil(STRIPE).saturating_mul(STRIPE)
    }
}

/// A volume with its disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub wish: Wish,
    pub storage: usize,
    /// Paths of the drives.
    pub drives: Vec<String>,
}

/// The wishes of a RAID configuration, in the order in which they are made.
pub fn wishes(config: &Map<String, Value>, root: bool, others: bool) -> Result<Vec<Wish>, String> {
    raid::check(config).map_err(|refusal| refusal.to_string())?;
    let disks = config.get("logical_disks").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut wishes = Vec::new();
    for (place, disk) in disks.iter().enumerate() {
        wishes.push(wish(disk).map_err(|why| format!("logical disk {place} {why}"))?);
    }
    wishes.retain(|wish| if wish.is_root { root } else { others });
    if wishes.len() > MOST {
        return Err(format!("{} logical disks are asked for, and {MOST} are the most", wishes.len()));
    }
    wishes.sort_by_key(|wish| match (&wish.disks, wish.bytes) {
        (Some(_), Some(_)) => 0,
        (None, _) => 1,
        (Some(_), None) => 2,
    });
    Ok(wishes)
}

fn wish(disk: &Value) -> Result<Wish, String> {
    let text = |name: &str| disk.get(name).and_then(Value::as_str).map(str::to_owned);
    let flag = |name: &str| disk.get(name).and_then(Value::as_bool).unwrap_or_default();
    let word = text("raid_level").unwrap_or_default();
    let level = LEVELS
        .iter()
        .find(|level| level.name == word)
        .ok_or_else(|| format!("has raid_level {word}, which Redfish volumes cannot have"))?;
    let bytes = disk.get("size_gb").and_then(Value::as_u64).map(|size| size.saturating_mul(GIB));
    if text("interface_type").as_deref() == Some("scsi") {
        return Err("has interface_type scsi, which Redfish does not know: give sata or sas".to_owned());
    }
    let named = disk.get("physical_disks").and_then(Value::as_array);
    let disks: Option<Vec<String>> =
        named.map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    if let (Some(given), Some(named)) = (&disks, named)
        && given.len() != named.len()
    {
        return Err("names physical_disks by description: give the ids of drives".to_owned());
    }
    if bytes == Some(0) {
        return Err("has size_gb 0".to_owned());
    }
    if bytes.is_none() && disks.is_none() {
        return Err("has size_gb MAX and needs physical_disks and their controller".to_owned());
    }
    Ok(Wish {
        level,
        bytes,
        name: text("volume_name"),
        is_root: flag("is_root_volume"),
        controller: text("controller"),
        count: disk
            .get("number_of_physical_disks")
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok()),
        disks,
        shares: flag("share_physical_disks"),
        media: text("disk_type"),
        protocol: text("interface_type"),
    })
}

/// Places all wishes, or says which one cannot be. `storages` are the names of the controllers.
pub fn place(wishes: &[Wish], disks: &[Disk], storages: &[String]) -> Result<Vec<Placed>, String> {
    let mut tries = TRIES;
    match fill(wishes, &mut disks.to_vec(), storages, &mut tries) {
        Ok(placed) => Ok(placed),
        Err(Unplaced { why, .. }) => Err(why),
    }
}

/// What could not be placed: the more were placed before, the more the reason tells.
struct Unplaced {
    depth: usize,
    why: String,
}

fn fill(
    wishes: &[Wish],
    disks: &mut Vec<Disk>,
    storages: &[String],
    tries: &mut usize,
) -> Result<Vec<Placed>, Unplaced> {
    let Some((wish, rest)) = wishes.split_first() else { return Ok(Vec::new()) };
    let choices = match &wish.disks {
        Some(ids) => vec![named(wish, ids, disks, storages).map_err(|why| Unplaced { depth: 0, why })?],
        None => groups(wish, disks, storages),
    };
    let mut deepest = Unplaced { depth: 0, why: none(wish) };
    for chosen in choices {
        let Some(left) = tries.checked_sub(1) else { break };
        *tries = left;
        let before = disks.clone();
        let placed = take(wish, &chosen, disks);
        match fill(rest, disks, storages, tries) {
            Ok(mut others) => {
                others.insert(0, placed);
                return Ok(others);
            }
            Err(why) if why.depth >= deepest.depth => {
                deepest = Unplaced { depth: why.depth + 1, why: why.why }
            }
            Err(_) => {}
        }
        *disks = before;
    }
    Err(deepest)
}

fn none(wish: &Wish) -> String {
    let size = wish.bytes.map_or_else(|| "MAX".to_owned(), |bytes| (bytes / GIB).to_string());
    format!(
        "no disks are left for a volume of RAID level {} and size_gb {size}: look at the free drives of the controllers",
        wish.level.name
    )
}

/// The disks that a wish names, if they can hold it.
fn named(wish: &Wish, ids: &[String], disks: &[Disk], storages: &[String]) -> Result<Vec<usize>, String> {
    let mut chosen = Vec::new();
    for id in ids {
        let is = |disk: &Disk| disk.id == *id && is_on(wish, disk, storages);
        let place = disks.iter().position(is).ok_or_else(|| {
            let known: Vec<&str> = disks.iter().take(16).map(|disk| disk.id.as_str()).collect();
            format!("there is no drive {id:?} on that controller; there are {}", known.join(", "))
        })?;
        if chosen.contains(&place) {
            return Err(format!("drive {id:?} is named twice for one volume"));
        }
        chosen.push(place);
    }
    let all: Vec<&Disk> = chosen.iter().filter_map(|place| disks.get(*place)).collect();
    if !wish.level.fits(all.len()) {
        return Err(format!("RAID level {} cannot be made of {} disks", wish.level.name, all.len()));
    }
    if all.iter().any(|disk| all.first().is_some_and(|first| first.storage != disk.storage)) {
        return Err("the drives of a volume must be on one controller".to_owned());
    }
    let free = all.iter().map(|disk| disk.free).min().unwrap_or(0);
    let room = wish.level.holds(all.len(), free);
    if room == 0 || wish.bytes.is_some_and(|bytes| bytes > room) {
        return Err(format!("{}; the drives that are named have room for {} GiB", none(wish), room / GIB));
    }
    Ok(chosen)
}

/// Every choice of like disks that holds the wish, the fewest first.
fn groups(wish: &Wish, disks: &[Disk], storages: &[String]) -> Vec<Vec<usize>> {
    let Some(bytes) = wish.bytes else { return Vec::new() };
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    for (place, disk) in disks.iter().enumerate().filter(|(_, disk)| suits(wish, disk, storages)) {
        let like = |group: &Vec<usize>| {
            group.first().and_then(|first| disks.get(*first)).is_some_and(|one| is_like(one, disk))
        };
        match kinds.iter_mut().find(|group| like(group)) {
            Some(group) => group.push(place),
            None => kinds.push(vec![place]),
        }
    }
    let mut choices = Vec::new();
    for count in 1..=kinds.iter().map(Vec::len).max().unwrap_or(0) {
        if !wish.level.fits(count) || wish.count.is_some_and(|wanted| wanted != count) {
            continue;
        }
        let share = wish.level.share(count, bytes);
        for group in &kinds {
            let with_room = group
                .iter()
                .filter(|place| disks.get(**place).is_some_and(|disk| disk.free / STRIPE * STRIPE >= share));
            let chosen: Vec<usize> = with_room.take(count).copied().collect();
            if chosen.len() == count {
                choices.push(chosen);
            }
        }
    }
    choices
}

fn suits(wish: &Wish, disk: &Disk, storages: &[String]) -> bool {
    let is = |wanted: &Option<String>, has: &Option<String>| {
        wanted
            .as_deref()
            .is_none_or(|wanted| has.as_deref().is_some_and(|has| has.eq_ignore_ascii_case(wanted)))
    };
    is_on(wish, disk, storages)
        && (wish.shares || disk.free == disk.bytes)
        && is(&wish.media, &disk.media)
        && is(&wish.protocol, &disk.protocol)
}

fn is_on(wish: &Wish, disk: &Disk, storages: &[String]) -> bool {
    wish.controller.as_ref().is_none_or(|wanted| storages.get(disk.storage) == Some(wanted))
}

fn is_like(one: &Disk, other: &Disk) -> bool {
    (one.storage, &one.media, &one.protocol, one.bytes)
        == (other.storage, &other.media, &other.protocol, other.bytes)
}

fn take(wish: &Wish, chosen: &[usize], disks: &mut [Disk]) -> Placed {
    let least = chosen.iter().filter_map(|place| disks.get(*place)).map(|disk| disk.free).min().unwrap_or(0);
    let share = wish.bytes.map_or(least, |bytes| wish.level.share(chosen.len(), bytes));
    let (mut drives, mut storage) = (Vec::new(), 0);
    for place in chosen {
        if let Some(disk) = disks.get_mut(*place) {
            disk.free = disk.free.saturating_sub(share);
            storage = disk.storage;
            drives.push(disk.path.clone());
        }
    }
    Placed { wish: wish.clone(), storage, drives }
}

/// Bytes of a GiB.
pub const GIB: u64 = 1 << 30;
/// What controllers give out at once.
const STRIPE: u64 = 64 << 20;
/// Volumes of one configuration.
const MOST: usize = 32;
/// Choices that are tried before it is given up.
const TRIES: usize = 20_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn disk(number: usize, gib: u64, media: &str) -> Disk {
        Disk {
            id: format!("d{number}"),
            path: format!("/d{number}"),
            storage: number / 10,
            bytes: gib * GIB,
            free: gib * GIB,
            media: Some(media.to_owned()),
            protocol: Some("SATA".to_owned()),
        }
    }

    fn placed(disks: &[Disk], config: &Value) -> Result<Vec<(String, Vec<String>)>, String> {
        let config = json!({"logical_disks": config});
        let wishes = wishes(config.as_object().unwrap(), true, true)?;
        let names = ["A".to_owned(), "B".to_owned()];
        let all = place(&wishes, disks, &names)?;
        Ok(all.into_iter().map(|one| (one.wish.level.word.to_owned(), one.drives)).collect())
    }

    fn drives(all: &[&str]) -> Vec<String> {
        all.iter().map(|one| format!("/d{one}")).collect()
    }

    #[test]
    fn a_volume_takes_as_few_like_disks_as_it_needs() {
        let disks: Vec<Disk> =
            (0..4).map(|n| disk(n, 100, "SSD")).chain((4..9).map(|n| disk(n, 200, "HDD"))).collect();
        let of = |config| placed(&disks, &config).unwrap();
        assert_eq!(
            of(json!([{"raid_level": "1", "size_gb": 50}])),
            [("RAID1".to_owned(), drives(&["0", "1"]))]
        );
        assert_eq!(
            of(json!([{"raid_level": "1", "size_gb": 150}])),
            [("RAID1".to_owned(), drives(&["4", "5"]))]
        );
        assert_eq!(of(json!([{"raid_level": "5", "size_gb": 150}]))[0].1, drives(&["0", "1", "2"]));
        assert_eq!(
            of(json!([{"raid_level": "5", "size_gb": 150, "disk_type": "hdd"}]))[0].1,
            drives(&["4", "5", "6"])
        );
        assert_eq!(of(json!([{"raid_level": "1+0", "size_gb": 150}]))[0].1, drives(&["0", "1", "2", "3"]));
        assert_eq!(
            of(json!([{"raid_level": "0", "size_gb": 150, "number_of_physical_disks": 3}]))[0].1,
            drives(&["0", "1", "2"])
        );
    }

    #[test]
    fn one_wish_makes_room_for_another() {
        let disks: Vec<Disk> =
            (0..4).map(|n| disk(n, 100, "SSD")).chain((4..6).map(|n| disk(n, 100, "HDD"))).collect();
        let all = placed(
            &disks,
            &json!([
                {"raid_level": "1", "size_gb": 90}, {"raid_level": "6", "size_gb": 150},
            ]),
        )
        .unwrap();
        assert_eq!(
            all,
            [("RAID1".to_owned(), drives(&["4", "5"])), ("RAID6".to_owned(), drives(&["0", "1", "2", "3"]))]
        );
    }

    #[test]
    fn what_names_its_disks_comes_first_and_what_wants_all_comes_last() {
        let disks: Vec<Disk> = (0..4).map(|n| disk(n, 100, "SSD")).collect();
        let ids = json!(["d0", "d1"]);
        let all = placed(
            &disks,
            &json!([
                {"raid_level": "1", "size_gb": "MAX", "controller": "A", "physical_disks": ids},
                {"raid_level": "1", "size_gb": 40, "controller": "A", "physical_disks": ids},
                {"raid_level": "0", "size_gb": 40, "number_of_physical_disks": 2},
            ]),
        )
        .unwrap();
        assert_eq!(
            all,
            [
                ("RAID1".to_owned(), drives(&["0", "1"])),
                ("RAID0".to_owned(), drives(&["2", "3"])),
                ("RAID1".to_owned(), drives(&["0", "1"]))
            ]
        );
    }

    #[test]
    fn what_cannot_be_says_why() {
        let disks: Vec<Disk> = [0, 1, 10].iter().map(|n| disk(*n, 100, "SSD")).collect();
        for (config, word) in [
            (json!([{"raid_level": "1", "size_gb": 101}]), "no disks are left"),
            (json!([{"raid_level": "5", "size_gb": 1}]), "RAID level 5"),
            (json!([{"raid_level": "JBOD", "size_gb": 1}]), "JBOD"),
            (json!([{"raid_level": "0", "size_gb": "MAX"}]), "physical_disks"),
            (json!([{"raid_level": "0", "size_gb": 0}]), "size_gb 0"),
            (json!([{"raid_level": "0", "size_gb": 1, "interface_type": "scsi"}]), "scsi"),
            (json!([{"raid_level": "0", "size_gb": 1, "disk_type": "hdd"}]), "no disks are left"),
            (
                json!([{"raid_level": "1", "size_gb": 1, "controller": "A", "physical_disks": ["d0", "d9"]}]),
                "\"d9\"",
            ),
            (
                json!([{"raid_level": "1", "size_gb": 1, "controller": "A", "physical_disks": ["d0", "d0"]}]),
                "twice",
            ),
            (
                json!([{"raid_level": "1", "size_gb": 1, "controller": "A", "physical_disks": ["d0"]}]),
                "1 disks",
            ),
            (
                json!([{"raid_level": "1", "size_gb": 1, "controller": "A", "physical_disks": [{}, {}]}]),
                "ids",
            ),
            (json!([{"raid_level": "1", "size_gb": 90}, {"raid_level": "0", "size_gb": 150}]), "size_gb 150"),
        ] {
            let why = placed(&disks, &config).unwrap_err();
            assert!(why.contains(word), "{config}: {why}");
        }
    }

    #[test]
    fn disks_are_shared_only_if_both_say_so() {
        let disks = [disk(0, 100, "SSD"), disk(1, 100, "SSD")];
        let two = |share: bool| {
            json!([
                {"raid_level": "1", "size_gb": 40, "share_physical_disks": share},
                {"raid_level": "1", "size_gb": 40, "share_physical_disks": share},
            ])
        };
        assert_eq!(placed(&disks, &two(true)).unwrap().len(), 2);
        assert!(placed(&disks, &two(false)).is_err());
    }

    proptest! {
        #[test]
        fn no_wish_overruns_its_disks(sizes in prop::collection::vec(1_u64..300, 1..6), level in 0_usize..7, many in 1_usize..10) {
            let disks: Vec<Disk> = (0..many).map(|n| disk(n, 100, "SSD")).collect();
            let config: Vec<Value> = sizes.iter().map(|size| json!({
                "raid_level": LEVELS[level].name, "size_gb": size, "share_physical_disks": true})).collect();
            let config = json!({"logical_disks": config});
            let wishes = wishes(config.as_object().unwrap(), true, true).unwrap();
            if let Ok(all) = place(&wishes, &disks, &["A".to_owned()]) {
                for disk in &disks {
                    let used: u64 = all.iter().filter(|one| one.drives.contains(&disk.path))
                        .map(|one| one.wish.level.share(one.drives.len(), one.wish.bytes.unwrap())).sum();
                    prop_assert!(used <= disk.bytes);
                }
            }
        }
    }
}
