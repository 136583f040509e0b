//! One machine on a BMC: its system, managers and chassis, found by links, and its oddities, classed once.

use std::sync::Arc;

use crate::driver::bmc::redfish_settings::RedfishSettings;
use crate::driver::error::DriverError;
use crate::driver::redfish::talk::access::Access;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::{RedfishRack, Talk};
use crate::model::bmc::{Fact, Identity as Told};
use crate::model::node::Node;
use crate::net::http::Method;
use crate::wire::redfish::lenient::found;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::quirk::{Identity, Quirks};
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::root::{Collection, ServiceRoot};
use crate::wire::redfish::view::storage::Storage;
use crate::wire::redfish::view::system::{System, hosts};

/// The machine of a node.
#[derive(Debug, Clone)]
pub struct Server {
    pub talk: Talk,
}

/// A system as it was read just now.
#[derive(Debug, Clone)]
pub struct Seen {
    pub resource: Resource,
    pub view: System,
}

impl Seen {
    pub fn path(&self) -> &str {
        &self.resource.path
    }

    pub fn etag(&self) -> Option<&str> {
        self.resource.etag.as_deref()
    }
}

impl Server {
    pub fn new(talk: Talk) -> Self {
        Self { talk }
    }

    /// The machine of a node, by its `driver_info`.
    pub fn of(rack: &Arc<RedfishRack>, node: &Node) -> Result<Self, DriverError> {
        let settings = RedfishSettings::parse(&node.wished.driver_info, &rack.ground.redfish)
            .map_err(|error| DriverError::refused("redfish", error.to_string()))?;
        Ok(Self::new(rack.talk(node, Access::of(settings)?)))
    }

    /// The same, with an account that the BMC may not have: it is shown once.
    pub fn of_stranger(rack: &Arc<RedfishRack>, node: &Node) -> Result<Self, DriverError> {
        let server = Self::of(rack, node)?;
        let access = Access { once: true, ..Access::clone(&server.talk.access) };
        Ok(Self::new(rack.talk(node, access)))
    }

    /// The system, read anew: the one that `driver_info` names, else the only one.
    pub async fn system(&self) -> Result<Seen, RedfishError> {
        if let Some(path) = &self.talk.access.system {
            let resource = self.talk.get(path).await?;
            return Ok(Seen { view: resource.view(), resource });
        }
        let known = self.talk.slot().known().only_system.clone();
        if let Some(path) = known {
            match self.talk.get(&path).await {
                Ok(resource) => return Ok(Seen { view: resource.view(), resource }),
                Err(error) if error.is_absent() => self.talk.slot().known().only_system = None,
                Err(error) => return Err(error),
            }
        }
        let only = self.only_system().await?;
        self.talk.slot().known().only_system = Some(only.resource.path.clone());
        Ok(only)
    }

    async fn only_system(&self) -> Result<Seen, RedfishError> {
        let link = self.collection(self.talk.root().await?.systems, "Systems");
        let read = self.talk.few_members(&link, SYSTEMS).await?;
        let views: Vec<System> = read.iter().map(Resource::view).collect();
        let places = hosts(&views);
        let all: Vec<Seen> = read
            .into_iter()
            .zip(views)
            .enumerate()
            .filter(|(index, _)| places.contains(index))
            .map(|(_, (resource, view))| Seen { resource, view })
            .collect();
        let paths: Vec<String> = all.iter().map(|seen| seen.resource.path.clone()).collect();
        match (all.into_iter().next(), paths.len()) {
            // A member that came with its collection may lack the tag that a PATCH needs.
            (Some(only), 1) if only.etag().is_none() => {
                let resource = self.talk.get(only.path()).await?;
                Ok(Seen { view: resource.view(), resource })
            }
            (Some(only), 1) => Ok(only),
            (None, _) => Err(self.why_no_system(&link).await),
            (Some(_), count) => Err(RedfishError::Invalid(format!(
                "{} has {count} systems: set driver_info redfish_system_id to one of {}",
                self.talk.who(),
                paths.join(", ")
            ))),
        }
    }

    /// What the BMC says where a system should be.
    async fn why_no_system(&self, link: &Link) -> RedfishError {
        let resource = match self.talk.follow(link).await {
            Ok(resource) => resource,
            Err(error) => return error,
        };
        let listed: Collection = resource.view();
        for member in listed.members.iter().take(TRIES) {
            if let Err(error) = self.talk.follow(member).await {
                return error;
            }
        }
        let why = match (listed.members.len(), &self.talk.access.user) {
            (0, None) => {
                "it lists no computer system, and driver_info has no account to log in with".to_owned()
            }
            (0, Some(_)) => "it lists no computer system".to_owned(),
            (count, _) => format!("of its {count} members none is a computer system"),
        };
        RedfishError::Garbled { place: self.talk.place(Method::Get, &resource.path), why }
    }

    /// A collection of the root; by its usual name, if the root does not tell.
    fn collection(&self, told: Option<Link>, name: &str) -> Link {
        told.unwrap_or_else(|| Link::new(format!("{}{name}", self.talk.access.root)))
    }

    /// The managers of the system, those that tell nothing of themselves left out; all of the BMC, if it names none.
    pub async fn managers(&self, system: &System) -> Result<Vec<Resource>, RedfishError> {
        let named = self.talk.each(&system.managed_by).await?;
        let all = if named.is_empty() {
            let link = self.collection(self.talk.root().await?.managers, "Managers");
            self.talk.members(Some(&link)).await?
        } else {
            named
        };
        Ok(all.into_iter().filter(|one| !one.view::<Manager>().is_ghost()).collect())
    }

    /// The first manager.
    pub async fn manager(&self, system: &System) -> Result<Resource, RedfishError> {
        let first = self.managers(system).await?.into_iter().next();
        first.ok_or_else(|| RedfishError::Missing { bmc: self.talk.who(), what: "manager".to_owned() })
    }

    /// The chassis of the system, less those that must be left alone.
    pub async fn chassis(&self, seen: &Seen) -> Result<Vec<Resource>, RedfishError> {
        let quirks = self.quirks(seen).await?;
        let id = |link: &Link| link.last().unwrap_or_default().to_owned();
        let safe: Vec<Link> =
            seen.view.chassis.iter().filter(|link| !quirks.leaves_out(&id(link), None)).cloned().collect();
        let named = self.talk.each(&safe).await?;
        if !named.is_empty() || safe.len() < seen.view.chassis.len() {
            return Ok(named);
        }
        self.all_chassis(&quirks).await
    }

    /// Every chassis of the BMC, less those that must be left alone.
    async fn all_chassis(&self, quirks: &Quirks) -> Result<Vec<Resource>, RedfishError> {
        let link = self.collection(self.talk.root().await?.chassis, "Chassis");
        let all = self.talk.members(Some(&link)).await?;
        let is_left_out =
            |one: &Resource| quirks.leaves_out(&one.id().unwrap_or_default(), Some(&one.view::<Chassis>()));
        Ok(all.into_iter().filter(|one| !is_left_out(one)).collect())
    }

    /// The chassis beside those that the system names, if the BMC has no other machine: boards, fan trays and shelves
    /// that hold what is wanted.
    pub async fn other_chassis(
        &self,
        seen: &Seen,
        named: &[Resource],
    ) -> Result<Vec<Resource>, RedfishError> {
        let link = self.collection(self.talk.root().await?.systems, "Systems");
        let systems: Vec<System> = self.talk.members(Some(&link)).await?.iter().map(Resource::view).collect();
        if hosts(&systems).len() > 1 {
            return Ok(Vec::new());
        }
        let path = |one: &Resource| one.path.trim_end_matches('/').to_owned();
        let known: Vec<String> = named.iter().map(path).collect();
        let all = self.all_chassis(&*self.quirks(seen).await?).await?;
        Ok(all.into_iter().filter(|one| !known.contains(&path(one))).collect())
    }

    /// The machine's oddities; found out once while the daemon runs, and told to the node's record.
    pub async fn quirks(&self, seen: &Seen) -> Result<Arc<Quirks>, RedfishError> {
        let node = &self.talk.node;
        let told = node.wished.properties.get("vendor").and_then(|vendor| vendor.as_str());
        // What we have detected ourselves is no word of the operator's.
        let found = node.bmc.vendor.as_deref().unwrap_or_default();
        let told = told.filter(|told| !told.eq_ignore_ascii_case(found));
        let key = format!("{} {}", seen.path(), told.unwrap_or_default());
        let known = self.talk.slot().known().quirks.get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let root = self.talk.root().await?;
        let manager: Option<Manager> = match self.manager(&seen.view).await {
            Ok(manager) => Some(manager.view()),
            Err(error) if error.is_silence() || error.is_about_account() => return Err(error),
            Err(_) => None,
        };
        let identity = Identity::of(&root, Some(&seen.view), manager.as_ref());
        self.tell(&root, &seen.view, manager.as_ref(), &identity);
        let quirks = Arc::new(Quirks::of(&identity.told(told)));
        self.talk.slot().known().quirks.insert(key, Arc::clone(&quirks));
        Ok(quirks)
    }

    fn tell(&self, root: &ServiceRoot, system: &System, manager: Option<&Manager>, who: &Identity) {
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let told = Told {
            manufacturer: who.manufacturer.clone(),
            model: who.model.clone(),
            firmware: who.firmware.clone(),
            root_vendor: text(root.vendor.as_ref()),
            root_product: text(root.product.as_ref()),
            bmc_manufacturer: text(manager.and_then(|manager| manager.manufacturer.as_ref())),
            bmc_model: who.manager_model.clone(),
            bios_version: text(system.bios_version.as_ref()),
        };
        self.talk.learn(Fact::Identity(Box::new(told)));
        self.talk.learn(Fact::Vendor(who.vendor().map(str::to_lowercase)));
    }

    /// The drives of a storage.
    pub async fn drives(&self, storage: &Resource) -> Result<Vec<Resource>, RedfishError> {
        let raw = found(&storage.raw, &["Drives"]);
        self.talk.listed(&storage.view::<Storage>().drives, raw).await
    }

    /// The path of an action of the system or of something on it.
    pub fn target(&self, link: Option<&Link>, what: &str) -> Result<String, RedfishError> {
        self.talk.path(link.ok_or_else(|| self.missing(what))?)
    }

    pub fn missing(&self, what: &str) -> RedfishError {
        RedfishError::Missing { bmc: self.talk.who(), what: what.to_owned() }
    }
}

/// Systems that one BMC may list: blades, accelerators and cards beside hosts.
const SYSTEMS: usize = 128;
/// Members that are asked for once more to learn why there is no system.
const TRIES: usize = 4;
